//! Files behind HTTP: a gate, or any other server.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::{FutureExt as _, StreamExt as _, future::LocalBoxFuture, stream};
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{CONTENT_TYPE, COOKIE, HeaderName, LOCATION, RANGE, SET_COOKIE},
};

use super::{Absence, Answer, Content, NotChecked, Source};

/// Time to connect.
const CONNECT: Duration = Duration::from_secs(10);

/// Time without a byte.
const IDLE: Duration = Duration::from_secs(30);

/// A server, and the cookies it has given: a gate swaps the token of the first request for one.
///
/// A cookie goes back to the origin of the first address alone. Its other attributes are not asked
/// for: whoever checks a gate on this machine has no TLS, and the gate's cookie is `Secure`.
pub(crate) struct OnWeb {
    client: Client,
    origin: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl OnWeb {
    /// A visitor of the server that `entry` is on.
    pub(crate) fn new(entry: &Url) -> Result<Self, NotChecked> {
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .read_timeout(IDLE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| NotChecked::new(error.to_string()))?;
        Ok(Self {
            client,
            origin: origin(entry),
            cookies: Mutex::default(),
        })
    }

    async fn ask(&self, url: &Url, range: Option<Range<u64>>) -> Result<Response, NotChecked> {
        let mut request = self.client.get(url.clone());
        if let Some(range) = &range {
            let last = range.end.saturating_sub(1);
            request = request.header(RANGE, format!("bytes={}-{last}", range.start));
        }
        if let Some(cookies) = self.cookies_for(url) {
            request = request.header(COOKIE, cookies);
        }
        let response = request.send().await.map_err(|error| {
            NotChecked::new(format!("asking for {}: {}", bare(url), last_cause(&error)))
                .with_help("check the address, and that the server runs")
        })?;
        self.keep_cookies(url, &response);
        Ok(response)
    }

    fn cookies_for(&self, url: &Url) -> Option<String> {
        if origin(url) != self.origin {
            return None;
        }
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let line = pairs.collect::<Vec<_>>().join("; ");
        (!line.is_empty()).then_some(line)
    }

    fn keep_cookies(&self, url: &Url, response: &Response) {
        if origin(url) != self.origin {
            return;
        }
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        for line in response.headers().get_all(SET_COOKIE) {
            let pair = line.to_str().ok().and_then(|line| line.split(';').next());
            if let Some((name, value)) = pair.and_then(|pair| pair.split_once('=')) {
                cookies.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
    }
}

impl Source for OnWeb {
    fn open<'a>(
        &'a self,
        url: &'a Url,
        range: Option<Range<u64>>,
    ) -> LocalBoxFuture<'a, Result<Answer, NotChecked>> {
        async move {
            if !matches!(url.scheme(), "http" | "https") {
                return Ok(Err(Absence::NotFound));
            }
            let ranged = range.is_some();
            let response = self.ask(url, range).await?;
            match response.status() {
                StatusCode::OK if !ranged => Ok(Ok(content(url, response))),
                StatusCode::PARTIAL_CONTENT if ranged => Ok(Ok(content(url, response))),
                StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::RANGE_NOT_SATISFIABLE => {
                    Ok(Err(Absence::NotFound))
                }
                status if status.is_redirection() => {
                    let location = header(&response, &LOCATION).unwrap_or_default();
                    Ok(Err(Absence::Redirected(location)))
                }
                status => Err(refused(url, status, ranged)),
            }
        }
        .boxed_local()
    }
}

fn refused(url: &Url, status: StatusCode, ranged: bool) -> NotChecked {
    let what = match (status, ranged) {
        (StatusCode::OK, true) => "200 to a range: it does not know ranges".to_owned(),
        (status, _) => status.to_string(),
    };
    let refused = NotChecked::new(format!("{} was answered with {what}", bare(url)));
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => refused.with_help(
            "give an address with a token that is still good: `reelgate token mint` makes one",
        ),
        _ => refused,
    }
}

fn content(url: &Url, response: Response) -> Content {
    let content_type = header(&response, &CONTENT_TYPE);
    let address = bare(url);
    let chunks = stream::try_unfold((response, address), |(mut response, address)| async move {
        match response.chunk().await {
            Ok(chunk) => Ok(chunk.map(|chunk| (chunk, (response, address)))),
            Err(error) => Err(NotChecked::new(format!(
                "reading {address}: {}",
                last_cause(&error)
            ))),
        }
    });
    Content {
        content_type,
        chunks: chunks.boxed(),
    }
}

fn header(response: &Response, name: &HeaderName) -> Option<String> {
    let value = response.headers().get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Without its query: a token is no matter for a terminal or a log.
fn bare(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string()
}

fn last_cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}
