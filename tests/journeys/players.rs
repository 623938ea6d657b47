//! ffmpeg as the player: a whole film, packaged and uploaded as a user would, every picture decoded.

use reelgate_tests::film::{self, FRAMES, Played};
use reelgate_tests::host::{Host, Origin, Settings};
use reelgate_tests::portal::Jwt;
use reelgate_tests::s3::S3;

with_each_origin! {
    a_film_plays_from_the_first_to_the_last_picture
}

/// Also a test of escapes.
const GAME: &str = "cup (1) + final";
const PATH: &str = "/games/cup%20%281%29%20%2B%20final";

fn assert_played(played: &Played, how: &str) {
    let Played { frames, outcome } = played;
    assert_eq!(outcome.code, Some(0), "{how}: {}", outcome.stderr);
    assert_eq!(outcome.stderr, "", "{how}");
    assert_eq!(*frames, FRAMES, "{how}");
}

async fn url(host: &Host, path: &str) -> String {
    format!("http://{}{path}", host.address())
}

async fn a_film_plays_from_the_first_to_the_last_picture(origin: Origin) {
    let s3 = S3::start().await;
    film::package(&s3, GAME).await;
    let host = Settings::new(s3.address()).origin(origin).start().await;
    let token = Jwt::for_game(GAME).mint();
    let master = url(&host, &format!("{PATH}/master.m3u8")).await;

    let plain = film::play(&master, &[]).await;
    assert_ne!(plain.outcome.code, Some(0));
    assert!(
        plain.outcome.stderr.contains("403"),
        "{}",
        plain.outcome.stderr
    );
    assert_eq!(plain.frames, 0);

    // The token buys a cookie, and ffmpeg keeps it for all that follows.
    let with_token = film::play(&format!("{master}?t={token}"), &[]).await;
    assert_played(&with_token, "token");
    let session = Jwt::session().claim("gid", GAME).mint();
    let header = format!("Cookie: reelgate_session={session}\r\n");
    assert_played(&film::play(&master, &["-headers", &header]).await, "cookie");
    let by_path = url(&host, &format!("/s/{session}{PATH}/master.m3u8")).await;
    assert_played(&film::play(&by_path, &[]).await, "path");
    host.finish().await;
}
