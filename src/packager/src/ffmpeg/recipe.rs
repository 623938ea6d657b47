//! What ffmpeg is told to make of a film: one output for each folder of the edition, all of them from
//! one reading and one decoding.

use std::num::NonZeroU32;

use crate::{
    ffmpeg::encoders::{Encoder, Encoding, Rate},
    plan::ladder::Rung,
    plan::{Audio, ENCODED_CHANNELS, Plan, Treatment},
};

/// Seconds between key frames of an encoded picture: a player can start there
/// (Apple's authoring specification for HLS, rule 1.13).
const KEY_FRAME_SECONDS: f64 = 2.0;

/// Threads of the encoder of the film as it is. Their number changes the bytes, and the same film shall
/// become the same bytes on every machine.
const FILM_THREADS: u32 = 8;

/// Threads of the encoder of a rung. With more than one x264 keeps to a buffer by how far the others
/// happen to be, and no two runs give the same bytes. The rungs are encoded side by side.
const RUNG_THREADS: u32 = 1;

/// The times of an encoded picture: all usual frame rates, those of 1001 included, are whole in it.
const TICKS: &str = "1:360000";

/// How much of a sound ffmpeg writes at a time, in microseconds: as near can it be cut to the picture.
const SOUND_FRAGMENT: &str = "250000";

/// Whose segments they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The film as it is: the picture with its only sound, or alone.
    Film,
    /// The rung of this number, the picture alone.
    Rung(usize),
    /// The sound of this number.
    Sound(usize),
}

/// One stream of segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// Whose they are.
    pub(crate) role: Role,
    /// Their folder in the edition; empty for the edition itself.
    pub(crate) folder: String,
    /// ffmpeg's arguments before the place to write to.
    pub(crate) arguments: Vec<String>,
}

/// What ffmpeg does with one film.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipe {
    /// What stands between the film and the outputs: the filter that feeds all rungs.
    pub(crate) filter: Vec<String>,
    /// The film first.
    pub(crate) outputs: Vec<Output>,
}

impl Recipe {
    /// The recipe for `plan`, encoded so that it can be repeated.
    #[cfg(test)]
    pub(crate) fn new(plan: &Plan) -> Self {
        Self::with(plan, Encoding::default())
    }

    /// The recipe for `plan`, encoded in a way of its own.
    pub(crate) fn with(plan: &Plan, encoding: Encoding) -> Self {
        let rungs = plan.rungs.iter().enumerate();
        let rungs = rungs.map(|(number, rung)| Output {
            role: Role::Rung(number),
            folder: rung.name.clone(),
            arguments: rung_arguments(plan, rung, encoding),
        });
        let sounds = plan.audio.iter().enumerate();
        let sounds = sounds.filter(|_| plan.has_sounds_apart());
        let sounds = sounds.map(|(number, audio)| Output {
            role: Role::Sound(number),
            folder: format!("audio-{number}"),
            arguments: sound_arguments(plan, audio),
        });
        let film = Output {
            role: Role::Film,
            folder: String::new(),
            arguments: film_arguments(plan, encoding.encoder),
        };
        Self {
            filter: filter(plan, encoding.encoder),
            outputs: std::iter::once(film).chain(rungs).chain(sounds).collect(),
        }
    }

    /// All that decides the bytes of the result.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        let outputs = self.outputs.iter();
        let outputs =
            outputs.flat_map(|output| std::iter::once(&output.folder).chain(&output.arguments));
        self.filter.iter().chain(outputs).map(String::as_str)
    }
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(' ').map(str::to_owned)
}

fn stream(index: u32) -> [String; 2] {
    ["-map".to_owned(), format!("0:{index}")]
}

/// What every output has.
fn container(arguments: &mut Vec<String>, fragments: &str) {
    // A phone writes where it was; nobody who is let in to watch has asked for that.
    arguments.extend(words("-map_metadata -1 -map_chapters -1 -sn -dn"));
    let flags = format!("{fragments}+delay_moov+default_base_moof+skip_trailer");
    arguments.extend(["-f", "mp4", "-movflags", &flags].map(str::to_owned));
}

