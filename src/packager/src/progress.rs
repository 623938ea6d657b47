//! How the person at the terminal sees that something happens.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::batch::Row;

/// Steps of the remux bar: thousandths of the film.
pub(crate) const WHOLE: u64 = 1000;

/// Where the progress of one film goes. Clones go to the same place.
#[derive(Clone)]
pub struct Progress(Arc<View>);

enum View {
    /// Two bars on a terminal.
    Bars(Bars),
    /// Lines on stderr, for logs: one at every tenth.
    Lines(Lines),
    /// One film among many.
    Row(Row),
    /// Only what somebody should know.
    Quiet,
}

/// What a terminal shows.
struct Bars {
    remux: ProgressBar,
    upload: ProgressBar,
    both: MultiProgress,
}

/// What a log has been told.
struct Lines {
    since: Instant,
    remux_tenths: AtomicU64,
    upload_tenths: AtomicU64,
    uploaded: AtomicU64,
    to_upload: AtomicU64,
}

impl Progress {
    /// Bars where stderr is a terminal, lines elsewhere.
    pub fn of_stderr() -> Self {
        let view = if io::stderr().is_terminal() {
            View::Bars(Bars::new())
        } else {
            View::Lines(Lines::new())
        };
        Self(Arc::new(view))
    }

    /// Says what is amiss, on stderr, and nothing else.
    pub fn quiet() -> Self {
        Self(Arc::new(View::Quiet))
    }

    pub(crate) fn of_row(row: Row) -> Self {
        Self(Arc::new(View::Row(row)))
    }

    /// Says something that is amiss.
    pub fn say(&self, line: &str) {
        match &*self.0 {
            // A terminal that cannot be written to has nobody before it.
            View::Bars(bars) => drop(bars.both.println(line)),
            View::Row(row) => row.say(line),
            View::Lines(_) | View::Quiet => drop(writeln!(io::stderr().lock(), "{line}")),
        }
    }

    /// Says something that is as it should be, where there is room for it.
    pub fn note(&self, line: &str) {
        match &*self.0 {
            View::Bars(_) | View::Lines(_) => self.say(line),
            View::Row(_) | View::Quiet => {}
        }
    }

    /// ffmpeg is through with this part of the film, 0 to 1.
    pub fn remuxed(&self, part: f64) {
        let done = (part * WHOLE as f64) as u64;
        match &*self.0 {
            View::Bars(bars) => bars.remux.set_position(done),
            View::Lines(lines) => {
                if let Some(percent) = next_tenth(&lines.remux_tenths, done, WHOLE) {
                    self.note(&format!("remux: {percent} %"));
                }
            }
            View::Row(row) => row.remuxed(done),
            View::Quiet => {}
        }
    }

    /// This many more of the film's bytes have come from the bucket it lies in.
    pub fn fetched(&self, bytes: u64) {
        if let View::Row(row) = &*self.0 {
            row.fetched(bytes);
        }
    }

    /// This many bytes are to be uploaded, as far as is known.
    pub fn to_upload(&self, bytes: u64) {
        match &*self.0 {
            View::Bars(bars) => bars.upload.set_length(bytes.max(1)),
            View::Lines(lines) => lines.to_upload.store(bytes, Ordering::Relaxed),
            View::Row(row) => row.is_large(bytes),
            View::Quiet => {}
        }
    }

    /// This many more bytes are in the bucket.
    pub fn uploaded(&self, bytes: u64) {
        match &*self.0 {
            View::Bars(bars) => bars.upload.inc(bytes),
            View::Lines(lines) => {
                if let Some(line) = lines.uploaded(bytes) {
                    self.note(&line);
                }
            }
            View::Row(row) => row.uploaded(bytes),
            View::Quiet => {}
        }
    }

    /// Takes the bars away.
    pub fn clear(&self) {
        if let View::Bars(bars) = &*self.0 {
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

    fn uploaded(&self, bytes: u64) -> Option<String> {
        let done = self.uploaded.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let all = self.to_upload.load(Ordering::Relaxed);
        let percent = next_tenth(&self.upload_tenths, done, all)?;
        let megabytes = done as f64 / 1e6;
        let rate = megabytes / self.since.elapsed().as_secs_f64();
        Some(format!(
            "upload: {percent} %, {megabytes:.1} MB, {rate:.1} MB/s"
        ))
    }
}

/// The tenth that has just been reached, in percent; `None` when it has been told.
pub fn next_tenth(told: &AtomicU64, done: u64, all: u64) -> Option<u64> {
    let tenth = (done * 10).checked_div(all)?.min(10);
    (told.fetch_max(tenth, Ordering::Relaxed) < tenth).then_some(tenth * 10)
}

pub(crate) fn style(template: &str) -> ProgressStyle {
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
