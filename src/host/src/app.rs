//! From a manifest to components that are compiled, linked and ready for requests.

pub mod compose;
pub(crate) mod loader;
pub mod manifest;
pub(crate) mod schedule;
pub mod variables;

use crate::app::compose::ComposeError;
use crate::app::loader::{Loader, chain};
use crate::app::manifest::Manifest;
use crate::app::schedule::Entry;
use crate::app::variables::Variables;
use crate::fast_path::gate::GatePre;
use crate::http::route::Routes;
use crate::keyvalue::{OpenError, Stores};
use crate::log::Log;
use crate::runtime::store::{InstanceConfig, InstanceState};
use reelgate_core::config::Problems;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmtime::Engine;
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
    /// A component that would need what it does not inherit.
    #[error("component `{id}`: {part} imports {interface} and does not inherit `{missing}`")]
    NotInherited {
        /// The component that has it.
        id: String,
        /// The one that would need it.
        part: String,
        /// For what.
        interface: String,
        /// What it would have to inherit.
        missing: &'static str,
    },
    /// A component that wants what this host does not give.
    #[error("component `{id}` cannot run here: {cause}")]
    Unlinkable {
        /// The component.
        id: String,
        /// What it wants.
        cause: String,
    },
    /// A component that cannot run by schedule.
    #[error(
        "component `{0}` is in the schedule and does not export handle-cron-event of spin:cron@3.0.0"
    )]
    NoJob(String),
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
    /// A key-value store that cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// Two manifests with one route.
    #[error("the route `{0}` is in more than one manifest")]
    Route(String),
}

/// What a manifest is loaded with.
#[derive(Debug)]
pub struct LoadOptions<'a> {
    /// Paths in the manifest are relative to this folder.
    pub folder: &'a Path,
    /// Where what the manifest has below `target/` is, if not there.
    pub build_folder: Option<&'a Path>,
    /// Every variable's value.
    pub variables: &'a Variables,
    /// What runs as `origin`.
    pub origin: Origin,
    /// Whether `trigger.cron` counts.
    pub schedule: bool,
    /// What compiles.
    pub engine: &'a Engine,
    /// Where log lines go.
    pub log: &'a Log,
}

/// Applications, ready to be served by any number of workers.
#[derive(Default)]
pub struct App {
    pub(crate) routes: Routes<Arc<HandlerPre>>,
    pub(crate) schedule: Vec<Arc<Entry>>,
}

/// One chain of components.
pub(crate) struct HandlerPre {
    pub(crate) pre: ServicePre<InstanceState>,
    pub(crate) config: Arc<InstanceConfig>,
    /// A gate that only decides, where the host's own origin stands right behind it.
    pub(crate) gate: Option<GatePre>,
}

impl App {
    /// Compiles and links all that `manifest` names, and opens what of `stores` it uses.
    ///
    /// # Errors
    ///
    /// The first component that is missing, no component, or wants what it may not have; a store that
    /// cannot be opened; a route that is there already; required variables with values that cannot be
    /// used.
    pub fn add(
        &mut self,
        manifest: &Manifest,
        stores: &mut Stores,
        options: &LoadOptions<'_>,
    ) -> Result<(), AppError> {
        let mut loader = Loader::new(manifest, stores, options);
        let mut handlers: BTreeMap<Vec<&str>, Arc<HandlerPre>> = BTreeMap::new();
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
        for trigger in manifest.trigger.cron.iter().filter(|_| options.schedule) {
            self.schedule.push(Arc::new(loader.entry(trigger)?));
        }
        Ok(())
    }
}
