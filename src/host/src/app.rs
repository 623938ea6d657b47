//! From a manifest to components that are compiled, linked and ready for requests.

use crate::allowed_hosts::AllowedHosts;
use crate::compose::{ComposeError, Part, compose};
use crate::gatekeeper::GatekeeperPre;
use crate::guest::{Guest, Shared};
use crate::linker::linker;
use crate::log::Log;
use crate::manifest::{self, HttpTrigger, Inherited, Manifest};
use crate::native_origin::NativeOrigin;
use crate::route::Routes;
use crate::variables::Variables;
use reelgate_core::config::Problems;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime_wasi_http::p3::bindings::ServicePre;

/// The header a component reports a request's game, subject and reason in, when the host asks for it
/// by this variable. It never leaves the host.
pub(crate) const LOG_HEADER: &str = "x-reelgate-log";

/// What runs in place of the component `origin`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// The host's own, made of the same rules.
    #[default]
    Native,
    /// The component, as on any other host.
    Component,
}

/// Why an application cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A component's file cannot be read.
    #[error("cannot read component `{id}` at {}: {cause}", path.display())]
    Unreadable {
        /// The component.
        id: String,
        /// Its file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// Components that do not fit together.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// A component that wants what this host does not give.
    #[error("component `{id}` cannot run here: {cause}")]
    Unlinkable {
        /// The component.
        id: String,
        /// What it wants.
        cause: String,
    },
    /// Configuration that cannot be meant.
    #[error("component `{id}`: {message}")]
    Configuration {
        /// The component.
        id: String,
        /// What is wrong.
        message: String,
    },
    /// Required variables whose values cannot be used.
    #[error("{0}")]
    Variables(Problems),
    /// Two manifests with one route.
    #[error("the route `{0}` is in more than one manifest")]
    Route(String),
}

/// Applications, ready to be served by any number of workers.
#[derive(Default)]
pub struct App {
    pub(crate) routes: Routes<Arc<Handler>>,
}

/// One chain of components.
pub(crate) struct Handler {
    pub(crate) pre: ServicePre<Guest>,
    pub(crate) shared: Arc<Shared>,
    /// A gate that only decides, where the host's own origin stands right behind it.
    pub(crate) gatekeeper: Option<GatekeeperPre>,
}

impl App {
    /// Compiles and links all that `manifest` names; paths in it are relative to `folder`.
    ///
    /// # Errors
    ///
    /// The first component that is missing, no component, or wants what it may not have; a route that
    /// is there already; required variables with values that cannot be used.
    pub fn add(
        &mut self,
        manifest: &Manifest,
        folder: &Path,
        variables: &Variables,
        origin: Origin,
        engine: &Engine,
        log: &Log,
    ) -> Result<(), AppError> {
        let loader = Loader {
            manifest,
            folder,
            variables,
            origin,
            engine,
            log,
        };
        let mut handlers: BTreeMap<Vec<&str>, Arc<Handler>> = BTreeMap::new();
        for trigger in &manifest.trigger.http {
            let chain: Vec<&str> = chain(trigger).collect();
            let handler = match handlers.get(&chain) {
                Some(handler) => Arc::clone(handler),
                None => Arc::new(loader.handler(trigger)?),
            };
            handlers.insert(chain, Arc::clone(&handler));
            if !self.routes.add(&trigger.route, handler) {
                return Err(AppError::Route(trigger.route.clone()));
            }
        }
        Ok(())
    }
}

/// The ids of what a request passes, outermost first.
fn chain(trigger: &HttpTrigger) -> impl Iterator<Item = &str> {
    let middleware = trigger
        .dependencies
        .middleware
        .iter()
        .map(|middleware| middleware.component.as_str());
    middleware.chain([trigger.component.as_str()])
}

struct Loader<'a> {
    manifest: &'a Manifest,
    folder: &'a Path,
    variables: &'a Variables,
    origin: Origin,
    engine: &'a Engine,
    log: &'a Log,
}

