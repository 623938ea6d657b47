//! A component of a manifest: read, configured and linked.

use crate::app::error::AppError;
use crate::app::handler::HandlerPre;
use crate::app::manifest::{Component, ComponentId, CronTrigger};
use crate::app::options::{LoadOptions, Origin};
use crate::app::readiness::Readiness;
use crate::app::schedule::{Entry, Job};
use crate::fast_path::forward::ForwarderPre;
use crate::fast_path::gate::GatePre;
use crate::fast_path::native_origin::NativeOrigin;
use crate::fast_path::x_cache::Operator;
use crate::http::public_documents::PublicDocuments;
use crate::keyvalue::Stores;
use crate::runtime::allowed_hosts::AllowedHosts;
use crate::runtime::engine::memories_of;
use crate::runtime::linker::linker;
use crate::runtime::shares::Need;
use crate::runtime::store::{InstanceConfig, InstanceState};
use reelgate_core::gate::LOG_HEADER;
use reelgate_core::origin;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use wasmtime::component::{Component as Compiled, InstancePre};
use wasmtime_wasi_http::p3::bindings::ServicePre;

/// How long a component may be compiled without a word.
const PATIENCE: Duration = Duration::from_secs(1);

/// Makes handlers of a manifest's triggers.
pub(crate) struct Loader<'a> {
    stores: &'a mut Stores,
    options: &'a LoadOptions<'a>,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(stores: &'a mut Stores, options: &'a LoadOptions<'a>) -> Self {
        Self { stores, options }
    }

    pub(crate) fn handler(&mut self, component: &Component) -> Result<HandlerPre, AppError> {
        let linked = self.link(component)?;
        let variables = self.variables(component);
        let allowed_hosts = self.allowed_hosts(component)?;
        let forwarder = self.forwarder(&linked, &variables, &allowed_hosts);
        let need = Need {
            memories: memories_of(linked.component()),
            is_gate: GatePre::new(&linked).is_some(),
        };
        let readiness = Readiness::new(&linked);
        let config = Arc::new(self.instance_config(component, variables, allowed_hosts)?);
        let pre = ServicePre::new(linked).map_err(|cause| unlinkable(component, &cause))?;
        Ok(HandlerPre {
            pre,
            config,
            need,
            forwarder,
            readiness,
        })
    }

    /// The short way, where there is one: a component that decides as a gate does, and needs nothing behind
    /// it, is a gate composed with its origin. Decisions are its own, and the host's origin stands for the
    /// other where the bucket is configured well.
    fn forwarder(
        &self,
        linked: &InstancePre<InstanceState>,
        variables: &BTreeMap<String, String>,
        allowed_hosts: &AllowedHosts,
    ) -> Option<ForwarderPre> {
        let gate = GatePre::new(linked)?;
        let origin = self.native_origin(variables, allowed_hosts)?;
        let admin_token = self.options.variables.get("admin_token");
        Some(ForwarderPre {
            gate,
            origin,
            operator: admin_token.and_then(Operator::new).map(Arc::new),
        })
    }

    pub(crate) fn entry(&mut self, trigger: &CronTrigger) -> Result<Entry, AppError> {
        let component = &trigger.component;
        let allowed_hosts = self.allowed_hosts(component)?;
        let variables = self.variables(component);
        let config = self.instance_config(component, variables, allowed_hosts)?;
        let job = Job::new(self.link(component)?, config);
        Ok(Entry {
            times: trigger.times.clone(),
            job: job.ok_or_else(|| AppError::NoJob(component.id.clone()))?,
        })
    }

    /// What the instances of `component` share.
    fn instance_config(
        &mut self,
        component: &Component,
        variables: BTreeMap<String, String>,
        allowed_hosts: AllowedHosts,
    ) -> Result<InstanceConfig, AppError> {
        let id = component.id.as_str();
        Ok(InstanceConfig {
            name: id.to_owned(),
            variables,
            environment: component.environment.clone(),
            allowed_hosts,
            stores: self.stores.of(id, &component.key_value_stores)?,
            documents: PublicDocuments::default(),
            log: self.options.log.clone(),
        })
    }

    fn variables(&self, component: &Component) -> BTreeMap<String, String> {
        let mut variables = self.options.variables.of(component);
        variables.insert("log_header".into(), LOG_HEADER.into());
        variables
    }

    /// The host's own origin, unless it is not wanted or the bucket is misconfigured: the component says
    /// so in every answer.
    fn native_origin(
        &self,
        variables: &BTreeMap<String, String>,
        allowed_hosts: &AllowedHosts,
    ) -> Option<Arc<NativeOrigin>> {
        if self.options.origin != Origin::Native {
            return None;
        }
        let lookup = |name: &str| variables.get(name).cloned();
        let config = origin::Config::from_lookup(&lookup).ok()?;
        let log = self.options.log.clone();
        Some(Arc::new(NativeOrigin::new(
            config,
            self.options.cache,
            allowed_hosts.clone(),
            log,
        )))
    }

    fn locate(&self, path: &Path) -> PathBuf {
        let built = self
            .options
            .build_folder
            .zip(path.strip_prefix("target").ok());
        match built {
            Some((build_folder, below)) => build_folder.join(below),
            None => self.options.folder.join(path),
        }
    }

    fn allowed_hosts(&self, component: &Component) -> Result<AllowedHosts, AppError> {
        let templates = component.allowed_outbound_hosts.iter();
        let filled = templates.map(|template| (template, self.options.variables.fill(template)));
        // A variable that is not set names no host. What needs one says so itself.
        let (templates, patterns): (Vec<_>, Vec<_>) = filled
            .filter(|(template, pattern)| template.is_empty() || !pattern.is_empty())
            .unzip();
        AllowedHosts::parse(patterns.iter().map(String::as_str)).map_err(|place| {
            AppError::Configuration {
                id: component.id.clone(),
                message: format!(
                    "allowed_outbound_hosts: `{}` is no scheme://host[:port]",
                    templates[place]
                ),
            }
        })
    }

    fn link(&self, component: &Component) -> Result<InstancePre<InstanceState>, AppError> {
        let path = self.locate(&component.source);
        let bytes = std::fs::read(&path).map_err(|cause| AppError::Unreadable {
            id: component.id.clone(),
            path,
            cause,
        })?;
        let engine = &self.options.runtime.engine;
        self.announced(&component.id, || Compiled::new(engine, &bytes))
            .and_then(|compiled| linker(engine)?.instantiate_pre(&compiled))
            .map_err(|cause| unlinkable(component, &cause))
    }
}

impl Loader<'_> {
    /// Says that a component is compiled where that takes long: the first start of a version is not to be
    /// taken for one that hangs.
    fn announced<T>(&self, id: &ComponentId, compile: impl FnOnce() -> T) -> T {
        let (done, is_done) = std::sync::mpsc::channel::<()>();
        let log = self.options.log;
        std::thread::scope(|scope| {
            scope.spawn(move || {
                if is_done.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                    let what = format!("compiling {id}, which is kept for the next start");
                    log.info(&what);
                }
            });
            let compiled = compile();
            drop(done);
            compiled
        })
    }
}

fn unlinkable(component: &Component, cause: &wasmtime::Error) -> AppError {
    AppError::Unlinkable {
        id: component.id.clone(),
        cause: format!("{cause:#}"),
    }
}
