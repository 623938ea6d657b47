//! An upgrade: a second process answers at the socket of the first, the first ends, and nobody notices.

use reelgate_tests::bucket::{Act, Bucket, Gate};
use reelgate_tests::client::{Answer, Client};
use reelgate_tests::deadline::within;
use reelgate_tests::host::Settings;
use reelgate_tests::process::run;
use reelgate_tests::world::{key, path, session};
use rustix::process::Signal;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// Viewers in the middle of a film.
const VIEWERS: usize = 200;
/// Newcomers at once, each with a new connection for every request.
const NEWCOMERS: usize = 8;
/// Others, each with one connection for all requests.
const REGULARS: usize = 200;
/// A film, and a piece of it.
const FILM: usize = 300_000;
const PIECE: usize = 100_000;

#[tokio::test]
async fn an_upgrade_drops_nobody() {
    let bucket = Bucket::start().await;
    bucket.put(&key("a.m4s"), "pictures");
    bucket.put(&key("film.m4s"), vec![7; FILM]);
    let gate = Gate::of_pieces(PIECE);
    bucket.always(&key("film.m4s"), Act::Through(gate.clone()));
    // What systemd does with a .socket unit.
    let socket = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
    let address = socket.local_addr().unwrap();
    let settings = Settings::new(bucket.address()).socket(&socket);
    let mut first = settings.start().await;
    assert_eq!(first.address(), address);
    let client = Client::new(address);

    let mut viewers = JoinSet::new();
    for _ in 0..VIEWERS {
        let ask = client.get(path("film.m4s")).cookie(&session());
        viewers.spawn(async move { ask.stream().await });
    }
    let mut films = Vec::new();
    while let Some(film) = viewers.join_next().await {
        films.push(film.unwrap());
    }
    gate.open(VIEWERS);

    let newcomers = Crowd::of(NEWCOMERS, |served| come_and_go(client.clone(), served));
    let regulars = Crowd::of(REGULARS, |served| stay(client.clone(), served));
    let second = settings.start().await;
    assert_eq!(second.address(), address);
    let so_far = (newcomers.served(), regulars.served());
    first.process().signal(Signal::TERM);
    newcomers.are_served(so_far.0 + 20 * NEWCOMERS).await;
    regulars.are_served(so_far.1 + 20 * REGULARS).await;
    gate.open_wide();
    for mut film in films {
        assert_eq!(film.count().await.unwrap(), FILM as u64);
    }
    let log = first.ended().await;
    assert!(!log.contains("stopped before"), "{log}");
    newcomers.stop().await;
    regulars.stop().await;
    second.finish().await;
}

/// A new connection for each request.
async fn come_and_go(client: Client, served: Served) {
    let ask = client.get(path("a.m4s")).cookie(&session());
    while served.goes_on() {
        // Refused, reset, or cut short would be none.
        let answer = ask.attempt().await.unwrap();
        served.count(&answer);
    }
}

/// One connection for all requests, until its server says that it is the last.
async fn stay(client: Client, served: Served) {
    let ask = client.get(path("a.m4s")).cookie(&session());
    let mut connection = client.connect().await;
    while served.goes_on() {
        // A request that nobody answers is lost: only some clients send it again.
        let answer = connection.send(&ask).await.unwrap().finish().await.unwrap();
        served.count(&answer);
        if answer.header("connection") == "close" {
            connection = client.connect().await;
        }
    }
}

/// What viewers have been answered.
#[derive(Clone, Default)]
struct Served {
    answers: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
}

impl Served {
    fn goes_on(&self) -> bool {
        !self.is_over.load(SeqCst)
    }

    fn count(&self, answer: &Answer) {
        assert_eq!((answer.status, answer.text()), (200, "pictures"));
        self.answers.fetch_add(1, SeqCst);
    }
}

/// Viewers who ask again and again.
struct Crowd {
    viewers: JoinSet<()>,
    served: Served,
}

impl Crowd {
    fn of<F>(size: usize, viewer: impl Fn(Served) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let served = Served::default();
        let mut viewers = JoinSet::new();
        for _ in 0..size {
            viewers.spawn(viewer(served.clone()));
        }
        Self { viewers, served }
    }

    fn served(&self) -> usize {
        self.served.answers.load(SeqCst)
    }

    async fn are_served(&self, answers: usize) {
        within("viewers are served meanwhile", async {
            while self.served() < answers {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    async fn stop(mut self) {
        self.served.is_over.store(true, SeqCst);
        while let Some(ended) = self.viewers.join_next().await {
            ended.unwrap();
        }
    }
}

#[tokio::test]
async fn a_socket_that_is_none_is_refused() {
    let bucket = Bucket::start().await;
    let settings = Settings::new(bucket.address());
    let data = TempDir::new().unwrap();
    let mut command = settings.command(data.path());
    // More than one can be served with one certificate and one log.
    let program = reelgate_tests::built::reelgate();
    let script = "exec 3</dev/null 4</dev/null; export LISTEN_PID=$$ LISTEN_FDS=$0; exec \"$@\"";
    for (count, message) in [
        ("1", "the socket that was handed over cannot be used"),
        ("2", "2 sockets were handed over"),
    ] {
        let mut shell = tokio::process::Command::new("/bin/sh");
        shell.args(["-c", script, count]).arg(&program);
        shell.args(command.as_std_mut().get_args());
        shell.envs(
            command
                .as_std()
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        let refused = run(&mut shell).await;
        assert_eq!(refused.code, Some(78), "{}", refused.stderr);
        assert!(refused.stderr.contains(message), "{}", refused.stderr);
    }
}
