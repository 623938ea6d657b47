//! One chain of components of a manifest: read, composed, configured and linked.

use crate::app::compose::{Part, Provider, compose, imports, provide};
use crate::app::error::AppError;
use crate::app::handler::HandlerPre;
use crate::app::manifest::{
    Component, ComponentId, CronTrigger, Dependency, HttpTrigger, Inherit, Inherited, Middleware,
};
use crate::app::options::{LoadOptions, Origin};
use crate::app::schedule::{Entry, Job};
use crate::fast_path::forward::ForwarderPre;
use crate::fast_path::gate::GatePre;
use crate::fast_path::native_origin::NativeOrigin;
use crate::keyvalue::Stores;
use crate::runtime::allowed_hosts::AllowedHosts;
use crate::runtime::linker::linker;
use crate::runtime::store::{InstanceConfig, InstanceState};
use reelgate_core::gate::LOG_HEADER;
use reelgate_core::origin;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmtime::component::{Component as Compiled, InstancePre};
use wasmtime_wasi_http::p3::bindings::ServicePre;

/// The ids of what a request passes, outermost first.
pub(crate) fn chain(trigger: &HttpTrigger) -> impl Iterator<Item = &ComponentId> {
    let middleware = trigger.middleware.iter();
    middleware
        .map(|middleware| &middleware.component.id)
        .chain([&trigger.component.id])
}

/// Makes handlers of a manifest's triggers.
pub(crate) struct Loader<'a> {
    stores: &'a mut Stores,
    options: &'a LoadOptions<'a>,
}

/// A chain that is linked, and what the host itself does of it.
struct Chain {
    part: Part,
    pre: ServicePre<InstanceState>,
    forwarder: Option<ForwarderPre>,
    next: Option<Arc<NativeOrigin>>,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(stores: &'a mut Stores, options: &'a LoadOptions<'a>) -> Self {
        Self { stores, options }
    }

    pub(crate) fn handler(&mut self, trigger: &HttpTrigger) -> Result<HandlerPre, AppError> {
        let component = &trigger.component;
        let variables = self.variables(component);
        let allowed_hosts = self.allowed_hosts(component)?;
        let native = || self.native_origin(&variables, &allowed_hosts);
        let chain = match self.before_native(trigger, native)? {
            Some(chain) => chain,
            None => self.whole(trigger, native)?,
        };
        let config = InstanceConfig {
            next: chain.next,
            ..self.instance_config(component, &chain.part, variables, allowed_hosts)?
        };
        Ok(HandlerPre {
            pre: chain.pre,
            config: Arc::new(config),
            forwarder: chain.forwarder,
        })
    }

    /// The middleware of a chain alone, before the host's own origin: where the outermost decides as a
    /// gate does, and the bucket is configured well.
    fn before_native(
        &self,
        trigger: &HttpTrigger,
        native: impl Fn() -> Option<Arc<NativeOrigin>>,
    ) -> Result<Option<Chain>, AppError> {
        let (Some((last, outer)), Some(origin)) = (trigger.middleware.split_last(), native())
        else {
            return Ok(None);
        };
        let owner = &trigger.component;
        let part = self.stack(owner, outer, self.middleware(owner, last)?)?;
        let pre = self.service(&part)?;
        let Some(gate) = GatePre::new(pre.instance_pre()) else {
            return Ok(None);
        };
        let forwarder = ForwarderPre {
            gate,
            origin: Arc::clone(&origin),
        };
        Ok(Some(Chain {
            part,
            pre,
            // What stands between the two must not be passed by.
            forwarder: outer.is_empty().then_some(forwarder),
            next: Some(origin),
        }))
    }

    /// All components of a chain. One that decides as a gate does, and that needs nothing behind it, is a
    /// gate composed with its origin: decisions are its own, and the host's origin stands for the other
    /// where the bucket is configured well.
    fn whole(
        &self,
        trigger: &HttpTrigger,
        native: impl Fn() -> Option<Arc<NativeOrigin>>,
    ) -> Result<Chain, AppError> {
        let owner = &trigger.component;
        let part = self.stack(owner, &trigger.middleware, self.provided(owner)?)?;
        let pre = self.service(&part)?;
        let composed = trigger.middleware.is_empty() && !imports_handler(pre.instance_pre());
        let gate = composed.then(|| GatePre::new(pre.instance_pre())).flatten();
        let forwarder = gate.and_then(|gate| {
            let origin = native()?;
            Some(ForwarderPre { gate, origin })
        });
        Ok(Chain {
            part,
            pre,
            forwarder,
            next: None,
        })
    }

    pub(crate) fn entry(&mut self, trigger: &CronTrigger) -> Result<Entry, AppError> {
        let component = &trigger.component;
        let part = self.provided(component)?;
        let allowed_hosts = self.allowed_hosts(component)?;
        let variables = self.variables(component);
        let config = self.instance_config(component, &part, variables, allowed_hosts)?;
        let job = Job::new(self.link(&part)?, config);
        Ok(Entry {
            times: trigger.times.clone(),
            job: job.ok_or_else(|| AppError::NoJob(component.id.clone()))?,
        })
    }

