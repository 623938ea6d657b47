//! What came of a packaging.

use serde::Serialize;

/// What came of it: the object that `--json` prints.
#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// It was packaged.
    Packaged(Box<Packaged>),
    /// It had been; its captions or what is said of it were changed, and it was not packaged again.
    Updated(Updated),
    /// It had been, just so, and nothing was done.
    Unchanged(Unchanged),
}

/// A film that was packaged.
#[derive(Debug, Serialize)]
pub struct Packaged {
    /// The game's id.
    pub game: String,
    /// The film.
    pub source: String,
    /// Key of the master playlist.
    pub master: String,
    /// The folder of this packaging, below the game's.
    pub edition: String,
    /// How many segments.
    pub segments: usize,
    /// Seconds of film, to the millisecond.
    pub duration_seconds: f64,
    /// Bytes of all objects of this packaging.
    pub bytes: u64,
    /// Bytes among them that an interrupted or earlier run had uploaded.
    pub bytes_already_there: u64,
    /// `copied`, or why it was encoded.
    pub video: String,
    /// The sound to begin with: `copied`, why it was encoded, or null for a silent film.
    pub audio: Option<String>,
    /// CODECS of the film as it is.
    pub codecs: String,
    /// RESOLUTION: width and height.
    pub resolution: (u64, u64),
    /// FRAME-RATE.
    pub frame_rate: f64,
    /// BANDWIDTH, bits a second.
    pub bandwidth: u64,
    /// AVERAGE-BANDWIDTH, bits a second.
    pub average_bandwidth: u64,
    /// The qualities of the ladder, the highest first.
    pub rungs: Vec<PackagedRung>,
    /// How many sounds.
    pub sounds: usize,
    /// Captions that have files of their own: `en`, `de.forced`.
    pub captions: Vec<String>,
    /// Channels of captions in the picture: `CC1`, `SERVICE1`.
    pub closed_captions: Vec<String>,
    /// How many chapters.
    pub chapters: usize,
    /// Streams of the film that are not packaged.
    pub left_out: Vec<String>,
    /// Whether only a part of it could be read, and that was wished.
    pub salvaged: bool,
    /// How many objects of earlier editions were removed.
    pub removed: usize,
    /// What is amiss though the film plays.
    pub warnings: Vec<String>,
}

/// One quality of the ladder, as measured; rates are with the sound that needs most.
#[derive(Debug, Serialize)]
pub struct PackagedRung {
    /// Its folder.
    pub name: String,
    /// Width and height.
    pub resolution: (u64, u64),
    /// BANDWIDTH, bits a second.
    pub bandwidth: u64,
    /// AVERAGE-BANDWIDTH, bits a second.
    pub average_bandwidth: u64,
}

/// A film that was done already, of which something else was said.
#[derive(Debug, Serialize)]
pub struct Updated {
    /// The game's id.
    pub game: String,
    /// The film.
    pub source: String,
    /// Key of the master playlist.
    pub master: String,
    /// The folder of the packaging, below the game's.
    pub edition: String,
    /// Captions that have files of their own: `en`, `de.forced`.
    pub captions: Vec<String>,
    /// How many objects were removed.
    pub removed: usize,
    /// What is amiss though the film plays.
    pub warnings: Vec<String>,
}

/// A film that was done already.
#[derive(Debug, Serialize)]
pub struct Unchanged {
    /// The game's id.
    pub game: String,
    /// The film.
    pub source: String,
    /// Key of the master playlist.
    pub master: String,
    /// The folder of the packaging, below the game's.
    pub edition: String,
    /// Bytes of all its objects.
    pub bytes: u64,
    /// How many objects of earlier editions were removed.
    pub removed: usize,
}

impl Outcome {
    /// What is amiss though the film plays.
    pub fn warnings(&self) -> &[String] {
        match self {
            Self::Packaged(packaged) => &packaged.warnings,
            Self::Updated(updated) => &updated.warnings,
            Self::Unchanged(_) => &[],
        }
    }
}
