//! How far a film is, in its own bytes: the one unit that it is shown in, whatever is done with it.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{DecimalBytes, HumanDuration};

use crate::progress::WHOLE;

/// What is being done with a film.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It is looked at.
    #[default]
    Reading,
    /// It comes from the bucket it lies in.
    Downloading,
    /// It is cut up as it is.
    Copying,
    /// Some of it is made anew.
    Encoding,
    /// The last of it is on its way.
    Uploading,
}

/// One film's pace.
pub(crate) struct Pace(Mutex<State>);

struct State {
    doing: Doing,
    /// When it was begun with.
    since: Instant,
    /// The film's size; 0 while it is not known.
    bytes: u64,
    /// How many of them are done.
    done: u64,
}

impl Pace {
    /// Of a film that is begun with now.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State {
            doing: Doing::default(),
            since: Instant::now(),
            bytes: 0,
            done: 0,
        }))
    }

    /// It has so many bytes.
    pub(crate) fn sized(&self, bytes: u64) {
        self.state().bytes = bytes;
    }

    /// Something else is done with it from now on.
    pub(crate) fn does(&self, doing: Doing) {
        let mut state = self.state();
        (state.doing, state.since, state.done) = (doing, Instant::now(), 0);
    }

    /// So many bytes more have been downloaded.
    pub(crate) fn fetched(&self, bytes: u64) {
        let is_new = self.state().doing != Doing::Downloading;
        if is_new {
            self.does(Doing::Downloading);
        }
        self.state().done += bytes;
    }

    /// So many thousandths of it have been cut up.
    pub(crate) fn remuxed(&self, thousandths: u64) {
        let mut state = self.state();
        let done = u128::from(state.bytes) * u128::from(thousandths) / u128::from(WHOLE);
        state.done = done as u64;
        if thousandths >= WHOLE {
            state.doing = Doing::Uploading;
        }
    }

    /// Thousandths of what is being done.
    pub(crate) fn thousandths(&self) -> u64 {
        let state = self.state();
        let done = u128::from(state.done) * u128::from(WHOLE);
        done.checked_div(u128::from(state.bytes)).unwrap_or(0) as u64
    }

    /// What is being done, how far it is and how long it will take.
    pub(crate) fn in_words(&self) -> String {
        let state = self.state();
        state.in_words(state.since.elapsed())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Numbers for somebody to look at are good enough after a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn in_words(&self, elapsed: Duration) -> String {
        let Self {
            doing, bytes, done, ..
        } = *self;
        let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
        if done == 0 || doing == Doing::Uploading {
            return doing.to_string();
        }
        let left = Duration::from_secs_f64(bytes.saturating_sub(done) as f64 / rate);
        format!(
            "{doing}, {} of {}, {}/s, {} left",
            DecimalBytes(done),
            DecimalBytes(bytes),
            DecimalBytes(rate as u64),
            HumanDuration(left)
        )
    }
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reading => "reading",
            Self::Downloading => "downloading",
            Self::Copying => "copying",
            Self::Encoding => "encoding",
            Self::Uploading => "uploading",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_reckoned_in_bytes_of_the_film() {
        let pace = Pace::new();
        pace.sized(40_000_000);
        pace.does(Doing::Encoding);
        assert_eq!(pace.in_words(), "encoding");
        pace.remuxed(250);
        // 10 MB in 5 s; 30 MB are left.
        assert_eq!(
            pace.state().in_words(Duration::from_secs(5)),
            "encoding, 10.00 MB of 40.00 MB, 2.00 MB/s, 15 seconds left"
        );
        assert_eq!(pace.thousandths(), 250);
        pace.remuxed(WHOLE);
        assert_eq!(pace.in_words(), "uploading");
    }

    #[test]
    fn a_download_begins_anew_with_what_follows() {
        let pace = Pace::new();
        pace.sized(4_000);
        pace.fetched(1_000);
        pace.fetched(1_000);
        assert_eq!(pace.thousandths(), 500);
        assert!(
            pace.in_words()
                .starts_with("downloading, 2.00 kB of 4.00 kB")
        );
        pace.does(Doing::Copying);
        assert_eq!(
            (pace.thousandths(), pace.in_words().as_str()),
            (0, "copying")
        );
    }
}
