//! Clips: a part of a film without a new object, played by ffmpeg.

use reelgate_tests::client::Ask;
use reelgate_tests::film::{self, FRAMES};
use reelgate_tests::host::{Host, Origin, Settings};
use reelgate_tests::portal::Jwt;
use reelgate_tests::s3::S3;
use reelgate_tests::world::{GAME, PAGE, World, key, path, session};

with_each_origin! {
    ffmpeg_plays_the_segments_that_overlap_and_no_others
    a_clip_is_answered_as_every_playlist_is
    what_is_no_clip_is_refused
}

const MASTER: &str = "#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=2
v1/video.m3u8
";

/// Segments of six seconds, to second 18.
const VIDEO: &str = "#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:6
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI=\"init.mp4\"
#EXTINF:6,
0.m4s
#EXTINF:6,
1.m4s
#EXTINF:6,
2.m4s
#EXT-X-ENDLIST
";

const CHILD: &str = "clip.m3u8?start=7&end=9&rendition=v1/video.m3u8";

async fn world(origin: Origin) -> World {
    let world = World::start(origin).await;
    world.put("master.m3u8", MASTER);
    world.put("v1/video.m3u8", VIDEO);
    world
}

fn get(world: &World, file: &str) -> Ask {
    world.client().get(path(file)).cookie(&session())
}

/// The film has 25 pictures a second and a segment every six seconds, the last at second 18.
async fn ffmpeg_plays_the_segments_that_overlap_and_no_others(origin: Origin) {
    let s3 = S3::start().await;
    film::package(&s3, GAME).await;
    let host = Settings::new(s3.address()).origin(origin).start().await;
    let session = Jwt::session().claim("gid", GAME).mint();
    let cookie = format!("Cookie: reelgate_session={session}\r\n");
    for (query, frames) in [
        ("start=7&end=13", 300),
        ("start=0&end=1", 150),
        ("start=6&end=12", 150),
        ("start=19.5&end=60", 50),
        ("start=0&end=20", FRAMES),
    ] {
        let url = url(&host, &format!("/games/{GAME}/clip.m3u8?{query}"));
        let played = film::play(&url, &["-headers", &cookie]).await;
        assert_eq!(played.outcome.stderr, "", "{query}");
        assert_eq!(played.frames, frames, "{query}");
    }
    // The token buys a cookie; in the path there is none.
    let token = Jwt::for_game(GAME).mint();
    let by_token = format!("/games/{GAME}/clip.m3u8?start=7&end=13&t={token}");
    let by_path = format!("/s/{session}/games/{GAME}/clip.m3u8?start=7&end=13");
    for path in [by_token, by_path] {
        let played = film::play(&url(&host, &path), &[]).await;
        assert_eq!(played.outcome.stderr, "");
        assert_eq!(played.frames, 300);
    }
    host.finish().await;
}

fn url(host: &Host, path: &str) -> String {
    format!("http://{}{path}", host.address())
}

async fn a_clip_is_answered_as_every_playlist_is(origin: Origin) {
    let world = world(origin).await;
    let master = get(&world, "clip.m3u8?start=7&end=9").send().await;
    assert_eq!(
        master.text(),
        format!(
            "#EXTM3U\n#EXT-X-START:TIME-OFFSET=1,PRECISE=YES\n#EXT-X-STREAM-INF:BANDWIDTH=2\n{CHILD}\n"
        )
    );
    let child = get(&world, CHILD).header("origin", PAGE).send().await;
    assert_eq!(
        child.text(),
        "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n\
         #EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-START:TIME-OFFSET=1,PRECISE=YES\n\
         #EXT-X-MAP:URI=\"v1/init.mp4\"\n#EXTINF:6,\nv1/1.m4s\n#EXT-X-ENDLIST\n"
    );
    assert_eq!(
        child.header("content-type"),
        "application/vnd.apple.mpegurl"
    );
    assert_eq!(child.header("cache-control"), "private, max-age=60");
    assert_eq!(child.header("access-control-allow-origin"), PAGE);
    assert_eq!(child.header("x-content-type-options"), "nosniff");

    let head = world.client().head(path(CHILD)).cookie(&session());
    let head = head.send().await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), child.body.len().to_string());
    assert_eq!(head.header("etag"), child.header("etag"));
    let again = get(&world, CHILD).header("if-none-match", child.header("etag"));
    let again = again.send().await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("cache-control"), "private, max-age=60");

    // A token is swapped for a session here as everywhere, and goes no further.
    let token = Jwt::for_game(GAME).mint();
    let bought = world.client().get(path(&format!("{CHILD}&t={token}")));
    let bought = bought.send().await;
    assert!(bought.session().is_some());
    assert_eq!(bought.header("cache-control"), "private, no-store");
    assert_eq!(bought.text(), child.text());
    world.finish().await;
}

async fn what_is_no_clip_is_refused(origin: Origin) {
    let world = world(origin).await;
    for (query, status) in [
        ("", 400),
        ("?start=1", 400),
        ("?start=2&end=1", 400),
        ("?start=-1&end=1", 400),
        ("?start=NaN&end=1", 400),
        ("?start=0&end=1e9", 400),
        ("?start=0&end=99999999", 400),
        ("?start=1&end=2&rendition=init.mp4", 404),
        ("?start=1&end=2&rendition=..%2F2025002%2Fmaster.m3u8", 404),
    ] {
        let answer = get(&world, &format!("clip.m3u8{query}"))
            .header("origin", PAGE)
            .send()
            .await;
        assert_eq!(answer.status, status, "{query}");
        assert_eq!(answer.header("cache-control"), "private, no-store");
        assert_eq!(answer.header("access-control-allow-origin"), PAGE);
    }
    // None of these asked the bucket for anything; nor does who may not see the game.
    let stranger = world.client().get(path("clip.m3u8?start=1&end=2"));
    assert_eq!(stranger.send().await.status, 403);
    let other = Jwt::session().claim("gid", "2025002").mint();
    let other = world.client().get(path(CHILD)).cookie(&other);
    assert_eq!(other.send().await.status, 403);
    assert_eq!(world.bucket.seen().len(), 0);

    let unnamed = get(&world, "clip.m3u8?start=1&end=2&rendition=v2/video.m3u8");
    assert_eq!(unnamed.send().await.status, 404);
    for file in [
        "clip.m3u8?start=18&end=19",
        &CHILD.replace("7&end=9", "18&end=19"),
    ] {
        assert_eq!(get(&world, file).send().await.status, 416, "{file}");
    }
    world
        .bucket
        .put(&key("v1/video.m3u8"), "x".repeat(3_000_000));
    assert_eq!(get(&world, CHILD).send().await.status, 502);
    world.journal().message("longer than 2 MiB").await;
    world.finish().await;
}
