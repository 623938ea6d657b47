//! How the person at the terminal sees that something happens.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Steps of the remux bar: thousandths of the film.
const WHOLE: u64 = 1000;

/// Lines are printed at every tenth where there is no terminal.
const TENTH: u64 = WHOLE / 10;

/// Where progress goes.
pub(crate) enum Progress {
    /// Two bars on a terminal.
    Bars {
        /// The film, as ffmpeg works through it.
        remux: ProgressBar,
        /// Bytes to the bucket.
        upload: ProgressBar,
        /// Both, to print above them.
        both: MultiProgress,
    },
    /// Lines on stderr, for logs.
    Lines {
        /// The last tenth of the film that was told.
        told: AtomicU64,
    },
}

impl Progress {
    /// Bars where stderr is a terminal, lines elsewhere.
    pub(crate) fn of_stderr() -> Self {
        if !io::stderr().is_terminal() {
            return Self::Lines {
                told: AtomicU64::new(0),
            };
        }
        let both = MultiProgress::new();
        let remux =
            both.add(ProgressBar::new(WHOLE).with_style(style("remux  {bar:30} {percent:>3} %")));
        let rate = "upload {bar:30} {percent:>3} %  {bytes} of {total_bytes}, {bytes_per_sec}";
        let upload = both.add(ProgressBar::new(1).with_style(style(rate)));
        remux.enable_steady_tick(Duration::from_millis(200));
        Self::Bars {
            remux,
            upload,
            both,
        }
    }

    /// Says something once.
    pub(crate) fn say(&self, line: &str) {
        match self {
            // A terminal that cannot be written to has nobody before it.
            Self::Bars { both, .. } => drop(both.println(line)),
            Self::Lines { .. } => drop(writeln!(io::stderr().lock(), "{line}")),
        }
    }

    /// ffmpeg is through with this part of the film, 0 to 1.
    pub(crate) fn remuxed(&self, part: f64) {
        let done = (part * WHOLE as f64) as u64;
        match self {
            Self::Bars { remux, .. } => remux.set_position(done),
            Self::Lines { told } => {
                let tenth = done / TENTH;
                if told.fetch_max(tenth, Ordering::Relaxed) < tenth {
                    self.say(&format!("remux: {} %", tenth * 10));
                }
            }
        }
    }

    /// This many bytes are to be uploaded, as far as is known.
    pub(crate) fn to_upload(&self, bytes: u64) {
        if let Self::Bars { upload, .. } = self {
            upload.set_length(bytes.max(1));
        }
    }

    /// This many more bytes are in the bucket.
    pub(crate) fn uploaded(&self, bytes: u64) {
        if let Self::Bars { upload, .. } = self {
            upload.inc(bytes);
        }
    }

    /// Takes the bars away.
    pub(crate) fn clear(&self) {
        if let Self::Bars { remux, upload, .. } = self {
            remux.finish_and_clear();
            upload.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    // A template that cannot be read gives way to indicatif's own.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
