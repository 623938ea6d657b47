//! The origin as part of the host: the same rules as the component `origin`, without the hop.
//!
//! A request that crosses from one component to another costs about as much as all the rest of the
//! gate's work (docs/adr/0005). The component stays for hosts that are not ours.

use crate::fast_path::cached;
use crate::fast_path::x_cache::CacheStatus;
use crate::log::Log;
use crate::runtime::allowed_hosts::AllowedHosts;
use crate::traces::bucket_span::TracedClient;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Empty, Full};
use reelgate_cache::{Cache, Space};
use reelgate_core::http as core_http;
use reelgate_core::http::{Answer, Head, HeaderSource, Headers};
use reelgate_core::origin::{BucketRequest, Config, Dialogue, Event, Failure, Step, WHOLE_BODY};
use reelgate_core::time::UnixTime;
use std::time::{SystemTime, UNIX_EPOCH};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// Days whose signing keys are derived ahead; on any other a request costs a microsecond more.
const PREPARED_DAYS: usize = 366;

/// Answers `GET|HEAD /games/...` from the bucket.
#[derive(Debug)]
pub(crate) struct NativeOrigin {
    config: Config,
    /// What a cache has of the bucket, where there is one.
    space: Option<Space>,
    allowed_hosts: AllowedHosts,
    log: Log,
}

impl NativeOrigin {
    /// An origin for the bucket of `config`, with `cache` before it.
    pub(crate) fn new(
        mut config: Config,
        cache: Option<&Cache>,
        allowed_hosts: AllowedHosts,
        log: Log,
    ) -> Self {
        config.prepare(now(), PREPARED_DAYS);
        Self {
            space: cache.map(|cache| cache.space(config.cache_key())),
            config,
            allowed_hosts,
            log,
        }
    }

    /// Answers one request, and says what the cache had to do with it.
    pub(crate) async fn handle<H: HeaderSource + ?Sized>(
        &self,
        request: &core_http::Request<'_, H>,
        client: TracedClient<'_>,
    ) -> (Response<WasiBody>, CacheStatus) {
        match &self.space {
            Some(space) if cached::is_for_cache(request) => {
                cached::answer(request, space, self, client).await
            }
            _ => (self.ask(request, client).await, CacheStatus::Bypass),
        }
    }

