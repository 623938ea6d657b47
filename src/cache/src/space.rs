//! The objects of one bucket: who wants one gets it from here, or asks the bucket for all who want it.

use crate::Shared;
use crate::disk::SpaceKey;
use crate::fill::Arrival;
use crate::freshness;
use crate::inflight::{Follower, Leader, Outcome, Plain, Role};
use crate::memory::{Slot, Uncached};
use crate::object::{Key, Object};
use crate::reader::{Hit, Source};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, ETAG};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt as _;
use std::hash::BuildHasher as _;
use std::sync::Arc;

/// Milliseconds for which it is believed that an object cannot be kept.
const UNCACHED: u64 = 60_000;

/// Bytes of an answer that is shared although it is no object: an error and its text.
const PLAIN: u64 = 16 * 1024;

/// How often an object that broke off is waited for.
const TRIES: usize = 2;

/// Asks a bucket.
pub trait Bucket: Sync {
    /// Bodies as they come from it.
    type Body: Body<Data = Bytes> + Send + Unpin + 'static;

    /// Asks for all of the object, unless it has the tag `known`. 304 is an answer only to that. What goes wrong
    /// is an answer too.
    fn get(&self, known: Option<&HeaderValue>)
    -> impl Future<Output = Response<Self::Body>> + Send;
}

/// What one who asks is to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// All of it.
    Whole,
    /// A part of it. Of an object that is too large for that it is not fetched whole.
    Part,
    /// What is known of it. Nothing is fetched whole that is not there.
    Known,
}

/// What was found.
#[derive(Debug)]
pub enum Found<B> {
    /// An object.
    Object(Hit),
    /// The answer of the bucket to this request for all of the object.
    Answer(Response<B>),
    /// An answer without an object, which others may get too.
    Plain(Arc<Plain>),
    /// Nothing: the bucket has to be asked what was asked here.
    Nothing,
}

/// The objects of one bucket.
#[derive(Debug)]
pub struct Space {
    number: u32,
    key: Arc<SpaceKey>,
    shared: Arc<Shared>,
}

impl Space {
    pub(crate) fn new(number: u32, key: [u8; 32], shared: &Arc<Shared>) -> Self {
        Self {
            number,
            key: Arc::new(SpaceKey::new(key)),
            shared: Arc::clone(shared),
        }
    }

    /// The object at `path`, which is the one name that it has. `now` is in milliseconds since 1970.
    pub async fn get<B: Bucket>(
        &self,
        path: &str,
        want: Want,
        now: u64,
        bucket: &B,
    ) -> Found<B::Body> {
        let id = self.shared.hasher.hash_one((self.number, path));
        if let Some(Slot::Object(object)) = self.shared.memory.get(id)
            && object.is_fresh(now)
            && object.is(self.number, path)
            && let Some(hit) = Hit::hold(&object, Source::Hit, &self.shared.counters)
        {
            self.shared.counters.hit();
            return Found::Object(hit);
        }
        let asked = Asked {
            space: self,
            id,
            path,
            want,
            now,
        };
        Box::pin(asked.settle(bucket)).await
    }
}

/// One request for what is not there, or has to be asked for again.
struct Asked<'a> {
    space: &'a Space,
    id: u64,
    path: &'a str,
    want: Want,
    now: u64,
}

