//! Traces: what a collector of OpenTelemetry learns of a request, what it never does, and that no viewer waits for it.

use http::Method;
use reelgate_tests::bucket::{Act, Gate, Seen, Site};
use reelgate_tests::collector::{Collector, Manner, Reported, sends_to};
use reelgate_tests::deadline::within;
use reelgate_tests::host::{Origin, Settings};
use reelgate_tests::metrics::{ARGUMENTS, Samples};
use reelgate_tests::process::run;
use reelgate_tests::tls::Certificate;
use reelgate_tests::world::{GAME, World, key, path, path_with_token, session};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The examples of W3C Trace Context.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}

async fn world(collector: &Collector) -> World {
    World::start_with(|settings| collector.of(settings)).await
}

fn of_path<'a>(spans: &'a [Reported], path: &str) -> &'a Reported {
    let mut servers = spans.iter().filter(|span| span.is_server());
    let found = servers.find(|span| span.get("url.path") == path);
    found.unwrap_or_else(|| panic!("no span of {path} in {spans:#?}"))
}

fn children<'a>(spans: &'a [Reported], of: &Reported) -> Vec<&'a Reported> {
    spans.iter().filter(|span| span.parent == of.id).collect()
}

/// Ends the world, whose bucket may have got a `traceparent` and nothing else of a viewer.
async fn finish(world: World) {
    world.host.finish().await;
    for seen in world.bucket.seen() {
        let headers = seen
            .headers
            .iter()
            .filter(|(name, _)| name != "traceparent");
        let without = Seen {
            headers: headers.cloned().collect(),
            ..seen
        };
        without.assert_shows_no_viewer();
    }
}

/// Names and values: OpenTelemetry's semantic conventions for HTTP spans, 1.23 and later.
#[tokio::test]
async fn a_request_continues_its_clients_trace_to_the_bucket() {
    let collector = Collector::start().await;
    let world = world(&collector).await;
    world.put("a.m4s", "pictures");
    let ask = world.client().get(path("a.m4s")).cookie(&session());
    let ask = ask
        .header("traceparent", &traceparent("01"))
        .header("tracestate", "congo=t61rcWkgMzE")
        .header("user-agent", "VLC/3.0")
        .header("x-request-id", "traced");
    assert_eq!(ask.send().await.text(), "pictures");
    let spans = collector.requests(1).await;
    let request = of_path(&spans, &path("a.m4s"));
    assert_eq!((&*request.trace, &*request.parent), (TRACE, PARENT));
    assert_eq!(request.name, "GET /games/...");
    assert_eq!(request.service, "reelgate");
    assert!(!request.failed);
    let own = world.host.address();
    let port = own.port().to_string();
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.route", "/games/..."),
        ("http.response.status_code", "200"),
        ("http.response.body.size", "8"),
        ("url.scheme", "http"),
        ("server.address", "127.0.0.1"),
        ("server.port", &*port),
        ("network.protocol.version", "1.1"),
        ("user_agent.original", "VLC/3.0"),
        ("tls.protocol.version", ""),
        ("error.type", ""),
        ("reelgate.reason", ""),
    ] {
        assert_eq!(request.get(name), value, "{name}");
    }
    let [question] = children(&spans, request)[..] else {
        panic!("one question: {spans:#?}")
    };
    assert_eq!((&*question.trace, &*question.name), (TRACE, "GET"));
    assert!(!question.is_server() && !question.failed);
    let bucket = world.bucket.address();
    let port = bucket.port().to_string();
    let url = format!("http://{bucket}/films/games/{GAME}/a.m4s");
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.response.status_code", "200"),
        ("server.address", "127.0.0.1"),
        ("server.port", &*port),
        ("url.full", &*url),
        ("network.protocol.version", "1.1"),
    ] {
        assert_eq!(question.get(name), value, "{name}");
    }
    let asked = world.bucket.seen_for(&key("a.m4s"));
    let [seen] = &asked[..] else {
        panic!("one question: {asked:#?}")
    };
    let parent = format!("00-{TRACE}-{}-01", question.id);
    assert_eq!(seen.header("traceparent"), Some(&*parent));
    assert_eq!(seen.header("tracestate"), None);
    assert_eq!(world.journal().request("traced").await.trace_id, TRACE);
    finish(world).await;
}

