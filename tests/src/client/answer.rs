//! Answers: while they come, and when all is there.

use crate::deadline::within;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

/// An answer whose body is still to come.
#[derive(Debug)]
pub struct Streaming {
    /// Its status.
    pub status: u16,
    /// Its header fields.
    pub headers: HeaderMap,
    body: Incoming,
}

impl Streaming {
    pub(super) fn new(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        Self {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        }
    }

    /// The next piece of the body; `None` at its proper end.
    ///
    /// # Errors
    ///
    /// The body broke off.
    ///
    /// # Panics
    ///
    /// Nothing in time.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, hyper::Error> {
        loop {
            match within("a piece of the body", self.body.frame()).await {
                None => return Ok(None),
                Some(Err(error)) => return Err(error),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// Reads `length` bytes.
    ///
    /// # Panics
    ///
    /// There are fewer, or they do not come.
    pub async fn exactly(&mut self, length: usize) -> Bytes {
        let mut bytes = BytesMut::new();
        while bytes.len() < length {
            let piece = self.piece().await.expect("a body that goes on");
            bytes.extend_from_slice(&piece.expect("a body that goes on"));
        }
        assert_eq!(bytes.len(), length, "more came than was let through");
        bytes.freeze()
    }

    /// Reads the body to its end and counts.
    ///
    /// # Errors
    ///
    /// The body broke off.
    pub async fn count(&mut self) -> Result<u64, hyper::Error> {
        let mut count = 0;
        while let Some(piece) = self.piece().await? {
            count += piece.len() as u64;
        }
        Ok(count)
    }

    /// Reads the body to its end.
    ///
    /// # Errors
    ///
    /// The body broke off.
    pub async fn finish(mut self) -> Result<Answer, hyper::Error> {
        let mut body = BytesMut::new();
        while let Some(piece) = self.piece().await? {
            body.extend_from_slice(&piece);
        }
        Ok(Answer {
            status: self.status,
            headers: self.headers,
            body: body.freeze(),
        })
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its header fields.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// The one value of a header; empty where there is none.
    ///
    /// # Panics
    ///
    /// It is there more than once, or no text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values
            .next()
            .map_or("", |value| value.to_str().expect("text"));
        assert!(values.next().is_none(), "{name} is there twice");
        value
    }

    /// The body as text.
    ///
    /// # Panics
    ///
    /// It is none.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// It is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// What kind of problem it tells of, as RFC 9457 writes it, without what all have in common.
    ///
    /// # Panics
    ///
    /// It is none, or says another status than the answer has.
    #[must_use]
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "private, no-store");
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        assert!(problem["title"].is_string(), "{problem}");
        let kind = problem["type"].as_str().expect("a type");
        kind.strip_prefix("urn:reelgate:problem:")
            .expect("one of ours")
            .into()
    }

    /// The session in the cookie it sets; `None` where it sets none.
    ///
    /// # Panics
    ///
    /// It sets another cookie.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        let cookie = self.header("set-cookie");
        if cookie.is_empty() {
            return None;
        }
        let pair = cookie.split(';').next()?;
        Some(pair.strip_prefix("reelgate_session=").expect("our cookie"))
    }
}
