//! A fake and who belongs to it.

use std::time::Duration;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::neighbour::Neighbour;
use crate::{Fake, Options, State};

pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Stage {
    pub(super) fake: Fake,
    pub(super) neighbour: Neighbour,
    pub(super) secret: String,
    pub(super) client: Client,
    _data: TempDir,
}

impl Stage {
    pub(super) async fn new(film: &[u8]) -> Self {
        Self::with(film, |_| {}).await
    }

    pub(super) async fn with(film: &[u8], set: impl FnOnce(&mut Options)) -> Self {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = TempDir::new().unwrap();
        let mut options = Options::for_tests(data.path().to_owned());
        set(&mut options);
        let fake = Fake::start(options).await.unwrap();
        let neighbour = Neighbour::start(film).await;
        let secret = fake.subscribe(&neighbour.url("/webhook"));
        let client = Client::new();
        Self {
            fake,
            neighbour,
            secret,
            client,
            _data: data,
        }
    }

    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<Response> {
        let url = format!(
            "{}/accounts/test-account/stream{path}",
            self.fake.api_base()
        );
        let mut request = self
            .client
            .request(method, url)
            .header("authorization", "Bearer test-api-token")
            .timeout(PATIENCE);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        request.send().await
    }

    pub(super) async fn json(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let answer = self.ask(method, path, body).await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    pub(super) fn copy_of(&self, name: &str) -> Option<Value> {
        let source = self.neighbour.url("/film.mp4?sig=s3cret");
        Some(json!({"input": source, "meta": {"name": name, "reelgate_id": "v1"}}))
    }

    pub(super) async fn copy(&self, name: &str) -> String {
        let envelope = self.json(Method::POST, "/copy", self.copy_of(name)).await;
        assert_eq!(envelope["success"], true, "{envelope}");
        envelope["result"]["uid"].as_str().unwrap().to_owned()
    }

    pub(super) async fn get(&self, uid: &str) -> Value {
        self.json(Method::GET, &format!("/{uid}"), None).await["result"].clone()
    }

    /// Waits until the first webhook has been answered.
    pub(super) async fn told(&self, webhooks: usize) {
        self.until(|fake| fake.deliveries().len() >= webhooks).await;
    }

    pub(super) async fn until(&self, met: impl Fn(&Fake) -> bool) {
        let waiting = async {
            while !met(&self.fake) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .expect("it comes in time");
    }

    pub(super) fn state(&self) -> State {
        self.fake.videos()[0].state.clone()
    }
}
