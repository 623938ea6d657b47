//! Requests to the outside.

use crate::body::read_at_most;
use crate::incoming::Fields;
use crate::reply::{fields, head_of};
use crate::wait::within;
use reelgate_core::http::{Headers, Method};
use reelgate_core::origin::{BETWEEN_BYTES, BucketRequest, CONNECT, FIRST_BYTE, Failure, Scheme};
use reelgate_core::playback::{FETCH_TIME, KeysAddress};
use reelgate_core::token::identity::{KeySet, MAX_KEY_SET_BYTES};
use reelgate_core::video::Call;
use reelgate_core::video::stream_api::MAX_ANSWER_BYTES;
use std::time::Duration;
use wasip3::http::types::{self, ErrorCode, Request, RequestOptions, Response};
use wasip3::{wit_future, wit_stream};
use wit_bindgen::{FutureReader, StreamReader, StreamWriter};

/// A request and what tells of its way: whether it was sent whole, and that its connection has ended.
pub(crate) type Outgoing = (Request, FutureReader<Result<(), ErrorCode>>);

/// Sends a request, and keeps its connection until that ends by itself: with the answer's last byte, or when
/// nobody reads on.
///
/// wasmtime 49 closes a connection with the future that tells of its request, whoever reads the answer
/// (bytecodealliance/wasmtime#14227; 48 and 50 do not). So the task stays until the future is done.
async fn send((request, sent): Outgoing) -> Result<Response, ErrorCode> {
    let response = wasip3::http::client::send(request).await?;
    wit_bindgen::spawn(async move { drop(sent.await) });
    Ok(response)
}

/// Sends a request to the bucket, with the time-outs that hold on every host.
///
/// # Errors
///
/// Why there is no answer.
pub async fn fetch(request: &BucketRequest<'_>) -> Result<Response, Failure> {
    let outgoing = outgoing(request).map_err(|_| Failure::Broken)?;
    send(outgoing).await.map_err(|error| failure(&error))
}

/// Asks Stream, with the same time-outs. `None` when there is no answer, or none that is whole and short
/// enough.
pub async fn call(call: &Call) -> Option<(u16, Fields, Vec<u8>)> {
    let answer = exchange(call, MAX_ANSWER_BYTES + 1).await.ok();
    answer.filter(|(_, _, body)| body.len() <= MAX_ANSWER_BYTES)
}

/// Sends `call` and reads the first `limit` bytes of the answer's body.
///
/// # Errors
///
/// Why there is no whole answer.
pub(crate) async fn exchange(call: &Call, limit: usize) -> Result<(u16, Fields, Vec<u8>), Failure> {
    let (request, body) = calling(call).map_err(|_| Failure::Broken)?;
    if let Some((mut writer, bytes)) = body {
        // The other side may answer before it has read all; what it makes of that, its answer says.
        wit_bindgen::spawn(async move { drop(writer.write_all(bytes).await) });
    }
    let sent = send(request).await;
    let response = sent.map_err(|error| failure(&error))?;
    let (status, headers) = head_of(&response);
    Ok((status, headers, read_whole(response, limit).await?))
}

/// The first `limit` bytes of an answer's body, within the time that a whole body has.
///
/// # Errors
///
/// Why there is no whole body.
pub async fn read_whole(response: Response, limit: usize) -> Result<Vec<u8>, Failure> {
    let body = read_at_most(response, limit).await;
    body.map_err(|error| failure(&error))
}

/// Fetches the keys of a sign-in service: one GET, no redirect, all of it in [`FETCH_TIME`].
///
/// # Errors
///
/// Why there are none, as a clause after the service's name.
pub async fn fetch_keys(address: &KeysAddress) -> Result<KeySet, String> {
    let fetched = within(FETCH_TIME, key_document(address)).await;
    let document = fetched.unwrap_or_else(|| Err("did not answer in time".into()))?;
    KeySet::parse(&document).map_err(|bad| format!("gave a document that {bad}"))
}

async fn key_document(address: &KeysAddress) -> Result<Vec<u8>, String> {
    let response = send(key_request(address).map_err(described)?)
        .await
        .map_err(described)?;
    match response.get_status_code() {
        200 => {}
        status => return Err(format!("answered {status}")),
    }
    read_at_most(response, MAX_KEY_SET_BYTES + 1)
        .await
        .map_err(described)
}

fn key_request(keys: &KeysAddress) -> Result<Outgoing, ErrorCode> {
    let accept = ("accept", b"application/json".into());
    let request = bodiless(Method::Get, &vec![accept], Some(time_outs()?))?;
    address(&request.0, keys.scheme, &keys.authority, &keys.path)?;
    Ok(request)
}

fn described(error: ErrorCode) -> String {
    format!("cannot be reached: {error:?}")
}

/// The end of a body's stream that is written to, and what is to be written.
type Writing = (StreamWriter<u8>, Vec<u8>);

fn calling(call: &Call) -> Result<(Outgoing, Option<Writing>), ErrorCode> {
    let mut headers = call.headers.clone();
    let mut body = None;
    // Buckets want to know the length of what changes something, also where there is nothing; and a body of
    // unknown length would be sent in chunks, which S3 does not take.
    let changes = matches!(call.method, Method::Put | Method::Delete);
    if changes || !call.body.is_empty() {
        let length = call.body.len().to_string().into_bytes();
        headers.push(("content-length", length.into()));
    }
    let contents = if call.body.is_empty() {
        None
    } else {
        let (writer, contents) = wit_stream::new();
        body = Some((writer, call.body.clone()));
        Some(contents)
    };
    let request = request(call.method, &headers, contents, Some(time_outs()?))?;
    address(
        &request.0,
        call.scheme,
        &call.authority,
        &call.path_and_query,
    )?;
    Ok((request, body))
}

fn outgoing(request: &BucketRequest<'_>) -> Result<Outgoing, ErrorCode> {
    let outgoing = bodiless(request.method, &request.headers, Some(time_outs()?))?;
    address(
        &outgoing.0,
        request.scheme,
        request.authority,
        &request.path_and_query,
    )?;
    Ok(outgoing)
}

fn address(
    request: &Request,
    scheme: Scheme,
    authority: &str,
    path_and_query: &str,
) -> Result<(), ErrorCode> {
    let scheme = match scheme {
        Scheme::Http => types::Scheme::Http,
        Scheme::Https => types::Scheme::Https,
    };
    request
        .set_scheme(Some(&scheme))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(path_and_query)))
        .map_err(|()| ErrorCode::HttpRequestUriInvalid)
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
) -> Result<Outgoing, ErrorCode> {
    request(method, headers, None, options)
}

fn request(
    method: Method,
    headers: &Headers,
    contents: Option<StreamReader<u8>>,
    options: Option<RequestOptions>,
) -> Result<Outgoing, ErrorCode> {
    let (_, no_trailers) = wit_future::new(|| Ok(None));
    let (request, sent) = Request::new(fields(headers)?, contents, no_trailers, options);
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
    Ok((request, sent))
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
        ErrorCode::TlsProtocolError | ErrorCode::TlsCertificateError => Failure::Tls,
        ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout => Failure::TimedOut,
        _ => Failure::Broken,
    }
}