#[tokio::test]
async fn no_credential_is_in_a_trace() {
    let collector = Collector::start().await;
    let world = world(&collector).await;
    world.put("a.m4s", "pictures");
    let (file, session) = (path("a.m4s"), session());
    let get = |target: String| world.client().get(target);
    let asks = [
        get(path_with_token("a.m4s")),
        get(file.clone()).cookie(&session),
        get(format!("/s/{session}{file}")),
        // Not what the gate takes, and as secret.
        get(format!("/s/{session}")),
        get(format!("/S/{session}{file}")),
        get(format!("/s%2F{session}{file}?t={session}")),
        get(file.clone()).bearer(&session),
    ];
    for ask in &asks {
        ask.clone().send().await;
    }
    let spans = collector.requests(asks.len()).await;
    let of_requests = spans.iter().filter(|span| span.is_server());
    let mut paths: Vec<&str> = of_requests.map(|span| span.get("url.path")).collect();
    paths.sort_unstable();
    let expected = [
        format!("/REDACTED{file}"),
        format!("/S/REDACTED{file}"),
        file.clone(),
        file.clone(),
        file.clone(),
        "/s/REDACTED".to_owned(),
        format!("/s/REDACTED{file}"),
    ];
    assert_eq!(paths, expected);
    let secret = reelgate_tests::bucket::SECRET_ACCESS_KEY;
    collector.assert_never_saw(&["eyJ", "X-Amz", "Signature", "user-1", secret]);
    finish(world).await;
}

#[tokio::test]
async fn what_fails_says_how() {
    let collector = Collector::start().await;
    let world = world(&collector).await;
    world.put("cut.m4s", vec![7; 100_000]);
    let refuse = Act::Refuse(500, "InternalError");
    world.bucket.always(&key("bad.m4s"), refuse);
    world.bucket.always(&key("cut.m4s"), Act::Cut(1000));
    let get = |file: &str| world.client().get(path(file));
    assert_eq!(get("a.m4s").send().await.status, 403);
    assert_eq!(get("bad.m4s").cookie(&session()).send().await.status, 502);
    let mut cut = get("cut.m4s").cookie(&session()).stream().await;
    assert!(cut.count().await.is_err());
    assert_eq!(world.client().get("/none").send().await.status, 404);
    let odd = Method::from_bytes(b"BREW").unwrap();
    assert_eq!(world.client().ask(odd, "/pot").send().await.status, 501);
    let spans = collector.requests(5).await;
    let span = |file: &str| of_path(&spans, &path(file));

    // That a viewer has no credential is no error of the host's.
    let refused = span("a.m4s");
    assert_eq!(refused.get("http.response.status_code"), "403");
    assert_eq!(refused.get("reelgate.reason"), "no_credential");
    assert_eq!((refused.failed, refused.get("error.type")), (false, ""));
    assert!(children(&spans, refused).is_empty());

    let bad = span("bad.m4s");
    assert_eq!((bad.failed, bad.get("error.type")), (true, "502"));
    let questions = children(&spans, bad);
    let seen = world.bucket.seen_for(&key("bad.m4s"));
    assert!(questions.len() > 1 && questions.len() == seen.len());
    for question in questions {
        assert_eq!((question.failed, question.get("error.type")), (true, "500"));
    }

    let cut = span("cut.m4s");
    assert_eq!(cut.get("http.response.status_code"), "200");
    assert_eq!((cut.failed, cut.get("error.type")), (true, "broken"));
    assert!(children(&spans, cut).iter().all(|question| question.failed));

    let none = of_path(&spans, "/none");
    assert_eq!((&*none.name, none.get("http.route")), ("GET", ""));
    assert!(!none.failed);

    let odd = of_path(&spans, "/pot");
    assert_eq!(odd.name, "_OTHER");
    assert_eq!(odd.get("http.request.method"), "_OTHER");
    assert_eq!(odd.get("http.request.method_original"), "BREW");
    finish(world).await;
}

