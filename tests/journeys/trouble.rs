//! A bucket that misbehaves: what the viewer is told, what the operator is told, and who learns nothing.

use reelgate_tests::bucket::{Act, Bucket, Object, SECRET_ACCESS_KEY, Site, Then};
use reelgate_tests::client::{Answer, Ask};
use reelgate_tests::host::{Origin, Settings};
use reelgate_tests::world::{GAME, PAGE, World, key, path, path_with_token, session};

with_each_origin! {
    each_fault_has_its_status_and_its_line
    a_bucket_that_is_busy_is_asked_once_more
    a_bucket_that_never_answers_is_given_up
    a_kept_connection_that_closes_under_a_request_costs_nobody_an_answer
    an_error_that_drips_is_given_up
    a_broken_transfer_is_broken_for_the_viewer
    a_lie_about_the_length_hurts_no_other_request
    a_bucket_that_is_not_there_is_asked_again_and_again
}

/// A fault that no retry mends.
struct Fault {
    act: Act,
    status: u16,
    /// What the operator reads.
    line: &'static str,
}

fn fault(act: Act, status: u16, line: &'static str) -> Fault {
    Fault { act, status, line }
}

const LOCATION: &str = "Location: http://elsewhere.example/\r\n";

fn faults() -> Vec<Fault> {
    let redirect = |status| Act::RefuseWith(status, "PermanentRedirect", LOCATION);
    let head = "HTTP/1.1 200 OK\r\n";
    vec![
        fault(Act::Refuse(404, "NoSuchKey"), 404, ""),
        fault(
            Act::Refuse(403, "AccessDenied"),
            502,
            "bucket AccessDenied for KEY: check s3_access_key_id",
        ),
        fault(
            Act::Refuse(403, "SignatureDoesNotMatch"),
            502,
            "bucket SignatureDoesNotMatch for KEY: check s3_secret_access_key",
        ),
        fault(
            Act::Refuse(403, "InvalidAccessKeyId"),
            502,
            "bucket InvalidAccessKeyId for KEY: check s3_access_key_id",
        ),
        fault(
            Act::Refuse(404, "NoSuchBucket"),
            502,
            "bucket NoSuchBucket for KEY: check s3_bucket",
        ),
        fault(
            Act::Refuse(401, "Unauthorized"),
            502,
            "bucket Unauthorized for KEY: check s3_access_key_id",
        ),
        fault(
            Act::Refuse(400, "ExpiredRequest"),
            502,
            "bucket ExpiredRequest for KEY: check this machine's clock",
        ),
        fault(
            Act::Refuse(500, "InternalError"),
            502,
            "bucket InternalError for KEY",
        ),
        fault(
            Act::Refuse(501, "NotImplemented"),
            502,
            "bucket NotImplemented for KEY",
        ),
        fault(
            redirect(301),
            502,
            "bucket PermanentRedirect for KEY: check s3_endpoint",
        ),
        fault(
            redirect(302),
            502,
            "bucket PermanentRedirect for KEY: check s3_endpoint",
        ),
        fault(
            redirect(307),
            502,
            "bucket PermanentRedirect for KEY: check s3_endpoint",
        ),
        fault(
            Act::say("SSH-2.0-OpenSSH_9.2p1\r\n"),
            502,
            "bucket broke the connection for KEY",
        ),
        fault(
            Act::say([0_u8, 159, 146, 150]),
            502,
            "bucket broke the connection for KEY",
        ),
        fault(Act::say(""), 502, "bucket broke the connection for KEY"),
        fault(
            Act::say("HTTP/1.1 200 OK\r\nContent-Le"),
            502,
            "bucket broke the connection for KEY",
        ),
        fault(
            Act::say(format!(
                "{head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"
            )),
            502,
            "for KEY: check that s3_endpoint is an S3 server",
        ),
        fault(
            Act::say(format!("{head}Content-Length: -1\r\n\r\n")),
            502,
            "for KEY: check that s3_endpoint is an S3 server",
        ),
        fault(
            Act::say(
                "HTTP/1.1 206 Partial\r\nContent-Length: 2\r\nContent-Range: bytes 0-1/8\r\n\r\nab",
            ),
            502,
            "bucket sent a success that was not asked for for KEY",
        ),
        fault(
            Act::say(format!(
                "{head}Content-Length: 2\r\nContent-Range: bytes 0-1/8\r\n\r\nab"
            )),
            502,
            "bucket sent a part under the status of the whole for KEY",
        ),
        fault(
            Act::say("HTTP/1.1 204 None\r\n\r\n"),
            502,
            "bucket sent a success that was not asked for",
        ),
        fault(
            Act::say("HTTP/1.1 304 Same\r\n\r\n"),
            502,
            "bucket status 304 for KEY",
        ),
        fault(
            Act::say("HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n"),
            502,
            "bucket status 416 for KEY",
        ),
    ]
}

