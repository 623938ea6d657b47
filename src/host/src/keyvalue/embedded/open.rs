//! Opening a store's file: which is new, which is damaged, and which is none of ours.

use redb::{Builder, Database, DatabaseError, StorageError};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// How an SQLite file begins ("Database File Format", section 1.3): Spin keeps its stores so.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// Bytes of a file's beginning that tell what it is.
const HEAD: u64 = 64;

/// Why there is no open database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotOpen {
    /// Another process has the file.
    Taken,
    /// It is a file of something else.
    Foreign(String),
    /// It cannot be used: a folder, or no permission.
    Unusable(String),
    /// The disk fails. Trying again may do better.
    Failing(String),
    /// It was a store once. Trying again does not mend it.
    Damaged(String),
}

/// Opens the file, and makes one where there is none. A file that is there is looked through first: redb
/// may panic in the midst of a request otherwise.
pub(super) fn open(path: &Path, cache: usize) -> Result<Database, NotOpen> {
    match looked_at(path)? {
        true => {}
        false => make(path)?,
    }
    let mut builder = Builder::new();
    builder
        .set_cache_size(cache)
        .set_check_integrity_on_open(true);
    guarded(|| builder.open(path))
}

/// Opens what it is given to open. A file that was changed by others may make redb panic.
pub(super) fn guarded(
    open: impl FnOnce() -> Result<Database, DatabaseError>,
) -> Result<Database, NotOpen> {
    match catch_unwind(AssertUnwindSafe(open)) {
        Ok(opened) => opened.map_err(NotOpen::from),
        Err(_) => Err(NotOpen::Damaged("it contradicts itself".into())),
    }
}

/// Whether there is a file that may be a store.
pub(super) fn looked_at(path: &Path) -> Result<bool, NotOpen> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        metadata => metadata.map_err(|error| NotOpen::of(&error))?,
    };
    if !metadata.is_file() {
        return Err(NotOpen::Unusable("it is no file".into()));
    }
    // A store that is being made has another name until it is complete.
    if metadata.len() == 0 {
        return Err(NotOpen::Damaged("it is empty".into()));
    }
    let mut head = Vec::new();
    let file = File::open(path).map_err(|error| NotOpen::of(&error))?;
    file.take(HEAD)
        .read_to_end(&mut head)
        .map_err(|error| NotOpen::of(&error))?;
    if head.starts_with(SQLITE) {
        return Err(NotOpen::Foreign("it is an SQLite database".into()));
    }
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    match head.iter().all(is_text) {
        true => Err(NotOpen::Foreign("it is a text".into())),
        false => Ok(true),
    }
}

/// Makes an empty store, which has its name when it is complete: a crash leaves no half of one.
fn make(path: &Path) -> Result<(), NotOpen> {
    let unfinished = unfinished(path);
    let made = || -> Result<(), NotOpen> {
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(NotOpen::of(&error)),
            _ => {}
        }
        drop(guarded(|| Builder::new().create(&unfinished))?);
        fs::rename(&unfinished, path).map_err(|error| NotOpen::of(&error))
    };
    made()
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

impl NotOpen {
    /// What an operation on the file itself came to.
    pub(super) fn of(error: &io::Error) -> Self {
        let text = error.to_string();
        match error.kind() {
            ErrorKind::WouldBlock => Self::Taken,
            // Not the file, but the way to it, or the room for it.
            ErrorKind::NotFound
            | ErrorKind::PermissionDenied
            | ErrorKind::IsADirectory
            | ErrorKind::NotADirectory
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::FileTooLarge => Self::Unusable(text),
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof => Self::Damaged(text),
            _ => Self::Failing(text),
        }
    }
}

impl From<DatabaseError> for NotOpen {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen => Self::Taken,
            DatabaseError::Storage(StorageError::Io(error)) => Self::of(&error),
            error => Self::Damaged(error.to_string()),
        }
    }
}
