//! Films that a copy would spoil, packaged by the command and watched in Chromium by hls.js, and by Shaka Player where the
//! sound is odd: from the beginning, from the middle, and to the end.

use reelgate_tests::film::package_file;
use reelgate_tests::host::Settings;
use reelgate_tests::page::{Page, Script, Seen};
use reelgate_tests::portal::Jwt;
use reelgate_tests::s3::S3;
use reelgate_tests::spoiled::{SPOILED, Spoiled};
use tempfile::TempDir;

/// As which host the page is opened: of another site than the gate's.
const SITE: &str = "localhost";

#[tokio::test]
async fn every_kind_of_film_plays_to_its_end() {
    let s3 = S3::start().await;
    let page = Page::serve().await;
    let settings = Settings::new(s3.address()).variable("allowed_origins", &page.origin(SITE));
    let host = settings.start().await;
    let folder = TempDir::new().unwrap();
    let mut wrong = Vec::new();
    for (number, film) in SPOILED.iter().enumerate() {
        let game = format!("kind-{number}");
        package_file(&s3, &game, &film.make(folder.path())).await;
        let session = Jwt::session().claim("gid", game.as_str()).mint();
        let address = host.address();
        let master = format!("http://{address}/s/{session}/games/{game}/master.m3u8");
        let scripts: &[Script] = match film.has_odd_sound {
            true => &[Script::Hls, Script::Shaka],
            false => &[Script::Hls],
        };
        for script in scripts {
            let seen = page.play_by(*script, SITE, &master, false).await;
            wrong.extend(fault(film, &seen));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    host.finish().await;
}

/// What a viewer would complain of.
fn fault(film: &Spoiled, seen: &Seen) -> Option<String> {
    let is_watched = |seen: &Seen| {
        let (played, sought) = (&seen.played, seen.sought.as_ref()?);
        let duration = played.duration?;
        let is_whole = played.failure.is_none() && sought.failure.is_none() && sought.ended;
        (is_whole && played.time > 1.0 && sought.time > duration - 0.5).then_some(())
    };
    match is_watched(seen) {
        Some(()) => None,
        None => Some(format!("{}: {seen:?}", film.kind)),
    }
}
