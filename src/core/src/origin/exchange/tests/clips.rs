use super::*;

const MASTER: &str = "#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=2
v1/video.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1
v2/video.m3u8
";

const MEDIA: &str = "#EXTM3U
#EXT-X-TARGETDURATION:6
#EXT-X-MAP:URI=\"init.mp4\"
#EXTINF:6,
0.m4s
#EXTINF:6,
1.m4s
#EXT-X-ENDLIST
";

const OF_MASTER: &str = "#EXTM3U
#EXT-X-START:TIME-OFFSET=1,PRECISE=YES
#EXT-X-STREAM-INF:BANDWIDTH=2
clip.m3u8?start=7&end=8&rendition=v1/video.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1
clip.m3u8?start=7&end=8&rendition=v2/video.m3u8
";

const OF_MEDIA: &str = "#EXTM3U
#EXT-X-TARGETDURATION:6
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MEDIA-SEQUENCE:1
#EXT-X-START:TIME-OFFSET=1,PRECISE=YES
#EXT-X-MAP:URI=\"v2/init.mp4\"
#EXTINF:6,
v2/1.m4s
#EXT-X-ENDLIST
";

const CHILD: &str = "start=7&end=8&rendition=v2/video.m3u8";

fn found(document: &str) -> Reply {
    let length = document.len().to_string();
    let headers = [("content-length", length.as_str()), ("etag", "\"stored\"")];
    says(200, &headers, document)
}

/// Asks for a clip; the bucket gives these replies, each of which must be wanted.
fn ask(method: Method, query: &str, headers: &[(&str, &str)], replies: Vec<Reply>) -> Outcome {
    let mut replies = VecDeque::from(replies);
    let target = format!("/games/7/clip.m3u8?{query}");
    let outcome = drive(method, &target, &fields(headers), |seen| {
        assert_eq!(seen.method, Method::Get);
        let names: Vec<&str> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["accept-encoding"],
            "the conditions are about the clip"
        );
        replies
            .pop_front()
            .unwrap_or_else(|| panic!("one request too many: {seen:?}"))
    });
    assert!(replies.is_empty(), "not asked for: {replies:?}");
    outcome
}

fn clip(query: &str, replies: Vec<Reply>) -> Outcome {
    ask(Method::Get, query, &[], replies)
}

fn paths(outcome: &Outcome) -> Vec<&str> {
    let paths = outcome
        .seen
        .iter()
        .map(|seen| seen.path_and_query.split('?').next());
    paths.map(Option::unwrap_or_default).collect()
}

#[test]
fn a_clip_is_made_of_the_stored_playlists() {
    let outcome = clip("start=7&end=8", vec![found(MASTER), found(MEDIA)]);
    assert_eq!(outcome.body.as_deref(), Some(OF_MASTER));
    assert_eq!(
        paths(&outcome),
        ["/films/games/7/master.m3u8", "/films/games/7/v1/video.m3u8"]
    );
    let outcome = clip(CHILD, vec![found(MASTER), found(MEDIA)]);
    assert_eq!(outcome.body.as_deref(), Some(OF_MEDIA));
    assert_eq!(
        paths(&outcome),
        ["/films/games/7/master.m3u8", "/films/games/7/v2/video.m3u8"]
    );
    assert_eq!(outcome.status, 200);
    let length = OF_MEDIA.len().to_string();
    assert_eq!(outcome.header("content-length"), Some(length.as_str()));
    assert_eq!(
        outcome.header("content-type"),
        Some("application/vnd.apple.mpegurl")
    );
    assert_eq!(outcome.header("accept-ranges"), None);
}

#[test]
fn head_and_conditions_are_about_the_clip() {
    let replies = || vec![found(MASTER), found(MEDIA)];
    let whole = clip(CHILD, replies());
    let tag = whole.header("etag").unwrap();
    assert_ne!(tag, "\"stored\"");
    let head = ask(Method::Head, CHILD, &[], replies());
    assert_eq!(
        (head.status, head.headers.clone()),
        (200, whole.headers.clone())
    );
    assert_eq!(head.body.as_deref(), Some(""));
    for (name, value, status) in [
        ("if-none-match", tag, 304),
        ("if-none-match", "\"stored\"", 200),
        ("if-match", tag, 200),
        ("if-match", "\"stored\"", 412),
        ("range", "bytes=0-1", 200),
        ("if-modified-since", "Sat, 01 Nov 2025 12:00:00 GMT", 200),
    ] {
        let outcome = ask(Method::Get, CHILD, &[(name, value)], replies());
        assert_eq!(outcome.status, status, "{name}: {value}");
    }
    let other = clip(&CHILD.replace("end=8", "end=12.1"), replies());
    assert_eq!(other.header("etag"), Some(tag), "the same segments");
}

