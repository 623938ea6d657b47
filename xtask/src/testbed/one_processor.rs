//! All who take part, on one processor.
//!
//! Where little else runs, to wake another processor takes longer than all that an answer costs, and whether it has to be
//! woken is chance.

use std::fs;

use anyhow::{Context, Result};
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::process_stat::children;

/// Holds processes on one processor until it is dropped.
pub(crate) struct OneProcessor {
    processes: Vec<u32>,
    before: CpuSet,
}

impl OneProcessor {
    /// Holds this process and `others`, which it has started, with their children.
    ///
    /// # Errors
    /// When one of them is gone, or may not be told.
    pub(crate) fn hold(others: impl IntoIterator<Item = u32>) -> Result<Self> {
        let mut processes = vec![std::process::id()];
        for process in others {
            processes.push(process);
            processes.extend(children(process)?);
        }
        let held = Self {
            processes,
            before: sched_getaffinity(None)?,
        };
        let one = last(&held.before).context("this process may run nowhere")?;
        held.allow(&one)?;
        Ok(held)
    }

    /// Lets each thread run on `processors`. Those that begin later inherit that.
    fn allow(&self, processors: &CpuSet) -> Result<()> {
        for process in &self.processes {
            let path = format!("/proc/{process}/task");
            let threads = fs::read_dir(&path).with_context(|| format!("cannot read {path}"))?;
            for thread in threads {
                let number = thread?.file_name().to_string_lossy().parse()?;
                match sched_setaffinity(Pid::from_raw(number), processors) {
                    // It has ended.
                    Ok(()) | Err(Errno::SRCH) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }
}

impl Drop for OneProcessor {
    fn drop(&mut self) {
        // Who has ended needs none.
        let _ = self.allow(&self.before);
    }
}

/// The last of `processors` alone: the first has most interrupts to serve.
fn last(processors: &CpuSet) -> Option<CpuSet> {
    let last = (0..CpuSet::MAX_CPU).rfind(|number| processors.is_set(*number))?;
    let mut one = CpuSet::new();
    one.set(last);
    Some(one)
}
