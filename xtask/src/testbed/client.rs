//! One keep-alive connection, for timing single answers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// No answer on loopback takes so long, unless something hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection that asks one thing after the other.
#[derive(Debug)]
pub(crate) struct Client {
    connection: TcpStream,
    buffer: Vec<u8>,
}

/// What is kept of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The whole body.
    pub(crate) body: Vec<u8>,
    /// From before the request is sent to the answer's first byte.
    pub(crate) first_byte: Duration,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        let connection = TcpStream::connect_timeout(&address, PATIENCE)
            .with_context(|| format!("nobody listens on {address}"))?;
        connection.set_nodelay(true)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            connection,
            buffer: vec![0; 64 * 1024],
        })
    }

    /// Asks for `path` with a `Cookie` header (empty: none) and reads the whole answer.
    ///
    /// # Errors
    /// When the connection breaks or the answer has no `Content-Length`.
    pub(crate) fn get(&mut self, path: &str, cookie: &str) -> Result<Answer> {
        let cookie = match cookie {
            "" => String::new(),
            some => format!("Cookie: {some}\r\n"),
        };
        self.request("GET", path, &cookie, "")
    }

    /// Sends `body` to `path` with one header field, `Name: value`, and reads the whole answer.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(crate) fn post(&mut self, path: &str, header: &str, body: &str) -> Result<Answer> {
        let length = body.len();
        let fields =
            format!("{header}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n");
        self.request("POST", path, &fields, body)
    }

    /// Sends a request with whole lines of header fields, each with its line break, and reads the whole answer.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(crate) fn request(
        &mut self,
        method: &str,
        path: &str,
        fields: &str,
        body: &str,
    ) -> Result<Answer> {
        self.ask(&format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n{body}"
        ))
    }

    fn ask(&mut self, request: &str) -> Result<Answer> {
        // Before it is sent: on one CPU the server may have answered before `write` returns.
        let asked = Instant::now();
        self.connection.write_all(request.as_bytes())?;
        let mut received = self.read()?;
        let first_byte = asked.elapsed();
        let head = loop {
            if let Some(head) = Head::parse(&self.buffer[..received])? {
                break head;
            }
            received += self.read_behind(received)?;
        };
        let mut body = self.buffer[head.end..received].to_vec();
        while body.len() < head.content_length {
            let read = self.read()?;
            body.extend_from_slice(&self.buffer[..read]);
        }
        Ok(Answer {
            status: head.status,
            body,
            first_byte,
        })
    }

    fn read(&mut self) -> Result<usize> {
        self.read_behind(0)
    }

    fn read_behind(&mut self, start: usize) -> Result<usize> {
        match self.connection.read(&mut self.buffer[start..])? {
            0 => bail!("the connection was closed within an answer"),
            some => Ok(some),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    content_length: usize,
    /// The position of the body's first byte.
    end: usize,
}

impl Head {
    /// `None` when the head has not arrived whole.
    fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&bytes[..end]);
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let content_length = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        Ok(Some(Self {
            status: status.context("no status line")?.parse()?,
            content_length: content_length
                .context("an answer without Content-Length")?
                .1
                .trim()
                .parse()?,
            end: end + 4,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let answer =
            b"HTTP/1.1 206 Partial Content\r\ncontent-length: 12\r\nETag: \"a\"\r\n\r\nbody";
        let head = Head::parse(answer).unwrap().unwrap();
        assert_eq!((head.status, head.content_length), (206, 12));
        assert_eq!(&answer[head.end..], b"body");
        assert_eq!(Head::parse(&answer[..20]).unwrap(), None);
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
