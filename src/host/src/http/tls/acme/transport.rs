//! How an authority is asked: HTTPS, one answer at a time, each of it whole and soon.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// One answer, connecting included: an authority that signs takes seconds.
const ANSWER: Duration = Duration::from_secs(20);
/// A chain of certificates has a few kilobytes.
const BODY: usize = 256 * 1024;
/// Who asks (RFC 8555, section 6.1).
const NAME: HeaderValue = HeaderValue::from_static(concat!("reelgate/", env!("CARGO_PKG_VERSION")));

/// A client of one authority. A clone is the same one.
#[derive(Clone)]
pub(super) struct Transport {
    client: Client<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>,
    /// What the last answer that was an error says about when to ask again.
    retry_after: Arc<Mutex<Option<Duration>>>,
}

/// An answer that ACME has no word for.
#[derive(Debug, thiserror::Error)]
enum TransportError {
    #[error("no answer within {} s", ANSWER.as_secs())]
    Silent,
    #[error("the answer is {0}, without a word why")]
    NoProblem(StatusCode),
}

impl Transport {
    pub(super) fn new(tls: &rustls::ClientConfig) -> Self {
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls.clone())
            .https_only()
            .enable_http1()
            .build();
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            retry_after: Arc::default(),
        }
    }

    /// For how long the authority wants to be left alone, if it said so in its last error.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        *self.asked_for()
    }

    fn asked_for(&self) -> std::sync::MutexGuard<'_, Option<Duration>> {
        self.retry_after
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(self, mut request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Error> {
        request.headers_mut().insert(USER_AGENT, NAME);
        let answer = self.client.request(request).await.map_err(other)?;
        let (head, body) = answer.into_parts();
        let is_error = head.status.is_client_error() || head.status.is_server_error();
        if is_error {
            *self.asked_for() = retry_after(&head.headers, SystemTime::now());
            if !is_problem(&head.headers) {
                return Err(other(TransportError::NoProblem(head.status)));
            }
        }
        let body = Limited::new(body, BODY).collect().await;
        let body = body.map_err(Error::Other)?.to_bytes();
        Ok(Response::from_parts(head, Full::new(body)).into())
    }
}

impl HttpClient for Transport {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let sending = tokio::time::timeout(ANSWER, self.clone().send(request));
        Box::pin(async move {
            sending
                .await
                .unwrap_or_else(|_| Err(other(TransportError::Silent)))
        })
    }
}

/// An error that is none of ACME's.
pub(super) fn other(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Other(Box::new(error))
}

/// RFC 8555, section 6.7.
fn is_problem(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/problem+json"))
}

/// Seconds or a time (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(text)
            .ok()?
            .duration_since(now)
            .ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 9110, section 10.2.3.
    #[test]
    fn an_authority_says_when_in_two_ways() {
        let at = |text: &'static str, now: &str| {
            let headers = [(RETRY_AFTER, HeaderValue::from_static(text))];
            let now = httpdate::parse_http_date(now).unwrap();
            retry_after(&HeaderMap::from_iter(headers), now).map(|wait| wait.as_secs())
        };
        let date = "Fri, 31 Dec 1999 23:59:59 GMT";
        assert_eq!(at("120", date), Some(120));
        assert_eq!(at(date, "Fri, 31 Dec 1999 23:58:59 GMT"), Some(60));
        assert_eq!(at(date, "Sat, 01 Jan 2000 00:00:00 GMT"), None);
        assert_eq!(at("soon", date), None);
    }
}