fn assert_is_made_here(answer: &Answer, what: &str) {
    assert_eq!(
        answer.header("cache-control"),
        "private, no-store",
        "{what}"
    );
    assert_eq!(
        answer.header("content-type"),
        "text/plain; charset=utf-8",
        "{what}"
    );
    assert_eq!(answer.session(), None, "{what}");
    assert_eq!(answer.header("access-control-allow-origin"), PAGE, "{what}");
    for name in ["location", "server", "x-amz-request-id", "etag"] {
        assert_eq!(answer.header(name), "", "{what}");
    }
    let text = answer.text();
    assert!(
        !text.contains("<Error>") && text.len() < 40,
        "{what}: {text}"
    );
}

async fn each_fault_has_its_status_and_its_line(origin: Origin) {
    let world = World::start(origin).await;
    for (number, fault) in faults().into_iter().enumerate() {
        let file = format!("fault-{number}.m4s");
        let what = format!("{:?}", fault.act);
        world.put(&file, "pictures");
        world.bucket.always(&key(&file), fault.act);
        let ask = world.client().get(path_with_token(&file));
        let answer = ask.header("origin", PAGE).send().await;
        assert_eq!(answer.status, fault.status, "{what}");
        assert_is_made_here(&answer, &what);
        // Once, but for a server's own fault, and where a kept connection may have broken under the request.
        let asks = match fault.line {
            line if line.contains("InternalError") => 2..=2,
            line if line.contains("broke the connection") => 1..=2,
            _ => 1..=1,
        };
        let asked = world.bucket.seen_for(&key(&file)).len();
        assert!(asks.contains(&asked), "{what}: {asked}");
        let line = fault.line.replace("KEY", &key(&file));
        let told = if fault.status == 404 {
            None
        } else {
            Some(world.journal().message(&line).await)
        };
        let component = told.map(|told| told.component);
        assert!(
            component.is_none_or(|name| ["origin", "games"].contains(&name.as_str())),
            "{what}"
        );
    }
    // A 403 to HEAD does not say why.
    world
        .bucket
        .always(&key("a.m4s"), Act::Refuse(403, "AccessDenied"));
    let head = world
        .client()
        .head(path("a.m4s"))
        .cookie(&session())
        .send()
        .await;
    assert_eq!(head.status, 502);
    world
        .journal()
        .message("bucket status 403 for games/2025001/a.m4s")
        .await;
    let log = world.finish().await;
    assert!(!log.contains("secret-resource") && !log.contains(SECRET_ACCESS_KEY));
}

