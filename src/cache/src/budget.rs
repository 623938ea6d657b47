//! How much memory objects take, whoever holds them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Bytes of all objects. A clone counts the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Budget(Arc<Totals>);

/// In bytes.
#[derive(Debug, Default)]
struct Totals {
    alive: AtomicU64,
    arriving: AtomicU64,
}

impl Budget {
    /// Bytes in memory: kept, on their way, and pushed out while somebody still reads them.
    pub(crate) fn alive(&self) -> u64 {
        self.0.alive.load(Ordering::Relaxed)
    }

    /// Bytes that are on their way.
    pub(crate) fn arriving(&self) -> u64 {
        self.0.arriving.load(Ordering::Relaxed)
    }

    /// Counts `bytes` of an object that is on its way from now on.
    pub(crate) fn hold(&self, bytes: u64) -> Held {
        self.0.alive.fetch_add(bytes, Ordering::Relaxed);
        self.0.arriving.fetch_add(bytes, Ordering::Relaxed);
        Held {
            bytes,
            arriving: AtomicBool::new(true),
            budget: self.clone(),
        }
    }
}

/// Room that an object has, for as long as it is held by anybody.
#[derive(Debug)]
pub(crate) struct Held {
    bytes: u64,
    arriving: AtomicBool,
    budget: Budget,
}

impl Held {
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// It is on its way no more, and may be pushed out.
    pub(crate) fn arrived(&self) {
        if self.arriving.swap(false, Ordering::Relaxed) {
            let arriving = &self.budget.0.arriving;
            arriving.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_arriving(&self) -> bool {
        self.arriving.load(Ordering::Relaxed)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.arrived();
        let alive = &self.budget.0.alive;
        alive.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
