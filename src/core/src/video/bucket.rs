//! The catalog's rows as objects of an S3 bucket: [`BucketStore`].
//!
//! Which objects there are is told in [`catalog`](super::catalog). Whatever else lies beside them is left
//! alone. Everything is asked for with a presigned query, and conditions are signed headers.
//!
//! **A lost answer.** What nobody knows to have happened is found out before it is done again: every write
//! carries a random mark, `x-amz-meta-reelgate-write`, by which its author recognises it. A write that is still on its way
//! when it is given up does no harm whenever it arrives: that of a row has a condition, and nothing else is
//! ever written twice with different contents where it would matter.
//!
//! **A busy bucket** is asked again, with pauses: four times in all.

use alloc::{format, string::String, vec::Vec};
use core::time::Duration;

mod listing;
mod markers;
mod names;
mod probe;
mod send;

use send::{Answer, Tries};

use super::{
    catalog::Trouble,
    config::CatalogBucket,
    id::VideoId,
    row::Row,
    store::{Entries, Entry, Ids, Right, Store, StoreError},
    stream_api::Call,
};
use crate::{
    hex,
    http::{HeaderSource, Method},
    origin::Failure,
    time::UnixTime,
};

/// The longest answer that is read, in bytes. A thousand keys have some 500 KB, a row some 20.
pub const MAX_ANSWER_BYTES: usize = 2 * 1024 * 1024;

/// How many requests go on at once: hosts allow some tens for one instance.
const AT_ONCE: usize = 16;

/// The header that marks a write.
const WRITE: &str = "x-amz-meta-reelgate-write";

/// How much longer the pause after a lost swap may be for each loss, in milliseconds.
const PAUSE_STEP: u64 = 100;

/// The longest, in milliseconds: R2 takes one write a second for a key.
const MAX_PAUSE: u64 = 1000;

/// What stands between the rules and the bucket: a client, a clock and chance.
pub trait Transport {
    /// The header fields of an answer.
    type Headers: HeaderSource;

    /// Sends a request as it stands, within [`CONNECT`](crate::origin::CONNECT) and
    /// [`FIRST_BYTE`](crate::origin::FIRST_BYTE), and reads the answer's body: all of it, or one byte more
    /// than [`MAX_ANSWER_BYTES`]. `Content-Length` is sent with every PUT, also when it is 0.
    ///
    /// # Errors
    /// Why there is no whole answer.
    fn send(&self, call: &Call) -> impl Future<Output = Result<Received<Self::Headers>, Failure>>;

    /// Waits.
    fn pause(&self, time: Duration) -> impl Future<Output = ()>;

    /// The time.
    fn now(&self) -> UnixTime;

    /// 128 random bits.
    fn random(&self) -> [u8; 16];
}

/// What the bucket has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received<H> {
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub headers: H,
    /// The body.
    pub body: Vec<u8>,
}

/// A catalog's [`Store`] in a bucket. Costs nothing to make.
#[derive(Clone, Debug)]
pub struct BucketStore<'c, T> {
    bucket: &'c CatalogBucket,
    transport: T,
}

/// An object as it was read, to be compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    path: String,
    /// `None` when there was no object.
    etag: Option<String>,
}

/// A request, before it is signed.
#[derive(Clone, Debug)]
struct Asked<'a> {
    method: Method,
    path: &'a str,
    query: &'a [(&'a str, &'a str)],
    /// Which header is the condition, and its value.
    condition: Option<(&'static str, &'a str)>,
    /// What marks a write.
    write: Option<&'a str>,
    body: &'a [u8],
}

/// What became of a write that nobody has answered.
enum Found {
    Written,
    Unchanged,
    Overtaken,
}

impl<'c, T: Transport> BucketStore<'c, T> {
    /// The store in `bucket`.
    pub fn new(bucket: &'c CatalogBucket, transport: T) -> Self {
        Self { bucket, transport }
    }

    async fn read(&self, path: &str) -> Result<Option<Answer<T::Headers>>, StoreError> {
        self.read_within(path, &mut self.tries()).await
    }

    async fn read_within(
        &self,
        path: &str,
        tries: &mut Tries,
    ) -> Result<Option<Answer<T::Headers>>, StoreError> {
        let answer = self.go_on(&Asked::get(path), tries).await?;
        answer.object(self.bucket)
    }

