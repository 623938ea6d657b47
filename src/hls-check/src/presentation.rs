//! All that is known of a presentation when it is judged.

use std::{collections::BTreeMap, ops::Range};

use m3u8_rs::{MasterPlaylist, MediaPlaylist};

use super::{
    Depth,
    fragment::{File, Format, Fragment, Run},
    init::{Init, Kind, Track},
    source::Absence,
    vtt::Vtt,
};

/// Which part a media playlist has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// A variant: a picture, perhaps with sound.
    Picture,
    /// A rendition of sound alone.
    Sound,
    /// The I-frames of a picture.
    IFrames,
    /// A rendition of subtitles.
    Subtitles,
}

/// What came of fetching something that a playlist names.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fetched<T> {
    /// It is there.
    Here {
        /// What it is.
        it: T,
        /// As the server says; `None` where nobody says it.
        content_type: Option<String>,
    },
    /// It is not.
    Absent(Absence),
    /// It is there and cannot be used, for the reason given as a clause.
    Unreadable(String),
}

impl<T> Fetched<T> {
    /// What it is, when it is there and can be used.
    pub(super) fn it(&self) -> Option<&T> {
        match self {
            Self::Here { it, .. } => Some(it),
            _ => None,
        }
    }
}

/// One entry of a media playlist.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Segment {
    /// As the playlist writes it.
    pub(super) uri: String,
    /// The file's whole address.
    pub(super) file: String,
    /// The part of the file that it is.
    pub(super) range: Option<Range<u64>>,
    /// EXTINF.
    pub(super) seconds: f64,
    /// Address of its init section.
    pub(super) init: Option<String>,
    /// Whether EXT-X-DISCONTINUITY stands before it.
    pub(super) is_break: bool,
}

/// A media playlist.
#[derive(Clone, Debug)]
pub(super) struct Media {
    /// Address below the multivariant playlist.
    pub(super) name: String,
    /// Its whole address.
    pub(super) url: String,
    /// What the multivariant playlist takes it for.
    pub(super) role: Role,
    /// The playlist, and its entries with whole addresses.
    pub(super) fetched: Fetched<(MediaPlaylist, Vec<Segment>)>,
}

impl Media {
    /// Its entries; none when it cannot be read.
    pub(super) fn segments(&self) -> &[Segment] {
        self.fetched.it().map_or(&[], |(_, segments)| segments)
    }

    /// The playlist, when it can be read.
    pub(super) fn playlist(&self) -> Option<&MediaPlaylist> {
        self.fetched.it().map(|(playlist, _)| playlist)
    }

    /// Seconds of all entries.
    pub(super) fn seconds(&self) -> f64 {
        self.segments().iter().map(|segment| segment.seconds).sum()
    }

    /// Where a finding is: the playlist and one of its entries.
    pub(super) fn at(&self, segment: &Segment) -> String {
        match &segment.range {
            None => format!("{} {}", self.name, segment.uri),
            Some(range) => {
                let length = range.end - range.start;
                format!("{} {} {length}@{}", self.name, segment.uri, range.start)
            }
        }
    }
}

/// What one segment holds of the track that its playlist is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timed<'a> {
    /// The playlist's entry.
    pub(super) segment: &'a Segment,
    /// Its number in the playlist, from 0.
    pub(super) number: usize,
    /// Of each fragment.
    pub(super) first: &'a Run,
    /// Seconds on the media's own clock.
    pub(super) start: f64,
    /// Seconds on the media's own clock.
    pub(super) end: f64,
    /// Seconds of one sample, on average.
    pub(super) frame: f64,
}

/// A multivariant playlist and all that it names, as far as it was read.
#[derive(Clone, Debug)]
pub(super) struct Presentation {
    /// How much of it was read.
    pub(super) depth: Depth,
    /// The multivariant playlist's name.
    pub(super) name: String,
    /// The multivariant playlist's type, as the server says.
    pub(super) content_type: Option<String>,
    /// The multivariant playlist.
    pub(super) master: MasterPlaylist,
    /// Address of each media playlist that the multivariant playlist names, by the URI that names it.
    pub(super) addresses: BTreeMap<String, String>,
    /// All of them, each once.
    pub(super) playlists: Vec<Media>,
    /// Init sections by their address.
    pub(super) inits: BTreeMap<String, Fetched<Init>>,
    /// Media files by their address; those that were not read are not there.
    pub(super) files: BTreeMap<String, Fetched<File>>,
    /// Segments of WebVTT by their address; those that were not read are not there.
    pub(super) texts: BTreeMap<String, Fetched<Vtt>>,
    /// What the server gave for the byte ranges of some I-frames.
    pub(super) ranges: BTreeMap<(String, u64), Fetched<File>>,
}

