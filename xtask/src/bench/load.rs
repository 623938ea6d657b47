//! CPU time under load: what a gated segment, a gigabyte and a refusal cost.

use anyhow::{Result, bail, ensure};

use super::Args;
use super::contender::{Contender, Field};
use super::mode::Mode;
use super::table::{Budget, Row, Table};
use crate::process;
use crate::testbed::fixture::{self, Fixture};
use crate::testbed::h2load::{self, Streams};
use crate::testbed::process_stat::cpu_time;
use crate::testbed::report::Report;
use crate::testbed::spread::Spread;
use crate::testbed::wrk::{self, Request};

/// How long a load is put on a contender that is not measured.
const EXERCISE_SECONDS: u64 = 3;

/// What a figure is divided by.
#[derive(Debug, Clone, Copy)]
enum Per {
    Request,
    Gigabyte,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Viewer {
    Allowed,
    Forged,
    Nobody,
}

#[derive(Debug, Clone, Copy)]
enum Protocol {
    Http1,
    /// With so many streams on each connection.
    Http2(u32),
}

/// One load and its rows: CPU, throughput and latency.
struct Load {
    name: &'static str,
    mode: Mode,
    cpu: &'static str,
    path: fn() -> String,
    viewer: Viewer,
    connections: u32,
    protocol: Protocol,
    per: Per,
    most: f64,
}

const HOT_GATED: Load = Load {
    name: "hot-gated",
    mode: Mode::PLAIN_HOT,
    cpu: "no TLS, hot: CPU per gated 16 KB segment",
    path: fixture::small,
    viewer: Viewer::Allowed,
    connections: 32,
    protocol: Protocol::Http1,
    per: Per::Request,
    most: 1.5,
};

const LOADS: [Load; 13] = [
    Load {
        name: "tls-streaming",
        mode: Mode::TLS,
        cpu: "TLS on both sides, from the bucket: CPU per GB, 3.85 MB segments",
        path: fixture::large,
        viewer: Viewer::Allowed,
        connections: 32,
        protocol: Protocol::Http1,
        per: Per::Gigabyte,
        most: 0.7,
    },
    Load {
        name: "tls-gated",
        mode: Mode::TLS,
        cpu: "TLS on both sides, from the bucket: CPU per gated 16 KB segment",
        path: fixture::small,
        viewer: Viewer::Allowed,
        connections: 32,
        protocol: Protocol::Http1,
        per: Per::Request,
        most: 1.0,
    },
    Load {
        name: "tls-hot-streaming",
        mode: Mode::TLS_HOT,
        cpu: "TLS to the viewer, hot: CPU per GB, 3.85 MB segments",
        path: fixture::large,
        viewer: Viewer::Allowed,
        connections: 32,
        protocol: Protocol::Http1,
        per: Per::Gigabyte,
        most: 0.9,
    },
    Load {
        name: "tls-hot-gated",
        mode: Mode::TLS_HOT,
        cpu: "TLS to the viewer, hot: CPU per gated 16 KB segment",
        path: fixture::small,
        viewer: Viewer::Allowed,
        connections: 32,
        protocol: Protocol::Http1,
        per: Per::Request,
        most: 0.9,
    },
    Load {
        name: "http2-hot-gated",
        mode: Mode::TLS_HOT,
        cpu: "HTTP/2, TLS to the viewer, hot: CPU per gated 16 KB segment, 8 connections with 4 streams",
        path: fixture::small,
        viewer: Viewer::Allowed,
        connections: 8,
        protocol: Protocol::Http2(4),
        per: Per::Request,
        most: 0.9,
    },
    Load {
        name: "http2-hot-streaming",
        mode: Mode::TLS_HOT,
        cpu: "HTTP/2, TLS to the viewer, hot: CPU per GB, 3.85 MB segments, 8 connections with 4 streams",
        path: fixture::large,
        viewer: Viewer::Allowed,
        connections: 8,
        protocol: Protocol::Http2(4),
        per: Per::Gigabyte,
        most: 0.9,
    },
    HOT_GATED,
    Load {
        name: "hot-streaming",
        mode: Mode::PLAIN_HOT,
        cpu: "no TLS, hot: CPU per GB, 3.85 MB segments",
        path: fixture::large,
        viewer: Viewer::Allowed,
        connections: 32,
        protocol: Protocol::Http1,
        per: Per::Gigabyte,
        most: 1.1,
    },
    Load {
        name: "gated-32",
        mode: Mode::PLAIN,
        cpu: "CPU per gated 16 KB segment, 32 connections",
        path: fixture::small,
        viewer: Viewer::Allowed,
        connections: 32,
        protocol: Protocol::Http1,
        per: Per::Request,
        most: 1.5,
    },
    Load {
        name: "gated-256",
        mode: Mode::PLAIN,
        cpu: "CPU per gated 16 KB segment, 256 connections",
        path: fixture::small,
        viewer: Viewer::Allowed,
        connections: 256,
        protocol: Protocol::Http1,
        per: Per::Request,
        most: 1.5,
    },
    Load {
        name: "streaming",
        mode: Mode::PLAIN,
        cpu: "CPU per GB streamed, 3.85 MB segments",
        path: fixture::large,
        viewer: Viewer::Allowed,
        connections: 32,
        protocol: Protocol::Http1,
        per: Per::Gigabyte,
        most: 1.1,
    },
    Load {
        name: "refused",
        mode: Mode::PLAIN,
        cpu: "CPU per refused request, no credential",
        path: fixture::small,
        viewer: Viewer::Nobody,
        connections: 32,
        protocol: Protocol::Http1,
        per: Per::Request,
        most: 2.0,
    },
    Load {
        name: "refused-forged",
        mode: Mode::PLAIN,
        cpu: "CPU per refused request, forged session",
        path: fixture::small,
        viewer: Viewer::Forged,
        connections: 32,
        protocol: Protocol::Http1,
        per: Per::Request,
        most: 2.0,
    },
];

/// One round of one contender.
#[derive(Debug, Clone, Copy)]
struct Sample {
    /// CPU time, in µs per request or seconds per gigabyte.
    cpu: f64,
    /// Requests or gigabytes per second.
    throughput: f64,
    /// Milliseconds that half of all requests took at most.
    p50: f64,
    /// Milliseconds that 99 of 100 requests took at most.
    p99: f64,
}

/// Whether a load of this mode is asked for.
pub(super) fn wants(args: &Args, mode: Mode) -> bool {
    LOADS
        .iter()
        .any(|load| load.mode == mode && args.wants(load.name))
}

/// Adds the rows of every load of the field's mode that is asked for.
///
/// # Errors
/// When a contender answers otherwise than it should.
pub(super) fn measure(
    fixture: &Fixture<'_>,
    field: &Field,
    mode: Mode,
    args: &Args,
    table: &mut Table,
) -> Result<()> {
    let is_wanted = |load: &&Load| load.mode == mode && args.wants(load.name);
    let wanted: Vec<&Load> = LOADS.iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    for load in wanted {
        if let Some(missing) = load.protocol.missing() {
            eprintln!("bench: left out: {}: {missing}", load.name);
            continue;
        }
        eprintln!("bench: {}", load.cpu);
        let samples = rounds(fixture, field, args, load)?;
        add_rows(load, &samples, table);
    }
    Ok(())
}

/// Puts every load of `mode` on a contender for a while.
///
/// # Errors
/// When a tool is missing, or the contender answers otherwise than it should.
pub(super) fn exercise(fixture: &Fixture<'_>, contender: &Contender, mode: Mode) -> Result<()> {
    for load in LOADS.iter().filter(|load| load.mode == mode) {
        if let Some(missing) = load.protocol.missing() {
            bail!("{missing}");
        }
        sample(fixture, contender, load, EXERCISE_SECONDS)?;
    }
    Ok(())
}

/// CPU time of one request for a hot 16 KB segment without TLS, in µs.
///
/// # Errors
/// When the contender answers otherwise than it should.
pub(super) fn cpu_of_hot_segment(
    fixture: &Fixture<'_>,
    contender: &Contender,
    seconds: u64,
) -> Result<f64> {
    Ok(sample(fixture, contender, &HOT_GATED, seconds)?.cpu)
}

/// Every contender in turn, each second round backwards, after a second to warm up.
fn rounds(
    fixture: &Fixture<'_>,
    field: &Field,
    args: &Args,
    load: &Load,
) -> Result<Vec<(&'static str, Sample)>> {
    let mut order: Vec<&Contender> = match load.viewer {
        Viewer::Allowed => field.all().collect(),
        Viewer::Forged | Viewer::Nobody => field.gates().collect(),
    };
    for contender in &order {
        sample(fixture, contender, load, 1)?;
    }
    let mut samples = Vec::new();
    for _ in 0..args.rounds {
        for contender in &order {
            let sample = sample(fixture, contender, load, args.seconds)?;
            samples.push((contender.name, sample));
        }
        order.reverse();
    }
    Ok(samples)
}

fn sample(
    fixture: &Fixture<'_>,
    contender: &Contender,
    load: &Load,
    seconds: u64,
) -> Result<Sample> {
    let cookie = match load.viewer {
        Viewer::Allowed => fixture.cookie(),
        Viewer::Forged => fixture.forged_cookie(),
        Viewer::Nobody => String::new(),
    };
    let before = cpu_time(contender.pid())?;
    let report = ask(fixture, contender, load, &cookie, seconds)?;
    let cpu = cpu_time(contender.pid())?.saturating_sub(before);
    expect_answers(contender, load, report)?;
    let seconds = report.took.as_secs_f64();
    let (amount, scale) = match load.per {
        Per::Request => (report.requests as f64, 1e6),
        Per::Gigabyte => (report.bytes as f64 / 1e9, 1.0),
    };
    Ok(Sample {
        cpu: cpu.as_secs_f64() * scale / amount,
        throughput: amount / seconds,
        p50: report.p50.as_secs_f64() * 1e3,
        p99: report.p99.as_secs_f64() * 1e3,
    })
}

fn ask(
    fixture: &Fixture<'_>,
    contender: &Contender,
    load: &Load,
    cookie: &str,
    seconds: u64,
) -> Result<Report> {
    let (scheme, address, path) = (contender.scheme, contender.address, (load.path)());
    match load.protocol {
        Protocol::Http1 => wrk::run(
            fixture,
            &Request {
                scheme,
                address,
                path,
                cookie,
                connections: load.connections,
                seconds,
            },
        ),
        Protocol::Http2(streams) => {
            let streams = Streams {
                scheme,
                address,
                path: &path,
                cookie,
                connections: load.connections,
                streams,
                seconds,
            };
            h2load::run(fixture, &streams).map(|(_, report)| report)
        }
    }
}

impl Protocol {
    /// What to do where its tool is missing.
    fn missing(self) -> Option<&'static str> {
        let (tool, help) = match self {
            Self::Http1 => ("wrk", "install with: sudo apt-get install wrk"),
            Self::Http2(_) => (
                "h2load",
                "install with: sudo apt-get install nghttp2-client",
            ),
        };
        process::find_program(tool).is_none().then_some(help)
    }
}

