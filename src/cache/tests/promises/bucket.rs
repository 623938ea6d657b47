//! A bucket in memory that can be told to misbehave.

use bytes::Bytes;
use http::{HeaderValue, Response};
use http_body::{Frame, SizeHint};
use reelgate_cache::Bucket;
use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use tokio::sync::{mpsc, watch};

/// The connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost;

/// What is sent of a body.
pub(crate) type Sender = mpsc::UnboundedSender<Result<Bytes, Lost>>;

/// What the bucket does once.
pub(crate) enum Act {
    /// An answer without an object.
    Say(u16, &'static str),
    /// A head that announces so many bytes, with this tag, and a body that a test sends.
    Stream(
        u64,
        &'static str,
        mpsc::UnboundedReceiver<Result<Bytes, Lost>>,
    ),
    /// Nothing until the test lets it go on with what it has.
    Wait(watch::Receiver<bool>),
}

impl Act {
    /// A body of `size` bytes in the hands of a test.
    pub(crate) fn stream(size: u64, tag: &'static str) -> (Self, Sender) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self::Stream(size, tag, receiver), sender)
    }

    /// An answer that waits for a word.
    pub(crate) fn wait() -> (Self, watch::Sender<bool>) {
        let (sender, receiver) = watch::channel(false);
        (Self::Wait(receiver), sender)
    }
}

/// Objects with their tags, and what was asked.
#[derive(Default)]
pub(crate) struct Store {
    objects: Mutex<HashMap<String, (Bytes, &'static str)>>,
    acts: Mutex<VecDeque<Act>>,
    /// The tags that were known to those who asked.
    asked: watch::Sender<Vec<Option<String>>>,
}

impl Store {
    pub(crate) fn put(&self, path: &str, bytes: &Bytes, tag: &'static str) {
        let mut objects = self.objects.lock().unwrap();
        objects.insert(path.into(), (bytes.clone(), tag));
    }

    pub(crate) fn delete(&self, path: &str) {
        self.objects.lock().unwrap().remove(path);
    }

    pub(crate) fn once(&self, act: Act) {
        self.acts.lock().unwrap().push_back(act);
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.borrow().len()
    }

    /// What was known to the last who asked.
    pub(crate) fn last_known(&self) -> Option<String> {
        self.asked.borrow().last().cloned().flatten()
    }

    /// Waits until it has been asked so often.
    pub(crate) async fn was_asked(&self, times: usize) {
        let mut asked = self.asked.subscribe();
        let enough = asked.wait_for(|asked| asked.len() >= times);
        super::soon(enough).await.unwrap();
    }

    pub(crate) fn at<'a>(&'a self, path: &'a str) -> At<'a> {
        At { store: self, path }
    }
}

/// One object of it.
pub(crate) struct At<'a> {
    store: &'a Store,
    path: &'a str,
}

impl Bucket for At<'_> {
    type Body = Body;

    async fn get(&self, known: Option<&HeaderValue>) -> Response<Body> {
        let known = known.map(|tag| tag.to_str().unwrap().to_owned());
        self.store
            .asked
            .send_modify(|asked| asked.push(known.clone()));
        let act = self.store.acts.lock().unwrap().pop_front();
        // A bucket takes its time: others may ask meanwhile.
        tokio::task::yield_now().await;
        match act {
            Some(Act::Say(status, text)) => return say(status, text),
            Some(Act::Stream(size, tag, bytes)) => return stream(size, tag, bytes),
            Some(Act::Wait(mut go)) => drop(go.wait_for(|go| *go).await),
            None => {}
        }
        let object = self.store.objects.lock().unwrap().get(self.path).cloned();
        match object {
            None => say(404, "Not Found"),
            Some((_, tag)) if known.as_deref() == Some(tag) => say(304, ""),
            Some((bytes, tag)) => {
                let (sender, receiver) = mpsc::unbounded_channel();
                // Frames as a socket gives them: of no particular size.
                for frame in bytes.chunks(50_001) {
                    sender.send(Ok(bytes.slice_ref(frame))).unwrap();
                }
                stream(bytes.len() as u64, tag, receiver)
            }
        }
    }
}

fn stream(
    size: u64,
    tag: &'static str,
    bytes: mpsc::UnboundedReceiver<Result<Bytes, Lost>>,
) -> Response<Body> {
    let mut response = Response::builder()
        .header("content-type", "video/iso.segment")
        .header("last-modified", "Sat, 01 Nov 2025 12:00:00 GMT")
        .header("content-length", size);
    if !tag.is_empty() {
        response = response.header("etag", tag);
    }
    response.body(Body(bytes, None)).unwrap()
}

fn say(status: u16, text: &'static str) -> Response<Body> {
    let (sender, receiver) = mpsc::unbounded_channel();
    sender.send(Ok(Bytes::from(text))).unwrap();
    let response = Response::builder().status(status);
    let length = Some(text.len() as u64);
    response.body(Body(receiver, length)).unwrap()
}

/// A body that a test sends.
#[derive(Debug)]
pub(crate) struct Body(mpsc::UnboundedReceiver<Result<Bytes, Lost>>, Option<u64>);

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Lost;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Lost>>> {
        let bytes = ready!(self.0.poll_recv(cx));
        Poll::Ready(bytes.map(|bytes| bytes.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        self.1.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// For tasks of their own.
pub(crate) type Shared = Arc<Store>;
