//! From manifests to handlers that are compiled, linked and ready for requests.

pub(crate) mod error;
pub(crate) mod handler;
mod loader;
pub mod manifest;
pub(crate) mod options;
mod readiness;
pub(crate) mod readyz;
pub(crate) mod schedule;
pub mod variables;

use crate::app::error::AppError;
use crate::app::handler::HandlerPre;
use crate::app::loader::Loader;
use crate::app::manifest::{ComponentId, Manifest};
use crate::app::options::LoadOptions;
use crate::app::readyz::Readyz;
use crate::app::schedule::Schedule;
use crate::app::variables::Faults;
use crate::http::route::Routes;
use crate::keyvalue::Stores;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Applications, ready to be served by any number of workers.
#[derive(Default)]
pub struct App {
    pub(crate) routes: Routes<Arc<HandlerPre>>,
    /// Every handler once, in the order of its first route.
    pub(crate) handlers: Vec<Arc<HandlerPre>>,
    /// Memories that all instances may have together.
    pub(crate) memories: u32,
    pub(crate) schedule: Schedule,
    pub(crate) readyz: Readyz,
}

impl App {
    /// Compiles and links all that `manifest` names, and opens what of `stores` it uses.
    ///
    /// # Errors
    ///
    /// Required variables with values that cannot be used, all of them; else the first component that
    /// is missing, no component, or wants what it may not have; a store that cannot be opened; a route
    /// that is there already.
    pub fn add(
        &mut self,
        manifest: &Manifest,
        stores: &mut Stores,
        options: &LoadOptions<'_>,
    ) -> Result<(), AppError> {
        self.readyz.add_faults(&check_variables(manifest, options)?);
        self.memories = options.runtime.memories;
        let mut loader = Loader::new(stores, options);
        let mut handlers: BTreeMap<&ComponentId, Arc<HandlerPre>> = BTreeMap::new();
        for trigger in &manifest.http {
            let id = &trigger.component.id;
            let handler = match handlers.get(id) {
                Some(handler) => Arc::clone(handler),
                None => {
                    let handler = Arc::new(loader.handler(&trigger.component)?);
                    self.schedule.check(&handler);
                    self.readyz.add(&handler);
                    self.handlers.push(Arc::clone(&handler));
                    handler
                }
            };
            handlers.insert(id, Arc::clone(&handler));
            if !self.routes.add(&trigger.route, handler) {
                return Err(AppError::Route(trigger.route.clone()));
            }
        }
        for trigger in manifest.cron.iter().filter(|_| options.schedule) {
            self.schedule.push(loader.entry(trigger)?);
        }
        Ok(())
    }
}

/// Refuses values of required variables that components could only answer 500 to, and names with them all
/// else that is wrong. Where no required one is, the others are logged, and left to the components to refuse
/// on their own routes: these are returned.
fn check_variables(manifest: &Manifest, options: &LoadOptions<'_>) -> Result<Faults, AppError> {
    let (mut required, other) = Faults::find(manifest, options.variables).split();
    if !required.0.is_empty() {
        required.0.extend(other.0);
        return Err(AppError::Variables(required));
    }
    if !other.0.is_empty() {
        let message = format!("misconfigured: {}", other.with_components());
        options.log.error("host", &message);
    }
    Ok(other)
}

#[cfg(test)]
mod tests;
