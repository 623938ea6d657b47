//! Documents that anybody may have, each asked for once at a time.
//!
//! Instances know nothing of each other. A key set that each of a hundred instances wants would be fetched a
//! hundred times at once, and whoever sends tokens with made-up key names has them want it. So who asks for
//! what is being fetched already waits for that answer: collapsed forwarding, as HTTP caches call it. Nothing
//! is kept: whoever asks after the answer asks anew.

use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, COOKIE, RANGE, TRANSFER_ENCODING};
use http::response::Parts;
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use wasmtime_wasi_http::{Error, WasiBody};

/// A longer document goes to who asked for it first, and the others fetch it themselves.
const MAX_LENGTH: usize = 1 << 20;

/// The documents that are being fetched.
#[derive(Clone, Debug, Default)]
pub(crate) struct PublicDocuments(Arc<Mutex<Fetches>>);

type Fetches = Vec<(Wanted, Arc<Fetch>)>;

/// What requests for one document have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    uri: Uri,
    headers: HeaderMap,
}

/// `None` while it is under way. Whoever has the lock is the one that fetches.
type Fetch = tokio::sync::Mutex<Option<Outcome>>;

#[derive(Debug)]
enum Outcome {
    Document(Parts, Bytes),
    /// Too long to be handed on.
    Long,
    Failed(&'static str),
}

impl PublicDocuments {
    /// Whether `request` asks for what anybody may have: a GET that shows no right to it, neither in its
    /// headers nor in a query.
    pub(crate) fn is_public(request: &Request<WasiBody>) -> bool {
        let telling = [
            AUTHORIZATION,
            COOKIE,
            RANGE,
            CONTENT_LENGTH,
            TRANSFER_ENCODING,
        ];
        request.method() == Method::GET
            && request.uri().query().is_none()
            && telling
                .iter()
                .all(|name| !request.headers().contains_key(name))
    }

    /// The answer to `request`, fetched by `send` unless somebody fetches it already.
    ///
    /// # Errors
    ///
    /// What `send` says. Who waited for another's answer is told that there was none.
    pub(crate) async fn get<F>(
        &self,
        request: Request<WasiBody>,
        send: impl FnOnce(Request<WasiBody>) -> F,
    ) -> Result<Response<WasiBody>, Error>
    where
        F: Future<Output = Result<Response<WasiBody>, Error>>,
    {
        let wanted = Wanted {
            uri: request.uri().clone(),
            headers: request.headers().clone(),
        };
        let fetch = self.fetch_of(&wanted);
        // Whoever has the lock and is stopped leaves the fetch to the next.
        let mut outcome = fetch.lock().await;
        match &*outcome {
            Some(Outcome::Document(head, document)) => return Ok(copy(head, document)),
            Some(Outcome::Failed(why)) => return Err(Error::InternalError(Some((*why).into()))),
            Some(Outcome::Long) => {
                drop(outcome);
                return send(request).await;
            }
            None => {}
        }
        let answer = match send(request).await {
            Ok(response) => read(response).await,
            Err(error) => Err(error),
        };
        self.forget(&fetch);
        let (result, for_others) = match answer {
            Ok(Read::Whole(head, document)) => (
                Ok(copy(&head, &document)),
                Outcome::Document(head, document),
            ),
            Ok(Read::Beginning(response)) => (Ok(response), Outcome::Long),
            Err(error) => (Err(error), Outcome::Failed("the request before it failed")),
        };
        *outcome = Some(for_others);
        result
    }

    fn fetch_of(&self, wanted: &Wanted) -> Arc<Fetch> {
        let mut fetches = self.lock();
        if let Some((_, fetch)) = fetches.iter().find(|(other, _)| other == wanted) {
            return Arc::clone(fetch);
        }
        let fetch = Arc::new(Fetch::default());
        fetches.push((wanted.clone(), Arc::clone(&fetch)));
        fetch
    }

    /// Whoever asks from now on asks anew.
    fn forget(&self, fetch: &Arc<Fetch>) {
        self.lock().retain(|(_, other)| !Arc::ptr_eq(other, fetch));
    }

