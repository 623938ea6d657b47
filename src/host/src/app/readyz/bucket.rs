//! Whether a gate's bucket answers, and takes its key pair.

use crate::fast_path::native_origin::{NativeOrigin, now};
use crate::http::client::HttpClient;
use crate::runtime::store::InstanceConfig;
use crate::traces::bucket_span::TracedClient;
use http::Response;
use http_body_util::{BodyExt as _, Limited};
use reelgate_core::http::{Method, Request};
use reelgate_core::origin::{Config, Exchange, Failure, Step};
use std::time::Duration;
use wasmtime_wasi_http::WasiBody;

/// An object that nobody keeps: to be told that it is not there takes a bucket that is.
const TARGET: &str = "/games/readyz/readyz";
/// Whoever asks whether a host is ready has little patience: Kubernetes 1 s, unless it is told otherwise.
const PATIENCE: Duration = Duration::from_secs(5);
/// S3's documents about errors have a few hundred bytes.
const DOCUMENT: usize = 8 * 1024;

/// One who asks.
pub(super) struct BucketProbe {
    config: Config,
    origin: NativeOrigin,
}

impl BucketProbe {
    /// `None` where the bucket is misconfigured: that is said of the variables.
    pub(super) fn new(instance: &InstanceConfig) -> Option<Self> {
        let lookup = |name: &str| instance.variables.get(name).cloned();
        let config = || Config::from_lookup(&lookup).ok();
        let (allowed_hosts, log) = (instance.allowed_hosts.clone(), instance.log.clone());
        Some(Self {
            config: config()?,
            // What is kept would be no answer.
            origin: NativeOrigin::new(config()?, None, allowed_hosts, log),
        })
    }

    /// What is wrong with the bucket.
    pub(super) async fn problem(&self, client: &HttpClient) -> Option<&'static str> {
        let asked = tokio::time::timeout(PATIENCE, self.ask(client)).await;
        asked.unwrap_or(Some(NOT_IN_TIME))
    }

    async fn ask(&self, client: &HttpClient) -> Option<&'static str> {
        let headers: &[(&str, &str)] = &[];
        let request = Request {
            method: Method::Get,
            target: TARGET,
            headers,
        };
        let (_, step) = Exchange::start(&request, &self.config, now());
        let Step::Send(request) = step else {
            return None;
        };
        match self
            .origin
            .send(&request, TracedClient::untraced(client))
            .await
        {
            Ok(response) => judge(response).await,
            Err(Failure::Connect) => Some("cannot be reached"),
            Err(Failure::Tls) => Some("has no TLS that is trusted"),
            Err(Failure::TimedOut) => Some(NOT_IN_TIME),
            Err(Failure::Broken) => Some("breaks the connection"),
        }
    }
}

const NOT_IN_TIME: &str = "does not answer in time";

async fn judge(response: Response<WasiBody>) -> Option<&'static str> {
    let status = response.status().as_u16();
    if status < 300 {
        return None;
    }
    let document = Limited::new(response.into_body(), DOCUMENT).collect().await;
    let document = document.map(|document| document.to_bytes());
    let code = |code: &str| {
        let element = format!("<Code>{code}</Code>");
        let document = document.as_deref().unwrap_or_default();
        document
            .windows(element.len())
            .any(|part| part == element.as_bytes())
    };
    match status {
        404 if code("NoSuchBucket") => Some("is not there"),
        404 => None,
        // To a key pair that may read objects and not list them, S3 does not say that one is missing.
        403 if code("AccessDenied") => None,
        429 | 500.. => Some("is busy or failing"),
        _ => Some("refuses the key pair"),
    }
}
