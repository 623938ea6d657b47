//! How the person at the terminal sees a whole batch: one line for all of it, one for each film that
//! is being worked on. A log is told at intervals.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal as _, Write as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{DecimalBytes, HumanDuration, MultiProgress, ProgressBar, ProgressDrawTarget};

use crate::{
    progress::pace::{Doing, Pace},
    progress::{Progress, WHOLE, style},
};

/// How often a log is told how far things are.
const INTERVAL: Duration = Duration::from_secs(30);

/// How often the line for all is drawn anew.
const REDRAWN: Duration = Duration::from_millis(500);

/// Where the progress of a batch goes. Clones go to the same place.
#[derive(Clone)]
pub struct Board(Arc<Inner>);

struct Inner {
    view: View,
    since: Instant,
    state: Mutex<State>,
}

enum View {
    Terminal {
        bars: MultiProgress,
        all: ProgressBar,
    },
    Log,
    Quiet,
}

#[derive(Default)]
struct State {
    films: usize,
    done: usize,
    failed: usize,
    /// Bytes of the films that are through, packaged or not.
    through: u64,
    /// Films whose sizes these are.
    sized: usize,
    sizes: u64,
    /// Bytes of films that were unchanged: no measure for the rate.
    skipped: u64,
    running: BTreeMap<String, Running>,
    told: Option<Instant>,
}

#[derive(Clone, Copy, Default)]
struct Running {
    bytes: u64,
    /// Thousandths.
    remuxed: u64,
}

impl Running {
    fn bytes_done(self) -> u64 {
        (u128::from(self.bytes) * u128::from(self.remuxed) / u128::from(WHOLE)) as u64
    }
}

/// What became of a film, as the board counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Packaged,
    Unchanged,
    Failed,
}

impl Board {
    /// Bars where stderr is a terminal, lines elsewhere; with `quiet` only what is amiss.
    pub fn of_stderr(quiet: bool) -> Self {
        if quiet {
            Self::of(View::Quiet)
        } else if io::stderr().is_terminal() {
            Self::on(ProgressDrawTarget::stderr())
        } else {
            Self::of(View::Log)
        }
    }

    /// Bars on this terminal.
    fn on(terminal: ProgressDrawTarget) -> Self {
        let bars = MultiProgress::with_draw_target(terminal);
        let all = bars.add(ProgressBar::new(1).with_style(style("{msg}")));
        all.enable_steady_tick(REDRAWN);
        Self::of(View::Terminal { bars, all })
    }

    fn of(view: View) -> Self {
        Self(Arc::new(Inner {
            view,
            since: Instant::now(),
            state: Mutex::default(),
        }))
    }

    /// There are so many films.
    pub(crate) fn begin(&self, films: usize) {
        self.0.state().films = films;
        self.0.redraw();
    }

    /// A line for a film that is begun.
    pub(crate) fn film(&self, game: &str) -> Progress {
        let bar = match &self.0.view {
            View::Terminal { bars, all } => {
                let template = "  {prefix:24!} {bar:24} {percent:>3} %  {msg}";
                let bar = ProgressBar::new(WHOLE).with_style(style(template));
                // A bar draws itself where it is; outside of the list that line would stay for ever.
                let bar = bars.insert_before(all, bar);
                bar.set_prefix(game.to_owned());
                Some(bar)
            }
            View::Log | View::Quiet => None,
        };
        let mut state = self.0.state();
        state.running.insert(game.to_owned(), Running::default());
        drop(state);
        Progress::of_row(Row {
            board: self.clone(),
            game: game.to_owned(),
            pace: Pace::new(),
            bar,
        })
    }

    /// A film is through; `line` is told unless there is nothing to say of it.
    pub(crate) fn ended(&self, game: &str, end: End, line: Option<&str>) {
        let mut state = self.0.state();
        let running = state.running.remove(game).unwrap_or_default();
        state.done += 1;
        state.failed += usize::from(end == End::Failed);
        state.through += running.bytes;
        if end == End::Unchanged {
            state.skipped += running.bytes;
        }
        let (done, films) = (state.done, state.films);
        drop(state);
        if let Some(line) = line {
            let line = format!("[{done}/{films}] {game}: {line}");
            match (&self.0.view, end) {
                (View::Quiet, End::Packaged | End::Unchanged) => {}
                _ => self.0.say(&line),
            }
        }
        self.0.redraw();
    }