fn film_arguments(plan: &Plan, encoder: Encoder) -> Vec<String> {
    let video = &plan.video;
    let mut arguments = Vec::new();
    let is_filtered = video.treatment != Treatment::Copy && !plan.rungs.is_empty();
    match is_filtered {
        true => arguments.extend(["-map", "[film]"].map(str::to_owned)),
        false => arguments.extend(stream(video.index)),
    }
    let muxed = plan.audio.first().filter(|_| plan.is_muxed());
    arguments.extend(muxed.iter().flat_map(|audio| stream(audio.index)));
    arguments.extend(match video.treatment {
        // Parameter sets stand in the init section, under whatever tag the film had.
        Treatment::Copy => words("-c:v copy -tag:v avc1").collect(),
        Treatment::Encode(_) => film_picture(plan, is_filtered, encoder),
    });
    arguments.extend(muxed.map(|audio| sound(plan, audio)).unwrap_or_default());
    if plan.hold.is_some() {
        // The held pictures come when the film has ended. Sound is not to go ahead of them, as it may by 10 s.
        arguments.extend(words("-max_interleave_delta 0"));
    }
    // A fragment from each key frame to the next, so that it can be cut at any of them.
    container(&mut arguments, "+frag_keyframe");
    arguments
}

fn film_picture(plan: &Plan, is_filtered: bool, encoder: Encoder) -> Vec<String> {
    let mut arguments = Vec::new();
    if !is_filtered {
        let filter = format!("{}{SQUARE}{}", prepared(plan), encoder.filter());
        arguments.extend(["-vf".to_owned(), filter]);
    }
    arguments.extend(encoded(plan, encoder, Rate::Quality, FILM_THREADS));
    arguments
}

/// Square pixels, and even sides as 4:2:0 needs them.
const SQUARE: &str = "scale=trunc(iw*sar/2)*2:trunc(ih/2)*2,setsar=1";

/// What is done to a picture before it is scaled.
fn prepared(plan: &Plan) -> String {
    let mut filters = String::new();
    if plan.video.interlaced {
        filters += "bwdif=mode=send_frame,";
    }
    if let Some(tone_map) = plan.video.tone_map {
        filters += &format!("{},", tone_map.filter());
    }
    if let Some(seconds) = plan.lead {
        let lead = "tpad=start_mode=clone:start_duration";
        filters += &format!("setpts=PTS-STARTPTS,{lead}={seconds:.3},");
    }
    if let Some(seconds) = plan.hold {
        filters += &format!("tpad=stop_mode=clone:stop_duration={seconds:.3},");
    }
    filters
}

/// H.264 with a key frame wherever a segment can be cut, and every frame when it was.
fn encoded(plan: &Plan, encoder: Encoder, rate: Rate, threads: u32) -> Vec<String> {
    let seconds = plan.segment_seconds;
    // A whole number of gaps to a segment, so that every cut finds its key frame.
    let gap = seconds / (seconds / KEY_FRAME_SECONDS).round().max(1.0);
    let mut arguments = encoder.arguments(rate);
    arguments.extend(words("-fps_mode passthrough"));
    arguments.extend(["-enc_time_base", TICKS].map(str::to_owned));
    if encoder == Encoder::Software {
        arguments.extend(["-threads:v".to_owned(), threads.to_string()]);
    }
    // Where frames come as they please, ffmpeg takes the shortest gap for the rate, and x264 would
    // ask for a decoder that nobody has.
    let rate_known = plan.video.frame_rate.as_ref();
    let rate_known = rate_known.filter(|_| encoder == Encoder::Software);
    let parameters = rate_known.map(|rate| ["-x264-params".to_owned(), format!("fps={rate}")]);
    arguments.extend(parameters.into_iter().flatten());
    arguments.push("-force_key_frames".to_owned());
    arguments.push(format!("expr:gte(t,n_forced*{gap})"));
    arguments
}

/// One decoding for all rungs, and for the film when that is encoded too.
fn filter(plan: &Plan, encoder: Encoder) -> Vec<String> {
    let is_encoded = plan.video.treatment != Treatment::Copy || !plan.rungs.is_empty();
    let mut arguments = if is_encoded {
        encoder.device()
    } else {
        Vec::new()
    };
    if plan.rungs.is_empty() {
        return arguments;
    }
    let video = &plan.video;
    let at_last = encoder.filter();
    let film = match video.treatment {
        Treatment::Copy => Vec::new(),
        Treatment::Encode(_) => vec![("film".to_owned(), format!("{SQUARE}{at_last}"))],
    };
    let rungs = plan.rungs.iter().map(|rung| {
        let scale = format!("scale={}:{},setsar=1{at_last}", rung.width, rung.height);
        (format!("r{}", rung.name), scale)
    });
    let branches: Vec<(String, String)> = film.into_iter().chain(rungs).collect();
    let inputs: String = branches
        .iter()
        .map(|(name, _)| format!("[in_{name}]"))
        .collect();
    let prepared = prepared(plan);
    let split = format!(
        "[0:{}]{prepared}split={}{inputs}",
        video.index,
        branches.len()
    );
    let scaled = branches
        .iter()
        .map(|(name, scale)| format!("[in_{name}]{scale}[{name}]"));
    let graph: Vec<String> = std::iter::once(split).chain(scaled).collect();
    arguments.extend(["-filter_complex".to_owned(), graph.join(";")]);
    arguments
}

