//! The folder a film is cut up in.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::Error;

/// Tries to remove the folder, and the pause between them: ffmpeg, though killed, may be finishing a
/// last write.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(25);

/// More than the rest that a full disk may have in its last block.
const PROBE_BYTES: usize = 1024 * 1024;

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

    /// Bytes of all that lies in it.
    pub(crate) fn bytes(&self) -> u64 {
        let files = fs::read_dir(&self.0).into_iter().flatten().flatten();
        files
            .filter_map(|file| file.metadata().ok())
            .map(|metadata| metadata.len())
            .sum()
    }

    /// Whether the disk takes no more; asked by writing to it, for ffmpeg does not tell.
    pub(crate) fn is_full(&self) -> bool {
        let probe = fs::write(self.0.join("probe"), vec![0; PROBE_BYTES]);
        probe.is_err_and(|error| error.kind() == ErrorKind::StorageFull)
    }

    /// The error of a disk that takes no more; names the folder this one lies in.
    pub(crate) fn full(&self) -> Error {
        Error::DiskFull(self.0.parent().unwrap_or(&self.0).to_owned())
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
