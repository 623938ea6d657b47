//! The way to a real bucket, on which things go wrong on command: a proxy that forwards what a client
//! signed, unless it has been told to do something else.

use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::deadline::within;

type Trouble = Box<dyn Error + Send + Sync>;
type Body = UnsyncBoxBody<Bytes, Trouble>;

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// The bucket does not get it, and this status and code are the answer.
    Answer(u16, &'static str),
    /// The bucket does not get it, and nobody answers.
    Hang,
    /// The bucket does it, and nobody says so.
    LoseAnswer,
    /// The connection is closed without an answer.
    Close,
    /// The answer's body breaks off after so many bytes.
    CutBody(usize),
}

/// The way. It ends when this is dropped.
#[derive(Debug)]
pub struct Way {
    address: SocketAddr,
    state: Arc<State>,
    passing: Passing,
}

#[derive(Debug)]
enum Passing {
    Open(JoinHandle<()>),
    /// The port is held, and connections are refused.
    Shut(TcpSocket),
    Between,
}

#[derive(Debug)]
struct State {
    bucket: SocketAddr,
    scripts: Mutex<Vec<Script>>,
    seen: watch::Sender<Vec<(Method, String)>>,
}

#[derive(Debug)]
struct Script {
    method: Method,
    part: String,
    skip: usize,
    times: usize,
    fault: Fault,
    reached: watch::Sender<bool>,
}

/// Waits for a fault to happen.
#[derive(Debug)]
pub struct Reached(watch::Receiver<bool>);

impl Reached {
    /// Waits until it has happened for the first time.
    ///
    /// # Panics
    ///
    /// It does not happen.
    pub async fn happened(&mut self) {
        let reached = within("a fault happens", self.0.wait_for(|reached| *reached)).await;
        reached.expect("the way is still there");
    }
}

impl Way {
    /// An open way to the bucket at an address.
    ///
    /// # Panics
    ///
    /// No port is free.
    pub async fn to(bucket: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let state = Arc::new(State {
            bucket,
            scripts: Mutex::default(),
            seen: watch::Sender::default(),
        });
        let passing = Passing::Open(tokio::spawn(accept(listener, Arc::clone(&state))));
        Self {
            address,
            state,
            passing,
        }
    }

    /// Where it begins.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// After `skip` requests of this method whose paths hold `part`, does this to the next `times`.
    ///
    /// # Panics
    ///
    /// A test has panicked meanwhile.
    pub fn fault(
        &self,
        method: Method,
        part: &str,
        skip: usize,
        times: usize,
        fault: Fault,
    ) -> Reached {
        let (reached, happens) = watch::channel(false);
        self.state.scripts.lock().unwrap().push(Script {
            method,
            part: part.into(),
            skip,
            times,
            fault,
            reached,
        });
        Reached(happens)
    }

    /// Forgets all faults that have not happened.
    ///
    /// # Panics
    ///
    /// A test has panicked meanwhile.
    pub fn clear(&self) {
        self.state.scripts.lock().unwrap().clear();
    }

    /// Method and path of every request so far.
    #[must_use]
    pub fn seen(&self) -> Vec<(Method, String)> {
        self.state.seen.borrow().clone()
    }

    /// Breaks every connection and refuses new ones.
    ///
    /// # Panics
    ///
    /// The port cannot be held.
    pub async fn shut(&mut self) {
        let passing = std::mem::replace(&mut self.passing, Passing::Between);
        if let Passing::Open(accepting) = passing {
            accepting.abort();
            // It was cancelled: that is the point.
            drop(accepting.await);
        }
        let socket = TcpSocket::new_v4().expect("a socket");
        // As the listener before it had it.
        socket.set_reuseaddr(true).expect("a TCP socket");
        socket.bind(self.address).expect("the port that was ours");
        self.passing = Passing::Shut(socket);
    }

    /// Lets requests through again.
    ///
    /// # Panics
    ///
    /// It is not shut.
    pub fn open(&mut self) {
        let Passing::Shut(socket) = std::mem::replace(&mut self.passing, Passing::Between) else {
            panic!("it is not shut");
        };
        let listener = socket.listen(1024).expect("a bound socket");
        let accepting = tokio::spawn(accept(listener, Arc::clone(&self.state)));
        self.passing = Passing::Open(accepting);
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        if let Passing::Open(accepting) = &self.passing {
            accepting.abort();
        }
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    // Connections end with the way too.
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        drop(socket.set_nodelay(true));
        let state = Arc::clone(&state);
        let service = service_fn(move |request| pass(request, Arc::clone(&state)));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(socket), service);
        connections.spawn(connection);
        while connections.try_join_next().is_some() {}
    }
}

async fn pass(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Body>, Trouble> {
    let fault = state.fault(&request);
    match fault {
        None => forward(request, state.bucket).await,
        Some(Fault::Answer(status, code)) => answer(request, status, code).await,
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Close) => Err("closed".into()),
        Some(Fault::LoseAnswer) => {
            forward(request, state.bucket).await?;
            std::future::pending().await
        }
        Some(Fault::CutBody(bytes)) => {
            let answer = forward(request, state.bucket).await?;
            Ok(answer.map(|body| Limited::new(body, bytes).boxed_unsync()))
        }
    }
}

impl State {
    fn fault(&self, request: &Request<Incoming>) -> Option<Fault> {
        let target = request.uri().path_and_query();
        let target = target.map_or(String::new(), ToString::to_string);
        let method = request.method();
        self.seen
            .send_modify(|seen| seen.push((method.clone(), target.clone())));
        let mut scripts = self.scripts.lock().unwrap();
        let matching = |script: &&mut Script| {
            script.times > 0 && script.method == *method && target.contains(&script.part)
        };
        let script = scripts.iter_mut().find(matching)?;
        if script.skip > 0 {
            script.skip -= 1;
            return None;
        }
        script.times -= 1;
        script.reached.send_replace(true);
        Some(script.fault)
    }
}

async fn forward(
    request: Request<Incoming>,
    bucket: SocketAddr,
) -> Result<Response<Body>, Trouble> {
    let socket = TcpStream::connect(bucket).await?;
    drop(socket.set_nodelay(true));
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(socket)).await?;
    tokio::spawn(connection);
    let answer = sender.send_request(request).await?;
    Ok(answer.map(|body| body.map_err(Into::into).boxed_unsync()))
}

/// An error as S3 tells it.
async fn answer(
    request: Request<Incoming>,
    status: u16,
    code: &str,
) -> Result<Response<Body>, Trouble> {
    // A client that is still sending would not read it.
    request.into_body().collect().await?;
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {});
    let mut answer = Response::new(body.boxed_unsync());
    *answer.status_mut() = StatusCode::from_u16(status)?;
    Ok(answer)
}
