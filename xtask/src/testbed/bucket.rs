//! The bucket: objects in memory, as cheap as a bucket can be, so that
//! what stands before it is what is measured. It ignores signatures and conditions.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context, Result};

/// Path and whole answer of each object, head and body.
type Objects = Arc<[(String, Vec<u8>)]>;

/// A listening bucket; it ends with this process.
#[derive(Debug)]
pub(crate) struct Bucket {
    address: SocketAddr,
    asked: Arc<AtomicU64>,
}

impl Bucket {
    /// Listens on a free port of the loopback address and serves objects of these paths and contents.
    ///
    /// # Errors
    /// When no port is free.
    pub(crate) fn start(objects: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self> {
        let objects: Objects = objects
            .into_iter()
            .map(|(path, content)| (path, answer(&content)))
            .collect();
        let listener = TcpListener::bind("127.0.0.1:0").context("no free port for the bucket")?;
        let address = listener.local_addr()?;
        let asked = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&asked);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (objects, count) = (Arc::clone(&objects), Arc::clone(&count));
                // A connection that breaks is the client's affair.
                thread::spawn(move || serve(connection, &objects, &count));
            }
        });
        Ok(Self { address, asked })
    }

    /// Requests so far.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

fn answer(content: &[u8]) -> Vec<u8> {
    let size = content.len();
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: video/iso.segment\r\nContent-Length: {size}\r\n\
         ETag: \"{size:x}\"\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\
         Accept-Ranges: bytes\r\n\r\n"
    )
    .into_bytes();
    answer.extend(content);
    answer
}

/// `size` bytes that tell where they stand.
pub(crate) fn content(size: usize) -> Vec<u8> {
    pattern().into_iter().cycle().take(size).collect()
}

/// What it is made of, again and again: a prime number of bytes, so that none is at a likely offset twice.
fn pattern() -> [u8; 251] {
    std::array::from_fn(|position| position as u8)
}

/// Whether each byte stands where [`content`] has it.
pub(crate) fn is_content(body: &[u8]) -> bool {
    let pattern = pattern();
    let mut parts = body.chunks(pattern.len());
    parts.all(|part| part == &pattern[..part.len()])
}

/// One keep-alive connection, until the client closes it.
fn serve(connection: TcpStream, objects: &Objects, asked: &AtomicU64) -> Result<()> {
    connection.set_nodelay(true)?;
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut writer = connection;
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        asked.fetch_add(1, Ordering::Relaxed);
        let target = line.split(' ').nth(1).unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        let found = objects.iter().find(|(known, _)| known == path);
        let answer = found.map_or(NOT_FOUND, |(_, answer)| answer.as_slice());
        skip_headers(&mut reader)?;
        writer.write_all(answer)?;
    }
}

const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

fn skip_headers(reader: &mut impl BufRead) -> Result<()> {
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? <= 2 {
            return Ok(());
        }
    }
}
