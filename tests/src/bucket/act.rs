//! What the bucket does when it is asked.

use super::object::{Content, Fitting, MODIFIED, Object, fitting};
use super::request::Seen;
use std::fmt::Write as _;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Zeros are written in pieces of this many bytes.
const PIECE: usize = 256 << 10;
static ZEROS: [u8; PIECE] = [0; PIECE];

/// One thing to do with a request.
#[derive(Clone, Debug)]
pub enum Act {
    /// What S3 does.
    Serve,
    /// An S3 error document with this status and code, and a header.
    Refuse(u16, &'static str),
    /// The same with a header line more.
    RefuseWith(u16, &'static str, &'static str),
    /// These bytes instead of an answer.
    Say(Vec<u8>, Then),
    /// What S3 does, but the connection closes without an answer.
    Lose,
    /// These bytes, and then a letter every half second, without an end.
    Drip(Vec<u8>),
    /// A proper head, that many bytes of the body, and the connection closes.
    Cut(usize),
    /// A proper head, and pieces of the body as the gate lets them through.
    Through(Gate),
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It stays open for the next request.
    Stay,
    /// It is closed.
    Close,
    /// It stays open, and nothing more comes.
    Hang,
}

impl Act {
    /// Nothing, for ever.
    #[must_use]
    pub fn hang() -> Self {
        Self::Say(Vec::new(), Then::Hang)
    }

    /// These bytes, and the end.
    #[must_use]
    pub fn say(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Say(bytes.into(), Then::Close)
    }
}

/// Lets a body through piece by piece.
#[derive(Clone, Debug)]
pub struct Gate {
    piece: usize,
    open: Arc<Semaphore>,
}

impl Gate {
    /// Shut; opens for pieces of `piece` bytes.
    #[must_use]
    pub fn of_pieces(piece: usize) -> Self {
        Self {
            piece,
            open: Arc::new(Semaphore::new(0)),
        }
    }

    /// Lets `pieces` more through.
    pub fn open(&self, pieces: usize) {
        self.open.add_permits(pieces);
    }

    /// Lets everything through.
    pub fn open_wide(&self) {
        self.open.add_permits(1 << 20);
    }
}

pub(super) async fn perform(
    act: Act,
    seen: &Seen,
    object: Option<&Object>,
    socket: &mut TcpStream,
) -> io::Result<Then> {
    match act {
        Act::Say(bytes, then) => {
            socket.write_all(&bytes).await?;
            return Ok(then);
        }
        Act::Refuse(status, code) => return refuse(status, code, "", seen, socket).await,
        Act::RefuseWith(status, code, header) => {
            return refuse(status, code, header, seen, socket).await;
        }
        Act::Drip(beginning) => {
            socket.write_all(&beginning).await?;
            let mut pace = tokio::time::interval(Duration::from_millis(500));
            loop {
                pace.tick().await;
                socket.write_all(b"x").await?;
            }
        }
        Act::Lose => return Ok(Then::Close),
        Act::Serve | Act::Cut(_) | Act::Through(_) => {}
    }
    let Some(object) = object else {
        return refuse(404, "NoSuchKey", "", seen, socket).await;
    };
    let length = object.length();
    let (status, part) = match fitting(seen, object) {
        Fitting::Whole => (200, 0..length),
        Fitting::Part(part) => (206, part),
        Fitting::NotModified => (304, 0..0),
        Fitting::PreconditionFailed => {
            return refuse(412, "PreconditionFailed", "", seen, socket).await;
        }
        // Some say the size in a header, S3 in its document, R2 not at all: here not at all.
        Fitting::OutOfRange => return refuse(416, "InvalidRange", "", seen, socket).await,
    };
    let head = head(status, object, &part);
    socket.write_all(head.as_bytes()).await?;
    if seen.method == "HEAD" || status == 304 {
        return Ok(Then::Stay);
    }
    match act {
        Act::Cut(after) => {
            write(socket, object, part.start..part.start + after as u64).await?;
            Ok(Then::Close)
        }
        Act::Through(gate) => {
            for start in part.clone().step_by(gate.piece) {
                // The semaphore is never closed.
                gate.open
                    .acquire()
                    .await
                    .map_err(io::Error::other)?
                    .forget();
                write(
                    socket,
                    object,
                    start..part.end.min(start + gate.piece as u64),
                )
                .await?;
            }
            Ok(Then::Stay)
        }
        _ => {
            write(socket, object, part).await?;
            Ok(Then::Stay)
        }
    }
}

async fn write(socket: &mut TcpStream, object: &Object, part: Range<u64>) -> io::Result<()> {
    match &object.content {
        Content::Bytes(bytes) => {
            let position = |at: u64| usize::try_from(at).map_err(io::Error::other);
            let part = position(part.start)?..position(part.end)?;
            socket.write_all(&bytes[part]).await
        }
        Content::Zeros(_) => {
            let mut left = part.end - part.start;
            while left > 0 {
                let piece = left.min(PIECE as u64);
                // Not more than PIECE.
                socket.write_all(&ZEROS[..piece as usize]).await?;
                left -= piece;
            }
            Ok(())
        }
    }
}

/// With all that S3 says beside what a player needs, and some that only a bad neighbour would.
fn head(status: u16, object: &Object, part: &Range<u64>) -> String {
    let mut head = format!(
        "HTTP/1.1 {status} Whatever\r\nETag: {}\r\nLast-Modified: {MODIFIED}\r\n\
         Accept-Ranges: bytes\r\nContent-Type: {}\r\nServer: FakeS3\r\n\
         x-amz-request-id: 4442587FB7D0A2F9\r\nx-amz-id-2: Gyz0\r\nx-amz-meta-owner: somebody\r\n\
         x-amz-version-id: 7\r\nSet-Cookie: bucket=1\r\nCache-Control: public, max-age=9\r\n\
         Access-Control-Allow-Origin: *\r\nVia: 1.1 fake\r\nx-reelgate-log: game=forged\r\n\
         x-request-id: forged\r\n",
        object.etag, object.kind
    );
    for (name, value) in &object.metadata {
        write!(head, "{name}: {value}\r\n").expect("a string");
    }
    if status != 304 {
        let length = part.end - part.start;
        write!(head, "Content-Length: {length}\r\n").expect("a string");
    }
    if status == 206 {
        let (last, size) = (part.end - 1, object.length());
        let first = part.start;
        write!(head, "Content-Range: bytes {first}-{last}/{size}\r\n").expect("a string");
    }
    head + "\r\n"
}

pub(super) async fn refuse(
    status: u16,
    code: &str,
    header: &str,
    seen: &Seen,
    socket: &mut TcpStream,
) -> io::Result<Then> {
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>No</Message>\
         <Resource>/films/secret-resource</Resource><RequestId>4442587FB7D0A2F9</RequestId></Error>"
    );
    let body = if seen.method == "HEAD" { "" } else { &document };
    let answer = format!(
        "HTTP/1.1 {status} Whatever\r\nContent-Type: application/xml\r\nServer: FakeS3\r\n\
         x-amz-request-id: 4442587FB7D0A2F9\r\n{header}Content-Length: {}\r\n\r\n{body}",
        document.len()
    );
    socket.write_all(answer.as_bytes()).await?;
    Ok(Then::Stay)
}
