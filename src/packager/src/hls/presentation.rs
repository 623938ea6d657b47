//! The playlists of a packaged film: which files an edition has beside its segments, and which lie
//! beside the edition under names that never change.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::{
    captions::segments::Timeline,
    ffmpeg::recipe::Role,
    hls::iframes,
    hls::measure::{self, Rates, Segment},
    hls::playlist::{self, Sound, Variant},
    hls::thumbnails::{Thumbnails, sheet_name},
    mp4::codecs::Codecs,
    mp4::cutter::{self, KeyFrame},
    plan::{Plan, Treatment},
    publish::upload::segment_name,
};

/// The playlist a player is given; it lies above the editions.
pub(crate) const MASTER: &str = "master.m3u8";

/// The same for the film as it is, where the master is that of a ladder.
pub(crate) const FILM_MASTER: &str = "master.v1.m3u8";

/// The playlist of a picture's segments.
pub(crate) const PLAYLIST: &str = "video.m3u8";

/// The playlist of a picture's I-frames.
pub(crate) const I_FRAMES: &str = "iframes.m3u8";

/// The playlist of a sound's segments.
pub(crate) const SOUND: &str = "audio.m3u8";

/// What a player needs before the first segment.
pub(crate) const INIT: &str = "init.mp4";

/// The picture that stands for the film.
pub(crate) const POSTER: &str = "poster.jpg";

/// The track of thumbnails.
pub(crate) const THUMBNAILS: &str = "thumbnails.vtt";

/// One stream of segments, as it came out.
#[derive(Debug)]
pub(crate) struct Part {
    /// Whose they are.
    pub(crate) role: Role,
    /// Their folder in the edition; empty for the edition itself.
    pub(crate) folder: String,
    /// What a player needs before the first segment.
    pub(crate) init: Bytes,
    /// What it says.
    pub(crate) codecs: Codecs,
    /// Frames of the picture.
    pub(crate) frames: u64,
    /// Where its key frames lie.
    pub(crate) key_frames: Vec<KeyFrame>,
    /// The channels of captions that are hidden in it.
    pub(crate) closed: BTreeSet<String>,
    /// Name and measure of each segment.
    pub(crate) segments: Vec<(String, Segment)>,
}

impl Part {
    fn measured(&self) -> Vec<Segment> {
        self.segments.iter().map(|(_, segment)| *segment).collect()
    }

    fn seconds(&self) -> f64 {
        self.segments
            .iter()
            .map(|(_, segment)| segment.duration)
            .sum()
    }

    /// A file's name in the edition.
    fn inside(&self, name: &str) -> String {
        match self.folder.as_str() {
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        }
    }

    fn i_frames(&self) -> Vec<playlist::IFrame> {
        iframes::choose(&self.key_frames, self.seconds(), segment_name)
    }
}

/// A film in all its parts, measured.
pub(crate) struct Presentation<'a> {
    plan: &'a Plan,
    edition: &'a str,
    parts: Vec<Part>,
    /// The longest segment of all, in whole seconds: picture and sound must say the same
    /// (Apple's authoring specification for HLS, rule 8.2).
    target: u64,
    film: Variant,
    rungs: Vec<Variant>,
    sounds: Vec<Sound>,
}

/// A file: its name, and what is in it.
pub(crate) type File = (String, Bytes);

impl<'a> Presentation<'a> {
    /// Measures the parts, of which the first is the film.
    pub(crate) fn new(plan: &'a Plan, edition: &'a str, parts: Vec<Part>) -> Self {
        let all: Vec<Segment> = parts.iter().flat_map(Part::measured).collect();
        let target = measure::target(&all);
        let variant = |part: &Part| variant(edition, part, target);
        let of = |is: fn(Role) -> bool| parts.iter().filter(move |part| is(part.role));
        let film = of(|role| role == Role::Film).map(variant).next();
        let rungs = of(|role| matches!(role, Role::Rung(_)))
            .map(variant)
            .collect();
        let sounds = parts
            .iter()
            .filter_map(|part| sound(plan, edition, part, target));
        Self {
            plan,
            edition,
            target,
            film: film.unwrap_or_else(|| variant(&parts[0])),
            rungs,
            sounds: sounds.collect(),
            parts,
        }
    }

    /// The film as it is.
    pub(crate) fn film(&self) -> &Variant {
        &self.film
    }

    /// Bits a second of the film as it is, with its sound.
    pub(crate) fn film_rates(&self) -> Rates {
        self.film.rates_with(self.film_sounds())
    }

    /// CODECS of the film as it is.
    pub(crate) fn film_codecs(&self) -> String {
        self.film.codecs_with(self.film_sounds())
    }

    /// How many segments there are of all.
    pub(crate) fn segments(&self) -> usize {
        self.parts.iter().map(|part| part.segments.len()).sum()
    }

    /// Seconds of the film as it is.
    pub(crate) fn seconds(&self) -> f64 {
        self.parts.first().map_or(0.0, Part::seconds)
    }

    /// How the picture is cut that `master.m3u8` names first.
    pub(crate) fn timeline(&self, begins_at: f64) -> Timeline {
        let rung = self.parts.iter().find(|part| part.role == Role::Rung(0));
        let part = rung.or(self.parts.first());
        let segments = part.map(Part::measured).unwrap_or_default();
        let seconds = segments.iter().map(|segment| segment.duration);
        Timeline::new(seconds, self.target, begins_at)
    }

