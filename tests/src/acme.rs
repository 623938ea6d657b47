//! A certificate authority that speaks ACME (RFC 8555), proves names by really connecting, and misbehaves on
//! command.

mod authority;
mod jws;
mod orders;
mod validation;
mod x509;

pub use authority::Life;

use crate::acme::authority::Authority;
use crate::acme::jws::{Jwk, Jws};
use crate::acme::orders::{Authorization, Book};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// The name that hosts ask for.
pub const NAME: &str = "localhost";

/// Something that goes wrong once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A nonce is refused.
    BadNonce,
    /// An order is refused, and may be tried again after 2 seconds.
    RateLimited,
    /// An order gets no answer.
    Silent,
    /// An order is answered by a proxy that knows no ACME.
    BadGateway,
    /// The account is forgotten before an order.
    Forgetful,
    /// A certificate is signed whose life is nearly over.
    NearlyOver,
}

/// An authority on a port of its own. It ends when this is dropped.
#[derive(Debug)]
pub struct AcmeServer {
    folder: TempDir,
    inner: Arc<Inner>,
    accepting: JoinHandle<()>,
}

struct Inner {
    base: String,
    authority: Authority,
    book: Mutex<Book>,
    faults: Mutex<Vec<Fault>>,
    asked: watch::Sender<Vec<String>>,
    lives: Mutex<Vec<Life>>,
    /// Where port 443 of every name is.
    gate: watch::Sender<Option<SocketAddr>>,
    /// Orders wait for it.
    open: watch::Sender<bool>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").finish_non_exhaustive()
    }
}

impl AcmeServer {
    /// One that knows nobody yet, and that waits with its proofs for [`Self::connect_to`].
    ///
    /// # Panics
    ///
    /// No port is free.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let authority = Authority::new();
        let tls = TlsAcceptor::from(Arc::new(authority.server()));
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::write(folder.path().join("root.pem"), authority.pem()).expect("a temporary file");
        let inner = Arc::new(Inner {
            base: format!("https://{address}"),
            authority,
            book: Mutex::default(),
            faults: Mutex::default(),
            asked: watch::Sender::default(),
            lives: Mutex::default(),
            gate: watch::Sender::default(),
            open: watch::Sender::new(true),
        });
        let accepting = tokio::spawn(accept(listener, tls, Arc::clone(&inner)));
        Self {
            folder,
            inner,
            accepting,
        }
    }

    /// The words that make a host ask it for a certificate for [`NAME`].
    #[must_use]
    pub fn arguments(&self) -> [OsString; 6] {
        let directory = format!("{}/directory", self.inner.base);
        [
            "--acme".into(),
            NAME.into(),
            "--acme-directory".into(),
            directory.into(),
            "--acme-ca".into(),
            self.root().into(),
        ]
    }

    /// The file of the root that vouches for its server and for its certificates.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// Takes `address` for port 443 of every name.
    pub fn connect_to(&self, address: SocketAddr) {
        self.inner.gate.send_replace(Some(address));
    }

    /// Has something go wrong, once.
    pub fn next(&self, fault: Fault) {
        self.inner.faults.lock().unwrap().push(fault);
    }

    /// Keeps orders back.
    pub fn pause(&self) {
        self.inner.open.send_replace(false);
    }

    /// Takes them, and all further ones.
    pub fn resume(&self) {
        self.inner.open.send_replace(true);
    }

    /// Somebody who believes its root alone.
    #[must_use]
    pub fn client(&self) -> rustls::ClientConfig {
        self.inner.authority.client()
    }

    /// All requests so far: `POST /new-order`.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.inner.asked.borrow().clone()
    }

    /// How often it was asked for `what`.
    #[must_use]
    pub fn count(&self, what: &str) -> usize {
        let asked = self.inner.asked.borrow();
        asked.iter().filter(|one| *one == what).count()
    }

    /// The certificates so far.
    #[must_use]
    pub fn lives(&self) -> Vec<Life> {
        self.inner.lives.lock().unwrap().clone()
    }
}

impl Drop for AcmeServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, inner: Arc<Inner>) {
    while let Ok((socket, _)) = listener.accept().await {
        let (tls, inner) = (tls.clone(), Arc::clone(&inner));
        tokio::spawn(async move {
            // Who does not believe the root breaks it off.
            let Ok(stream) = tls.accept(socket).await else {
                return;
            };
            let service = service_fn(move |request| answer(Arc::clone(&inner), request));
            let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            drop(serving.await);
        });
    }
}

type Answer = Response<Full<Bytes>>;
/// An answer that ends what was asked for.
type Refusal = Box<Answer>;

