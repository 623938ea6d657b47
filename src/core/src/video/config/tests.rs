use alloc::vec::Vec;

use super::*;
use crate::time::UnixTime;

const GOOD: [(&str, &str); 5] = [
    ("stream_enabled", "true"),
    ("cloudflare_account_id", "acc1"),
    ("cf_stream_api_token", "token"),
    ("stream_source_origin", "https://video.example"),
    ("cf_stream_webhook_secret", "whsec-0123456789"),
];

const ADMIN: &str = "an-operators-token-0123456789abc";

fn lookup(variables: &[(&str, &str)], name: &str) -> Option<String> {
    let (_, value) = variables.iter().rev().find(|(own, _)| *own == name)?;
    Some((*value).to_string())
}

fn transcoder(more: &[(&str, &str)]) -> Result<Transcoder, Vec<&'static str>> {
    let variables = [&GOOD[..], more].concat();
    Transcoder::from_lookup(&|name: &str| lookup(&variables, name))
        .map_err(|problems| problems.0.iter().map(|problem| problem.variable).collect())
}

#[test]
fn what_is_missing_switches_stream_off() {
    let off = |name: &'static str, value| match transcoder(&[(name, value)]) {
        Ok(Transcoder::Off(reason)) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(off("stream_enabled", "false"), "stream_enabled is not true");
    assert_eq!(off("stream_enabled", ""), "stream_enabled is not true");
    for (name, _) in &GOOD[1..] {
        assert_eq!(off(name, ""), alloc::format!("{name} is not set"));
        assert_eq!(off(name, " "), alloc::format!("{name} is not set"));
    }
    assert!(matches!(transcoder(&[]), Ok(Transcoder::On(_))));
}

#[test]
fn what_cannot_be_used_is_a_problem() {
    for (name, value) in [
        ("cloudflare_account_id", "a/b"),
        ("cloudflare_account_id", ".."),
        ("cf_stream_api_token", "a b"),
        ("cf_stream_api_base", "api.cloudflare.com"),
        ("cf_stream_api_base", "https://api.cloudflare.com/client/v4"),
        ("stream_source_origin", "https://video.example/path"),
        ("stream_source_origin", "video.example"),
        ("cf_stream_webhook_secret", "whsec-012345678"),
        (
            "cf_stream_webhook_secret",
            "whsec-0123456789,whsec-012345678",
        ),
    ] {
        let problems = transcoder(&[(name, value)]).map(|_| ());
        assert_eq!(problems, Err(alloc::vec![name]), "{value}");
    }
    // All of it at once, and although something is missing too.
    let several = transcoder(&[
        ("cf_stream_api_token", ""),
        ("cloudflare_account_id", "a/b"),
        ("stream_source_origin", "video.example"),
        ("cf_stream_webhook_secret", "short"),
    ]);
    assert_eq!(
        several.map(|_| ()),
        Err(alloc::vec![
            "cloudflare_account_id",
            "stream_source_origin",
            "cf_stream_webhook_secret"
        ])
    );
    // Who is switched off is not bothered.
    let off = transcoder(&[("stream_enabled", "no"), ("cf_stream_api_base", "x")]);
    assert!(matches!(off, Ok(Transcoder::Off(_))));
}

#[test]
fn the_reconciler_waits_as_long_as_it_is_told() {
    let read = |value: &str| {
        let variables = [
            ("stuck_after_seconds", value),
            ("admin_token", "\n an-operators-token-0123456789abc "),
        ];
        Reconciler::from_lookup(&|name: &str| lookup(&variables, name))
    };
    for (value, expected) in [("", 300), ("0", 0), ("1", 1), (" 86400 ", 86_400)] {
        let config = read(value).unwrap();
        assert_eq!(config.stuck_after_seconds, expected);
        assert!(config.admin.unwrap().is(ADMIN));
    }
    for value in ["-1", "86401", "5m"] {
        assert!(read(value).is_err(), "{value}");
    }
}

const FILM: [(&str, &str); 4] = [
    ("s3_endpoint", "https://s3.example"),
    ("s3_bucket", "films"),
    ("s3_access_key_id", "reader"),
    ("s3_secret_access_key", "offilms"),
];

fn catalog(more: &[(&str, &str)]) -> Result<CatalogBucket, String> {
    let variables = [&FILM[..], more].concat();
    CatalogBucket::from_lookup(&|name: &str| lookup(&variables, name))
        .map_err(|problems| problems.to_string())
}

