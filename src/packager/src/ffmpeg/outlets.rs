//! The ways out of ffmpeg: its standard output, and a socket for each further stream. A process is
//! given no other descriptors without `unsafe`, and a named pipe tells nobody that it was opened.

use std::path::PathBuf;

use futures::future::try_join_all;
use tempfile::TempDir;
use tokio::{
    io::AsyncRead,
    net::UnixListener,
    process::{Child, ChildStdout},
};

use crate::Error;

/// What the pipe between ffmpeg and us is made to hold, and the room for one read from it. A pipe's own
/// 64 KiB make the two wait for each other all the time; more than 1 MiB needs a privilege.
pub(crate) const PIPE_BYTES: usize = 1024 * 1024;

/// One stream of ffmpeg's.
pub(crate) type Outlet = Box<dyn AsyncRead + Send + Unpin>;

/// Where ffmpeg is to write to.
pub(crate) struct Outlets {
    sockets: Vec<Socket>,
    /// Holds them while they are there.
    _folder: Option<TempDir>,
}

struct Socket {
    path: PathBuf,
    listener: UnixListener,
}

impl Outlets {
    /// As many as ffmpeg has outputs.
    ///
    /// # Errors
    /// When no socket can be made in the system's temporary folder.
    pub(crate) fn new(count: usize) -> Result<Self, Error> {
        if count <= 1 {
            return Ok(Self {
                sockets: Vec::new(),
                _folder: None,
            });
        }
        let failed = |source| Error::Start {
            tool: "ffmpeg",
            source,
        };
        let folder = tempfile::tempdir().map_err(failed)?;
        let socket = |number: usize| {
            let path = folder.path().join(number.to_string());
            let listener = UnixListener::bind(&path)?;
            Ok(Socket { path, listener })
        };
        let sockets: std::io::Result<Vec<Socket>> = (1..count).map(socket).collect();
        Ok(Self {
            sockets: sockets.map_err(failed)?,
            _folder: Some(folder),
        })
    }

    /// The names of all for ffmpeg's command line.
    pub(crate) fn places(&self) -> impl Iterator<Item = std::ffi::OsString> + '_ {
        let sockets = self.sockets.iter().map(|socket| {
            let mut place = std::ffi::OsString::from("unix:");
            place.push(&socket.path);
            place
        });
        std::iter::once("pipe:1".into()).chain(sockets)
    }

    /// Waits until ffmpeg has opened them.
    ///
    /// # Errors
    /// When it ends before.
    pub(crate) async fn open(self, ffmpeg: &mut Child) -> Result<Vec<Outlet>, Error> {
        let stdout = ffmpeg.stdout.take();
        let stdout = stdout.ok_or_else(|| Error::Ffmpeg("it has no output".to_owned()))?;
        widen(&stdout);
        let accepted = try_join_all(self.sockets.iter().map(|socket| socket.listener.accept()));
        let accepted = tokio::select! {
            // A short film may be through already.
            biased;
            accepted = accepted => accepted,
            _ = ffmpeg.wait() => return Err(Error::Ffmpeg("it ended too early".to_owned())),
        };
        let accepted = accepted.map_err(|error| Error::Ffmpeg(error.to_string()))?;
        let sockets = accepted
            .into_iter()
            .map(|(stream, _)| Box::new(stream) as Outlet);
        Ok(std::iter::once(Box::new(stdout) as Outlet)
            .chain(sockets)
            .collect())
    }
}

/// A pipe that stays narrow is only slower.
fn widen(pipe: &ChildStdout) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, PIPE_BYTES);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = pipe;
}
