//! A poster, and small pictures of the whole film for those who wind: sheets of a hundred and a WebVTT
//! track that says which part of which sheet stands for which seconds.
//!
//! The film is neither read nor decoded a second time: some of its key frames are handed to another
//! ffmpeg as they fly by.

mod make;

pub(crate) use make::make;

use std::fmt::Write as _;

use bytes::Bytes;
use tokio::sync::mpsc::Sender;

use crate::{mp4::fragments::Fragment, mp4::stills, plan::Plan};

/// Key frames that wait for ffmpeg.
pub(crate) const WAITING: usize = 4;

/// Seconds from one thumbnail to the next at least and at most.
const APART: std::ops::RangeInclusive<f64> = 2.0..=10.0;

/// As many thumbnails does a film have, unless they were too close or too far apart.
const WISHED: f64 = 100.0;

/// Columns and rows of a sheet.
const GRID: u32 = 10;

/// The longer side of a thumbnail, in pixels.
const THUMBNAIL: u32 = 160;

/// The longer side of a poster at most, in pixels.
const POSTER: u32 = 1280;

/// The part of the film that the poster is taken from: behind the titles, before the end is told.
const POSTER_PART: std::ops::Range<f64> = 0.05..0.3;

/// What the small ffmpeg is fed with.
#[derive(Debug)]
pub(crate) enum Fed {
    /// The init section.
    Init(Bytes),
    /// One key frame.
    Still {
        /// Seconds from the beginning of the film.
        at: f64,
        /// A fragment of it alone.
        content: Bytes,
    },
}

/// Chooses key frames and hands them on.
pub(crate) struct Chooser {
    to: Sender<Fed>,
    apart: f64,
    next: f64,
}

impl Chooser {
    /// For the film of `plan`.
    pub(crate) fn new(plan: &Plan, to: Sender<Fed>) -> Self {
        Self {
            to,
            apart: apart(plan.duration),
            next: 0.0,
        }
    }

    /// Hands on the init section.
    pub(crate) async fn init(&mut self, init: &Bytes) {
        self.hand_on(Fed::Init(init.clone())).await;
    }

    /// Hands on the key frame of `fragment`, which begins `at` so many seconds, if it is time for one.
    pub(crate) async fn look(&mut self, fragment: &Fragment, at: f64) {
        // Of a hair's breadth, for times are sums of fractions.
        if at < self.next - 1e-6 {
            return;
        }
        if let Some(content) = stills::alone(fragment) {
            self.next = at + self.apart;
            self.hand_on(Fed::Still { at, content }).await;
        }
    }

    async fn hand_on(&self, fed: Fed) {
        // When there are no thumbnails, that has been said elsewhere, and the film goes on.
        let _ = self.to.send(fed).await;
    }
}

/// Seconds from one thumbnail to the next.
fn apart(duration: Option<f64>) -> f64 {
    let wished = duration.unwrap_or_default() / WISHED;
    wished.clamp(*APART.start(), *APART.end())
}

/// The pictures of one film.
#[derive(Debug)]
pub(crate) struct Thumbnails {
    /// JPEG.
    pub(crate) poster: Bytes,
    /// JPEG, in their order.
    pub(crate) sheets: Vec<Bytes>,
    /// When each thumbnail was seen, in seconds from the beginning.
    times: Vec<f64>,
    /// Width and height of a thumbnail.
    size: (u32, u32),
}

impl Thumbnails {
    /// The WebVTT track for a film of `seconds`; `folder` stands before the names of the sheets.
    pub(crate) fn track(&self, seconds: f64, folder: &str) -> String {
        let ends = self.times.iter().skip(1).copied().chain([seconds]);
        let mut track = "WEBVTT\n".to_owned();
        let (width, height) = self.size;
        for (number, (from, to)) in (0_u32..).zip(self.times.iter().zip(ends)) {
            let (sheet, place) = (number / (GRID * GRID), number % (GRID * GRID));
            let (x, y) = (place % GRID * width, place / GRID * height);
            let (from, to, name) = (clock(*from), clock(to), sheet_name(sheet));
            // Memory takes all that is written to it.
            let _ = write!(
                track,
                "\n{from} --> {to}\n{folder}{name}#xywh={x},{y},{width},{height}\n"
            );
        }
        track
    }
}

