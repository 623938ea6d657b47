//! How components run on wasmtime: what an instance may import, use and cost.

pub(crate) mod allowed_hosts;
pub(crate) mod bindings;
pub(crate) mod engine;
mod keyvalue;
pub(crate) mod linker;
pub(crate) mod pool;
pub(crate) mod shares;
pub(crate) mod store;
