//! How the person at the terminal sees that something happens.

pub(crate) mod pace;

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    batch::Row,
    progress::pace::{Doing, Pace},
};

/// Steps of the remux bar: thousandths of the film.
pub(crate) const WHOLE: u64 = 1000;

/// Where the progress of one film goes. Clones go to the same place.
#[derive(Clone)]
pub struct Progress(Arc<View>);

enum View {
    /// A bar on a terminal.
    Bar(Bar),
    /// Lines on stderr, for logs: one at every tenth.
    Lines(Lines),
    /// One film among many.
    Row(Row),
    /// Only what somebody should know.
    Quiet,
}

/// What a terminal shows.
struct Bar {
    line: ProgressBar,
    pace: Pace,
    screen: MultiProgress,
}

/// What a log has been told.
struct Lines {
    pace: Pace,
    tenths: AtomicU64,
}

impl Progress {
    /// Bars where stderr is a terminal, lines elsewhere.
    pub fn of_stderr() -> Self {
        let view = if io::stderr().is_terminal() {
            View::Bar(Bar::new(ProgressDrawTarget::stderr()))
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
            View::Bar(bar) => drop(bar.screen.println(line)),
            View::Row(row) => row.say(line),
            View::Lines(_) | View::Quiet => drop(writeln!(io::stderr().lock(), "{line}")),
        }
    }

    /// Says something that is as it should be, where there is room for it.
    pub fn note(&self, line: &str) {
        match &*self.0 {
            View::Bar(_) | View::Lines(_) => self.say(line),
            View::Row(_) | View::Quiet => {}
        }
    }

    /// The film has so many bytes.
    pub fn sized(&self, bytes: u64) {
        match &*self.0 {
            View::Bar(bar) => bar.pace.sized(bytes),
            View::Lines(lines) => lines.pace.sized(bytes),
            View::Row(row) => row.sized(bytes),
            View::Quiet => {}
        }
    }

    /// The film is encoded from now on, or copied.
    pub(crate) fn does(&self, doing: Doing) {
        match &*self.0 {
            View::Bar(bar) => {
                bar.pace.does(doing);
                bar.draw();
            }
            View::Lines(lines) => lines.does(doing),
            View::Row(row) => row.does(doing),
            View::Quiet => {}
        }
    }

    /// ffmpeg is through with this part of the film, 0 to 1.
    pub fn remuxed(&self, part: f64) {
        let done = (part * WHOLE as f64) as u64;
        match &*self.0 {
            View::Bar(bar) => {
                bar.pace.remuxed(done);
                bar.draw();
            }
            View::Lines(lines) => {
                if let Some(line) = lines.remuxed(done) {
                    self.note(&line);
                }
            }
            View::Row(row) => row.remuxed(done),
            View::Quiet => {}
        }
    }

    /// This many more of the film's bytes have come from the bucket it lies in.
    pub fn fetched(&self, bytes: u64) {
        match &*self.0 {
            View::Bar(bar) => {
                bar.pace.fetched(bytes);
                bar.draw();
            }
            View::Row(row) => row.fetched(bytes),
            View::Lines(_) | View::Quiet => {}
        }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if let View::Bar(bar) = &*self.0 {
            bar.clear();
        }
    }
}

impl Bar {
    fn new(target: ProgressDrawTarget) -> Self {
        let screen = MultiProgress::with_draw_target(target);
        let line = ProgressBar::new(WHOLE).with_style(style("{bar:30} {percent:>3} %  {msg}"));
        let line = screen.add(line);
        line.enable_steady_tick(Duration::from_millis(200));
        let pace = Pace::new();
        line.set_message(pace.in_words());
        Self { line, pace, screen }
    }

    fn draw(&self) {
        self.line.set_position(self.pace.thousandths());
        // This draws both.
        self.line.set_message(self.pace.in_words());
    }

    /// A bar that is only finished would keep its place in the list.
    fn clear(&self) {
        self.line.finish_and_clear();
        self.screen.remove(&self.line);
    }
}

impl Lines {
    fn new() -> Self {
        Self {
            pace: Pace::new(),
            tenths: AtomicU64::new(0),
        }
    }

    fn does(&self, doing: Doing) {
        self.pace.does(doing);
        self.tenths.store(0, Ordering::Relaxed);
    }

    /// The line for the tenth that has just been reached.
    fn remuxed(&self, thousandths: u64) -> Option<String> {
        let percent = next_tenth(&self.tenths, thousandths, WHOLE)?;
        self.pace.remuxed(thousandths);
        Some(format!("{percent} %: {}", self.pace.in_words()))
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
    use indicatif::InMemoryTerm;

    use super::*;

    #[test]
    fn one_film_has_one_line_while_it_is_packaged_and_none_when_it_is() {
        let terminal = InMemoryTerm::new(20, 100);
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let progress = Progress(Arc::new(View::Bar(Bar::new(target))));
        progress.sized(8_000);
        progress.note("video: copied");
        progress.does(Doing::Copying);
        progress.remuxed(0.5);
        let shown = terminal.contents();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 2, "{shown}");
        assert!(
            lines[1].contains("50 %  copying, 4.00 kB of 8.00 kB"),
            "{shown}"
        );
        progress.clear();
        progress.say("warning: a");
        progress.say("warning: b");
        assert_eq!(terminal.contents(), "video: copied\nwarning: a\nwarning: b");
    }

    #[test]
    fn a_log_is_told_each_tenth() {
        let lines = Lines::new();
        lines.pace.sized(1_000);
        lines.does(Doing::Encoding);
        assert_eq!(lines.remuxed(50), None);
        let told = lines.remuxed(500).unwrap();
        assert!(
            told.starts_with("50 %: encoding, 500 B of 1.00 kB"),
            "{told}"
        );
        assert_eq!(lines.remuxed(550), None);
    }

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