#[test]
fn a_catalog_is_kept_where_the_films_are_unless_something_else_is_said() {
    let signed = |more: &[(&str, &str)]| {
        let config = catalog(more).unwrap();
        let host = [("host", "s3.example")];
        let bucket = config.bucket();
        bucket.sign(crate::http::Method::Get, "/a", &host, &[], UnixTime(0))
    };
    let of_the_film = signed(&[]);
    assert!(of_the_film.starts_with("/films/a?"), "{of_the_film}");
    assert!(of_the_film.contains("Credential=reader%2F"));
    let empty = [("catalog_bucket", ""), ("catalog_access_key_id", "")];
    assert_eq!(signed(&empty), of_the_film);
    let own_bucket = signed(&[("catalog_bucket", "rows")]);
    assert!(own_bucket.starts_with("/rows/a?"));
    assert!(own_bucket.contains("Credential=reader%2F"));
    let pair = [
        ("catalog_access_key_id", "writer"),
        ("catalog_secret_access_key", "ofrows"),
    ];
    let own_pair = signed(&pair);
    assert!(own_pair.starts_with("/films/a?"));
    assert!(own_pair.contains("Credential=writer%2F"));
}

#[test]
fn what_is_wrong_with_a_catalog_is_said_at_once() {
    for (more, expected) in [
        (
            &[("catalog_access_key_id", "writer")][..],
            "catalog_secret_access_key is not set",
        ),
        (
            &[("catalog_secret_access_key", "ofrows")],
            "catalog_access_key_id is not set",
        ),
        (
            &[("catalog_bucket", "a/b"), ("s3_endpoint", "")],
            "s3_endpoint is not set; catalog_bucket is no bucket name: letters, digits, dots and hyphens",
        ),
        (
            &[("s3_bucket", ""), ("s3_region", "a b")],
            "s3_bucket is not set; s3_region is no region; `auto` is right for R2, `us-east-1` for most others",
        ),
    ] {
        assert_eq!(catalog(more).unwrap_err(), expected);
    }
}

#[test]
fn debug_shows_no_secret() {
    let shown = alloc::format!("{:?}", catalog(&[]).unwrap());
    assert!(shown.contains("/films"), "{shown}");
    assert!(
        !shown.contains("offilms") && !shown.contains("reader"),
        "{shown}"
    );
}

#[test]
fn a_short_secret_is_named_with_all_else_that_is_wrong() {
    let from = |variables: &'static [(&str, &str)]| move |name: &str| lookup(variables, name);
    let webhook = Webhook::from_lookup(&from(&[("cf_stream_webhook_secret", "123456789012345")]));
    assert_eq!(
        webhook.unwrap_err().to_string(),
        "cf_stream_webhook_secret holds a secret of less than 16 bytes; `reelgate stream subscribe` prints the whole of it"
    );
    let short = "admin_token is shorter than 32 bytes; `openssl rand -hex 32` makes a good one";
    let reconciler = Reconciler::from_lookup(&from(&[
        ("admin_token", "an-operators-token-0123456789ab"),
        ("stuck_after_seconds", "5m"),
    ]));
    assert_eq!(
        reconciler.unwrap_err().to_string(),
        alloc::format!(
            "{short}; stuck_after_seconds is not a whole number of seconds from 0 to 86400"
        )
    );
    let videos = Videos::from_lookup(&from(&[
        ("admin_token", "hunter2"),
        ("s3_endpoint", "s3.example"),
        ("s3_bucket", "a/b"),
    ]));
    let problems = videos.unwrap_err();
    let variables: Vec<&str> = problems.0.iter().map(|problem| problem.variable).collect();
    assert_eq!(
        variables,
        [
            "admin_token",
            "s3_endpoint",
            "s3_bucket",
            "s3_access_key_id",
            "s3_secret_access_key"
        ]
    );
    assert!(!problems.to_string().contains("hunter2"), "{problems}");
}

#[test]
fn an_empty_secret_is_none() {
    let webhook = |value: &'static str| {
        let config = Webhook::from_lookup(&|_: &str| Some(value.to_string()));
        config.unwrap().secrets.is_some()
    };
    assert_eq!(
        [webhook(""), webhook("  "), webhook("  0123456789abcdef\n")],
        [false, false, true]
    );
    let videos = Videos::from_lookup(&|_: &str| None).unwrap();
    assert!(videos.admin.is_none() && videos.bucket.is_none());
    let half = |name: &str| (name == "s3_endpoint").then(|| "https://b".to_string());
    assert_eq!(Videos::from_lookup(&half).unwrap_err().0.len(), 3);
}
