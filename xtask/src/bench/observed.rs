//! What it costs to be watched: the same request with metrics and with traces, beside a host without.

use anyhow::{Result, ensure};

use super::Args;
use super::contender::{self, Contender};
use super::load;
use super::table::{Budget, Row, Table};
use crate::process;
use crate::testbed::collector::Collector;
use crate::testbed::fixture::Fixture;
use crate::testbed::host::Launch;

/// The word for `--only`.
const NAME: &str = "observed";

/// A host as an operator has it.
struct Watched {
    what: &'static str,
    arguments: &'static [&'static str],
    /// How many of its requests are traced, where any are.
    ratio: Option<&'static str>,
}

const ALL: [Watched; 4] = [
    Watched {
        what: "no TLS, hot: CPU per gated 16 KB segment, nobody watches",
        arguments: &[],
        ratio: None,
    },
    Watched {
        what: "… with --metrics-listen",
        arguments: &["--metrics-listen", "127.0.0.1:0"],
        ratio: None,
    },
    Watched {
        what: "… one request in a hundred traced",
        arguments: &[],
        ratio: Some("0.01"),
    },
    Watched {
        what: "… every request traced",
        arguments: &[],
        ratio: Some("1"),
    },
];

impl Watched {
    fn start(&self, fixture: &Fixture<'_>, collector: &Collector) -> Result<Contender> {
        let mut launch = Launch::default();
        let words = self.arguments.iter().map(|word| (*word).to_owned());
        launch.arguments.extend(words);
        if let Some(ratio) = self.ratio {
            launch.variables.extend([
                ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint()),
                ("OTEL_TRACES_SAMPLER", "traceidratio".to_owned()),
                ("OTEL_TRACES_SAMPLER_ARG", ratio.to_owned()),
                // None is dropped: one that is costs less.
                ("OTEL_BSP_MAX_QUEUE_SIZE", "65536".to_owned()),
            ]);
        }
        contender::reelgate_with(fixture, &launch)
    }
}

/// Adds a row for each.
///
/// # Errors
/// When a host does not start, or no span arrives.
pub(super) fn measure(fixture: &Fixture<'_>, args: &Args, table: &mut Table) -> Result<()> {
    if !args.wants(NAME) {
        return Ok(());
    }
    if process::find_program("wrk").is_none() {
        eprintln!("bench: no load without wrk; install with: sudo apt-get install wrk");
        return Ok(());
    }
    eprintln!("bench: {}", ALL[0].what);
    let collector = Collector::start()?;
    let mut hosts = Vec::new();
    for watched in &ALL {
        hosts.push((
            watched.what,
            watched.start(fixture, &collector)?,
            Vec::new(),
        ));
    }
    for (_, host, _) in &hosts {
        load::cpu_of_hot_segment(fixture, host, 1)?;
    }
    for _ in 0..args.rounds {
        for (_, host, rounds) in &mut hosts {
            rounds.push(load::cpu_of_hot_segment(fixture, host, args.seconds)?);
        }
        hosts.reverse();
    }
    ensure!(collector.taken() > 0, "the collector was given nothing");
    for watched in &ALL {
        let own = hosts.iter().find(|(what, ..)| *what == watched.what);
        let rounds = own.map_or(&[][..], |(_, _, rounds)| rounds);
        table.add(Row::ours(NAME, watched.what, "µs", rounds, Budget::None));
    }
    Ok(())
}
