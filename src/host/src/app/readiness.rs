//! Whether a component's catalog can do its work, asked before anybody needs it.

use crate::http::client::HttpClient;
use crate::runtime::store::{InstanceConfig, InstanceState};
use bindings::ReadyCatalogPre;
use std::sync::Arc;
use wasmtime::component::InstancePre;

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "ready-catalog",
        exports: { default: async },
    });
}

/// Variables without which nobody gets as far as the catalog.
const DOORS: [&str; 2] = ["admin_token", "cf_stream_webhook_secret"];

/// A component with a catalog in it.
#[derive(Clone)]
pub(crate) struct Readiness(ReadyCatalogPre<InstanceState>);

impl Readiness {
    /// `None` when the component does not export `reelgate:catalog/readiness`.
    pub(crate) fn new(linked: &InstancePre<InstanceState>) -> Option<Self> {
        ReadyCatalogPre::new(linked.clone()).ok().map(Self)
    }

    /// What is wrong with the catalog, for the operator; `None` also when its routes are shut anyhow.
    pub(crate) async fn problem(
        &self,
        config: &Arc<InstanceConfig>,
        client: &HttpClient,
    ) -> Option<String> {
        let is_set = |name: &&str| {
            config
                .variables
                .get(*name)
                .is_some_and(|value| !value.is_empty())
        };
        if !DOORS.iter().any(is_set) {
            return None;
        }
        match self.probe(config, client).await {
            Ok(probed) => probed.err(),
            Err(trap) => Some(format!("trapped: {trap:#}")),
        }
    }

    async fn probe(
        &self,
        config: &Arc<InstanceConfig>,
        client: &HttpClient,
    ) -> wasmtime::Result<Result<(), String>> {
        let mut store = InstanceState::store(self.0.engine(), config, client);
        let component = self.0.instantiate_async(&mut store).await?;
        let readiness = component.reelgate_catalog_readiness();
        store
            .run_concurrent(async |accessor| readiness.call_probe(accessor).await)
            .await?
    }
}
