//! Tokens made elsewhere, over HTTP.

use reelgate_tests::vectors::playback_tokens;
use reelgate_tests::world::{PAGE, World};
use std::collections::BTreeMap;

/// As a query parameter: all but letters and digits escaped.
fn escaped(token: &str) -> String {
    percent_encoding::utf8_percent_encode(token, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[tokio::test]
async fn each_has_its_outcome_when_minted_lately() {
    let mut by_secrets: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for vector in playback_tokens() {
        let vectors = by_secrets.entry(vector.secrets.clone()).or_default();
        vectors.push(vector);
    }
    for (secrets, vectors) in by_secrets {
        let world =
            World::start_with(|settings| settings.variable("playback_token_secret", &secrets))
                .await;
        for vector in vectors {
            let game = &vector.game_id;
            let key = format!("games/{game}/master.m3u8");
            world.bucket.put(&key, "#EXTM3U");
            let before = world.bucket.seen().len();
            let target = format!("/{key}?t={}", escaped(&vector.of_today()));
            let answer = world
                .client()
                .get(target)
                .header("origin", PAGE)
                .send()
                .await;
            let asked = world.bucket.seen().len() - before;
            if vector.expect == "ok" {
                assert_eq!((answer.status, asked), (200, 1), "{}", vector.name);
                assert!(answer.session().is_some(), "{}", vector.name);
            } else {
                assert_eq!((answer.status, asked), (403, 0), "{}", vector.name);
                let reason = answer.header("x-reelgate-reason");
                assert_eq!(reason, vector.expect, "{}", vector.name);
            }
        }
        world.finish().await;
    }
}

#[tokio::test]
async fn none_opens_anything_long_after_its_time() {
    let world = World::start_with(|settings| {
        settings.variable("playback_token_secret", &playback_tokens()[0].secrets)
    })
    .await;
    for vector in playback_tokens() {
        let token = escaped(&vector.token);
        let target = format!("/games/{}/master.m3u8?t={token}", vector.game_id);
        let answer = world.client().get(target).send().await;
        assert_eq!(answer.status, 403, "{}", vector.name);
        assert_eq!(answer.text(), "Forbidden", "{}", vector.name);
        assert_eq!(answer.header("x-reelgate-reason"), "", "{}", vector.name);
    }
    assert!(world.bucket.seen().is_empty());
    world.finish().await;
}
