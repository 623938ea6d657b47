//! The memory of a host: before a trial, at most while it goes on, and how soon it goes back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::host::Place;
use super::workers::{Stop, Workers};
use crate::testbed::process_stat::resident_megabytes;

/// How often is looked.
const PERIOD: Duration = Duration::from_millis(100);
/// Within which memory is to be back.
const MINUTE: Duration = Duration::from_secs(60);

/// Resident megabytes of the host.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Memory {
    /// While viewers alone play.
    pub(super) before: f64,
    /// The highest look.
    pub(super) most: f64,
    /// The last look: when it was back, or after a minute.
    pub(super) after: f64,
    /// When that was.
    pub(super) after_seconds: f64,
}

impl Memory {
    /// What memory is to go back to.
    pub(super) fn limit(before: f64) -> f64 {
        before * 1.5 + 64.0
    }

    /// Whether it did.
    pub(super) fn is_back(&self) -> bool {
        self.after <= Self::limit(self.before)
    }
}

/// The looking.
#[derive(Debug)]
pub(super) struct Watch {
    place: Place,
    before: f64,
    most: Arc<Mutex<f64>>,
    looking: Workers<()>,
}

impl Watch {
    /// Begins to look.
    ///
    /// # Errors
    /// When the host is gone.
    pub(super) fn begin(place: &Place) -> Result<Self> {
        let before = resident_megabytes(place.pid())?;
        let most = Arc::new(Mutex::new(before));
        let mut looking = Workers::new();
        let (watched, highest) = (place.clone(), Arc::clone(&most));
        looking.add((), PERIOD, move |()| {
            // A host that is being started anew has no memory to look at.
            if let Ok(now) = resident_megabytes(watched.pid()) {
                let mut highest = highest.lock().unwrap_or_else(PoisonError::into_inner);
                *highest = highest.max(now);
            }
        });
        Ok(Self {
            place: place.clone(),
            before,
            most,
            looking,
        })
    }

    /// Waits until memory is back, for a minute at most.
    ///
    /// # Errors
    /// When the host is gone.
    pub(super) fn end(self) -> Result<Memory> {
        let began = Instant::now();
        // Nobody stops it: the operating system tells of no memory that is given back.
        let clock = Stop::default();
        let mut after = resident_megabytes(self.place.pid())?;
        while after > Memory::limit(self.before) && began.elapsed() < MINUTE {
            clock.pause(PERIOD);
            after = resident_megabytes(self.place.pid())?;
        }
        self.looking.stop();
        let most = *self.most.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Memory {
            before: self.before,
            most: most.max(after),
            after,
            after_seconds: began.elapsed().as_secs_f64(),
        })
    }
}
