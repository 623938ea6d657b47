//! The listener: connections, TLS, limits, and an end that lets viewers finish.

use crate::app::App;
use crate::http::client::HttpClient;
use crate::http::service::Service;
use crate::http::timeouts::{Activity, TimeoutStream, Timeouts};
use crate::log::Log;
use crate::runtime::engine::INSTANCES;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

/// How a server treats its clients.
#[derive(Clone)]
pub struct ServerOptions {
    /// Threads, each with a runtime, instances and connections of its own.
    pub workers: usize,
    /// Connections open at once; the next one waits in the operating system's queue.
    pub connections: usize,
    /// How long clients may dawdle.
    pub timeouts: Timeouts,
    /// How long answers may go on after the server was asked to stop.
    pub grace: Duration,
    /// Certificate and key, where the server speaks TLS.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            workers: thread::available_parallelism().map_or(1, usize::from),
            connections: 8192,
            timeouts: Timeouts::default(),
            grace: Duration::from_secs(30),
            tls: None,
        }
    }
}

/// A server that has its address and does not accept yet.
pub struct Server {
    listener: std::net::TcpListener,
    options: ServerOptions,
}

impl Server {
    /// Takes `address`; port 0 is any free one.
    ///
    /// # Errors
    ///
    /// The address is taken, or not this machine's.
    pub fn bind(address: SocketAddr, options: ServerOptions) -> io::Result<Self> {
        let socket = socket2::Socket::new(
            socket2::Domain::for_address(address),
            socket2::Type::STREAM,
            Some(socket2::Protocol::TCP),
        )?;
        // A restart must not wait for connections of the last run; two servers still cannot share a port.
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(1024)?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            listener: socket.into(),
            options,
        })
    }

    /// The address it has.
    ///
    /// # Errors
    ///
    /// The operating system does not know it.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves `app` until `stop` becomes true, then until every answer is sent or the grace is over.
    ///
    /// # Errors
    ///
    /// A worker could not start.
    pub fn run(
        self,
        app: &App,
        client_tls: &Arc<rustls::ClientConfig>,
        log: &Log,
        stop: &watch::Receiver<bool>,
    ) -> io::Result<()> {
        let mut threads = Vec::new();
        for number in 0..self.options.workers {
            // One listener for all: who is free takes the next connection.
            let listener = self.listener.try_clone()?;
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let options = self.options.clone();
            let instances = (INSTANCES as usize / options.workers).max(1);
            let service = Arc::new(Service::new(
                app,
                &HttpClient::new(client_tls),
                log,
                instances,
            ));
            let (log, stop) = (log.clone(), stop.clone());
            let run = move || runtime.block_on(accept(listener, service, options, log, stop));
            threads.push(
                thread::Builder::new()
                    .name(format!("worker-{number}"))
                    .spawn(run)?,
            );
        }
        // The workers have theirs: with the last of them the address is free.
        drop(self.listener);
        for thread in threads {
            thread
                .join()
                .map_err(|_| io::Error::other("a worker panicked"))??;
        }
        Ok(())
    }
}

async fn accept(
    listener: std::net::TcpListener,
    service: Arc<Service>,
    options: ServerOptions,
    log: Log,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let connections = Arc::new(Semaphore::new(
        (options.connections / options.workers).max(1),
    ));
    let open = GracefulShutdown::new();
    let tls = options.tls.clone().map(TlsAcceptor::from);
    loop {
        let accepted = tokio::select! {
            accepted = async {
                // The semaphore is never closed.
                let place = Arc::clone(&connections).acquire_owned().await.map_err(io::Error::other)?;
                Ok::<_, io::Error>((listener.accept().await?, place))
            } => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let ((socket, peer), place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                log.error("host", &format!("cannot accept a connection: {error}"));
                // Out of file descriptors, most likely: some must be closed before the next try.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let activity = Arc::new(Activity::default());
        let socket = with_timeouts(socket, &options, &activity);
        let connection = Connection {
            service: Arc::clone(&service),
            peer: peer.ip().to_string().into(),
            activity,
        };
        match &tls {
            None => connection.serve(socket, &open, place),
            Some(tls) => {
                let handshake = tls.accept(socket);
                let watcher = open.watcher();
                tokio::spawn(async move {
                    // A client that cannot do TLS is its own business.
                    let Ok(socket) = handshake.await else { return };
                    let watched = watcher.watch(connection.connection(socket));
                    drop(watched.await);
                    drop(place);
                });
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(options.grace, open.shutdown())
        .await
        .is_err()
    {
        log.error(
            "host",
            "stopped before every answer was sent: the grace was over",
        );
    }
    Ok(())
}

fn with_timeouts(
    socket: TcpStream,
    options: &ServerOptions,
    activity: &Arc<Activity>,
) -> TimeoutStream<TcpStream> {
    // Without it the last packet of a small answer may wait for an acknowledgement; no other harm.
    drop(socket.set_nodelay(true));
    TimeoutStream::new(socket, options.timeouts, Arc::clone(activity))
}

struct Connection {
    service: Arc<Service>,
    /// The client's address, as the log has it.
    peer: Arc<str>,
    activity: Arc<Activity>,
}

type ConnectionError = Box<dyn std::error::Error + Send + Sync>;

impl Connection {
    fn serve<S>(self, socket: S, open: &GracefulShutdown, place: tokio::sync::OwnedSemaphorePermit)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let watched = open.watch(self.connection(socket));
        tokio::spawn(async move {
            // Broken connections are the rule on the internet; the request's line tells of them.
            drop(watched.await);
            drop(place);
        });
    }

    fn connection<S>(
        self,
        socket: S,
    ) -> impl hyper_util::server::graceful::GracefulConnection<Error = ConnectionError> + Send
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let service = Arc::clone(&self.service);
            let in_flight = self.activity.begin(request.version());
            service.answer(request, Arc::clone(&self.peer), in_flight)
        });
        protocols()
            .serve_connection(TokioIo::new(socket), service)
            .into_owned()
    }
}

/// HTTP/1.1 and HTTP/2, whichever the client speaks.
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
