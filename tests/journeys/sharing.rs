//! Several hosts of two kinds on one bucket, which is all that they share, and they die time and again.

use reelgate_fake_stream::{Fake, Mischief, Options, signature};
use reelgate_tests::bucket::{Bucket, Object, Site};
use reelgate_tests::client::Client;
use reelgate_tests::deadline::within_time;
use reelgate_tests::host::{Host, Settings};
use reelgate_tests::portal::now;
use reelgate_tests::studio::{self, ADMIN, WEBHOOK, command, create, reconcile};
use reelgate_tests::wasmtime_serve::{self, WasmtimeServe};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;

const VIDEOS: usize = 1000;
const KILLS: usize = 50;
/// How many clients send at once.
const SENDERS: usize = 16;
const LONG: Duration = Duration::from_secs(240);

/// A host that can be killed and started again where it was.
enum Running {
    Own(Host, Settings),
    Plain(WasmtimeServe, wasmtime_serve::Settings),
}

impl Running {
    async fn kill_and_restart(self) -> Self {
        match self {
            Self::Own(host, settings) => {
                let data = host.kill().await;
                Self::Own(settings.start_in(data).await, settings)
            }
            Self::Plain(host, settings) => {
                host.kill().await;
                Self::Plain(settings.start().await, settings)
            }
        }
    }
}

/// Variables that all three have.
fn variables(
    fake: &Fake,
    options: &Options,
    secret: &str,
    source: SocketAddr,
) -> Vec<(&'static str, String)> {
    vec![
        ("admin_token", ADMIN.to_owned()),
        ("stream_enabled", "true".to_owned()),
        ("cloudflare_account_id", options.account_id.clone()),
        ("cf_stream_api_token", options.api_token.clone()),
        ("cf_stream_api_base", fake.url().to_owned()),
        ("cf_stream_webhook_secret", secret.to_owned()),
        ("stream_source_origin", format!("http://{source}")),
        ("stuck_after_seconds", "0".to_owned()),
    ]
}

fn id(number: usize) -> String {
    format!("v{number:04}")
}

/// What Stream says of a copy that is through.
fn ready(uid: &str, id: &str) -> String {
    json!({
        "uid": uid,
        "readyToStream": true,
        "status": { "state": "ready", "pctComplete": "100" },
        "meta": { "name": format!("{id}#1"), "reelgate_id": id },
        "duration": 5.5,
    })
    .to_string()
}

/// Sends a report until some host has taken it, as whoever must not lose it would.
async fn deliver(addresses: &[SocketAddr], secret: &str, body: &str, first: usize) {
    for turn in first.. {
        let client = Client::new(addresses[turn % addresses.len()]);
        let time = i64::try_from(now()).unwrap();
        let ask = client
            .post(WEBHOOK)
            .header(
                "webhook-signature",
                &signature(secret, time, body.as_bytes()),
            )
            .body(body.to_owned());
        // The host may be dead just now.
        let Some(answer) = ask.attempt().await else {
            continue;
        };
        match answer.status {
            200 => return,
            503 => {}
            status => panic!("{status}: {}", answer.text()),
        }
    }
}

async fn each<F: Future<Output = ()> + Send + 'static>(
    count: usize,
    work: impl Fn(usize) -> F + Clone + Send + 'static,
) {
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let work = work.clone();
        senders.spawn(async move {
            for number in (sender..count).step_by(SENDERS) {
                work(number).await;
            }
        });
    }
    within_time(LONG, "all have done their share", senders.join_all()).await;
}