impl Asked<'_> {
    async fn settle<B: Bucket>(&self, bucket: &B) -> Found<B::Body> {
        for _ in 0..TRIES {
            if self.is_uncached() {
                break;
            }
            match self.shared().in_flight.join(self.id) {
                Role::Leader(leader) => return self.lead(leader, bucket).await,
                Role::Follower(follower) => {
                    if let Some(found) = self.follow(follower).await {
                        return found;
                    }
                }
            }
        }
        self.nothing()
    }

    /// `None` when there is nothing yet.
    async fn follow<B>(&self, follower: Follower) -> Option<Found<B>> {
        match follower.outcome().await? {
            Outcome::Object(object) if object.is(self.space.number, self.path) => {
                let hit = self.hold(&object, Source::Hit)?;
                self.shared().counters.joined();
                Some(Found::Object(hit))
            }
            Outcome::Plain(plain) => Some(Found::Plain(plain)),
            Outcome::Object(_) | Outcome::Each => Some(self.nothing()),
        }
    }

    async fn lead<B: Bucket>(&self, leader: Leader, bucket: &B) -> Found<B::Body> {
        let known = match self.in_memory() {
            Some(object) => Some(object),
            None => self.on_disk().await,
        };
        if let Some(object) = known.as_ref().filter(|object| object.is_fresh(self.now))
            && let Some(hit) = self.hold(object, Source::Hit)
        {
            leader.share(Outcome::Object(Arc::clone(object)));
            return Found::Object(hit);
        }
        if known.is_none() && self.want == Want::Known {
            return self.nothing();
        }
        let tag = known.as_ref().and_then(|object| object.etag());
        let response = bucket.get(tag).await;
        match known {
            Some(object) if response.status() == StatusCode::NOT_MODIFIED => {
                object.validate(self.now);
                let Some(hit) = self.hold(&object, Source::Revalidated) else {
                    return self.nothing();
                };
                leader.share(Outcome::Object(object));
                Found::Object(hit)
            }
            known => self.answered(leader, known, response).await,
        }
    }

    /// The bucket's answer, when it is another than that nothing has changed.
    async fn answered<B>(
        &self,
        leader: Leader,
        known: Option<Arc<Object>>,
        response: Response<B>,
    ) -> Found<B>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
    {
        if response.status() != StatusCode::OK {
            if let Some(object) = known.filter(|_| is_gone(response.status())) {
                self.forget(&object);
            }
            return self.plain(leader, response).await;
        }
        if let Some(object) = known {
            self.forget(&object);
        }
        match self.admit(&response) {
            Some(arrival) => {
                let Some(hit) = Hit::hold(&arrival.object, Source::Miss, &self.shared().counters)
                else {
                    return self.nothing();
                };
                self.shared().counters.miss();
                leader.share(Outcome::Object(Arc::clone(&arrival.object)));
                tokio::spawn(arrival.fill(response.into_body()));
                Found::Object(hit)
            }
            None => {
                leader.share(Outcome::Each);
                if self.want == Want::Whole {
                    self.shared().counters.passed();
                    return Found::Answer(response);
                }
                self.nothing()
            }
        }
    }

    /// What is no object: for all who wait, if it is short.
    async fn plain<B>(&self, leader: Leader, response: Response<B>) -> Found<B>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
    {
        self.shared().counters.passed();
        let (head, body) = response.into_parts();
        let is_short = body.size_hint().exact().is_some_and(|size| size <= PLAIN);
        if !is_short {
            leader.share(Outcome::Each);
            return Found::Answer(Response::from_parts(head, body));
        }
        let Ok(body) = body.collect().await else {
            leader.share(Outcome::Each);
            return Found::Nothing;
        };
        let plain = Arc::new(Plain {
            status: head.status,
            headers: head.headers,
            body: body.to_bytes(),
        });
        leader.share(Outcome::Plain(Arc::clone(&plain)));
        Found::Plain(plain)
    }

    /// A place for what `response` brings; `None` when it is not to be kept, or nothing more fits in.
    fn admit<B>(&self, response: &Response<B>) -> Option<Arrival> {
        let headers = response.headers();
        let size = length(headers).filter(|_| has_strong_tag(headers));
        let largest = self.shared().memory.largest(self.want == Want::Part);
        let Some(size) = size.filter(|size| *size <= largest) else {
            let uncached = Uncached {
                size: size.unwrap_or(u64::MAX),
                until: self.now + UNCACHED,
                check: self.check(),
            };
            let slot = Slot::Uncached(uncached);
            self.shared().memory.insert(self.id, slot);
            return None;
        };
        let object = Object::new(
            Key {
                space: self.space.number,
                path: self.path.into(),
            },
            headers.clone(),
            size,
            freshness::of(self.path),
            self.now,
            self.shared().memory.reserve(size)?,
        );
        let object = Arc::new(object);
        let slot = Slot::Object(Arc::clone(&object));
        self.shared().memory.insert(self.id, slot);
        let key = Arc::clone(&self.space.key);
        Some(Arrival::new(
            self.id,
            object,
            Arc::clone(&self.space.shared),
            key,
        ))
    }

    fn in_memory(&self) -> Option<Arc<Object>> {
        match self.shared().memory.peek(self.id)? {
            Slot::Object(object) if object.has_failed() => None,
            Slot::Object(object) if object.is(self.space.number, self.path) => Some(object),
            _ => None,
        }
    }

    async fn on_disk(&self) -> Option<Arc<Object>> {
        let disk = self.shared().disk.as_ref()?;
        let stored = disk.load(&self.space.key, self.path).await?;
        let held = self.shared().memory.reserve(stored.size)?;
        let object = Object::new(
            Key {
                space: self.space.number,
                path: self.path.into(),
            },
            stored.headers,
            stored.size,
            freshness::of(self.path),
            stored.validated,
            held,
        );
        object.complete(stored.chunks);
        let object = Arc::new(object);
        let slot = Slot::Object(Arc::clone(&object));
        self.shared().memory.insert(self.id, slot);
        self.shared().counters.disk_hit();
        Some(object)
    }

    /// The bucket has it no more, or has another version.
    fn forget(&self, object: &Arc<Object>) {
        self.shared().memory.remove(self.id, object);
        if let Some(disk) = &self.shared().disk {
            disk.forget(&self.space.key, self.path);
        }
    }

    fn is_uncached(&self) -> bool {
        let Some(Slot::Uncached(uncached)) = self.shared().memory.peek(self.id) else {
            return false;
        };
        let largest = self.shared().memory.largest(self.want == Want::Part);
        uncached.check == self.check() && self.now < uncached.until && uncached.size > largest
    }

    /// A second hash of the name.
    fn check(&self) -> u64 {
        self.shared().hasher.hash_one((self.path, self.id))
    }

    fn hold(&self, object: &Arc<Object>, source: Source) -> Option<Hit> {
        let counters = &self.shared().counters;
        let hit = Hit::hold(object, source, counters)?;
        if source == Source::Revalidated {
            counters.revalidated();
        } else {
            counters.hit();
        }
        Some(hit)
    }

    fn nothing<B>(&self) -> Found<B> {
        self.shared().counters.passed();
        Found::Nothing
    }

    fn shared(&self) -> &Shared {
        &self.space.shared
    }
}

fn is_gone(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE)
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A weak one does not say that the bytes are the same (RFC 9110 §8.8.1).
fn has_strong_tag(headers: &HeaderMap) -> bool {
    let tag = headers.get(ETAG).map_or(&b""[..], HeaderValue::as_bytes);
    tag.len() >= 2 && tag.starts_with(b"\"") && tag.ends_with(b"\"")
}
