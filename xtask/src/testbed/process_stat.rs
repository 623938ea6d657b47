//! The operating system's accounting of a process.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// CPU time used so far by all threads of a process and of its children, those threads that ended included: user and
/// system (proc(5), `stat`).
///
/// # Errors
/// When the process is gone or `/proc` is not Linux's.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    let mut all = ticks_of(pid)?;
    for child in children(pid)? {
        all += ticks_of(child)?;
    }
    let per_second = rustix::param::clock_ticks_per_second();
    Ok(Duration::from_secs_f64(all as f64 / per_second as f64))
}

/// What the main thread of a process has started: nginx its workers, the gate nothing (proc(5), `children`).
///
/// # Errors
/// When the process is gone or `/proc` is not Linux's.
pub(crate) fn children(pid: u32) -> Result<Vec<u32>> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let numbers = children.split_whitespace().map(str::parse);
    numbers
        .collect::<Result<_, _>>()
        .with_context(|| format!("{path} is not as expected"))
}

fn ticks_of(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    ticks(&stat).with_context(|| format!("{path} is not as expected"))
}

/// Fields 14 and 15, `utime` and `stime`, counted from behind the program's name, which may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Resident memory in megabytes (10⁶ bytes) of a process and its children, mapped files included (proc(5), `status`,
/// `VmRSS`).
///
/// # Errors
/// When the process is gone or `/proc` is not Linux's.
pub(crate) fn resident_megabytes(pid: u32) -> Result<f64> {
    let mut all = 0.0;
    for pid in [pid].into_iter().chain(children(pid)?) {
        let path = format!("/proc/{pid}/status");
        let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        all += kibibytes(&status).with_context(|| format!("no VmRSS in {path}"))?;
    }
    Ok(all * 1024.0 / 1e6)
}

fn kibibytes(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{kibibytes, ticks};

    #[test]
    fn a_name_with_blanks_and_brackets_does_not_shift_the_fields() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 2001 0 3 0 130 45 9 9 20 0 4 0 500 1 2";
        assert_eq!(ticks(stat), Some(175));
    }

    #[test]
    fn resident_memory_is_read_in_kibibytes() {
        let status = "Name:\tx\nVmHWM:\t   52000 kB\nVmRSS:\t   51200 kB\n";
        assert_eq!(kibibytes(status), Some(51_200.0));
    }
}