    async fn put(&self, path: &str, body: &[u8]) -> Result<(), StoreError> {
        let write = self.mark();
        let asked = Asked::put(path, body, &write, None);
        let answer = self.until_answered(&asked).await?;
        match answer.status {
            200..=299 => Ok(()),
            _ => Err(answer.refusal(Right::Write, self.bucket)),
        }
    }

    /// `false` when the object is another by now.
    async fn put_if(&self, held: &Held, body: &[u8]) -> Result<bool, StoreError> {
        let write = self.mark();
        let asked = Asked::put(&held.path, body, &write, Some(held.condition()));
        let mut tries = self.tries();
        let mut in_doubt = false;
        loop {
            match self.once(&asked).await {
                Ok(answer) if (200..=299).contains(&answer.status) => return Ok(true),
                Ok(answer) if answer.has_lost(held) => {
                    // An earlier try may be what it has lost against.
                    return match in_doubt {
                        true => self.is_mine(held, &write, &mut tries).await,
                        false => Ok(false),
                    };
                }
                Ok(answer) => return Err(answer.refusal(Right::Write, self.bucket)),
                Err(missed) => {
                    self.again(&mut tries, &missed).await?;
                    if !missed.may_be_done() {
                        continue;
                    }
                    in_doubt = true;
                    match self.find_out(held, &write, &mut tries).await? {
                        Found::Written => return Ok(true),
                        Found::Overtaken => return Ok(false),
                        Found::Unchanged => {}
                    }
                }
            }
        }
    }

    async fn is_mine(
        &self,
        held: &Held,
        write: &str,
        tries: &mut Tries,
    ) -> Result<bool, StoreError> {
        let found = self.find_out(held, write, tries).await?;
        Ok(matches!(found, Found::Written))
    }

    /// What has become of a write that nobody has answered.
    async fn find_out(
        &self,
        held: &Held,
        write: &str,
        tries: &mut Tries,
    ) -> Result<Found, StoreError> {
        let object = self.read_within(&held.path, tries).await?;
        let Some(object) = object else {
            return Ok(match held.etag {
                None => Found::Unchanged,
                Some(_) => Found::Overtaken,
            });
        };
        if object.headers.single(WRITE) == Some(write) {
            return Ok(Found::Written);
        }
        Ok(match object.etag()? == held.etag {
            true => Found::Unchanged,
            false => Found::Overtaken,
        })
    }

    async fn remove_object(&self, path: &str) -> Result<(), StoreError> {
        let answer = self.until_answered(&Asked::delete(path)).await?;
        answer.deleted(self.bucket)
    }

    /// A deletion without an answer is not repeated where there is still something: by now that may be
    /// another row of the same id.
    async fn remove_row(&self, path: &str) -> Result<(), StoreError> {
        let mut tries = self.tries();
        loop {
            let missed = match self.once(&Asked::delete(path)).await {
                Ok(answer) => return answer.deleted(self.bucket),
                Err(missed) => missed,
            };
            self.again(&mut tries, &missed).await?;
            if missed.may_be_done() {
                let left = self.read_within(path, &mut tries).await?;
                return left.map_or(Ok(()), |_| Err(missed.into()));
            }
        }
    }

    fn mark(&self) -> String {
        hex::lower(&self.transport.random())
    }

    fn jitter(&self, most: u64) -> u64 {
        let [high, low, ..] = self.transport.random();
        let share = u64::from(u16::from_be_bytes([high, low]));
        most * share / u64::from(u16::MAX)
    }
}

