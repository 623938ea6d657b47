//! The way to the bucket. Its answers are held against what was asked before anybody reads them: a part
//! of a film must not pass for all of it, nor for another part.

use std::fmt;

use async_trait::async_trait;
use futures::StreamExt as _;
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderName, RANGE},
};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
        HttpResponseBody, HttpService, ReqwestConnector,
    },
};

/// How much of a failed answer's body is read: an error of S3 takes some hundred bytes.
const MOST_OF_A_REFUSAL: usize = 8 * 1024;

/// Makes clients that look at what they are answered.
#[derive(Debug)]
pub(super) struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Checked(client)))
    }
}

#[derive(Debug)]
struct Checked(HttpClient);

#[async_trait]
impl HttpService for Checked {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return done(self.0.execute(request).await?).await;
        }
        let asked = Asked::of(request.headers());
        let is_of_object = !lists(&request);
        let again = request.clone();
        let answer = match self.0.execute(request).await {
            // The bucket closed a connection that was kept open, just as it was used again
            // (RFC 9112, section 9.3.1).
            Err(error) if broke_off(&error) => self.0.execute(again).await?,
            answer => answer?,
        };
        let answer = done(answer).await?;
        let held = match is_of_object && text(answer.headers(), CONTENT_LENGTH).is_none() {
            true => Err(Disagreement::NoLength),
            false => asked.hold_against(answer),
        };
        held.map_err(|error| HttpError::new(HttpErrorKind::Decode, error))
    }
}

/// Whether keys are asked for and not an object (S3's ListObjectsV2): such an answer has no length.
fn lists(request: &HttpRequest) -> bool {
    let query = request.uri().query().unwrap_or_default();
    query.split('&').any(|part| part.starts_with("list-type="))
}

/// Lets an answer pass that says that it was done, and makes an error of any other, with what it says:
/// the store would put both into a sentence.
async fn done(answer: HttpResponse) -> Result<HttpResponse, HttpError> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    let refusal = Refusal {
        status: answer.status(),
        body: beginning(answer.into_body()).await,
    };
    Err(HttpError::new(HttpErrorKind::Unknown, refusal))
}

/// As much of a body as an error of S3 takes. One that breaks off says what came of it.
async fn beginning(body: HttpResponseBody) -> String {
    let mut pieces = body.bytes_stream();
    let mut read = Vec::new();
    while let Some(Ok(piece)) = pieces.next().await {
        let room = MOST_OF_A_REFUSAL - read.len();
        read.extend_from_slice(&piece[..piece.len().min(room)]);
        if read.len() == MOST_OF_A_REFUSAL {
            break;
        }
    }
    String::from_utf8_lossy(&read).into_owned()
}

/// An answer that says that it was not done.
#[derive(Debug, thiserror::Error)]
#[error("Server returned non-2xx status code: {status}: {body}")]
pub(super) struct Refusal {
    /// Its status.
    pub(super) status: StatusCode,
    /// The beginning of its body.
    pub(super) body: String,
}

impl Refusal {
    /// S3's own word for what is wrong (S3 API reference, "Error responses").
    pub(super) fn code(&self) -> Option<&str> {
        let (_, rest) = self.body.split_once("<Code>")?;
        Some(rest.split_once("</Code>")?.0)
    }
}

fn broke_off(error: &HttpError) -> bool {
    matches!(
        error.kind(),
        HttpErrorKind::Request | HttpErrorKind::Interrupted
    )
}

/// An answer that contradicts the request or itself. Asking again gives no other.
#[derive(Debug, thiserror::Error)]
pub(super) enum Disagreement {
    /// It has other bytes than those that were asked for.
    #[error("it was asked for {asked} and answered {answer}")]
    Other {
        /// Which bytes were.
        asked: Asked,
        /// What came.
        answer: String,
    },
    /// Nobody can say whether an object is whole.
    #[error("it does not say how long its answer is")]
    NoLength,
}

/// Which bytes of an object were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of them.
    All,
    /// From the first to the last, or to the end.
    Part(u64, Option<u64>),
}

