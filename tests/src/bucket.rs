//! A bucket that misbehaves on command, and remembers every word it is told.
//!
//! It speaks HTTP/1.1 by hand, for no server library would tell the lies that it has to tell.

mod act;
mod object;
mod request;
mod writing;

pub use act::{Act, Gate, Then};
pub use object::{ETAG, MODIFIED, Object};
pub use request::Seen;

use crate::deadline::within;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The bucket's name.
pub const NAME: &str = "films";
/// Who may read it.
pub const ACCESS_KEY_ID: &str = "AKIAJOURNEY";
/// The secret that goes with it.
pub const SECRET_ACCESS_KEY: &str = "bucket-secret-that-no-log-may-hold";

/// A bucket on a port of its own. It ends when this is dropped.
#[derive(Debug)]
pub struct Bucket {
    address: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    objects: Mutex<BTreeMap<String, Object>>,
    scripts: Mutex<HashMap<String, Script>>,
    read_only: AtomicBool,
    seen: watch::Sender<Vec<Seen>>,
    abandoned: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Script {
    once: VecDeque<Act>,
    always: Option<Act>,
}

impl Bucket {
    /// An empty bucket.
    ///
    /// # Panics
    ///
    /// No port is free.
    pub async fn start() -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into()).await
    }

    /// An empty bucket at an address.
    ///
    /// # Panics
    ///
    /// It is taken.
    pub async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        Self::listen(listener)
    }

    fn listen(listener: TcpListener) -> Self {
        let address = listener.local_addr().expect("a bound socket");
        let state = Arc::new(State {
            objects: Mutex::default(),
            scripts: Mutex::default(),
            read_only: AtomicBool::new(false),
            seen: watch::Sender::default(),
            abandoned: watch::Sender::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self {
            address,
            state,
            accepting,
        }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Goes away, all connections with it.
    pub async fn close(mut self) {
        self.accepting.abort();
        // It was cancelled: that is the point.
        drop((&mut self.accepting).await);
    }

    /// Keeps an object under a key, as S3 would: the key is not escaped.
    pub fn put(&self, key: &str, object: impl Into<Object>) {
        let mut objects = self.state.objects.lock().unwrap();
        objects.insert(key.into(), object.into());
    }

    /// Refuses to be written from now on, as S3 does with a key pair that may only read.
    pub fn forbid_writing(&self) {
        self.state.read_only.store(true, Ordering::SeqCst);
    }

    /// The object under a key.
    #[must_use]
    pub fn object(&self, key: &str) -> Option<Object> {
        self.state.objects.lock().unwrap().get(key).cloned()
    }

    /// Every key that begins with `prefix`, in order.
    #[must_use]
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        let objects = self.state.objects.lock().unwrap();
        objects
            .keys()
            .filter(|key| key.starts_with(prefix))
            .cloned()
            .collect()
    }

    /// Does `act` at the next request for `key` that has none scheduled yet, and is itself afterwards.
    pub fn once(&self, key: &str, act: Act) {
        let mut scripts = self.state.scripts.lock().unwrap();
        scripts.entry(key.into()).or_default().once.push_back(act);
    }

    /// Does `act` at every request for `key`.
    pub fn always(&self, key: &str, act: Act) {
        let mut scripts = self.state.scripts.lock().unwrap();
        scripts.entry(key.into()).or_default().always = Some(act);
    }

    /// All requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.borrow().clone()
    }

    /// The requests for `key` so far.
    #[must_use]
    pub fn seen_for(&self, key: &str) -> Vec<Seen> {
        let seen = self.state.seen.borrow();
        seen.iter()
            .filter(|seen| seen.key == key)
            .cloned()
            .collect()
    }

    /// Waits until `key` has been asked for `times` times.
    ///
    /// # Panics
    ///
    /// It is not.
    pub async fn asked_for(&self, key: &str, times: usize) {
        let mut seen = self.state.seen.subscribe();
        let enough = |seen: &Vec<Seen>| seen.iter().filter(|seen| seen.key == key).count() >= times;
        let waited = within("the bucket is asked", seen.wait_for(enough)).await;
        waited.expect("the sender lives as long as the bucket");
    }

    /// Waits until `times` answers were abandoned by the client.
    ///
    /// # Panics
    ///
    /// They are not.
    pub async fn abandoned(&self, times: usize) {
        let mut abandoned = self.state.abandoned.subscribe();
        let enough = |count: &usize| *count >= times;
        let waited = within("an answer is abandoned", abandoned.wait_for(enough)).await;
        waited.expect("the sender lives as long as the bucket");
    }

    /// Nothing of a viewer has come here: no credential, no address, no name of a browser.
    ///
    /// # Panics
    ///
    /// Something has; the request is shown.
    pub fn assert_saw_no_viewer(&self) {
        for seen in self.seen().iter().filter(|seen| !seen.is_of_catalog()) {
            seen.assert_shows_no_viewer();
        }
    }
}