/// A gate that lets a forged session in is quick too.
fn expect_answers(contender: &Contender, load: &Load, report: Report) -> Result<()> {
    let expected = match load.viewer {
        Viewer::Allowed => 0,
        Viewer::Forged | Viewer::Nobody => report.requests,
    };
    ensure!(report.requests > 0, "{} answered nothing", contender.name);
    ensure!(report.broken == 0, "{} broke connections", contender.name);
    ensure!(
        report.refused == expected,
        "{} refused {} of {} requests, expected {expected} ({})",
        contender.name,
        report.refused,
        report.requests,
        load.name
    );
    Ok(())
}

fn add_rows(load: &Load, samples: &[(&'static str, Sample)], table: &mut Table) {
    let (cpu_unit, throughput_unit) = match load.per {
        Per::Request => ("µs", "requests"),
        Per::Gigabyte => ("s", "GB"),
    };
    type Figure = fn(&Sample) -> f64;
    let rows: [(&str, &str, Budget, Figure); 4] = [
        (load.cpu, cpu_unit, Budget::TimesNginxJwt(load.most), |it| {
            it.cpu
        }),
        ("… per second", throughput_unit, Budget::None, |it| {
            it.throughput
        }),
        ("… half within", "ms", Budget::None, |it| it.p50),
        ("… 99 of 100 within", "ms", Budget::None, |it| it.p99),
    ];
    for (what, unit, budget, figure) in rows {
        table.add(row(load.name, what, unit, budget, samples, figure));
    }
}

fn row(
    name: &'static str,
    what: &'static str,
    unit: &'static str,
    budget: Budget,
    samples: &[(&'static str, Sample)],
    figure: fn(&Sample) -> f64,
) -> Row {
    let of = |contender: &str| -> Vec<f64> {
        let own = samples.iter().filter(|(name, _)| *name == contender);
        own.map(|(_, sample)| figure(sample)).collect()
    };
    let (ours, theirs) = (of("reelgate"), of("nginx-jwt"));
    let ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(a, b)| a / b).collect();
    Row {
        name,
        what,
        unit,
        reelgate: Spread::of(&ours),
        nginx_jwt: Spread::of(&theirs),
        nginx: Spread::of(&of("nginx")),
        ratio: Spread::of(&ratios).map(|ratios| ratios.median),
        budget,
    }
}
