//! `reelgate reconcile`: has the gate look after videos that are on their way.

use std::time::Duration;

use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::{
    exit::{self, Failure, Kind},
    gate_api::{Gate, GateArgs},
    plain::plain,
    signals,
};

/// Where the gate takes the order.
const PATH: &str = "/api/internal/reconcile";

/// Has the gate ask Stream about videos that have been on their way for long, and submit what is due
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Once, instead of again and again
    #[arg(long)]
    once: bool,
    /// Seconds between two sweeps
    #[arg(long, value_name = "SECONDS", default_value_t = 60, conflicts_with = "once",
        value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// Print one JSON object for each sweep
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    gate: GateArgs,
}

/// What a sweep did.
#[derive(Debug, Deserialize, Serialize)]
struct Sweep {
    scanned: u64,
    updated: u64,
    errors: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disabled: Option<String>,
    /// Why it ended before its work was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
}

/// One sweep, or one after the other until the process is asked to stop.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let gate = Gate::new(&args.gate)?;
    if args.once {
        let swept = sweep(&gate, args.json).await?;
        return swept.verdict();
    }
    let stop = signals::stop_requested().map_err(|error| Failure::new(Kind::Failed, error))?;
    tokio::select! {
        () = stop => Ok(()),
        never = again_and_again(&gate, &args) => never,
    }
}

/// Ends only when nobody reads what it prints: a gate that is away for a while comes back.
async fn again_and_again(gate: &Gate, args: &Args) -> Result<(), Failure> {
    let mut due = tokio::time::interval(Duration::from_secs(args.every));
    loop {
        due.tick().await;
        if let Err(failure) = sweep(gate, args.json).await {
            failure.report();
        }
    }
}

async fn sweep(gate: &Gate, json: bool) -> Result<Sweep, Failure> {
    let sweep: Sweep = gate.ask(Method::POST, PATH, None).await?;
    let line = if json {
        serde_json::to_string(&sweep).map_err(|error| Failure::new(Kind::Failed, error))?
    } else {
        sweep.text()
    };
    exit::print(&line)?;
    Ok(sweep)
}

impl Sweep {
    fn text(&self) -> String {
        if let Some(reason) = &self.disabled {
            return format!("nothing was done: {}", plain(reason));
        }
        let ended = match self.ended.as_deref() {
            None => String::new(),
            Some("denied") => "; ended early, for Stream denies".to_owned(),
            Some("busy") => "; ended early, for Stream is busy".to_owned(),
            Some("late") => "; ended early, for there was no more time".to_owned(),
            Some(other) => format!("; ended early: {}", plain(other)),
        };
        format!(
            "{} looked at, {} changed, {} to be tried again{ended}",
            self.scanned, self.updated, self.errors
        )
    }

    /// A script shall notice that nothing was done.
    fn verdict(&self) -> Result<(), Failure> {
        if self.disabled.is_some() {
            let failure = Failure::new(Kind::Failed, "Stream is switched off at the gate");
            return Err(failure.with_help(
                "set stream_enabled to true, and cloudflare_account_id, cf_stream_api_token and stream_source_origin",
            ));
        }
        if self.errors > 0 {
            let error = format!("{} videos could not be decided", self.errors);
            let failure = Failure::new(Kind::Failed, error);
            return Err(failure.with_help("the gate's log says why; the next sweep tries again"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_is_told_in_words() {
        let read = |json: &str| serde_json::from_str::<Sweep>(json).unwrap();
        let swept = read(r#"{"scanned":3,"updated":1,"errors":0}"#);
        assert_eq!(swept.text(), "3 looked at, 1 changed, 0 to be tried again");
        assert!(swept.verdict().is_ok());
        let denied = read(r#"{"scanned":3,"updated":0,"errors":3,"ended":"denied"}"#);
        assert_eq!(
            denied.text(),
            "3 looked at, 0 changed, 3 to be tried again; ended early, for Stream denies"
        );
        assert!(denied.verdict().is_err());
        let off =
            read(r#"{"scanned":0,"updated":0,"errors":0,"disabled":"stream_enabled is not true"}"#);
        assert_eq!(off.text(), "nothing was done: stream_enabled is not true");
        assert!(off.verdict().is_err());
    }
}
