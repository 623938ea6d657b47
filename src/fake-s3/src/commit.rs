//! The moment an uploaded object replaces the one before it.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use s3s::{
    S3Error, S3ErrorCode, S3Result, StdError,
    dto::StreamingBlob,
    stream::{ByteStream, RemainingLength},
};
use tokio::{sync::OwnedRwLockWriteGuard, task::JoinHandle};

use crate::digests::Digests;

/// The right to put an object in place, as a task of its own: the futures of s3s-fs are not `Sync`,
/// and a body must be.
pub(crate) type Admission = JoinHandle<S3Result<OwnedRwLockWriteGuard<()>>>;

/// What is held until s3s-fs has put the object in place, and why it must not.
#[derive(Clone, Default)]
pub(crate) struct Commit(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    lock: Option<OwnedRwLockWriteGuard<()>>,
    refusal: Option<S3Error>,
}

impl Commit {
    /// The same body, but before it ends the sums are checked and `admit` is asked.
    ///
    /// s3s-fs replaces the object as soon as its body has ended without an error. So the last chance
    /// to refuse is inside the body; the lock that `admit` gives is held from there until this
    /// commit is dropped.
    pub(crate) fn guard<A>(&self, body: StreamingBlob, digests: Digests, admit: A) -> StreamingBlob
    where
        A: FnOnce() -> Admission + Send + Sync + 'static,
    {
        let length = body.remaining_length();
        let digests = Arc::new(Mutex::new(Some(digests)));
        let summing = Arc::clone(&digests);
        let received = self.clone();
        let body = body.map(move |chunk| match chunk {
            Ok(bytes) => {
                if let Some(digests) = locked(&summing).as_mut() {
                    digests.update(&bytes);
                }
                Ok(bytes)
            }
            // A body that is cut short, or has another hash than was signed, is the client's fault.
            Err(error) => {
                let refusal = S3Error::with_message(S3ErrorCode::BadDigest, error.to_string());
                Err(received.refuse(refusal))
            }
        });
        let commit = self.clone();
        let end = stream::once(async move {
            let checked = locked(&digests).take().map_or(Ok(()), Digests::check);
            let admitted = match checked {
                Ok(()) => admit()
                    .await
                    .unwrap_or_else(|lost| Err(S3Error::internal_error(lost))),
                Err(refusal) => Err(refusal),
            };
            match admitted {
                Ok(lock) => {
                    locked(&commit.0).lock = Some(lock);
                    Ok(Bytes::new())
                }
                Err(refusal) => Err(commit.refuse(refusal)),
            }
        });
        StreamingBlob::new(Guarded {
            body: Box::pin(body.chain(end)),
            length,
        })
    }

    /// Why the object was refused, if it was: s3s-fs itself only tells that its body broke off.
    pub(crate) fn refusal(&self) -> Option<S3Error> {
        locked(&self.0).refusal.take()
    }

    fn refuse(&self, refusal: S3Error) -> StdError {
        locked(&self.0).refusal = Some(refusal);
        "the object was refused".into()
    }
}

/// The state behind `mutex`; no holder leaves it half changed.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

type Chunks = dyn Stream<Item = Result<Bytes, StdError>> + Send + Sync;

struct Guarded {
    body: Pin<Box<Chunks>>,
    length: RemainingLength,
}

impl Stream for Guarded {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.body.as_mut().poll_next(cx)
    }
}

impl ByteStream for Guarded {
    fn remaining_length(&self) -> RemainingLength {
        match self.length.exact() {
            Some(length) => RemainingLength::new_exact(length),
            None => RemainingLength::unknown(),
        }
    }
}
