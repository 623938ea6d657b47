//! The way to the bucket. Its answers are held against what was asked before anybody reads them: a part
//! of a film must not pass for all of it, nor for another part.

use std::fmt;

use async_trait::async_trait;
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderName, RANGE},
};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
        HttpService, ReqwestConnector,
    },
};

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
            return self.0.execute(request).await;
        }
        let asked = Asked::of(request.headers());
        let again = request.clone();
        let answer = match self.0.execute(request).await {
            // The bucket closed a connection that was kept open, just as it was used again
            // (RFC 9112, section 9.3.1).
            Err(error) if broke_off(&error) => self.0.execute(again).await?,
            answer => answer?,
        };
        asked
            .hold_against(answer)
            .map_err(|error| HttpError::new(HttpErrorKind::Decode, error))
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
#[error("it was asked for {asked} and answered {answer}")]
pub(super) struct Disagreement {
    asked: Asked,
    answer: String,
}

/// Which bytes of an object were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
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
        if !answer.status().is_success() {
            return Ok(answer);
        }
        let said = Said::of(&answer);
        let disagreement = || Disagreement {
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
    use object_store::client::HttpResponseBody;

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
        // An error says what it says.
        assert_eq!(held(None, 404, &[(CONTENT_LENGTH, "100")]), Ok((404, None)));
    }
}
