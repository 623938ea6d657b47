//! What the host says on standard error: read as it comes, kept in part, for a flood makes gigabytes of it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::ChildStderr;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Lines that are written down; the first ones say what began it.
const MOST: usize = 5_000;

/// The running reading of one host's log.
#[derive(Debug)]
pub(super) struct Log {
    /// What is no line about a request.
    messages: Receiver<String>,
}

impl Log {
    /// Reads `stderr` to its end, and writes what is worth keeping to `file`.
    pub(super) fn read(stderr: ChildStderr, mut file: File) -> Self {
        let (tell, messages) = mpsc::sync_channel(MOST);
        thread::spawn(move || {
            let mut kept = 0;
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if !is_worth_keeping(&line) || kept == MOST {
                    continue;
                }
                kept += 1;
                // Neither is of use once the trial is over.
                let _ = writeln!(file, "{line}");
                if line.contains(" kind=message ") {
                    let _ = tell.try_send(line);
                }
            }
        });
        Self { messages }
    }

    /// Waits for a message that contains `words`.
    ///
    /// # Errors
    /// When none comes in time.
    pub(super) fn wait_for(&self, words: &str, limit: Duration) -> Result<String> {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.messages.recv_timeout(left) {
                Ok(line) if line.contains(words) => return Ok(line),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    bail!("the log does not say \"{words}\"")
                }
            }
        }
    }
}

/// All but answers such as every day has.
fn is_worth_keeping(line: &str) -> bool {
    let ordinary = [" status=20", " status=401 ", " status=403 "];
    let is_ordinary = ordinary.iter().any(|status| line.contains(status));
    !(line.contains(" kind=request ") && line.contains(" complete=true") && is_ordinary)
}

#[cfg(test)]
mod tests {
    use super::is_worth_keeping;

    #[test]
    fn ordinary_answers_are_not_kept() {
        let line = |status, complete| {
            format!("time=1 kind=request method=GET status={status} bytes=1 complete={complete}")
        };
        assert!(!is_worth_keeping(&line(200, true)));
        assert!(!is_worth_keeping(&line(403, true)));
        assert!(is_worth_keeping(&line(200, false)));
        assert!(is_worth_keeping(&line(500, true)));
        assert!(is_worth_keeping(
            "time=1 kind=message level=error message=x"
        ));
    }
}
