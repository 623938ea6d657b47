//! `--wait`: until a video is ready or has failed.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;
use tokio::time::Instant;

use super::{path, row::Row};
use crate::{
    exit::{Failure, Kind},
    gate_api::{Gate, Refused},
};

/// Between two questions.
const PAUSE: Duration = Duration::from_secs(1);

/// Whether and how long to wait.
#[derive(clap::Args)]
pub(super) struct WaitArgs {
    /// Wait until the video is ready or has failed
    #[arg(long)]
    wait: bool,
    /// Wait no longer than this; Stream may fetch the original for six hours
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 21_600,
        requires = "wait"
    )]
    timeout: u64,
}

impl WaitArgs {
    /// Whether somebody waits.
    pub(super) fn is_asked(&self) -> bool {
        self.wait
    }

    /// The row as it is in the end; at once as it is where nobody waits.
    ///
    /// # Errors
    /// When the time is over, or the gate refuses. One that is away for a while comes back.
    pub(super) async fn until_over(&self, gate: &Gate, row: Row) -> Result<Row, Failure> {
        if !self.wait {
            return Ok(row);
        }
        let deadline = Instant::now() + Duration::from_secs(self.timeout);
        until_over(gate, row, deadline, PAUSE).await
    }
}

/// The row as it is in the end, asked for after each `pause`.
pub(super) async fn until_over(
    gate: &Gate,
    mut row: Row,
    deadline: Instant,
    pause: Duration,
) -> Result<Row, Failure> {
    let mut shown = Shown::new();
    loop {
        shown.show(&row.id, &row.progress());
        if row.is_over() {
            return Ok(row);
        }
        if Instant::now() >= deadline {
            return Err(too_late(&row));
        }
        tokio::time::sleep(pause).await;
        match gate.ask(Method::GET, &path(&row.id), None).await {
            Ok(now) => row = now,
            Err(refused) if is_passing(&refused) => shown.show(&row.id, &refused.to_string()),
            Err(refused) => return Err(refused.into()),
        }
    }
}

/// A gate that is being restarted.
fn is_passing(refused: &Refused) -> bool {
    match refused {
        Refused::Unreached { .. } => true,
        Refused::Problem(problem) => problem.status.is_server_error(),
        Refused::Unreadable { .. } => false,
    }
}

fn too_late(row: &Row) -> Failure {
    let error = format!("{} is still {}", row.id, row.progress());
    let help = format!(
        "it goes on without you: `reelgate videos show {}` tells how far it is",
        row.id
    );
    Failure::new(Kind::Failed, error).with_help(help)
}

/// What has been shown: a line that changes on a terminal, a line for each change in a log.
struct Shown {
    spinner: Option<ProgressBar>,
    last: String,
}

impl Shown {
    fn new() -> Self {
        let spinner = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg}, {elapsed}");
            // A template that cannot be read gives way to indicatif's own.
            let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
            let spinner = ProgressBar::new_spinner().with_style(style);
            spinner.enable_steady_tick(Duration::from_millis(200));
            spinner
        });
        Self {
            spinner,
            last: String::new(),
        }
    }

    fn show(&mut self, id: &str, what: &str) {
        let line = format!("{id}: {what}");
        match &self.spinner {
            Some(spinner) => spinner.set_message(line),
            None if line != self.last => {
                // A log that cannot be written to has nobody who reads it.
                let _ = writeln!(io::stderr().lock(), "{line}");
                self.last = line;
            }
            None => {}
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}
