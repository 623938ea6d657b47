//! A small HTTP server for pages on this machine, which are no other host's.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// A whole answer.
pub(super) type Answer = Response<Full<Bytes>>;

/// Names of this machine, which is all that listens here.
const OWN_NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

/// Answers by `answer` for as long as it is polled: whoever asks for a host of this machine.
pub(super) async fn serve<State, Asked>(
    listener: TcpListener,
    state: Arc<State>,
    answer: impl Fn(Request<Incoming>, Arc<State>) -> Asked + Clone + Send + 'static,
) -> std::io::Result<()>
where
    State: Send + Sync + 'static,
    Asked: Future<Output = Answer> + Send,
{
    let address = listener.local_addr()?.ip();
    loop {
        let (socket, _) = listener.accept().await?;
        let (state, answer) = (Arc::clone(&state), answer.clone());
        let service = service_fn(move |request| {
            let answered = own_host(request.headers(), address)
                .is_some()
                .then(|| answer(request, Arc::clone(&state)));
            async move {
                Ok::<_, Infallible>(match answered {
                    Some(answered) => answered.await,
                    None => other_host(),
                })
            }
        });
        // A browser that leaves is no error of ours.
        tokio::spawn(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(socket), service),
        );
    }
}

/// 200, never kept by a browser.
pub(super) fn content(kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(Full::new(body.into()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Only a status.
pub(super) fn status(status: StatusCode) -> Answer {
    let words = status.canonical_reason().unwrap_or_default();
    let mut response = content("text/plain; charset=utf-8", words);
    *response.status_mut() = status;
    response
}

/// The host that was asked for, when it is a name of this machine, or the `address` that is listened on. A page elsewhere whose name was made
/// to mean this machine (DNS rebinding) asks for another.
pub(super) fn own_host(headers: &HeaderMap, address: IpAddr) -> Option<&str> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    let (name, port) = host.split_once(':').unwrap_or((host, "80"));
    let is_name = OWN_NAMES.contains(&name) || name.parse() == Ok(address);
    let is_own = is_name && port.parse::<u16>().is_ok();
    (is_own && hosts.next().is_none()).then_some(host)
}

/// 421 (RFC 9110, section 15.5.20).
fn other_host() -> Answer {
    let [address, name] = OWN_NAMES;
    let words =
        format!("This page is at {address} and {name} alone, not at the host you asked for.\n");
    let mut response = content("text/plain; charset=utf-8", words);
    *response.status_mut() = StatusCode::MISDIRECTED_REQUEST;
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn an_address_of_the_network_is_ours_where_it_is_listened_on() {
        let mut headers = HeaderMap::new();
        headers.append(HOST, HeaderValue::from_static("192.0.2.7:8788"));
        assert!(own_host(&headers, Ipv4Addr::new(192, 0, 2, 7).into()).is_some());
        assert!(own_host(&headers, Ipv4Addr::new(192, 0, 2, 8).into()).is_none());
    }

    #[test]
    fn other_hosts_are_none_of_this_machine() {
        let own = |hosts: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, HeaderValue::from_static(host));
            }
            own_host(&headers, Ipv4Addr::LOCALHOST.into()).is_some()
        };
        for host in ["127.0.0.1", "127.0.0.1:8788", "localhost", "localhost:1"] {
            assert!(own(&[host]), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8788",
            "localhost.evil.example",
            "localhost@evil.example",
            "localhost:80@evil.example",
            "127.0.0.1.evil.example:8788",
            "0.0.0.0:8788",
            "",
        ] {
            assert!(!own(&[host]), "{host}");
        }
        assert!(!own(&[]));
        assert!(!own(&["localhost", "evil.example"]));
    }
}
