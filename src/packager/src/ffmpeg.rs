//! What every ffmpeg and ffprobe is told of its input, and how long they may do nothing.

pub(crate) mod encoders;
pub(crate) mod fitness;
pub(crate) mod outlets;
pub(crate) mod recipe;
pub(crate) mod remux;
pub(crate) mod said;
pub(crate) mod small_ffmpeg;

use std::{
    ffi::OsString,
    path::Path,
    process::Output,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::AsyncReadExt as _,
    process::Command,
    time::{Instant, sleep, timeout},
};

use crate::Error;

/// Longest time that ffprobe needs for the first minute of a film, or is silent in: a disk may be
/// slow, and a film's index long.
const PROBE_SILENCE: Duration = Duration::from_secs(60);

/// Bytes of a report that are read. The packets of the first minute are some MiB; what goes on and on
/// would fill the memory.
const MOST_REPORT: usize = 64 * 1024 * 1024;

/// A film is a file: what it refers to is not read. ffmpeg's demuxers by the first of their names, of
/// containers that hold a film themselves. Playlists (`hls`, `dash`, `concat`) name others, which may
/// be fetched or never end; `tty` and the `_pipe`s take texts and pictures for films.
const CONTAINERS: &str = "mov,matroska,mpegts,mpeg,mpegvideo,avi,flv,asf,mxf,gxf,dv,ogg,nut,rm,wtv,\
                          h264,hevc,m4v,av1,obu,ivf,yuv4mpegpipe";

/// The options and the place of a film, for ffmpeg and ffprobe alike.
pub(crate) fn film(path: &Path) -> [OsString; 6] {
    let mut url = OsString::from("file:");
    url.push(path);
    [
        "-protocol_whitelist".into(),
        "file".into(),
        "-format_whitelist".into(),
        CONTAINERS.into(),
        "-i".into(),
        url,
    ]
}

/// The options for MP4 of our own on the standard input.
pub(crate) const OWN_MP4: [&str; 8] = [
    "-protocol_whitelist",
    "pipe",
    "-format_whitelist",
    "mov",
    "-f",
    "mp4",
    "-i",
    "pipe:0",
];

/// Whether ffmpeg was built with this filter.
///
/// # Errors
/// That it cannot be started.
pub(crate) async fn has_filter(name: &str) -> Result<bool, Error> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-filters"]).kill_on_drop(true);
    let output = command.output().await;
    let output = output.map_err(|source| Error::tool("ffmpeg", source))?;
    let all = String::from_utf8_lossy(&output.stdout);
    let mut names = all
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1));
    Ok(names.any(|other| other == name))
}

/// The demuxer that ffprobe would have taken, where it is none of films.
pub(crate) fn refused_container(complaints: &str) -> Option<&str> {
    let line = complaints
        .lines()
        .find(|line| line.contains("] Format not on whitelist"))?;
    let (name, _) = line.strip_prefix('[')?.split_once(" @ ")?;
    Some(name)
}

/// Runs ffprobe on the film at `path` and gives what it said. It is stopped when it says nothing for
/// a minute, or for `silence` where that is shorter.
///
/// # Errors
/// That it cannot be started, that it does not end, or that it says too much.
pub(crate) async fn report(
    command: &mut Command,
    path: &Path,
    silence: Duration,
) -> Result<Output, Error> {
    let silence = silence.min(PROBE_SILENCE);
    let failed = |source| Error::tool("ffprobe", source);
    let stalled = || Error::stalled("ffprobe", path, silence);
    let mut process = command.kill_on_drop(true).spawn().map_err(failed)?;
    let complaints = process
        .stderr
        .take()
        .map(|pipe| tokio::spawn(crate::ffmpeg::remux::tail(pipe)));
    let mut said = Vec::new();
    if let Some(mut pipe) = process.stdout.take() {
        loop {
            let read = timeout(silence, pipe.read_buf(&mut said)).await;
            match read.map_err(|_| stalled())?.map_err(failed)? {
                0 => break,
                _ if said.len() > MOST_REPORT => return Err(stalled()),
                _ => {}
            }
        }
    }
    let ended = timeout(silence, process.wait()).await;
    let status = ended.map_err(|_| stalled())?.map_err(failed)?;
    let complaints = match complaints {
        Some(task) => task.await.unwrap_or_default(),
        None => String::new(),
    };
    Ok(Output {
        status,
        stdout: said,
        stderr: complaints.into_bytes(),
    })
}

