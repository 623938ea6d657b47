//! Answers: made here, or passed on.

use crate::incoming::Fields;
use reelgate_core::http::{Answer, Head, Headers};
use wasip3::http::types::{self, ErrorCode, Response};
use wasip3::{wit_future, wit_stream};

/// Sends an answer a rule made.
///
/// # Errors
///
/// The host refused a header.
pub fn reply(answer: Answer) -> Result<Response, ErrorCode> {
    let headers = fields(&answer.head.headers)?;
    let (_, no_trailers) = wit_future::new(|| Ok(None));
    if answer.body.is_empty() {
        return with_status(
            Response::new(headers, None, no_trailers).0,
            answer.head.status,
        );
    }
    let (mut body, contents) = wit_stream::new();
    let (response, _sent) = Response::new(headers, Some(contents), no_trailers);
    // A viewer who leaves early takes no part of the rest: what could not be written is dropped.
    wit_bindgen::spawn(async move { drop(body.write_all(answer.body.into_owned()).await) });
    with_status(response, answer.head.status)
}

/// Status and headers of an answer from elsewhere.
#[must_use]
pub fn head_of(response: &Response) -> (u16, Fields) {
    (
        response.get_status_code(),
        response.get_headers().copy_all(),
    )
}

/// Passes on the body of `upstream` under a new head, as a handle: no byte of it enters this
/// component's memory, and where it breaks there, it breaks for the viewer.
///
/// The task ends with the head. The body is the host's by then, so nothing here need stay alive for
/// it, and an instance is free for the next request while a film still streams.
///
/// # Errors
///
/// The host refused a header.
pub fn forward(head: &Head, upstream: Response) -> Result<Response, ErrorCode> {
    let (_, received) = wit_future::new(|| Ok(()));
    let (contents, trailers) = Response::consume_body(upstream, received);
    let (response, _sent) = Response::new(fields(&head.headers)?, Some(contents), trailers);
    with_status(response, head.status)
}

fn with_status(response: Response, status: u16) -> Result<Response, ErrorCode> {
    response
        .set_status_code(status)
        .map_err(|()| ErrorCode::InternalError(Some(format!("status {status} refused"))))?;
    Ok(response)
}

pub(crate) fn fields(headers: &Headers) -> Result<types::Fields, ErrorCode> {
    let list: Fields = headers
        .iter()
        .map(|(name, value)| ((*name).into(), value.to_vec()))
        .collect();
    types::Fields::from_list(&list)
        .map_err(|error| ErrorCode::InternalError(Some(format!("header refused: {error}"))))
}
