//! One transaction: many changes, one flush.

use crate::keyvalue::embedded::Work;
use crate::keyvalue::{Answer, Keys, PAGE, StoreError};
use redb::{
    CommitError, Database, ReadableTable, StorageError, Table, TableDefinition, TableError,
    TransactionError,
};
use std::ops::Bound;

/// What a component wants changed.
pub(super) enum Change {
    Set(Vec<(String, Vec<u8>)>),
    Delete(Vec<String>),
    Increment {
        key: String,
        delta: i64,
    },
    Swap {
        key: String,
        expected: Option<Vec<u8>>,
        value: Vec<u8>,
    },
}

/// What became of it.
pub(super) enum Outcome {
    Done,
    Sum(i64),
    Stale(Option<Vec<u8>>),
}

/// A table as one transaction left it.
pub(super) type Readable = redb::ReadOnlyTable<&'static str, &'static [u8]>;
type Writable<'t> = Table<'t, &'static str, &'static [u8]>;

pub(super) fn definition(name: &str) -> TableDefinition<'_, &'static str, &'static [u8]> {
    TableDefinition::new(name)
}

/// The database failed; the text says how.
pub(super) struct Broken(pub(super) String);

macro_rules! broken_from {
    ($($error:ty),*) => {
        $(impl From<$error> for Broken {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        })*
    };
}

broken_from!(StorageError, TransactionError, TableError, CommitError);

/// Makes the changes of `batch` in their order, as one transaction, and flushes it to the disk.
pub(super) fn write(database: &Database, batch: &[Work]) -> Result<Vec<Answer<Outcome>>, Broken> {
    let transaction = database.begin_write()?;
    let mut answers = Vec::with_capacity(batch.len());
    let mut changed = false;
    for work in batch {
        let mut table = transaction.open_table(definition(&work.table))?;
        let answer = apply(&mut table, &work.change, &mut changed)?;
        answers.push(answer);
    }
    if changed {
        transaction.commit()?;
    } else {
        transaction.abort()?;
    }
    Ok(answers)
}

fn apply(
    table: &mut Writable<'_>,
    change: &Change,
    changed: &mut bool,
) -> Result<Answer<Outcome>, StorageError> {
    match change {
        Change::Set(pairs) => {
            for (key, value) in pairs {
                table.insert(key.as_str(), value.as_slice())?;
            }
            *changed |= !pairs.is_empty();
            Ok(Ok(Outcome::Done))
        }
        Change::Delete(keys) => {
            for key in keys {
                *changed |= table.remove(key.as_str())?.is_some();
            }
            Ok(Ok(Outcome::Done))
        }
        Change::Increment { key, delta } => {
            let sum = match add(value(table, key)?, *delta) {
                Ok(sum) => sum,
                Err(error) => return Ok(Err(error)),
            };
            table.insert(key.as_str(), sum.to_string().as_bytes())?;
            *changed = true;
            Ok(Ok(Outcome::Sum(sum)))
        }
        Change::Swap {
            key,
            expected,
            value: new,
        } => {
            let now = value(table, key)?;
            if now != *expected {
                return Ok(Ok(Outcome::Stale(now)));
            }
            table.insert(key.as_str(), new.as_slice())?;
            *changed = true;
            Ok(Ok(Outcome::Done))
        }
    }
}

fn add(value: Option<Vec<u8>>, delta: i64) -> Answer<i64> {
    let text = value.map_or_else(|| Ok("0".to_owned()), String::from_utf8);
    let number = text.ok().and_then(|text| text.parse::<i64>().ok());
    let number = number.ok_or_else(|| StoreError::refused("the value is no number"))?;
    number
        .checked_add(delta)
        .ok_or_else(|| StoreError::refused("the sum is no 64-bit number"))
}

pub(super) fn value(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    key: &str,
) -> Result<Option<Vec<u8>>, StorageError> {
    Ok(table.get(key)?.map(|value| value.value().to_vec()))
}

/// The keys after `cursor`, as many as one part of a list holds.
pub(super) fn page(table: &Readable, cursor: Option<String>) -> Result<Keys, StorageError> {
    let from = cursor.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    let mut keys = Vec::new();
    for entry in table.range::<&str>((from, Bound::Unbounded))? {
        if keys.len() == PAGE {
            let cursor = keys.last().cloned();
            return Ok(Keys { keys, cursor });
        }
        keys.push(entry?.0.value().to_owned());
    }
    Ok(Keys { keys, cursor: None })
}
