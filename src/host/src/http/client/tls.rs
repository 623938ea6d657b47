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
            let UnbufferedStatus { discard, state } = status;
            let mut stage = None;
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record.map_err(invalid)?;
                        let rest = put(record.payload, out.as_deref_mut());
                        self.decrypted.extend_from_slice(rest);
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
                // Once more, for the alert that the server is due.
                Err(error) if failed.is_none() => failed = Some(error),
                Err(_) => stage = Some(Stage::Closed),
            }
            self.received.advance(discard);
            match (stage, failed.take()) {
                (Some(_), Some(error)) => return Err(invalid(error)),
                (Some(stage), None) => return Ok(stage),
                (None, error) => failed = error,
            }
        }
    }

    /// Reads what the socket has, `room` bytes at most. A connection that waits holds no more than it has to.
    ///
    /// # Errors
    ///
    /// Also where the server broke off: whoever cuts a connection must not pass for its end (RFC 8446, section 6.1).
    fn poll_receive(&mut self, cx: &mut Context<'_>, room: usize) -> Poll<io::Result<()>> {
        loop {
            let Poll::Ready(ready) = self.socket.poll_read_ready(cx) else {
                if self.received.capacity() > self.received.len() {
                    self.received = BytesMut::from(&self.received[..]);
                }
                return Poll::Pending;
            };
            ready?;
            if self.received.capacity() < self.received.len() + room {
                let mut larger = BytesMut::with_capacity(self.received.len() + room);
                larger.extend_from_slice(&self.received);
                self.received = larger;
            }
            // Having read less than it could, it knows without asking that there is no more.
            let socket = Pin::new(&mut self.socket);
            match poll_read_buf(socket, cx, &mut self.received) {
                Poll::Ready(Ok(0)) => {
                    return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                }
                Poll::Ready(read) => return Poll::Ready(read.map(drop)),
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
            if !this.decrypted.is_empty() {
                let decrypted = std::mem::take(&mut this.decrypted);
                this.decrypted = BytesMut::from(put(&decrypted, Some(out)));
            }
            if this.ended || out.filled().len() > before || out.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            let room = out.remaining().saturating_sub(this.received.len());
            ready!(this.poll_receive(cx, room.max(RECORD)))?;
            let stage = this.advance(Send::Nothing, Some(out));
            // What the protocol itself has to say, as when a key is renewed.
            if let Poll::Ready(sent) = this.poll_send(cx) {
                stage.and(sent)?;
            }
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
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{AlertDescription, ClientConfig, RootCertStore, ServerConfig, version};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::server::TlsStream as ServerStream;

    type Versions = [&'static rustls::SupportedProtocolVersion];
    const ALL: &Versions = rustls::ALL_VERSIONS;

    /// A server for `localhost`, and what a client needs to trust it.
    fn configs(versions: &Versions) -> (TlsAcceptor, Arc<ClientConfig>) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        let client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(ALL)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        (TlsAcceptor::from(Arc::new(server)), Arc::new(client))
    }

    async fn sockets() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
        (client.unwrap(), server.unwrap().0)
    }

    /// Both ends of a connection that was made for `name`.
    async fn ends(
        versions: &Versions,
        name: &'static str,
    ) -> (io::Result<TlsStream>, io::Result<ServerStream<TcpStream>>) {
        let (acceptor, config) = configs(versions);
        let (client, server) = sockets().await;
        let name = ServerName::try_from(name).unwrap();
        tokio::join!(
            TlsStream::connect(client, config, name),
            acceptor.accept(server)
        )
    }

    async fn pair(versions: &Versions) -> (TlsStream, ServerStream<TcpStream>) {
        let (client, server) = ends(versions, "localhost").await;
        (client.unwrap(), server.unwrap())
    }

    /// Bytes that tell where they belong.
    fn film(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at % 251) as u8).collect()
    }

    #[tokio::test]
    async fn what_is_sent_arrives_however_it_is_cut() {
        let film = film(1_000_000);
        for versions in [&[&version::TLS12][..], &[&version::TLS13]] {
            for piece in [1, 700, 16_384, 100_000, 2_000_000] {
                let (mut client, mut server) = pair(versions).await;
                let sent = film.clone();
                // As a bucket, in pieces that are no records; then as a client that uploads.
                let serving = tokio::spawn(async move {
                    for part in sent.chunks(40_001) {
                        server.write_all(part).await.unwrap();
                    }
                    server.shutdown().await.unwrap();
                    let mut back = Vec::new();
                    server.read_to_end(&mut back).await.unwrap();
                    back
                });
                let mut received = Vec::new();
                let mut room = vec![0; piece];
                loop {
                    match client.read(&mut room).await.unwrap() {
                        0 => break,
                        read => received.extend_from_slice(&room[..read]),
                    }
                }
                assert!(received == film, "{versions:?}, {piece} bytes at once");
                client.write_all(&received).await.unwrap();
                client.shutdown().await.unwrap();
                let back = serving.await.unwrap();
                assert!(back == film, "{versions:?}, back");
            }
        }
    }

    #[tokio::test]
    async fn whoever_cuts_a_connection_does_not_pass_for_its_end() {
        let (mut client, mut server) = pair(ALL).await;
        server.write_all(b"half").await.unwrap();
        server.flush().await.unwrap();
        // The socket closes, and TLS has not said that it is over.
        drop(server);
        let mut received = Vec::new();
        let error = client.read_to_end(&mut received).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(received, b"half");
    }

    #[tokio::test]
    async fn a_server_of_another_name_is_refused_and_told() {
        let (client, server) = ends(ALL, "films.example").await;
        let error = client.unwrap_err();
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
        let Some(rustls::Error::InvalidCertificate(_)) = cause else {
            panic!("{error:?}");
        };
        let error = server.unwrap_err();
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
        let told = rustls::Error::AlertReceived(AlertDescription::BadCertificate);
        assert_eq!(cause, Some(&told));
    }

    #[tokio::test]
    async fn a_server_that_speaks_no_tls_is_an_error() {
        let (_, config) = configs(ALL);
        let (client, mut server) = sockets().await;
        let name = ServerName::try_from("localhost").unwrap();
        let plain = server.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let (client, plain) = tokio::join!(TlsStream::connect(client, config, name), plain);
        plain.unwrap();
        let error = client.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error:?}");
        let (_, config) = configs(ALL);
        let (client, server) = sockets().await;
        drop(server);
        let name = ServerName::try_from("localhost").unwrap();
        let error = TlsStream::connect(client, config, name).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{error:?}");
    }

    /// RFC 8446, section 4.6.3.
    #[tokio::test]
    async fn keys_may_be_renewed_while_a_film_goes_on() {
        let (mut client, mut server) = pair(&[&version::TLS13]).await;
        let film = film(300_000);
        let sent = film.clone();
        let serving = tokio::spawn(async move {
            for part in sent.chunks(50_000) {
                server.write_all(part).await.unwrap();
                server.get_mut().1.refresh_traffic_keys().unwrap();
            }
            server.flush().await.unwrap();
            let mut word = [0; 4];
            server.read_exact(&mut word).await.unwrap();
            server.shutdown().await.unwrap();
            word
        });
        let mut received = vec![0; film.len()];
        client.read_exact(&mut received).await.unwrap();
        assert!(received == film);
        // By the keys that the server asked for.
        client.write_all(b"more").await.unwrap();
        assert_eq!(&serving.await.unwrap(), b"more");
        assert_eq!(client.read(&mut received).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_connection_that_waits_holds_no_buffer() {
        let (mut client, mut server) = pair(ALL).await;
        let film = film(100_000);
        server.write_all(&film).await.unwrap();
        server.flush().await.unwrap();
        let mut received = vec![0; film.len()];
        client.read_exact(&mut received).await.unwrap();
        let waits = poll_fn(|cx| {
            let mut room = ReadBuf::new(&mut received);
            Poll::Ready(Pin::new(&mut client).poll_read(cx, &mut room).is_pending())
        });
        assert!(waits.await);
        let held = [&client.received, &client.decrypted, &client.encrypted];
        assert_eq!(held.map(BytesMut::capacity), [0; 3]);
    }
}
