//! The listener: connections, TLS, limits, and an end that lets viewers finish.

use crate::app::App;
use crate::http::balance::{Balance, Given, Owner, Share};
use crate::http::client::HttpClient;
use crate::http::connection::Connection;
use crate::http::connection::activity::Activity;
use crate::http::connection::addresses::Addresses;
use crate::http::connection::places::Connections;
use crate::http::connection::timeouts::Timeouts;
use crate::http::current::Current;
use crate::http::service::Service;
use crate::metrics::connections::ConnectionMetrics;
use crate::surroundings::Surroundings;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

/// How often it is looked at what a burst left.
const SHRINK: Duration = Duration::from_secs(10);
/// For how long a connection that cannot be accepted is not spoken of again.
const QUIET: Duration = Duration::from_secs(10);

/// How a server treats its clients.
#[derive(Clone)]
pub struct ServerOptions {
    /// Threads, each with a runtime, instances and connections of its own.
    pub workers: usize,
    /// Connections open at once. For the next one the connection that has idled longest is closed; where
    /// all are at work, it waits.
    pub connections: usize,
    /// Requests that one address may have in flight, where there is a limit: an IPv4 address, or a /64 of
    /// IPv6. Behind a proxy all requests come from one.
    pub requests_per_address: Option<usize>,
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
            requests_per_address: None,
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

