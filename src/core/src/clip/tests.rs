//! Queries and playlists. What is expected follows from RFC 8216 and from playlists as ffmpeg writes them.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::*;

const MEDIA: &str = "#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:6
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI=\"init.mp4\"
#EXTINF:6.006000,
seg_00000.m4s
#EXTINF:6.006000,
seg_00001.m4s
#EXTINF:6.006000,
seg_00002.m4s
#EXTINF:2.002000,
seg_00003.m4s
#EXT-X-ENDLIST
";

fn game() -> GameId<'static> {
    GameId::new("2025001").unwrap()
}

fn clip(start: &str, end: &str) -> Clip {
    Clip::from_query(&format!("start={start}&end={end}")).unwrap()
}

/// The addresses of what is left, and where in the first of them the clip begins.
fn left(text: &str, start: &str, end: &str) -> (Vec<String>, String) {
    let cut = cut(text, &clip(start, end), "").unwrap();
    let addresses = cut.text.lines().filter(|line| !line.starts_with('#'));
    (
        addresses.map(ToString::to_string).collect(),
        cut.offset.to_string(),
    )
}

#[test]
fn a_query_is_a_clip_or_nonsense() {
    for (query, canonical) in [
        ("start=0&end=1", "start=0&end=1"),
        ("end=7.5&start=7", "start=7&end=7.5"),
        ("start=0.5&end=01.250000", "start=0.5&end=1.25"),
        ("start=1&end=0.30000000000000004e1", ""),
        ("start=0.30000000000000004&end=1", "start=0.3&end=1"),
        ("t=eyJ&start=1&end=2&x=y", "start=1&end=2"),
        (
            "start=1&end=2&rendition=v1%2Fvideo.m3u8",
            "start=1&end=2&rendition=v1/video.m3u8",
        ),
        (
            "start=1&end=2&rendition=a%2520b%26c.m3u8",
            "start=1&end=2&rendition=a%2520b%26c.m3u8",
        ),
        (
            "start=9999998&end=9999999.999999",
            "start=9999998&end=9999999.999999",
        ),
    ] {
        let read = Clip::from_query(query);
        let written = read.as_ref().map(Clip::to_query).unwrap_or_default();
        assert_eq!(written, canonical, "{query}");
        if let Ok(read) = read {
            assert_eq!(Clip::from_query(&written), Ok(read));
        }
    }
    for query in [
        "",
        "start=1",
        "end=1",
        "start=&end=1",
        "start=a&end=2",
        "start=-1&end=2",
        "start=%2B1&end=2",
        "start=1&end=NaN",
        "start=1&end=inf",
        "start=1&end=Infinity",
        "start=1&end=1e3",
        "start=0x1&end=2",
        "start=1.&end=2",
        "start=.5&end=2",
        "start=1,5&end=2",
        "start=1&end=2&start=1",
        "start=1&end=1",
        "start=2&end=1",
        "start=1&end=10000000",
        "start=1&end=99999999999999999999999",
        "start=%201&end=2",
        "start=%D9%A1&end=2",
        "start=1:00&end=2:00",
        "start=1&end=2&rendition=%ff",
        "start=1&end=2&rendition=a&rendition=b",
    ] {
        assert!(Clip::from_query(query).is_err(), "{query}");
    }
}

#[test]
fn a_rendition_is_a_playlist_of_the_game() {
    let stored = |rendition: &str| {
        let query = format!("start=1&end=2&rendition={rendition}");
        let key = Clip::from_query(&query).unwrap().stored(game())?;
        Some(key.as_str().to_string())
    };
    assert_eq!(
        stored("v1/video.m3u8").unwrap(),
        "games/2025001/v1/video.m3u8"
    );
    assert_eq!(stored("v%25201.m3u8").unwrap(), "games/2025001/v 1.m3u8");
    assert_eq!(stored("").unwrap(), "games/2025001/master.m3u8");
    for rendition in [
        "init.mp4",
        "clip.m3u8",
        "../2025002/master.m3u8",
        "/games/2025002/x.m3u8",
        "a//b.m3u8",
        "a%2500.m3u8",
        "https://evil.example/x.m3u8",
        "a%252Fb.m3u8",
        "video.m3u8%3Fx=1",
        "video.m3u8%23x",
        "session.json",
        "a\\b.m3u8",
        "%2e%2e/x.m3u8",
        "a%25252Fb.m3u8",
    ] {
        assert_eq!(stored(rendition), None, "{rendition}");
    }
}

