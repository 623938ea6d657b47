//! ffmpeg: a film in, an init section and segments out.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader},
    process::{Child, Command},
    sync::mpsc::UnboundedSender,
    time::{MissedTickBehavior, interval},
};

use super::{
    Error,
    plan::{Audio, Plan, Treatment, Video},
    probe::{PROTOCOLS, file_url},
    progress::Progress,
    scratch::Scratch,
};

/// The init section, in the scratch folder and in the bucket.
pub(crate) const INIT: &str = "init.mp4";

/// The media playlist, in the scratch folder and in the bucket.
pub(crate) const PLAYLIST: &str = "video.m3u8";

/// How often the scratch folder is looked at for segments that are complete.
const LOOK: Duration = Duration::from_millis(50);

/// Seconds between key frames of an encoded picture: a player can start there
/// (Apple's authoring specification for HLS, rule 1.13).
const KEY_FRAME_SECONDS: f64 = 2.0;

/// Bytes of ffmpeg's complaints that are kept.
const KEPT_COMPLAINTS: u64 = 16 * 1024;

/// The name of segment `number`, in the scratch folder and in the bucket.
pub(crate) fn segment_name(number: u32) -> String {
    format!("seg_{number:05}.m4s")
}

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
    recipe.extend(words(
        "-f hls -hls_segment_type fmp4 -hls_playlist_type vod -hls_list_size 0",
    ));
    recipe.extend(words("-hls_flags independent_segments"));
    recipe.extend(["-hls_time".to_owned(), plan.segment_seconds.to_string()]);
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

/// Cuts the film up in the scratch folder, and sends the number of every segment as soon as it is
/// complete.
///
/// # Errors
/// That there is no ffmpeg, that it failed, or that the disk is full.
pub(crate) async fn remux(
    source: &Path,
    plan: &Plan,
    scratch: &Scratch,
    progress: &Progress,
    complete: UnboundedSender<u32>,
) -> Result<(), Error> {
    let mut ffmpeg = start(source, plan, scratch)?;
    let complaints = ffmpeg
        .stderr
        .take()
        .map(|stderr| tokio::spawn(tail(stderr)));
    let mut next = 0;
    if let Some(stdout) = ffmpeg.stdout.take() {
        let mut lines = BufReader::new(stdout).lines();
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                line = lines.next_line() => match line {
                    Ok(Some(line)) => report(&line, plan.duration, progress),
                    // It has closed its side: it is done, one way or the other.
                    Ok(None) | Err(_) => break,
                },
                // The last segment is complete when ffmpeg has begun the one after.
                _ = look.tick() => while exists(scratch, next + 1) {
                    announce(&complete, &mut next);
                },
            }
        }
    }
    let ended = ffmpeg.wait().await.map_err(|source| Error::Start {
        tool: "ffmpeg",
        source,
    })?;
    let complaints = match complaints {
        Some(task) => task.await.unwrap_or_default(),
        None => String::new(),
    };
    // ffmpeg has been seen to end well though the disk was full.
    if complaints.contains("No space left on device") {
        return Err(scratch.full());
    }
    if !ended.success() {
        return Err(Error::Ffmpeg(last_words(&complaints)));
    }
    while exists(scratch, next) {
        announce(&complete, &mut next);
    }
    Ok(())
}

fn start(source: &Path, plan: &Plan, scratch: &Scratch) -> Result<Child, Error> {
    let unreadable = |error| Error::Source {
        path: source.to_owned(),
        source: error,
    };
    let absolute = std::path::absolute(source).map_err(unreadable)?;
    let mut command = Command::new("ffmpeg");
    command.args([
        "-nostdin",
        "-hide_banner",
        "-loglevel",
        "error",
        "-progress",
        "pipe:1",
    ]);
    command
        .args(PROTOCOLS)
        .arg("-i")
        .arg(file_url(&absolute))
        .args(recipe(plan));
    // In the folder itself, for a `%` in its path would be taken for a number.
    command.current_dir(scratch.path());
    command.args([
        "-hls_fmp4_init_filename",
        INIT,
        "-hls_segment_filename",
        "seg_%05d.m4s",
        PLAYLIST,
    ]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
        .spawn()
        .map_err(|source| Error::tool("ffmpeg", source))
}

fn exists(scratch: &Scratch, number: u32) -> bool {
    scratch.path().join(segment_name(number)).exists()
}

fn announce(complete: &UnboundedSender<u32>, next: &mut u32) {
    // Nobody listens when the upload has failed already, and that is what is reported then.
    let _ = complete.send(*next);
    *next += 1;
}

fn report(line: &str, duration: Option<f64>, progress: &Progress) {
    let Some(microseconds) = line.strip_prefix("out_time_us=") else {
        return;
    };
    if let (Ok(microseconds), Some(duration)) = (microseconds.trim().parse::<f64>(), duration) {
        progress.remuxed((microseconds / 1e6 / duration).clamp(0.0, 1.0));
    }
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
