//! Requests to the outside.

use crate::reply::fields;
use reelgate_core::http::{Headers, Method};
use reelgate_core::origin::{BETWEEN_BYTES, BucketRequest, CONNECT, FIRST_BYTE, Failure, Scheme};
use std::time::Duration;
use wasip3::http::types::{self, ErrorCode, Request, RequestOptions, Response};
use wasip3::wit_future;

/// Sends a request to the bucket, with the time-outs that hold on every host.
///
/// # Errors
///
/// Why there is no answer.
pub async fn fetch(request: &BucketRequest<'_>) -> Result<Response, Failure> {
    let outgoing = outgoing(request).map_err(|_| Failure::Broken)?;
    wasip3::http::client::send(outgoing)
        .await
        .map_err(|error| failure(&error))
}

fn outgoing(request: &BucketRequest<'_>) -> Result<Request, ErrorCode> {
    let outgoing = bodiless(request.method, &request.headers, Some(time_outs()?))?;
    let scheme = match request.scheme {
        Scheme::Http => types::Scheme::Http,
        Scheme::Https => types::Scheme::Https,
    };
    let invalid = |()| ErrorCode::HttpRequestUriInvalid;
    outgoing.set_scheme(Some(&scheme)).map_err(invalid)?;
    outgoing
        .set_authority(Some(request.authority))
        .map_err(invalid)?;
    outgoing
        .set_path_with_query(Some(&request.path_and_query))
        .map_err(invalid)?;
    Ok(outgoing)
}

fn time_outs() -> Result<RequestOptions, ErrorCode> {
    let options = RequestOptions::new();
    let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).ok();
    options
        .set_connect_timeout(nanoseconds(CONNECT))
        .and_then(|()| options.set_first_byte_timeout(nanoseconds(FIRST_BYTE)))
        .and_then(|()| options.set_between_bytes_timeout(nanoseconds(BETWEEN_BYTES)))
        .map_err(|_| ErrorCode::ConfigurationError)?;
    Ok(options)
}

/// A request without a body.
pub(crate) fn bodiless(
    method: Method,
    headers: &Headers,
    options: Option<RequestOptions>,
) -> Result<Request, ErrorCode> {
    let (_, no_trailers) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(fields(headers)?, None, no_trailers, options);
    let method = match method {
        Method::Head => types::Method::Head,
        Method::Options => types::Method::Options,
        Method::Post => types::Method::Post,
        Method::Put => types::Method::Put,
        Method::Delete => types::Method::Delete,
        Method::Get | Method::Other => types::Method::Get,
    };
    request
        .set_method(&method)
        .map_err(|()| ErrorCode::HttpRequestMethodInvalid)?;
    Ok(request)
}

/// Waits.
pub async fn pause(time: Duration) {
    wasip3::clocks::monotonic_clock::wait_for(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
        .await;
}

fn failure(error: &ErrorCode) -> Failure {
    match error {
        ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionLimitReached => Failure::Connect,
        ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout => Failure::TimedOut,
        _ => Failure::Broken,
    }
}
