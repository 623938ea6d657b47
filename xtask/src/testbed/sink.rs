//! A bucket that takes everything and keeps only the names, as cheap as a server can be: what uploads to it is
//! measured, and not the server, which is on another machine where it matters.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read as _, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};

/// Bytes of a body that are read at once.
const READ_AT_ONCE: usize = 256 * 1024;

/// Paths and sizes in bytes of what was uploaded.
type Names = Arc<Mutex<BTreeMap<String, u64>>>;

/// A listening sink; it ends with this process.
#[derive(Debug)]
pub(crate) struct Sink {
    address: SocketAddr,
}

impl Sink {
    /// Listens on a free port of the loopback address.
    ///
    /// # Errors
    /// When no port is free.
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no free port for the sink")?;
        let address = listener.local_addr()?;
        let names = Names::default();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let names = Arc::clone(&names);
                // A connection that breaks is the client's affair.
                thread::spawn(move || serve(connection, &names));
            }
        });
        Ok(Self { address })
    }

    /// What a client calls it.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// One keep-alive connection, until the client closes it.
fn serve(connection: TcpStream, names: &Names) -> Result<()> {
    connection.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(READ_AT_ONCE, connection.try_clone()?);
    let mut writer = connection;
    while let Some(request) = Request::read(&mut reader)? {
        io::copy(&mut (&mut reader).take(request.length), &mut io::sink())?;
        writer.write_all(request.answer(names).as_bytes())?;
    }
    Ok(())
}

/// What is needed of a request's head.
struct Request {
    line: String,
    length: u64,
}

impl Request {
    /// `None` at the end of the connection.
    fn read(reader: &mut impl BufRead) -> Result<Option<Self>> {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut length = 0;
        loop {
            let mut field = String::new();
            if reader.read_line(&mut field)? <= 2 {
                return Ok(Some(Self { line, length }));
            }
            if let Some((name, value)) = field.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
    }

    /// As an S3 server that can write, list and delete.
    fn answer(&self, names: &Names) -> String {
        let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
        let target = self.line.split(' ').nth(1).unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        let is = |method: &str| self.line.starts_with(method);
        match () {
            () if is("PUT") => {
                names.insert(path.to_owned(), self.length);
                "HTTP/1.1 200 OK\r\nETag: \"sink\"\r\nContent-Length: 0\r\n\r\n".into()
            }
            () if is("GET") && self.line.contains("list-type=2") => document(200, &listing(&names)),
            () if is("POST") => document(200, DELETED),
            () => document(404, MISSING),
        }
    }
}

/// All of it at once: a presentation has some hundred objects, and S3 lists a thousand.
fn listing(names: &BTreeMap<String, u64>) -> String {
    let object = |(path, size): (&String, &u64)| {
        // Behind the bucket's name.
        let key = path.splitn(3, '/').nth(2).unwrap_or_default();
        format!(
            "<Contents><Key>{key}</Key><Size>{size}</Size><ETag>\"sink\"</ETag>\
             <LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
        )
    };
    let objects: String = names.iter().map(object).collect();
    format!("<ListBucketResult><IsTruncated>false</IsTruncated>{objects}</ListBucketResult>")
}

const DELETED: &str = "<DeleteResult></DeleteResult>";
const MISSING: &str = "<Error><Code>NoSuchKey</Code><Message>It keeps nothing</Message></Error>";

fn document(status: u16, xml: &str) -> String {
    let length = xml.len();
    format!(
        "HTTP/1.1 {status} \r\nContent-Type: application/xml\r\nContent-Length: {length}\r\n\r\n{xml}"
    )
}
