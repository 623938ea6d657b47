//! One chain of components of a manifest: read, composed, configured and linked.

use crate::app::compose::{Part, Provider, compose, imports, provide};
use crate::app::error::AppError;
use crate::app::handler::HandlerPre;
use crate::app::manifest::{
    Component, ComponentId, CronTrigger, Dependency, HttpTrigger, Inherit, Inherited, Manifest,
    Middleware,
};
use crate::app::options::{LoadOptions, Origin};
use crate::app::schedule::{Entry, Job};
use crate::fast_path::gate::GatePre;
use crate::fast_path::native_origin::NativeOrigin;
use crate::keyvalue::Stores;
use crate::runtime::allowed_hosts::AllowedHosts;
use crate::runtime::linker::linker;
use crate::runtime::store::{InstanceConfig, InstanceState};
use reelgate_core::config::Problems;
use reelgate_core::gate::LOG_HEADER;
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
    manifest: &'a Manifest,
    stores: &'a mut Stores,
    options: &'a LoadOptions<'a>,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(
        manifest: &'a Manifest,
        stores: &'a mut Stores,
        options: &'a LoadOptions<'a>,
    ) -> Self {
        Self {
            manifest,
            stores,
            options,
        }
    }

    pub(crate) fn handler(&mut self, trigger: &HttpTrigger) -> Result<HandlerPre, AppError> {
        let component = &trigger.component;
        let variables = self.variables(component);
        self.check(trigger, &variables)?;
        let allowed_hosts = self.allowed_hosts(component)?;
        let next = self.native(trigger, &variables, &allowed_hosts);
        let part = self.compose(trigger, next.is_some())?;
        let config = InstanceConfig {
            next,
            ..self.instance_config(component, &part, variables, allowed_hosts)?
        };
        let linked = self.link(&part)?;
        let pre = ServicePre::new(linked).map_err(|cause| unlinkable(&part, &cause))?;
        let alone = config.next.is_some() && trigger.middleware.len() == 1;
        let gate = alone.then(|| GatePre::new(pre.instance_pre())).flatten();
        Ok(HandlerPre {
            pre,
            config: Arc::new(config),
            gate,
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

    /// Refuses values of required variables that the components could only answer 500 to. What is
    /// wrong with the others is logged, and left to the components to refuse on their own routes.
    fn check(
        &self,
        trigger: &HttpTrigger,
        variables: &BTreeMap<String, String>,
    ) -> Result<(), AppError> {
        let lookup = |name: &str| variables.get(name).cloned();
        let mut problems = Vec::new();
        for id in chain(trigger) {
            let checked = match id.as_str() {
                "gate" => reelgate_core::gate::Config::from_lookup(&lookup).map(drop),
                "origin" => reelgate_core::origin::Config::from_lookup(&lookup).map(drop),
                "playback" => reelgate_core::playback::Config::from_lookup(&lookup).map(drop),
                _ => Ok(()),
            };
            problems.extend(checked.err().into_iter().flat_map(|Problems(found)| found));
        }
        let required = |name: &str| {
            let variable = self.manifest.variables.get(name);
            variable.is_some_and(|variable| variable.required)
        };
        let (fatal, other): (Vec<_>, Vec<_>) = problems
            .into_iter()
            .partition(|problem| required(problem.variable));
        if !other.is_empty() {
            let message = format!("misconfigured: {}", Problems(other));
            self.options
                .log
                .error(trigger.component.id.as_str(), &message);
        }
        if fatal.is_empty() {
            return Ok(());
        }
        Err(AppError::Variables(Problems(fatal)))
    }

    /// The host's own origin, where the manifest's stands behind a middleware. A bucket that is
    /// misconfigured is left to the component, which says so in every answer.
    fn native(
        &self,
        trigger: &HttpTrigger,
        variables: &BTreeMap<String, String>,
        allowed_hosts: &AllowedHosts,
    ) -> Option<Arc<NativeOrigin>> {
        let wanted =
            self.options.origin == Origin::Native && trigger.component.id.as_str() == "origin";
        if !wanted || trigger.middleware.is_empty() {
            return None;
        }
        let lookup = |name: &str| variables.get(name).cloned();
        NativeOrigin::new(&lookup, allowed_hosts.clone(), self.options.log.clone())
            .ok()
            .map(Arc::new)
    }

    /// The components of a chain as one; without the last, where the host's own stands for it.
    fn compose(&self, trigger: &HttpTrigger, native: bool) -> Result<Part, AppError> {
        let owner = &trigger.component;
        match trigger.middleware.split_last() {
            Some((last, outer)) if native => {
                self.stack(owner, outer, self.middleware(owner, last)?)
            }
            _ => self.stack(owner, &trigger.middleware, self.provided(owner)?),
        }
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

    fn link(&self, part: &Part) -> Result<InstancePre<InstanceState>, AppError> {
        let engine = self.options.engine;
        Compiled::new(engine, &part.bytes)
            .and_then(|component| linker(engine)?.instantiate_pre(&component))
            .map_err(|cause| unlinkable(part, &cause))
    }
}

fn unlinkable(part: &Part, cause: &wasmtime::Error) -> AppError {
    AppError::Unlinkable {
        id: part.name.clone(),
        cause: format!("{cause:#}"),
    }
}
