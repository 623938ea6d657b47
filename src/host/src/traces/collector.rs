//! The collector, asked through the host's own client.

use crate::http::client::HttpClient;
use crate::traces::settings::TracesError;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use opentelemetry_http::HttpError;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use wasmtime_wasi_http::RequestOptions;

/// What is read of an answer: it says at most how many spans were refused.
const ANSWER: usize = 64 * 1024;

/// Where spans go. It has a thread that looks after its connections between two batches.
#[derive(Debug)]
pub(super) struct Collector {
    runtime: Runtime,
    client: HttpClient,
    limit: Duration,
}

impl Collector {
    /// One that may take `limit` for each batch.
    pub(super) fn new(
        client_tls: &Arc<rustls::ClientConfig>,
        limit: Duration,
    ) -> Result<Self, TracesError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("traces")
            .enable_all()
            .build()
            .map_err(TracesError::Thread)?;
        Ok(Self {
            runtime,
            client: HttpClient::new(client_tls),
            limit,
        })
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = request.map(|body| {
            Full::new(body)
                .map_err(|never| match never {})
                .boxed_unsync()
        });
        let options = RequestOptions {
            first_byte_timeout: Some(self.limit),
            ..RequestOptions::default()
        };
        let (head, body) = self.client.send(request, options).await?.into_parts();
        let body = Limited::new(body, ANSWER).collect().await?.to_bytes();
        Ok(Response::from_parts(head, body))
    }
}

#[async_trait::async_trait]
impl opentelemetry_http::HttpClient for Collector {
    /// Called by the thread that has batches to send and nothing else to do: it waits here.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let exchange = async { tokio::time::timeout(self.limit, self.exchange(request)).await };
        self.runtime.block_on(exchange)?
    }
}