    /// The channels of captions that are hidden in the film as it is.
    pub(crate) fn closed_captions(&self) -> Vec<String> {
        let film = self.parts.first();
        let channels = film.map(|part| part.closed.clone());
        channels.unwrap_or_default().into_iter().collect()
    }

    /// What is to be told of each rung.
    pub(crate) fn rungs(&self) -> Vec<crate::PackagedRung> {
        let names = self.plan.rungs.iter();
        let rungs = names.zip(&self.rungs).map(|(rung, variant)| {
            let rates = variant.rates_with(&self.sounds);
            crate::PackagedRung {
                name: rung.name.clone(),
                resolution: (variant.codecs.width, variant.codecs.height),
                bandwidth: rates.peak,
                average_bandwidth: rates.average,
            }
        });
        rungs.collect()
    }

    /// The files of the edition beside its segments, playlists last.
    pub(crate) fn files(&self) -> Vec<File> {
        let inits = self.parts.iter();
        let inits = inits.map(|part| (part.inside(INIT), part.init.clone()));
        inits
            .chain(self.parts.iter().flat_map(|part| self.playlists(part)))
            .collect()
    }

    fn playlists(&self, part: &Part) -> Vec<File> {
        let media: Bytes = playlist::media(INIT, &part.segments, self.target).into();
        if matches!(part.role, Role::Sound(_)) {
            return vec![(part.inside(SOUND), media)];
        }
        let i_frames = playlist::i_frames(INIT, &part.i_frames(), self.target);
        vec![
            (part.inside(PLAYLIST), media),
            (part.inside(I_FRAMES), i_frames.into()),
        ]
    }

    /// What lies beside the edition; that which a player is given comes last.
    pub(crate) fn masters(&self) -> Vec<File> {
        let closed = |is: fn(Role) -> bool| -> BTreeSet<String> {
            let parts = self.parts.iter().filter(|part| is(part.role));
            parts.flat_map(|part| part.closed.clone()).collect()
        };
        let captions = closed(|role| role == Role::Film);
        let film = [self.film.clone()];
        let film = playlist::master(&film, self.film_sounds(), &captions);
        if self.rungs.is_empty() {
            return vec![(MASTER.to_owned(), film.into())];
        }
        let captions = closed(|role| matches!(role, Role::Rung(_)));
        let ladder = playlist::master(&self.rungs, &self.sounds, &captions);
        vec![
            (FILM_MASTER.to_owned(), film.into()),
            (MASTER.to_owned(), ladder.into()),
        ]
    }

    /// The files of the thumbnails: those of the edition, and those beside it.
    pub(crate) fn pictures(&self, thumbnails: &Thumbnails) -> (Vec<File>, Vec<File>) {
        let sheets = (0_u32..).zip(&thumbnails.sheets);
        let sheets = sheets.map(|(number, sheet)| (sheet_name(number), sheet.clone()));
        let track = |folder: &str| {
            let track = thumbnails.track(self.seconds(), folder);
            (THUMBNAILS.to_owned(), Bytes::from(track))
        };
        let poster = (POSTER.to_owned(), thumbnails.poster.clone());
        let inside = sheets.chain([poster.clone(), track("")]);
        let beside = vec![poster, track(&format!("{}/", self.edition))];
        (inside.collect(), beside)
    }

    /// What is amiss though the film plays.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let segments = self.parts.first().map(Part::measured).unwrap_or_default();
        let longest = segments.iter().map(|segment| segment.duration);
        let longest = longest.max_by(f64::total_cmp).unwrap_or_default();
        if longest <= cutter::longest(self.plan.segment_seconds) {
            return Vec::new();
        }
        let what_to_do = match self.plan.video.treatment {
            Treatment::Copy => {
                "the film has no more key frames there; players start and seek faster after packaging it with --strict"
            }
            Treatment::Encode(_) => "the film has no more frames there",
        };
        vec![format!(
            "the longest segment lasts {longest:.1} s, for {what_to_do}"
        )]
    }

    /// A sound that shares the picture's segments is in none of its own, even where the ladder has it.
    fn film_sounds(&self) -> &[Sound] {
        if self.plan.is_muxed() {
            &[]
        } else {
            &self.sounds
        }
    }
}

fn variant(edition: &str, part: &Part, target: u64) -> Variant {
    let measured = part.measured();
    let i_frames: Vec<Segment> = part.i_frames().iter().map(|frame| frame.segment).collect();
    Variant {
        uri: format!("{edition}/{}", part.inside(PLAYLIST)),
        i_frames: format!("{edition}/{}", part.inside(I_FRAMES)),
        codecs: part.codecs.clone(),
        frame_rate: measure::frame_rate(part.frames, &measured),
        rates: Rates::of(&measured, target),
        i_frame_rates: Rates::of(&i_frames, target),
    }
}

/// `None` for a picture.
fn sound(plan: &Plan, edition: &str, part: &Part, target: u64) -> Option<Sound> {
    let Role::Sound(number) = part.role else {
        return None;
    };
    let audio = plan.audio.get(number)?;
    Some(Sound {
        uri: format!("{edition}/{}", part.inside(SOUND)),
        spoken: audio.spoken.clone(),
        is_default: audio.is_default,
        channels: audio.channels,
        codecs: part.codecs.clone(),
        rates: Rates::of(&part.measured(), target),
    })
}