/// What an answer says of its bytes.
struct Said {
    status: StatusCode,
    /// First, last, and how many the whole object has; `None` unless it is there and can be read.
    range: Option<(u64, u64, u64)>,
    length: Option<u64>,
}

impl Asked {
    /// Our client asks for one range at most.
    fn of(headers: &HeaderMap) -> Self {
        let range = text(headers, RANGE).and_then(|range| {
            let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
            Some(Self::Part(first.parse().ok()?, last.parse().ok()))
        });
        range.unwrap_or(Self::All)
    }

    /// Lets the answer pass if it is what was asked for. A part that is called a whole, and whose
    /// `Content-Range` is the one that was asked for, is made what it is; so is a whole that was
    /// asked for as a part.
    fn hold_against(self, mut answer: HttpResponse) -> Result<HttpResponse, Disagreement> {
        let said = Said::of(&answer);
        let disagreement = || Disagreement::Other {
            asked: self,
            answer: said.in_words(answer.headers()),
        };
        let agrees = match (self, said.range) {
            (Self::All, None) => said.status != StatusCode::PARTIAL_CONTENT,
            (Self::All, Some((first, last, size))) => {
                said.status == StatusCode::OK && first == 0 && last.checked_add(1) == Some(size)
            }
            (Self::Part(from, to), Some((first, last, size))) => {
                let end = size.saturating_sub(1);
                first == from && last == to.map_or(end, |to| to.min(end))
            }
            (Self::Part(from, to), None) => {
                said.status == StatusCode::OK && from == 0 && said.is_all_of(to)
            }
        };
        if !agrees || !said.has_its_length() {
            return Err(disagreement());
        }
        if let Self::Part(..) = self {
            if let (None, Some(length)) = (said.range, said.length) {
                let range = format!("bytes 0-{}/{length}", length - 1);
                let range = HeaderValue::from_str(&range).map_err(|_| disagreement())?;
                answer.headers_mut().insert(CONTENT_RANGE, range);
            }
            *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        Ok(answer)
    }
}

impl Said {
    fn of(answer: &HttpResponse) -> Self {
        Self {
            status: answer.status(),
            range: text(answer.headers(), CONTENT_RANGE).and_then(content_range),
            length: text(answer.headers(), CONTENT_LENGTH).and_then(|length| length.parse().ok()),
        }
    }

    /// Whether a whole object of this length ends where a range that begins with it does.
    fn is_all_of(&self, last: Option<u64>) -> bool {
        self.length
            .is_some_and(|length| length > 0 && last.is_none_or(|last| length - 1 <= last))
    }

    fn has_its_length(&self) -> bool {
        match (self.range, self.length) {
            (Some((first, last, size)), Some(length)) => {
                first <= last && last < size && last - first + 1 == length
            }
            _ => true,
        }
    }

    fn in_words(&self, headers: &HeaderMap) -> String {
        let header = |name| text(headers, name).unwrap_or("none");
        format!(
            "{} with Content-Range {} and Content-Length {}",
            self.status.as_u16(),
            header(CONTENT_RANGE),
            header(CONTENT_LENGTH)
        )
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// `bytes FIRST-LAST/SIZE` (RFC 9110, section 14.4).
fn content_range(text: &str) -> Option<(u64, u64, u64)> {
    let (range, size) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?, size.parse().ok()?))
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all bytes"),
            Self::Part(first, Some(last)) => write!(f, "bytes {first}-{last}"),
            Self::Part(first, None) => write!(f, "bytes {first} to the end"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The status that passes on, and its Content-Range; what is wrong otherwise.
    fn held(
        range: Option<&str>,
        status: u16,
        headers: &[(HeaderName, &str)],
    ) -> Result<(u16, Option<String>), String> {
        let mut asked = HeaderMap::new();
        if let Some(range) = range {
            asked.insert(RANGE, HeaderValue::from_str(range).unwrap());
        }
        let body = HttpResponseBody::from(Vec::new());
        let mut answer = http::Response::builder().status(status).body(body).unwrap();
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).unwrap();
            answer.headers_mut().insert(name, value);
        }
        let held = Asked::of(&asked).hold_against(answer);
        let held = held.map_err(|error| error.to_string())?;
        let range = text(held.headers(), CONTENT_RANGE).map(str::to_owned);
        Ok((held.status().as_u16(), range))
    }

