//! Objects on disk, one file each. Nobody waits for a write, and what cannot be read is fetched.

mod index;
mod space_key;
mod stored;

pub(crate) use crate::disk::space_key::SpaceKey;
pub(crate) use crate::disk::stored::Stored;

use crate::Report;
use crate::disk::index::{Index, Name};
use crate::figures::Counters;
use crate::object::Object;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Files that are written at once.
const WRITERS: usize = 2;

/// Objects that wait to be written; further ones are not, for they would take up memory.
const WAITING: usize = 64;

/// Files that are read at once.
const READERS: usize = 16;

/// How long a file may take to be read. A disk that takes longer is slower than the bucket.
const READ: Duration = Duration::from_secs(2);

/// How long a disk is left alone that has failed.
const PAUSE: Duration = Duration::from_secs(10);

/// How often the operator is told of it.
const QUIET: Duration = Duration::from_secs(60);

/// What a file's name ends with until it is whole.
const PART: &str = "part";

/// Why there can be no cache in a folder.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another host has it.
    #[error("another host uses the cache in {0}")]
    Taken(PathBuf),
    /// It cannot be used.
    #[error("cannot keep a cache in {path}: {cause}")]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        cause: io::Error,
    },
}

/// Objects on disk.
#[derive(Debug)]
pub(crate) struct Disk {
    files: Arc<Files>,
    writing: Semaphore,
    waiting: AtomicUsize,
    reading: Semaphore,
    /// Keeps others out for as long as it is open.
    _lock: File,
}