#[test]
fn segments_that_overlap_are_left() {
    let all = [
        "seg_00000.m4s",
        "seg_00001.m4s",
        "seg_00002.m4s",
        "seg_00003.m4s",
    ];
    for (start, end, kept, offset) in [
        ("0", "1", 0..1, "0"),
        ("0", "6.006", 0..1, "0"),
        ("0", "6.006001", 0..2, "0"),
        ("6.006", "7", 1..2, "0"),
        ("6.005999", "7", 0..2, "6.005999"),
        ("7", "13", 1..3, "0.994"),
        ("0", "9999", 0..4, "0"),
        ("20.019999", "21", 3..4, "2.001999"),
    ] {
        let (addresses, found) = left(MEDIA, start, end);
        assert_eq!(addresses, all[kept], "{start} to {end}");
        assert_eq!(found, offset, "{start} to {end}");
    }
    // 3 × 6.006 + 2.002
    for start in ["20.02", "21", "9999998"] {
        let beyond = cut(MEDIA, &clip(start, "9999999"), "");
        assert_eq!(beyond.err(), Some(Uncut::Beyond), "{start}");
    }
}

#[test]
fn a_cut_playlist_is_whole() {
    let cut = cut(MEDIA, &clip("7", "13"), "v1/").unwrap();
    assert_eq!(
        cut.text,
        "#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MEDIA-SEQUENCE:1
#EXT-X-START:TIME-OFFSET=0.994,PRECISE=YES
#EXT-X-MAP:URI=\"v1/init.mp4\"
#EXTINF:6.006000,
v1/seg_00001.m4s
#EXTINF:6.006000,
v1/seg_00002.m4s
#EXT-X-ENDLIST
"
    );
}

/// RFC 8216 §4.3.2: what holds until something else does, and what counts on from before.
#[test]
fn what_stood_before_the_cut_still_holds() {
    let text = "#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:10
#EXT-X-DISCONTINUITY-SEQUENCE:3
#EXT-X-START:TIME-OFFSET=9
# a comment
#EXT-X-KEY:METHOD=AES-128,URI=\"k1\"
#EXT-X-MAP:URI=\"a.mp4\",BYTERANGE=\"700@0\"
#EXTINF:4,one
#EXT-X-BYTERANGE:100@700
a.mp4
#EXTINF:4,two
#EXT-X-BYTERANGE:200
a.mp4
#EXT-X-DISCONTINUITY
#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://k2\",KEYFORMAT=\"x\"
#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"/k3\",KEYFORMAT=\"y\"
#EXT-X-MAP:URI=\"b.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2025-10-09T08:53:20Z
#EXTINF:4,three
#EXT-X-BYTERANGE:300@0
b.mp4
#EXT-X-DISCONTINUITY
#EXTINF:4,four
#EXT-X-BYTERANGE:400
b.mp4
#EXT-X-ENDLIST
";
    let of = |start, end| cut(text, &clip(start, end), "v/").unwrap().text;
    assert_eq!(
        of("5", "9"),
        "#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MEDIA-SEQUENCE:11
#EXT-X-DISCONTINUITY-SEQUENCE:3
#EXT-X-START:TIME-OFFSET=1,PRECISE=YES
#EXT-X-KEY:METHOD=AES-128,URI=\"v/k1\"
#EXT-X-MAP:URI=\"v/a.mp4\",BYTERANGE=\"700@0\"
#EXTINF:4,two
#EXT-X-BYTERANGE:200@800
v/a.mp4
#EXT-X-DISCONTINUITY
#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://k2\",KEYFORMAT=\"x\"
#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"/k3\",KEYFORMAT=\"y\"
#EXT-X-MAP:URI=\"v/b.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2025-10-09T08:53:20Z
#EXTINF:4,three
#EXT-X-BYTERANGE:300@0
v/b.mp4
#EXT-X-ENDLIST
"
    );
    assert_eq!(
        of("13", "14"),
        "#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MEDIA-SEQUENCE:13
#EXT-X-DISCONTINUITY-SEQUENCE:5
#EXT-X-START:TIME-OFFSET=1,PRECISE=YES
#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://k2\",KEYFORMAT=\"x\"
#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"/k3\",KEYFORMAT=\"y\"
#EXT-X-MAP:URI=\"v/b.mp4\"
#EXTINF:4,four
#EXT-X-BYTERANGE:400@300
v/b.mp4
#EXT-X-ENDLIST
"
    );
}

#[test]
fn what_is_no_playlist_of_segments_is_not_cut() {
    for text in [
        "",
        "#EXTM3U\n",
        "<html></html>",
        "#EXTINF:6,\na.m4s\n",
        "#EXTM3U\na.m4s\n",
        "#EXTM3U\n#EXTINF:six,\na.m4s\n",
        "#EXTM3U\n#EXTINF:-6,\na.m4s\n",
        "#EXTM3U\n#EXTINF:6,\n#EXT-X-BYTERANGE:7\na.m4s\n",
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nvideo.m3u8\n",
    ] {
        let uncut = cut(text, &clip("0", "1"), "");
        assert_eq!(uncut.err(), Some(Uncut::NotMedia), "{text:?}");
    }
    let dos = MEDIA.replace('\n', "\r\n");
    assert_eq!(left(&dos, "0", "1").0, ["seg_00000.m4s"]);
}

