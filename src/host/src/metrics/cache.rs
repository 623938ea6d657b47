//! What the cache of hot objects counts itself.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use reelgate_cache::{Cache, Figures};
use std::fmt;

/// Asked at each scrape.
#[derive(Debug)]
pub(super) struct CacheCollector(pub(super) Cache);

impl Collector for CacheCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let Figures {
            hits,
            joined,
            disk_hits,
            misses,
            passed,
            revalidations,
            bytes_served,
            bytes_held,
            bytes_on_disk,
            evictions,
            disk_evictions,
            broken,
            disk_errors,
        } = self.0.figures();
        let counts = [
            (
                "hits",
                "Requests answered without a word to the bucket",
                hits,
            ),
            (
                "joined",
                "Hits that waited for what was fetched for another",
                joined,
            ),
            (
                "disk_hits",
                "Hits whose object was read from disk",
                disk_hits,
            ),
            ("misses", "Requests for which an object was fetched", misses),
            (
                "passed",
                "Requests that the bucket was left to answer",
                passed,
            ),
            (
                "revalidations",
                "Times the bucket confirmed that nothing has changed",
                revalidations,
            ),
            ("evictions", "Objects pushed out of memory", evictions),
            (
                "disk_evictions",
                "Objects pushed off the disk",
                disk_evictions,
            ),
            (
                "fetches_broken",
                "Fetches that broke off or were given up",
                broken,
            ),
            ("disk_errors", "Files that could not be used", disk_errors),
        ];
        for (name, help, count) in counts {
            let name = format!("reelgate_cache_{name}");
            write(&mut encoder, &name, help, None, &ConstCounter::new(count))?;
        }
        let bytes = Some(&Unit::Bytes);
        let served = ConstCounter::new(bytes_served);
        let help = "Bodies that came out of the cache";
        write(&mut encoder, "reelgate_cache_served", help, bytes, &served)?;
        let help = "Memory in use by objects";
        let held = ConstGauge::new(bytes_held);
        write(&mut encoder, "reelgate_cache_memory", help, bytes, &held)?;
        let help = "Room in use on disk";
        let on_disk = ConstGauge::new(bytes_on_disk);
        write(&mut encoder, "reelgate_cache_disk", help, bytes, &on_disk)
    }
}

fn write(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    metric: &dyn EncodeMetric,
) -> fmt::Result {
    let kind = metric.metric_type();
    metric.encode(encoder.encode_descriptor(name, help, unit, kind)?)
}