/// The file name of a sheet.
pub(crate) fn sheet_name(number: u32) -> String {
    format!("thumbs_{number:03}.jpg")
}

/// `HH:MM:SS.mmm` (WebVTT §3.3).
fn clock(seconds: f64) -> String {
    let thousandths = (seconds * 1000.0).round() as u64;
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{rest:03}")
}

/// The poster to be: where most is to be seen most bytes are needed, and least in the dark.
struct Best {
    from: f64,
    to: f64,
    seen: usize,
    still: Option<(usize, Bytes)>,
    is_inside: bool,
}

impl Best {
    fn new(duration: Option<f64>) -> Self {
        let duration = duration.unwrap_or(60.0);
        Self {
            from: duration * POSTER_PART.start,
            to: duration * POSTER_PART.end,
            seen: 0,
            still: None,
            is_inside: false,
        }
    }

    fn look(&mut self, at: f64, content: &Bytes) {
        let is_inside = (self.from..self.to).contains(&at);
        let is_larger = self
            .still
            .as_ref()
            .is_none_or(|(_, best)| content.len() > best.len());
        let is_first = is_inside && !self.is_inside;
        if self.still.is_none() || is_first || (is_inside && is_larger) {
            self.still = Some((self.seen, content.clone()));
            self.is_inside = is_inside;
        }
        self.seen += 1;
    }

    /// Its number among all that were looked at, and the key frame itself.
    ///
    /// # Errors
    /// That there was none.
    fn found(self) -> Result<(usize, Bytes), String> {
        self.still
            .ok_or_else(|| "the film has no key frame".to_owned())
    }
}

fn scale((width, height): (u32, u32)) -> String {
    format!("scale={width}:{height},setsar=1,format=yuvj420p")
}

/// Even sides of the same shape, the longer one as asked for, and not above the film's own.
fn fitted((width, height): (u32, u32), longer: u32) -> (u32, u32) {
    let scale = (f64::from(longer) / f64::from(width.max(height).max(1))).min(1.0);
    let side = |own: u32| ((f64::from(own) * scale / 2.0).round() as u32 * 2).max(2);
    (side(width), side(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbnails_are_as_far_apart_as_the_film_is_long() {
        let apart = |minutes: f64| apart(Some(minutes * 60.0));
        assert_eq!([apart(1.0), apart(10.0), apart(120.0)], [2.0, 6.0, 10.0]);
    }

    #[test]
    fn the_track_names_a_place_on_a_sheet_for_every_second() {
        let thumbnails = Thumbnails {
            poster: Bytes::new(),
            sheets: Vec::new(),
            times: (0..111).map(|number| f64::from(number) * 36.04).collect(),
            size: (160, 90),
        };
        let track = thumbnails.track(4001.0, "v0123456789/");
        let cues: Vec<&str> = track.split("\n\n").collect();
        assert_eq!(cues[0], "WEBVTT");
        // https://www.w3.org/TR/webvtt1/ and https://www.w3.org/TR/media-frags/#naming-space
        assert_eq!(
            cues[12],
            "00:06:36.440 --> 00:07:12.480\nv0123456789/thumbs_000.jpg#xywh=160,90,160,90"
        );
        assert_eq!(
            cues[111],
            "01:06:04.400 --> 01:06:41.000\nv0123456789/thumbs_001.jpg#xywh=0,90,160,90\n"
        );
    }

    #[test]
    fn the_poster_is_the_richest_picture_near_the_beginning() {
        let mut best = Best::new(Some(100.0));
        for (at, bytes) in [(0.0, 900), (6.0, 10), (8.0, 500), (20.0, 400), (40.0, 800)] {
            best.look(at, &vec![0; bytes].into());
        }
        let (number, still) = best.found().unwrap();
        assert_eq!((number, still.len()), (2, 500));
    }

    #[test]
    fn sides_are_even_and_of_the_films_shape() {
        assert_eq!(fitted((1920, 1080), 160), (160, 90));
        assert_eq!(fitted((1080, 1920), 160), (90, 160));
        assert_eq!(fitted((64, 36), 160), (64, 36));
    }
}
