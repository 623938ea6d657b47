//! The same components on a host that is not ours: one file in plain `wasmtime serve`, and a bucket.

use http::Method;
use reelgate_fake_stream::{Fake, Mischief, Options};
use reelgate_tests::bucket::{Act, Bucket, Object, SECRET_ACCESS_KEY, Site};
use reelgate_tests::built::Wasmtime;
use reelgate_tests::client::Client;
use reelgate_tests::deadline::within;
use reelgate_tests::issuer::{Issuer, Key, NAME, claims};
use reelgate_tests::portal::SECRET;
use reelgate_tests::source::{self, good};
use reelgate_tests::studio::{self, ADMIN, FILM, WEBHOOK, ask, command, create, reconcile};
use reelgate_tests::wasmtime_serve::{Settings, WasmtimeServe};
use reelgate_tests::world::{GAME, PAGE, key, path, path_with_token};
use serde_json::{Value, json};
use tempfile::TempDir;

#[tokio::test]
async fn plain_wasmtime_streams_with_the_gate_alone_and_with_the_whole_application() {
    for line in Wasmtime::ALL {
        for file in ["gate-origin", "reelgate"] {
            viewers_are_served_by(line, file).await;
        }
    }
}

async fn viewers_are_served_by(line: Wasmtime, file: &str) {
    let bucket = Bucket::start().await;
    let film: Vec<u8> = (0..4_u32 << 20).map(|n| (n % 251) as u8).collect();
    bucket.put(
        &key("master.m3u8"),
        Object::from("#EXTM3U").of_type("application/vnd.apple.mpegurl"),
    );
    bucket.put(&key("film.m4s"), film.clone());
    bucket.put(&key("cut.m4s"), film.clone());
    bucket.always(&key("cut.m4s"), Act::Cut(1_000_000));
    bucket.always(&key("busy.m4s"), Act::Refuse(503, "SlowDown"));
    bucket.always(&key("denied.m4s"), Act::Refuse(403, "AccessDenied"));
    let settings = Settings::new(file, bucket.address()).variable("allowed_origins", PAGE);
    let host = settings.line(line).start().await;
    let client = host.client();

    let refused = client
        .get(path("master.m3u8"))
        .header("origin", PAGE)
        .send()
        .await;
    assert_eq!((refused.status, refused.text()), (403, "Forbidden"));
    assert_eq!(refused.header("x-reelgate-reason"), "no_credential");
    assert!(bucket.seen().is_empty());

    let answer = client.get(path_with_token("master.m3u8")).send().await;
    assert_eq!((answer.status, answer.text()), (200, "#EXTM3U"));
    // Nobody takes the header for the log out here, so it must not be there.
    assert_eq!(answer.header("x-reelgate-log"), "");
    let session = answer.session().unwrap().to_owned();
    let get = |file: &str| client.get(path(file)).cookie(&session);
    let whole = get("film.m4s").send().await;
    assert!(whole.status == 200 && whole.body == film);
    let part = get("film.m4s").header("range", "bytes=-1000").send().await;
    assert!(part.status == 206 && part.body == film[film.len() - 1000..]);
    let unchanged = get("film.m4s")
        .header("if-none-match", whole.header("etag"))
        .send()
        .await;
    assert_eq!(unchanged.status, 304);
    let head = client.head(path("film.m4s")).cookie(&session).send().await;
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, "4194304")
    );
    let outside = get("film.m4s")
        .header("range", "bytes=4194304-")
        .send()
        .await;
    assert_eq!(
        (outside.status, outside.header("content-range")),
        (416, "bytes */4194304")
    );
    let by_path = client
        .get(format!("/s/{session}{}", path("master.m3u8")))
        .send()
        .await;
    assert_eq!(by_path.status, 200);
    assert_eq!(get("none.m4s").send().await.status, 404);
    assert_eq!(get("busy.m4s").send().await.status, 503);
    assert_eq!(get("denied.m4s").send().await.status, 502);
    assert!(get("cut.m4s").stream().await.count().await.is_err());

    bucket.assert_saw_no_viewer();
    let log = host.log();
    assert!(
        log.contains("bucket AccessDenied for games/2025001/denied.m4s"),
        "{log}"
    );
    for secret in [SECRET, SECRET_ACCESS_KEY, "eyJ", "X-Amz-"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[tokio::test]
async fn plain_wasmtime_lets_stream_fetch_originals() {
    let bucket = Bucket::start().await;
    let film: Vec<u8> = (0..4_u32 << 20).map(|n| (n % 251) as u8).collect();
    let original = "uploads/Größe (1)+a&b=c%20d~.mp4";
    bucket.put(original, film.clone());
    let settings = Settings::new("reelgate", bucket.address());
    let host = settings.variable("cf_stream_webhook_secret", source::SECRET);
    let host = host.start().await;
    let client = host.client();

    let head = client.head(good(original)).send().await;
    assert_eq!(
        (head.status, head.header("content-range")),
        (200, "bytes 0-4194303/4194304")
    );
    let whole = client.get(good(original)).send().await;
    assert!(whole.status == 200 && whole.body == film);
    let ask = client.get(good(original)).header("range", "bytes=-1000");
    let part = ask.send().await;
    assert!(part.status == 206 && part.body == film[film.len() - 1000..]);
    assert_eq!(client.get(good("none.mp4")).send().await.status, 404);
    let forged = good(original).replace("sig=", "sig=0");
    assert_eq!(client.get(forged).send().await.status, 403);
    for secret in [source::SECRET, SECRET_ACCESS_KEY, "sig=", "X-Amz-"] {
        assert!(!host.log().contains(secret), "{secret} in {}", host.log());
    }
}

/// The whole application with a Stream that is none.
struct Encoding {
    bucket: Bucket,
    stream: Fake,
    host: WasmtimeServe,
    _films: TempDir,
}

impl Encoding {
    async fn start(line: Wasmtime) -> Self {
        studio::install_cryptography();
        let films = TempDir::new().unwrap();
        let options = Options::for_tests(films.path().to_owned());
        let (account, token) = (options.account_id.clone(), options.api_token.clone());
        let stream = Fake::start(options).await.unwrap();
        let bucket = Bucket::start().await;
        // Stream is told where the host will be before it is there.
        let address = Site::find().address();
        let secret = stream.subscribe(&format!("http://{address}{WEBHOOK}"));
        let host = Settings::new("reelgate", bucket.address())
            .line(line)
            .listen(address)
            .variable("admin_token", ADMIN)
            .variable("stream_enabled", "true")
            .variable("cloudflare_account_id", &account)
            .variable("cf_stream_api_token", &token)
            .variable("cf_stream_api_base", stream.url())
            .variable("cf_stream_webhook_secret", &secret)
            .variable("stream_source_origin", &format!("http://{address}"))
            .variable("stuck_after_seconds", "0")
            .start()
            .await;
        Self {
            bucket,
            stream,
            host,
            _films: films,
        }
    }

    /// A video whose encoding has been asked for.
    async fn encode(&self, id: &str) -> Client {
        let client = self.host.client();
        let original = format!("originals/{id}.mp4");
        self.bucket.put(&original, FILM);
        let created = create(&client, id, &original).await;
        assert_eq!(created.status, 201, "{}", created.text());
        let accepted = command(&client, id, "encode").await;
        assert_eq!(accepted.status, 202, "{}", accepted.text());
        client
    }
}

async fn becomes_ready(client: &Client, id: &str, sweep: bool) -> Value {
    within(&format!("{id} becomes ready"), async {
        loop {
            if sweep {
                reconcile(client).await;
            }
            let row = studio::row(client, id).await;
            if row["status"] == "ready" {
                return row;
            }
        }
    })
    .await
}

#[tokio::test]
async fn plain_wasmtime_has_an_original_encoded_with_nothing_but_a_bucket() {
    for line in Wasmtime::ALL {
        an_original_is_encoded_on(line).await;
    }
}

async fn an_original_is_encoded_on(line: Wasmtime) {
    let encoding = Encoding::start(line).await;
    let client = encoding.encode("v1").await;
    let row = becomes_ready(&client, "v1", false).await;
    let causes = row["history"].as_array().unwrap().iter();
    let causes: Vec<&Value> = causes.map(|step| &step["cause"]).collect();
    assert_eq!(causes, ["register", "encode", "encode", "webhook"]);

    // The webhook is lost, and the sweep finds out.
    encoding.stream.misbehave(Mischief::WebhookOff);
    encoding.encode("v2").await;
    let row = becomes_ready(&client, "v2", true).await;
    assert_eq!(
        row["history"].as_array().unwrap().last().unwrap()["cause"],
        "poll"
    );
    assert_eq!(
        reconcile(&client).await,
        json!({ "scanned": 0, "updated": 0, "errors": 0 })
    );

    let listed = ask(&client, Method::GET, "/api/videos?status=ready")
        .send()
        .await;
    let ids: Vec<Value> = listed.json()["videos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].clone())
        .collect();
    assert_eq!(ids, ["v1", "v2"]);
    let deleted = ask(&client, Method::DELETE, "/api/videos/v1").send().await;
    assert_eq!(deleted.status, 204);
    assert_eq!(
        encoding.bucket.keys(".reelgate/videos/"),
        [".reelgate/videos/v2.json"]
    );
    assert!(encoding.bucket.keys(".reelgate/in-flight/").is_empty());
    for secret in [ADMIN, SECRET_ACCESS_KEY, "sig=", "X-Amz-"] {
        assert!(
            !encoding.host.log().contains(secret),
            "{secret} in {}",
            encoding.host.log()
        );
    }
}

#[tokio::test]
async fn plain_wasmtime_swaps_a_sign_in_for_a_token() {
    let issuer = Issuer::start(&[&Key::first()]).await;
    let bucket = Bucket::start().await;
    bucket.put(&key("master.m3u8"), Object::from("#EXTM3U"));
    let host = Settings::new("reelgate", bucket.address())
        .variable("clerk_jwks_url", &issuer.origin())
        .variable("clerk_issuer", NAME)
        .variable("clerk_authorized_parties", PAGE)
        .variable("video_origin_url", "https://video.portal.example")
        .start()
        .await;
    let client = host.client();
    let ask = client.get(format!("/api/games/{GAME}/playback"));
    let answer = ask
        .bearer(&Key::first().sign(&claims(json!({}))))
        .send()
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    let (_, token) = body["url"].as_str().unwrap().split_once("?t=").unwrap();
    let film = client
        .get(format!("{}?t={token}", path("master.m3u8")))
        .send()
        .await;
    assert_eq!((film.status, film.text()), (200, "#EXTM3U"));
    assert_eq!(client.get("/nowhere").send().await.status, 404);
    assert_eq!(client.get("/healthz").send().await.text(), "ok");
}