    /// Takes the bars away.
    pub fn clear(&self) {
        if let View::Terminal { bars, all } = &self.0.view {
            all.finish_and_clear();
            bars.remove(all);
        }
    }

    /// Takes the bars away for as long as something else is printed.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.0.view {
            View::Terminal { bars, .. } => bars.suspend(print),
            View::Log | View::Quiet => print(),
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // Numbers for somebody to look at are good enough after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, line: &str) {
        match &self.view {
            View::Terminal { bars, .. } => drop(bars.println(line)),
            View::Log | View::Quiet => drop(writeln!(io::stderr().lock(), "{line}")),
        }
    }

    /// Draws the line for all, or tells the log when it is time to.
    fn redraw(&self) {
        let mut state = self.state();
        match &self.view {
            View::Terminal { all, .. } => all.set_message(state.line(self.since.elapsed())),
            View::Log => {
                let now = Instant::now();
                let last = *state.told.get_or_insert(now);
                if now.saturating_duration_since(last) >= INTERVAL {
                    state.told = Some(now);
                    let line = state.line(self.since.elapsed());
                    let running = state.running();
                    drop(state);
                    self.say(&format!("{line}{running}"));
                }
            }
            View::Quiet => {}
        }
    }
}

impl State {
    fn line(&self, elapsed: Duration) -> String {
        let running: u64 = self.running.values().map(|film| film.bytes_done()).sum();
        let done = self.through + running;
        let all = self.estimated_bytes();
        let rate = (done - self.skipped.min(done)) as f64 / elapsed.as_secs_f64().max(0.001);
        let left = if rate > 0.0 {
            let left = Duration::from_secs_f64(all.saturating_sub(done) as f64 / rate);
            format!(", {} left", HumanDuration(left))
        } else {
            String::new()
        };
        let failed = match self.failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        format!(
            "{} of {}{failed}, {} of about {}, {}/s{left}",
            self.done,
            films_in_words(self.films),
            DecimalBytes(done),
            DecimalBytes(all),
            DecimalBytes(rate as u64)
        )
    }

    /// Bytes of all films, if those whose sizes are not known yet are like the others.
    fn estimated_bytes(&self) -> u64 {
        let all = u128::from(self.sizes) * self.films as u128;
        all.checked_div(self.sized as u128).unwrap_or(0) as u64
    }

    fn running(&self) -> String {
        let films: Vec<String> = self
            .running
            .iter()
            .map(|(game, film)| format!("{game} {} %", film.remuxed / 10))
            .collect();
        match films.as_slice() {
            [] => String::new(),
            films => format!("; running: {}", films.join(", ")),
        }
    }
}

/// `1 film`, `2 films`.
pub fn films_in_words(films: usize) -> String {
    match films {
        1 => "1 film".to_owned(),
        films => format!("{films} films"),
    }
}

/// One film's line.
pub(crate) struct Row {
    board: Board,
    game: String,
    pace: Pace,
    bar: Option<ProgressBar>,
}

impl Row {
    pub(crate) fn say(&self, line: &str) {
        self.board.0.say(&format!("{}: {line}", self.game));
    }

    pub(crate) fn sized(&self, bytes: u64) {
        self.pace.sized(bytes);
        let mut state = self.board.0.state();
        state.sized += 1;
        state.sizes += bytes;
        state.running.entry(self.game.clone()).or_default().bytes = bytes;
    }

    pub(crate) fn does(&self, doing: Doing) {
        self.pace.does(doing);
        self.draw();
    }

    pub(crate) fn remuxed(&self, thousandths: u64) {
        self.pace.remuxed(thousandths);
        let mut state = self.board.0.state();
        state.running.entry(self.game.clone()).or_default().remuxed = thousandths;
        drop(state);
        self.draw();
    }