async fn a_bucket_that_is_busy_is_asked_once_more(origin: Origin) {
    let world = World::start(origin).await;
    for (status, code) in [(500, "InternalError"), (502, "BadGateway")] {
        let file = format!("failed-{status}.m4s");
        world.put(&file, "pictures");
        world.bucket.once(&key(&file), Act::Refuse(status, code));
        let ask = world.client().get(path(&file)).cookie(&session());
        let answer = ask.send().await;
        assert_eq!((answer.status, answer.text()), (200, "pictures"));
        assert_eq!(world.bucket.seen_for(&key(&file)).len(), 2);
    }
    let busy = [
        Act::Refuse(503, "ServiceUnavailable"),
        Act::Refuse(503, "SlowDown"),
        Act::Refuse(429, "TooManyRequests"),
        Act::RefuseWith(503, "SlowDown", "Retry-After: 3600\r\n"),
    ];
    for (number, act) in busy.into_iter().enumerate() {
        let once = format!("once-{number}.m4s");
        world.put(&once, "pictures");
        world.bucket.once(&key(&once), act.clone());
        let answer = world
            .client()
            .get(path(&once))
            .cookie(&session())
            .send()
            .await;
        assert_eq!((answer.status, answer.text()), (200, "pictures"));
        assert_eq!(world.bucket.seen_for(&key(&once)).len(), 2);

        let always = format!("always-{number}.m4s");
        world.bucket.always(&key(&always), act.clone());
        let ask = world.client().get(path_with_token(&always));
        let answer = ask.header("origin", PAGE).send().await;
        assert_eq!(answer.status, 503);
        assert_is_made_here(&answer, &always);
        let seconds: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=10).contains(&seconds), "{seconds}");
        assert_eq!(world.bucket.seen_for(&key(&always)).len(), 2);
        let (Act::Refuse(_, code) | Act::RefuseWith(_, code, _)) = act else {
            unreachable!("all refuse")
        };
        let line = format!("bucket {code} for {}", key(&always));
        assert_eq!(world.journal().message(&line).await.level, "warning");
    }
    world.finish().await;
}

async fn a_bucket_that_never_answers_is_given_up(origin: Origin) {
    let world = World::start(origin).await;
    let half_a_head = Act::Say(b"HTTP/1.1 200 OK\r\nContent-".to_vec(), Then::Hang);
    world.bucket.always(&key("silent.m4s"), Act::hang());
    world.bucket.always(&key("half.m4s"), half_a_head);
    let client = world.client();
    let ask = |file: &str| client.get(path_with_token(file)).header("origin", PAGE);
    let started = std::time::Instant::now();
    let (silent, half) = tokio::join!(ask("silent.m4s").send(), ask("half.m4s").send());
    // The first byte within 10 s.
    let took = started.elapsed().as_secs();
    assert!((9..30).contains(&took), "{took} s");
    for (answer, file) in [(silent, "silent.m4s"), (half, "half.m4s")] {
        assert_eq!(answer.status, 504);
        assert_is_made_here(&answer, file);
        assert_eq!(
            world.bucket.seen_for(&key(file)).len(),
            1,
            "nobody waits twice"
        );
        let line = format!("bucket did not answer in time for {}", key(file));
        world.journal().message(&line).await;
    }
    world.finish().await;
}

/// As Node's servers do after 5 s without a request; players want a segment every 6.
async fn a_kept_connection_that_closes_under_a_request_costs_nobody_an_answer(origin: Origin) {
    let world =
        World::start_with(|settings| settings.origin(origin).arguments(["--workers", "1"])).await;
    let ask = |file: &str| world.client().get(path(file)).cookie(&session());
    world.put("first.m4s", "pictures");
    assert_eq!(ask("first.m4s").send().await.status, 200);
    for number in 0..10 {
        let file = format!("{number}.m4s");
        world.put(&file, "pictures");
        world.bucket.once(&key(&file), Act::say(Vec::new()));
        let answer = ask(&file).send().await;
        assert_eq!((answer.status, answer.text()), (200, "pictures"));
        assert_eq!(world.bucket.seen_for(&key(&file)).len(), 2);
        // That one had a connection of its own, which nobody keeps; this one's is kept.
        assert_eq!(ask("first.m4s").send().await.status, 200);
    }
    let log = world.finish().await;
    assert!(!log.contains("s3_endpoint"), "{log}");
}

/// Each byte in time, and the whole never.
async fn an_error_that_drips_is_given_up(origin: Origin) {
    let world = World::start(origin).await;
    let drip = Act::Drip(
        b"HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\n\r\n<Error>".to_vec(),
    );
    world.bucket.always(&key("a.m4s"), drip);
    let answer = world.client().get(path_with_token("a.m4s")).send().await;
    assert!(matches!(answer.status, 502 | 504), "{}", answer.status);
    world.bucket.abandoned(1).await;
    world.finish().await;
}

