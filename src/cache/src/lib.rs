//! Keeps objects of a bucket in memory and on disk.
//!
//! [`Space::get`] gives an object that is here, or has it fetched once for all who want it; whoever reads sees
//! it arrive. What is kept is one version: the object at one path with one strong entity tag. Whether a request
//! may have it, and which part of it answers its conditions and ranges, others decide.

#![forbid(unsafe_code)]

mod arriving;
mod budget;
mod disk;
mod figures;
mod fill;
mod freshness;
mod inflight;
mod memory;
mod object;
mod piece;
mod reader;
mod space;

pub use crate::arriving::Broken;
pub use crate::disk::OpenError;
pub use crate::figures::Figures;
pub use crate::inflight::Plain;
pub use crate::reader::{Hit, Reader, Source};
pub use crate::space::{Bucket, Found, Space, Want};

use crate::disk::Disk;
use crate::figures::Counters;
use crate::inflight::InFlight;
use crate::memory::Memory;
use std::fmt;
use std::hash::RandomState;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Memory in bytes that a cache on disk has at least: what it reads and writes passes through.
const LEAST_BESIDE_DISK: u64 = 32 * 1024 * 1024;

/// How large a cache is, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bytes of memory, all counted: what is kept, what is on its way, what slow readers still have. With a folder
    /// it is 32 MiB at least.
    pub memory: u64,
    /// Where it is kept on disk, and how many bytes of that.
    pub disk: Option<(PathBuf, u64)>,
}

/// Is told, in a sentence, what an operator should know.
pub type Report = Box<dyn Fn(&str) + Send + Sync>;

/// Objects of buckets. A clone is the same cache.
#[derive(Clone, Debug)]
pub struct Cache {
    shared: Arc<Shared>,
    spaces: Arc<Mutex<Vec<Known>>>,
}

/// The key of a space, which is not shown: it is made of a secret.
struct Known([u8; 32]);

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Known")
    }
}

/// What all spaces have together.
#[derive(Debug)]
pub(crate) struct Shared {
    memory: Memory,
    disk: Option<Disk>,
    in_flight: Arc<InFlight>,
    counters: Arc<Counters>,
    hasher: RandomState,
}

impl Cache {
    /// An empty one, or what a former one has left in the folder. `None` where there is room for nothing.
    ///
    /// # Errors
    ///
    /// The folder cannot be used, or somebody else uses it.
    pub fn open(settings: &Settings, report: Report) -> Result<Option<Self>, OpenError> {
        if settings.memory == 0 && settings.disk.is_none() {
            return Ok(None);
        }
        let counters = Arc::new(Counters::default());
        let (disk, memory) = match &settings.disk {
            Some((folder, bytes)) => {
                let disk = Disk::open(folder, *bytes, Arc::clone(&counters), report)?;
                (Some(disk), settings.memory.max(LEAST_BESIDE_DISK))
            }
            None => (None, settings.memory),
        };
        Ok(Some(Self {
            shared: Arc::new(Shared {
                memory: Memory::new(memory, &counters),
                disk,
                in_flight: Arc::default(),
                counters,
                hasher: RandomState::new(),
            }),
            spaces: Arc::default(),
        }))
    }

    /// The objects of one bucket. What is on disk is found again by the same `key`, and nothing that was not
    /// written with it is believed.
    #[must_use]
    pub fn space(&self, key: [u8; 32]) -> Space {
        let mut spaces = self.spaces.lock().unwrap_or_else(PoisonError::into_inner);
        // A configuration that is read again finds what it had.
        let known = spaces.iter().position(|known| known.0 == key);
        let number = known.unwrap_or_else(|| {
            spaces.push(Known(key));
            spaces.len() - 1
        });
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        Space::new(number, key, &self.shared)
    }

    /// What it has done so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures {
            bytes_held: self.shared.memory.bytes_held(),
            bytes_on_disk: self.shared.disk.as_ref().map_or(0, Disk::bytes),
            ..self.shared.counters.read()
        }
    }
}
