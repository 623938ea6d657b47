//! Fetching the source as Stream says it does: a HEAD that must tell the size in `Content-Range`, then
//! GETs of ranges.

use std::path::Path;

use reqwest::{Client, Method, Response, StatusCode, header};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::{fs::File, io::AsyncWriteExt as _};

use crate::hex::hex;

/// The most bytes that are asked for at once.
const MOST_AT_ONCE: u64 = 16 * 1024 * 1024;

/// How many GETs a small source is fetched in, so that ranges are used at all.
const FEWEST_GETS: u64 = 4;

/// One request to the source, and what was wrong with its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pull {
    /// `HEAD` or `GET`.
    pub method: String,
    /// The range that was asked for.
    pub range: Option<String>,
    /// The answer's status.
    pub status: Option<u16>,
    /// The answer's `Content-Range`.
    pub content_range: Option<String>,
    /// Bytes of its body.
    pub bytes: u64,
    /// Why it is of no use.
    pub problem: Option<String>,
}

/// A source that has been fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fetched {
    pub(crate) size: u64,
    /// In hexadecimal.
    pub(crate) sha256: String,
}

/// Fetches the source into the file. Each request is told of through `tell`.
///
/// # Errors
/// What was wrong, without the URL: it holds a signature.
pub(crate) async fn pull(
    client: &Client,
    source: &str,
    file: &Path,
    mut tell: impl FnMut(Pull),
) -> Result<Fetched, String> {
    let mut request = Request::new(client, Method::HEAD, source, None);
    let size = request.head().await;
    tell(request.told(size.as_ref().err()));
    let size = size?;
    let written = |error: std::io::Error| format!("the disk: {error}");
    let mut file = File::create(file).await.map_err(written)?;
    let mut digest = Sha256::new();
    for (first, last) in ranges(size) {
        let mut request = Request::new(client, Method::GET, source, Some((first, last, size)));
        let got = request.get(&mut file, &mut digest).await;
        tell(request.told(got.as_ref().err()));
        got?;
    }
    file.flush().await.map_err(written)?;
    Ok(Fetched {
        size,
        sha256: hex(&digest.finalize()),
    })
}

/// First and last byte of each GET.
fn ranges(size: u64) -> impl Iterator<Item = (u64, u64)> {
    let step = size.div_ceil(FEWEST_GETS).clamp(1, MOST_AT_ONCE);
    (0..size.div_ceil(step)).map(move |n| (n * step, ((n + 1) * step).min(size) - 1))
}

struct Request<'a> {
    client: &'a Client,
    method: Method,
    source: &'a str,
    /// First byte, last byte, size of the whole.
    range: Option<(u64, u64, u64)>,
    pull: Pull,
}

impl<'a> Request<'a> {
    fn new(
        client: &'a Client,
        method: Method,
        source: &'a str,
        range: Option<(u64, u64, u64)>,
    ) -> Self {
        let pull = Pull {
            method: method.to_string(),
            range: range.map(|(first, last, _)| format!("bytes={first}-{last}")),
            status: None,
            content_range: None,
            bytes: 0,
            problem: None,
        };
        Self {
            client,
            method,
            source,
            range,
            pull,
        }
    }

    fn told(self, problem: Option<&String>) -> Pull {
        Pull {
            problem: problem.cloned(),
            ..self.pull
        }
    }

    /// The size of the source, from the answer's `Content-Range`.
    async fn head(&mut self) -> Result<u64, String> {
        let answer = self.send().await?;
        if answer.status() != StatusCode::OK {
            return Err(format!("HEAD was answered with {}", answer.status()));
        }
        let told = self.pull.content_range.as_deref();
        let told = told.ok_or("the answer to HEAD has no Content-Range")?;
        let size: Option<u64> = told
            .rsplit_once('/')
            .and_then(|(_, size)| size.parse().ok());
        let size = size.ok_or("the Content-Range of HEAD does not tell the size")?;
        match length(&answer) {
            Some(length) if length != size => Err(format!(
                "HEAD tells {size} bytes and a Content-Length of {length}"
            )),
            _ if size == 0 => Err("the source is empty".to_owned()),
            _ => Ok(size),
        }
    }

    /// One range, appended to the file.
    async fn get(&mut self, file: &mut File, digest: &mut Sha256) -> Result<(), String> {
        let mut answer = self.send().await?;
        if answer.status() != StatusCode::PARTIAL_CONTENT {
            return Err(format!("a range was answered with {}", answer.status()));
        }
        let expected = self
            .range
            .map(|(first, last, size)| format!("bytes {first}-{last}/{size}"));
        if self.pull.content_range != expected {
            return Err("a range was answered with another Content-Range".to_owned());
        }
        while let Some(chunk) = answer.chunk().await.map_err(told)? {
            self.pull.bytes += chunk.len() as u64;
            digest.update(&chunk);
            let written = file.write_all(&chunk).await;
            written.map_err(|error| format!("the disk: {error}"))?;
        }
        match self.range {
            Some((first, last, _)) if self.pull.bytes != last - first + 1 => Err(format!(
                "a range of {} bytes came as {}",
                last - first + 1,
                self.pull.bytes
            )),
            _ => Ok(()),
        }
    }

    async fn send(&mut self) -> Result<Response, String> {
        let mut request = self.client.request(self.method.clone(), self.source);
        if let Some(range) = &self.pull.range {
            request = request.header(header::RANGE, range);
        }
        let answer = request.send().await.map_err(told)?;
        self.pull.status = Some(answer.status().as_u16());
        self.pull.content_range = text(&answer, header::CONTENT_RANGE);
        if answer.headers().contains_key(header::CONTENT_ENCODING) {
            return Err("the answer has a Content-Encoding".to_owned());
        }
        Ok(answer)
    }
}

fn text(answer: &Response, name: header::HeaderName) -> Option<String> {
    Some(answer.headers().get(name)?.to_str().ok()?.to_owned())
}

/// `Content-Length`, which reqwest does not tell of an answer without a body.
fn length(answer: &Response) -> Option<u64> {
    text(answer, header::CONTENT_LENGTH)?.parse().ok()
}

fn told(error: reqwest::Error) -> String {
    // The URL holds a signature.
    let error = error.without_url();
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_the_source_once() {
        let all = |size| ranges(size).collect::<Vec<_>>();
        assert_eq!(all(10), [(0, 2), (3, 5), (6, 8), (9, 9)]);
        assert_eq!(all(1), [(0, 0)]);
        assert_eq!(all(0), []);
        let large = all(100 * 1024 * 1024);
        assert_eq!(large.len(), 7);
        assert_eq!(large.last(), Some(&(100_663_296, 104_857_599)));
    }
}
