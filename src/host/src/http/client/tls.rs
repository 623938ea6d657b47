//! TLS to a server, read in large pieces.
//!
//! rustls's own buffer takes 4 KB at a time from a socket, and grows and shrinks with each record. Here what the
//! socket has is read at once, and each record is decrypted where it arrived (`cargo xtask bench --only TLS` shows
//! what that is worth).

use bytes::{Buf as _, BytesMut};
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus,
};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::io::poll_read_buf;

/// A record as long as they get: its header, 2^14 bytes, and what encryption may add (RFC 5246, section 6.2.3; RFC
/// 8446, section 5.2, has less).
const RECORD: usize = 5 + (1 << 14) + 2048;
/// Bytes that are encrypted at once at most.
const WRITE_AT_ONCE: usize = 64 * 1024;

/// A connection on which TLS is spoken.
pub(crate) struct TlsStream {
    socket: TcpStream,
    session: UnbufferedClientConnection,
    /// What came and is no whole record yet.
    received: BytesMut,
    /// What was decrypted when there was no room for it.
    decrypted: BytesMut,
    /// What is to be sent.
    encrypted: BytesMut,
    /// The server said that it sends no more.
    ended: bool,
    /// It was told that no more comes.
    closed: bool,
    /// What went wrong after data that had to be handed on first.
    failed: Option<io::Error>,
}

/// What is sent as soon as the session allows it.
#[derive(Clone, Copy)]
enum Send<'a> {
    Nothing,
    Data(&'a [u8]),
    /// That no more comes (`close_notify`).
    Close,
}

/// How far a session is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It waits for the server.
    Handshake,
    /// What was to be sent is encrypted.
    Open,
    /// Both sides said that no more comes.
    Closed,
}

impl TlsStream {
    /// Shakes hands with the server that `socket` leads to.
    ///
    /// # Errors
    ///
    /// The socket's; or one that wraps [`rustls::Error`], when the server speaks no TLS or does not prove to be `name`.
    pub(crate) async fn connect(
        socket: TcpStream,
        config: Arc<rustls::ClientConfig>,
        name: ServerName<'static>,
    ) -> io::Result<Self> {
        let session = UnbufferedClientConnection::new(config, name).map_err(invalid)?;
        let mut stream = Self {
            socket,
            session,
            received: BytesMut::new(),
            decrypted: BytesMut::new(),
            encrypted: BytesMut::new(),
            ended: false,
            closed: false,
            failed: None,
        };
        loop {
            let stage = stream.advance(Send::Nothing, None);
            // Where the server's part was wrong, this is the alert that says so.
            let sent = poll_fn(|cx| stream.poll_send(cx)).await;
            if stage? != Stage::Handshake {
                return sent.map(|()| stream);
            }
            sent?;
            poll_fn(|cx| stream.poll_receive(cx, RECORD)).await?;
        }
    }

