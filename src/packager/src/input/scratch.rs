//! The folder in which films that lie in a bucket wait to be packaged.
//!
//! A copy has to be read from its beginning to its end and back, for an mp4 may have its index at the
//! end, so ffmpeg needs a file. What it writes never touches the disk.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::Error;

/// How a folder begins, so that a later run knows it.
const PREFIX: &str = "reelgate-scratch-";

/// The file in it that its run holds locked for as long as it lives.
const LOCK: &str = "lock";

/// The unit in which room is given out: a semaphore counts to 2³².
const UNIT: u64 = 1024 * 1024;

/// Where downloads go, and how many bytes of them there may be at once.
pub struct Scratch {
    folder: TempDir,
    /// Held, not read.
    _lock: File,
    room: Semaphore,
    bytes: u64,
    given: AtomicU64,
}

/// Room for one film, until this is dropped; then the film is gone too.
pub(crate) struct Place<'a> {
    /// Where to put it.
    pub(crate) path: PathBuf,
    _room: SemaphorePermit<'a>,
}

impl Scratch {
    /// A folder in `parent` for `bytes` at once. What killed runs left in `parent` is removed.
    ///
    /// # Errors
    /// [`Error::Scratch`] when it cannot be made.
    pub fn open(parent: &Path, bytes: u64) -> Result<Self, Error> {
        let open = || {
            fs::create_dir_all(parent)?;
            remove_leftovers(parent)?;
            make(parent)
        };
        let (folder, lock) = open().map_err(|error| Error::scratch(parent, error))?;
        let units = usize::try_from(bytes / UNIT).unwrap_or(usize::MAX);
        Ok(Self {
            folder,
            _lock: lock,
            room: Semaphore::new(units.min(Semaphore::MAX_PERMITS)),
            bytes,
            given: AtomicU64::new(0),
        })
    }

    /// Waits for room for a film of `bytes`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when there will never be enough.
    pub(crate) async fn place(&self, name: &str, bytes: u64) -> Result<Place<'_>, Error> {
        let too_large = || Error::TooLarge {
            name: name.to_owned(),
            bytes,
            room: self.bytes,
        };
        if bytes > self.bytes {
            return Err(too_large());
        }
        let units = u32::try_from(bytes.div_ceil(UNIT).min(self.bytes / UNIT));
        let units = units.map_err(|_| too_large())?;
        let room = self.room.acquire_many(units).await;
        let room = room.map_err(|_| Error::Interrupted)?;
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        Ok(Place {
            path: self.folder.path().join(format!("{number}{}", ending(name))),
            _room: room,
        })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        // The folder goes with the run, and a killed run's with the next.
        let _ = fs::remove_file(&self.path);
    }
}

/// The end of a name, for the few formats that ffmpeg knows by it alone.
fn ending(name: &str) -> String {
    let ending = Path::new(name).extension().and_then(|end| end.to_str());
    match ending {
        Some(end) if end.len() <= 8 && end.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            format!(".{end}")
        }
        _ => String::new(),
    }
}

fn make(parent: &Path) -> io::Result<(TempDir, File)> {
    loop {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        // Another run may take a folder for a leftover until it is locked, and remove it.
        match lock(folder.path()) {
            Ok(lock) => return Ok((folder, lock)),
            Err(error) if folder.path().exists() => return Err(error),
            Err(_) => {}
        }
    }
}

fn lock(folder: &Path) -> io::Result<File> {
    let path = folder.join(LOCK);
    let lock = File::create(&path)?;
    lock.lock()?;
    // It is worth something only if it is still the one that others see.
    fs::metadata(&path)?;
    Ok(lock)
}

/// Removes the folders of runs that are no more.
fn remove_leftovers(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if is_ours && entry.file_type()?.is_dir() {
            remove_if_left(&entry.path());
        }
    }
    Ok(())
}

/// Somebody else's folder in a common place cannot be opened, and stays.
fn remove_if_left(folder: &Path) {
    match File::options().write(true).open(folder.join(LOCK)) {
        Ok(lock) => match lock.try_lock() {
            Ok(()) => drop(fs::remove_dir_all(folder)),
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        },
        // Killed before it was locked, or not locked yet: then it is empty, and its run tries again.
        Err(error) if error.kind() == io::ErrorKind::NotFound => drop(fs::remove_dir(folder)),
        Err(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    fn folders(parent: &Path) -> usize {
        fs::read_dir(parent).unwrap().count()
    }

    #[test]
    fn folders_of_the_dead_are_removed_and_those_of_the_living_stay() {
        let parent = tempfile::tempdir().unwrap();
        let living = Scratch::open(parent.path(), UNIT).unwrap();
        let dead = parent.path().join("reelgate-scratch-dead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join("0.mp4"), "half a film").unwrap();
        fs::write(dead.join(LOCK), "").unwrap();
        fs::create_dir(parent.path().join("reelgate-scratch-early")).unwrap();
        let other = parent.path().join("somebody-else");
        fs::create_dir(&other).unwrap();
        let next = Scratch::open(parent.path(), UNIT).unwrap();
        assert!(!dead.exists());
        assert!(other.exists());
        assert!(living.folder.path().exists());
        assert_eq!(folders(parent.path()), 3);
        drop((living, next));
        assert_eq!(folders(parent.path()), 1);
    }

    #[tokio::test]
    async fn films_wait_for_room_and_none_is_larger_than_all_of_it() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::open(parent.path(), 3 * UNIT).unwrap();
        let first = scratch.place("a.mp4", 2 * UNIT).await.unwrap();
        fs::write(&first.path, "a film").unwrap();
        assert!(first.path.to_string_lossy().ends_with("0.mp4"));
        assert!(scratch.place("b", 2 * UNIT).now_or_never().is_none());
        let path = first.path.clone();
        drop(first);
        assert!(!path.exists());
        assert!(scratch.place("b", 2 * UNIT).now_or_never().is_some());
        let refused = scratch.place("c", 4 * UNIT).await.err().unwrap();
        assert!(matches!(refused, Error::TooLarge { .. }), "{refused}");
    }
}
