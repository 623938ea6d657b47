//! A chain of components that is compiled, linked and configured, and has no instance yet.

use crate::fast_path::forward::ForwarderPre;
use crate::runtime::store::{InstanceConfig, InstanceState};
use std::sync::Arc;
use wasmtime_wasi_http::p3::bindings::ServicePre;

/// One chain of components.
pub(crate) struct HandlerPre {
    pub(crate) pre: ServicePre<InstanceState>,
    pub(crate) config: Arc<InstanceConfig>,
    /// The short way, where the chain is a gate before an origin that the host's own can stand for.
    pub(crate) forwarder: Option<ForwarderPre>,
}
