//! What a component sees of this host, and nothing beside it.

use crate::http::client::HttpClient;
use crate::http::public_documents::PublicDocuments;
use crate::keyvalue::{InstanceStores, Store as KeyValueStore};
use crate::log::{ComponentOutput, Log};
use crate::metrics::component::ComponentMetrics;
use crate::runtime::allowed_hosts::AllowedHosts;
use crate::runtime::bindings::config;
use crate::runtime::engine::{COMPUTE_TICKS, MEMORY};
use std::collections::BTreeMap;
use std::sync::Arc;
use wasmtime::component::ResourceTable;
use wasmtime::{Engine, Result, Store, StoreLimits, StoreLimitsBuilder, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

/// What the instances of one route share: configured once, never changed.
#[derive(Debug)]
pub(crate) struct InstanceConfig {
    /// The name that log lines carry.
    pub(crate) name: String,
    /// The variables.
    pub(crate) variables: BTreeMap<String, String>,
    /// The environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// Where requests may go.
    pub(crate) allowed_hosts: AllowedHosts,
    /// The key-value stores it may open, by name.
    pub(crate) stores: Arc<BTreeMap<String, KeyValueStore>>,
    /// What several instances want at once.
    pub(crate) documents: PublicDocuments,
    /// Where log lines go.
    pub(crate) log: Log,
}

/// The state of one instance.
pub(crate) struct InstanceState {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    stores: InstanceStores,
    limits: StoreLimits,
    /// Ticks this instance was found computing during its present request.
    ticks: u32,
}

struct Hooks {
    config: Arc<InstanceConfig>,
    client: HttpClient,
}

impl InstanceState {
    /// A store for one instance.
    pub(crate) fn store(
        engine: &Engine,
        config: &Arc<InstanceConfig>,
        client: &HttpClient,
    ) -> Store<Self> {
        let mut wasi = WasiCtx::builder();
        for (name, value) in &config.environment {
            wasi.env(name, value);
        }
        let output = || ComponentOutput::new(config.log.clone(), config.name.clone());
        wasi.stdout(output()).stderr(output());
        let state = Self {
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            hooks: Hooks {
                config: Arc::clone(config),
                client: client.clone(),
            },
            stores: InstanceStores::new(&config.stores),
            limits: StoreLimitsBuilder::new()
                .memory_size(MEMORY)
                .trap_on_grow_failure(true)
                .build(),
            ticks: 0,
        };
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.limits);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut context| {
            let state = context.data_mut();
            state.ticks += 1;
            if state.ticks > COMPUTE_TICKS {
                return Err(wasmtime::format_err!("computed for too long"));
            }
            Ok(UpdateDeadline::Yield(1))
        });
        store
    }

    /// A new request begins: its compute time is its own.
    pub(crate) fn begin(&mut self) {
        self.ticks = 0;
    }

    /// What is counted of the component.
    pub(crate) fn metrics(&self) -> &ComponentMetrics {
        self.hooks.client.metrics()
    }

    /// The key-value stores this instance may open.
    pub(crate) fn stores(&mut self) -> &mut InstanceStores {
        &mut self.stores
    }
}

impl WasiView for InstanceState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for InstanceState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.hooks,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

impl config::Host for InstanceState {
    fn get(&mut self, key: String) -> Result<Result<Option<String>, config::Error>> {
        Ok(Ok(self.hooks.config.variables.get(&key).cloned()))
    }

    fn get_all(&mut self) -> Result<Result<Vec<(String, String)>, config::Error>> {
        Ok(Ok(self
            .hooks
            .config
            .variables
            .clone()
            .into_iter()
            .collect()))
    }
}

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _received: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<
        dyn Future<
                Output = Result<
                    (
                        http::Response<WasiBody>,
                        Box<dyn Future<Output = Result<(), Error>> + Send>,
                    ),
                    Error,
                >,
            > + Send,
    > {
        if !self.config.allowed_hosts.allow(request.uri()) {
            let host = request
                .uri()
                .authority()
                .map_or("", |authority| authority.as_str());
            self.config.log.error(
                &self.config.name,
                &format!("{host} is not in allowed_outbound_hosts"),
            );
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        let (client, config) = (self.client.clone(), Arc::clone(&self.config));
        let options = options.unwrap_or_default();
        Box::new(async move {
            let response = if PublicDocuments::is_public(&request) {
                let send = |request| client.send(request, options);
                config.documents.get(request, send).await?
            } else {
                client.send(request, options).await?
            };
            Ok((
                response,
                Box::new(async { Ok(()) }) as Box<dyn Future<Output = _> + Send>,
            ))
        })
    }
}
