//! Bodies small enough to read: the bucket's error documents.

use wasip3::http::types::{ErrorCode, Response};
use wasip3::wit_future;
use wit_bindgen::StreamResult;

/// The first `limit` bytes of a response's body, fewer where it ends before.
///
/// # Errors
///
/// It broke off.
pub async fn read_at_most(response: Response, limit: usize) -> Result<Vec<u8>, ErrorCode> {
    let (_, received) = wit_future::new(|| Ok(()));
    let (mut stream, trailers) = Response::consume_body(response, received);
    let mut bytes = Vec::new();
    while bytes.len() < limit {
        let (status, chunk) = stream.read(Vec::with_capacity(limit - bytes.len())).await;
        bytes.extend_from_slice(&chunk);
        if matches!(status, StreamResult::Dropped) {
            return trailers.await.map(|_| bytes);
        }
    }
    Ok(bytes)
}
