//! A program that runs beside a test and ends with it.

use crate::deadline::{USUAL, within, within_time};
use rustix::process::{Pid, Signal, kill_process};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// A running program. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdout: Output,
    stderr: Output,
}

impl Process {
    /// Starts `command`, reading all it writes.
    ///
    /// # Panics
    ///
    /// It cannot be started.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        Self::start_with(command, Stdio::null())
    }

    /// Starts `command` with `stdin`, reading all it writes.
    ///
    /// # Panics
    ///
    /// It cannot be started.
    #[must_use]
    pub fn start_with(command: &mut Command, stdin: Stdio) -> Self {
        let mut child = command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let stdout = Output::collect(child.stdout.take().expect("piped"));
        let stderr = Output::collect(child.stderr.take().expect("piped"));
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// What it writes to standard output.
    #[must_use]
    pub fn stdout(&self) -> &Output {
        &self.stdout
    }

    /// What it writes to standard error.
    #[must_use]
    pub fn stderr(&self) -> &Output {
        &self.stderr
    }

    /// Its process id.
    ///
    /// # Panics
    ///
    /// It has been waited for.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id().expect("it has not been waited for")
    }

    /// The address in the line `listening on http://ADDRESS` of standard output.
    ///
    /// # Panics
    ///
    /// It ends before; what it wrote to standard error is shown.
    pub async fn address(&self) -> std::net::SocketAddr {
        let find = |line: &str| {
            let (_, address) = line.strip_prefix("listening on ")?.split_once("://")?;
            address.parse().ok()
        };
        match within("listening", self.stdout.find(find)).await {
            Some(address) => address,
            None => panic!("ended at once:\n{}", self.stderr.whole().await),
        }
    }

    /// The address in the line `metrics on http://ADDRESS/metrics` of standard output.
    ///
    /// # Panics
    ///
    /// There is none.
    pub async fn metrics_address(&self) -> std::net::SocketAddr {
        let find = |line: &str| {
            let address = line.strip_prefix("metrics on http://")?;
            address.strip_suffix("/metrics")?.parse().ok()
        };
        let found = within("metrics", self.stdout.find(find)).await;
        found.expect("a line about metrics")
    }

    /// Sends it `signal`.
    ///
    /// # Panics
    ///
    /// There is no such process any more.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("a process id"), signal).expect("it runs");
    }

    /// Waits until it ends.
    ///
    /// # Panics
    ///
    /// It does not.
    pub async fn ended(&mut self) -> ExitStatus {
        within("the program ends", self.child.wait())
            .await
            .expect("a child")
    }
}

/// What a program that ends by itself said.
#[derive(Debug)]
pub struct Outcome {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// Runs `command` to its end.
///
/// # Panics
///
/// It cannot be started, or does not end.
pub async fn run(command: &mut Command) -> Outcome {
    run_within_time(USUAL, command).await
}

/// Runs `command` to its end, `limit` at most.
///
/// # Panics
///
/// It cannot be started, or does not end.
pub async fn run_within_time(limit: Duration, command: &mut Command) -> Outcome {
    let mut process = Process::start(command);
    let ended = within_time(limit, "the program ends", process.child.wait());
    let status = ended.await.expect("a child");
    Outcome {
        code: status.code(),
        stdout: process.stdout.whole().await,
        stderr: process.stderr.whole().await,
    }
}

/// The lines of a stream, as they come.
#[derive(Clone, Debug)]
pub struct Output(watch::Receiver<Lines>);

#[derive(Debug, Default)]
struct Lines {
    lines: Vec<String>,
    ended: bool,
}

impl Output {
    fn collect(stream: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let (sender, receiver) = watch::channel(Lines::default());
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream
                .read_until(b'\n', &mut line)
                .await
                .is_ok_and(|length| length > 0)
            {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                line.clear();
                sender.send_modify(|lines| lines.lines.push(text));
            }
            sender.send_modify(|lines| lines.ended = true);
        });
        Self(receiver)
    }

    /// What `look` makes of the first line it makes something of, as soon as there is one; `None` when
    /// the stream ends without.
    pub async fn find<T>(&self, look: impl Fn(&str) -> Option<T>) -> Option<T> {
        let mut receiver = self.0.clone();
        let mut seen = 0;
        let mut found = None;
        let looked = receiver
            .wait_for(|lines| {
                found = lines.lines[seen..].iter().find_map(|line| look(line));
                seen = lines.lines.len();
                found.is_some() || lines.ended
            })
            .await
            .map(drop);
        looked.ok().and(found)
    }

    /// What has come so far.
    #[must_use]
    pub fn so_far(&self) -> Vec<String> {
        self.0.borrow().lines.clone()
    }

    /// All of it, once the stream has ended.
    ///
    /// # Panics
    ///
    /// It does not end.
    pub async fn whole(&self) -> String {
        let mut receiver = self.0.clone();
        let ended = within("the output ends", receiver.wait_for(|lines| lines.ended)).await;
        ended.map_or_else(|_| String::new(), |lines| lines.lines.join("\n"))
    }
}
