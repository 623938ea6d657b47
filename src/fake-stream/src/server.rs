//! The listening part.

use std::{io, sync::Arc, time::Duration};

use http::StatusCode;
use http_body_util::{BodyExt as _, Limited};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    answer::{Answer, empty},
    api::{self, Outcome},
    control, media,
    world::World,
};

/// The largest body anybody has reason to send.
const MOST_BYTES: usize = 1024 * 1024;

/// Pause after a failed accept: the process is out of file descriptors, and asking again at once
/// would only burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves for as long as it is polled; connections end with it.
pub(crate) async fn serve(listener: TcpListener, world: Arc<World>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((socket, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Without it a small answer waits for the client's delayed acknowledgement.
        let _ = socket.set_nodelay(true);
        let world = Arc::clone(&world);
        let service = service_fn(move |request| answer(Arc::clone(&world), request));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(socket), service);
        // What goes wrong on a connection is its client's business.
        connections.spawn(async move { drop(connection.await) });
    }
}

/// An error closes the connection without an answer.
async fn answer(world: Arc<World>, request: Request<Incoming>) -> Result<Answer, io::Error> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MOST_BYTES).collect().await else {
        return Ok(empty(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let body = body.to_bytes();
    let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
    if path.starts_with("/control/") {
        return Ok(control::answer(&world, &head.method, path, query, &body));
    }
    if !path.starts_with("/client/") {
        return Ok(media::answer(&world, &head.method, path).await);
    }
    let request = api::Request {
        path: path.to_owned(),
        query: query.to_owned(),
        method: head.method,
        headers: head.headers,
        body: body.to_vec(),
    };
    match api::answer(&world, &request).await {
        Outcome::Answer(answer) => Ok(*answer),
        Outcome::Silence => std::future::pending().await,
        Outcome::Hangup => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}