#[tokio::test]
async fn a_span_ends_with_its_answer() {
    let collector = Collector::start().await;
    let world = world(&collector).await;
    world.put("film.m4s", vec![7; 200_000]);
    let gate = Gate::of_pieces(100_000);
    let through = Act::Through(gate.clone());
    world.bucket.always(&key("film.m4s"), through);
    let ask = world.client().get(path("film.m4s")).cookie(&session());
    let mut film = ask.stream().await;
    gate.open(1);
    film.exactly(100_000).await;
    world.client().get("/none").send().await;
    let before = collector.requests(1).await;
    assert_eq!(before.len(), 1, "{before:#?}");
    gate.open(1);
    film.exactly(100_000).await;
    drop(film);
    let after = collector.requests(2).await;
    let whole = of_path(&after, &path("film.m4s"));
    assert_eq!(whole.get("http.response.body.size"), "200000");
    assert_eq!(whole.get("reelgate.complete"), "");
    let [question] = children(&after, whole)[..] else {
        panic!("one question: {after:#?}")
    };
    assert!(question.nanoseconds > 0 && question.nanoseconds <= whole.nanoseconds);

    // A viewer who leaves: more is to come than any buffer holds.
    world.put("left.m4s", vec![7; 16_000_000]);
    let ask = world.client().get(path("left.m4s")).cookie(&session());
    let mut film = ask.stream().await;
    film.piece().await.unwrap();
    drop(film);
    let left = collector.requests(3).await;
    let left = of_path(&left, &path("left.m4s"));
    assert_eq!(
        (left.get("reelgate.complete"), left.failed),
        ("false", false)
    );
    finish(world).await;
}

/// The conventions write `2`, not `2.0`.
#[tokio::test]
async fn a_span_says_how_a_request_came_and_is_bounded() {
    let collector = Collector::start().await;
    let certificate = Certificate::make();
    let arguments = certificate.arguments();
    let world = World::start_with(|settings| collector.of(settings).arguments(arguments)).await;
    let long = "x".repeat(5000);
    let client = world.client().http2().tls(&certificate.client());
    let ask = client.get(format!("/{long}")).header("user-agent", &long);
    ask.header("tracestate", &long).send().await;
    let spans = collector.requests(1).await;
    let [span] = &spans[..] else {
        panic!("one span: {spans:#?}")
    };
    assert_eq!(span.get("network.protocol.version"), "2");
    assert_eq!(span.get("tls.protocol.version"), "1.3");
    assert_eq!(span.get("url.scheme"), "https");
    assert_eq!(span.get("user_agent.original"), &long[..256]);
    assert_eq!(span.get("url.path").len(), 1024);
    finish(world).await;
}

/// The component asks by itself: its questions are not the host's.
#[tokio::test]
async fn a_request_to_a_component_is_traced_as_well() {
    let collector = Collector::start().await;
    let component = |settings: Settings| collector.of(settings.origin(Origin::Component));
    let world = World::start_with(component).await;
    world.put("a.m4s", "pictures");
    let ask = world.client().get(path("a.m4s")).cookie(&session());
    assert_eq!(ask.send().await.status, 200);
    let spans = collector.requests(1).await;
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].get("http.route"), "/games/...");
    // Nobody's trace: a new one.
    assert_eq!((spans[0].trace.len(), &*spans[0].parent), (32, ""));
    finish(world).await;
}

#[tokio::test]
async fn the_client_or_a_ratio_decides_what_is_sampled() {
    for (sampler, expected) in [
        ("parentbased_always_on", &["no", "yes"][..]),
        ("parentbased_always_off", &["yes"]),
        ("always_on", &["no", "not", "yes"]),
    ] {
        let collector = Collector::start().await;
        let world = World::start_with(|settings| {
            collector
                .of(settings)
                .environment("OTEL_TRACES_SAMPLER", sampler)
        })
        .await;
        let get = |name: &str| world.client().get(format!("/{name}"));
        get("no").send().await;
        let not = get("not").header("traceparent", &traceparent("00"));
        not.send().await;
        let yes = get("yes").header("traceparent", &traceparent("01"));
        yes.header("x-request-id", "yes").send().await;
        assert_eq!(world.journal().request("yes").await.trace_id, TRACE);
        world.host.finish().await;
        let spans = collector.spans();
        let mut paths: Vec<&str> = spans
            .iter()
            .map(|span| &span.get("url.path")[1..])
            .collect();
        paths.sort_unstable();
        assert_eq!(paths, expected, "{sampler}");
    }
}

#[tokio::test]
async fn probes_are_not_traced_and_what_waits_is_sent_at_the_end() {
    let collector = Collector::start().await;
    let world = World::start_with(|settings| {
        collector
            .of(settings)
            .environment("OTEL_BSP_SCHEDULE_DELAY", "600000")
            .environment("OTEL_SERVICE_NAME", "films")
    })
    .await;
    for target in ["/healthz", "/readyz", "/none"] {
        world.client().get(target).send().await;
    }
    world.host.finish().await;
    let spans = collector.spans();
    let [span] = &spans[..] else {
        panic!("one span: {spans:#?}")
    };
    assert_eq!((span.get("url.path"), &*span.service), ("/none", "films"));
}

