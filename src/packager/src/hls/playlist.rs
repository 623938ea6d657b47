//! The playlists of an edition (draft-pantos-hls-rfc8216bis).

use std::collections::BTreeSet;

use m3u8_rs::{
    AlternativeMedia, AlternativeMediaType, ByteRange, ClosedCaptionGroupId, InstreamId, Map,
    MasterPlaylist, MediaPlaylist, MediaPlaylistType, MediaSegment, Resolution, VariantStream,
};

use crate::{
    hls::measure::{Rates, Segment},
    mp4::codecs::Codecs,
    plan::languages::Spoken,
};

/// The lowest protocol version that has EXT-X-MAP in a playlist of segments (rfc8216bis §8).
const VERSION: usize = 6;

/// The lowest protocol version that has EXT-X-MAP in a playlist of I-frames.
const I_FRAMES_VERSION: usize = 5;

/// The group of all captions in the picture.
const CLOSED: &str = "closed";

/// The group of all sounds.
const SOUNDS: &str = "audio";

/// One picture of a playlist of I-frames.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct IFrame {
    /// The segment it lies in.
    pub(crate) name: String,
    /// Where.
    pub(crate) offset: u64,
    /// Until the next one, and its bytes.
    pub(crate) segment: Segment,
}

/// The media playlist: an init section and segments beside it, in their order.
pub(crate) fn media(init: &str, segments: &[(String, Segment)], target: u64) -> String {
    let mut maps = maps(init);
    let segments = segments.iter().map(|(name, segment)| MediaSegment {
        uri: name.clone(),
        duration: segment.duration as f32,
        map: maps.next().flatten(),
        ..Default::default()
    });
    let playlist = MediaPlaylist {
        version: Some(VERSION),
        target_duration: target,
        segments: segments.collect(),
        end_list: true,
        playlist_type: Some(MediaPlaylistType::Vod),
        independent_segments: true,
        ..Default::default()
    };
    text(|out| playlist.write_to(out))
}

/// The playlist of I-frames: ranges of the segments (rfc8216bis §4.4.3.6).
pub(crate) fn i_frames(init: &str, frames: &[IFrame], target: u64) -> String {
    let mut maps = maps(init);
    let segments = frames.iter().map(|frame| MediaSegment {
        uri: frame.name.clone(),
        duration: frame.segment.duration as f32,
        map: maps.next().flatten(),
        byte_range: Some(ByteRange {
            length: frame.segment.bytes,
            offset: Some(frame.offset),
        }),
        ..Default::default()
    });
    let playlist = MediaPlaylist {
        version: Some(I_FRAMES_VERSION),
        target_duration: target,
        segments: segments.collect(),
        end_list: true,
        playlist_type: Some(MediaPlaylistType::Vod),
        i_frames_only: true,
        ..Default::default()
    };
    text(|out| playlist.write_to(out))
}

/// The init section stands before the first segment, and goes for all.
fn maps(init: &str) -> impl Iterator<Item = Option<Map>> {
    let init = Map {
        uri: init.to_owned(),
        ..Default::default()
    };
    std::iter::once(Some(init)).chain(std::iter::repeat(None))
}

/// What a player needs to know of a picture before it asks for a single segment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Variant {
    /// Its playlist.
    pub(crate) uri: String,
    /// The playlist of its I-frames.
    pub(crate) i_frames: String,
    /// What to decode, and how large the picture is.
    pub(crate) codecs: Codecs,
    /// Frames a second.
    pub(crate) frame_rate: f64,
    /// Of its segments.
    pub(crate) rates: Rates,
    /// Of its I-frames.
    pub(crate) i_frame_rates: Rates,
}

/// What a player needs to know of a sound that has segments of its own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sound {
    /// Its playlist.
    pub(crate) uri: String,
    /// What is spoken.
    pub(crate) spoken: Spoken,
    /// Whether it is the one to begin with.
    pub(crate) is_default: bool,
    /// How many.
    pub(crate) channels: u32,
    /// What to decode.
    pub(crate) codecs: Codecs,
    /// Of its segments.
    pub(crate) rates: Rates,
}

impl Variant {
    /// Of it and the sound that needs most.
    pub(crate) fn rates_with(&self, sounds: &[Sound]) -> Rates {
        self.rates.with(sounds.iter().map(|sound| sound.rates))
    }

    /// CODECS of it and of all sounds.
    pub(crate) fn codecs_with(&self, sounds: &[Sound]) -> String {
        self.codecs.with(sounds.iter().map(|sound| &sound.codecs))
    }

    fn resolution(&self) -> Option<Resolution> {
        let Codecs { width, height, .. } = self.codecs;
        Some(Resolution { width, height })
    }

