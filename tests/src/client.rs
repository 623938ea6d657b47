//! An HTTP client that shows everything and forgives nothing: one connection a request, no redirects,
//! no retries, no normalised paths.

mod answer;

pub use answer::{Answer, Streaming};

use crate::deadline::within;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Version};
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Where requests go, and how.
#[derive(Clone, Debug)]
pub struct Client {
    address: SocketAddr,
    version: Version,
    tls: Option<Arc<rustls::ClientConfig>>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Client {
    /// HTTP/1.1 without TLS.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            version: Version::HTTP_11,
            tls: None,
        }
    }

    /// With HTTP/2: without TLS by prior knowledge.
    #[must_use]
    pub fn http2(mut self) -> Self {
        self.version = Version::HTTP_2;
        self
    }

    /// With TLS. The protocol is offered by ALPN.
    #[must_use]
    pub fn tls(mut self, config: &rustls::ClientConfig) -> Self {
        let mut config = config.clone();
        config.alpn_protocols = match self.version {
            Version::HTTP_2 => vec![b"h2".to_vec()],
            _ => vec![b"http/1.1".to_vec()],
        };
        self.tls = Some(Arc::new(config));
        self
    }

    /// A GET.
    #[must_use]
    pub fn get(&self, target: impl Into<String>) -> Ask {
        self.ask(Method::GET, target)
    }

    /// A POST, its body still empty.
    #[must_use]
    pub fn post(&self, target: impl Into<String>) -> Ask {
        self.ask(Method::POST, target)
    }

    /// A HEAD.
    #[must_use]
    pub fn head(&self, target: impl Into<String>) -> Ask {
        self.ask(Method::HEAD, target)
    }

    /// Any method.
    #[must_use]
    pub fn ask(&self, method: Method, target: impl Into<String>) -> Ask {
        Ask {
            client: self.clone(),
            method,
            target: target.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// A connection without a request.
    ///
    /// # Panics
    ///
    /// There is nobody.
    pub async fn socket(&self) -> TcpStream {
        let connected = within("a connection", TcpStream::connect(self.address)).await;
        connected.expect("somebody listens")
    }

    /// A connection for many requests, one after the other (HTTP/1.1) or at once (HTTP/2).
    ///
    /// # Panics
    ///
    /// There is nobody, or nobody who speaks the protocol.
    pub async fn connect(&self) -> Connection {
        self.over(self.socket().await).await
    }

    /// A connection over a socket.
    async fn over(&self, socket: TcpStream) -> Connection {
        socket.set_nodelay(true).expect("a TCP socket");
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(socket),
            Some(config) => {
                let name = rustls::pki_types::ServerName::try_from("localhost").expect("a name");
                let connector = TlsConnector::from(Arc::clone(config));
                let handshake = within("a TLS handshake", connector.connect(name, socket)).await;
                Box::new(handshake.expect("a TLS server with our certificate"))
            }
        };
        let io = TokioIo::new(stream);
        let sender = if self.version == Version::HTTP_2 {
            let handshake = http2::handshake(TokioExecutor::new(), io);
            let (sender, connection) = handshake.await.expect("an HTTP/2 server");
            tokio::spawn(connection);
            Sender::Two(sender)
        } else {
            let (sender, connection) = http1::handshake(io).await.expect("a socket");
            tokio::spawn(connection);
            Sender::One(sender)
        };
        Connection {
            sender,
            client: self.clone(),
        }
    }

    /// Sends `bytes` as they stand, and gives back all that comes until the server closes.
    ///
    /// # Panics
    ///
    /// It does not close.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut socket = self.socket().await;
        // A server may close before it has read all.
        drop(socket.write_all(bytes).await);
        let mut answer = Vec::new();
        let read = within("the server closes", socket.read_to_end(&mut answer)).await;
        drop(read);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn uri(&self, target: &str) -> String {
        if self.version != Version::HTTP_2 {
            return target.to_owned();
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{target}", self.address)
    }
}

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    sender: Sender,
    client: Client,
}

#[derive(Debug)]
enum Sender {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

impl Connection {
    /// Another hold of the same connection.
    ///
    /// # Panics
    ///
    /// It is of HTTP/1.1, which carries one request at a time.
    #[must_use]
    pub fn share(&self) -> Self {
        let Sender::Two(sender) = &self.sender else {
            panic!("HTTP/1.1 carries one request at a time")
        };
        Self {
            sender: Sender::Two(sender.clone()),
            client: self.client.clone(),
        }
    }

    /// Sends a request.
    ///
    /// # Errors
    ///
    /// The server closed before a head, or sent none.
    ///
    /// # Panics
    ///
    /// No head in time.
    pub async fn send(&mut self, ask: &Ask) -> Result<Streaming, hyper::Error> {
        let mut request = Request::builder()
            .method(ask.method.clone())
            .uri(self.client.uri(&ask.target))
            .body(Full::new(ask.body.clone()))
            .expect("a request that can be written");
        *request.headers_mut() = ask.headers.clone();
        let what = format!("a head for {} {}", ask.method, ask.target);
        let response = match &mut self.sender {
            Sender::One(sender) => {
                let host = HeaderValue::from_str(&self.client.address.to_string());
                request
                    .headers_mut()
                    .insert("host", host.expect("an address"));
                sender.ready().await?;
                within(&what, sender.send_request(request)).await?
            }
            Sender::Two(sender) => {
                sender.ready().await?;
                within(&what, sender.send_request(request)).await?
            }
        };
        Ok(Streaming::new(response))
    }
}

/// A request in the making.
#[derive(Clone, Debug)]
pub struct Ask {
    client: Client,
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Ask {
    /// With a header added.
    ///
    /// # Panics
    ///
    /// It cannot be a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header's name");
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header's value");
        self.headers.append(name, value);
        self
    }

    /// With a body, its length declared.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// With a body of JSON.
    #[must_use]
    pub fn json(self, value: &serde_json::Value) -> Self {
        self.header("content-type", "application/json")
            .body(value.to_string())
    }

    /// With a bearer token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// With the session cookie.
    #[must_use]
    pub fn cookie(self, session: &str) -> Self {
        self.header("cookie", &format!("reelgate_session={session}"))
    }

    /// Sends it and waits for the whole answer.
    ///
    /// # Panics
    ///
    /// There is none, or not all of it.
    pub async fn send(self) -> Answer {
        let target = self.target.clone();
        match self.stream().await.finish().await {
            Ok(answer) => answer,
            Err(error) => panic!("the answer to {target} is cut short: {error}"),
        }
    }

    /// Sends it and waits for the head of the answer.
    ///
    /// # Panics
    ///
    /// There is none.
    pub async fn stream(self) -> Streaming {
        match self.try_stream().await {
            Ok(streaming) => streaming,
            Err(error) => panic!("no answer to {}: {error}", self.target),
        }
    }

    /// Sends it and waits for the head of the answer, if there is one.
    ///
    /// # Errors
    ///
    /// The server closed or reset instead.
    pub async fn try_stream(&self) -> Result<Streaming, hyper::Error> {
        self.client.connect().await.send(self).await
    }

    /// Sends it to somebody who may die under it. `None` when nobody is there, or the answer is not whole.
    pub async fn attempt(&self) -> Option<Answer> {
        let socket = TcpStream::connect(self.client.address).await.ok()?;
        let mut connection = self.client.over(socket).await;
        let streaming = connection.send(self).await.ok()?;
        streaming.finish().await.ok()
    }
}
