//! A portal's sign-in service: signs RS256 tokens with ring, publishes its keys, and misbehaves on command.

use crate::deadline::within;
use crate::portal::now;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Where the keys are published.
pub const PATH: &str = "/.well-known/jwks.json";
/// What `iss` is.
pub const NAME: &str = "https://clerk.portal.example";

/// What the service does when it is asked for its keys.
#[derive(Clone, Debug)]
pub enum Manner {
    /// Answers with this status, these header lines and this body.
    Answer(u16, String, String),
    /// Reads the question and says nothing.
    Hang,
    /// Begins an answer and goes on a byte at a time, without an end.
    Drip,
    /// Closes at once.
    Close,
}

/// A service on a port of its own. It ends when this is dropped.
#[derive(Debug)]
pub struct Issuer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    manner: Manner,
    asked: watch::Sender<Vec<String>>,
    /// Answers wait for it.
    open: watch::Sender<bool>,
}

impl Issuer {
    /// One that publishes `keys`.
    ///
    /// # Panics
    ///
    /// No port is free.
    pub async fn start(keys: &[&Key]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let state = Arc::new(Mutex::new(State {
            manner: publishing(keys),
            asked: watch::Sender::default(),
            open: watch::Sender::new(true),
        }));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self {
            address,
            state,
            accepting,
        }
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Publishes these keys from now on.
    pub fn publish(&self, keys: &[&Key]) {
        self.behave(publishing(keys));
    }

    /// Does this from now on.
    pub fn behave(&self, manner: Manner) {
        self.state.lock().unwrap().manner = manner;
    }

    /// Keeps its answers back.
    pub fn pause(&self) {
        self.state.lock().unwrap().open.send_replace(false);
    }

    /// Gives them, and all further ones.
    pub fn resume(&self) {
        self.state.lock().unwrap().open.send_replace(true);
    }

    /// The heads of all requests so far.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.borrow().clone()
    }

    /// Waits until it has been asked so many times.
    ///
    /// # Panics
    ///
    /// It is not.
    pub async fn is_asked(&self, times: usize) {
        let mut asked = self.state.lock().unwrap().asked.subscribe();
        let asked = asked.wait_for(|asked| asked.len() >= times);
        drop(within("a request for keys", asked).await);
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn publishing(keys: &[&Key]) -> Manner {
    let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
    let body = json!({ "keys": keys }).to_string();
    Manner::Answer(200, "content-type: application/json\r\n".into(), body)
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        connections.spawn(connection(socket, Arc::clone(&state)));
        while connections.try_join_next().is_some() {}
    }
}

/// One question, one answer. Errors are the other side's leaving.
async fn connection(mut socket: TcpStream, state: Arc<Mutex<State>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match socket.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let (manner, mut open) = {
        let state = state.lock().unwrap();
        let head = String::from_utf8_lossy(&head).into();
        state.asked.send_modify(|asked| asked.push(head));
        (state.manner.clone(), state.open.subscribe())
    };
    drop(open.wait_for(|open| *open).await);
    match manner {
        Manner::Answer(status, headers, body) => {
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} Some\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            drop(socket.write_all(answer.as_bytes()).await);
            drop(socket.shutdown().await);
        }
        Manner::Hang => std::future::pending().await,
        Manner::Drip => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"keys\":[";
            let mut piece: &[u8] = head.as_bytes();
            let mut pace = tokio::time::interval(std::time::Duration::from_millis(100));
            while socket.write_all(piece).await.is_ok() {
                pace.tick().await;
                piece = b" ";
            }
        }
        Manner::Close => {}
    }
}

/// A key of the service.
#[derive(Debug)]
pub struct Key {
    name: &'static str,
    pair: RsaKeyPair,
}

impl Key {
    /// The key `first`.
    #[must_use]
    pub fn first() -> Self {
        Self::read("first", include_bytes!("../keys/first.der"))
    }

    /// The key `second`.
    #[must_use]
    pub fn second() -> Self {
        Self::read("second", include_bytes!("../keys/second.der"))
    }

    fn read(name: &'static str, pkcs8: &[u8]) -> Self {
        let pair = RsaKeyPair::from_pkcs8(pkcs8).expect("a key that openssl made");
        Self { name, pair }
    }

    /// As the service publishes it (RFC 7517).
    #[must_use]
    pub fn jwk(&self) -> Value {
        let parts: PublicKeyComponents<Vec<u8>> = self.pair.public_key().into();
        json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.name,
            "n": URL_SAFE_NO_PAD.encode(parts.n), "e": URL_SAFE_NO_PAD.encode(parts.e),
        })
    }

    /// A token that says `claims`, with this key's name in its header.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_under(
            &json!({ "alg": "RS256", "typ": "JWT", "kid": self.name }),
            claims,
        )
    }

    /// A token with another header.
    ///
    /// # Panics
    ///
    /// Never: the key is big enough for the hash.
    #[must_use]
    pub fn sign_under(&self, header: &Value, claims: &Value) -> String {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let mut signature = vec![0; self.pair.public().modulus_len()];
        let random = SystemRandom::new();
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &random,
                signed.as_bytes(),
                &mut signature,
            )
            .expect("a key of 2,048 bits");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What Clerk's token says of `user_2abc`, who may watch, with these claims beside or instead.
///
/// # Panics
///
/// `more` is no object.
#[must_use]
pub fn claims(more: Value) -> Value {
    let now = now();
    let claims = json!({
        "azp": "https://portal.example", "exp": now + 60, "iat": now, "iss": NAME, "nbf": now - 10,
        "sid": "sess_2abc", "sub": "user_2abc", "permissions": ["video:playback"],
        "entitlements": ["2025*"],
    });
    let object =
        |value: Value| -> Map<String, Value> { serde_json::from_value(value).expect("an object") };
    let mut claims = object(claims);
    claims.extend(object(more));
    Value::Object(claims)
}
