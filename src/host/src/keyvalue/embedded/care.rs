//! Looking after a store's file while no host uses it: is it sound, mend it, copy it.

use crate::keyvalue::embedded::open::{NotOpen, guarded, looked_at};
use redb::{Builder, Database, ReadableDatabase as _, ReadableTableMetadata as _, StorageBackend};
use redb::{TableDefinition, TableHandle as _};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes that are kept together when a check would change one of them.
const BLOCK: u64 = 4096;

/// Why a store's file cannot be looked after.
#[derive(Debug, thiserror::Error)]
pub enum CareError {
    /// There is none.
    #[error("there is no file {0}")]
    Missing(String),
    /// A host has it.
    #[error("the store {0} is in use by a running host")]
    InUse(String),
    /// It is a file of something else, a folder, or not to be read.
    #[error("cannot use {path} as a store: {cause}")]
    Unusable {
        /// The file.
        path: String,
        /// Why.
        cause: String,
    },
    /// It was a store once.
    #[error("the store {path} is damaged: {cause}")]
    Damaged {
        /// The file.
        path: String,
        /// How it shows.
        cause: String,
        /// Whether redb can make a sound store of it, which may lack what was written last.
        is_mendable: bool,
    },
    /// The copy cannot be written.
    #[error("cannot write {path}: {source}")]
    Copy {
        /// The copy.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

/// What is in a sound store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// How many keys each of its tables has.
    pub keys: Vec<(String, u64)>,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Whether the store in the file is sound. Every page is read, and nothing is written.
///
/// # Errors
///
/// [`CareError`]
pub fn check(path: &Path) -> Result<Sound, CareError> {
    let file = hold(path)?;
    checked(path, &file)
}

/// Makes a sound store of a damaged one, as far as redb can.
///
/// # Errors
///
/// [`CareError`]: also when nothing can be mended.
pub fn repair(path: &Path) -> Result<Sound, CareError> {
    drop(hold(path)?);
    let mend = || -> Result<(), redb::DatabaseError> {
        Builder::new().open(path)?.check_integrity().map(drop)
    };
    match catch_unwind(AssertUnwindSafe(mend)) {
        Ok(mended) => mended.map_err(|error| care_error(path, error.into()))?,
        Err(_) => return Err(contradicts_itself(path)),
    }
    check(path)
}

/// Copies a sound store to `to`, which must not be there yet.
///
/// # Errors
///
/// [`CareError`]; nothing is left of a copy that could not be completed.
pub fn backup(path: &Path, to: &Path) -> Result<Sound, CareError> {
    // Held until the copy is complete, so that no host begins to write meanwhile.
    let mut file = hold(path)?;
    let sound = checked(path, &file)?;
    let copied = copy(&mut file, to);
    copied.map_err(|source| CareError::Copy {
        path: name(to),
        source,
    })?;
    Ok(sound)
}

/// Has its name when it is complete.
fn copy(file: &mut File, to: &Path) -> io::Result<()> {
    if to.try_exists()? {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let copied = owners_file(&part).and_then(|mut copy| {
        file.seek(SeekFrom::Start(0))?;
        io::copy(file, &mut copy)?;
        copy.sync_all()?;
        fs::rename(&part, to)
    });
    if copied.is_err() {
        // It may never have been there.
        let _ = fs::remove_file(&part);
    }
    copied
}

/// Its owner's alone, as is what is in it.
fn owners_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// The file, locked against hosts.
fn hold(path: &Path) -> Result<File, CareError> {
    match looked_at(path) {
        Ok(true) => {}
        Ok(false) => return Err(CareError::Missing(name(path))),
        Err(error) => return Err(care_error(path, error)),
    }
    let file = File::open(path).map_err(|error| care_error(path, NotOpen::of(&error)))?;
    match file.try_lock_shared() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(CareError::InUse(name(path))),
        Err(std::fs::TryLockError::Error(error)) => Err(care_error(path, NotOpen::of(&error))),
    }
}

fn checked(path: &Path, file: &File) -> Result<Sound, CareError> {
    let looked = || -> Result<Sound, CareError> {
        let file = file
            .try_clone()
            .map_err(|error| care_error(path, NotOpen::of(&error)))?;
        let bytes = file
            .metadata()
            .map_err(|error| care_error(path, NotOpen::of(&error)))?
            .len();
        let overlay = Overlay::new(file, bytes);
        let opened = guarded(|| Builder::new().create_with_backend(overlay));
        let mut database = opened.map_err(|error| care_error(path, error))?;
        let is_sound = database.check_integrity();
        match is_sound.map_err(|error| care_error(path, error.into()))? {
            true => Ok(Sound {
                keys: count(&database)
                    .map_err(|error| care_error(path, NotOpen::Damaged(error.to_string())))?,
                bytes,
            }),
            false => Err(CareError::Damaged {
                path: name(path),
                cause: "its parts do not belong together".into(),
                is_mendable: true,
            }),
        }
    };
    catch_unwind(AssertUnwindSafe(looked)).unwrap_or_else(|_| Err(contradicts_itself(path)))
}

fn count(database: &Database) -> Result<Vec<(String, u64)>, redb::Error> {
    let transaction = database.begin_read()?;
    let mut keys = Vec::new();
    for table in transaction.list_tables()? {
        let name = table.name().to_owned();
        let definition: TableDefinition<'_, &str, &[u8]> = TableDefinition::new(&name);
        let entries = transaction.open_table(definition)?.len()?;
        keys.push((name, entries));
    }
    Ok(keys)
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn contradicts_itself(path: &Path) -> CareError {
    care_error(path, NotOpen::Damaged("it contradicts itself".into()))
}

fn care_error(path: &Path, error: NotOpen) -> CareError {
    let path = name(path);
    match error {
        NotOpen::Taken => CareError::InUse(path),
        NotOpen::Foreign(cause) | NotOpen::Unusable(cause) | NotOpen::Failing(cause) => {
            CareError::Unusable { path, cause }
        }
        NotOpen::Damaged(cause) => CareError::Damaged {
            path,
            cause,
            is_mendable: false,
        },
    }
}

/// A file that is read, with what is written to it in memory alone: redb checks a store by mending it.
#[derive(Debug)]
struct Overlay(Mutex<Written>);

#[derive(Debug)]
struct Written {
    file: File,
    /// How much of the file still counts: less when it was cut.
    of_file: u64,
    length: u64,
    blocks: HashMap<u64, Vec<u8>>,
}

impl Overlay {
    fn new(file: File, bytes: u64) -> Self {
        Self(Mutex::new(Written {
            file,
            of_file: bytes,
            length: bytes,
            blocks: HashMap::new(),
        }))
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Written {
    /// The block of this number as it is now.
    fn block(&self, number: u64) -> io::Result<Vec<u8>> {
        if let Some(block) = self.blocks.get(&number) {
            return Ok(block.clone());
        }
        let mut block = vec![0; BLOCK as usize];
        let from = number * BLOCK;
        let there = self.of_file.saturating_sub(from).min(BLOCK) as usize;
        let mut file = &self.file;
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut block[..there])?;
        Ok(block)
    }

    /// Visits the blocks of a range: number, place in it, place in the range.
    fn blocks_of(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, usize, usize)> {
        let end = offset + length as u64;
        (offset / BLOCK..end.div_ceil(BLOCK)).map(move |number| {
            let (from, to) = (offset.max(number * BLOCK), end.min((number + 1) * BLOCK));
            let in_block = (from - number * BLOCK) as usize;
            (
                number,
                in_block,
                (from - offset) as usize,
                (to - from) as usize,
            )
        })
    }
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let written = self.written();
        if offset
            .checked_add(out.len() as u64)
            .is_none_or(|end| end > written.length)
        {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (number, in_block, at, length) in Written::blocks_of(offset, out.len()) {
            let block = written.block(number)?;
            out[at..at + length].copy_from_slice(&block[in_block..in_block + length]);
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut written = self.written();
        written.of_file = written.of_file.min(length);
        let last = length / BLOCK;
        written.blocks.retain(|number, _| *number <= last);
        if let Some(block) = written.blocks.get_mut(&last) {
            block[(length % BLOCK) as usize..].fill(0);
        }
        written.length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written();
        for (number, in_block, at, length) in Written::blocks_of(offset, data.len()) {
            let mut block = written.block(number)?;
            block[in_block..in_block + length].copy_from_slice(&data[at..at + length]);
            written.blocks.insert(number, block);
        }
        Ok(())
    }
}