#[test]
fn a_multivariant_clip_names_clips_of_every_child() {
    let text = "#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-START:TIME-OFFSET=5
#EXT-X-SESSION-DATA:DATA-ID=\"x\",URI=\"data.json\"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",URI=\"a1/audio.m3u8\"
#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"c\",NAME=\"URI=\",INSTREAM-ID=\"CC1\"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"elsewhere\",URI=\"https://cdn.example/s.m3u8\"
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"v1/iframes.m3u8\",CODECS=\"avc1\"
#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=1,URI=\"images.m3u8\"
#EXT-X-STREAM-INF:BANDWIDTH=2,CODECS=\"avc1,mp4a\",AUDIO=\"a\"

v1/video.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=3
https://cdn.example/video.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=4
v%202/video.m3u8
";
    let master = Master::parse(text).unwrap();
    let clip = clip("83.5", "97");
    let first = master.first(game()).unwrap();
    assert_eq!(first.as_str(), "games/2025001/v1/video.m3u8");
    let offset = Seconds::parse("5.43").unwrap();
    assert_eq!(
        master.of_clip(&clip, game(), offset),
        "#EXTM3U
#EXT-X-START:TIME-OFFSET=5.43,PRECISE=YES
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-SESSION-DATA:DATA-ID=\"x\",URI=\"data.json\"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",URI=\"clip.m3u8?start=83.5&end=97&rendition=a1/audio.m3u8\"
#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"c\",NAME=\"URI=\",INSTREAM-ID=\"CC1\"
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"clip.m3u8?start=83.5&end=97&rendition=v1/iframes.m3u8\",CODECS=\"avc1\"
#EXT-X-STREAM-INF:BANDWIDTH=2,CODECS=\"avc1,mp4a\",AUDIO=\"a\"
clip.m3u8?start=83.5&end=97&rendition=v1/video.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=4
clip.m3u8?start=83.5&end=97&rendition=v%25202/video.m3u8
"
    );
    for (address, named) in [
        ("v1/video.m3u8", true),
        ("v%202/video.m3u8", true),
        ("a1/audio.m3u8", true),
        ("v1/iframes.m3u8", true),
        ("v 2/video.m3u8", false),
        ("master.m3u8", false),
        ("data.json", false),
        ("images.m3u8", false),
        ("", false),
    ] {
        assert_eq!(master.names(address), named, "{address}");
    }
    assert!(Master::parse(MEDIA).is_none());
    assert!(Master::parse("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n").is_none());
}

proptest::proptest! {
    #[test]
    fn any_text_is_cut_or_refused(text: String, query: String) {
        let text = format!("#EXTM3U\n{text}");
        let _ = cut(&text, &clip("1", "2"), "v/");
        let _ = Clip::from_query(&query);
        if let Some(master) = Master::parse(&text) {
            let _ = master.of_clip(&clip("1", "2"), game(), Seconds::default());
        }
    }

    /// Every clip is a run of segments without a gap that covers the range as far as the film goes.
    #[test]
    fn a_clip_covers_its_range(durations in proptest::collection::vec(1_u32..9_000_000, 1..30), start in 0_u32..100_000_000, length in 1_u32..50_000_000) {
        let mut text = String::from("#EXTM3U\n#EXT-X-TARGETDURATION:9\n");
        for (number, micros) in durations.iter().enumerate() {
            text += &format!("#EXTINF:{}.{:06},\n{number}\n", micros / 1_000_000, micros % 1_000_000);
        }
        let seconds = |micros: u32| format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        let end = start.saturating_add(length);
        let total: u64 = durations.iter().map(|micros| u64::from(*micros)).sum();
        match cut(&text, &clip(&seconds(start), &seconds(end)), "") {
            Err(uncut) => {
                proptest::prop_assert_eq!(uncut, Uncut::Beyond);
                proptest::prop_assert!(total <= u64::from(start));
            }
            Ok(cut) => {
                let kept = cut.text.lines().filter(|line| !line.starts_with('#'));
                let kept: Vec<usize> = kept.map(|number| number.parse().unwrap()).collect();
                let (first, last) = (kept[0], kept[kept.len() - 1]);
                proptest::prop_assert_eq!(&kept, &(first..=last).collect::<Vec<_>>());
                let before: u64 = durations[..first].iter().map(|micros| u64::from(*micros)).sum();
                let behind: u64 = durations[..=last].iter().map(|micros| u64::from(*micros)).sum();
                proptest::prop_assert!(before <= u64::from(start) && u64::from(start) < before + u64::from(durations[first]));
                proptest::prop_assert!(behind >= u64::from(end).min(total));
                proptest::prop_assert!(behind - u64::from(durations[last]) < u64::from(end));
            }
        }
    }
}