    fn stream(&self, sounds: &[Sound], has_captions: bool) -> VariantStream {
        let closed = match has_captions {
            true => ClosedCaptionGroupId::GroupId(CLOSED.to_owned()),
            false => ClosedCaptionGroupId::None,
        };
        let rates = self.rates_with(sounds);
        VariantStream {
            uri: self.uri.clone(),
            bandwidth: rates.peak,
            average_bandwidth: Some(rates.average),
            codecs: Some(self.codecs_with(sounds)),
            resolution: self.resolution(),
            frame_rate: Some(self.frame_rate),
            audio: (!sounds.is_empty()).then(|| SOUNDS.to_owned()),
            closed_captions: Some(closed),
            ..Default::default()
        }
    }

    fn i_frame_stream(&self) -> VariantStream {
        VariantStream {
            is_i_frame: true,
            uri: self.i_frames.clone(),
            bandwidth: self.i_frame_rates.peak,
            average_bandwidth: Some(self.i_frame_rates.average),
            codecs: self.codecs.picture.clone(),
            resolution: self.resolution(),
            ..Default::default()
        }
    }
}

/// The multivariant playlist; `closed` are the channels of captions that some variant's picture carries.
pub(crate) fn master(variants: &[Variant], sounds: &[Sound], closed: &BTreeSet<String>) -> String {
    // Where one variant says NONE, all must (rfc8216bis §4.4.6.2).
    let has_captions = !closed.is_empty();
    let streams = variants
        .iter()
        .map(|variant| variant.stream(sounds, has_captions));
    let i_frames = variants.iter().map(Variant::i_frame_stream);
    let playlist = MasterPlaylist {
        version: Some(VERSION),
        alternatives: [alternatives(sounds), closed_captions(closed)].concat(),
        variants: streams.chain(i_frames).collect(),
        independent_segments: true,
        ..Default::default()
    };
    text(|out| playlist.write_to(out))
}

/// A sound each; all names differ, and of each language one is chosen without asking
/// (rfc8216bis §4.4.6.1.1).
fn alternatives(sounds: &[Sound]) -> Vec<AlternativeMedia> {
    let language = |sound: &Sound| sound.spoken.language.clone();
    let mut names: Vec<String> = Vec::new();
    let alternatives = sounds.iter().enumerate().map(|(number, sound)| {
        let is_same = |other: &Sound| language(other) == language(sound);
        let of_language = || sounds.iter().filter(|other| is_same(other));
        let preferred = of_language().find(|other| other.is_default);
        let preferred = preferred.or_else(|| of_language().next());
        let wished = sound
            .spoken
            .name
            .clone()
            .unwrap_or_else(|| "Audio".to_owned());
        let is_taken = names.contains(&wished);
        let name = if is_taken {
            format!("{wished} ({})", number + 1)
        } else {
            wished
        };
        names.push(name.clone());
        AlternativeMedia {
            media_type: AlternativeMediaType::Audio,
            uri: Some(sound.uri.clone()),
            group_id: SOUNDS.to_owned(),
            language: Some(language(sound).unwrap_or_else(|| "und".to_owned())),
            name,
            default: sound.is_default,
            autoselect: preferred.is_some_and(|preferred| std::ptr::eq(preferred, sound)),
            channels: Some(sound.channels.to_string()),
            ..Default::default()
        }
    });
    alternatives.collect()
}