async fn answer(inner: Arc<Inner>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    inner
        .asked
        .send_modify(|asked| asked.push(format!("{method} {path}")));
    let kind = request.headers().get("content-type").cloned();
    let body = request.into_body().collect().await;
    let body = body.map(|body| body.to_bytes()).unwrap_or_default();
    let answer = match (method, path.as_str()) {
        (Method::GET, "/directory") => json(200, &inner.directory()),
        (Method::HEAD, "/new-nonce") => json(200, &Value::Null),
        (Method::POST, _) if kind.is_some_and(|kind| kind == "application/jose+json") => {
            let answered = inner.signed(&path, &body).await;
            answered.unwrap_or_else(|refusal| *refusal)
        }
        _ => problem(405, "malformed", "POST application/jose+json"),
    };
    Ok(inner.with_nonce(answer))
}

impl Inner {
    fn directory(&self) -> Value {
        let base = &self.base;
        json!({
            "newNonce": format!("{base}/new-nonce"),
            "newAccount": format!("{base}/new-account"),
            "newOrder": format!("{base}/new-order"),
            "revokeCert": format!("{base}/none"),
            "keyChange": format!("{base}/none"),
            "meta": { "termsOfService": format!("{base}/terms") },
        })
    }

    fn with_nonce(&self, mut answer: Answer) -> Answer {
        let nonce = self.book.lock().unwrap().nonce();
        let nonce = nonce.parse().expect("a header's value");
        answer.headers_mut().insert("replay-nonce", nonce);
        answer
    }

    /// Whether `fault` is to happen now.
    fn happens(&self, fault: Fault) -> bool {
        let mut faults = self.faults.lock().unwrap();
        let found = faults.iter().position(|one| *one == fault);
        found.map(|place| faults.remove(place)).is_some()
    }

    /// A request that has to be signed (RFC 8555, sections 6.2 to 6.5).
    async fn signed(self: &Arc<Self>, path: &str, body: &[u8]) -> Result<Answer, Refusal> {
        let jws = Jws::read(body).map_err(|why| refused(400, "malformed", &why))?;
        let is_fresh = self.book.lock().unwrap().spend(&jws.header.nonce);
        if !is_fresh || self.happens(Fault::BadNonce) {
            return Err(refused(400, "badNonce", "the nonce is not fresh"));
        }
        if jws.header.url != format!("{}{path}", self.base) {
            return Err(refused(403, "unauthorized", "signed for another address"));
        }
        let key = self.key(path, &jws)?;
        if !jws.is_signed_by(&key) {
            return Err(refused(403, "unauthorized", "the signature is wrong"));
        }
        match path.trim_start_matches('/').split_once('/') {
            None if path == "/new-account" => self.account(&jws, key),
            None if path == "/new-order" => self.order(&jws).await,
            Some((what, number)) => {
                let number = number.parse().map_err(|_| nothing())?;
                self.about(what, number, &jws, &key)
            }
            None => Err(nothing()),
        }
    }

    fn key(&self, path: &str, jws: &Jws) -> Result<Jwk, Refusal> {
        let unknown = || refused(400, "accountDoesNotExist", "no account has this key");
        if path == "/new-account" {
            return jws.header.jwk.clone().ok_or_else(unknown);
        }
        if path == "/new-order" && self.happens(Fault::Forgetful) {
            self.book.lock().unwrap().accounts.clear();
        }
        let kid = jws.header.kid.as_deref().unwrap_or_default();
        let number = kid.strip_prefix(&format!("{}/account/", self.base));
        let number: Option<usize> = number.and_then(|number| number.parse().ok());
        let book = self.book.lock().unwrap();
        let found = number.and_then(|number| book.accounts.get(number));
        found.cloned().ok_or_else(unknown)
    }

    fn account(&self, jws: &Jws, key: Jwk) -> Result<Answer, Refusal> {
        if jws.payload["termsOfServiceAgreed"] != true {
            return Err(refused(403, "userActionRequired", "the terms"));
        }
        let mut book = self.book.lock().unwrap();
        book.accounts.push(key);
        let address = format!("{}/account/{}", self.base, book.accounts.len() - 1);
        let shown = json!({ "status": "valid", "contact": jws.payload["contact"] });
        Ok(at(json(201, &shown), &address))
    }

    async fn order(&self, jws: &Jws) -> Result<Answer, Refusal> {
        drop(self.open.subscribe().wait_for(|open| *open).await);
        if self.happens(Fault::Silent) {
            return std::future::pending().await;
        }
        if self.happens(Fault::BadGateway) {
            let answer = Response::builder().status(502);
            let answer = answer.body("<h1>Bad Gateway</h1>".into());
            return Err(Box::new(answer.expect("an answer")));
        }
        if self.happens(Fault::RateLimited) {
            let mut refusal = refused(429, "rateLimited", "too many new orders recently");
            refusal.headers_mut().insert("retry-after", 2.into());
            return Err(refusal);
        }
        let names = names(&jws.payload["identifiers"]);
        let names = names.ok_or_else(|| refused(400, "malformed", "names alone"))?;
        let mut book = self.book.lock().unwrap();
        let number = book.order(names);
        let address = format!("{}/order/{number}", self.base);
        let shown = book.show_order(&self.base, number);
        Ok(at(json(201, &shown), &address))
    }

