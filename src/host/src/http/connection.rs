//! One client's connection, from its first byte to its last.

pub(crate) mod activity;
pub(crate) mod addresses;
pub(crate) mod places;
pub(crate) mod timeouts;

use crate::http::balance::Share;
use crate::http::connection::activity::Activity;
use crate::http::connection::addresses::Addresses;
use crate::http::connection::places::Place;
use crate::http::connection::timeouts::{TimeoutStream, Timeouts};
use crate::http::current::Current;
use crate::http::service::Client;
use crate::http::tls::ACME_TLS;
use crate::metrics::connections::ConnectionMetrics;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::ProtocolVersion;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// For the last words on a connection that idled.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long the first request of a connection is waited for when the server is to end, and no longer than half of the
/// grace.
const FIRST: Duration = Duration::from_secs(2);
/// The same for a further request, which may be on its way.
const NEXT: Duration = Duration::from_secs(1);

/// A connection that was accepted and has its place.
pub(crate) struct Connection {
    pub(crate) socket: TcpStream,
    pub(crate) client: IpAddr,
    /// Counts among those of its thread until it ends.
    pub(crate) share: Share,
    pub(crate) activity: Arc<Activity>,
    pub(crate) place: Place,
    pub(crate) current: Arc<Current>,
    pub(crate) metrics: ConnectionMetrics,
    pub(crate) addresses: Option<Arc<Addresses>>,
    pub(crate) timeouts: Timeouts,
    /// How long answers may go on when the server is to end.
    pub(crate) grace: Duration,
    pub(crate) stop: watch::Receiver<bool>,
}

impl Connection {
    /// Answers requests until the client leaves, has idled for too long, or the server is to stop.
    pub(crate) async fn serve(self, tls: Option<TlsAcceptor>) {
        // Without it the last packet of a small answer may wait for an acknowledgement; no other harm.
        drop(self.socket.set_nodelay(true));
        let socket = TimeoutStream::new(self.socket, self.timeouts, Arc::clone(&self.activity));
        let mut requests = Requests {
            current: self.current,
            tls: "",
            client: self.client,
            address: self.client.to_string().into(),
            addresses: self.addresses,
            activity: self.activity,
        };
        let limits = Limits {
            timeouts: self.timeouts,
            first: FIRST.min(self.grace / 2),
            next: NEXT.min(self.grace / 2),
        };
        let stop = self.stop;
        match tls {
            None => requests.answer(socket, limits, stop).await,
            Some(tls) => {
                match tls.accept(socket).await {
                    // An authority has seen its proof by now.
                    Ok(mut socket) if is_challenge(&socket) => drop(socket.shutdown().await),
                    Ok(socket) => {
                        requests.tls = version(socket.get_ref().1.protocol_version());
                        requests.answer(socket, limits, stop).await;
                    }
                    // A client that cannot do TLS is its own business.
                    Err(_) => {
                        self.metrics.handshakes_failed.inc();
                    }
                }
            }
        }
        drop((self.place, self.share));
    }
}

/// How long a connection is waited for.
#[derive(Clone, Copy)]
struct Limits {
    timeouts: Timeouts,
    /// For its first request when the server is to end.
    first: Duration,
    /// For a further one.
    next: Duration,
}

/// What comes by a connection.
struct Requests {
    current: Arc<Current>,
    /// The version of TLS, as the log has it; empty without.
    tls: &'static str,
    client: IpAddr,
    /// The client's, as the log has it.
    address: Arc<str>,
    addresses: Option<Arc<Addresses>>,
    activity: Arc<Activity>,
}

impl Requests {
    async fn answer<S>(self, socket: S, limits: Limits, mut stop: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Arc::clone(&self.activity);
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let held = self.addresses.as_ref().map(|all| all.hold(self.client));
            let client = Client {
                address: Arc::clone(&self.address),
                has_too_many: matches!(held, Some(None)),
                tls: self.tls,
            };
            let in_flight = self.activity.begin(request.version(), held.flatten());
            self.current.get().answer(request, client, in_flight)
        });
        let protocols = protocols();
        let mut connection = pin!(protocols.serve_connection(TokioIo::new(socket), service));
        // Broken connections are the rule on the internet; the request's line tells of them.
        tokio::select! {
            biased;
            _ = connection.as_mut() => {}
            () = activity.overstayed(limits.timeouts) => {
                connection.as_mut().graceful_shutdown();
                drop(tokio::time::timeout(GOODBYE, connection).await);
            }
            // Whoever could say stop may be gone: that is to stop as well.
            () = async { drop(stop.wait_for(|stop| *stop).await) } => {
                tokio::select! {
                    biased;
                    // First: what it reads may be a request.
                    _ = connection.as_mut() => return,
                    () = drained(&activity, limits) => {}
                }
                connection.as_mut().graceful_shutdown();
                drop(connection.await);
            }
        }
    }
}

/// Ready once no request is on its way any more that would be lost with the connection (RFC 9112, section 9.6).
async fn drained(activity: &Activity, limits: Limits) {
    activity.drain();
    // Who was let in just now has a request on its way.
    drop(tokio::time::timeout(limits.first, activity.first_request()).await);
    if !activity.is_multiplexed() {
        let idle = limits.next;
        activity
            .overstayed(Timeouts {
                idle,
                ..limits.timeouts
            })
            .await;
    }
}

/// Whether a connection is there for its handshake alone (RFC 8737, section 3).
fn is_challenge<S>(socket: &TlsStream<S>) -> bool {
    socket.get_ref().1.alpn_protocol() == Some(ACME_TLS)
}

/// HTTP/1.1 and HTTP/2, whichever the client speaks.
fn version(tls: Option<ProtocolVersion>) -> &'static str {
    match tls {
        Some(ProtocolVersion::TLSv1_3) => "1.3",
        Some(ProtocolVersion::TLSv1_2) => "1.2",
        // There are no others here.
        _ => "",
    }
}

fn protocols() -> auto::Builder<TokioExecutor> {
    let mut protocols = auto::Builder::new(TokioExecutor::new());
    protocols
        .http1()
        // Slow heads are for `TimeoutStream`, which knows them from idle connections.
        .header_read_timeout(None)
        // Of a head, and of an answer that waits for a slow client. No `pipeline_flush`: it would lift
        // that limit, and hold back answers while more of a request is there.
        .max_buf_size(64 * 1024);
    protocols
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(32 * 1024)
        .max_concurrent_streams(128)
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .keep_alive_timeout(Duration::from_secs(20));
    protocols
}
