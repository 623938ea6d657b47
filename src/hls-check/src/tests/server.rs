//! A server that wants a token first and its cookie from then on, as a gate does.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::film::Film;
use crate::Place;

#[derive(Default)]
struct Manner {
    content_type: Option<&'static str>,
    redirects: Option<&'static str>,
    cuts_ranges: bool,
}

/// Serves a film until it is dropped.
pub(super) struct Server {
    address: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(super) async fn start(film: Film) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let manner = Arc::new(Mutex::new(Manner::default()));
        let (film, told) = (Arc::new(film), Arc::clone(&manner));
        let task = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let (film, manner) = (Arc::clone(&film), Arc::clone(&told));
                tokio::spawn(async move { answer(socket, &film, &manner).await });
            }
        });
        Self {
            address,
            manner,
            task,
        }
    }

    pub(super) fn typed(self, content_type: &'static str) -> Self {
        self.manner.lock().unwrap().content_type = Some(content_type);
        self
    }

    pub(super) fn redirecting(self, name: &'static str) -> Self {
        self.manner.lock().unwrap().redirects = Some(name);
        self
    }

    pub(super) fn cutting_ranges(self) -> Self {
        self.manner.lock().unwrap().cuts_ranges = true;
        self
    }

    pub(super) fn place(&self, query: &str) -> Place {
        let url = format!("http://{}/games/1/master.m3u8{query}", self.address);
        Place::Web(url.parse().unwrap())
    }
}

/// One request on each connection.
async fn answer(socket: TcpStream, film: &Film, manner: &Mutex<Manner>) {
    let mut socket = BufReader::new(socket);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if socket.read_line(&mut head).await.unwrap_or_default() == 0 {
            return;
        }
    }
    let answer = respond(&head, film, &manner.lock().unwrap());
    let _ = socket.write_all(&answer).await;
    let _ = socket.shutdown().await;
}

fn respond(head: &str, film: &Film, manner: &Manner) -> Vec<u8> {
    let target = head.split(' ').nth(1).unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let lower = head.to_ascii_lowercase();
    if query != "t=token" && !lower.contains("\r\ncookie: session=1\r\n") {
        return whole("403 Forbidden", "", b"");
    }
    let name = path.rsplit('/').next().unwrap();
    if manner.redirects == Some(name) {
        return whole("302 Found", "Location: http://127.0.0.1:1/\r\n", b"");
    }
    let content_type = manner
        .content_type
        .unwrap_or(match name.rsplit('.').next() {
            Some("m3u8") => "application/vnd.apple.mpegurl",
            Some("m4s") => "video/iso.segment",
            _ => "video/mp4",
        });
    let fields = format!(
        "Content-Type: {content_type}\r\nSet-Cookie: session=1; Path=/games/1/; HttpOnly; Secure\r\n"
    );
    let content = film.read(name);
    match lower.split("\r\nrange: bytes=").nth(1) {
        None => whole("200 OK", &fields, &content),
        Some(range) => {
            let (start, end) = range.split("\r\n").next().unwrap().split_once('-').unwrap();
            let (start, end): (usize, usize) = (start.parse().unwrap(), end.parse().unwrap());
            let end = if manner.cuts_ranges { end - 1 } else { end };
            whole("206 Partial Content", &fields, &content[start..=end])
        }
    }
}

fn whole(status: &str, fields: &str, content: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{fields}\r\n",
        content.len()
    );
    [head.as_bytes(), content].concat()
}