impl Presentation {
    /// The media playlist that the multivariant playlist calls `uri`.
    pub(super) fn media(&self, uri: &str) -> Option<&Media> {
        let url = self.addresses.get(uri)?;
        self.playlists.iter().find(|media| &media.url == url)
    }

    /// The playlists that have that part.
    pub(super) fn of_role(&self, role: Role) -> impl Iterator<Item = &Media> {
        self.playlists
            .iter()
            .filter(move |media| media.role == role)
    }

    /// Variants and sound.
    pub(super) fn played(&self) -> impl Iterator<Item = &Media> {
        self.playlists
            .iter()
            .filter(|media| matches!(media.role, Role::Picture | Role::Sound))
    }

    /// What kind of files the segments of a playlist are; `None` when none was read.
    pub(super) fn format(&self, media: &Media) -> Option<Format> {
        let mut segments = media.segments().iter();
        segments.find_map(|segment| Some(self.files.get(&segment.file)?.it()?.format))
    }

    /// Whether any file that was read has fragments: what the rules about media look at.
    pub(super) fn has_fragments(&self) -> bool {
        let mut files = self.files.values().filter_map(Fetched::it);
        files.any(|file| !file.fragments.is_empty())
    }

    /// The runs of a track in a segment, when its file was read.
    pub(super) fn runs<'a>(&'a self, segment: &Segment, track: &Track) -> Vec<&'a Run> {
        let fragments = self.fragments(segment).unwrap_or_default();
        fragments.iter().filter_map(|it| it.run(track)).collect()
    }

    /// The init section of a segment, when it could be read.
    pub(super) fn init(&self, segment: &Segment) -> Option<&Init> {
        self.inits.get(segment.init.as_ref()?)?.it()
    }

    /// The init section of a playlist's first segment.
    pub(super) fn init_of(&self, media: &Media) -> Option<&Init> {
        self.init(media.segments().first()?)
    }

    /// The track that the playlist is about: its picture, else its sound.
    pub(super) fn main_track<'a>(&'a self, segment: &Segment) -> Option<&'a Track> {
        let init = self.init(segment)?;
        init.first(Kind::Video).or_else(|| init.first(Kind::Audio))
    }

    /// The fragments of a segment, when its file was read.
    pub(super) fn fragments(&self, segment: &Segment) -> Option<&[Fragment]> {
        let file = self.files.get(&segment.file)?.it()?;
        let Some(range) = &segment.range else {
            return Some(&file.fragments);
        };
        let from = file.fragments.partition_point(|it| it.start < range.start);
        let to = file.fragments.partition_point(|it| it.start < range.end);
        Some(&file.fragments[from..to.max(from)])
    }

    /// Bytes of a segment, when they are known.
    pub(super) fn bytes(&self, segment: &Segment) -> Option<u64> {
        match &segment.range {
            Some(range) => Some(range.end - range.start),
            None => Some(self.files.get(&segment.file)?.it()?.bytes),
        }
    }

    /// When the playlist's main track plays, segment by segment; what was not read is passed over.
    pub(super) fn times<'a>(&'a self, media: &'a Media) -> impl Iterator<Item = Timed<'a>> {
        let numbered = media.segments().iter().enumerate();
        numbered.filter_map(|(number, segment)| {
            let track = self.main_track(segment)?;
            let runs = self.fragments(segment)?;
            let runs: Vec<&Run> = runs.iter().filter_map(|it| it.run(track)).collect();
            let (first, last) = (*runs.first()?, *runs.last()?);
            let seconds = |ticks: u64| ticks as f64 / f64::from(track.timescale);
            let (start, end) = (first.decode_time?, last.decode_time? + last.duration);
            let samples: u64 = runs.iter().map(|run| run.samples).sum();
            let played: u64 = runs.iter().map(|run| run.duration).sum();
            Some(Timed {
                segment,
                number,
                first,
                start: seconds(start),
                end: seconds(end),
                frame: seconds(played) / samples.max(1) as f64,
            })
        })
    }
}
