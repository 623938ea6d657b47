//! A component that is compiled, linked and configured, and has no instance yet.

use crate::app::readiness::Readiness;
use crate::fast_path::forward::ForwarderPre;
use crate::runtime::shares::Need;
use crate::runtime::store::{InstanceConfig, InstanceState};
use std::sync::Arc;
use wasmtime_wasi_http::p3::bindings::ServicePre;

/// What answers on a route.
pub(crate) struct HandlerPre {
    pub(crate) pre: ServicePre<InstanceState>,
    pub(crate) config: Arc<InstanceConfig>,
    /// What room its instances take.
    pub(crate) need: Need,
    /// The short way, where it is a gate before an origin that the host's own can stand for.
    pub(crate) forwarder: Option<ForwarderPre>,
    /// Whether its catalog can do its work, where it has one.
    pub(crate) readiness: Option<Readiness>,
}