    fn lock(&self) -> MutexGuard<'_, Fetches> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Read {
    Whole(Parts, Bytes),
    /// The answer as it came, for one.
    Beginning(Response<WasiBody>),
}

async fn read(response: Response<WasiBody>) -> Result<Read, Error> {
    let (head, mut rest) = response.into_parts();
    let mut document = BytesMut::new();
    while let Some(frame) = rest.frame().await {
        if let Ok(data) = frame?.into_data() {
            document.extend_from_slice(&data);
        }
        if document.len() > MAX_LENGTH {
            let beginning = Some(document.freeze());
            let body = Resumed { beginning, rest }.boxed_unsync();
            return Ok(Read::Beginning(Response::from_parts(head, body)));
        }
    }
    Ok(Read::Whole(head, document.freeze()))
}

fn copy(head: &Parts, document: &Bytes) -> Response<WasiBody> {
    let body = Full::new(document.clone())
        .map_err(|never| match never {})
        .boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = head.status;
    *response.version_mut() = head.version;
    *response.headers_mut() = head.headers.clone();
    response
}

/// A body whose beginning was read.
struct Resumed {
    beginning: Option<Bytes>,
    rest: WasiBody,
}

impl http_body::Body for Resumed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Error>>> {
        match self.beginning.take() {
            Some(beginning) => Poll::Ready(Some(Ok(http_body::Frame::data(beginning)))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Empty;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use tokio::sync::Semaphore;

    fn request(uri: &str) -> Request<WasiBody> {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        Request::get(uri).body(body).unwrap()
    }

    /// A server that answers once `open` lets it.
    struct Server {
        asked: AtomicUsize,
        open: Semaphore,
        document: Vec<u8>,
    }

    impl Server {
        fn of(document: Vec<u8>) -> Arc<Self> {
            Arc::new(Self {
                asked: AtomicUsize::new(0),
                open: Semaphore::new(0),
                document,
            })
        }

        async fn answer(&self) -> Result<Response<WasiBody>, Error> {
            self.asked.fetch_add(1, SeqCst);
            drop(self.open.acquire().await);
            if self.document.is_empty() {
                return Err(Error::ConnectionRefused);
            }
            let body = Full::new(Bytes::from(self.document.clone()));
            let body = body.map_err(|never| match never {}).boxed_unsync();
            Ok(Response::new(body))
        }
    }

    /// What many that ask at once are given, and how often the server was asked.
    async fn many(document: Vec<u8>) -> (Vec<Option<Bytes>>, usize) {
        let documents = PublicDocuments::default();
        let server = Server::of(document);
        let ask = |_| {
            let (documents, server) = (documents.clone(), Arc::clone(&server));
            async move {
                let sent = documents.get(request("http://a/keys"), |_| server.answer());
                let body = sent.await.ok()?.into_body();
                Some(body.collect().await.ok()?.to_bytes())
            }
        };
        let all = futures::future::join_all((0..100).map(ask));
        let opening = async {
            tokio::task::yield_now().await;
            server.open.add_permits(100);
        };
        let (answers, ()) = tokio::join!(all, opening);
        assert!(documents.lock().is_empty());
        (answers, server.asked.load(SeqCst))
    }

    #[tokio::test]
    async fn who_asks_for_what_is_being_fetched_waits_for_that() {
        let (answers, asked) = many(b"keys".to_vec()).await;
        assert!(
            answers
                .iter()
                .all(|answer| answer.as_deref() == Some(b"keys"))
        );
        assert_eq!(asked, 1);
    }

    #[tokio::test]
    async fn a_failure_is_everybodys() {
        let (answers, asked) = many(Vec::new()).await;
        assert!(answers.iter().all(Option::is_none));
        assert_eq!(asked, 1);
    }

    #[tokio::test]
    async fn what_is_long_everybody_fetches() {
        let long = vec![7; MAX_LENGTH + 1];
        let (answers, asked) = many(long.clone()).await;
        assert!(
            answers
                .iter()
                .all(|answer| answer.as_deref() == Some(&*long))
        );
        assert_eq!(asked, 100);
    }

    #[tokio::test]
    async fn whoever_is_stopped_leaves_the_fetch_to_the_next() {
        let documents = PublicDocuments::default();
        let server = Server::of(b"keys".to_vec());
        let mut first = Box::pin(documents.get(request("http://a/keys"), |_| server.answer()));
        let mut second = Box::pin(documents.get(request("http://a/keys"), |_| server.answer()));
        assert!(futures::poll!(&mut first).is_pending());
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        server.open.add_permits(1);
        assert!(second.await.is_ok());
        assert_eq!(server.asked.load(SeqCst), 2);
    }

    #[test]
    fn what_shows_a_right_is_not_public() {
        assert!(PublicDocuments::is_public(&request(
            "https://a/.well-known/jwks.json"
        )));
        assert!(!PublicDocuments::is_public(&request(
            "https://a/b?X-Amz-Signature=1"
        )));
        let mut private = request("https://a/b");
        private
            .headers_mut()
            .insert(AUTHORIZATION, "Bearer x".parse().unwrap());
        assert!(!PublicDocuments::is_public(&private));
        let mut post = request("https://a/b");
        *post.method_mut() = Method::POST;
        assert!(!PublicDocuments::is_public(&post));
    }
}
