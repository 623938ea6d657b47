//! The portal on this machine: the built page of `web/portal`, a back end for it, and a sign-in service.
//! For development only: anybody who reaches it may sign in by any name.

mod files;
mod identity;
mod session;

use super::secret;
use super::server::{self, Answer, content, status};
use crate::exit::Failure;
use files::Files;
use http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use identity::{GUEST, Identity};
use reelgate_packager::{BucketConfig, Shelf};
use serde_json::json;
use session::Sessions;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;

/// Largest body of a request to sign in, in bytes.
const MAX_BODY: usize = 4096;

/// Longest name, in bytes.
const MAX_NAME: usize = 100;

const JSON: &str = "application/json";

/// A portal that is about to be served.
pub(super) struct Site {
    files: Files,
    identity: Identity,
    shelf: Shelf,
    sessions: Sessions,
    gate: String,
}

impl Site {
    /// The portal whose built page is in `page`, at `address`, before the gate at `gate`.
    ///
    /// # Errors
    /// When there is no page, or the address can be reached from elsewhere.
    pub(super) fn new(
        page: &Path,
        address: SocketAddr,
        gate: String,
        bucket: &BucketConfig,
    ) -> Result<Self, Failure> {
        Ok(Self {
            files: Files::new(page)?,
            identity: Identity::new(address)?,
            shelf: Shelf::new(bucket)?,
            sessions: Sessions::default(),
            gate,
        })
    }

    /// What the gate must know of it: whose sign-ins to believe, and where the films are.
    pub(super) fn variables(&self) -> [(&'static str, String); 4] {
        let issuer = self.identity.issuer();
        [
            ("clerk_jwks_url", format!("{issuer}/.well-known/jwks.json")),
            ("clerk_issuer", issuer.to_owned()),
            ("clerk_authorized_parties", self.origins().join(",")),
            ("video_origin_url", self.gate.clone()),
        ]
    }

    /// The page's origins: by the address, and by a name that is another site to a browser.
    pub(super) fn origins(&self) -> [String; 2] {
        let issuer = self.identity.issuer();
        [issuer.to_owned(), issuer.replace("127.0.0.1", "localhost")]
    }

    /// What there is to try, and what to beware of.
    pub(super) fn introduction(&self) -> String {
        let [address, _] = self.origins();
        format!(
            "portal       {address}/   for development: sign in by any name; {GUEST} may not watch\n"
        )
    }

    /// Serves it for as long as it is polled.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener) -> std::io::Result<()> {
        server::serve(listener, self, |request, site| async move {
            site.answer(request).await
        })
        .await
    }

    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let path = request.uri().path();
        match path {
            "/.well-known/jwks.json" => content(JSON, self.identity.key_set()),
            "/api/session" => self.session(request).await,
            "/config.json" => content(JSON, self.config()),
            "/games.json" => self.games().await,
            _ => self.files.answer(path),
        }
    }

    /// What `web/portal` reads first.
    fn config(&self) -> String {
        let playback = format!("{}/api/games/{{id}}/playback", self.gate);
        json!({
            "games": "/games.json",
            "session": "/api/session",
            "playback": playback,
        })
        .to_string()
    }

    /// Ids alone: what a film is called and shows, the page asks the gate, which knows who may see it.
    async fn games(&self) -> Answer {
        match self.shelf.games().await {
            Ok(games) => content(JSON, json!(games).to_string()),
            Err(_) => status(StatusCode::BAD_GATEWAY),
        }
    }

    async fn session(&self, request: Request<Incoming>) -> Answer {
        let cookies = request.headers().get_all(COOKIE);
        let cookies: Vec<&str> = cookies.iter().filter_map(|it| it.to_str().ok()).collect();
        let known = self.sessions.find(&cookies);
        // The server lets no other host in, and none without.
        let host = server::own_host(request.headers(), super::LOOPBACK).unwrap_or_default();
        let party = format!("http://{host}");
        match *request.method() {
            Method::GET => match known {
                Some((_, name)) => self.viewer(&name, &party),
                None => status(StatusCode::UNAUTHORIZED),
            },
            Method::DELETE => {
                if let Some((id, _)) = known {
                    self.sessions.end(&id);
                }
                status(StatusCode::NO_CONTENT)
            }
            Method::POST => match name(request).await {
                Some(name) => self.sign_in(&name, &party),
                None => status(StatusCode::BAD_REQUEST),
            },
            _ => status(StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    fn sign_in(&self, name: &str, party: &str) -> Answer {
        let Ok(cookie) = self.sessions.begin(name) else {
            return status(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let mut answer = self.viewer(name, party);
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            answer.headers_mut().insert(SET_COOKIE, cookie);
        }
        answer
    }

    fn viewer(&self, name: &str, party: &str) -> Answer {
        match self.identity.token(name, party, now()) {
            Ok(token) => content(JSON, json!({ "name": name, "token": token }).to_string()),
            Err(_) => status(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

/// The name that somebody signs in by. JSON alone is taken: no other site's form can send that.
async fn name(request: Request<Incoming>) -> Option<String> {
    let is_json = request
        .headers()
        .get(CONTENT_TYPE)?
        .as_bytes()
        .starts_with(JSON.as_bytes());
    let body = Limited::new(request.into_body(), MAX_BODY).collect().await;
    let body: serde_json::Value = serde_json::from_slice(&body.ok()?.to_bytes()).ok()?;
    let name = body["name"].as_str()?.trim();
    (is_json && !name.is_empty() && name.len() <= MAX_NAME).then(|| name.to_owned())
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |time| time.as_secs())
}
