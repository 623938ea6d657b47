//! A stand-in for a gate: it answers by a function and keeps what it was asked.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// How many came before it.
    pub(super) number: usize,
    pub(super) method: String,
    /// With its query.
    pub(super) path: String,
    pub(super) body: Bytes,
    headers: HeaderMap,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

type Script = dyn Fn(&Seen) -> (u16, Value) + Send + Sync;

pub(super) struct StandIn {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl StandIn {
    pub(super) async fn start(
        script: impl Fn(&Seen) -> (u16, Value) + Send + Sync + 'static,
    ) -> Self {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::default();
        tokio::spawn(serve(listener, Arc::new(script), Arc::clone(&seen)));
        Self { url, seen }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(listener: TcpListener, script: Arc<Script>, seen: Arc<Mutex<Vec<Seen>>>) {
    while let Ok((socket, _)) = listener.accept().await {
        let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
        let service =
            service_fn(move |request| answer(request, Arc::clone(&script), Arc::clone(&seen)));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    script: Arc<Script>,
    all: Arc<Mutex<Vec<Seen>>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let mut all = all.lock().unwrap();
    let seen = Seen {
        number: all.len(),
        method: head.method.to_string(),
        path: head.uri.to_string(),
        body,
        headers: head.headers,
    };
    let (status, body) = script(&seen);
    all.push(seen);
    let body = match body {
        Value::Null => String::new(),
        // A bucket's XML.
        Value::String(text) => text,
        json => json.to_string(),
    };
    let answer = Response::builder().status(status);
    Ok(answer.body(Full::from(body)).unwrap())
}
