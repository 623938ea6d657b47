//! The Stream path: what a webhook and a sweep cost, with the embedded store and a fake Stream beside it.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Args;
use super::contender::{self, Contender};
use super::table::{Budget, Row, Table};
use crate::testbed::client::Client;
use crate::testbed::fixture::Fixture;
use crate::testbed::host::Launch;
use crate::testbed::process_stat::cpu_time;
use crate::testbed::stream::{ADMIN, Stream, signed};

/// Milliseconds of CPU for a webhook that writes.
const MOST_CPU: f64 = 1.0;
/// Milliseconds within which 99 of 100 webhooks are answered.
const MOST_WAIT: f64 = 10.0;
/// Milliseconds of a sweep over 100 videos in flight.
const MOST_SWEEP: f64 = 200.0;

/// Videos in flight: fewer than Stream takes at once.
const IN_FLIGHT: usize = 100;
/// Videos that are not, for the sweep that must not care.
const IDLE: usize = 2_000;
/// Webhooks in one round, each with news to be written.
const WEBHOOKS: usize = 500;

/// Where the data folder of this part lies, below the bench's.
const DATA: &str = "stream-path";

/// Adds the rows of the webhook and of the reconciler.
///
/// # Errors
/// When the fake Stream or the host does not start, or answers otherwise than it should.
pub(super) fn measure(fixture: &Fixture<'_>, args: &Args, table: &mut Table) -> Result<()> {
    if !args.wants("webhook") && !args.wants("sweep") {
        return Ok(());
    }
    eprintln!("bench: the Stream path");
    let mut studio = Studio::start(fixture)?;
    studio.register("busy", IN_FLIGHT)?;
    studio.encode()?;
    if args.wants("sweep") {
        studio.sweeps(args, table)?;
    }
    if args.wants("webhook") {
        studio.webhooks(args, table)?;
    }
    Ok(())
}

/// A fake Stream whose videos stay on their way, and a host that looks after every row at once.
struct Studio {
    client: Client,
    /// What Stream calls the videos in flight.
    uids: Vec<String>,
    host: Contender,
    _stream: Stream,
}

impl Studio {
    fn start(fixture: &Fixture<'_>) -> Result<Self> {
        let folder = fixture.folder.join(DATA);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let stream = Stream::start(fixture, &folder.join("films"), &[])?;
        let launch = Launch {
            manifest: "spin-keyvalue.toml",
            data: DATA,
            variables: stream.variables()?,
            ..Launch::default()
        };
        let host = contender::reelgate_with(fixture, &launch)?;
        Ok(Self {
            client: Client::connect(host.address)?,
            uids: Vec::new(),
            host,
            _stream: stream,
        })
    }

    /// Registers the videos `{name}0` and so on.
    fn register(&mut self, name: &str, count: usize) -> Result<()> {
        for number in 0..count {
            let video =
                json!({ "id": format!("{name}{number}"), "source_key": "originals/film.mp4" });
            self.manage("/api/videos", &video.to_string(), 201)?;
        }
        Ok(())
    }

    /// Sends the videos to Stream, where they stay.
    fn encode(&mut self) -> Result<()> {
        for number in 0..IN_FLIGHT {
            let row = self.manage(&format!("/api/videos/busy{number}/encode"), "", 202)?;
            let uid = row["stream_uid"]
                .as_str()
                .context("a video without a uid")?;
            self.uids.push(uid.to_owned());
        }
        Ok(())
    }

    /// A request with the operator's token; gives the answer's JSON.
    fn manage(&mut self, path: &str, body: &str, expected: u16) -> Result<Value> {
        let bearer = format!("Authorization: Bearer {ADMIN}");
        let answer = self.client.post(path, &bearer, body)?;
        ensure!(
            answer.status == expected,
            "{path} is answered {}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        Ok(serde_json::from_slice(&answer.body)?)
    }

    fn sweeps(&mut self, args: &Args, table: &mut Table) -> Result<()> {
        let budget = Budget::AtMost(MOST_SWEEP);
        let alone = self.sweep_times(args)?;
        let what = "sweep of 100 videos in flight";
        table.add(Row::ours("sweep", what, "ms", &alone, budget));
        self.register("idle", IDLE)?;
        let crowded = self.sweep_times(args)?;
        let what = "… among 2,000 that are not";
        table.add(Row::ours("sweep-crowded", what, "ms", &crowded, budget));
        Ok(())
    }

    fn sweep_times(&mut self, args: &Args) -> Result<Vec<f64>> {
        let sweep = |_| {
            let began = Instant::now();
            let swept = self.manage("/api/internal/reconcile", "", 200)?;
            let took = milliseconds(began.elapsed());
            ensure!(
                swept["scanned"] == IN_FLIGHT,
                "a sweep of other videos: {swept}"
            );
            Ok(took)
        };
        (0..args.rounds).map(sweep).collect()
    }

    fn webhooks(&mut self, args: &Args, table: &mut Table) -> Result<()> {
        let (mut cpu, mut slowest) = (Vec::new(), Vec::new());
        for round in 0..args.rounds {
            let before = cpu_time(self.host.pid())?;
            let mut waits = (0..WEBHOOKS)
                .map(|number| self.webhook(round as usize * WEBHOOKS + number))
                .collect::<Result<Vec<f64>>>()?;
            let used = cpu_time(self.host.pid())? - before;
            cpu.push(milliseconds(used) / WEBHOOKS as f64);
            waits.sort_by(f64::total_cmp);
            slowest.push(waits[WEBHOOKS * 99 / 100]);
        }
        let what = "CPU per webhook that writes, embedded store";
        table.add(Row::ours(
            "webhook",
            what,
            "ms",
            &cpu,
            Budget::AtMost(MOST_CPU),
        ));
        let what = "… 99 of 100 are answered within";
        table.add(Row::ours(
            "webhook-p99",
            what,
            "ms",
            &slowest,
            Budget::AtMost(MOST_WAIT),
        ));
        Ok(())
    }

    /// Reports a little more progress than the report before; gives milliseconds until the answer.
    fn webhook(&mut self, number: usize) -> Result<f64> {
        let uid = &self.uids[number % IN_FLIGHT];
        let percent = format!("{:.3}", (number / IN_FLIGHT + 1) as f64 / 1000.0);
        let report = json!({
            "uid": uid,
            "readyToStream": false,
            "status": { "state": "inprogress", "pctComplete": percent },
        })
        .to_string();
        let header = signed(&report)?;
        let began = Instant::now();
        let answer = self.client.post("/api/webhooks/stream", &header, &report)?;
        let wait = milliseconds(began.elapsed());
        ensure!(
            answer.status == 200,
            "a webhook is answered {}",
            answer.status
        );
        Ok(wait)
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
