//! Who watches the watchmen: the checks that every journey ends with can fail.

use reelgate_tests::bucket::{Act, Bucket, Site};
use reelgate_tests::client::Client;
use reelgate_tests::journal::assert_clean;
use reelgate_tests::portal::{self, Jwt};
use reelgate_tests::vectors::playback_tokens;

const LINE: &str =
    r#"{"time":"T","kind":"message","level":"info","component":"host","message":"MESSAGE"}"#;

#[test]
fn a_line_without_a_secret_is_clean() {
    assert_clean(LINE, &["hunter2"]);
}

#[test]
#[should_panic(expected = "`hunter2` in")]
fn a_secret_in_the_log_is_seen() {
    assert_clean(&LINE.replace("MESSAGE", "hunter2"), &["hunter2"]);
}

#[test]
#[should_panic(expected = "`eyJ` in")]
fn a_token_in_the_log_is_seen() {
    assert_clean(&LINE.replace("MESSAGE", &Jwt::session().mint()), &[]);
}

#[test]
#[should_panic(expected = "`X-Amz-` in")]
fn a_signed_url_in_the_log_is_seen() {
    assert_clean(&LINE.replace("MESSAGE", "GET /a?X-Amz-Signature=0"), &[]);
}

#[test]
#[should_panic(expected = "no line of a log")]
fn a_line_of_another_kind_is_seen() {
    assert_clean("thread 'main' panicked", &[]);
}

const SIGNED: &str = "/films/games/1/a?X-Amz-Signature=0";

async fn bucket_asked(target: &str, header: (&str, &str)) -> Bucket {
    let bucket = Bucket::start().await;
    let ask = Client::new(bucket.address()).get(target);
    assert_eq!(ask.header(header.0, header.1).send().await.status, 404);
    bucket
}

#[tokio::test]
async fn a_request_of_the_origins_shows_no_viewer() {
    bucket_asked(SIGNED, ("range", "bytes=0-1"))
        .await
        .assert_saw_no_viewer();
}

#[tokio::test]
#[should_panic(expected = "cookie in")]
async fn a_cookie_that_reaches_the_bucket_is_seen() {
    bucket_asked(SIGNED, ("cookie", "a=b"))
        .await
        .assert_saw_no_viewer();
}

#[tokio::test]
#[should_panic(expected = "t=x in")]
async fn a_token_that_reaches_the_bucket_is_seen() {
    let target = format!("{SIGNED}&t=x");
    bucket_asked(&target, ("range", "bytes=0-1"))
        .await
        .assert_saw_no_viewer();
}

#[tokio::test]
#[should_panic(expected = "not signed")]
async fn a_request_without_a_signature_is_seen() {
    let target = "/films/games/1/a?X-Amz-Date=0";
    bucket_asked(target, ("range", "bytes=0-1"))
        .await
        .assert_saw_no_viewer();
}

#[tokio::test]
#[should_panic(expected = "cut short")]
async fn a_body_that_breaks_off_is_seen() {
    let bucket = Bucket::start().await;
    bucket.put("a", "pictures");
    bucket.always("a", Act::Cut(3));
    Client::new(bucket.address()).get("/films/a").send().await;
}

#[tokio::test]
#[should_panic(expected = "somebody listens")]
async fn a_site_is_empty_until_it_opens() {
    let site = Site::find();
    Client::new(site.address()).get("/").send().await;
}

/// PyJWT's own: the portal of these tests signs as it does.
#[test]
fn our_portal_signs_as_pyjwt_does() {
    let vectors = playback_tokens();
    let signed = |name: &str| {
        let vector = vectors.iter().find(|vector| vector.name == name).unwrap();
        portal::is_signed_with(&vector.token, &vector.secrets)
    };
    assert!(signed("valid") && signed("gid_number") && signed("aud_list"));
    assert!(!signed("secret_wrong") && !signed("tampered_payload") && !signed("alg_none"));
}
