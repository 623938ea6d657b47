//! A chain of components that is compiled, linked and configured, and has no instance yet.

use crate::fast_path::gate::GatePre;
use crate::runtime::store::{InstanceConfig, InstanceState};
use std::sync::Arc;
use wasmtime_wasi_http::p3::bindings::ServicePre;

/// One chain of components.
pub(crate) struct HandlerPre {
    pub(crate) pre: ServicePre<InstanceState>,
    pub(crate) config: Arc<InstanceConfig>,
    /// A gate that only decides, where the host's own origin stands right behind it.
    pub(crate) gate: Option<GatePre>,
}
