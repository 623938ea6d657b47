//! An upgrade: a second process answers at the socket of the first, the first ends, and nobody notices.

use reelgate_tests::bucket::{Act, Bucket, Gate};
use reelgate_tests::client::Client;
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

    let newcomers = Newcomers::come(&client);
    let second = settings.start().await;
    assert_eq!(second.address(), address);
    let so_far = newcomers.served();
    first.process().signal(Signal::TERM);
    within("newcomers are served meanwhile", async {
        while newcomers.served() < so_far + 20 * NEWCOMERS {
            tokio::task::yield_now().await;
        }
    })
    .await;
    gate.open_wide();
    for mut film in films {
        assert_eq!(film.count().await.unwrap(), FILM as u64);
    }
    let log = first.ended().await;
    assert!(!log.contains("stopped before"), "{log}");
    newcomers.stop().await;
    second.finish().await;
}

/// Viewers who come and go.
struct Newcomers {
    tasks: JoinSet<()>,
    served: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
}

impl Newcomers {
    fn come(client: &Client) -> Self {
        let (served, stopped) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let mut tasks = JoinSet::new();
        for _ in 0..NEWCOMERS {
            let (served, stopped) = (Arc::clone(&served), Arc::clone(&stopped));
            let ask = client.get(path("a.m4s")).cookie(&session());
            tasks.spawn(async move {
                while !stopped.load(SeqCst) {
                    // Refused, reset, or cut short would be none.
                    let answer = ask.attempt().await.unwrap();
                    assert_eq!((answer.status, answer.text()), (200, "pictures"));
                    served.fetch_add(1, SeqCst);
                }
            });
        }
        Self {
            tasks,
            served,
            stopped,
        }
    }

    fn served(&self) -> usize {
        self.served.load(SeqCst)
    }

    async fn stop(mut self) {
        self.stopped.store(true, SeqCst);
        while let Some(ended) = self.tasks.join_next().await {
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
