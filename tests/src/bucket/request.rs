//! What the bucket is asked.

use super::NAME;
use percent_encoding::percent_decode_str;
use std::io;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// How every JWT begins: the base64 of `{"`.
const JWT: &str = "eyJ";
/// What every key of the catalog begins with.
const CATALOG: &str = ".reelgate/";

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its method.
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// The key it means, decoded.
    pub key: String,
    /// Its header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Seen {
    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// A parameter of its query, decoded.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let mut parameters = query.split('&').filter_map(|one| one.split_once('='));
        let (_, value) = parameters.find(|(own, _)| *own == name)?;
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    }

    /// Whether it is about the catalog, which no viewer can cause anybody to ask for.
    #[must_use]
    pub fn is_of_catalog(&self) -> bool {
        let prefix = self.parameter("prefix").unwrap_or_default();
        self.key.starts_with(CATALOG) || prefix.starts_with(CATALOG)
    }

    /// Whether a row of the catalog is read.
    #[must_use]
    pub fn is_read_of_row(&self) -> bool {
        self.method == "GET" && self.key.starts_with(".reelgate/videos/")
    }

    fn announced(&self) -> usize {
        let length = self
            .header("content-length")
            .and_then(|length| length.parse().ok());
        length.unwrap_or(0)
    }

    /// The signed query and these headers, and nothing else.
    ///
    /// # Panics
    ///
    /// There is something else.
    pub fn assert_shows_no_viewer(&self) {
        const HEADERS: [&str; 7] = [
            "host",
            "accept-encoding",
            "range",
            "if-match",
            "if-none-match",
            "if-modified-since",
            "if-unmodified-since",
        ];
        for (name, value) in &self.headers {
            assert!(HEADERS.contains(&name.as_str()), "{name} in {self:?}");
            assert!(!value.contains(JWT), "a token in {self:?}");
        }
        let (path, query) = self.target.split_once('?').expect("a signed query");
        assert!(!path.contains(JWT), "a token in {self:?}");
        assert!(query.contains("X-Amz-Signature="), "not signed: {self:?}");
        for parameter in query.split('&') {
            assert!(parameter.starts_with("X-Amz-"), "{parameter} in {self:?}");
        }
    }
}

/// Reads the next request; `None` when the client has closed. `buffer` keeps what came after it.
pub(super) async fn read(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Seen>> {
    loop {
        if let Some((mut seen, head)) = parse(buffer)? {
            let whole = head + seen.announced();
            if buffer.len() >= whole {
                seen.body = buffer[head..whole].to_vec();
                buffer.drain(..whole);
                return Ok(Some(seen));
            }
        }
        if socket.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

fn parse(bytes: &[u8]) -> io::Result<Option<(Seen, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let parsed = request.parse(bytes).map_err(io::Error::other)?;
    let httparse::Status::Complete(length) = parsed else {
        return Ok(None);
    };
    let target = request.path.unwrap_or_default().to_owned();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = request.headers.iter();
    Ok(Some((
        Seen {
            method: request.method.unwrap_or_default().to_owned(),
            key: key(&target),
            target,
            body: Vec::new(),
            headers: headers
                .map(|header| (header.name.to_ascii_lowercase(), text(header.value)))
                .collect(),
        },
        length,
    )))
}

fn key(target: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    let key = path.strip_prefix(&format!("/{NAME}/")).unwrap_or(path);
    percent_decode_str(key).decode_utf8_lossy().into_owned()
}
