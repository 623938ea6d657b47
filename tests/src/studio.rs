//! A bucket with originals, a Cloudflare Stream that is none, and a host between them.

use crate::bucket::{Bucket, Site};
use crate::client::{Answer, Ask, Client};
use crate::deadline::within;
use crate::host::{Host, Settings};
use crate::manifest;
use http::Method;
use reelgate_fake_stream::{Fake, Options};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Once;
use tempfile::TempDir;

/// Who may use the videos API.
pub const ADMIN: &str = "journey-admin-token-0123456789abcdef";
/// What passes for a film here: 35 bytes.
pub const FILM: &str = "a film, or what passes for one here";
/// The route of Stream's reports.
pub const WEBHOOK: &str = "/api/webhooks/stream";

/// The three of them.
pub struct Studio {
    /// Where the originals are.
    pub bucket: Bucket,
    /// What encodes them.
    pub stream: Fake,
    /// What is tried.
    pub host: Host,
    /// What webhooks are signed with.
    pub secret: String,
    settings: Settings,
    films: TempDir,
}

impl Studio {
    /// With a host as it is by default, but that it looks after every row at once when it is asked to.
    pub async fn start() -> Self {
        Self::start_with(|settings| settings).await
    }

    /// The same with its catalog in the host's own key-value store, not in the bucket.
    ///
    /// # Panics
    ///
    /// One of them does not start.
    pub async fn start_with_keyvalue() -> Self {
        Self::start_with(|settings| settings.app(&manifest::keyvalue())).await
    }

    /// The same with other settings.
    ///
    /// # Panics
    ///
    /// One of them does not start.
    pub async fn start_with(change: impl FnOnce(Settings) -> Settings) -> Self {
        install_cryptography();
        let films = TempDir::new().expect("a temporary folder");
        let options = Options::for_tests(films.path().to_owned());
        let (account, token) = (options.account_id.clone(), options.api_token.clone());
        let stream = Fake::start(options).await.expect("a free port");
        let bucket = Bucket::start().await;
        // Held while the host starts, so that nobody else takes it.
        let site = Site::find();
        let address = site.address();
        let secret = stream.subscribe(&format!("http://{address}{WEBHOOK}"));
        let settings = Settings::new(bucket.address())
            .listen(address)
            .variable("admin_token", ADMIN)
            .variable("stream_enabled", "true")
            .variable("cloudflare_account_id", &account)
            .variable("cf_stream_api_token", &token)
            .variable("cf_stream_api_base", stream.url())
            .variable("cf_stream_webhook_secret", &secret)
            .variable("stream_source_origin", &format!("http://{address}"))
            .variable("stuck_after_seconds", "0");
        let settings = change(settings);
        let host = settings.start().await;
        Self {
            bucket,
            stream,
            host,
            secret,
            settings,
            films,
        }
    }

    /// Somebody who asks the host.
    #[must_use]
    pub fn client(&self) -> Client {
        self.host.client()
    }

    /// Where the host listens, now and after a restart.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.host.address()
    }

    /// Keeps an original, and registers it as the video `id`.
    ///
    /// # Panics
    ///
    /// It is not registered.
    pub async fn register(&self, id: &str) {
        let key = format!("originals/{id}.mp4");
        self.bucket.put(&key, FILM);
        let answer = create(&self.client(), id, &key).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    /// Asks for the encoding of `id`.
    pub async fn encode(&self, id: &str) -> Answer {
        command(&self.client(), id, "encode").await
    }

    /// The row of `id`.
    ///
    /// # Panics
    ///
    /// There is none.
    pub async fn row(&self, id: &str) -> Value {
        row(&self.client(), id).await
    }

    /// Waits until `id` has `status`, as a portal would: by asking.
    ///
    /// # Panics
    ///
    /// It has not.
    pub async fn becomes(&self, id: &str, status: &str) -> Value {
        within(&format!("{id} becomes {status}"), async {
            loop {
                let row = self.row(id).await;
                if row["status"] == status {
                    return row;
                }
            }
        })
        .await
    }

    /// One sweep of the reconciler, and what it says.
    ///
    /// # Panics
    ///
    /// It is not done.
    pub async fn reconcile(&self) -> Value {
        reconcile(&self.client()).await
    }

    /// Kills the host, and starts it again where it was, with what it has stored.
    pub async fn kill_and_restart(self) -> Self {
        let data = self.host.kill().await;
        let host = self.settings.start_in(data).await;
        Self { host, ..self }
    }

    /// Ends the host: with success, and with a log that holds no secret.
    ///
    /// # Panics
    ///
    /// It is not so.
    pub async fn finish(self) -> String {
        let log = self.host.finish().await;
        for secret in [ADMIN, &self.secret, "sig=", "test-api-token"] {
            assert!(!log.contains(secret), "{secret} in {log}");
        }
        drop(self.films);
        log
    }
}

/// Gives the fake Stream what it needs for HTTPS, once for all tests.
///
/// # Panics
///
/// Somebody else has.
pub fn install_cryptography() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let provider = rustls::crypto::ring::default_provider();
        provider.install_default().expect("the only one to install");
    });
}

/// A request with the operator's token.
#[must_use]
pub fn ask(client: &Client, method: Method, target: &str) -> Ask {
    client.ask(method, target).bearer(ADMIN)
}

/// Registers a video.
pub async fn create(client: &Client, id: &str, key: &str) -> Answer {
    let body = json!({ "id": id, "source_key": key });
    let ask = ask(client, Method::POST, "/api/videos").json(&body);
    ask.send().await
}

/// `encode` or `retry`.
pub async fn command(client: &Client, id: &str, word: &str) -> Answer {
    let target = format!("/api/videos/{id}/{word}");
    ask(client, Method::POST, &target).send().await
}

/// The row of `id`.
///
/// # Panics
///
/// There is none.
pub async fn row(client: &Client, id: &str) -> Value {
    let target = format!("/api/videos/{id}");
    let answer = ask(client, Method::GET, &target).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// One sweep.
///
/// # Panics
///
/// It is not done.
pub async fn reconcile(client: &Client) -> Value {
    let ask = ask(client, Method::POST, "/api/internal/reconcile");
    let answer = ask.send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}
