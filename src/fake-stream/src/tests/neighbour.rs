//! Who lives beside a Stream: a source to pull from, and somebody who takes webhooks.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Signature header and body of a webhook.
type Webhook = (String, Bytes);

pub(super) struct Neighbour {
    address: SocketAddr,
    webhooks: Arc<Mutex<Vec<Webhook>>>,
}

impl Neighbour {
    pub(super) async fn start(film: &[u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let webhooks = Arc::default();
        let film = Bytes::copy_from_slice(film);
        tokio::spawn(serve(listener, film, Arc::clone(&webhooks)));
        Self { address, webhooks }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn webhooks(&self) -> Vec<Webhook> {
        self.webhooks.lock().unwrap().clone()
    }
}

async fn serve(listener: TcpListener, film: Bytes, webhooks: Arc<Mutex<Vec<Webhook>>>) {
    while let Ok((socket, _)) = listener.accept().await {
        let (film, webhooks) = (film.clone(), Arc::clone(&webhooks));
        let service =
            service_fn(move |request| answer(request, film.clone(), Arc::clone(&webhooks)));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    film: Bytes,
    webhooks: Arc<Mutex<Vec<Webhook>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let text = |name: &str| {
        head.headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let path = head.uri.path();
    if path == "/webhook" {
        let body = body.collect().await.unwrap().to_bytes();
        webhooks
            .lock()
            .unwrap()
            .push((text("webhook-signature").unwrap(), body));
        return Ok(Response::default());
    }
    let size = film.len();
    let answer = Response::builder();
    let answer = match (head.method, text("range")) {
        _ if path == "/missing" => answer.status(StatusCode::NOT_FOUND).body(Full::default()),
        (Method::HEAD, _) if path == "/no-content-range" => answer.body(Full::new(film)),
        (Method::HEAD, _) => answer
            .header(
                header::CONTENT_RANGE,
                format!("bytes 0-{}/{size}", size - 1),
            )
            .body(Full::new(film)),
        (_, Some(range)) if path != "/no-ranges" => {
            let (first, last) = range[6..].split_once('-').unwrap();
            let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
            let end = if path == "/short" { last } else { last + 1 };
            answer
                .status(StatusCode::PARTIAL_CONTENT)
                .header(
                    header::CONTENT_RANGE,
                    format!("bytes {first}-{last}/{size}"),
                )
                .body(Full::new(film.slice(first..end)))
        }
        _ => answer.body(Full::new(film)),
    };
    Ok(answer.unwrap())
}
