//! How wasmtime is set up: what a component may cost.

use std::path::Path;
use std::time::Duration;
use wasmtime::{
    Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result,
};

/// How often running components are looked at. Their compute time is counted in these.
const TICK: Duration = Duration::from_millis(10);
/// Ticks at which one request may be found computing: about 1 s, where an honest one needs 20 µs.
pub(crate) const COMPUTE_TICKS: u32 = 100;
/// Each memory of an instance, of which it has one for every component that it is composed of: 32 MiB,
/// where an honest one needs 2.
pub(crate) const MEMORY: usize = 32 << 20;
/// Instances of one process: one for each request whose head is being made.
pub(crate) const INSTANCES: u32 = 1000;
/// Components that an instance may be composed of while there is room for all [`INSTANCES`]; larger ones
/// run as well, but fewer at once. Room is addresses, 4 GiB for each memory: of the 128 TiB that a process
/// has these take a quarter.
const PARTS: u32 = 8;
/// Core instances of one component: its code, and the two small modules by which `wit-component` joins it to
/// its imports; one to spare.
const CORE_INSTANCES: u32 = 4;
/// Tables of one component: its own, and that of the joint.
const TABLES: u32 = 2;

/// An engine for untrusted, concurrent, short-lived work. Compiled components are kept in `cache`.
///
/// # Errors
///
/// The folder cannot be used, or this machine cannot run what was asked for.
pub fn engine(cache: Option<&Path>) -> Result<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES)
        .total_core_instances(INSTANCES * PARTS * CORE_INSTANCES)
        .total_memories(INSTANCES * PARTS)
        .total_tables(INSTANCES * PARTS * TABLES)
        // Of the components of an instance one runs at a time.
        .total_stacks(INSTANCES)
        .max_memory_size(MEMORY)
        .max_unused_warm_slots(64)
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(16 << 10);
    let mut config = Config::new();
    config
        .wasm_component_model_async(true)
        .epoch_interruption(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        // A trap's backtrace would be captured for every refused host call.
        .wasm_backtrace_max_frames(None);
    if let Some(folder) = cache {
        let mut caching = CacheConfig::new();
        caching.with_directory(folder);
        config.cache(Some(Cache::new(caching)?));
    }
    let engine = Engine::new(&config)?;
    keep_ticking(&engine);
    Ok(engine)
}

/// Moves `engine`'s clock for as long as it lives.
fn keep_ticking(engine: &Engine) {
    let engine = engine.weak();
    std::thread::spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            std::thread::sleep(TICK);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime::Store;
    use wasmtime::component::{Component, Linker};

    /// As many core modules as that many components have, each component with a memory and two tables.
    fn composed(parts: u32) -> String {
        let own = "(core module $own (memory 1) (table 1 funcref))";
        let joint = "(core module $joint (table 1 funcref)) (core module $rest)";
        let part = "(core instance (instantiate $own)) (core instance (instantiate $joint))
            (core instance (instantiate $rest))";
        format!("(component {own} {joint} {})", part.repeat(parts as usize))
    }

    #[test]
    fn there_is_room_for_every_instance_of_a_composed_component() {
        let engine = engine(None).unwrap();
        let component = Component::new(&engine, wat::parse_str(composed(PARTS)).unwrap()).unwrap();
        let pre = Linker::<()>::new(&engine)
            .instantiate_pre(&component)
            .unwrap();
        let stores: Vec<Store<()>> = (0..INSTANCES)
            .map(|number| {
                let mut store = Store::new(&engine, ());
                store.set_epoch_deadline(u64::MAX / 2);
                pre.instantiate(&mut store)
                    .unwrap_or_else(|error| panic!("instance {number}: {error:#}"));
                store
            })
            .collect();
        assert_eq!(stores.len(), INSTANCES as usize);
    }
}
