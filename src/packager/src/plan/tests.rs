//! Films as ffprobe describes them, and what is planned for them.

use super::*;

/// A film of 720 lines that is copied, with so many sounds.
pub(crate) fn film(sounds: u32) -> Plan {
    let video = Video {
        index: 0,
        treatment: Treatment::Copy,
        interlaced: false,
        tone_map: None,
        seen: (1280, 720),
        frame_rate: None,
        has_captions: false,
        duration: None,
    };
    let audio = |index| Audio {
        index,
        treatment: Treatment::Copy,
        spoken: Spoken::default(),
        is_default: index == 1,
        is_filled: false,
        channels: 2,
    };
    Plan {
        video,
        audio: (1..=sounds).map(audio).collect(),
        rungs: Vec::new(),
        duration: None,
        segment_seconds: 6.0,
        left_out: Vec::new(),
        long_gap: None,
        strict: false,
        thumbnails: false,
        copy_only: false,
        sounds_apart: false,
        lead: None,
        stretch: None,
        hold: None,
        pad: None,
    }
}

const WISHES: Wishes = Wishes {
    segment_seconds: 6.0,
    encode: false,
    strict: false,
    ladder: Ladder::Single,
    thumbnails: false,
    copy_only: false,
};

/// What ffprobe 5.1.9 said about a film made by ffmpeg; packets that decide nothing are left out.
macro_rules! probed {
    ($film:literal) => {
        serde_json::from_str::<Probe>(include_str!(concat!("probes/", $film, ".json"))).unwrap()
    };
}

fn video_reason(probe: &Probe) -> String {
    match plan(probe, WISHES).unwrap().video.treatment {
        Treatment::Copy => "copied".to_owned(),
        Treatment::Encode(reason) => reason,
    }
}

#[test]
fn h264_and_aac_are_copied() {
    let plan = plan(&probed!("h264_aac.mp4"), WISHES).unwrap();
    assert_eq!(plan.video.treatment, Treatment::Copy);
    assert_eq!(plan.video.duration, Some(10.0));
    let [sound] = plan.audio.as_slice() else {
        panic!("{:?}", plan.audio);
    };
    assert_eq!((sound.index, &sound.treatment), (1, &Treatment::Copy));
    assert!(sound.is_default && plan.is_muxed());
    assert_eq!(plan.left_out, Vec::<String>::new());
}

#[test]
fn a_transport_stream_is_copied_too() {
    let plan = plan(&probed!("ts.ts"), WISHES).unwrap();
    assert_eq!(plan.video.treatment, Treatment::Copy);
    assert_eq!(plan.audio[0].treatment, Treatment::Copy);
}

#[test]
fn what_players_may_not_decode_is_encoded() {
    assert_eq!(video_reason(&probed!("hevc_opus.mkv")), "is hevc, not h264");
    assert_eq!(
        video_reason(&probed!("ten_bit.mp4")),
        "is yuv420p10le, not yuv420p"
    );
    assert_eq!(video_reason(&probed!("interlaced.mkv")), "is interlaced");
    assert_eq!(
        video_reason(&probed!("turned.mp4")),
        "is to be turned by 90°"
    );
    let plan = plan(&probed!("hevc_opus.mkv"), WISHES).unwrap();
    assert_eq!(
        plan.audio[0].treatment,
        Treatment::Encode("is opus, not aac".to_owned())
    );
}

#[test]
fn key_frames_too_far_apart_are_told_and_made_anew_when_that_is_wished() {
    // This film has one key frame in 30 s.
    let film = probed!("long_gop.mp4");
    let copied = plan(&film, WISHES).unwrap();
    assert_eq!(copied.video.treatment, Treatment::Copy);
    assert_eq!(copied.long_gap, Some(30.0));
    let strict = Wishes {
        strict: true,
        ..WISHES
    };
    let encoded = plan(&film, strict).unwrap();
    let reason = "has key frames 30.0 s apart".to_owned();
    assert_eq!(encoded.video.treatment, Treatment::Encode(reason));
    assert_eq!(encoded.long_gap, None);
    let short = plan(&probed!("h264_aac.mp4"), strict).unwrap();
    assert_eq!(short.video.treatment, Treatment::Copy);
}

#[test]
fn a_copy_can_be_declined() {
    let wishes = Wishes {
        encode: true,
        ..WISHES
    };
    let plan = plan(&probed!("h264_aac.mp4"), wishes).unwrap();
    assert_eq!(
        plan.video.treatment,
        Treatment::Encode("was asked to be".to_owned())
    );
}

#[test]
fn a_silent_film_has_no_sound() {
    let plan = plan(&probed!("silent.mov"), WISHES).unwrap();
    assert_eq!(plan.video.treatment, Treatment::Copy);
    assert!(plan.audio.is_empty());
}

#[test]
fn of_two_sounds_both_are_packaged_and_the_default_is_begun_with() {
    let plan = plan(&probed!("two_sounds.mkv"), WISHES).unwrap();
    let sounds = plan
        .audio
        .iter()
        .map(|audio| (audio.index, audio.is_default));
    assert_eq!(sounds.collect::<Vec<_>>(), [(1, false), (2, true)]);
    assert_eq!(plan.audio[0].spoken.language.as_deref(), Some("en"));
    assert!(!plan.is_muxed() && plan.has_sounds_apart());
    assert_eq!(plan.left_out, Vec::<String>::new());
}

#[test]
fn what_does_not_move_is_no_film() {
    let reason = |probe: &Probe| plan(probe, WISHES).unwrap_err().to_string();
    assert_eq!(
        reason(&probed!("audio_only.m4a")),
        "is no video: it holds aac"
    );
    assert_eq!(
        reason(&probed!("song_with_cover.mp3")),
        "is no video: it holds mp3, png"
    );
}
