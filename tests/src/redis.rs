//! A Redis of Debian's, as a process.

use crate::deadline::within;
use crate::process::Process;
use rustix::process::Signal;
use std::net::SocketAddr;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

/// A Redis that writes to its disk before it answers.
#[derive(Debug)]
pub struct Redis {
    process: Process,
    address: SocketAddr,
    data: TempDir,
}

impl Redis {
    /// An empty one.
    ///
    /// # Panics
    ///
    /// It does not start.
    pub async fn start() -> Self {
        // It cannot be told to take any port and say which: so one is found for it, and another where
        // somebody was faster.
        for _ in 0..10 {
            let data = TempDir::new().expect("a temporary folder");
            if let Ok(redis) = Self::start_at(free(), data).await {
                return redis;
            }
        }
        panic!("no Redis starts; `cargo xtask test` installs it");
    }

    async fn start_at(address: SocketAddr, data: TempDir) -> Result<Self, TempDir> {
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--port"])
            .arg(address.port().to_string())
            .args(["--appendonly", "yes", "--appendfsync", "always"])
            .args(["--save", "", "--dir"])
            .arg(data.path());
        let process = Process::start(&mut command);
        let ready = |line: &str| line.contains("Ready to accept connections").then_some(());
        match within("Redis starts", process.stdout().find(ready)).await {
            Some(()) => Ok(Self {
                process,
                address,
                data,
            }),
            None => Err(data),
        }
    }

    /// Its address, as a runtime configuration has it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}/0", self.address)
    }

    /// Kills it, and gives back where and with what it can start again.
    ///
    /// # Panics
    ///
    /// It does not die.
    pub async fn kill(mut self) -> Dead {
        self.process.signal(Signal::KILL);
        self.process.ended().await;
        Dead {
            address: self.address,
            data: self.data,
        }
    }

    /// Holds it: connections stay, and nothing is answered.
    pub fn hold(&self) {
        self.process.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.process.signal(Signal::CONT);
    }

    /// What it answers to one command of Redis's inline form, the last line of it.
    ///
    /// # Panics
    ///
    /// It cannot be asked.
    pub async fn ask(&self, command: &str) -> String {
        let asked = async {
            let mut socket = BufReader::new(TcpStream::connect(self.address).await?);
            socket
                .write_all(format!("{command}\r\n").as_bytes())
                .await?;
            let mut line = String::new();
            socket.read_line(&mut line).await?;
            // A text is announced with its length, in a line of its own.
            if line.starts_with('$') && !line.starts_with("$-1") {
                line.clear();
                socket.read_line(&mut line).await?;
            }
            Ok::<_, std::io::Error>(line.trim_end().to_owned())
        };
        within("Redis answers", asked).await.expect("a Redis")
    }
}

/// A Redis that was killed.
#[derive(Debug)]
pub struct Dead {
    address: SocketAddr,
    data: TempDir,
}

impl Dead {
    /// The address it had, as a runtime configuration has it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}/0", self.address)
    }

    /// Starts it again, at the same address and with what it had.
    ///
    /// # Panics
    ///
    /// It does not start.
    pub async fn start(self) -> Redis {
        let started = Redis::start_at(self.address, self.data).await;
        started.expect("its port is free again")
    }
}

fn free() -> SocketAddr {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("a bound socket")
}