impl Disk {
    /// Opens a folder, and finds what it holds.
    pub(crate) fn open(
        folder: &Path,
        bytes: u64,
        counters: Arc<Counters>,
        report: Report,
    ) -> Result<Self, OpenError> {
        let unusable = |cause| OpenError::Unusable {
            path: folder.to_owned(),
            cause,
        };
        let objects = folder.join("objects");
        create_folder(&objects).map_err(unusable)?;
        let lock = private_file(&folder.join("lock")).map_err(unusable)?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => OpenError::Taken(folder.to_owned()),
            fs::TryLockError::Error(cause) => unusable(cause),
        })?;
        let files = Files {
            folder: objects,
            index: Index::new(bytes),
            counters,
            health: Health::new(report),
        };
        files.find().map_err(unusable)?;
        Ok(Self {
            files: Arc::new(files),
            writing: Semaphore::new(WRITERS),
            waiting: AtomicUsize::new(0),
            reading: Semaphore::new(READERS),
            _lock: lock,
        })
    }

    /// Keeps an object that is whole, unless others have to be written first or the disk fails.
    pub(crate) async fn keep(&self, key: &Arc<SpaceKey>, object: &Arc<Object>) {
        if !self.files.health.is_good() || self.waiting.load(Ordering::Relaxed) >= WAITING {
            return;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let turn = self.writing.acquire().await;
        let (files, key, object) = (Arc::clone(&self.files), Arc::clone(key), Arc::clone(object));
        let written = spawn_blocking(move || files.write(&key, &object)).await;
        // A panic, which is told where it happens; the film goes on without.
        drop(written);
        drop(turn);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// The object at `path`, if it is here as it was written.
    pub(crate) async fn load(&self, key: &Arc<SpaceKey>, path: &str) -> Option<Stored> {
        let name = Name::of(key.bytes(), path);
        if !self.files.index.get(name) || !self.files.health.is_good() {
            return None;
        }
        let reading = async {
            let _turn = self.reading.acquire().await;
            let (files, key) = (Arc::clone(&self.files), Arc::clone(key));
            let path = path.to_owned();
            spawn_blocking(move || files.read(name, &key, &path)).await
        };
        match tokio::time::timeout(READ, reading).await {
            Ok(Ok(stored)) => stored,
            Ok(Err(_)) => None,
            Err(_) => {
                self.files.fault("takes too long to read");
                None
            }
        }
    }

    /// Forgets the object at `path`.
    pub(crate) fn forget(&self, key: &SpaceKey, path: &str) {
        let name = Name::of(key.bytes(), path);
        if !self.files.index.contains(name) {
            return;
        }
        self.files.index.remove(name);
        let files = Arc::clone(&self.files);
        drop(spawn_blocking(move || files.delete(name)));
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.index.bytes()
    }
}

/// The files of a cache.
#[derive(Debug)]
struct Files {
    folder: PathBuf,
    index: Index,
    counters: Arc<Counters>,
    health: Health,
}

impl Files {
    /// Takes stock of what a former run has left. What was being written then is deleted.
    fn find(&self) -> io::Result<()> {
        let mut found = Vec::new();
        for folder in fs::read_dir(&self.folder)? {
            let folder = folder?.path();
            if !folder.is_dir() {
                continue;
            }
            for file in fs::read_dir(folder)? {
                let file = file?;
                let name = file.file_name();
                if let Some(name) = name.to_str().and_then(Name::parse) {
                    let metadata = file.metadata()?;
                    let written = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    found.push((written, name, metadata.len()));
                } else if file.path().extension().is_some_and(|end| end == PART) {
                    fs::remove_file(file.path())?;
                }
            }
        }
        found.sort_unstable_by_key(|(written, ..)| *written);
        for (_, name, length) in found {
            self.delete_all(self.index.insert(name, length));
        }
        Ok(())
    }

    fn read(&self, name: Name, key: &SpaceKey, path: &str) -> Option<Stored> {
        let stored = File::open(self.path(name)).and_then(|file| {
            let length = file.metadata()?.len();
            stored::read(BufReader::new(file), length, key.bytes(), path)
        });
        match stored {
            Ok(Some(stored)) => return Some(stored),
            Ok(None) => {
                self.counters.disk_error();
                self.health
                    .tell("a file of the cache is not what was written; it is fetched again");
            }
            // It was pushed out between the question and the reading.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => self.fault(&format!("cannot be read: {error}")),
        }
        self.index.remove(name);
        self.delete(name);
        None
    }

    fn write(&self, key: &SpaceKey, object: &Object) {
        let Some(chunks) = object.whole() else {
            return;
        };
        let name = Name::of(key.bytes(), &object.key.path);
        let head = stored::head(
            &object.key.path,
            &object.headers,
            object.size,
            object.validated(),
        );
        // Room first: at no time are there more bytes than there may be.
        self.delete_all(
            self.index
                .insert(name, stored::file_length(&head, object.size)),
        );
        if !self.index.contains(name) {
            return;
        }
        // Of a former version: it would be there beside this one for a moment.
        let _ = fs::remove_file(self.path(name));
        let part = self.path(name).with_extension(self.part());
        let written = create_folder(part.parent().unwrap_or(&self.folder))
            .and_then(|()| private_file(&part))
            .and_then(|file| stored::write(file, key.bytes(), &head, chunks))
            .and_then(|()| fs::rename(&part, self.path(name)));
        if let Err(error) = written {
            self.index.remove(name);
            // What cannot be deleted either is deleted at the next start.
            let _ = fs::remove_file(&part);
            self.delete(name);
            self.fault(&format!("cannot be written to: {error}"));
        } else if !self.index.contains(name) {
            // Pushed out while it was written.
            self.delete(name);
        }
    }

    /// A name for a file in the making that no other has.
    fn part(&self) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        format!("{}.{PART}", NEXT.fetch_add(1, Ordering::Relaxed))
    }

    fn delete_all(&self, gone: Vec<Name>) {
        for name in gone {
            self.counters.evicted_from_disk();
            self.delete(name);
        }
    }

    /// Deletes the file of an object that is not kept.
    fn delete(&self, name: Name) {
        if self.index.contains(name) {
            return;
        }
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                self.fault(&format!("cannot be written to: {error}"));
            }
            _ => {}
        }
    }

    fn path(&self, name: Name) -> PathBuf {
        let name = name.to_string();
        // Folders of many thousands of files are slow on some file systems.
        self.folder.join(&name[..2]).join(name)
    }

    fn fault(&self, what: &str) {
        self.counters.disk_error();
        self.health.pause();
        self.health.tell(&format!(
            "{} {what}; films are served without the cache on disk",
            self.folder.display()
        ));
    }
}

/// Whether the disk is used at the moment.
struct Health {
    started: Instant,
    /// Until when it is left alone, in milliseconds since `started`.
    paused: AtomicU64,
    /// Until when nothing is said.
    quiet: AtomicU64,
    report: Report,
}

impl Health {
    fn new(report: Report) -> Self {
        Self {
            started: Instant::now(),
            paused: AtomicU64::new(0),
            quiet: AtomicU64::new(0),
            report,
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn is_good(&self) -> bool {
        self.now() >= self.paused.load(Ordering::Relaxed)
    }

    fn pause(&self) {
        let until = self.now() + PAUSE.as_millis() as u64;
        self.paused.store(until, Ordering::Relaxed);
    }

    fn tell(&self, what: &str) {
        let now = self.now();
        let until = now + QUIET.as_millis() as u64;
        if self.quiet.load(Ordering::Relaxed) <= now
            && self.quiet.swap(until, Ordering::Relaxed) <= now
        {
            (self.report)(what);
        }
    }
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Health")
            .field("paused", &self.paused)
            .finish_non_exhaustive()
    }
}

/// A folder for nobody else's eyes: films are private.
fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