/// An address where a bucket may be some day: connections are refused, and nobody else can take it.
#[derive(Debug)]
pub struct Site(TcpSocket);

impl Site {
    /// A free one.
    ///
    /// # Panics
    ///
    /// No port is free.
    #[must_use]
    pub fn find() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        // As every listener here has it; without it none could follow at this address.
        socket.set_reuseaddr(true).expect("a TCP socket");
        socket
            .bind(([127, 0, 0, 1], 0).into())
            .expect("a free port");
        Self(socket)
    }

    /// The address.
    ///
    /// # Panics
    ///
    /// Never: the socket is bound.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("a bound socket")
    }

    /// An empty bucket there.
    ///
    /// # Panics
    ///
    /// The operating system refuses.
    #[must_use]
    pub fn open(self) -> Bucket {
        Bucket::listen(self.0.listen(1024).expect("a bound socket"))
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    // Connections end with the bucket too.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        connections.spawn(connection(socket, Arc::clone(&state)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(mut socket: TcpStream, state: Arc<State>) {
    drop(socket.set_nodelay(true));
    let mut buffer = Vec::new();
    while let Ok(Some(seen)) = request::read(&mut socket, &mut buffer).await {
        state.seen.send_modify(|all| all.push(seen.clone()));
        let answered = answer(&state, &seen, &mut socket).await;
        match answered {
            Ok(Then::Stay) => {}
            Ok(Then::Close) => break,
            Ok(Then::Hang) => std::future::pending().await,
            Err(error) => {
                if is_abandoned(&error) {
                    state.abandoned.send_modify(|count| *count += 1);
                }
                break;
            }
        }
    }
    drop(socket.shutdown().await);
}

async fn answer(state: &State, seen: &Seen, socket: &mut TcpStream) -> io::Result<Then> {
    let act = state.act(&seen.key);
    if state.read_only.load(Ordering::SeqCst) && writing::changes(seen) {
        return act::perform(Act::Refuse(403, "AccessDenied"), seen, None, socket).await;
    }
    if matches!(act, Act::Serve | Act::Lose) && writing::concerns(seen) {
        let answer = writing::perform(seen, &mut state.objects.lock().unwrap());
        return match act {
            Act::Lose => Ok(Then::Close),
            _ => answer.send(seen, socket).await,
        };
    }
    let object = state.objects.lock().unwrap().get(&seen.key).cloned();
    act::perform(act, seen, object.as_ref(), socket).await
}

fn is_abandoned(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

impl State {
    fn act(&self, key: &str) -> Act {
        let mut scripts = self.scripts.lock().unwrap();
        let Some(script) = scripts.get_mut(key) else {
            return Act::Serve;
        };
        let once = script.once.pop_front();
        once.or_else(|| script.always.clone()).unwrap_or(Act::Serve)
    }
}
