//! CPU affinity (sched_setaffinity(2)): all who take part in a measurement pinned to one CPU.
//!
//! On an idle machine, waking another CPU can take longer than answering a request. Which CPU the scheduler chooses is
//! chance, and would decide what is measured.

use std::fs;

use anyhow::{Context, Result};
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::process_stat::children;

/// Processes pinned to one CPU. Dropped, they may run where they could before.
pub(crate) struct Pinned {
    processes: Vec<u32>,
    before: CpuSet,
}

impl Pinned {
    /// Pins this process and `others`, which it has started, with their children, to the last CPU that they may use.
    ///
    /// # Errors
    /// When one of them has ended, or its affinity may not be changed.
    pub(crate) fn to_one_cpu(others: impl IntoIterator<Item = u32>) -> Result<Self> {
        let mut processes = vec![std::process::id()];
        for process in others {
            processes.push(process);
            processes.extend(children(process)?);
        }
        let before = sched_getaffinity(None)?;
        let cpu = last(&before).context("this process has no CPU to run on")?;
        let pinned = Self { processes, before };
        for process in &pinned.processes {
            set_affinity(*process, &cpu)?;
        }
        Ok(pinned)
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        for process in &self.processes {
            // One that has ended has nothing to restore.
            let _ = set_affinity(*process, &self.before);
        }
    }
}

/// Sets the affinity of each thread of `process`; threads that it starts later inherit it.
fn set_affinity(process: u32, cpus: &CpuSet) -> Result<()> {
    let path = format!("/proc/{process}/task");
    let threads = fs::read_dir(&path).with_context(|| format!("cannot read {path}"))?;
    for thread in threads {
        let number = thread?.file_name().to_string_lossy().parse()?;
        match sched_setaffinity(Pid::from_raw(number), cpus) {
            // Without such a thread: it has ended since the folder was read.
            Ok(()) | Err(Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The last of `cpus` alone.
fn last(cpus: &CpuSet) -> Option<CpuSet> {
    let last = (0..CpuSet::MAX_CPU).rfind(|number| cpus.is_set(*number))?;
    let mut one = CpuSet::new();
    one.set(last);
    Some(one)
}
