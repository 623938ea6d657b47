//! How wasmtime is set up: what a component may cost.

use cpu_time::ProcessTime;
use std::path::Path;
use std::time::Duration;
use wasmtime::component::Component;
use wasmtime::{
    Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result,
};

/// How often running components are looked at, in time that the process computes. Theirs is counted in these.
const TICK: Duration = Duration::from_millis(10);
/// Ticks at which one request may be found computing: about 1 s, where an honest one needs 20 µs.
pub(crate) const COMPUTE_TICKS: u32 = 100;
/// Each memory of an instance, of which it has one for every component that it is composed of: 32 MiB,
/// where an honest one needs 2.
pub(crate) const MEMORY: usize = 32 << 20;
/// Memories of all instances of one process, while there are addresses for so many: 4 GiB for each, of the
/// 128 TiB that a process has.
const MEMORIES: u32 = 4096;
/// With fewer a host could hardly answer two requests at once.
const FEWEST_MEMORIES: u32 = 256;
/// Core instances for each memory: a component's code, and the two small modules by which `wit-component`
/// joins it to its imports; one to spare.
const CORE_INSTANCES: u32 = 4;
/// Tables for each memory: the component's own, and that of the joint.
const TABLES: u32 = 2;

/// What compiles components and has room for their instances.
#[derive(Clone, Debug)]
pub struct Runtime {
    pub(crate) engine: Engine,
    /// Memories of all instances together.
    pub(crate) memories: u32,
}

impl Runtime {
    /// Room for untrusted, concurrent, short-lived work. Compiled components are kept in `cache`.
    ///
    /// Where the operating system does not give a process so many addresses (`ulimit -v`, a small virtual
    /// address space), there is room for fewer instances: [`Self::reduced`].
    ///
    /// # Errors
    ///
    /// The folder cannot be used, or this machine cannot run what was asked for.
    pub fn new(cache: Option<&Path>) -> Result<Self> {
        let mut memories = MEMORIES;
        loop {
            match Engine::new(&config(cache, memories)?) {
                Ok(engine) => {
                    keep_ticking(&engine);
                    return Ok(Self { engine, memories });
                }
                Err(_) if memories > FEWEST_MEMORIES => memories /= 2,
                Err(error) => return Err(error),
            }
        }
    }

    /// Compiles the component in a file, for the cache alone.
    ///
    /// # Errors
    ///
    /// There is none that can be read, or that runs here.
    pub fn compile(&self, file: &Path) -> Result<()> {
        Component::from_file(&self.engine, file).map(drop)
    }

    /// Whether there are fewer memories than there should be: how many, and of how many.
    #[must_use]
    pub fn reduced(&self) -> Option<(u32, u32)> {
        (self.memories < MEMORIES).then_some((self.memories, MEMORIES))
    }
}

/// Memories that one instance of `component` takes: one for each component that it is composed of.
pub(crate) fn memories_of(component: &Component) -> u32 {
    let required = component.resources_required();
    required.map_or(1, |required| required.num_memories.max(1))
}

fn config(cache: Option<&Path>, memories: u32) -> Result<Config> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(memories)
        .total_core_instances(memories * CORE_INSTANCES)
        .total_memories(memories)
        .total_tables(memories * TABLES)
        .total_stacks(memories)
        .max_memory_size(MEMORY)
        // What an instance leaves goes back at once: instances serve many requests, and a burst's memory
        // should not stay.
        .max_unused_warm_slots(64)
        .linear_memory_keep_resident(0)
        .table_keep_resident(0);
    let mut config = Config::new();
    // For any processor of this kind and not for this one alone, so that what was compiled on one machine
    // runs on another.
    config.target(&target_lexicon::HOST.to_string())?;
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
    Ok(config)
}

/// Moves `engine`'s clock for as long as it lives, by the time that this process computes: on a busy machine a
/// component may wait long for its turn, and uses none of its own time meanwhile.
fn keep_ticking(engine: &Engine) {
    let engine = engine.weak();
    let mut last = ProcessTime::now();
    std::thread::spawn(move || {
        while let Some(engine) = engine.upgrade() {
            std::thread::sleep(TICK);
            let now = ProcessTime::now();
            if now.duration_since(last) >= TICK {
                engine.increment_epoch();
                last = now;
            }
        }
    });
}

/// One for all unit tests: each would reserve its addresses, and a machine with many processors runs many
/// tests at once.
#[cfg(test)]
pub(crate) fn shared() -> &'static Runtime {
    static RUNTIME: std::sync::LazyLock<Runtime> =
        std::sync::LazyLock::new(|| Runtime::new(None).unwrap());
    &RUNTIME
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime::Store;
    use wasmtime::component::Linker;

    /// As many core modules as that many components have, each component with a memory and two tables.
    fn composed(parts: u32) -> String {
        let own = "(core module $own (memory 1) (table 1 funcref))";
        let joint = "(core module $joint (table 1 funcref)) (core module $rest)";
        let part = "(core instance (instantiate $own)) (core instance (instantiate $joint))
            (core instance (instantiate $rest))";
        format!("(component {own} {joint} {})", part.repeat(parts as usize))
    }

    #[test]
    fn there_is_room_for_as_many_instances_as_the_memories_say() {
        const PARTS: u32 = 8;
        let runtime = shared();
        let binary = wat::parse_str(composed(PARTS)).unwrap();
        let component = Component::new(&runtime.engine, binary).unwrap();
        assert_eq!(memories_of(&component), PARTS);
        let pre = Linker::<()>::new(&runtime.engine)
            .instantiate_pre(&component)
            .unwrap();
        // Other tests want a few as well.
        let stores: Vec<Store<()>> = (0..runtime.memories / PARTS - 8)
            .map(|number| {
                let mut store = Store::new(&runtime.engine, ());
                store.set_epoch_deadline(u64::MAX / 2);
                pre.instantiate(&mut store)
                    .unwrap_or_else(|error| panic!("instance {number}: {error:#}"));
                store
            })
            .collect();
        assert!(stores.len() > 8);
    }
}
