//! One request to the bucket, and how often it is sent.

use alloc::{
    format,
    string::{String, ToString},
};
use core::time::Duration;

use super::{Asked, BucketStore, Held, Received, Transport};
use crate::{
    http::HeaderSource,
    origin::{Failure, error_document},
    time::UnixTime,
    video::{
        config::CatalogBucket,
        store::{Right, StoreError},
    },
};

/// After how many seconds nothing is sent again: whoever waits for the answer has a time-out too.
const GIVE_UP_SECONDS: u64 = 12;

/// The shortest pause before the second, third and fourth try, and how much longer it may be, in
/// milliseconds; three of them are at most 4.8 s. R2 takes one write a second for a key, so after the second
/// pause it takes the next.
const PAUSES: [(u64, u64); 3] = [(500, 300), (1000, 600), (1500, 900)];

/// What an operation has used of its tries, of which it has four.
pub(super) struct Tries {
    made: usize,
    began: UnixTime,
}

/// Why there is no answer that says anything, as a clause after "bucket".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Missed {
    /// What was asked has not been done.
    NotDone(String),
    /// It may have been done.
    InDoubt(String),
}

/// An answer that says something.
pub(super) struct Answer<H> {
    pub(super) status: u16,
    pub(super) headers: H,
    pub(super) body: alloc::vec::Vec<u8>,
}

impl<T: Transport> BucketStore<'_, T> {
    pub(super) fn tries(&self) -> Tries {
        Tries {
            made: 0,
            began: self.transport.now(),
        }
    }

    /// For what may be done twice.
    pub(super) async fn until_answered(
        &self,
        asked: &Asked<'_>,
    ) -> Result<Answer<T::Headers>, StoreError> {
        self.go_on(asked, &mut self.tries()).await
    }

    /// The same with what other requests of the operation have left of its tries.
    pub(super) async fn go_on(
        &self,
        asked: &Asked<'_>,
        tries: &mut Tries,
    ) -> Result<Answer<T::Headers>, StoreError> {
        loop {
            match self.once(asked).await {
                Ok(answer) => return Ok(answer),
                Err(missed) => self.again(tries, &missed).await?,
            }
        }
    }

    pub(super) async fn once(&self, asked: &Asked<'_>) -> Result<Answer<T::Headers>, Missed> {
        let call = asked.call(self.bucket, self.transport.now());
        let Received {
            status,
            headers,
            body,
        } = self.transport.send(&call).await.map_err(Missed::from)?;
        let how = || answered(status, &body);
        match status {
            409 if error_document::code(&body).as_deref() == Some("OperationAborted") => {
                Err(Missed::NotDone(how()))
            }
            429 => Err(Missed::NotDone(how())),
            408 | 500 | 502..=504 => Err(Missed::InDoubt(how())),
            _ => Ok(Answer {
                status,
                headers,
                body,
            }),
        }
    }

    /// Waits before the next try; an error when there is none.
    pub(super) async fn again(&self, tries: &mut Tries, missed: &Missed) -> Result<(), StoreError> {
        let elapsed = self.transport.now().since(tries.began);
        let pause = PAUSES.get(tries.made).filter(|_| elapsed < GIVE_UP_SECONDS);
        let Some((least, spread)) = pause else {
            return Err(missed.clone().into());
        };
        tries.made += 1;
        let time = Duration::from_millis(least + self.jitter(*spread));
        self.transport.pause(time).await;
        Ok(())
    }
}

impl Missed {
    pub(super) fn may_be_done(&self) -> bool {
        matches!(self, Self::InDoubt(_))
    }
}

impl From<Failure> for Missed {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Connect => Self::NotDone("cannot be reached; check s3_endpoint".into()),
            Failure::Tls => Self::NotDone("has no TLS that is trusted; check s3_endpoint".into()),
            Failure::TimedOut => Self::InDoubt("did not answer in time".into()),
            Failure::Broken => Self::InDoubt("broke the connection".into()),
        }
    }
}

impl From<Missed> for StoreError {
    fn from(missed: Missed) -> Self {
        let (Missed::NotDone(how) | Missed::InDoubt(how)) = missed;
        Self::Unavailable(format!("bucket {how}"))
    }
}

impl<H: HeaderSource> Answer<H> {
    /// The object that was asked for; `None` where there is none.
    pub(super) fn object(self, bucket: &CatalogBucket) -> Result<Option<Self>, StoreError> {
        match self.status {
            200 => Ok(Some(self)),
            404 if !self.is_without_bucket() => Ok(None),
            _ => Err(self.refusal(Right::Read, bucket)),
        }
    }

    pub(super) fn deleted(&self, bucket: &CatalogBucket) -> Result<(), StoreError> {
        match self.status {
            200..=299 => Ok(()),
            404 if !self.is_without_bucket() => Ok(()),
            _ => Err(self.refusal(Right::Delete, bucket)),
        }
    }

    /// Whether a condition was not met. S3 says 404 where the object that had to match is gone, and 409
    /// where another write is under way.
    pub(super) fn has_lost(&self, held: &Held) -> bool {
        match self.status {
            409 | 412 => true,
            404 => held.etag.is_some() && !self.is_without_bucket(),
            _ => false,
        }
    }

    /// The object's version, to be compared with; never `None`.
    pub(super) fn etag(&self) -> Result<Option<String>, StoreError> {
        let etag = self.headers.single("etag").unwrap_or_default();
        let strong = etag.starts_with('"') && etag.bytes().all(|byte| byte.is_ascii_graphic());
        if !strong {
            // If-Match never matches a weak one (RFC 9110 §13.1.1).
            return Err(StoreError::Garbled(
                "bucket gives an object no strong ETag; nothing between here and the bucket may change \
                 what it sends"
                    .into(),
            ));
        }
        Ok(Some(etag.to_string()))
    }

    /// What an answer means that is none to what was asked. `right` is what it takes to ask it.
    pub(super) fn refusal(&self, right: Right, bucket: &CatalogBucket) -> StoreError {
        let code = self.code().unwrap_or_default();
        match (self.status, code.as_str()) {
            (_, "NoSuchBucket") => StoreError::Unusable(format!(
                "there is no bucket {}; check {}",
                bucket.name(),
                bucket.name_variable()
            )),
            (_, "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "Unauthorized") | (401, _) => {
                StoreError::Unusable(format!(
                    "bucket does not know the key pair ({}); check {}",
                    answered(self.status, &self.body),
                    bucket.key_variables()
                ))
            }
            (_, "RequestTimeTooSkewed" | "ExpiredRequest") => StoreError::Unusable(format!(
                "bucket {}; check this machine's clock",
                answered(self.status, &self.body)
            )),
            (403, _) => StoreError::Forbidden(right),
            _ => StoreError::Garbled(format!("bucket {}", answered(self.status, &self.body))),
        }
    }

    fn is_without_bucket(&self) -> bool {
        self.code().as_deref() == Some("NoSuchBucket")
    }

    fn code(&self) -> Option<String> {
        error_document::code(&self.body)
    }
}

fn answered(status: u16, body: &[u8]) -> String {
    match error_document::code(body) {
        Some(code) => format!("answered {status} {code}"),
        None => format!("answered {status}"),
    }
}