#[test]
fn what_lies_beyond_the_end_is_416() {
    for query in ["start=12&end=13", "start=12&end=13&rendition=v2/video.m3u8"] {
        let outcome = clip(query, vec![found(MASTER), found(MEDIA)]);
        assert_eq!(outcome.status, 416);
        assert_eq!(outcome.note, None);
    }
}

#[test]
fn nonsense_asks_the_bucket_nothing() {
    for (query, status) in [
        ("", 400),
        ("start=8&end=7", 400),
        ("start=7&end=8&rendition=a.mp4", 404),
        ("start=7&end=8&rendition=../8/master.m3u8", 404),
    ] {
        assert_eq!(clip(query, Vec::new()).status, status, "{query}");
    }
    let post = ask(Method::Other, CHILD, &[], Vec::new());
    assert_eq!(post.status, 405);
}

#[test]
fn a_rendition_that_the_game_does_not_name_is_not_there() {
    let query = "start=7&end=8&rendition=v3/video.m3u8";
    assert_eq!(clip(query, vec![found(MASTER)]).status, 404);
    assert_eq!(clip(CHILD, vec![found(MEDIA)]).status, 404);
}

#[test]
fn a_game_of_one_playlist_is_cut_as_well() {
    let outcome = clip("start=7&end=8", vec![found(MEDIA)]);
    let expected = OF_MEDIA.replace("v2/", "");
    assert_eq!(outcome.body, Some(expected));
}

#[test]
fn the_buckets_trouble_is_that_of_every_object() {
    let missing = || s3_error(404, "NoSuchKey");
    assert_eq!(clip(CHILD, vec![missing()]).status, 404);
    assert_eq!(clip(CHILD, vec![found(MASTER), missing()]).status, 404);
    let denied = clip(CHILD, vec![s3_error(403, "AccessDenied")]);
    assert_eq!(denied.status, 502);
    assert_eq!(
        denied.note.unwrap().bucket_code.as_deref(),
        Some("AccessDenied")
    );
    let busy = || says(503, &[], "");
    let outcome = clip(CHILD, vec![found(MASTER), busy(), found(MEDIA)]);
    assert_eq!((outcome.status, outcome.pauses.len()), (200, 1));
    let down = || Reply::Fails(Failure::Connect);
    let outcome = clip(CHILD, vec![down(), down()]);
    assert_eq!(outcome.status, 503);
    assert_eq!(outcome.header("retry-after"), Some("4"));
}

#[test]
fn a_playlist_that_cannot_be_cut_is_told() {
    let encoded = says(200, &[("content-encoding", "gzip")], MASTER);
    let long = format!("{MASTER}{}", "#\n".repeat(1024 * 1024));
    for (replies, says) in [
        (vec![encoded], "is stored encoded"),
        (vec![found(&long)], "is longer than 2 MiB"),
        (vec![says(200, &[], b"#EXTM3U\n\xff")], "is not UTF-8"),
        (vec![found("<html>")], "is no playlist of segments"),
        (
            vec![found(MASTER), found(MASTER)],
            "is no playlist of segments",
        ),
        (
            vec![found(&MASTER.replace('v', "https://v"))],
            "names no variant of this game",
        ),
    ] {
        let outcome = clip("start=7&end=8", replies);
        assert_eq!(outcome.status, 502, "{says}");
        let note = outcome.note.unwrap().to_string();
        assert!(note.contains(says), "{note}");
    }
}

#[test]
fn a_playlist_that_does_not_come_to_its_end_is_no_playlist() {
    let (config, headers) = (config(), fields(&[("etag", "\"stored\"")]));
    for (failure, status) in [(Failure::TimedOut, 504), (Failure::Broken, 502)] {
        let request = Request {
            method: Method::Get,
            target: "/games/7/clip.m3u8?start=7&end=8",
            headers: &fields(&[]),
        };
        let (mut clip, _) = Dialogue::start(&request, &config, NOW);
        let head = Event::Head {
            status: 200,
            headers: &headers,
        };
        let step = clip.next(head, NOW, JITTER);
        assert!(matches!(step, Step::Read { .. }), "{step:?}");
        let Step::Answer(answer) = clip.next(Event::<Fields>::Failed(failure), NOW, JITTER) else {
            panic!("{failure:?}")
        };
        assert_eq!(answer.head.status, status);
        assert!(clip.take_note().is_some());
    }
}