    /// Takes apart what was received: data goes to `out`, and where that is full, it is kept.
    fn advance(&mut self, send: Send<'_>, mut out: Option<&mut ReadBuf<'_>>) -> io::Result<Stage> {
        let mut failed = None;
        loop {
            let status = self.session.process_tls_records(&mut self.received);
            let UnbufferedStatus { mut discard, state } = status;
            let mut stage = None;
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record.map_err(invalid)?;
                        let rest = put(record.payload, out.as_deref_mut());
                        self.decrypted.extend_from_slice(rest);
                        discard += record.discard;
                    }
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    append(&mut self.encrypted, |room| data.encode(room))?;
                }
                // It goes out in its turn.
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    match send {
                        Send::Nothing => {}
                        Send::Data(data) => {
                            append(&mut self.encrypted, |room| traffic.encrypt(data, room))?;
                        }
                        Send::Close => {
                            append(&mut self.encrypted, |room| traffic.queue_close_notify(room))?;
                        }
                    }
                    stage = Some(Stage::Open);
                }
                Ok(ConnectionState::PeerClosed) => self.ended = true,
                Ok(ConnectionState::Closed) => stage = Some(Stage::Closed),
                // What is left is for servers: early data.
                Ok(ConnectionState::BlockedHandshake | _) => stage = Some(Stage::Handshake),
                Err(error) => failed = Some(error),
            }
            self.received.advance(discard);
            if let Some(error) = failed {
                // Once more where the server is due an alert.
                if !self.session.wants_write() {
                    return Err(invalid(error));
                }
                failed = Some(error);
            } else if let Some(stage) = stage {
                self.received = BytesMut::from(&self.received[..]);
                return Ok(stage);
            }
        }
    }

    /// Reads what the socket has, `room` bytes at most. While there is nothing, there is no buffer for it either.
    ///
    /// # Errors
    ///
    /// Also where the server broke off: whoever cuts a connection must not pass for its end (RFC 8446, section 6.1).
    fn poll_receive(&mut self, cx: &mut Context<'_>, room: usize) -> Poll<io::Result<()>> {
        loop {
            ready!(self.socket.poll_read_ready(cx))?;
            let mut buffer = BytesMut::with_capacity(self.received.len() + room);
            buffer.extend_from_slice(&self.received);
            // Having read less than it could, the socket knows without asking that there is no more.
            match poll_read_buf(Pin::new(&mut self.socket), cx, &mut buffer) {
                Poll::Ready(Ok(0)) => {
                    return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                }
                Poll::Ready(Ok(_)) => {
                    self.received = buffer;
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {}
            }
        }
    }

    /// Sends what was encrypted.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.encrypted.is_empty() {
            match ready!(Pin::new(&mut self.socket).poll_write(cx, &self.encrypted))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.encrypted.advance(sent),
            }
        }
        self.encrypted = BytesMut::new();
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = out.filled().len();
        loop {
            let rest = put(&this.decrypted, Some(out)).len();
            this.decrypted.advance(this.decrypted.len() - rest);
            if out.filled().len() > before || out.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            this.decrypted = BytesMut::new();
            if let Some(error) = this.failed.take() {
                return Poll::Ready(Err(error));
            }
            if this.ended {
                return Poll::Ready(Ok(()));
            }
            let room = out.remaining().saturating_sub(this.received.len());
            ready!(this.poll_receive(cx, room.max(RECORD)))?;
            this.failed = this.advance(Send::Nothing, Some(out)).err();
            // An alert, say. Where it fails, so does whoever writes: what was read counts all the same.
            let _ = this.poll_send(cx);
        }
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_send(cx))?;
        let data = &data[..data.len().min(WRITE_AT_ONCE)];
        if self.advance(Send::Data(data), None)? != Stage::Open {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if let Poll::Ready(sent) = self.poll_send(cx) {
            sent?;
        }
        Poll::Ready(Ok(data.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.closed {
            self.closed = true;
            self.advance(Send::Close, None)?;
        }
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

/// Has `out` take of `data` what it has room for; the rest is given back.
fn put<'a>(data: &'a [u8], out: Option<&mut ReadBuf<'_>>) -> &'a [u8] {
    let Some(out) = out else { return data };
    let (now, later) = data.split_at(data.len().min(out.remaining()));
    out.put_slice(now);
    later
}

/// Has `write` fill as much room as it asks for.
fn append<E: Into<WriteError>>(
    buffer: &mut BytesMut,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, E>,
) -> io::Result<()> {
    let start = buffer.len();
    let mut written = write(&mut []).map_err(Into::into);
    if let Err(WriteError::TooSmall(size)) = written {
        buffer.resize(start + size, 0);
        written = write(&mut buffer[start..]).map_err(Into::into);
    }
    let written = written.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe));
    buffer.truncate(start + *written.as_ref().unwrap_or(&0));
    written.map(drop)
}

/// Why a session writes nothing.
enum WriteError {
    /// It wants so many bytes of room.
    TooSmall(usize),
    /// Its keys are used up.
    Over,
}

impl From<EncodeError> for WriteError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::InsufficientSize(InsufficientSizeError { required_size }) => {
                Self::TooSmall(required_size)
            }
            EncodeError::AlreadyEncoded => Self::Over,
        }
    }
}

impl From<EncryptError> for WriteError {
    fn from(error: EncryptError) -> Self {
        match error {
            EncryptError::InsufficientSize(InsufficientSizeError { required_size }) => {
                Self::TooSmall(required_size)
            }
            EncryptError::EncryptExhausted => Self::Over,
        }
    }
}

impl fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut stream = f.debug_struct("TlsStream");
        stream.field("socket", &self.socket).finish_non_exhaustive()
    }
}

fn invalid(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests;