/// Watches an ffmpeg: while its output is waited for, some must come.
pub(crate) struct Watch {
    silence: Duration,
    state: Mutex<State>,
}

struct State {
    /// When it wrote last, or had to wait for us.
    heard: Instant,
    /// How many of its outputs are not read just now.
    held: usize,
}

impl Watch {
    /// One of an ffmpeg that has just been started, and may be silent for so long.
    pub(crate) fn new(silence: Duration) -> Self {
        let state = State {
            heard: Instant::now(),
            held: 0,
        };
        Self {
            silence,
            state: Mutex::new(state),
        }
    }

    /// It has written something.
    pub(crate) fn heard(&self) {
        self.state().heard = Instant::now();
    }

    /// Does what ffmpeg has to wait for: a bucket in trouble is no fault of its.
    pub(crate) async fn hold<T>(&self, work: impl Future<Output = T>) -> T {
        self.state().held += 1;
        let done = work.await;
        let mut state = self.state();
        state.held = state.held.saturating_sub(1);
        state.heard = Instant::now();
        done
    }

    /// Ends when it has been silent for too long.
    pub(crate) async fn stalled(&self) {
        loop {
            let left = self.left();
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }

    fn left(&self) -> Duration {
        let state = self.state();
        match state.held {
            0 => self.silence.saturating_sub(state.heard.elapsed()),
            _ => self.silence,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Two numbers are never half written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);

    async fn report_of(script: &str) -> Result<Output, Error> {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        report(&mut command, Path::new("a.mp4"), SHORT).await
    }

    #[tokio::test]
    async fn an_ffprobe_that_does_not_end_is_stopped() {
        for script in [
            "exec sleep 600",
            "echo '{'; exec sleep 600",
            "exec >&-; exec sleep 600",
        ] {
            let since = Instant::now();
            let error = report_of(script).await.unwrap_err();
            assert!(matches!(error, Error::Stalled { .. }), "{script}: {error}");
            assert!(since.elapsed() < Duration::from_secs(10), "{script}");
        }
    }

    #[tokio::test]
    async fn an_ffprobe_that_says_something_now_and_then_is_waited_for() {
        let script = "for i in 1 2 3 4 5 6; do sleep 0.1; echo $i; done; echo amiss >&2; exit 3";
        let said = report_of(script).await.unwrap();
        assert_eq!(said.stdout, b"1\n2\n3\n4\n5\n6\n");
        assert_eq!(
            (said.status.code(), said.stderr),
            (Some(3), b"amiss\n".to_vec())
        );
    }

    #[tokio::test]
    async fn who_waits_for_us_has_not_stalled() {
        let watch = Watch::new(SHORT);
        let held = watch.hold(sleep(4 * SHORT));
        tokio::select! {
            () = held => {}
            () = watch.stalled() => panic!("it was held up"),
        }
        let since = Instant::now();
        watch.stalled().await;
        assert!(since.elapsed() >= SHORT);
    }

    #[test]
    fn what_is_no_film_is_called_by_its_name() {
        let said = "[hls @ 0x55] Skip ('#EXT-X-VERSION:3')\n[hls @ 0x563e64f71280] Format not on \
                    whitelist 'mov,mp4'\nfile:/a.mp4: Invalid argument\n";
        assert_eq!(refused_container(said), Some("hls"));
        assert_eq!(refused_container("file:/a.mp4: Invalid argument"), None);
    }
}
