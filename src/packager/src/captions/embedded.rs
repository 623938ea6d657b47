//! Captions in the film itself. ffmpeg turns every text it knows into WebVTT.

use std::{ffi::OsString, path::Path, process::Stdio, time::Duration};

use tokio::{io::AsyncReadExt as _, process::Command, time::timeout};

use super::{
    beside::refused,
    cue::Track,
    label::{Kind, Label},
    markup,
    rendition::{Given, Origin},
    vtt,
};
use crate::{
    Error, ffmpeg,
    ffmpeg::remux::{last_words, tail},
    input::probe::{Probe, Stream},
};

/// Subtitles that are text, by ffmpeg's names; others are pictures.
const TEXTS: [&str; 8] = [
    "mov_text", "subrip", "srt", "text", "ass", "ssa", "webvtt", "eia_608",
];

/// WebVTT as it stands in a film, which is taken as it is.
const WEBVTT: &str = "webvtt";

/// A stream of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    index: u32,
    codec: String,
    label: Label,
    title: Option<String>,
}

/// Whether `stream` holds captions that can be packaged.
pub(crate) fn is_text(stream: &Stream) -> bool {
    stream.codec_type == "subtitle" && TEXTS.contains(&stream.codec())
}

/// The streams of text in a film.
pub(crate) fn texts(probe: &Probe) -> Vec<Text> {
    let streams = probe.streams.iter().filter(|stream| is_text(stream));
    let texts = streams.map(|stream| {
        let kind = match stream {
            it if it.is("forced") => Kind::Forced,
            it if it.is("hearing_impaired") || it.is("captions") => Kind::Sdh,
            _ => Kind::Subtitles,
        };
        Text {
            index: stream.index,
            codec: stream.codec().to_owned(),
            label: Label::of_stream(stream.tag("language"), kind),
            title: stream.tag("title").map(str::to_owned),
        }
    });
    texts.collect()
}

impl Text {
    /// As what is left out is called.
    fn in_words(&self) -> String {
        let Self {
            index,
            codec,
            label,
            ..
        } = self;
        match label.language.as_str() {
            "und" => format!("subtitle stream {index} ({codec})"),
            language => format!("subtitle stream {index} ({codec} in {language})"),
        }
    }
}

/// Captions of a film, and what could not be read, with the reason.
#[derive(Debug, Default)]
pub(crate) struct Extracted {
    pub(crate) given: Vec<Given>,
    pub(crate) left_out: Vec<String>,
}

/// Reads the streams `texts` of the film at `path`, in one go.
///
/// # Errors
/// That there is no ffmpeg, or that it does nothing for `silence`. A text that it cannot read is left
/// out.
pub(crate) async fn extract(
    path: &Path,
    texts: &[Text],
    silence: Duration,
) -> Result<Extracted, Error> {
    if texts.is_empty() {
        return Ok(Extracted::default());
    }
    let folder =
        tempfile::tempdir().map_err(|error| Error::scratch(&std::env::temp_dir(), error))?;
    let mut arguments: Vec<OsString> = ffmpeg::film(path).into();
    let place = |text: &Text| folder.path().join(format!("{}.vtt", text.index));
    for text in texts {
        let codec = if text.codec == WEBVTT { "copy" } else { WEBVTT };
        arguments.extend(["-map".into(), format!("0:{}", text.index).into()]);
        arguments.extend(["-c:s", codec, "-f", "webvtt"].map(OsString::from));
        arguments.push(place(text).into());
    }
    let failure = run(path, arguments, silence).await?;
    let mut extracted = Extracted::default();
    for text in texts {
        let read = match &failure {
            Some(reason) => Err(reason.clone()),
            None => read(&place(text), text.codec == WEBVTT),
        };
        match read {
            Ok(track) => extracted.given.push(Given {
                label: text.label.clone(),
                title: text.title.clone(),
                from: Origin::Film,
                source: format!("stream {}", text.index),
                blake3: blake3::hash(track.to_vtt("", |_| true).as_bytes())
                    .to_hex()
                    .to_string(),
                track,
            }),
            Err(reason) => extracted
                .left_out
                .push(format!("{}: {reason}", text.in_words())),
        }
    }
    Ok(extracted)
}

/// Reads ASS, which `text` is, of the file at `path`.
///
/// # Errors
/// As [`extract`], and when ffmpeg finds nothing in it.
pub(crate) async fn from_ass(path: &Path, text: &str, silence: Duration) -> Result<Track, Error> {
    let scratch = |error| Error::scratch(&std::env::temp_dir(), error);
    let folder = tempfile::tempdir().map_err(scratch)?;
    // In UTF-8, whatever it was in.
    let (source, place) = (folder.path().join("a.ass"), folder.path().join("a.vtt"));
    std::fs::write(&source, text).map_err(scratch)?;
    let mut arguments: Vec<OsString> = ["-protocol_whitelist", "file", "-f", "ass", "-i"]
        .map(OsString::from)
        .into();
    arguments.push(source.into());
    arguments.extend(["-c:s", WEBVTT, "-f", "webvtt"].map(OsString::from));
    arguments.push(place.clone().into());
    let read_it = match run(path, arguments, silence).await? {
        Some(reason) => Err(reason),
        None => read(&place, false),
    };
    read_it.map_err(|reason| refused(path, None, reason))
}

/// Runs ffmpeg; gives its complaint when it failed.
async fn run(
    film: &Path,
    arguments: Vec<OsString>,
    silence: Duration,
) -> Result<Option<String>, Error> {
    let failed = |source| Error::tool("ffmpeg", source);
    let stalled = || Error::stalled("ffmpeg", film, silence);
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y"]);
    // It tells how far it is, so that one that reads can be told from one that hangs.
    command.args(["-progress", "pipe:1"]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(Stdio::piped()).kill_on_drop(true);
    let mut process = command.spawn().map_err(failed)?;
    let complaints = process.stderr.take().map(|pipe| tokio::spawn(tail(pipe)));
    if let Some(mut told) = process.stdout.take() {
        let mut buffer = [0; 4096];
        loop {
            let read = timeout(silence, told.read(&mut buffer)).await;
            if read.map_err(|_| stalled())?.map_err(failed)? == 0 {
                break;
            }
        }
    }
    let ended = timeout(silence, process.wait()).await;
    let status = ended.map_err(|_| stalled())?.map_err(failed)?;
    if status.success() {
        return Ok(None);
    }
    let complaints = match complaints {
        Some(task) => task.await.unwrap_or_default(),
        None => String::new(),
    };
    Ok(Some(format!("ffmpeg: {}", last_words(&complaints))))
}

/// Reads WebVTT that ffmpeg wrote. What it made of another text has that text's tags.
fn read(path: &Path, was_vtt: bool) -> Result<Track, String> {
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    let mut track = vtt::parse(&String::from_utf8_lossy(&text)).map_err(|bad| bad.what)?;
    if was_vtt {
        return Ok(track);
    }
    for cue in &mut track.cues {
        let (text, settings) = markup::from_subrip(&cue.text);
        cue.text = text;
        if cue.settings.is_empty() {
            cue.settings = settings;
        }
    }
    track.cues.retain(|cue| !cue.text.is_empty());
    match track.cues.is_empty() {
        true => Err("there is no text in it".to_owned()),
        false => Ok(track),
    }
}