fn rung_arguments(plan: &Plan, rung: &Rung, encoding: Encoding) -> Vec<String> {
    let threads = encoding.threads.map_or(RUNG_THREADS, NonZeroU32::get);
    let rate = Rate::Kilobits(rung.kilobits);
    let mut arguments = vec!["-map".to_owned(), format!("[r{}]", rung.name)];
    arguments.extend(encoded(plan, encoding.encoder, rate, threads));
    container(&mut arguments, "+frag_keyframe");
    arguments
}

fn sound_arguments(plan: &Plan, audio: &Audio) -> Vec<String> {
    let mut arguments = Vec::from(stream(audio.index));
    arguments.extend(sound(plan, audio));
    arguments.extend(["-frag_duration", SOUND_FRAGMENT].map(str::to_owned));
    container(&mut arguments, "");
    arguments
}

fn sound(plan: &Plan, audio: &Audio) -> Vec<String> {
    if audio.treatment == Treatment::Copy {
        // A transport stream carries AAC in frames of its own; elsewhere the filter does nothing.
        return words("-c:a copy -bsf:a aac_adtstoasc").collect();
    }
    // Silence wherever there is none: before a late beginning, in holes, and to the end of the picture.
    let mut filters = Vec::new();
    if audio.is_filled {
        filters.push("aresample=async=1000:first_pts=0".to_owned());
    }
    if let Some(seconds) = plan.pad.filter(|_| audio.is_filled) {
        filters.push(format!("apad=whole_dur={seconds:.3}"));
    }
    let mut arguments = Vec::new();
    if !filters.is_empty() {
        arguments.extend(["-af".to_owned(), filters.join(",")]);
    }
    let encoder = format!("-c:a aac -b:a 128k -ac {ENCODED_CHANNELS} -ar 48000");
    arguments.extend(words(&encoder));
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{plan::ladder, plan::tests::film};

    fn folders(plan: &Plan) -> Vec<String> {
        let outputs = Recipe::new(plan).outputs.into_iter();
        outputs.map(|output| output.folder).collect()
    }

    #[test]
    fn sounds_have_folders_of_their_own_where_the_picture_cannot_carry_them() {
        assert_eq!(folders(&film(1)), [""]);
        assert_eq!(folders(&film(2)), ["", "audio-0", "audio-1"]);
        let mut plan = film(1);
        plan.rungs = ladder::rungs((1280, 720));
        assert_eq!(folders(&plan), ["", "720", "480", "240", "audio-0"]);
        plan.audio.clear();
        assert_eq!(folders(&plan), ["", "720", "480", "240"]);
    }

    #[test]
    fn a_machines_own_encoder_takes_the_place_of_x264_everywhere() {
        let mut plan = film(0);
        plan.rungs = ladder::rungs((854, 480));
        plan.video.treatment = Treatment::Encode("was asked to be".to_owned());
        let words = |encoding| {
            let recipe = Recipe::with(&plan, encoding);
            recipe.words().collect::<Vec<_>>().join(" ")
        };
        let vaapi = words(Encoding {
            encoder: Encoder::Vaapi,
            threads: None,
        });
        assert!(
            !vaapi.contains("x264") && !vaapi.contains("-threads"),
            "{vaapi}"
        );
        assert_eq!(vaapi.matches("-c:v h264_vaapi").count(), 3);
        assert_eq!(vaapi.matches(",format=nv12,hwupload[").count(), 3);
        assert_eq!(vaapi.matches("-vaapi_device").count(), 1);
        let several = words(Encoding {
            encoder: Encoder::Software,
            threads: NonZeroU32::new(4),
        });
        // The film as it is has eight on every machine.
        assert_eq!(several.matches("-threads:v 4").count(), 2);
        assert_eq!(several.matches("-threads:v 8").count(), 1);
    }

    #[test]
    fn a_film_is_decoded_once() {
        let mut plan = film(0);
        plan.rungs = ladder::rungs((854, 480));
        let filter = |plan: &Plan| Recipe::new(plan).filter.concat();
        let copied = "-filter_complex[0:0]split=2[in_r480][in_r240];\
                      [in_r480]scale=854:480,setsar=1[r480];[in_r240]scale=426:240,setsar=1[r240]";
        assert_eq!(filter(&plan), copied);
        plan.video.treatment = Treatment::Encode("was asked to be".to_owned());
        assert!(filter(&plan).starts_with("-filter_complex[0:0]split=3[in_film]"));
    }
}
