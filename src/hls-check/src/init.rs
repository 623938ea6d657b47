//! What an init section says of its tracks (ISO/IEC 14496-12 §8).

use std::io::Cursor;

use mp4_atom::{Any, Atom as _, Codec, Decode as _, DecodeMaybe as _, FourCC, Moov, Trak};

use super::{nal::Units, range::VideoRange};

/// The object type of MPEG-4 audio (ISO/IEC 14496-1, table 5).
const MPEG4_AUDIO: u8 = 0x40;

/// Object types of AAC whose list of channels is a program config element: LC, SBR and PS
/// (ISO/IEC 14496-3, tables 1.17 and 4.1).
const AAC: [u8; 3] = [2, 5, 29];

/// Picture, sound or neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A picture.
    Video,
    /// Sound.
    Audio,
    /// Anything else.
    Other,
}

/// One track.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Track {
    /// Its number in every fragment.
    pub(super) id: u32,
    /// Ticks a second.
    pub(super) timescale: u32,
    /// Picture, sound or neither.
    pub(super) kind: Kind,
    /// As RFC 6381 names it; its first four letters where the rest is not known here.
    pub(super) codec: String,
    /// Width and height in square pixels; 0 for what is no picture.
    pub(super) size: (u64, u64),
    /// Channels of sound.
    pub(super) channels: u16,
    /// Whether its channels are listed in the sound itself: AAC with a program config element.
    pub(super) has_channel_list: bool,
    /// What the picture's transfer function is, where that is said.
    pub(super) range: Option<VideoRange>,
    /// How its samples are divided, where that is known here.
    pub(super) units: Option<Units>,
    /// What of it is shown, and when; empty for all of it (ISO/IEC 14496-12 §8.6.6).
    pub(super) edits: Vec<Edit>,
    /// Ticks and flags of a sample, where a fragment does not say (ISO/IEC 14496-12 §8.8.3).
    pub(super) default_duration: u32,
    /// See `default_duration`.
    pub(super) default_size: u32,
    /// See `default_duration`.
    pub(super) default_flags: u32,
}

/// One entry of an edit list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Edit {
    /// Seconds that it lasts; 0 in fragmented files for all there is.
    pub(super) seconds: f64,
    /// Where it begins in the track, in ticks; `None` for a pause.
    pub(super) from: Option<u64>,
}

/// An init section.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Init {
    /// Its tracks.
    pub(super) tracks: Vec<Track>,
}

impl Init {
    /// Reads a whole init section.
    ///
    /// # Errors
    /// What is wrong with it, as a clause.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut input = Cursor::new(bytes);
        loop {
            match Any::decode_maybe(&mut input) {
                Ok(Some(Any::Moov(moov))) => return Ok(Self::of(&moov)),
                Ok(Some(_)) => {}
                Ok(None) => return Err("describes no film".to_owned()),
                Err(error) => return Err(format!("cannot be read: {error}")),
            }
        }
    }

    /// Reads one whole `moov` box, its header included.
    pub(super) fn read_moov(bytes: &[u8]) -> Result<Self, String> {
        let moov = Any::decode(&mut Cursor::new(bytes));
        match moov {
            Ok(Any::Moov(moov)) => Ok(Self::of(&moov)),
            Ok(_) => Err("has no moov".to_owned()),
            Err(error) => Err(format!("has a moov that cannot be read: {error}")),
        }
    }

    fn of(moov: &Moov) -> Self {
        let tracks = moov.trak.iter().map(|trak| track(trak, moov)).collect();
        Self { tracks }
    }

    /// The track with that number.
    pub(super) fn track(&self, id: u32) -> Option<&Track> {
        self.tracks.iter().find(|track| track.id == id)
    }

    /// The first track of that kind.
    pub(super) fn first(&self, kind: Kind) -> Option<&Track> {
        self.tracks.iter().find(|track| track.kind == kind)
    }

    /// The kind of its boxes that matter here.
    pub(super) const MOOV: FourCC = Moov::KIND;
}

fn track(trak: &Trak, moov: &Moov) -> Track {
    let id = trak.tkhd.track_id;
    let defaults = moov.mvex.iter().flat_map(|mvex| &mvex.trex);
    let defaults = defaults.clone().find(|trex| trex.track_id == id);
    let codec = trak.mdia.minf.stbl.stsd.codecs.first();
    let described = codec.map(describe).unwrap_or_default();
    Track {
        id,
        timescale: trak.mdia.mdhd.timescale.max(1),
        kind: described.kind.unwrap_or(Kind::Other),
        codec: described.name,
        size: described.size,
        channels: described.channels,
        has_channel_list: described.has_channel_list,
        range: described.range,
        edits: edits(trak, moov),
        units: described.units,
        default_duration: defaults.map_or(0, |trex| trex.default_sample_duration),
        default_size: defaults.map_or(0, |trex| trex.default_sample_size),
        default_flags: defaults.map_or(0, |trex| trex.default_sample_flags),
    }
}

