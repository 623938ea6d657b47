//! The bucket, as the packager uses it.

mod config;
mod connector;
mod download;
mod error;
pub(crate) mod name;
pub(crate) mod objects;
mod patience;
#[cfg(test)]
mod tests;
mod trouble;

pub use config::Config;
pub use error::Error as BucketError;

pub(crate) use download::Remote;

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::{
    Attribute, Attributes, ClientOptions, GetOptions, GetRange, GetResult, ListResult, ObjectStore,
    ObjectStoreExt as _, PutOptions, PutPayload, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
};

use crate::{Error, Progress};
use connector::Connector;
use patience::{Patience, Verdict, chance};
use trouble::{Failed, NO_SUCH_BUCKET, Trouble, is_missing};

/// Time to connect.
const CONNECT: Duration = Duration::from_secs(10);

/// Time for an answer, beside the time that a body takes.
const ANSWER: Duration = Duration::from_secs(20);

/// Time for a list or a deletion: a thousand keys and more.
const MANY: Duration = Duration::from_secs(60);

/// Bytes a second of the slowest line that is waited for.
const SLOWEST: u64 = 16 * 1024;

/// How long a bucket is asked that has never answered: its address is wrong, more likely than not.
const FIRST_WORD: Duration = Duration::from_secs(10);

/// A bucket that can be reached, as far as is known, for the work on one film.
pub(crate) struct Bucket {
    store: Arc<AmazonS3>,
    endpoint: String,
    name: String,
    /// Whether anybody has heard of it yet.
    has_answered: Arc<AtomicBool>,
    patience: Patience,
    progress: Progress,
}

/// Keys and sizes in bytes.
pub(crate) type Listing = BTreeMap<String, u64>;

impl Bucket {
    /// A client for the bucket; nothing is asked yet. `budget` is what its trouble may cost.
    ///
    /// # Errors
    /// When a setting makes no sense.
    pub(crate) fn new(
        config: &Config,
        budget: Duration,
        progress: Progress,
    ) -> Result<Self, Error> {
        config.check()?;
        let options = ClientOptions::new()
            // Each request has a limit of its own, by what it carries.
            .with_timeout_disabled()
            .with_connect_timeout(CONNECT)
            // Without TLS nobody needs them, and reading them takes 25 ms.
            .with_no_system_certificates(!config.has_tls());
        let builder = AmazonS3Builder::new()
            .with_endpoint(config.endpoint.trim_end_matches('/'))
            .with_bucket_name(&config.bucket)
            .with_region(&config.region)
            .with_access_key_id(&config.access_key_id)
            .with_secret_access_key(&config.secret_access_key)
            .with_virtual_hosted_style_request(false)
            .with_client_options(options)
            .with_http_connector(Connector)
            // The embedded S3 of a laptop speaks no TLS.
            .with_allow_http(true)
            // A signed body is hashed here and there. TLS guards it better, and loopback needs no guard.
            .with_unsigned_payload(config.is_guarded())
            // `persist` does it, with one budget for a whole film.
            .with_retry(RetryConfig {
                max_retries: 0,
                ..Default::default()
            });
        let builder = match &config.session_token {
            Some(token) => builder.with_token(token),
            None => builder,
        };
        let (endpoint, name) = (config.endpoint.clone(), config.bucket.clone());
        let place = format!("setting up the bucket {name} at {endpoint}");
        let store = builder
            .build()
            .map_err(|error| BucketError::new(place, Trouble::of(&error)))?;
        Ok(Self {
            store: Arc::new(store),
            endpoint,
            name,
            has_answered: Arc::default(),
            patience: Patience::new(budget),
            progress,
        })
    }

    /// The same bucket, over the same connections, for another film.
    pub(crate) fn for_film(&self, budget: Duration, progress: Progress) -> Self {
        Self {
            store: Arc::clone(&self.store),
            endpoint: self.endpoint.clone(),
            name: self.name.clone(),
            has_answered: Arc::clone(&self.has_answered),
            patience: Patience::new(budget),
            progress,
        }
    }

