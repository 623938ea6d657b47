//! The cache before the bucket: what it has is answered with, by the rules that the bucket's answers are judged
//! by. The gate has decided before.

use crate::fast_path::native_origin::{CoreHeaders, NativeOrigin, answered, empty, extend};
use crate::fast_path::x_cache::CacheStatus;
use crate::traces::bucket_span::TracedClient;
use http::header::IF_NONE_MATCH;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use reelgate_cache::{Broken, Bucket, Found, Hit, Plain, Space, Want};
use reelgate_core::http as core_http;
use reelgate_core::http::{HeaderSource, Method};
use reelgate_core::origin::{FromStored, asks_for_whole, from_stored, has_conditions};
use std::time::{SystemTime, UNIX_EPOCH};
use wasmtime_wasi_http::{Error, WasiBody};

type Request<'a, H> = core_http::Request<'a, H>;

/// Whether the cache is asked: a target with a query makes a clip, which is no object.
pub(crate) fn is_for_cache<H: ?Sized>(request: &Request<'_, H>) -> bool {
    matches!(request.method, Method::Get | Method::Head) && !request.target.contains('?')
}

/// Answers `request` from `space`, or lets `origin` ask the bucket.
pub(crate) async fn answer<H: HeaderSource + ?Sized>(
    request: &Request<'_, H>,
    space: &Space,
    origin: &NativeOrigin,
    client: TracedClient<'_>,
) -> (Response<WasiBody>, CacheStatus) {
    let bucket = Whole {
        origin,
        client,
        target: request.target,
    };
    let found = space
        .get(request.target, want(request), now(), &bucket)
        .await;
    match found {
        Found::Object(hit) => {
            let status = CacheStatus::from(hit.source());
            (stored(request, hit), status)
        }
        Found::Answer(response) => (response, CacheStatus::Bypass),
        Found::Plain(plain) => (shared(request.method, &plain), CacheStatus::Bypass),
        Found::Nothing => (origin.ask(request, client).await, CacheStatus::Bypass),
    }
}

fn want<H: HeaderSource + ?Sized>(request: &Request<'_, H>) -> Want {
    if asks_for_whole(request.headers) && request.method == Method::Get {
        Want::Whole
    } else if request.method == Method::Head || has_conditions(request.headers) {
        Want::Known
    } else {
        Want::Part
    }
}

fn stored<H: HeaderSource + ?Sized>(request: &Request<'_, H>, hit: Hit) -> Response<WasiBody> {
    if asks_for_whole(request.headers) {
        return whole(request.method, hit);
    }
    match from_stored(request, &CoreHeaders(hit.headers()), hit.size()) {
        FromStored::Whole => whole(request.method, hit),
        FromStored::Answer(answer) => answered(answer),
        FromStored::Part(head, bytes) => {
            let mut headers = hit.headers().clone();
            for (name, _) in &head.headers {
                headers.remove(*name);
            }
            extend(&mut headers, &head.headers);
            response(StatusCode::PARTIAL_CONTENT, headers, body(hit, bytes))
        }
    }
}

fn whole(method: Method, hit: Hit) -> Response<WasiBody> {
    let (headers, size) = (hit.headers().clone(), hit.size());
    let body = if method == Method::Head {
        empty()
    } else {
        body(hit, 0..size)
    };
    response(StatusCode::OK, headers, body)
}

fn response(status: StatusCode, headers: HeaderMap, body: WasiBody) -> Response<WasiBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// An object that broke off breaks off for the player.
fn body(hit: Hit, bytes: std::ops::Range<u64>) -> WasiBody {
    hit.body(bytes)
        .map_err(|Broken| Error::HttpResponseIncomplete)
        .boxed_unsync()
}

/// An answer that others got as well.
fn shared(method: Method, plain: &Plain) -> Response<WasiBody> {
    let body = if method == Method::Head {
        empty()
    } else {
        Full::new(plain.body.clone())
            .map_err(|never| match never {})
            .boxed_unsync()
    };
    response(plain.status, plain.headers.clone(), body)
}

/// One object of the bucket, asked for whole, whatever was asked here.
struct Whole<'a> {
    origin: &'a NativeOrigin,
    client: TracedClient<'a>,
    target: &'a str,
}

impl Bucket for Whole<'_> {
    type Body = WasiBody;

    async fn get(&self, known: Option<&HeaderValue>) -> Response<WasiBody> {
        let condition: Option<(HeaderName, &HeaderValue)> = known.map(|tag| (IF_NONE_MATCH, tag));
        let headers: Vec<(HeaderName, &HeaderValue)> = condition.into_iter().collect();
        let request = Request {
            method: Method::Get,
            target: self.target,
            headers: headers.as_slice(),
        };
        self.origin.ask(&request, self.client).await
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
