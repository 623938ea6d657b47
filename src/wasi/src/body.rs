//! Bodies small enough to read: the bucket's error documents, Stream's answers, commands, webhooks.

use crate::wait::within;
use reelgate_core::origin::WHOLE_BODY;
use reelgate_core::video::routes::body::{READ_TIME, Unread};
use wasip3::http::types::{ErrorCode, Request, Response, Trailers};
use wasip3::wit_future;
use wit_bindgen::{FutureReader, StreamReader, StreamResult};

/// How much is read at once: many answers are short, and many may be read at the same time.
const PIECE: usize = 64 << 10;

/// The first `limit` bytes of a response's body, fewer where it ends before. All of it has [`WHOLE_BODY`], for a
/// time-out between bytes does not end what sends one now and then.
///
/// # Errors
///
/// It broke off, or took too long.
pub(crate) async fn read_at_most(response: Response, limit: usize) -> Result<Vec<u8>, ErrorCode> {
    let (_, received) = wit_future::new(|| Ok(()));
    let (stream, trailers) = Response::consume_body(response, received);
    let body = within(WHOLE_BODY, read(stream, trailers, limit)).await;
    body.unwrap_or(Err(ErrorCode::ConnectionReadTimeout))
}

/// The body of a request, not read yet.
#[derive(Debug)]
pub struct Body(Request);

impl Body {
    pub(crate) fn of(request: Request) -> Self {
        Self(request)
    }

    /// Its first `limit` bytes, fewer where it ends before.
    ///
    /// # Errors
    ///
    /// It took longer than [`READ_TIME`], or broke off.
    pub async fn read_at_most(self, limit: usize) -> Result<Vec<u8>, Unread> {
        let (_, received) = wit_future::new(|| Ok(()));
        let (stream, trailers) = Request::consume_body(self.0, received);
        match within(READ_TIME, read(stream, trailers, limit)).await {
            Some(body) => body.map_err(|_| Unread::Broken),
            None => Err(Unread::TimedOut),
        }
    }
}

async fn read(
    mut stream: StreamReader<u8>,
    trailers: FutureReader<Result<Option<Trailers>, ErrorCode>>,
    limit: usize,
) -> Result<Vec<u8>, ErrorCode> {
    let mut bytes = Vec::new();
    while bytes.len() < limit {
        let room = Vec::with_capacity(PIECE.min(limit - bytes.len()));
        let (status, chunk) = stream.read(room).await;
        bytes.extend_from_slice(&chunk);
        if matches!(status, StreamResult::Dropped) {
            return trailers.await.map(|_| bytes);
        }
    }
    Ok(bytes)
}