async fn a_broken_transfer_is_broken_for_the_viewer(origin: Origin) {
    const LENGTH: u64 = 1 << 20;
    let world = World::start(origin).await;
    let liar = format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\nnot that much");
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    let garbled = format!("{chunked}not a chunk\r\n");
    for (number, act) in [
        Act::Cut(0),
        Act::Cut(1),
        Act::Cut(300_000),
        Act::say(liar),
        Act::say(chunked),
        Act::say(garbled),
    ]
    .into_iter()
    .enumerate()
    {
        let file = format!("broken-{number}.m4s");
        world.put(&file, Object::zeros(LENGTH));
        world.bucket.always(&key(&file), act.clone());
        for (protocol, client) in [("1", world.client()), ("2", world.client().http2())] {
            let id = format!("broken-{number}-{protocol}");
            let ask = client.get(path(&file)).cookie(&session());
            assert_is_cut(
                ask.header("x-request-id", &id),
                &format!("{act:?} {protocol}"),
            )
            .await;
            let line = world.journal().request(&id).await;
            assert_eq!((line.status, line.complete), (200, false), "{act:?}");
            assert!(line.bytes < LENGTH);
        }
    }
    world.finish().await;
}

async fn assert_is_cut(ask: Ask, what: &str) {
    // HTTP/2 may reset the stream before the head is on its way.
    let Ok(mut answer) = ask.try_stream().await else {
        return;
    };
    assert_eq!(answer.status, 200, "{what}");
    let read = answer.count().await;
    assert!(
        read.is_err(),
        "{what}: {} bytes, and a proper end",
        read.unwrap_or_default()
    );
}

/// A bucket, or who stands in its place, sends more than it announced: an answer to nobody's question.
async fn a_lie_about_the_length_hurts_no_other_request(origin: Origin) {
    let world = World::start(origin).await;
    let evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL";
    let lie = format!("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood{evil}");
    world
        .bucket
        .always(&key("lie.m4s"), Act::Say(lie.into_bytes(), Then::Stay));
    world.put("true.m4s", "true");
    let ask = |file: &str| world.client().get(path(file)).cookie(&session());
    for _ in 0..20 {
        let answer = ask("lie.m4s").send().await;
        assert_eq!((answer.status, answer.text()), (200, "good"));
        assert_eq!(answer.header("content-length"), "4");
        let answer = ask("true.m4s").send().await;
        assert_eq!((answer.status, answer.text()), (200, "true"));
    }
    world.finish().await;
}

async fn a_bucket_that_is_not_there_is_asked_again_and_again(origin: Origin) {
    let site = Site::find();
    let address = site.address();
    let settings = Settings::new(address)
        .origin(origin)
        .variable("allowed_origins", PAGE);
    let host = settings.start().await;
    for _ in 0..2 {
        let ask = host.client().get(path_with_token("a.m4s"));
        let answer = ask.header("origin", PAGE).send().await;
        assert_eq!(answer.status, 503);
        assert_is_made_here(&answer, "no bucket");
        let seconds: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=10).contains(&seconds), "{seconds}");
    }
    let healthy = host.client().get("/healthz").send().await;
    assert_eq!(healthy.status, 200);
    let line = format!("bucket cannot be reached for games/{GAME}/a.m4s: check s3_endpoint");
    host.journal().message(&line).await;

    let bucket = site.open();
    bucket.put(&key("a.m4s"), "pictures");
    let answer = host.client().get(path_with_token("a.m4s")).send().await;
    assert_eq!((answer.status, answer.text()), (200, "pictures"));
    // And when it goes away and comes back, connections of before are no hindrance.
    bucket.close().await;
    let bucket = Bucket::start_at(address).await;
    bucket.put(&key("a.m4s"), "pictures");
    let answer = host.client().get(path_with_token("a.m4s")).send().await;
    assert_eq!((answer.status, answer.text()), (200, "pictures"));
    host.finish().await;
}
