//! A key-value store in memory that stops before every operation, so that a test decides who goes next,
//! and that can be told to lie.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use reelgate_core::video::{Row, Store, StoreError, VideoId};

use crate::place::{Place, stop};

pub(crate) type Values = BTreeMap<String, Vec<u8>>;

#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) values: RefCell<Values>,
    /// Operations so far.
    pub(crate) operations: Cell<usize>,
    /// A swap compares nothing at all.
    pub(crate) never_compares: bool,
    /// A swap does not compare where the key was absent, as Spin's SQLite store.
    pub(crate) weak_first_write: bool,
    /// A swap compares, and says so, but always fails.
    pub(crate) always_loses: bool,
}

impl Memory {
    fn count(&self) {
        self.operations.set(self.operations.get() + 1);
    }
}

impl Place for Memory {
    type Store<'a> = &'a Self;
    type Contents = Values;

    const CASES: u32 = 1500;

    fn store(&self) -> &Self {
        self
    }

    fn with(values: Values) -> Self {
        Self {
            values: RefCell::new(values),
            ..Self::default()
        }
    }

    fn contents(&self) -> Values {
        self.values.borrow().clone()
    }

    fn operations(&self) -> usize {
        self.operations.take()
    }

    fn put(&self, key: &str, value: &[u8]) {
        self.values.borrow_mut().insert(key.into(), value.into());
    }

    /// The index is made of all rows.
    fn put_in_flight(&self, row: &Row) {
        self.put(&format!("video/{}", row.id), &row.to_json());
    }

    fn rows(&self) -> Vec<Row> {
        let values = self.values.borrow();
        let rows = values.iter().filter(|(key, _)| key.starts_with("video/"));
        rows.map(|(_, json)| Row::parse(json).unwrap()).collect()
    }

    fn indexed(&self) -> BTreeSet<String> {
        let values = self.values.borrow();
        let Some(json) = values.get("index/encoding") else {
            return BTreeSet::new();
        };
        let index: serde_json::Value = serde_json::from_slice(json).unwrap();
        index["ids"].as_object().unwrap().keys().cloned().collect()
    }

    fn lost(&self) -> Vec<VideoId> {
        let index = self.indexed();
        self.rows()
            .into_iter()
            .filter(|row| row.status.is_in_flight())
            .map(|row| row.id)
            .filter(|id| !index.contains(id.as_str()))
            .collect()
    }
}

impl Store for &Memory {
    type Held = (String, Option<Vec<u8>>);

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        stop().await;
        self.count();
        Ok(self.values.borrow().get(key).cloned())
    }

    async fn hold(&self, key: &str) -> Result<(Self::Held, Option<Vec<u8>>), StoreError> {
        let value = self.get(key).await?;
        Ok(((key.into(), value.clone()), value))
    }

    async fn swap(&self, (key, held): Self::Held, value: &[u8]) -> Result<bool, StoreError> {
        stop().await;
        self.count();
        let mut values = self.values.borrow_mut();
        let blind = self.never_compares || (self.weak_first_write && held.is_none());
        let same = !self.always_loses && (blind || values.get(&key) == held.as_ref());
        if same {
            values.insert(key, value.into());
        }
        Ok(same)
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        stop().await;
        self.count();
        self.values.borrow_mut().insert(key.into(), value.into());
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        stop().await;
        self.count();
        self.values.borrow_mut().remove(key);
        Ok(())
    }

    async fn keys(
        &self,
        cursor: Option<String>,
    ) -> Result<(Vec<String>, Option<String>), StoreError> {
        stop().await;
        self.count();
        // Pages of three, to have some; the last key of each comes once more, as Redis may have it.
        let from: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let keys: Vec<String> = self.values.borrow().keys().cloned().collect();
        let next = (from + 3 < keys.len()).then(|| (from + 3).to_string());
        let again = usize::from(from > 0);
        let page = keys.into_iter().skip(from - again).take(3 + again);
        Ok((page.collect(), next))
    }

    async fn pause(&self, _round: u32) {}
}