#[tokio::test]
async fn traces_are_off_unless_asked_for() {
    let collector = Collector::start().await;
    let off = [
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
    ];
    for (name, value) in off {
        let world =
            World::start_with(|settings| collector.of(settings).environment(name, value)).await;
        world.put("a.m4s", "pictures");
        let ask = world.client().get(path("a.m4s")).cookie(&session());
        let ask = ask
            .header("traceparent", &traceparent("01"))
            .header("x-request-id", "off");
        assert_eq!(ask.send().await.status, 200);
        assert_eq!(world.journal().request("off").await.trace_id, "");
        world.finish().await;
        assert!(collector.spans().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_at_the_start() {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_TRACES_SAMPLER", "xray"),
    ] {
        let settings = sends_to(nowhere, Settings::new(nowhere)).environment(name, value);
        let data = TempDir::new().unwrap();
        let outcome = run(&mut settings.command(data.path())).await;
        assert_eq!(outcome.code, Some(78), "{outcome:?}");
        let said = format!("error: {name} is not ");
        assert!(outcome.stderr.starts_with(&said), "{}", outcome.stderr);
    }
}

/// It serves as before, says once what is wrong, and ends in time.
async fn is_left_alone(world: World) {
    world.put("a.m4s", "pictures");
    for _ in 0..3 {
        let ask = world.client().get(path("a.m4s")).cookie(&session());
        assert_eq!(ask.send().await.text(), "pictures");
    }
    let asked = Instant::now();
    let log = world.host.finish().await;
    // A batch may take a minute here: who waits for one is not done by then.
    assert!(asked.elapsed() < Duration::from_secs(30));
    let lost = log.lines().filter(|line| line.contains("spans"));
    assert_eq!(lost.count(), 1, "{log}");
}

fn patient(settings: Settings) -> Settings {
    settings.environment("OTEL_EXPORTER_OTLP_TIMEOUT", "60000")
}

#[tokio::test]
async fn a_collector_that_is_away_costs_viewers_nothing() {
    let site = Site::find();
    let away = |settings| patient(sends_to(site.address(), settings));
    is_left_alone(World::start_with(away).await).await;
}

#[tokio::test]
async fn a_collector_that_hangs_or_refuses_costs_viewers_nothing() {
    for manner in [Manner::Hang, Manner::Refuse(500)] {
        let collector = Collector::start().await;
        collector.behave(manner);
        let world = World::start_with(|settings| patient(collector.of(settings))).await;
        world.client().get("/none").send().await;
        collector.asked(1).await;
        is_left_alone(world).await;
    }
}

/// Whatever a collector does, so many spans wait and no more.
#[tokio::test]
async fn spans_that_find_no_room_are_counted() {
    let collector = Collector::start().await;
    collector.behave(Manner::Hang);
    let world = World::start_with(|settings| {
        patient(collector.of(settings))
            .arguments(ARGUMENTS)
            .environment("OTEL_BSP_MAX_QUEUE_SIZE", "4")
    })
    .await;
    for _ in 0..10 {
        assert_eq!(world.client().get("/none").send().await.status, 404);
    }
    let address = world.host.metrics_address().await;
    let lost = |samples: &Samples| samples.get("reelgate_spans_lost_total") == 6.0;
    Samples::once(address, lost).await;
    let finished = within("the end", world.host.finish()).await;
    assert!(finished.contains("spans are lost"), "{finished}");
    assert!(
        finished.contains("4 spans were lost at the end"),
        "{finished}"
    );
}

/// What is lost while it is away is lost; what comes after arrives.
#[tokio::test]
async fn a_collector_that_comes_back_is_given_spans_again() {
    let collector = Collector::start().await;
    collector.behave(Manner::Refuse(400));
    let world = world(&collector).await;
    world.client().get("/lost").send().await;
    collector.asked(1).await;
    world.journal().message("spans are lost").await;
    collector.behave(Manner::Take);
    world.client().get("/found").send().await;
    let spans = collector.requests(1).await;
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].get("url.path"), "/found");
    finish(world).await;
}