    pub(crate) fn fetched(&self, bytes: u64) {
        self.pace.fetched(bytes);
        self.draw();
    }

    fn draw(&self) {
        if let Some(bar) = &self.bar {
            bar.set_position(self.pace.thousandths());
            // This draws both.
            bar.set_message(self.pace.in_words());
        }
        self.board.0.redraw();
    }
}

impl Drop for Row {
    /// A bar that is only finished would keep its place in the list.
    fn drop(&mut self) {
        if let (Some(bar), View::Terminal { bars, .. }) = (&self.bar, &self.board.0.view) {
            bar.finish_and_clear();
            bars.remove(bar);
        }
    }
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;

    use super::*;

    const LEFT: &str = "[1/3] a: packaged\n[2/3] b: packaged\n[3/3] c: packaged";

    #[test]
    fn each_film_leaves_one_line_and_no_bar() {
        let terminal = InMemoryTerm::new(24, 120);
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        package_three(&Board::on(target));
        assert_eq!(terminal.contents(), LEFT);
    }

    /// What is drawn past the list of bars is seen by a terminal alone.
    #[test]
    #[cfg(target_os = "linux")]
    fn and_none_on_a_terminal() {
        const INSIDE: &str = "REELGATE_TEST_ON_A_TERMINAL";
        if std::env::var_os(INSIDE).is_some() {
            package_three(&Board::of_stderr(false));
            return;
        }
        // This very test, with a terminal for stderr.
        let own = std::env::current_exe().unwrap();
        let own = format!(
            "stty cols 120 rows 24; {} --exact batch::board::tests::and_none_on_a_terminal > /dev/null",
            own.display()
        );
        let script = std::process::Command::new("script")
            .args(["-qec", &own, "/dev/null"])
            .env(INSIDE, "1")
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        assert!(script.status.success(), "{script:?}");
        let mut screen = vt100::Parser::new(24, 120, 0);
        screen.process(&script.stdout);
        // Each line is filled up to the edge, so that the screen takes all of them for one.
        let rows = screen.screen().rows(0, 120);
        let rows: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
        assert_eq!(rows.join("\n").trim_end(), LEFT);
    }

    /// As a batch with two jobs goes.
    fn package_three(board: &Board) {
        board.begin(3);
        let mut running = vec![("a", board.film("a"))];
        for next in [Some("b"), Some("c"), None] {
            running.extend(next.map(|game| (game, board.film(game))));
            for (_, film) in &running {
                film.sized(1_000);
                film.does(Doing::Copying);
                for step in 1..=20 {
                    film.remuxed(f64::from(step) / 20.0);
                }
            }
            let (game, film) = running.remove(0);
            drop(film);
            board.ended(game, End::Packaged, Some("packaged"));
        }
        board.clear();
    }

    #[test]
    fn one_film_is_no_films() {
        let state = State {
            films: 1,
            ..State::default()
        };
        let line = state.line(Duration::from_secs(1));
        assert!(line.starts_with("0 of 1 film, "), "{line}");
        assert_eq!(films_in_words(2), "2 films");
    }

    #[test]
    fn what_is_left_is_reckoned_from_what_was_done_and_not_from_what_was_skipped() {
        let running = Running {
            bytes: 4_000_000,
            remuxed: 500,
        };
        let state = State {
            films: 10,
            done: 4,
            failed: 1,
            through: 16_000_000,
            sized: 5,
            sizes: 20_000_000,
            skipped: 8_000_000,
            running: [("7".to_owned(), running)].into(),
            told: None,
        };
        // 40 MB in all, 18 MB done of which 10 MB took 5 s: 2 MB/s, 22 MB left.
        assert_eq!(
            state.line(Duration::from_secs(5)),
            "4 of 10 films, 1 failed, 18.00 MB of about 40.00 MB, 2.00 MB/s, 11 seconds left"
        );
        assert_eq!(state.running(), "; running: 7 50 %");
    }
}
