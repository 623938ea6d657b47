//! The small ffmpeg: a few key frames in, JPEG out.

use std::process::Stdio;

use bytes::Bytes;
use tokio::{
    io::AsyncReadExt as _,
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::remux::{last_words, tail};

/// One that runs.
pub(crate) struct Small {
    process: Child,
    complaints: Option<tokio::task::JoinHandle<String>>,
}

impl Small {
    /// Starts it with a filter for the pictures.
    ///
    /// # Errors
    /// In words, as all here.
    pub(crate) fn start(filter: &str) -> Result<Self, String> {
        let mut command = Command::new("ffmpeg");
        command.args(["-hide_banner", "-loglevel", "error", "-xerror"]);
        // One thread, and no name of the encoder: the same bytes everywhere.
        command.args([
            "-skip_frame",
            "nokey",
            "-threads",
            "1",
            "-f",
            "mp4",
            "-i",
            "pipe:0",
        ]);
        command.args([
            "-an",
            "-vf",
            filter,
            "-fps_mode",
            "passthrough",
            "-c:v",
            "mjpeg",
        ]);
        command.args(["-q:v", "4", "-threads", "1", "-flags:v", "+bitexact"]);
        command.args(["-f", "image2pipe", "pipe:1"]);
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

    /// Waits until it ends well.
    pub(crate) async fn finish(mut self) -> Result<(), String> {
        let ended = self
            .process
            .wait()
            .await
            .map_err(|error| error.to_string())?;
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

/// All that comes out.
pub(crate) async fn read(mut output: ChildStdout) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    let read = output.read_to_end(&mut all).await;
    read.map_err(|error| error.to_string()).map(|_| all)
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
