//! What a player must decode, as RFC 6381 names it.

use std::io::Cursor;

use mp4_atom::{Any, Avc1, Avcc, Codec, DecodeMaybe as _, Moov};

use crate::Error;

/// The object type of MPEG-4 audio (ISO/IEC 14496-1, table 5).
const MPEG4_AUDIO: u8 = 0x40;

/// Codecs and picture of one stream of segments, as its init section states them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Codecs {
    /// `avc1.64001f`; `None` where there is no picture.
    pub(crate) picture: Option<String>,
    /// `mp4a.40.2`; `None` where there is no sound.
    pub(crate) sound: Option<String>,
    /// Pixels, made square; 0 where there is no picture.
    pub(crate) width: u64,
    /// Pixels.
    pub(crate) height: u64,
}

impl Codecs {
    /// `avc1.64001f,mp4a.40.2`: the picture first, then its sound and those of `others`, each once.
    pub(crate) fn with<'a>(&'a self, others: impl Iterator<Item = &'a Codecs>) -> String {
        let mut names: Vec<&str> = Vec::new();
        let sounds = others.flat_map(|codecs| &codecs.sound);
        for name in self.picture.iter().chain(&self.sound).chain(sounds) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names.join(",")
    }
}

/// Reads `init.mp4`.
///
/// # Errors
/// [`Error::Output`] when it does not hold H.264 or AAC, or holds anything else.
pub(crate) fn read(init: &[u8]) -> Result<Codecs, Error> {
    let bad = |what: &str| Error::Output(format!("init.mp4 {what}"));
    let moov = moov(init).map_err(|error| bad(&format!("cannot be read: {error}")))?;
    let moov = moov.ok_or_else(|| bad("describes no film"))?;
    let tracks = moov
        .trak
        .iter()
        .flat_map(|trak| &trak.mdia.minf.stbl.stsd.codecs);
    let (mut picture, mut sound) = (None, None);
    for codec in tracks {
        match codec {
            Codec::Avc1(avc) => picture = Some(avc),
            Codec::Mp4a(mp4a) => sound = Some(mp4a_name(&mp4a.esds)),
            _ => return Err(bad("holds a track that is neither H.264 nor AAC")),
        }
    }
    if picture.is_none() && sound.is_none() {
        return Err(bad("holds neither H.264 nor AAC"));
    }
    let square_width = |avc: &Avc1| square(u64::from(avc.visual.width), avc.pasp.as_ref());
    Ok(Codecs {
        picture: picture.map(|avc| avc1_name(&avc.avcc)),
        sound,
        width: picture.map_or(0, square_width),
        height: picture.map_or(0, |avc| u64::from(avc.visual.height)),
    })
}

/// Why streams with this init section do not play, though ffmpeg has made them: clauses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unplayable {
    /// The picture's.
    pub(crate) picture: Option<&'static str>,
    /// The sound's.
    pub(crate) sound: Option<&'static str>,
}

/// What browsers do not play of what `init` describes.
///
/// # Errors
/// [`Error::Output`] when it cannot be read.
pub(crate) fn unplayable(init: &[u8]) -> Result<Unplayable, Error> {
    let moov = moov(init);
    let moov = moov.map_err(|error| Error::Output(format!("init.mp4 cannot be read: {error}")))?;
    let tracks = moov.iter().flat_map(|moov| &moov.trak);
    let mut unplayable = Unplayable::default();
    for codec in tracks.flat_map(|trak| &trak.mdia.minf.stbl.stsd.codecs) {
        match codec {
            Codec::Avc1(avc) if avc.avcc.sequence_parameter_sets.is_empty() => {
                unplayable.picture = Some("does not say what its pictures are like");
            }
            Codec::Mp4a(mp4a) if has_program_config(&mp4a.esds) => {
                unplayable.sound = Some("has a program config element, which browsers do not play");
            }
            _ => {}
        }
    }
    Ok(unplayable)
}

/// Channel configuration 0 (ISO/IEC 14496-3 §1.6.2.1): the layout stands in an element of its own.
fn has_program_config(esds: &mp4_atom::Esds) -> bool {
    let specific = esds.es_desc.dec_config.dec_specific.as_ref();
    specific.is_some_and(|specific| specific.chan_conf == 0)
}

/// ISO/IEC 14496-15 and RFC 6381 §3.3: the profile, the constraints and the level in hexadecimal.
fn avc1_name(avcc: &Avcc) -> String {
    let profile = avcc.avc_profile_indication;
    let (constraints, level) = (avcc.profile_compatibility, avcc.avc_level_indication);
    format!("avc1.{profile:02x}{constraints:02x}{level:02x}")
}

fn moov(init: &[u8]) -> mp4_atom::Result<Option<Moov>> {
    let mut input = Cursor::new(init);
    while let Some(atom) = Any::decode_maybe(&mut input)? {
        if let Any::Moov(moov) = atom {
            return Ok(Some(moov));
        }
    }
    Ok(None)
}

fn mp4a_name(esds: &mp4_atom::Esds) -> String {
    let decoder = &esds.es_desc.dec_config;
    match (decoder.object_type_indication, &decoder.dec_specific) {
        (MPEG4_AUDIO, Some(specific)) => format!("mp4a.40.{}", specific.profile),
        (kind, _) => format!("mp4a.{kind:02x}"),
    }
}

/// The width in square pixels (RFC 8216 §4.3.4.2: the size at which to display the picture).
fn square(width: u64, pasp: Option<&mp4_atom::Pasp>) -> u64 {
    let shape = pasp.filter(|pasp| pasp.h_spacing > 0 && pasp.v_spacing > 0);
    shape.map_or(width, |pasp| {
        let (h, v) = (u64::from(pasp.h_spacing), u64::from(pasp.v_spacing));
        (width * h + v / 2) / v
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ffmpegs_init_section_is_read() {
        // `python3`: the three bytes after `avcC` and its version are 42 c0 0d.
        let codecs = read(include_bytes!("samples/init.mp4")).unwrap();
        assert_eq!(codecs.with([].into_iter()), "avc1.42c00d,mp4a.40.2");
        assert_eq!((codecs.width, codecs.height), (320, 180));
    }

    #[test]
    fn garbage_is_no_init_section() {
        assert!(read(b"").is_err());
        assert!(read(&include_bytes!("samples/init.mp4")[..200]).is_err());
    }

    #[test]
    fn pixels_are_made_square() {
        // PAL in 16:9, as ITU-R BT.601 has it.
        let pasp = mp4_atom::Pasp {
            h_spacing: 16,
            v_spacing: 11,
        };
        assert_eq!(square(720, Some(&pasp)), 1047);
        assert_eq!(square(1280, None), 1280);
    }
}
