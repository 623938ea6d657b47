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
/// Memory of one instance: 32 MiB, where an honest one needs 2.
pub(crate) const MEMORY: usize = 32 << 20;
/// Instances of one process: one for each request whose head is being made.
pub(crate) const INSTANCES: u32 = 1000;

/// An engine for untrusted, concurrent, short-lived work. Compiled components are kept in `cache`.
///
/// # Errors
///
/// The folder cannot be used, or this machine cannot run what was asked for.
pub fn engine(cache: Option<&Path>) -> Result<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES)
        .total_core_instances(INSTANCES * 8)
        .total_memories(INSTANCES)
        .total_tables(INSTANCES * 8)
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