    fn about(
        self: &Arc<Self>,
        what: &str,
        number: usize,
        jws: &Jws,
        key: &Jwk,
    ) -> Result<Answer, Refusal> {
        let mut book = self.book.lock().unwrap();
        let (orders, names) = (book.orders.len(), book.authorizations.len());
        match what {
            "order" if number < orders => {
                let shown = book.show_order(&self.base, number);
                book.orders[number].is_processing = false;
                Ok(json(200, &shown))
            }
            "authorization" if number < names => {
                Ok(json(200, &book.show_authorization(&self.base, number)))
            }
            "challenge" if number < names => {
                self.begin_proof(number, key);
                Ok(json(200, &book.show_challenge(&self.base, number)))
            }
            "finalize" if number < orders => self.finalize(&mut book, number, &jws.payload),
            "certificate" if number < orders => match &book.orders[number].certificate {
                Some(chain) => Ok(Response::builder()
                    .header("content-type", "application/pem-certificate-chain")
                    .body(chain.clone().into())
                    .expect("an answer")),
                None => Err(nothing()),
            },
            _ => Err(nothing()),
        }
    }

    fn name(&self, number: usize) -> String {
        let book = self.book.lock().unwrap();
        book.authorizations[number].name.clone()
    }

    /// Looks for the proof of a name, where it is known to whom to connect.
    fn begin_proof(self: &Arc<Self>, number: usize, key: &Jwk) {
        let proof = key.proof(&Authorization::token(number));
        let inner = Arc::clone(self);
        tokio::spawn(async move {
            let mut gate = inner.gate.subscribe();
            let found = gate.wait_for(Option::is_some).await.map(|found| *found);
            let Ok(Some(address)) = found else {
                return;
            };
            let name = inner.name(number);
            let validated = validation::validate(address, &name, &proof).await;
            let mut book = inner.book.lock().unwrap();
            let authorization = &mut book.authorizations[number];
            authorization.status = match &validated {
                Ok(()) => "valid",
                Err(_) => "invalid",
            };
            authorization.error = validated.err().map(|why| {
                json!({ "type": "urn:ietf:params:acme:error:connection", "detail": why, "status": 400 })
            });
        });
    }

    fn finalize(&self, book: &mut Book, number: usize, payload: &Value) -> Result<Answer, Refusal> {
        if book.status(&book.orders[number]) != "ready" {
            return Err(refused(403, "orderNotReady", "names are not proved"));
        }
        let csr = payload["csr"].as_str().unwrap_or_default();
        let csr = URL_SAFE_NO_PAD.decode(csr);
        let csr = csr.map_err(|_| refused(400, "badCSR", "no base64url"))?;
        let life = match self.happens(Fault::NearlyOver) {
            true => Life::nearly_over(),
            false => Life::usual(),
        };
        let order = &mut book.orders[number];
        let signed = self.authority.sign(&csr, &order.names, life);
        order.certificate = Some(signed.map_err(|why| refused(400, "badCSR", &why))?);
        order.is_processing = true;
        self.lives.lock().unwrap().push(life);
        Ok(json(200, &book.show_order(&self.base, number)))
    }
}

/// The names of an order, sorted, where they are names.
fn names(identifiers: &Value) -> Option<Vec<String>> {
    let name = |identifier: &Value| {
        let is_name = identifier["type"] == "dns";
        let value = identifier["value"].as_str().filter(|_| is_name);
        value.map(str::to_owned)
    };
    let mut names = identifiers
        .as_array()?
        .iter()
        .map(name)
        .collect::<Option<Vec<_>>>()?;
    names.sort_unstable();
    Some(names)
}

fn json(status: u16, value: &Value) -> Answer {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(value.to_string().into())
        .expect("an answer")
}

fn at(mut answer: Answer, address: &str) -> Answer {
    let address = address.parse().expect("a header's value");
    answer.headers_mut().insert("location", address);
    answer
}

fn nothing() -> Refusal {
    refused(404, "malformed", "there is nothing here")
}

/// RFC 8555, section 6.7.
fn refused(status: u16, kind: &str, detail: &str) -> Refusal {
    Box::new(problem(status, kind, detail))
}

fn problem(status: u16, kind: &str, detail: &str) -> Answer {
    let kind = format!("urn:ietf:params:acme:error:{kind}");
    let body = json!({ "type": kind, "detail": detail, "status": status });
    let mut answer = json(status, &body);
    let kind = "application/problem+json".parse();
    let kind = kind.expect("a header's value");
    answer.headers_mut().insert("content-type", kind);
    answer
}