#[tokio::test]
async fn two_hosts_and_one_wasmtime_on_one_bucket_lose_and_double_nothing() {
    studio::install_cryptography();
    let films = TempDir::new().unwrap();
    let options = || Options {
        most_in_flight: VIDEOS,
        ..Options::for_tests(films.path().to_owned())
    };
    let (options, given) = (options(), options());
    let stream = Fake::start(options).await.unwrap();
    stream.misbehave(Mischief::NeverFinishes);
    let bucket = Bucket::start().await;
    bucket.put("originals/film.mp4", Object::from("a film"));
    let addresses: [SocketAddr; 3] = [(); 3].map(|()| Site::find().address());
    let secret = stream.subscribe(&format!("http://{}{WEBHOOK}", addresses[0]));
    let variables = variables(&stream, &given, &secret, addresses[0]);
    let mut hosts = Vec::new();
    for address in &addresses[..2] {
        let settings = variables.iter().fold(
            Settings::new(bucket.address()),
            |settings, (name, value)| settings.variable(name, value),
        );
        let settings = settings.listen(*address).arguments(["--no-schedule"]);
        hosts.push(Running::Own(settings.start().await, settings));
    }
    let plain = wasmtime_serve::Settings::new("reelgate", bucket.address());
    let plain = variables.iter().fold(plain, |settings, (name, value)| {
        settings.variable(name, value)
    });
    let plain = plain.listen(addresses[2]);
    hosts.push(Running::Plain(plain.start().await, plain));

    // Registered at one host, encoded at the next.
    each(VIDEOS, move |number| async move {
        let client = |turn: usize| Client::new(addresses[(number + turn) % 3]);
        let created = create(&client(0), &id(number), "originals/film.mp4").await;
        assert_eq!(created.status, 201, "{}", created.text());
        let accepted = command(&client(1), &id(number), "encode").await;
        assert_eq!(accepted.status, 202, "{}", accepted.text());
    })
    .await;
    let uids: Vec<String> = stream_uids(&addresses).await;

    // A thousand reports, while the hosts die fifty times under them.
    let delivered = watch::Sender::new(0);
    let reports: Arc<Vec<String>> = Arc::new(
        uids.iter()
            .enumerate()
            .map(|(number, uid)| ready(uid, &id(number)))
            .collect(),
    );
    let sending = {
        let (delivered, reports, secret) =
            (delivered.clone(), Arc::clone(&reports), secret.clone());
        tokio::spawn(each(VIDEOS, move |number| {
            let (delivered, reports, secret) =
                (delivered.clone(), Arc::clone(&reports), secret.clone());
            async move {
                deliver(&addresses, &secret, &reports[number], number).await;
                delivered.send_modify(|count| *count += 1);
            }
        }))
    };
    for kill in 0..KILLS {
        let due = VIDEOS * kill / (KILLS + 1);
        let mut so_far = delivered.subscribe();
        let enough = so_far.wait_for(|count| *count >= due);
        within_time(LONG, "some are delivered", enough)
            .await
            .unwrap();
        let victim = hosts.remove(0);
        hosts.push(victim.kill_and_restart().await);
    }
    sending.await.unwrap();

    let client = Client::new(addresses[0]);
    within_time(LONG, "nothing is in flight", async {
        while reconcile(&client).await["scanned"] != 0 {}
    })
    .await;
    for number in 0..VIDEOS {
        let row = studio::row(&client, &id(number)).await;
        assert_eq!(row["status"], "ready", "{row}");
        let steps: Vec<&Value> = row["history"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| &step["to"])
            .collect();
        assert_eq!(steps, ["uploading", "queued", "encoding", "ready"], "{row}");
        assert_eq!(stream.copies(&format!("{}#1", id(number))).accepted, 1);
    }
    assert!(bucket.keys(".reelgate/in-flight/").is_empty());
    assert_eq!(bucket.keys(".reelgate/videos/").len(), VIDEOS);
}

/// The uid of every video, in the order of their numbers.
async fn stream_uids(addresses: &[SocketAddr; 3]) -> Vec<String> {
    let client = Client::new(addresses[0]);
    let mut uids = Vec::new();
    for number in 0..VIDEOS {
        let row = studio::row(&client, &id(number)).await;
        uids.push(row["stream_uid"].as_str().unwrap().to_owned());
    }
    uids
}
