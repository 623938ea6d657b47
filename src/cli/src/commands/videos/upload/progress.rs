//! How the person at the terminal sees that a film is uploaded.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::atomic::{AtomicU64, Ordering},
};

use indicatif::{ProgressBar, ProgressStyle};

use reelgate_packager::next_tenth;

/// A bar on a terminal, a line at every tenth in a log; both on stderr.
pub(super) struct Progress {
    size: u64,
    sent: AtomicU64,
    told: AtomicU64,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Nothing of `size` bytes is uploaded.
    pub(super) fn new(size: u64) -> Self {
        let template =
            "upload {bar:30} {percent:>3} %  {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
        let bar = io::stderr().is_terminal().then(|| {
            // A template that cannot be read gives way to indicatif's own.
            let style = ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(size).with_style(style)
        });
        Self {
            size,
            sent: AtomicU64::new(0),
            told: AtomicU64::new(0),
            bar,
        }
    }

    /// So many more bytes are on their way.
    pub(super) fn add(&self, bytes: u64) {
        let sent = self.sent.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(bar) = &self.bar {
            bar.set_position(sent);
            return;
        }
        if let Some(percent) = next_tenth(&self.told, sent, self.size) {
            // A log that cannot be written to has nobody who reads it.
            let _ = writeln!(io::stderr().lock(), "upload: {percent} %");
        }
    }

    /// Bytes that have been read from the film.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
