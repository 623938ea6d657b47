//! Rust types of the world `guest` in `wit/worlds.wit`, generated from it.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "guest",
    imports: {
        "wasi:keyvalue/atomics": async | trappable,
        "wasi:keyvalue/batch": async | trappable,
        "wasi:keyvalue/store": async | trappable,
        default: trappable,
    },
    with: {
        "wasi:keyvalue/atomics.cas": crate::keyvalue::Cas,
        "wasi:keyvalue/store.bucket": crate::keyvalue::Bucket,
    },
});

pub(crate) use wasi::config::store as config;
pub(crate) use wasi::keyvalue;
