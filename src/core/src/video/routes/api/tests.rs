//! Requests to the videos API, and what is answered without asking the catalog.

use alloc::{vec, vec::Vec};

use serde_json::json;

use super::*;
use crate::{
    time::UnixTime,
    video::{Damaged, Page, Row, lifecycle::Refusal, routes::answers},
};

const TOKEN: &str = "operator";

fn asked(method: Method, target: &str, headers: &[(&str, &str)]) -> Result<Route, (u16, Value)> {
    let headers = [&[("Authorization", "bearer operator")], headers].concat();
    let request = Request {
        method,
        target,
        headers: &headers,
    };
    route(&request, Secret::new(TOKEN).as_ref()).map_err(|answer| told(&answer))
}

fn told(answer: &Answer) -> (u16, Value) {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["status"], answer.head.status);
    (answer.head.status, body)
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let (_, value) = answer.head.headers.iter().find(|(own, _)| *own == name)?;
    core::str::from_utf8(value).ok()
}

fn id(text: &str) -> VideoId {
    VideoId::new(text).unwrap()
}

#[test]
fn routes_are_those_of_the_table() {
    let json = [("content-type", "Application/JSON; charset=utf-8")];
    for (method, target, expected) in [
        (Method::Post, "/api/videos", Route::Create),
        (Method::Get, "/api/videos/v1", Route::Show(id("v1"))),
        (Method::Head, "/api/videos/v1?x", Route::Show(id("v1"))),
        (Method::Delete, "/api/videos/v.1", Route::Delete(id("v.1"))),
        (
            Method::Post,
            "/api/videos/v1/encode",
            Route::Encode(id("v1")),
        ),
        (Method::Post, "/api/videos/v1/retry", Route::Retry(id("v1"))),
    ] {
        assert_eq!(asked(method, target, &json), Ok(expected), "{target}");
    }
}

#[test]
fn what_has_no_route_is_refused() {
    for (method, target, status) in [
        (Method::Get, "/api/videos/", 404),
        (Method::Get, "/api/videos/..", 404),
        (Method::Get, "/api/videos/a%20b", 404),
        (Method::Get, "/api/videosx", 404),
        (Method::Post, "/api/videos/v1/encode/", 404),
        (Method::Post, "/api/videos/v1/other", 404),
        (Method::Put, "/api/videos", 405),
        (Method::Post, "/api/videos/v1", 405),
        (Method::Get, "/api/videos/v1/encode", 405),
        (Method::Post, "/api/videos", 415),
        (Method::Get, "/api/videos?limit=0", 400),
        (Method::Get, "/api/videos?limit=201", 400),
        (Method::Get, "/api/videos?limit=x", 400),
        (Method::Get, "/api/videos?limit=1&limit=2", 400),
        (Method::Get, "/api/videos?status=done", 400),
        (Method::Get, "/api/videos?cursor=a%2Fb", 400),
    ] {
        let (got, body) = asked(method, target, &[]).unwrap_err();
        assert_eq!(got, status, "{target}");
        let kind = body["type"].as_str().unwrap();
        assert!(kind.starts_with("urn:reelgate:problem:"), "{kind}");
    }
    let too_long = [
        ("content-type", "application/json"),
        ("content-length", "65537"),
    ];
    assert_eq!(asked(Method::Post, PATH, &too_long).unwrap_err().0, 413);
}

#[test]
fn who_may_ask_is_decided_first() {
    let secret = Secret::new(TOKEN);
    for (authorization, secret, status) in [
        (vec!["Bearer operator"], secret.as_ref(), 404),
        (vec!["Bearer operator "], secret.as_ref(), 404),
        (vec!["Bearer operato"], secret.as_ref(), 401),
        (vec!["Bearer operatorr"], secret.as_ref(), 401),
        (vec!["Basic operator"], secret.as_ref(), 401),
        (vec!["operator"], secret.as_ref(), 401),
        (vec!["Bearer "], secret.as_ref(), 401),
        (
            vec!["Bearer operator", "Bearer operator"],
            secret.as_ref(),
            401,
        ),
        (vec![], secret.as_ref(), 401),
        (vec!["Bearer operator"], None, 503),
        (vec!["Bearer "], None, 503),
    ] {
        let headers: Vec<_> = authorization
            .iter()
            .map(|value| ("authorization", *value))
            .collect();
        let request = Request {
            method: Method::Get,
            target: "/api/videos/a/b",
            headers: &headers,
        };
        let answer = route(&request, secret).unwrap_err();
        assert_eq!(answer.head.status, status, "{authorization:?}");
        let challenge = (status == 401).then_some("Bearer");
        assert_eq!(header(&answer, "www-authenticate"), challenge);
    }
}

#[test]
fn a_refused_method_tells_what_is_allowed() {
    for (target, allowed) in [
        ("/api/videos", "GET, HEAD, POST"),
        ("/api/videos/v1", "GET, HEAD, DELETE"),
        ("/api/videos/v1/retry", "POST"),
    ] {
        let headers = [("authorization", "Bearer operator")];
        let request = Request {
            method: Method::Other,
            target,
            headers: &headers[..],
        };
        let answer = route(&request, Secret::new(TOKEN).as_ref()).unwrap_err();
        assert_eq!(header(&answer, "allow"), Some(allowed));
    }
}

#[test]
fn a_listing_has_bounds_and_defaults() {
    let of = |query: &str| match asked(Method::Get, &format!("{PATH}?{query}"), &[]) {
        Ok(Route::List(listing)) => (listing.status, listing.cursor, listing.limit),
        other => panic!("{other:?}"),
    };
    assert_eq!(of(""), (None, None, 50));
    assert_eq!(of("status=&limit="), (None, None, 50));
    assert_eq!(
        of("status=ready&cursor=v.9&limit=200&other=1"),
        (Some(Status::Ready), Some(id("v.9")), 200)
    );
}