/// A channel each (rfc8216bis §4.4.6.1): nothing says in which language it is.
fn closed_captions(channels: &BTreeSet<String>) -> Vec<AlternativeMedia> {
    let channels = channels.iter().map(|channel| AlternativeMedia {
        media_type: AlternativeMediaType::ClosedCaptions,
        group_id: CLOSED.to_owned(),
        language: Some("und".to_owned()),
        name: channel.clone(),
        autoselect: true,
        instream_id: Some(InstreamId::Other(channel.clone())),
        ..Default::default()
    });
    channels.collect()
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    // Memory takes all that is written to it, and names and numbers are all that is written.
    let _ = write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codecs(picture: Option<&str>, sound: Option<&str>) -> Codecs {
        Codecs {
            picture: picture.map(str::to_owned),
            sound: sound.map(str::to_owned),
            width: 1280,
            height: 720,
        }
    }

    fn variant(sound: Option<&str>) -> Variant {
        Variant {
            uri: "v0123456789/video.m3u8".to_owned(),
            i_frames: "v0123456789/iframes.m3u8".to_owned(),
            codecs: codecs(Some("avc1.64001f"), sound),
            frame_rate: 29.97,
            rates: Rates {
                peak: 3_129_288,
                average: 2_855_432,
            },
            i_frame_rates: Rates {
                peak: 400_000,
                average: 300_000,
            },
        }
    }

    fn sound(language: Option<&str>, is_default: bool, name: &str) -> Sound {
        Sound {
            uri: format!("v0123456789/{name}/audio.m3u8"),
            spoken: Spoken::new(language, None),
            is_default,
            channels: 2,
            codecs: codecs(None, Some(name)),
            rates: Rates {
                peak: 130_000,
                average: 128_000,
            },
        }
    }

    #[test]
    fn the_master_names_all_that_apples_validator_demands() {
        assert_eq!(
            master(&[variant(Some("mp4a.40.2"))], &[], &BTreeSet::new()),
            "#EXTM3U\n\
             #EXT-X-VERSION:6\n\
             #EXT-X-INDEPENDENT-SEGMENTS\n\
             #EXT-X-STREAM-INF:BANDWIDTH=3129288,AVERAGE-BANDWIDTH=2855432,\
             CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=29.97,CLOSED-CAPTIONS=NONE\n\
             v0123456789/video.m3u8\n\
             #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=400000,AVERAGE-BANDWIDTH=300000,\
             CODECS=\"avc1.64001f\",RESOLUTION=1280x720,URI=\"v0123456789/iframes.m3u8\"\n"
        );
    }

    #[test]
    fn sounds_apart_are_a_group_with_names_of_their_own() {
        let sounds = [
            sound(Some("eng"), false, "mp4a.40.2"),
            sound(Some("eng"), true, "mp4a.40.5"),
            sound(None, false, "mp4a.40.2"),
        ];
        let closed = BTreeSet::from(["CC1".to_owned(), "SERVICE1".to_owned()]);
        let master = master(&[variant(None)], &sounds, &closed);
        // rfc8216bis §4.4.6.1: no URI, and the channel by its number.
        let closed = "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"closed\",LANGUAGE=\"und\",NAME=\"CC1\",AUTOSELECT=YES,INSTREAM-ID=\"CC1\"\n\
                      #EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"closed\",LANGUAGE=\"und\",NAME=\"SERVICE1\",AUTOSELECT=YES,INSTREAM-ID=\"SERVICE1\"\n";
        assert!(master.contains(closed), "{master}");
        let media: Vec<&str> = master
            .lines()
            .filter(|line| line.contains("TYPE=AUDIO"))
            .collect();
        // rfc8216bis §4.4.6.1: one default, of one language one that is chosen without asking.
        assert_eq!(
            media,
            [
                "#EXT-X-MEDIA:TYPE=AUDIO,URI=\"v0123456789/mp4a.40.2/audio.m3u8\",GROUP-ID=\"audio\",\
                 LANGUAGE=\"en\",NAME=\"English\",CHANNELS=\"2\"",
                "#EXT-X-MEDIA:TYPE=AUDIO,URI=\"v0123456789/mp4a.40.5/audio.m3u8\",GROUP-ID=\"audio\",\
                 LANGUAGE=\"en\",NAME=\"English (2)\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\"",
                "#EXT-X-MEDIA:TYPE=AUDIO,URI=\"v0123456789/mp4a.40.2/audio.m3u8\",GROUP-ID=\"audio\",\
                 LANGUAGE=\"und\",NAME=\"Audio\",AUTOSELECT=YES,CHANNELS=\"2\"",
            ]
        );
        let stream = master
            .lines()
            .find(|line| line.starts_with("#EXT-X-STREAM-INF"));
        assert_eq!(
            stream.unwrap(),
            "#EXT-X-STREAM-INF:BANDWIDTH=3259288,AVERAGE-BANDWIDTH=2983432,\
             CODECS=\"avc1.64001f,mp4a.40.2,mp4a.40.5\",RESOLUTION=1280x720,FRAME-RATE=29.97,AUDIO=\"audio\",CLOSED-CAPTIONS=\"closed\""
        );
    }

    #[test]
    fn the_media_playlist_is_a_finished_one_of_version_6() {
        let segment = |name: &str, duration| (name.to_owned(), Segment { duration, bytes: 1 });
        let segments = [
            segment("seg_00000.m4s", 6.006),
            segment("seg_00001.m4s", 1.5),
        ];
        // By rfc8216bis §4.4: the order of tags is free, and a media sequence that starts at 0 goes
        // without saying.
        assert_eq!(
            media("init.mp4", &segments, 6),
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:6\n\
             #EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MAP:URI=\"init.mp4\"\n\
             #EXTINF:6.006,\nseg_00000.m4s\n#EXTINF:1.5,\nseg_00001.m4s\n#EXT-X-ENDLIST\n"
        );
    }

    #[test]
    fn the_playlist_of_i_frames_is_one_of_version_5() {
        let segment = Segment {
            duration: 2.0,
            bytes: 900,
        };
        let frame = IFrame {
            name: "seg_00000.m4s".to_owned(),
            offset: 4711,
            segment,
        };
        // By rfc8216bis §8: EXT-X-MAP beside EXT-X-I-FRAMES-ONLY needs 5, elsewhere 6.
        assert_eq!(
            i_frames("init.mp4", &[frame], 6),
            "#EXTM3U\n#EXT-X-VERSION:5\n#EXT-X-TARGETDURATION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n\
             #EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI=\"init.mp4\"\n\
             #EXT-X-BYTERANGE:900@4711\n#EXTINF:2,\nseg_00000.m4s\n#EXT-X-ENDLIST\n"
        );
    }
}
