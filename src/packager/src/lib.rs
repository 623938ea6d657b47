//! One film becomes HLS in the bucket, or a whole archive does: what `reelgate package` does.
//!
//! Everything of one packaging lies in `games/{id}/{edition}/`, whose name stands for its content;
//! `games/{id}/master.m3u8` points into it and is written when all of it is there. See `upload` for why.
//! `games/{id}/package.json` says what was done, and is written last; see `ledger`.

pub mod batch;
mod bucket;
mod captions;
mod error;
mod ffmpeg;
mod hls;
mod input;
mod job;
mod mp4;
mod outcome;
mod package;
mod plan;
mod progress;
mod publish;

pub use bucket::objects::{Object, Objects};
pub use bucket::{BucketError, Config as BucketConfig};
pub use captions::beside::{CaptionFiles, Named};
pub use captions::label::{BadLabel, Kind, Label};
pub use captions::rendition::{Caption, Origin};
pub use error::Error;
pub use ffmpeg::encoders::{Encoder, Encoding};
pub use input::chapters::Chapter;
pub use input::scratch::Scratch;
pub use input::source::{BadSource, Source};
pub use outcome::{Outcome, Packaged, PackagedRung, Unchanged, Updated};
pub use package::run;
pub use plan::Wishes;
pub use plan::ladder::Ladder;
pub use plan::refit::Unfit;
pub use progress::{Progress, next_tenth};
pub use publish::film::{Details, Facts, FilmCaption, FilmDocument};
pub use publish::ledger::Ledger;
pub use publish::published::{Captioned, Published};
pub use publish::shelf::Shelf;

use std::time::Duration;

use reelgate_core::key::GameId;

/// What to package, for whom, and where to.
pub struct Options<'a> {
    /// The film.
    pub source: &'a Source,
    /// Whose film it is.
    pub game: GameId<'a>,
    /// The bucket.
    pub bucket: &'a BucketConfig,
    /// How it is wished.
    pub wishes: Wishes,
    /// What is said of it, and its captions.
    pub about: &'a About,
    /// How to go about it.
    pub terms: Terms,
    /// Where films that lie in a bucket are put meanwhile; asked for only when there is one.
    pub scratch: Option<&'a Scratch>,
}

/// What belongs to a film beside the film itself. To change it, nothing is packaged again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// What people say of it: `title`, `date`, `description`, and more. What is not said again stays
    /// as it was; an empty text takes it back.
    pub details: Details,
    /// Its captions, beside those that are in it.
    pub captions: CaptionFiles,
}

/// How to go about it, whatever the film.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Whether the files of earlier editions stay, for those who are watching them.
    pub keep_old: bool,
    /// Whether to hash the whole film before it is taken for one that is done.
    pub verify: bool,
    /// Whether to package what is done.
    pub force: bool,
    /// Whether a damaged film is packaged as far as it can be read.
    pub salvage: bool,
    /// How long the bucket may be in trouble, for one film, all its trouble together.
    pub retry_budget: Duration,
    /// How pictures are encoded, where they are.
    pub encoding: Encoding,
    /// How long ffmpeg may do nothing before it is stopped; ffprobe a minute at most.
    pub ffmpeg_timeout: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            keep_old: false,
            verify: false,
            force: false,
            salvage: false,
            encoding: Encoding::default(),
            retry_budget: Duration::from_secs(3600),
            ffmpeg_timeout: Duration::from_secs(600),
        }
    }
}