fn parsed(body: Value) -> Result<Registration, String> {
    Registration::parse(body.to_string().as_bytes())
        .map_err(|answer| told(&answer).1["detail"].as_str().unwrap().to_string())
}

#[test]
fn a_registration_says_what_is_wrong_with_it() {
    for (body, detail) in [
        (json!([]), "the body is no JSON object"),
        (json!({ "source_key": "a" }), "`id` is missing or no text"),
        (json!({ "id": "", "source_key": "a" }), "`id` is empty"),
        (
            json!({ "id": "a b", "source_key": "a" }),
            "`id` holds other characters than A-Z a-z 0-9 . _ -",
        ),
        (json!({ "id": "a" }), "`source_key` is missing or no text"),
        (
            json!({ "id": "a", "source_key": "" }),
            "`source_key` is empty",
        ),
        (
            json!({ "id": "a", "source_key": "b", "meta": [] }),
            "`meta` is no object",
        ),
        (
            json!({ "id": "a", "source_key": "b", "meta": { "x": "y".repeat(9000) } }),
            "`meta` is longer than 8192 bytes",
        ),
        (
            json!({ "id": "a", "source_key": "b", "upload": 1 }),
            "`upload` is neither true nor false",
        ),
        (
            json!({ "id": "a", "source_key": "b", "upload": true, "size": 1, "content_type": "mp4" }),
            "`content_type` is no media type like video/mp4",
        ),
        (
            json!({ "id": "a", "source_key": "b", "upload": true, "size": 1, "content_type": "a/b\n" }),
            "`content_type` is no media type like video/mp4",
        ),
    ] {
        assert_eq!(parsed(body), Err(detail.into()));
    }
    for size in [
        json!(null),
        json!(0),
        json!(5_368_709_121_u64),
        json!("1"),
        json!(1.5),
    ] {
        let body = json!({ "id": "a", "source_key": "b", "upload": true, "size": size });
        assert!(parsed(body).unwrap_err().starts_with("`size` is no number"));
    }
    for key in [
        "/a",
        "a/",
        "a//b",
        "a/../b",
        ".",
        "a\\b",
        "a\nb",
        &"a".repeat(1025),
    ] {
        assert!(
            parsed(json!({ "id": "a", "source_key": key })).is_err(),
            "{key}"
        );
    }
    let long = vec![b' '; MAX_BODY_BYTES + 1];
    assert_eq!(Registration::parse(&long).unwrap_err().head.status, 413);
    assert_eq!(Registration::parse(b"{").unwrap_err().head.status, 400);
}

#[test]
fn a_registration_is_read() {
    let key = "uploads/Größe (1)+a&b=c%20d~.mp4";
    let read = parsed(json!({
        "id": "v1", "source_key": key, "meta": { "n": 1 }, "upload": true,
        "size": 5_368_709_120_u64, "content_type": "video/mp4", "more": true,
    }))
    .unwrap();
    assert_eq!((read.id, read.source_key.as_str()), (id("v1"), key));
    assert_eq!(read.meta["n"], 1);
    let upload = read.upload.unwrap();
    assert_eq!(
        (upload.size, &*upload.content_type),
        (5_368_709_120, "video/mp4")
    );
    let plain = parsed(json!({ "id": "v1", "source_key": "a", "meta": null })).unwrap();
    assert_eq!((plain.meta.len(), plain.upload), (0, None));
}

fn row() -> Row {
    let key = SourceKey::new("a.mp4").unwrap();
    Row::register(id("v1"), key, Map::new(), UnixTime(1_760_000_000), [3; 16])
}

#[test]
fn a_row_is_shown_as_the_contract_says() {
    let created = answers::created(&row(), None);
    assert_eq!(created.head.status, 201);
    assert_eq!(header(&created, "location"), Some("/api/videos/v1"));
    let expected = json!({
        "id": "v1", "source_key": "a.mp4", "status": "uploading", "attempt": 0,
        "stream_uid": null, "hls_url": null, "dash_url": null, "thumbnail_url": null,
        "duration_seconds": null, "pct_complete": null, "error": null, "retry_at": null, "meta": {},
        "created_at": "2025-10-09T08:53:20Z", "updated_at": "2025-10-09T08:53:20Z",
        "history": [{ "at": "2025-10-09T08:53:20Z", "from": null, "to": "uploading", "cause": "register" }],
    });
    for answer in [
        &created,
        &answers::shown(&row()),
        &answers::accepted(&row()),
    ] {
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body, expected);
    }
    let mut page = Page {
        rows: vec![row()],
        next_cursor: Some(id("v1")),
        unreadable: vec![],
    };
    let body: Value = serde_json::from_slice(&answers::listed(&page).body).unwrap();
    assert_eq!(body, json!({ "videos": [expected], "next_cursor": "v1" }));
    page.unreadable.push(Damaged {
        id: id("v2"),
        reason: "row cannot be read: expected value".into(),
    });
    let body: Value = serde_json::from_slice(&answers::listed(&page).body).unwrap();
    let damaged = json!([{ "id": "v2", "reason": "row cannot be read: expected value" }]);
    assert_eq!(body["damaged"], damaged);
}

#[test]
fn a_conflict_tells_the_status() {
    let (status, body) = told(&answers::refused(Refusal::Status(Status::Ready)));
    assert_eq!(status, 409);
    assert_eq!(body["type"], "urn:reelgate:problem:conflict");
    assert_eq!(body["video_status"], "ready");
}
