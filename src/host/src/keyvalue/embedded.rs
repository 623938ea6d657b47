//! A store in one file of this machine, kept by redb (docs/adr/0007).
//!
//! One thread writes. It takes all changes that wait, makes them one transaction, and answers when the
//! disk has it: what was acknowledged survives a crash, and many writers share the price of one flush.
//! Readers see the last such transaction and wait for nobody.

mod transaction;

use crate::keyvalue::embedded::transaction::{
    Broken, Change, Outcome, Readable, definition, page, value, write,
};
use crate::keyvalue::{Answer, Keys, OpenError, StoreError, Swapped};
use redb::{Builder, Database, DatabaseError, ReadableDatabase as _, StorageError, TableError};
use std::fmt;
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

type Reopen = Box<dyn Fn() -> Result<Database, DatabaseError> + Send + Sync>;

/// The open database, or why there is none. A disk that failed makes redb refuse everything until the
/// file is opened anew.
struct File {
    database: RwLock<Result<Database, StoreError>>,
    reopen: Reopen,
}

struct Work {
    table: Arc<str>,
    change: Change,
    done: oneshot::Sender<Answer<Outcome>>,
}

impl Embedded {
    /// Opens the file at `path`, making it where it is missing.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let unusable = |cause: String| OpenError::Unusable {
            path: path.to_owned(),
            cause,
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| unusable(error.to_string()))?;
        }
        let owned = path.to_owned();
        let open = move || Builder::new().set_cache_size(CACHE).create(&owned);
        Self::with(Box::new(open)).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => OpenError::Taken(path.to_owned()),
            DatabaseError::Storage(StorageError::Io(io))
                if io.kind() == std::io::ErrorKind::InvalidData =>
            {
                OpenError::Foreign {
                    path: path.to_owned(),
                    cause: io.to_string(),
                }
            }
            error => unusable(error.to_string()),
        })
    }

    fn with(reopen: Reopen) -> Result<Self, DatabaseError> {
        let database = reopen()?;
        let file = Arc::new(File {
            database: RwLock::new(Ok(database)),
            reopen,
        });
        let (work, waiting) = mpsc::channel(QUEUE);
        let writer = Arc::clone(&file);
        thread::Builder::new()
            .name("store".into())
            .spawn(move || writer.write_all(waiting))
            .map_err(|error| DatabaseError::Storage(StorageError::Io(error)))?;
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
        let database = database.as_ref().map_err(StoreError::clone)?;
        let read = || -> Result<T, Broken> {
            let transaction = database.begin_read()?;
            match transaction.open_table(definition(name)) {
                Ok(table) => Ok(look(&table)?),
                Err(TableError::TableDoesNotExist(_)) => Ok(empty),
                Err(error) => Err(error.into()),
            }
        };
        read().map_err(|Broken(cause)| StoreError::Down(cause))
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
                Ok(database) => write(database, batch).map_err(Some),
                Err(_) => Err(None),
            }
        };
        let written = match written {
            // It was down before this batch came: try once more with what is there now.
            Err(None) => self.open_anew().and_then(|()| {
                let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
                let database = database.as_ref().map_err(StoreError::clone)?;
                write(database, batch).map_err(|Broken(cause)| StoreError::Down(cause))
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
        // The old one holds the file's lock until it is gone.
        *database = Err(StoreError::Down("it is being opened".into()));
        *database = (self.reopen)().map_err(|error| StoreError::Down(error.to_string()));
        database.as_ref().map(drop).map_err(StoreError::clone)
    }
}

#[cfg(test)]
mod tests;
