//! A store in one file of this machine, kept by redb (docs/adr/0007).
//!
//! One thread writes. It takes all changes that wait, makes them one transaction, and answers when the
//! disk has it: what was acknowledged survives a crash, and many writers share the price of one flush.
//! Readers see the last such transaction and wait for nobody.

pub(super) mod care;
mod open;
mod transaction;

use crate::keyvalue::embedded::open::{NotOpen, open};
use crate::keyvalue::embedded::transaction::{
    Broken, Change, Outcome, Readable, definition, page, value, write,
};
use crate::keyvalue::{Answer, Keys, OpenError, StoreError, Swapped};
use redb::{Database, ReadableDatabase as _, StorageError, TableError};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use tokio::sync::{mpsc, oneshot};

/// Pages redb keeps in memory, in bytes. The operating system caches the file as well.
const CACHE: usize = 16 << 20;
/// Changes that may wait for the disk. Then who wants another waits too.
const QUEUE: usize = 1024;
/// Keys read on the caller's own thread: a few microseconds each, where going elsewhere costs twenty.
const FEW: usize = 16;

/// One table of a file. Clones are the same table.
#[derive(Clone)]
pub(crate) struct Embedded {
    table: Arc<str>,
    file: Arc<File>,
    work: mpsc::Sender<Work>,
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Embedded").field(&self.table).finish()
    }
}

type Open = Box<dyn Fn() -> Result<Database, NotOpen> + Send + Sync>;

/// The open database, or why there is none. A disk that failed makes redb refuse everything until the
/// file is opened anew; one that is damaged stays shut until the host is started again.
struct File {
    database: RwLock<Result<Database, Shut>>,
    open: Open,
}

/// Why the database is not open.
#[derive(Clone, Debug)]
struct Shut {
    error: StoreError,
    is_damaged: bool,
}

struct Work {
    table: Arc<str>,
    change: Change,
    done: oneshot::Sender<Answer<Outcome>>,
}

impl Embedded {
    /// Opens the file at `path`, making it where it is missing. One that is damaged is a store that is
    /// down: what needs no store goes on.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let unusable = |cause: String| OpenError::Unusable {
            path: path.to_owned(),
            cause,
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| unusable(error.to_string()))?;
        }
        let owned = path.to_owned();
        let open = move || {
            open(&owned, CACHE).map_err(|error| match error {
                NotOpen::Damaged(cause) => NotOpen::Damaged(advice(&owned, &cause)),
                error => error,
            })
        };
        Self::with(Box::new(open)).map_err(|error| match error {
            NotOpen::Taken => OpenError::Taken(path.to_owned()),
            NotOpen::Foreign(cause) => OpenError::Foreign {
                path: path.to_owned(),
                cause,
            },
            NotOpen::Unusable(cause) | NotOpen::Failing(cause) | NotOpen::Damaged(cause) => {
                unusable(cause)
            }
        })
    }

    fn with(open: Open) -> Result<Self, NotOpen> {
        let database = match open() {
            Err(error @ (NotOpen::Damaged(_) | NotOpen::Failing(_))) => Err(error.into()),
            opened => Ok(opened?),
        };
        let file = Arc::new(File {
            database: RwLock::new(database),
            open,
        });
        let (work, waiting) = mpsc::channel(QUEUE);
        let writer = Arc::clone(&file);
        thread::Builder::new()
            .name("store".into())
            .spawn(move || writer.write_all(waiting))
            .map_err(|error| NotOpen::Unusable(error.to_string()))?;
        Ok(Self {
            table: Arc::from(""),
            file,
            work,
        })
    }

    /// The table `name` of the same file.
    pub(super) fn table(&self, name: &str) -> Self {
        Self {
            table: Arc::from(name),
            ..self.clone()
        }
    }

    pub(super) async fn get(&self, key: &str) -> Answer<Option<Vec<u8>>> {
        self.file.read(&self.table, None, |table| value(table, key))
    }

    pub(super) async fn exists(&self, key: &str) -> Answer<bool> {
        let look = |table: &Readable| Ok(table.get(key)?.is_some());
        self.file.read(&self.table, false, look)
    }

    pub(super) async fn get_many(
        &self,
        keys: Vec<String>,
    ) -> Answer<Vec<(String, Option<Vec<u8>>)>> {
        if keys.len() <= FEW {
            return self.file.get_many(&self.table, keys);
        }
        self.elsewhere(|file, table| file.get_many(table, keys))
            .await
    }

    pub(super) async fn keys(&self, cursor: Option<String>) -> Answer<Keys> {
        self.elsewhere(|file, table| file.read(table, Keys::default(), |table| page(table, cursor)))
            .await
    }

    pub(super) async fn set(&self, pairs: Vec<(String, Vec<u8>)>) -> Answer<()> {
        self.change(Change::Set(pairs)).await.map(drop)
    }

    pub(super) async fn delete(&self, keys: Vec<String>) -> Answer<()> {
        self.change(Change::Delete(keys)).await.map(drop)
    }

    pub(super) async fn increment(&self, key: String, delta: i64) -> Answer<i64> {
        match self.change(Change::Increment { key, delta }).await? {
            Outcome::Sum(sum) => Ok(sum),
            Outcome::Done | Outcome::Stale(_) => Err(stopped()),
        }
    }

    pub(super) async fn swap(
        &self,
        key: String,
        expected: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Answer<Swapped> {
        let change = Change::Swap {
            key,
            expected,
            value,
        };
        Ok(match self.change(change).await? {
            Outcome::Stale(now) => Swapped::Stale(now),
            Outcome::Done | Outcome::Sum(_) => Swapped::Done,
        })
    }

    async fn change(&self, change: Change) -> Answer<Outcome> {
        let (done, answer) = oneshot::channel();
        let work = Work {
            table: Arc::clone(&self.table),
            change,
            done,
        };
        self.work.send(work).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Does what takes long where it keeps no request waiting.
    async fn elsewhere<T: Send + 'static>(
        &self,
        read: impl FnOnce(&File, &str) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let (file, table) = (Arc::clone(&self.file), Arc::clone(&self.table));
        tokio::task::spawn_blocking(move || read(&file, &table))
            .await
            .map_err(|_| stopped())?
    }
}

