//! What the operating system knows of this process, under the names that all of Prometheus's clients use.

use cpu_time::ProcessTime;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use std::fmt;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// Asked at each scrape. What cannot be learnt on this system is left out.
#[derive(Debug)]
pub(super) struct ProcessCollector {
    /// Since 1970.
    started: f64,
}

impl ProcessCollector {
    pub(super) fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            started: now.map_or(0.0, |now| now.as_secs_f64()),
        }
    }
}

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut write = |name, help, unit: Option<Unit>, metric: &dyn EncodeMetric| {
            let kind = metric.metric_type();
            metric.encode(encoder.encode_descriptor(name, help, unit.as_ref(), kind)?)
        };
        let computed = ConstCounter::new(ProcessTime::now().as_duration().as_secs_f64());
        write(
            "process_cpu",
            "Time computed.",
            Some(Unit::Seconds),
            &computed,
        )?;
        write(
            "process_start_time",
            "Start, since 1970.",
            Some(Unit::Seconds),
            &ConstGauge::new(self.started),
        )?;
        if let Some(memory) = resident_memory() {
            write(
                "process_resident_memory",
                "Memory in use.",
                Some(Unit::Bytes),
                &ConstGauge::new(memory),
            )?;
        }
        if let Some(files) = open_files() {
            write(
                "process_open_fds",
                "Files that are open.",
                None,
                &ConstGauge::new(files),
            )?;
        }
        Ok(())
    }
}

/// `VmRSS` of Linux, in bytes.
fn resident_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

fn open_files() -> Option<u64> {
    let files = fs::read_dir("/proc/self/fd").ok()?.count();
    u64::try_from(files).ok()
}
