//! Bit rates that are told against those that are measured.

use m3u8_rs::VariantStream;

use super::master::sound_of;
use crate::{
    Depth,
    presentation::{Media, Presentation},
    report::Verdict,
};

/// How far a told rate may be from the measured one, as a part of it (rules 1.26 and 1.27).
const TOLERANCE: f64 = 0.1;

/// How much higher than the average the peak may be (rule 1.30).
const HIGHEST_PEAK: f64 = 2.0;

/// Bits a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Rates {
    peak: f64,
    average: f64,
}

/// What a variant takes with the sound that takes most (rfc8216bis §4.4.6.2); `None` when not all of
/// it was read.
fn together(presentation: &Presentation, variant: &VariantStream) -> Option<Rates> {
    let own = measure(presentation, presentation.media(&variant.uri)?)?;
    let mut sound = Rates::default();
    for media in sound_of(presentation, variant) {
        let rates = measure(presentation, media)?;
        sound.peak = sound.peak.max(rates.peak);
        sound.average = sound.average.max(rates.average);
    }
    Some(Rates {
        peak: own.peak + sound.peak,
        average: own.average + sound.average,
    })
}

fn measure(presentation: &Presentation, media: &Media) -> Option<Rates> {
    let playlist = media.playlist()?;
    let segments = media.segments().iter();
    let segments: Vec<(f64, u64)> = segments
        .map(|segment| Some((segment.seconds, presentation.bytes(segment)?)))
        .collect::<Option<_>>()?;
    let average = rate(&segments)?;
    let peak = highest(&segments, playlist.target_duration as f64).unwrap_or(average);
    Some(Rates { peak, average })
}

fn rate(segments: &[(f64, u64)]) -> Option<f64> {
    let seconds: f64 = segments.iter().map(|(seconds, _)| seconds).sum();
    let bytes: u64 = segments.iter().map(|(_, bytes)| bytes).sum();
    (seconds > 0.0).then(|| bytes as f64 * 8.0 / seconds)
}

/// The highest rate of any run of segments that lasts from half to one and a half times the target
/// duration (rfc8216bis §4.1).
fn highest(segments: &[(f64, u64)], target: f64) -> Option<f64> {
    let mut highest = None;
    for from in 0..segments.len() {
        let mut seconds = 0.0;
        for to in from..segments.len() {
            seconds += segments[to].0;
            if seconds > 1.5 * target {
                break;
            }
            if seconds >= 0.5 * target {
                highest = [highest, rate(&segments[from..=to])]
                    .into_iter()
                    .flatten()
                    .max_by(f64::total_cmp);
            }
        }
    }
    highest
}

/// Calls `judge` with each entry that is one of I-frames or is none, and its measured rates.
fn each(
    presentation: &Presentation,
    verdict: &mut Verdict,
    iframes: bool,
    judge: fn(&VariantStream, Rates, &mut Verdict),
) {
    if presentation.depth == Depth::Quick && !iframes {
        verdict.not_checked("rates are measured over all segments; leave out --quick");
        return;
    }
    let variants = presentation.master.variants.iter();
    for variant in variants.filter(|variant| variant.is_i_frame == iframes) {
        if let Some(rates) = together(presentation, variant) {
            judge(variant, rates, verdict);
        }
    }
}

fn is_near(told: u64, measured: f64) -> bool {
    (told as f64 - measured).abs() <= measured * TOLERANCE
}

/// 1.26.
pub(super) fn average(presentation: &Presentation, verdict: &mut Verdict) {
    each(presentation, verdict, false, |variant, rates, verdict| {
        if let Some(told) = variant
            .average_bandwidth
            .filter(|told| !is_near(*told, rates.average))
        {
            let measured = rates.average;
            verdict.fail(
                &variant.uri,
                format!("AVERAGE-BANDWIDTH is {told}, measured were {measured:.0}"),
            );
        }
    });
}

/// 1.27.
pub(super) fn peak(presentation: &Presentation, verdict: &mut Verdict) {
    each(presentation, verdict, false, |variant, rates, verdict| {
        if !is_near(variant.bandwidth, rates.peak) {
            let (told, measured) = (variant.bandwidth, rates.peak);
            verdict.fail(
                &variant.uri,
                format!("BANDWIDTH is {told}, measured were {measured:.0}"),
            );
        }
    });
}

/// 9.13.
pub(super) fn sum(presentation: &Presentation, verdict: &mut Verdict) {
    each(presentation, verdict, false, |variant, rates, verdict| {
        let told = variant.bandwidth;
        if (told as f64) < rates.peak * (1.0 - TOLERANCE) {
            let measured = rates.peak;
            verdict.fail(
                &variant.uri,
                format!("BANDWIDTH is {told}, and {measured:.0} with the sound that takes most"),
            );
        }
        if variant
            .average_bandwidth
            .is_some_and(|average| average > told)
        {
            verdict.fail(&variant.uri, "BANDWIDTH is less than AVERAGE-BANDWIDTH");
        }
    });
}

/// 1.30.
pub(super) fn ratio(presentation: &Presentation, verdict: &mut Verdict) {
    each(presentation, verdict, false, |variant, rates, verdict| {
        if rates.peak > rates.average * HIGHEST_PEAK {
            let Rates { peak, average } = rates;
            verdict.warn(
                &variant.uri,
                format!("the peak is {peak:.0}, the average {average:.0} bits a second"),
            );
        }
    });
}

/// 6.9.
pub(super) fn iframes(presentation: &Presentation, verdict: &mut Verdict) {
    each(presentation, verdict, true, |variant, rates, verdict| {
        if !is_near(variant.bandwidth, rates.peak) {
            let (told, measured) = (variant.bandwidth, rates.peak);
            verdict.fail(
                &variant.uri,
                format!("BANDWIDTH is {told}, measured were {measured:.0}"),
            );
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_of_a_run_as_long_as_a_segment() {
        // Segments of 6, 6 and 1 s: the last counts only with the one before it, 1,400,000 bytes in 7 s.
        let segments = [(6.0, 600_000), (6.0, 900_000), (1.0, 500_000)];
        assert_eq!(highest(&segments, 6.0), Some(1_600_000.0));
        assert_eq!(highest(&[(1.0, 1)], 6.0), None);
    }
}