impl<T: Transport> Store for BucketStore<'_, T> {
    type Held = Held;

    const AT_ONCE: usize = AT_ONCE;

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let object = self.read(&names::object(key)).await?;
        Ok(object.map(|object| object.body))
    }

    async fn hold(&self, key: &str) -> Result<(Held, Option<Vec<u8>>), StoreError> {
        let path = names::object(key);
        let Some(object) = self.read(&path).await? else {
            return Ok((Held { path, etag: None }, None));
        };
        let etag = object.etag()?;
        Ok((Held { path, etag }, Some(object.body)))
    }

    async fn swap(&self, held: Held, value: &[u8]) -> Result<bool, StoreError> {
        self.put_if(&held, value).await
    }

    async fn create(&self, key: &str, value: &[u8]) -> Result<bool, StoreError> {
        let path = names::object(key);
        self.put_if(&Held { path, etag: None }, value).await
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.put(&names::object(key), value).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let path = names::object(key);
        match names::id_of_row(&path) {
            Some(_) => self.remove_row(&path).await,
            None => self.remove_object(&path).await,
        }
    }

    /// Those of rows.
    async fn keys(
        &self,
        cursor: Option<String>,
    ) -> Result<(Vec<String>, Option<String>), StoreError> {
        let after = cursor.and_then(|id| VideoId::new(&id).ok());
        let page = self.ids(after.as_ref(), listing::MAX_KEYS).await?;
        let next = page.ids.last().filter(|_| page.more);
        let next = next.map(|id| String::from(id.as_str()));
        let keys = page.ids.iter().map(super::catalog::row_key).collect();
        Ok((keys, next))
    }

    async fn pause(&self, round: u32) {
        let longest = MAX_PAUSE.min(PAUSE_STEP.saturating_mul(u64::from(round)));
        let time = Duration::from_millis(self.jitter(longest));
        self.transport.pause(time).await;
    }

    async fn ids(&self, after: Option<&VideoId>, limit: usize) -> Result<Ids, StoreError> {
        let mut found = Ids::default();
        let mut from = after.map(names::row);
        loop {
            let wanted = limit - found.ids.len();
            let page = self.page(names::ROWS, from.as_deref(), wanted).await?;
            found
                .ids
                .extend(page.keys.iter().filter_map(|key| names::id_of_row(key)));
            found.more = page.more;
            if !page.more || found.ids.len() >= limit {
                return Ok(found);
            }
            from = page.keys.last().cloned();
        }
    }

    async fn announce(&self, row: &Row) -> Result<u64, Trouble> {
        self.put_marker(row).await
    }

    async fn entries(&self, after: Option<&VideoId>, limit: usize) -> Result<Entries, Trouble> {
        self.markers(after, limit).await
    }

    async fn remove(&self, entries: &[Entry]) -> Result<usize, Trouble> {
        self.delete_markers(entries).await
    }

    async fn settle(&self, rows: &[&Row]) {
        self.settle_markers(rows).await;
    }

    async fn probe(&self, nonce: [u8; 16]) -> Result<(), Trouble> {
        self.probe_bucket(nonce).await
    }
}

impl Held {
    fn condition(&self) -> (&'static str, &str) {
        match &self.etag {
            Some(etag) => ("if-match", etag),
            None => ("if-none-match", "*"),
        }
    }
}

impl<'a> Asked<'a> {
    fn get(path: &'a str) -> Self {
        Self {
            method: Method::Get,
            path,
            query: &[],
            condition: None,
            write: None,
            body: &[],
        }
    }

    fn delete(path: &'a str) -> Self {
        Self {
            method: Method::Delete,
            ..Self::get(path)
        }
    }

    fn put(
        path: &'a str,
        body: &'a [u8],
        write: &'a str,
        condition: Option<(&'static str, &'a str)>,
    ) -> Self {
        Self {
            method: Method::Put,
            condition,
            write: Some(write),
            body,
            ..Self::get(path)
        }
    }

    /// Signed for an hour from `now`, of which seconds are used.
    fn call(&self, bucket: &CatalogBucket, now: UnixTime) -> Call {
        let bucket = bucket.bucket();
        let mut signed: Vec<(&'static str, &str)> = alloc::vec![("host", &bucket.authority)];
        signed.extend(self.condition);
        signed.extend(self.write.map(|write| (WRITE, write)));
        let path = format!("/{}", self.path);
        let path_and_query = bucket.sign(self.method, &path, &signed, self.query, now);
        let mut headers: Vec<_> = signed[1..]
            .iter()
            .map(|(name, value)| (*name, value.as_bytes().to_vec().into()))
            .collect();
        if self.path.ends_with(".json") && !self.body.is_empty() {
            headers.push(("content-type", b"application/json"[..].into()));
        }
        Call {
            method: self.method,
            scheme: bucket.scheme,
            authority: bucket.authority.clone(),
            path_and_query,
            headers,
            body: self.body.to_vec(),
        }
    }
}
