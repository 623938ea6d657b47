//! A collector of traces that takes everything and keeps nothing, so that what it costs to send is what is measured.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context, Result};

/// A listening collector; it ends with this process.
#[derive(Debug)]
pub(crate) struct Collector {
    address: SocketAddr,
    taken: Arc<AtomicU64>,
}

impl Collector {
    /// Listens on a free port of the loopback address.
    ///
    /// # Errors
    /// When no port is free.
    pub(crate) fn start() -> Result<Self> {
        let listener =
            TcpListener::bind("127.0.0.1:0").context("no free port for the collector")?;
        let address = listener.local_addr()?;
        let taken = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&taken);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let count = Arc::clone(&count);
                // A connection that breaks is the client's affair.
                thread::spawn(move || take(connection, &count));
            }
        });
        Ok(Self { address, taken })
    }

    /// What a host is told.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Bytes of bodies so far.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

/// One keep-alive connection, until the client closes it.
fn take(connection: TcpStream, taken: &AtomicU64) -> Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut writer = connection;
    let mut body = Vec::new();
    while let Some(length) = announced(&mut reader)? {
        body.clear();
        reader.by_ref().take(length).read_to_end(&mut body)?;
        taken.fetch_add(length, Ordering::Relaxed);
        writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
    }
    Ok(())
}

/// The length of the next request's body; `None` when there is no further request.
fn announced(reader: &mut impl BufRead) -> Result<Option<u64>> {
    let (mut line, mut length) = (String::new(), 0);
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse()?;
            }
            None if line.trim_end().is_empty() => return Ok(Some(length)),
            _ => {}
        }
    }
}
