//! How the person at the terminal sees that something happens.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Steps of the remux bar: thousandths of the film.
const WHOLE: u64 = 1000;

/// Where progress goes.
pub enum Progress {
    /// Two bars on a terminal.
    Bars(Bars),
    /// Lines on stderr, for logs: one at every tenth.
    Lines(Lines),
}

/// What a terminal shows.
pub struct Bars {
    remux: ProgressBar,
    upload: ProgressBar,
    both: MultiProgress,
}

/// What a log has been told.
pub struct Lines {
    since: Instant,
    remux_tenths: AtomicU64,
    upload_tenths: AtomicU64,
    uploaded: AtomicU64,
    to_upload: AtomicU64,
}

impl Progress {
    /// Bars where stderr is a terminal, lines elsewhere.
    pub fn of_stderr() -> Self {
        if io::stderr().is_terminal() {
            Self::Bars(Bars::new())
        } else {
            Self::Lines(Lines::new())
        }
    }

    /// Says something once.
    pub fn say(&self, line: &str) {
        match self {
            // A terminal that cannot be written to has nobody before it.
            Self::Bars(bars) => drop(bars.both.println(line)),
            Self::Lines(_) => drop(writeln!(io::stderr().lock(), "{line}")),
        }
    }

    /// ffmpeg is through with this part of the film, 0 to 1.
    pub fn remuxed(&self, part: f64) {
        let done = (part * WHOLE as f64) as u64;
        match self {
            Self::Bars(bars) => bars.remux.set_position(done),
            Self::Lines(lines) => {
                if let Some(percent) = next_tenth(&lines.remux_tenths, done, WHOLE) {
                    self.say(&format!("remux: {percent} %"));
                }
            }
        }
    }

    /// This many bytes are to be uploaded, as far as is known.
    pub fn to_upload(&self, bytes: u64) {
        match self {
            Self::Bars(bars) => bars.upload.set_length(bytes.max(1)),
            Self::Lines(lines) => lines.to_upload.store(bytes, Ordering::Relaxed),
        }
    }

    /// This many more bytes are in the bucket.
    pub fn uploaded(&self, bytes: u64) {
        match self {
            Self::Bars(bars) => bars.upload.inc(bytes),
            Self::Lines(lines) => {
                let done = lines.uploaded.fetch_add(bytes, Ordering::Relaxed) + bytes;
                let all = lines.to_upload.load(Ordering::Relaxed);
                if let Some(percent) = next_tenth(&lines.upload_tenths, done, all) {
                    let megabytes = done as f64 / 1e6;
                    let rate = megabytes / lines.since.elapsed().as_secs_f64();
                    self.say(&format!(
                        "upload: {percent} %, {megabytes:.1} MB, {rate:.1} MB/s"
                    ));
                }
            }
        }
    }

    /// Takes the bars away.
    pub fn clear(&self) {
        if let Self::Bars(bars) = self {
            bars.remux.finish_and_clear();
            bars.upload.finish_and_clear();
        }
    }
}

impl Bars {
    fn new() -> Self {
        let both = MultiProgress::new();
        let remux = ProgressBar::new(WHOLE).with_style(style("remux  {bar:30} {percent:>3} %"));
        let upload = "upload {bar:30} {percent:>3} %  {bytes} of {total_bytes}, {bytes_per_sec}";
        let upload = ProgressBar::new(1).with_style(style(upload));
        let (remux, upload) = (both.add(remux), both.add(upload));
        remux.enable_steady_tick(Duration::from_millis(200));
        Self {
            remux,
            upload,
            both,
        }
    }
}

impl Lines {
    fn new() -> Self {
        let [remux_tenths, upload_tenths, uploaded, to_upload] = [const { AtomicU64::new(0) }; 4];
        Self {
            since: Instant::now(),
            remux_tenths,
            upload_tenths,
            uploaded,
            to_upload,
        }
    }
}

/// The tenth that has just been reached, in percent; `None` when it has been told.
pub fn next_tenth(told: &AtomicU64, done: u64, all: u64) -> Option<u64> {
    let tenth = (done * 10).checked_div(all)?.min(10);
    (told.fetch_max(tenth, Ordering::Relaxed) < tenth).then_some(tenth * 10)
}

fn style(template: &str) -> ProgressStyle {
    // A template that cannot be read gives way to indicatif's own.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tenth_is_told_once() {
        let told = AtomicU64::new(0);
        let percents: Vec<u64> = [0, 9, 10, 14, 39, 40, 12, 100, 130]
            .iter()
            .filter_map(|&done| next_tenth(&told, done, 100))
            .collect();
        assert_eq!(percents, [10, 30, 40, 100]);
        assert_eq!(next_tenth(&told, 1, 0), None);
    }
}
