//! The folder a film is cut up in.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::Error;

/// Tries to remove the folder, and the pause between them: ffmpeg, though killed, may be finishing a
/// last write.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(25);

/// A folder of our own in the system's folder for temporary files (`TMPDIR`). It goes away with this
/// value, however that comes about.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes the folder.
    ///
    /// # Errors
    /// When the system does not let us.
    pub(crate) fn new() -> Result<Self, Error> {
        let made = tempfile::Builder::new()
            .prefix("reelgate-package-")
            .tempdir();
        let made = made.map_err(|source| Error::scratch(std::env::temp_dir(), source))?;
        Ok(Self(made.keep()))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The error of reading or writing in it.
    pub(crate) fn error(&self, source: std::io::Error) -> Error {
        Error::scratch(self.0.clone(), source)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for _ in 0..TRIES {
            if fs::remove_dir_all(&self.0).is_ok() || !self.0.exists() {
                return;
            }
            thread::sleep(PAUSE);
        }
    }
}