impl Loader<'_> {
    fn handler(&self, trigger: &HttpTrigger) -> Result<Handler, AppError> {
        let id = trigger.component.as_str();
        let component = &self.manifest.component[id];
        let variables = self.variables.of(component);
        self.check(trigger, &variables)?;
        let allowed_hosts = self.allowed_hosts(id, component)?;
        let next = self.native(trigger, &variables, &allowed_hosts);
        let part = self.compose(trigger, next.is_some())?;
        let shared = Shared {
            name: part.name.clone(),
            variables: self.seen(trigger, variables, next.is_some()),
            environment: component.environment.clone(),
            allowed_hosts,
            log: self.log.clone(),
            next,
        };
        let shared = Arc::new(shared);
        let pre = self.link(&part)?;
        let alone = shared.next.is_some() && trigger.dependencies.middleware.len() == 1;
        let gatekeeper = alone
            .then(|| GatekeeperPre::new(pre.instance_pre()))
            .flatten();
        Ok(Handler {
            pre,
            shared,
            gatekeeper,
        })
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
            let checked = match id {
                "gate" => reelgate_core::gate::Config::from_lookup(&lookup).map(drop),
                "origin" => reelgate_core::origin::Config::from_lookup(&lookup).map(drop),
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
            self.log.error(&trigger.component, &message);
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
        let wanted = self.origin == Origin::Native && trigger.component == "origin";
        if !wanted || trigger.dependencies.middleware.is_empty() {
            return None;
        }
        let lookup = |name: &str| variables.get(name).cloned();
        NativeOrigin::new(&lookup, allowed_hosts.clone(), self.log.clone())
            .ok()
            .map(Arc::new)
    }

    fn compose(&self, trigger: &HttpTrigger, native: bool) -> Result<Part, AppError> {
        let mut innermost_first: Vec<&str> = chain(trigger).collect();
        innermost_first.reverse();
        let ids = if native {
            &innermost_first[1..]
        } else {
            &innermost_first[..]
        };
        let mut parts = ids.iter().map(|id| self.read(id));
        let Some(first) = parts.next() else {
            unreachable!("a chain has at least its component")
        };
        parts.try_fold(first?, |inner, outer| Ok(compose(&outer?, &inner)?))
    }

    fn read(&self, id: &str) -> Result<Part, AppError> {
        let path = self.folder.join(&self.manifest.component[id].source);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Part {
                name: id.to_owned(),
                bytes,
            }),
            Err(cause) => Err(AppError::Unreadable {
                id: id.to_owned(),
                path,
                cause,
            }),
        }
    }

    /// A middleware has the variables it inherits. Composed with others it shares one configuration
    /// with them, so one that does not inherit has them withheld only when it runs alone.
    fn seen(
        &self,
        trigger: &HttpTrigger,
        mut variables: BTreeMap<String, String>,
        native: bool,
    ) -> BTreeMap<String, String> {
        let middleware = &trigger.dependencies.middleware;
        let inherits = middleware
            .iter()
            .any(|one| one.inherit_configuration.contains(&Inherited::Variables));
        if native && !inherits {
            variables.clear();
        }
        variables.insert("log_header".into(), LOG_HEADER.into());
        variables
    }

    fn allowed_hosts(
        &self,
        id: &str,
        component: &manifest::Component,
    ) -> Result<AllowedHosts, AppError> {
        let templates = &component.allowed_outbound_hosts;
        let patterns: Vec<String> = templates
            .iter()
            .map(|text| self.variables.fill(text))
            .collect();
        AllowedHosts::parse(patterns.iter().map(String::as_str)).map_err(|place| {
            AppError::Configuration {
                id: id.to_owned(),
                message: format!(
                    "allowed_outbound_hosts: `{}` is no scheme://host[:port]",
                    templates[place]
                ),
            }
        })
    }

    fn link(&self, part: &Part) -> Result<ServicePre<Guest>, AppError> {
        let unlinkable = |cause: wasmtime::Error| AppError::Unlinkable {
            id: part.name.clone(),
            cause: format!("{cause:#}"),
        };
        let component = Component::new(self.engine, &part.bytes).map_err(unlinkable)?;
        let linker = linker(self.engine).map_err(unlinkable)?;
        linker
            .instantiate_pre(&component)
            .and_then(ServicePre::new)
            .map_err(unlinkable)
    }
}
