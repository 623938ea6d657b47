//! ffmpeg: a film in, an init section and segments out. They come through a pipe and never lie on a
//! disk: that would take as much room as the film, and more time than all the rest.

use std::{path::Path, process::Stdio};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, ChildStdout, Command},
    sync::mpsc::Sender,
};

use crate::{
    Error,
    cutter::{Cut, Cutter},
    fragments::{Piece, Splitter},
    plan::{Audio, Plan, Treatment, Video},
    probe::{PROTOCOLS, file_url},
    progress::Progress,
};

/// What the pipe between ffmpeg and us is made to hold, and the room for one read from it. A pipe's own
/// 64 KiB make the two wait for each other all the time; more than 1 MiB needs a privilege.
const PIPE_BYTES: usize = 1024 * 1024;

/// Seconds between key frames of an encoded picture: a player can start there
/// (Apple's authoring specification for HLS, rule 1.13).
const KEY_FRAME_SECONDS: f64 = 2.0;

/// Bytes of ffmpeg's complaints that are kept.
const KEPT_COMPLAINTS: u64 = 16 * 1024;

/// The part of ffmpeg's arguments that decides the bytes of the result.
pub(crate) fn recipe(plan: &Plan) -> Vec<String> {
    let mut recipe = vec!["-map".to_owned(), format!("0:{}", plan.video.index)];
    if let Some(audio) = &plan.audio {
        recipe.extend(["-map".to_owned(), format!("0:{}", audio.index)]);
    }
    // A phone writes where it was; nobody who is let in to watch has asked for that.
    recipe.extend(words("-map_metadata -1 -map_chapters -1 -sn -dn"));
    recipe.extend(picture(&plan.video, plan.segment_seconds));
    recipe.extend(plan.audio.as_ref().map(sound).unwrap_or_default());
    // A fragment from each key frame to the next, so that it can be cut at any of them.
    let flags = "+frag_keyframe+delay_moov+default_base_moof+skip_trailer";
    recipe.extend(["-f", "mp4", "-movflags", flags].map(str::to_owned));
    recipe
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(' ').map(str::to_owned)
}

fn picture(video: &Video, segment_seconds: f64) -> Vec<String> {
    if video.treatment == Treatment::Copy {
        return words("-c:v copy").collect();
    }
    let deinterlace = if video.interlaced {
        "bwdif=mode=send_frame,"
    } else {
        ""
    };
    // Square pixels, and even sides as 4:2:0 needs them.
    let filter = format!("{deinterlace}scale=trunc(iw*sar/2)*2:trunc(ih/2)*2,setsar=1");
    let peak = peak_kilobits(video.height);
    // A whole number of gaps to a segment, so that every cut finds its key frame.
    let gap = segment_seconds / (segment_seconds / KEY_FRAME_SECONDS).round().max(1.0);
    let grid = format!("expr:gte(t,n_forced*{gap})");
    let rate = format!("-crf 21 -maxrate {peak}k -bufsize {}k", 2 * peak);
    let mut picture: Vec<String> = words("-c:v libx264 -preset medium -profile:v high").collect();
    picture.extend(words("-pix_fmt yuv420p -sc_threshold 0"));
    picture.extend(words(&rate));
    picture.extend([
        "-vf".to_owned(),
        filter,
        "-force_key_frames".to_owned(),
        grid,
    ]);
    picture
}

/// The highest rate of an encoded picture, from the table in Apple's authoring specification for HLS.
fn peak_kilobits(height: u32) -> u32 {
    match height {
        0..=360 => 730,
        361..=432 => 1_100,
        433..=540 => 2_000,
        541..=720 => 4_500,
        721..=1080 => 7_800,
        _ => 20_000,
    }
}

fn sound(audio: &Audio) -> Vec<String> {
    match audio.treatment {
        // A transport stream carries AAC in frames of its own; elsewhere the filter does nothing.
        Treatment::Copy => words("-c:a copy -bsf:a aac_adtstoasc").collect(),
        Treatment::Encode(_) => words("-c:a aac -b:a 128k -ac 2 -ar 48000").collect(),
    }
}