    /// Another bucket of the same server, for the work on the same film.
    ///
    /// # Errors
    /// As [`Bucket::new`].
    pub(crate) fn sibling(&self, config: &Config, name: &str) -> Result<Self, Error> {
        let config = Config {
            bucket: name.to_owned(),
            ..config.clone()
        };
        let sibling = Self::new(&config, self.patience.budget(), self.progress.clone())?;
        Ok(Self {
            has_answered: Arc::clone(&self.has_answered),
            ..sibling
        })
    }

    /// All objects whose keys begin with the folder `prefix`.
    pub(crate) async fn list(&self, prefix: &str) -> Result<Listing, Error> {
        let folder = self.path(prefix.trim_end_matches('/'))?;
        let list = async || {
            let objects = self
                .store
                .list(Some(&folder))
                .map_ok(|meta| (meta.location.to_string(), meta.size));
            within(MANY, objects.try_collect()).await
        };
        self.persist(&format!("listing {prefix}"), list).await
    }

    /// The objects of `folder` whose names begin with `beginning`. The folder ends in a slash, or is
    /// the bucket's root and empty.
    pub(crate) async fn begins_with(
        &self,
        folder: &str,
        beginning: &str,
    ) -> Result<Listing, Error> {
        let prefix = format!("{folder}{beginning}");
        let (folder, offset) = (
            self.path(folder.trim_end_matches('/'))?,
            self.path(&prefix)?,
        );
        let list = async || {
            let mut objects = self.store.list_with_offset(Some(&folder), &offset);
            let mut listing = Listing::new();
            // Keys come in their order, so that a large folder is not read to its end.
            while let Some(meta) = objects.try_next().await? {
                let key = meta.location.to_string();
                if !key.starts_with(&prefix) {
                    break;
                }
                listing.insert(key, meta.size);
            }
            Ok(listing)
        };
        let list = async || within(MANY, list()).await;
        self.persist(&format!("listing {prefix}"), list).await
    }

    /// Writes one object.
    pub(crate) async fn put(
        &self,
        key: &str,
        content_type: &'static str,
        content: Vec<Bytes>,
    ) -> Result<(), Error> {
        let path = self.path(key)?;
        let attributes = Attributes::from_iter([(Attribute::ContentType, content_type)]);
        let payload = PutPayload::from_iter(content);
        let limit = ANSWER + Duration::from_secs(payload.content_length() as u64 / SLOWEST);
        let put = async || {
            let options = PutOptions {
                attributes: attributes.clone(),
                ..Default::default()
            };
            let put = self.store.put_opts(&path, payload.clone(), options);
            within(limit, put).await.map(drop)
        };
        self.persist(&format!("uploading {key}"), put).await
    }