/// What an operator reads at the start, and whoever asks the store later.
fn advice(path: &Path, cause: &str) -> String {
    let path = path.display();
    format!(
        "{path} is damaged: {cause}; stop the host, see what `reelgate store check {path}` says, and \
         put a backup in its place, or remove it to begin with no videos"
    )
}

impl Shut {
    fn damaged(cause: String) -> Self {
        Self {
            error: StoreError::Down(cause),
            is_damaged: true,
        }
    }

    fn for_now(cause: String) -> Self {
        Self {
            error: StoreError::Down(cause),
            is_damaged: false,
        }
    }
}

impl From<NotOpen> for Shut {
    fn from(error: NotOpen) -> Self {
        match error {
            NotOpen::Damaged(cause) => Self::damaged(cause),
            NotOpen::Taken => Self::for_now("another process has opened its file".into()),
            NotOpen::Foreign(cause) | NotOpen::Unusable(cause) | NotOpen::Failing(cause) => {
                Self::for_now(cause)
            }
        }
    }
}

/// The writing thread ends with the last handle, so only a panic in it leads here.
fn stopped() -> StoreError {
    StoreError::Down("it has stopped".into())
}

impl File {
    /// What `look` finds in the table `name`; `empty` where nothing was ever written to it.
    fn read<T>(
        &self,
        name: &str,
        empty: T,
        look: impl FnOnce(&Readable) -> Result<T, StorageError>,
    ) -> Answer<T> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_ref().map_err(|shut| shut.error.clone())?;
        let read = || -> Result<T, Broken> {
            let transaction = database.begin_read()?;
            match transaction.open_table(definition(name)) {
                Ok(table) => Ok(look(&table)?),
                Err(TableError::TableDoesNotExist(_)) => Ok(empty),
                Err(error) => Err(error.into()),
            }
        };
        unbroken(read).map_err(|Broken(cause)| StoreError::Down(cause))
    }

    fn get_many(&self, table: &str, keys: Vec<String>) -> Answer<Vec<(String, Option<Vec<u8>>)>> {
        let missing = keys.iter().map(|key| (key.clone(), None)).collect();
        self.read(table, missing, |table| {
            let found = |key: String| value(table, &key).map(|value| (key, value));
            keys.into_iter().map(found).collect()
        })
    }

    /// Writes until nobody can ask any more.
    fn write_all(&self, mut waiting: mpsc::Receiver<Work>) {
        let mut batch = Vec::new();
        while waiting.blocking_recv_many(&mut batch, QUEUE) > 0 {
            self.write(&mut batch);
        }
    }

    fn write(&self, batch: &mut Vec<Work>) {
        let written = {
            let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
            match database.as_ref() {
                Ok(database) => unbroken(|| write(database, batch)).map_err(Some),
                Err(_) => Err(None),
            }
        };
        let written = match written {
            // It was down before this batch came: try once more with what is there now.
            Err(None) => self.open_anew().and_then(|()| {
                let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
                let database = database.as_ref().map_err(|shut| shut.error.clone())?;
                unbroken(|| write(database, batch)).map_err(|Broken(cause)| StoreError::Down(cause))
            }),
            // Whether this batch is on the disk is not known: it is not tried again.
            Err(Some(Broken(cause))) => {
                let _ = self.open_anew();
                Err(StoreError::Down(cause))
            }
            Ok(answers) => Ok(answers),
        };
        match written {
            Ok(answers) => {
                for (work, answer) in batch.drain(..).zip(answers) {
                    // Who asked may have left.
                    drop(work.done.send(answer));
                }
            }
            Err(error) => {
                for work in batch.drain(..) {
                    drop(work.done.send(Err(error.clone())));
                }
            }
        }
    }

    fn open_anew(&self) -> Answer<()> {
        let mut database = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Err(shut) = &*database
            && shut.is_damaged
        {
            return Err(shut.error.clone());
        }
        // The old one holds the file's lock until it is gone.
        *database = Err(Shut::for_now("it is being opened".into()));
        *database = (self.open)().map_err(Shut::from);
        database
            .as_ref()
            .map(drop)
            .map_err(|shut| shut.error.clone())
    }
}

/// Does it, and takes a panic for a failure: a file that others have changed since it was opened makes
/// redb panic.
fn unbroken<T>(work: impl FnOnce() -> Result<T, Broken>) -> Result<T, Broken> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Broken("its file was changed by others".into())))
}

#[cfg(test)]
mod tests;