    fn range(text: &str, length: &'static str) -> [(HeaderName, String); 2] {
        [
            (CONTENT_RANGE, text.to_owned()),
            (CONTENT_LENGTH, length.to_owned()),
        ]
    }

    fn said(
        range_: &str,
        length: &'static str,
        status: u16,
        asked: Option<&str>,
    ) -> Result<u16, String> {
        let headers = range(range_, length);
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str()))
            .collect();
        held(asked, status, &headers).map(|(status, _)| status)
    }

    #[test]
    fn a_part_is_read_as_what_it_provably_is() {
        let part = Some("bytes=0-99");
        assert_eq!(said("bytes 0-99/1000", "100", 206, part), Ok(206));
        // As rclone answers.
        assert_eq!(said("bytes 0-99/1000", "100", 200, part), Ok(206));
        assert_eq!(said("bytes 0-49/50", "50", 206, part), Ok(206));
        assert_eq!(
            said("bytes 7-999/1000", "993", 206, Some("bytes=7-")),
            Ok(206)
        );
        let whole = held(part, 200, &[(CONTENT_LENGTH, "100")]);
        assert_eq!(whole, Ok((206, Some("bytes 0-99/100".to_owned()))));
    }

    #[test]
    fn what_contradicts_the_request_or_itself_is_none() {
        let part = Some("bytes=100-199");
        for (range, length, status) in [
            ("bytes 0-99/1000", "100", 206),
            ("bytes 0-99/1000", "100", 200),
            ("bytes 100-149/1000", "50", 206),
            ("bytes 100-199/1000", "50", 206),
            ("bytes 100-199/1000", "1000", 200),
            ("bytes 100-199/150", "100", 206),
        ] {
            assert!(
                said(range, length, status, part).is_err(),
                "{range} {length}"
            );
        }
        // All of it, where a part was asked for.
        assert!(held(part, 200, &[(CONTENT_LENGTH, "1000")]).is_err());
        assert!(held(part, 206, &[(CONTENT_LENGTH, "100")]).is_err());
        let told = said("bytes 0-99/1000", "100", 206, part).unwrap_err();
        assert_eq!(
            told,
            "it was asked for bytes 100-199 and answered 206 with Content-Range bytes 0-99/1000 and Content-Length 100"
        );
    }

    #[test]
    fn a_part_is_not_all_of_it() {
        assert!(said("bytes 0-99/1000", "100", 200, None).is_err());
        assert!(said("bytes 0-99/1000", "100", 206, None).is_err());
        assert!(held(None, 206, &[(CONTENT_LENGTH, "100")]).is_err());
        assert_eq!(said("bytes 0-99/100", "100", 200, None), Ok(200));
        assert_eq!(held(None, 200, &[(CONTENT_LENGTH, "100")]), Ok((200, None)));
    }

    /// What an error of S3 looks like: S3 API reference, "REST error responses".
    #[tokio::test]
    async fn a_refusal_keeps_its_status_and_what_it_says() {
        let said =
            "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>a</Message></Error>";
        let refused = async |body: String| {
            let body = HttpResponseBody::from(body);
            let answer = http::Response::builder().status(404).body(body).unwrap();
            let error = done(answer).await.unwrap_err();
            let source = std::error::Error::source(&error).unwrap();
            let refusal: &Refusal = source.downcast_ref().unwrap();
            let code = refusal.code().map(str::to_owned);
            (refusal.status.as_u16(), code, refusal.body.len())
        };
        let key = Some("NoSuchKey".to_owned());
        assert_eq!(
            refused(said.to_owned()).await,
            (404, key.clone(), said.len())
        );
        let long = format!("{said}{}", "x".repeat(100_000));
        assert_eq!(refused(long).await, (404, key, 8192));
        assert_eq!(refused(String::new()).await, (404, None, 0));
    }
}
