//! A track of captions, however it was written: what is shown, and from when to when.

use std::fmt::{self, Write as _};

/// A moment of the film in milliseconds, which is as fine as SubRip and WebVTT tell time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    /// Reads `HH:MM:SS.mmm` or `MM:SS.mmm`; a comma may stand for the full stop, and hours may have
    /// as many digits as they need.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (whole, thousandths) = text.rsplit_once(['.', ','])?;
        let mut parts = whole.rsplit(':');
        let seconds = below(parts.next()?, 60)?;
        let minutes = below(parts.next()?, 60)?;
        let hours = match parts.next() {
            Some(hours) => number(hours)?,
            None => 0,
        };
        let is_well_formed = parts.next().is_none() && thousandths.len() == 3;
        let milliseconds = number(thousandths).filter(|_| is_well_formed)?;
        let minutes = hours.checked_mul(60)?.checked_add(minutes)?;
        let seconds = minutes.checked_mul(60)?.checked_add(seconds)?;
        seconds
            .checked_mul(1000)?
            .checked_add(milliseconds)
            .map(Self)
    }

    /// The moment so many seconds from the beginning.
    pub(crate) fn from_seconds(seconds: f64) -> Self {
        Self((seconds * 1000.0).round().max(0.0) as u64)
    }
}

fn number(digits: &str) -> Option<u64> {
    let are_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| are_digits)
}

fn below(digits: &str, limit: u64) -> Option<u64> {
    number(digits).filter(|number| *number < limit && digits.len() <= 2)
}

/// As WebVTT has it, with hours.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, milliseconds) = (self.0 / 1000, self.0 % 1000);
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        let (hours, minutes) = (minutes / 60, minutes % 60);
        write!(f, "{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}")
    }
}

/// What is shown for a while.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cue {
    /// The line that may stand before its times, by which a style names it.
    pub(crate) id: Option<String>,
    /// When it appears.
    pub(crate) start: Moment,
    /// When it goes; later than it appears.
    pub(crate) end: Moment,
    /// Where it stands, as WebVTT writes it behind the times; empty for the usual place.
    pub(crate) settings: String,
    /// WebVTT's cue text: lines, none of them empty.
    pub(crate) text: String,
}

impl fmt::Display for Cue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(id) = &self.id {
            writeln!(f, "{id}")?;
        }
        write!(f, "{} --> {}", self.start, self.end)?;
        if !self.settings.is_empty() {
            write!(f, " {}", self.settings)?;
        }
        writeln!(f, "\n{}", self.text)
    }
}

/// All cues of one language, in the order of their beginnings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Track {
    /// The STYLE and REGION blocks of WebVTT as they stand, without blank lines.
    pub(crate) blocks: Vec<String>,
    /// At least one.
    pub(crate) cues: Vec<Cue>,
}

impl Track {
    /// Puts the cues into the order that WebVTT asks for.
    pub(crate) fn sorted(mut self) -> Self {
        self.cues.sort_by_key(|cue| cue.start);
        self
    }

    /// WebVTT of the cues that `is_wished`, with `header` below its first line.
    pub(crate) fn to_vtt(&self, header: &str, is_wished: impl Fn(&Cue) -> bool) -> String {
        let mut text = String::from("WEBVTT\n");
        text.push_str(header);
        for block in &self.blocks {
            // A string takes all that is written to it.
            let _ = writeln!(text, "\n{block}");
        }
        for cue in self.cues.iter().filter(|cue| is_wished(cue)) {
            let _ = write!(text, "\n{cue}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_both_formats_write_them() {
        // https://www.w3.org/TR/webvtt1/#webvtt-timestamp: hours are optional, and two digits or more.
        assert_eq!(Moment::parse("00:11.000"), Some(Moment(11_000)));
        assert_eq!(Moment::parse("01:02:03.004"), Some(Moment(3_723_004)));
        assert_eq!(
            Moment::parse("123:00:00.000"),
            Some(Moment(123 * 3_600_000))
        );
        // SubRip has a comma.
        assert_eq!(Moment::parse("00:02:17,440"), Some(Moment(137_440)));
        for wrong in [
            "",
            "1",
            "00:61:00.000",
            "00:00:00",
            "00:00:00.00",
            "-1:00.000",
            "a:00.000",
        ] {
            assert_eq!(Moment::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Moment(3_723_004).to_string(), "01:02:03.004");
    }
}