/// What is left of a film when its segments have been sent.
#[derive(Debug)]
pub(crate) struct Remuxed {
    /// What a player needs before the first segment.
    pub(crate) init: Bytes,
    /// Frames of the picture.
    pub(crate) frames: u64,
}

/// Cuts the film up and sends each segment as soon as it is complete. ffmpeg waits while nobody takes the segments, so few of them are in memory at once.
///
/// # Errors
/// That there is no ffmpeg, that it failed, or that it wrote something else.
pub(crate) async fn remux(
    source: &Path,
    plan: &Plan,
    progress: &Progress,
    segments: Sender<Cut>,
) -> Result<Remuxed, Error> {
    let mut ffmpeg = start(source, plan)?;
    let complaints = ffmpeg
        .stderr
        .take()
        .map(|stderr| tokio::spawn(tail(stderr)));
    let stdout = ffmpeg.stdout.take();
    let stdout = stdout.ok_or_else(|| Error::Ffmpeg("it has no output".to_owned()))?;
    widen(&stdout);
    let cut = cut_up(stdout, plan, progress, &segments).await;
    let ended = ffmpeg.wait().await.map_err(|source| Error::Start {
        tool: "ffmpeg",
        source,
    })?;
    if ended.success() {
        return cut;
    }
    let complaints = match complaints {
        Some(task) => task.await.unwrap_or_default(),
        None => String::new(),
    };
    Err(Error::Ffmpeg(last_words(&complaints)))
}

/// A pipe that stays narrow is only slower.
fn widen(pipe: &ChildStdout) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, PIPE_BYTES);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = pipe;
}

async fn cut_up(
    mut stdout: ChildStdout,
    plan: &Plan,
    progress: &Progress,
    segments: &Sender<Cut>,
) -> Result<Remuxed, Error> {
    let (mut splitter, mut cutter) = (Splitter::default(), Cutter::new(plan.segment_seconds));
    let (mut init, mut seconds, mut frames) = (Bytes::new(), 0.0, 0);
    loop {
        splitter.input().reserve(PIPE_BYTES);
        let read = stdout.read_buf(splitter.input()).await;
        if read.map_err(|error| Error::Output(format!("the stream broke off: {error}")))? == 0 {
            break;
        }
        while let Some(piece) = splitter.next()? {
            match piece {
                Piece::Init(section) => init = section,
                Piece::Fragment(fragment) => {
                    seconds += fragment.seconds;
                    frames += fragment.frames;
                    let part = plan.duration.map_or(0.0, |all| seconds / all);
                    progress.remuxed(part.min(1.0));
                    send(segments, cutter.push(fragment)).await;
                }
            }
        }
    }
    splitter.finish()?;
    send(segments, cutter.take()).await;
    progress.remuxed(1.0);
    Ok(Remuxed { init, frames })
}

async fn send(segments: &Sender<Cut>, cut: Option<Cut>) {
    if let Some(cut) = cut {
        // Nobody takes it when the upload has failed already, and that is what is reported then.
        let _ = segments.send(cut).await;
    }
}

fn start(source: &Path, plan: &Plan) -> Result<Child, Error> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-hide_banner", "-loglevel", "error"]);
    command.args(PROTOCOLS).arg("-i").arg(file_url(source));
    command.args(recipe(plan)).arg("pipe:1");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
        .spawn()
        .map_err(|source| Error::tool("ffmpeg", source))
}

async fn tail(stderr: impl AsyncRead + Unpin) -> String {
    let mut complaints = Vec::new();
    let mut stderr = stderr.take(KEPT_COMPLAINTS);
    // What was read before an error is worth as much.
    let _ = stderr.read_to_end(&mut complaints).await;
    // ffmpeg must not wait for somebody to read the rest.
    let _ = tokio::io::copy(&mut stderr.into_inner(), &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&complaints).into_owned()
}

fn last_words(complaints: &str) -> String {
    let last = complaints
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty());
    last.unwrap_or("it gives no reason").trim().to_owned()
}