    /// A small object, whole; `None` when there is none.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Bytes>, Error> {
        let path = self.path(key)?;
        let get = async || {
            let read = async { self.store.get(&path).await?.bytes().await };
            match within(MANY, read).await {
                Err(failed) if failed.is_missing() => Ok(None),
                read => read.map(Some),
            }
        };
        self.persist(&format!("reading {key}"), get).await
    }

    /// An object that is about to be read, or some bytes of it; `None` when there is none.
    pub(crate) async fn open(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<Option<GetResult>, Error> {
        let path = self.path(key)?;
        let open = async || {
            let options = GetOptions {
                range: range.clone().map(GetRange::Bounded),
                ..Default::default()
            };
            match within(MANY, self.store.get_opts(&path, options)).await {
                Err(failed) if failed.is_missing() && failed.code() != Some(NO_SUCH_BUCKET) => {
                    Ok(None)
                }
                open => open.map(Some),
            }
        };
        self.persist(&format!("reading {key}"), open).await
    }

    /// The folders and objects right below `folder`. Asked once: somebody waits for a page.
    pub(crate) async fn below(&self, folder: &str) -> Result<ListResult, Error> {
        let path = self.path(folder)?;
        let listed = within(ANSWER, self.store.list_with_delimiter(Some(&path))).await;
        let doing = format!("listing {folder}");
        listed.map_err(|failed| match failed {
            Failed::Ours(error) => error,
            Failed::Silence(time) => self.explain(&doing, Trouble::silence(time)),
            Failed::Wrong(reason) => self.explain(&doing, Trouble::wrong(reason)),
            Failed::Store(error) => self.explain(&doing, Trouble::of(&error)),
        })
    }

    /// Deletes objects; one that is gone already is no error. Gives how many were asked for.
    pub(crate) async fn delete(&self, keys: Vec<String>) -> Result<usize, Error> {
        let paths: Vec<Path> = keys
            .iter()
            .map(|key| self.path(key))
            .collect::<Result<_, _>>()?;
        let delete = async || {
            let paths = stream::iter(paths.clone().into_iter().map(Ok)).boxed();
            let deleted = self
                .store
                .delete_stream(paths)
                .map(|deleted| match deleted {
                    Err(error) if is_missing(&error) => Ok(()),
                    deleted => deleted.map(drop),
                });
            within(MANY, deleted.try_collect::<Vec<()>>()).await
        };
        self.persist("deleting old files", delete).await?;
        Ok(paths.len())
    }

    fn path(&self, key: &str) -> Result<Path, Error> {
        Path::parse(key).map_err(|_| Error::Key(key.to_owned()))
    }

    /// Does it, again and again while the bucket is in trouble that may pass.
    async fn persist<T>(
        &self,
        doing: &str,
        mut attempt: impl AsyncFnMut() -> Result<T, Failed>,
    ) -> Result<T, Error> {
        let mut pauses = self.patience.pauses();
        loop {
            let trouble = match attempt().await {
                Ok(done) => {
                    self.is_well();
                    return Ok(done);
                }
                Err(Failed::Ours(error)) => return Err(error),
                Err(Failed::Silence(time)) => Trouble::silence(time),
                Err(Failed::Wrong(reason)) => Trouble::wrong(reason),
                Err(Failed::Store(error)) => Trouble::of(&error),
            };
            if !trouble.passes || !self.bears(&trouble) {
                return Err(self.explain(doing, trouble));
            }
            tokio::time::sleep(pauses.next(chance())).await;
        }
    }

    /// The bucket has done what it was asked.
    fn is_well(&self) {
        self.has_answered.store(true, Ordering::Relaxed);
        if let Some(lasted) = self.patience.succeeded(Instant::now())
            && lasted >= ANSWER
        {
            let seconds = lasted.as_secs();
            self.progress
                .say(&format!("bucket {} is back after {seconds} s", self.name));
        }
    }

    /// Whether to ask once more in spite of it.
    fn bears(&self, trouble: &Trouble) -> bool {
        if trouble.answered {
            self.has_answered.store(true, Ordering::Relaxed);
        }
        let limit = if self.has_answered.load(Ordering::Relaxed) {
            Duration::MAX
        } else {
            FIRST_WORD
        };
        let verdict = self.patience.failed(Instant::now(), limit);
        if verdict == Verdict::BeginsNow {
            let (name, reason) = (&self.name, &trouble.reason);
            self.progress
                .say(&format!("bucket {name}: {reason}; trying again"));
        }
        verdict != Verdict::Enough
    }

    fn explain(&self, doing: &str, trouble: Trouble) -> Error {
        let never_heard_of = trouble.passes && !self.has_answered.load(Ordering::Relaxed);
        let concerns_all = trouble.concerns_all || never_heard_of;
        let Self { name, endpoint, .. } = self;
        let doing = format!("{doing} in bucket {name} at {endpoint}");
        let trouble = Trouble {
            concerns_all,
            ..trouble
        };
        BucketError::new(doing, trouble).into()
    }
}

async fn within<T>(
    limit: Duration,
    request: impl Future<Output = object_store::Result<T>>,
) -> Result<T, Failed> {
    match tokio::time::timeout(limit, request).await {
        Ok(answer) => answer.map_err(Failed::Store),
        Err(_) => Err(Failed::Silence(limit)),
    }
}