fn edits(trak: &Trak, moov: &Moov) -> Vec<Edit> {
    let list = trak.edts.as_ref().and_then(|edts| edts.elst.as_ref());
    let entries = list.map_or(&[][..], |list| &list.entries);
    let timescale = f64::from(moov.mvhd.timescale.max(1));
    let edit = |entry: &mp4_atom::ElstEntry| Edit {
        seconds: entry.segment_duration as f64 / timescale,
        from: entry.media_time,
    };
    entries.iter().map(edit).collect()
}

#[derive(Default)]
struct Described {
    kind: Option<Kind>,
    name: String,
    size: (u64, u64),
    channels: u16,
    has_channel_list: bool,
    range: Option<VideoRange>,
    units: Option<Units>,
}

fn describe(codec: &Codec) -> Described {
    let mut described = match codec {
        Codec::Avc1(avc) => h264("avc1", &avc.avcc),
        Codec::Avc3(avc) => h264("avc3", &avc.avcc),
        Codec::Hvc1(hevc) => h265("hvc1", &hevc.hvcc),
        Codec::Hev1(hevc) => h265("hev1", &hevc.hvcc),
        Codec::Mp4a(mp4a) => aac(&mp4a.esds, mp4a.audio.channel_count),
        Codec::Av01(_) => video("av01"),
        Codec::Vp09(_) => video("vp09"),
        Codec::Opus(opus) => audio("opus", opus.audio.channel_count),
        Codec::Flac(flac) => audio("flac", flac.audio.channel_count),
        Codec::Ac3(ac3) => audio("ac-3", ac3.audio.channel_count),
        Codec::Eac3(eac3) => audio("ec-3", eac3.audio.channel_count),
        other if other.visual().is_some() => video("?"),
        _ => Described::default(),
    };
    // ISO/IEC 14496-12 §12.1.5.1: the box prevails over what the bit stream says.
    described.range = VideoRange::of_box(codec).or(described.range);
    described.size = codec.visual().map_or((0, 0), |visual| {
        let (width, height) = (u64::from(visual.width), u64::from(visual.height));
        (square(width, shape(codec)), height)
    });
    described
}

fn video(name: &str) -> Described {
    Described {
        kind: Some(Kind::Video),
        name: name.to_owned(),
        ..Default::default()
    }
}

fn audio(name: &str, channels: u16) -> Described {
    Described {
        kind: Some(Kind::Audio),
        name: name.to_owned(),
        channels,
        ..Default::default()
    }
}

/// The three bytes after the version of `avcC`, in hexadecimal (RFC 6381 §3.3).
fn h264(name: &str, avcc: &mp4_atom::Avcc) -> Described {
    let (profile, constraints) = (avcc.avc_profile_indication, avcc.profile_compatibility);
    let level = avcc.avc_level_indication;
    let name = format!("{name}.{profile:02x}{constraints:02x}{level:02x}");
    Described {
        units: Some(Units::H264(avcc.length_size)),
        range: VideoRange::of_h264(avcc),
        ..video(&name)
    }
}

fn h265(name: &str, hvcc: &mp4_atom::Hvcc) -> Described {
    Described {
        units: Some(Units::H265(hvcc.length_size_minus_one + 1)),
        range: VideoRange::of_h265(hvcc),
        ..video(name)
    }
}

fn aac(esds: &mp4_atom::Esds, told: u16) -> Described {
    let decoder = &esds.es_desc.dec_config;
    match (decoder.object_type_indication, &decoder.dec_specific) {
        (MPEG4_AUDIO, Some(specific)) => Described {
            has_channel_list: specific.chan_conf == 0 && AAC.contains(&specific.profile),
            ..audio(
                &format!("mp4a.40.{}", specific.profile),
                // ISO/IEC 14496-3, table 1.19: 7 stands for 8 channels, 0 for another list.
                match specific.chan_conf {
                    0 => told,
                    7 => 8,
                    channels => u16::from(channels),
                },
            )
        },
        (kind, _) => audio(&format!("mp4a.{kind:02x}"), told),
    }
}

fn shape(codec: &Codec) -> Option<&mp4_atom::Pasp> {
    match codec {
        Codec::Avc1(avc) => avc.pasp.as_ref(),
        Codec::Hvc1(hevc) => hevc.pasp.as_ref(),
        Codec::Hev1(hevc) => hevc.pasp.as_ref(),
        _ => None,
    }
}

/// The width in square pixels (rfc8216bis §4.4.6.2: the size at which to display the picture).
fn square(width: u64, shape: Option<&mp4_atom::Pasp>) -> u64 {
    let shape = shape.filter(|shape| shape.h_spacing > 0 && shape.v_spacing > 0);
    shape.map_or(width, |shape| {
        let (h, v) = (u64::from(shape.h_spacing), u64::from(shape.v_spacing));
        (width * h + v / 2) / v
    })
}