    /// Has the bucket answer one request.
    pub(crate) async fn ask<H: HeaderSource + ?Sized>(
        &self,
        request: &core_http::Request<'_, H>,
        client: TracedClient<'_>,
    ) -> Response<WasiBody> {
        let (mut exchange, mut step) = Dialogue::start(request, &self.config, now());
        let mut current: Option<Response<WasiBody>> = None;
        loop {
            step = match step {
                Step::Send(request) => match self.send(&request, client).await {
                    Ok(response) => {
                        let response = current.insert(response);
                        let (status, headers) =
                            (response.status().as_u16(), CoreHeaders(response.headers()));
                        exchange.next(
                            Event::Head {
                                status,
                                headers: &headers,
                            },
                            now(),
                            jitter(),
                        )
                    }
                    Err(failure) => {
                        exchange.next(Event::<CoreHeaders<'_>>::Failed(failure), now(), jitter())
                    }
                },
                Step::Pause(time) => {
                    client.metrics().outgoing.again.inc();
                    tokio::time::sleep(time).await;
                    exchange.next(Event::<CoreHeaders<'_>>::Paused, now(), jitter())
                }
                Step::Read { limit } => match read_in_time(current.take(), limit).await {
                    Ok(document) => {
                        exchange.next(Event::<CoreHeaders<'_>>::Body(&document), now(), jitter())
                    }
                    Err(failure) => {
                        exchange.next(Event::<CoreHeaders<'_>>::Failed(failure), now(), jitter())
                    }
                },
                Step::Forward(head) => return forwarded(head, current),
                Step::Answer(answer) => return answered(answer),
            };
            if let Some(note) = exchange.take_note() {
                self.log.note("origin", &note);
            }
        }
    }

    /// Sends what the rules made of a request.
    pub(crate) async fn send(
        &self,
        request: &BucketRequest<'_>,
        client: TracedClient<'_>,
    ) -> Result<Response<WasiBody>, Failure> {
        let request = outgoing(request).map_err(|_| Failure::Broken)?;
        if !self.allowed_hosts.allow(request.uri()) {
            self.log.error(
                "origin",
                "the bucket's endpoint is not in allowed_outbound_hosts",
            );
            return Err(Failure::Broken);
        }
        client
            .send(request, RequestOptions::default())
            .await
            .map_err(|error| failure(&error))
    }
}

fn outgoing(request: &BucketRequest<'_>) -> Result<Request<WasiBody>, http::Error> {
    let uri = Uri::builder()
        .scheme(request.scheme.as_str())
        .authority(request.authority)
        .path_and_query(request.path_and_query.as_str())
        .build()?;
    let method = match request.method {
        core_http::Method::Head => Method::HEAD,
        _ => Method::GET,
    };
    let mut outgoing = Request::builder().method(method).uri(uri);
    if let Some(headers) = outgoing.headers_mut() {
        extend(headers, &request.headers);
    }
    outgoing.body(Empty::new().map_err(|never| match never {}).boxed_unsync())
}

fn forwarded(head: Head, current: Option<Response<WasiBody>>) -> Response<WasiBody> {
    let body = current.map_or_else(empty, Response::into_body);
    response(head, body)
}

pub(crate) fn answered(answer: Answer) -> Response<WasiBody> {
    let body = Full::new(Bytes::from(answer.body.into_owned()))
        .map_err(|never| match never {})
        .boxed_unsync();
    response(answer.head, body)
}

fn response(head: Head, body: WasiBody) -> Response<WasiBody> {
    let mut response = Response::new(body);
    *response.status_mut() =
        http::StatusCode::from_u16(head.status).unwrap_or(http::StatusCode::BAD_GATEWAY);
    extend(response.headers_mut(), &head.headers);
    response
}

pub(crate) fn empty() -> WasiBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// Header values come from a rule, which made or checked them: one that HTTP cannot carry is left out.
pub(crate) fn extend(map: &mut HeaderMap, headers: &Headers) {
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            map.append(HeaderName::from_static(name), value);
        }
    }
}

/// A document that comes byte by byte, each in time, is none in the end.
async fn read_in_time(
    response: Option<Response<WasiBody>>,
    limit: usize,
) -> Result<Vec<u8>, Failure> {
    tokio::time::timeout(WHOLE_BODY, read_at_most(response, limit))
        .await
        .unwrap_or(Err(Failure::TimedOut))
}

async fn read_at_most(
    response: Option<Response<WasiBody>>,
    limit: usize,
) -> Result<Vec<u8>, Failure> {
    let mut document = Vec::new();
    let Some(mut body) = response.map(Response::into_body) else {
        return Ok(document);
    };
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failure(&error))?;
        let data = frame.into_data().unwrap_or_default();
        document.extend_from_slice(&data[..data.len().min(limit - document.len())]);
        if document.len() == limit {
            break;
        }
    }
    Ok(document)
}

fn failure(error: &Error) -> Failure {
    match error {
        Error::ConnectionRefused | Error::ConnectionTimeout | Error::Connect(_) => Failure::Connect,
        Error::TlsProtocolError => Failure::Tls,
        Error::HttpResponseTimeout | Error::ConnectionReadTimeout => Failure::TimedOut,
        _ => Failure::Broken,
    }
}

pub(crate) fn now() -> UnixTime {
    UnixTime(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs()),
    )
}

fn jitter() -> u16 {
    use std::hash::{BuildHasher, Hasher};
    let random = std::hash::RandomState::new().build_hasher().finish();
    (random & 0xffff) as u16
}

/// A header map in the words of the rules.
pub(crate) struct CoreHeaders<'a>(pub(crate) &'a HeaderMap);

impl HeaderSource for CoreHeaders<'_> {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.get_all(name).iter().map(HeaderValue::as_bytes)
    }
}
