//! Thousands of connections that are opened and kept, and ask for next to nothing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::trial::Trial;
use super::verdict::Done;
use super::workers::Stop;

/// More than the host takes at once.
pub(super) const IDLE: Trial = Trial {
    arguments: &["--max-connections", "8192"],
    ..Trial::new(
        "connections",
        "9,000 idle connections, places for 8,192",
        |stage| {
            let crowd = Crowd::gather(stage.host.place().address(), 9_000);
            Stop::default().pause(STAY);
            let what = crowd.described();
            let missing = crowd.missing();
            drop(crowd);
            let faults = match missing {
                0 => Vec::new(),
                some => vec![format!(
                    "{some} connections could not be opened, see ulimit -n"
                )],
            };
            Ok(Done {
                what,
                faults,
                ..Done::default()
            })
        },
    )
};

/// For how long they stay.
const STAY: Duration = Duration::from_secs(30);
/// How long opening one may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long all of them wait for their answers.
const ALL_ANSWERS: Duration = Duration::from_secs(10);

/// Open connections of our own; they are closed when this is dropped.
#[derive(Debug)]
pub(super) struct Crowd {
    wanted: usize,
    connections: Vec<TcpStream>,
    answered: usize,
}

impl Crowd {
    /// Opens connections. Every second one asks whether the host is there, and stays; the others stay silent.
    pub(super) fn gather(address: SocketAddr, count: usize) -> Self {
        let open = |number: usize| {
            let connection = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
            let asks = number.is_multiple_of(2) && (&connection).write_all(REQUEST).is_ok();
            Some((connection, asks))
        };
        let opened: Vec<(TcpStream, bool)> = (0..count).filter_map(open).collect();
        let deadline = Instant::now() + ALL_ANSWERS;
        let asked = opened.iter().filter(|(_, asks)| *asks);
        let answered = asked.filter(|(connection, _)| is_answered(connection, deadline));
        Self {
            wanted: count,
            answered: answered.count(),
            connections: opened
                .into_iter()
                .map(|(connection, _)| connection)
                .collect(),
        }
    }

    /// Connections that could not be opened.
    pub(super) fn missing(&self) -> usize {
        self.wanted - self.connections.len()
    }

    /// What became of them, in words.
    pub(super) fn described(&self) -> String {
        let open = self.connections.iter().filter(|one| is_open(one)).count();
        format!(
            "{} opened, {} answered, {open} open at the end",
            self.connections.len(),
            self.answered
        )
    }
}

const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn is_answered(mut connection: &TcpStream, deadline: Instant) -> bool {
    // A time-out of nothing is refused.
    let left = deadline.saturating_duration_since(Instant::now());
    let left = left.max(Duration::from_millis(1));
    let mut answer = [0; 12];
    connection.set_read_timeout(Some(left)).is_ok()
        && connection.read_exact(&mut answer).is_ok()
        && answer.ends_with(b" 200")
}

/// What was sent is read up to where nothing waits.
fn is_open(mut connection: &TcpStream) -> bool {
    if connection.set_nonblocking(true).is_err() {
        return false;
    }
    let mut rest = [0; 1024];
    loop {
        match connection.read(&mut rest) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
        }
    }
}
