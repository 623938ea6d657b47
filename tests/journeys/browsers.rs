//! hls.js in Chromium, on a page of another site.

use reelgate_tests::film::{self, SECONDS};
use reelgate_tests::host::{Host, Settings};
use reelgate_tests::page::{Failure, Page, Seen};
use reelgate_tests::portal::Jwt;
use reelgate_tests::s3::S3;
use reelgate_tests::tls::Certificate;
use reelgate_tests::world::GAME;

/// As which host the page is opened: of the gate's site, or of another.
const SAME_SITE: &str = "127.0.0.1";
const OTHER_SITE: &str = "localhost";

struct Cinema {
    page: Page,
    host: Host,
    scheme: &'static str,
    _s3: S3,
}

impl Cinema {
    async fn open() -> Self {
        Self::open_with("http", |settings| settings).await
    }

    async fn open_with(scheme: &'static str, change: impl FnOnce(Settings) -> Settings) -> Self {
        let s3 = S3::start().await;
        film::package(&s3, GAME).await;
        let page = Page::serve().await;
        let origins = [SAME_SITE, OTHER_SITE]
            .map(|host| page.origin(host))
            .join(",");
        let settings = Settings::new(s3.address()).variable("allowed_origins", &origins);
        let host = change(settings).start().await;
        Self {
            page,
            host,
            scheme,
            _s3: s3,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.host.address())
    }
}

fn assert_watched(seen: &Seen) {
    let Seen { played, sought, .. } = seen;
    assert_eq!(played.failure, None, "{seen:?}");
    assert!(played.time > 1.0 && played.frames > 10, "{seen:?}");
    let duration = played.duration.unwrap_or_default();
    assert!((duration - SECONDS as f64).abs() < 0.5, "{seen:?}");
    let sought = sought.as_ref().unwrap();
    assert_eq!(sought.failure, None, "{seen:?}");
    assert!(sought.ended && sought.time > duration - 0.5, "{seen:?}");
    assert!(sought.frames > played.frames, "{seen:?}");
    assert_eq!(seen.asked.status, 200);
    assert!(seen.asked.length.is_some(), "the page may read the length");
    assert!(
        seen.responses
            .iter()
            .all(|told| told.status == 200 || told.status == 206)
    );
}

/// Plays by token and cookie on a page of `site`.
async fn plays_by_cookie(cinema: Cinema, site: &str) {
    let token = Jwt::for_game(GAME).mint();
    let film = cinema.url(&format!("/games/{GAME}/master.m3u8?t={token}"));
    let seen = cinema.page.play(site, &film, true).await;
    assert_watched(&seen);
    // The token opened the master playlist, and the cookie all the rest; scripts see neither.
    assert!(seen.responses.len() > 4, "{seen:?}");
    for told in &seen.responses {
        assert_eq!(told.token, told.file == "master.m3u8", "{seen:?}");
    }
    assert_eq!(seen.cookies, "");
    cinema.host.finish().await;
}

#[tokio::test]
async fn a_film_plays_by_cookie_on_a_page_of_another_origin() {
    plays_by_cookie(Cinema::open().await, SAME_SITE).await;
}

/// In a window that keeps third-party cookies out, as this one does, one that is partitioned is let in.
#[tokio::test]
async fn a_film_plays_by_partitioned_cookie_on_a_page_of_another_site() {
    let certificate = Certificate::make();
    let cinema = Cinema::open_with("https", |settings| {
        let settings = settings.variable("cookie_partitioned", "true");
        settings.arguments(certificate.arguments())
    });
    plays_by_cookie(cinema.await, OTHER_SITE).await;
}

#[tokio::test]
async fn a_film_plays_by_path_without_cookies() {
    let cinema = Cinema::open().await;
    let session = Jwt::session().claim("gid", GAME).mint();
    let film = cinema.url(&format!("/s/{session}/games/{GAME}/master.m3u8"));
    assert_watched(&cinema.page.play(OTHER_SITE, &film, false).await);
    cinema.host.finish().await;
}

/// Segments of six seconds: the clip has those from second 6 to 18, and begins at second 10.
#[tokio::test]
async fn a_clip_begins_where_it_says_and_plays_to_its_end() {
    let cinema = Cinema::open().await;
    let session = Jwt::session().claim("gid", GAME).mint();
    let clip = format!("/s/{session}/games/{GAME}/clip.m3u8?start=10&end=13");
    let Seen { played, sought, .. } = cinema
        .page
        .play(OTHER_SITE, &cinema.url(&clip), false)
        .await;
    assert_eq!(played.failure, None, "{played:?}");
    assert!((4.0..12.0).contains(&played.time), "{played:?}");
    let duration = played.duration.unwrap_or_default();
    assert!((duration - 12.0).abs() < 0.5, "{played:?}");
    let sought = sought.unwrap();
    assert_eq!(sought.failure, None, "{sought:?}");
    assert!(sought.ended && sought.time > duration - 0.5, "{sought:?}");
    cinema.host.finish().await;
}

#[tokio::test]
async fn without_a_token_the_page_can_tell_why() {
    let cinema = Cinema::open().await;
    let film = cinema.url(&format!("/games/{GAME}/master.m3u8"));
    let seen = cinema.page.play(OTHER_SITE, &film, true).await;
    let failure = Failure {
        details: "manifestLoadError".into(),
        status: Some(403),
    };
    assert_eq!(seen.played.failure, Some(failure));
    assert_eq!(seen.played.frames, 0);
    assert_eq!(seen.asked.status, 403);
    assert_eq!(seen.asked.reason.as_deref(), Some("no_credential"));
    cinema.host.finish().await;
}