    /// What the instances of a chain share that ends in `component`.
    fn instance_config(
        &mut self,
        component: &Component,
        part: &Part,
        variables: BTreeMap<String, String>,
        allowed_hosts: AllowedHosts,
    ) -> Result<InstanceConfig, AppError> {
        let id = component.id.as_str();
        Ok(InstanceConfig {
            name: part.name.clone(),
            variables,
            environment: component.environment.clone(),
            allowed_hosts,
            stores: self.stores.of(id, &component.key_value_stores)?,
            log: self.options.log.clone(),
            next: None,
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
            allowed_hosts.clone(),
            log,
        )))
    }

    /// Puts `middleware`, outermost first, before `inner`.
    fn stack(
        &self,
        owner: &Component,
        middleware: &[Middleware],
        inner: Part,
    ) -> Result<Part, AppError> {
        middleware.iter().rev().try_fold(inner, |inner, outer| {
            Ok(compose(&self.middleware(owner, outer)?, &inner)?)
        })
    }

    fn middleware(&self, owner: &Component, middleware: &Middleware) -> Result<Part, AppError> {
        let part = self.provided(&middleware.component)?;
        self.check_inherited(owner, &part, &middleware.inherit_configuration)?;
        Ok(part)
    }

    /// A component with all that provides for it.
    fn provided(&self, component: &Component) -> Result<Part, AppError> {
        let part = self.read(component.id.as_str(), &component.source)?;
        let providers = component.dependencies.iter();
        let providers = providers
            .map(|dependency| self.provider(component, dependency))
            .collect::<Result<Vec<_>, _>>()?;
        if providers.is_empty() {
            return Ok(part);
        }
        Ok(provide(&part, &providers)?)
    }

    fn provider(&self, owner: &Component, dependency: &Dependency) -> Result<Provider, AppError> {
        let part = self.read(&dependency.import, &dependency.source)?;
        self.check_inherited(owner, &part, &dependency.inherit_configuration)?;
        Ok(Provider {
            import: dependency.import.clone(),
            export: dependency.export.clone(),
            part,
        })
    }

    /// Composed components share one configuration, that of `owner`. So who does not inherit a part of
    /// it must be unable to ask for that part: Spin would answer with an error when asked, this host
    /// refuses to start.
    ///
    /// The environment cannot be withheld from one of them, and Rust's standard library imports it for
    /// every component: an owner that has one must let it be inherited.
    fn check_inherited(
        &self,
        owner: &Component,
        part: &Part,
        inherit: &Inherit,
    ) -> Result<(), AppError> {
        let not_inherited = |interface: &str, missing: Inherited| AppError::NotInherited {
            id: owner.id.clone(),
            part: part.name.clone(),
            interface: interface.to_owned(),
            missing: missing.name(),
        };
        let environment = "wasi:cli/environment";
        let has_environment = !owner.environment.is_empty();
        for interface in imports(part)? {
            let needed = match Inherited::needed_for(&interface) {
                None if has_environment && interface.starts_with(environment) => {
                    Some(Inherited::Environment)
                }
                needed => needed,
            };
            if let Some(needed) = needed.filter(|needed| !inherit.has(*needed)) {
                return Err(not_inherited(&interface, needed));
            }
        }
        Ok(())
    }

    fn read(&self, name: &str, path: &Path) -> Result<Part, AppError> {
        let path = self.locate(path);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Part {
                name: name.to_owned(),
                bytes,
            }),
            Err(cause) => Err(AppError::Unreadable {
                id: name.to_owned(),
                path,
                cause,
            }),
        }
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

    fn service(&self, part: &Part) -> Result<ServicePre<InstanceState>, AppError> {
        ServicePre::new(self.link(part)?).map_err(|cause| unlinkable(part, &cause))
    }

    fn link(&self, part: &Part) -> Result<InstancePre<InstanceState>, AppError> {
        let engine = self.options.engine;
        Compiled::new(engine, &part.bytes)
            .and_then(|component| linker(engine)?.instantiate_pre(&component))
            .map_err(|cause| unlinkable(part, &cause))
    }
}

/// Whether something has to stand behind it.
fn imports_handler(pre: &InstancePre<InstanceState>) -> bool {
    let component = pre.component();
    let component_type = component.component_type();
    let mut imports = component_type.imports(component.engine());
    imports.any(|(name, _)| name.starts_with("wasi:http/handler@"))
}

fn unlinkable(part: &Part, cause: &wasmtime::Error) -> AppError {
    AppError::Unlinkable {
        id: part.name.clone(),
        cause: format!("{cause:#}"),
    }
}
