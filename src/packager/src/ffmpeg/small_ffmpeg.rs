//! The small ffmpeg: a few key frames in, JPEG out.

use std::{path::PathBuf, process::Stdio, time::Duration};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::oneshot,
    time::{sleep, timeout},
};

use crate::{
    ffmpeg::OWN_MP4,
    ffmpeg::remux::{last_words, tail},
};

/// One that runs.
pub(crate) struct Small {
    process: Child,
    complaints: Option<tokio::task::JoinHandle<String>>,
}

/// A large picture beside the small ones.
pub(crate) struct Poster {
    /// Of which key frame, counted from 0.
    pub(crate) number: usize,
    /// What is done with it.
    pub(crate) filter: String,
    /// Where it is written to: a process is given no second pipe without `unsafe`.
    pub(crate) file: PathBuf,
}

/// One JPEG encoder: one thread, and no name of the encoder, so the same bytes everywhere.
const JPEG: &str = "-fps_mode passthrough -c:v mjpeg -q:v 4 -threads 1 -flags:v +bitexact -f";

impl Small {
    /// Starts it with a filter for the pictures, and one of them as a poster where that is wished.
    ///
    /// # Errors
    /// In words, as all here.
    pub(crate) fn start(filter: &str, poster: Option<&Poster>) -> Result<Self, String> {
        let mut command = Command::new("ffmpeg");
        command.args(["-hide_banner", "-loglevel", "error", "-xerror", "-y"]);
        command.args(["-skip_frame", "nokey", "-threads", "1"]);
        command.args(OWN_MP4);
        match poster {
            None => command.args(["-an", "-vf", filter]),
            Some(Poster {
                number,
                filter: of_poster,
                ..
            }) => command.args([
                "-filter_complex",
                &format!(
                    "[0:v]split[a][b];[a]{filter}[all];[b]select=eq(n\\,{number}),{of_poster}[one]"
                ),
                "-map",
                "[all]",
            ]),
        };
        command.args(JPEG.split(' ')).args(["image2pipe", "pipe:1"]);
        if let Some(poster) = poster {
            command.args(["-map", "[one]", "-frames:v", "1"]);
            command
                .args(JPEG.split(' '))
                .args(["image2", "-update", "1"]);
            command.arg(&poster.file);
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut process = command.spawn().map_err(|error| error.to_string())?;
        let complaints = process.stderr.take();
        Ok(Self {
            process,
            complaints: complaints.map(|stderr| tokio::spawn(tail(stderr))),
        })
    }

    /// Where it is fed, and where pictures come out.
    pub(crate) fn ends(&mut self) -> Result<(ChildStdin, ChildStdout), String> {
        let ends = self.process.stdin.take().zip(self.process.stdout.take());
        ends.ok_or_else(|| "ffmpeg has no ends".to_owned())
    }

    /// Waits until it ends well, for `silence` at most.
    pub(crate) async fn finish(mut self, silence: Duration) -> Result<(), String> {
        let ended = timeout(silence, self.process.wait()).await;
        let ended = ended.map_err(|_| stalled(silence))?;
        let ended = ended.map_err(|error| error.to_string())?;
        if ended.success() {
            return Ok(());
        }
        let complaints = match self.complaints {
            Some(task) => task.await.unwrap_or_default(),
            None => String::new(),
        };
        Err(format!("ffmpeg failed: {}", last_words(&complaints)))
    }
}

/// Hands `content` to it, which it has to take within `silence`.
pub(crate) async fn write(
    input: &mut ChildStdin,
    content: &[u8],
    silence: Duration,
) -> Result<(), String> {
    let written = timeout(silence, input.write_all(content)).await;
    let written = written.map_err(|_| stalled(silence))?;
    written.map_err(|error| error.to_string())
}

/// All that comes out; it has to end within `silence` when it is `fed`.
pub(crate) async fn read(
    mut output: ChildStdout,
    fed: oneshot::Receiver<()>,
    silence: Duration,
) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    let too_late = async {
        // Who feeds it says so by going away.
        let _ = fed.await;
        sleep(silence).await;
    };
    tokio::select! {
        read = output.read_to_end(&mut all) => read.map_err(|error| error.to_string())?,
        () = too_late => return Err(stalled(silence)),
    };
    Ok(all)
}

fn stalled(silence: Duration) -> String {
    format!("ffmpeg has done nothing for {} s", silence.as_secs())
}

/// JPEGs that stand one behind the other: each ends with a marker that occurs nowhere within
/// (ITU-T T.81 §B.1.1.2).
pub(crate) fn pictures(all: &[u8]) -> Vec<Bytes> {
    let ends = all.windows(2).enumerate();
    let ends = ends.filter(|(_, pair)| *pair == [0xff, 0xd9]);
    let mut from = 0;
    let pictures = ends.map(|(at, _)| {
        let picture = Bytes::copy_from_slice(&all[from..at + 2]);
        from = at + 2;
        picture
    });
    pictures.collect()
}