    /// Serves connections of a socket that listens already.
    ///
    /// # Errors
    ///
    /// The operating system refuses.
    pub fn at(listener: std::net::TcpListener, options: ServerOptions) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self { listener, options })
    }

    /// The address it has.
    ///
    /// # Errors
    ///
    /// The operating system does not know it.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves the newest of `apps` until it is to stop, then until every answer is sent or the grace is over.
    ///
    /// When there is a newer one, it answers every request that arrives from then on, also on connections that
    /// are open; what is in flight ends as it began.
    ///
    /// # Errors
    ///
    /// A worker could not start.
    pub fn run(self, apps: &watch::Receiver<Arc<App>>, around: &Surroundings) -> io::Result<()> {
        let metrics = around.metrics.connections();
        let shared = Arc::new(Shared {
            connections: Connections::new(self.options.connections, metrics),
            metrics: metrics.clone(),
            addresses: self.options.requests_per_address.map(Addresses::new),
        });
        let mut threads = Vec::new();
        let (balance, given) = Balance::new(self.options.workers);
        for (number, given) in given.into_iter().enumerate() {
            // One listener for all: who is free accepts the next connection.
            let listener = self.listener.try_clone()?;
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let client = HttpClient::new(&around.client_tls);
            let workers = self.options.workers;
            let mut apps = apps.clone();
            let service = Service::new(&apps.borrow_and_update(), &client, around, workers);
            let worker = Worker {
                number,
                balance: Arc::clone(&balance),
                current: Arc::new(Current::new(service)),
                apps,
                client,
                options: self.options.clone(),
                shared: Arc::clone(&shared),
                around: around.clone(),
            };
            let run = move || runtime.block_on(worker.run(listener, given));
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

/// What all workers count together.
struct Shared {
    connections: Arc<Connections>,
    metrics: ConnectionMetrics,
    addresses: Option<Arc<Addresses>>,
}

/// One thread of a server.
#[derive(Clone)]
struct Worker {
    number: usize,
    balance: Arc<Balance>,
    current: Arc<Current>,
    apps: watch::Receiver<Arc<App>>,
    client: HttpClient,
    options: ServerOptions,
    shared: Arc<Shared>,
    around: Surroundings,
}

impl Worker {
    /// Accepts connections until it is told to stop, then waits for the last answer, or for the end of the
    /// grace.
    async fn run(
        self,
        listener: std::net::TcpListener,
        mut given: UnboundedReceiver<Given>,
    ) -> io::Result<()> {
        let listener = TcpListener::from_std(listener)?;
        let tls = self.options.tls.clone().map(TlsAcceptor::from);
        let open = TaskTracker::new();
        let mut stop = self.around.stop.clone();
        let mut told = None;
        tokio::spawn(shrink(Arc::clone(&self.current)));
        tokio::spawn(self.clone().renew());
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted.map(|(socket, peer)| self.keep(socket, peer)),
                Some(given) = given.recv() => taken(given).map(Some),
                _ = stop.wait_for(|stop| *stop) => break,
            };
            match accepted {
                // Another thread has it.
                Ok(None) => {}
                Ok(Some((socket, peer, share))) => match self.admit(socket, peer.ip(), share).await
                {
                    Some(connection) => drop(open.spawn(connection.serve(tls.clone()))),
                    None => break,
                },
                Err(error) => {
                    self.shared.metrics.refused.inc();
                    // Strangers could fill the log: they need only come in numbers.
                    if told.is_none_or(|told: Instant| told.elapsed() > QUIET) {
                        told = Some(Instant::now());
                        let message = format!("cannot accept a connection: {error}");
                        self.around.log.error("host", &message);
                    }
                    // Out of file descriptors, most likely: some must be closed before the next try.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        drop(listener);
        // What was given until now was let in.
        given.close();
        while let Some(given) = given.recv().await {
            if let Ok((socket, peer, share)) = taken(given)
                && let Some(connection) = self.admit(socket, peer.ip(), share).await
            {
                drop(open.spawn(connection.serve(tls.clone())));
            }
        }
        open.close();
        if tokio::time::timeout(self.options.grace, open.wait())
            .await
            .is_err()
        {
            self.around.log.error(
                "host",
                "stopped before every answer was sent: the grace was over",
            );
        }
        Ok(())
    }

    /// Keeps a connection, unless another thread has fewer: then it is given there.
    fn keep(&self, socket: TcpStream, peer: SocketAddr) -> Option<(TcpStream, SocketAddr, Share)> {
        match self.balance.owner(self.number) {
            Owner::Own(share) => Some((socket, peer, share)),
            Owner::Other(number, share) => {
                let given = (socket.into_std().ok()?, peer, share);
                // One that is to stop takes no more: this one is let in all the same.
                let back = self.balance.give(number, given).err()?;
                taken(back).ok()
            }
        }
    }

    /// Has each newer application answer in the place of the last.
    async fn renew(mut self) {
        while self.apps.changed().await.is_ok() {
            let app = Arc::clone(&self.apps.borrow_and_update());
            let service = Service::new(&app, &self.client, &self.around, self.options.workers);
            self.current.replace(service);
        }
    }

    /// Finds a place for a connection: also when the server is to stop, for it was let in. `None` when none was free
    /// until the grace was over.
    async fn admit(&self, socket: TcpStream, client: IpAddr, share: Share) -> Option<Connection> {
        self.shared.metrics.accepted.inc();
        let activity = Arc::new(Activity::default());
        let mut stop = self.around.stop.clone();
        let too_late = async {
            drop(stop.wait_for(|stop| *stop).await);
            tokio::time::sleep(self.options.grace).await;
        };
        let place = tokio::select! {
            place = self.shared.connections.place(&activity) => place,
            () = too_late => return None,
        };
        Some(Connection {
            socket,
            client,
            share,
            activity,
            place,
            current: Arc::clone(&self.current),
            metrics: self.shared.metrics.clone(),
            addresses: self.shared.addresses.clone(),
            timeouts: self.options.timeouts,
            grace: self.options.grace,
            stop: self.around.stop.clone(),
        })
    }
}

/// A connection of another thread, in the hands of this one.
fn taken((socket, peer, share): Given) -> io::Result<(TcpStream, SocketAddr, Share)> {
    Ok((TcpStream::from_std(socket)?, peer, share))
}

/// Gives back what bursts left, for as long as the worker runs.
async fn shrink(current: Arc<Current>) {
    let mut interval = tokio::time::interval(SHRINK);
    loop {
        interval.tick().await;
        current.get().shrink();
    }
}
