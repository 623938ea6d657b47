//! Key-value stores: what a component keeps is kept, whoever writes at once and whatever dies.

use reelgate_tests::deadline::{within, within_time};
use reelgate_tests::host::{Host, Settings};
use reelgate_tests::keeper::{manifest, settings, tell};
use reelgate_tests::manifest::Manifest;
use reelgate_tests::process::run;
use reelgate_tests::redis::Redis;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// A runtime configuration in a folder that goes away with it.
struct Config(TempDir);

impl Config {
    fn of(text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("runtime-config.toml"), text).unwrap();
        Self(folder)
    }

    fn redis(redis: &Redis) -> Self {
        let url = redis.url();
        Self::of(&format!(
            "[key_value_store.default]\ntype = \"redis\"\nurl = \"{url}\"\n"
        ))
    }

    fn given_to(&self, settings: Settings) -> Settings {
        let path = self.0.path().join("runtime-config.toml");
        settings.arguments([PathBuf::from("--runtime-config-file"), path])
    }
}

async fn redis_host(redis: &Redis, manifest: &Manifest) -> Host {
    Config::redis(redis)
        .given_to(settings(manifest))
        .start()
        .await
}

/// What `wasi:keyvalue` says of each function, in `wit/deps/keyvalue`.
async fn every_function_does_what_it_says(host: &Host) {
    for (deed, expected) in [
        ("get/default/a", "200 none"),
        ("set/default/a/1", "200 set"),
        ("set/default/a/2", "200 set"),
        ("get/default/a", "200 2"),
        ("exists/default/a", "200 true"),
        ("exists/default/b", "200 false"),
        ("increment/default/n/5", "200 5"),
        ("increment/default/n/-7", "200 -2"),
        ("keys/default", "200 a n"),
        ("delete/default/a", "200 deleted"),
        ("delete/default/a", "200 deleted"),
        ("get/default/a", "200 none"),
        (
            "many/default/x/y/z",
            "200 x=none y=Y z=Z, x=none y=none z=none",
        ),
        (
            "stale/default/s",
            "200 refused: first, refused: second, second",
        ),
        ("add/default/c/3", "200 3"),
        ("get/default/c", "200 3"),
        // Labels that are there and those that are not look the same.
        ("get/other/a", "403 access denied"),
    ] {
        assert_eq!(tell(host, deed).await, expected, "{deed}");
    }
    let too_much = tell(host, "hoard/default").await;
    assert!(too_much.starts_with("503 more than 256"), "{too_much}");
    let filled = tell(host, "fill/default/1000000").await;
    assert!(
        filled.starts_with("200 Err") && filled.contains("1024"),
        "{filled}"
    );
    let too_large = tell(host, "fill/default/9000000").await;
    assert!(too_large.starts_with("503 a value"), "{too_large}");
}

/// Thirty-two at once on one key lose nothing.
async fn writers_do_not_overwrite_each_other(hosts: &[&Host]) {
    const WRITERS: usize = 32;
    const TIMES: usize = 10;
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let client = hosts[number % hosts.len()].client();
        writers.spawn(
            client
                .get(format!("/keeper/add/default/count/{TIMES}"))
                .send(),
        );
    }
    for answer in within("all have written", writers.join_all()).await {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    for host in hosts {
        let expected = format!("200 {}", WRITERS * TIMES);
        assert_eq!(tell(host, "get/default/count").await, expected);
    }
}

#[tokio::test]
async fn the_embedded_store_does_what_wasi_says() {
    let manifest = manifest("");
    let host = settings(&manifest).start().await;
    every_function_does_what_it_says(&host).await;
    writers_do_not_overwrite_each_other(&[&host]).await;
    host.finish().await;
}

#[tokio::test]
async fn redis_does_what_wasi_says_for_several_hosts() {
    let redis = Redis::start().await;
    let manifest = manifest("");
    let one = redis_host(&redis, &manifest).await;
    let two = redis_host(&redis, &manifest).await;
    every_function_does_what_it_says(&one).await;
    writers_do_not_overwrite_each_other(&[&one, &two]).await;

    // As Spin keeps it (`crates/key-value-redis`): the key is the key and the value the value.
    tell(&one, "set/default/film/ready").await;
    assert_eq!(redis.ask("GET film").await, "ready");
    redis.ask("SET theirs spin").await;
    assert_eq!(tell(&two, "get/default/theirs").await, "200 spin");
    one.finish().await;
    two.finish().await;
}

#[tokio::test]
async fn killed_at_any_moment_it_has_all_that_was_acknowledged() {
    const WRITERS: u64 = 8;
    let manifest = manifest("");
    let mut data = TempDir::new().unwrap();
    let mut acknowledged = 0;
    for round in 0..10_u64 {
        let host = settings(&manifest).start_in(data).await;
        let kept = count(&host).await;
        // What was under way when it died may have been done, and nothing else.
        let most = if round == 0 {
            0
        } else {
            acknowledged + WRITERS
        };
        assert!(
            (acknowledged..=most).contains(&kept),
            "{acknowledged}, {kept}, {most}"
        );

        let done = Arc::new(AtomicU64::new(kept));
        let mut writers = JoinSet::new();
        for _ in 0..WRITERS {
            let mut connection = host.client().connect().await;
            let ask = host.client().get("/keeper/increment/default/count/1");
            let done = Arc::clone(&done);
            writers.spawn(async move {
                while let Ok(mut answer) = connection.send(&ask).await {
                    if answer.status == 200 {
                        done.fetch_add(1, SeqCst);
                    }
                    // The next one goes over the same connection.
                    if answer.count().await.is_err() {
                        break;
                    }
                }
            });
        }
        // Some twenty to four hundred writes later, at no particular moment of one.
        let target = kept + 20 + (round * 97) % 400;
        within("they write", async {
            let mut looks = tokio::time::interval(Duration::from_micros(200));
            while done.load(SeqCst) < target {
                looks.tick().await;
            }
        })
        .await;
        data = host.kill().await;
        within("all notice", writers.join_all()).await;
        acknowledged = done.load(SeqCst);
    }
}

async fn count(host: &Host) -> u64 {
    let said = tell(host, "get/default/count").await;
    said.strip_prefix("200 ").unwrap().parse().unwrap_or(0)
}

#[tokio::test]
async fn a_redis_that_is_down_is_an_error_until_it_is_back() {
    let redis = Redis::start().await;
    let manifest = manifest("");
    let host = redis_host(&redis, &manifest).await;
    assert_eq!(tell(&host, "set/default/a/1").await, "200 set");

    let dead = redis.kill().await;
    for deed in [
        "get/default/a",
        "set/default/a/2",
        "stale/default/a",
        "keys/default",
    ] {
        let started = Instant::now();
        let said = tell(&host, deed).await;
        assert!(
            said.starts_with("503 the store is down: Redis at "),
            "{said}"
        );
        assert!(started.elapsed() < Duration::from_secs(3), "{deed}");
    }
    assert_eq!(host.client().get("/healthz").send().await.status, 200);

    let redis = dead.start().await;
    until(&host, "get/default/a", "200 1").await;

    // Connected and mute: nobody waits long, and nobody waits for others.
    redis.hold();
    let started = Instant::now();
    let mut asked = JoinSet::new();
    for _ in 0..20 {
        asked.spawn(host.client().get("/keeper/get/default/a").send());
    }
    for answer in within("all are told", asked.join_all()).await {
        assert_eq!(answer.status, 503, "{}", answer.text());
    }
    assert!(
        started.elapsed() < Duration::from_secs(8),
        "{:?}",
        started.elapsed()
    );
    redis.go_on();
    until(&host, "get/default/a", "200 1").await;
    host.finish().await;
}

#[tokio::test]
async fn a_host_starts_before_its_redis() {
    let dead = Redis::start().await.kill().await;
    let url = dead.url();
    let config = Config::of(&format!(
        "[key_value_store.default]\ntype = \"redis\"\nurl = \"{url}\"\n"
    ));
    let manifest = manifest("");
    let host = config.given_to(settings(&manifest)).start().await;
    assert!(tell(&host, "get/default/a").await.starts_with("503 "));
    let _redis = dead.start().await;
    until(&host, "get/default/a", "200 none").await;
    host.finish().await;
}

/// Asks until the answer is `expected`.
async fn until(host: &Host, deed: &str, expected: &str) {
    within_time(Duration::from_secs(15), expected, async {
        let mut tries = tokio::time::interval(Duration::from_millis(50));
        while tell(host, deed).await != expected {
            tries.tick().await;
        }
    })
    .await;
}

#[tokio::test]
async fn two_hosts_do_not_share_a_file() {
    let manifest = manifest("");
    let shared = TempDir::new().unwrap();
    let config = Config::of(&format!(
        "[key_value_store.default]\ntype = \"spin\"\npath = {:?}\n",
        shared.path().join("store.redb")
    ));
    let settings = config.given_to(settings(&manifest));
    let host = settings.start().await;
    let data = TempDir::new().unwrap();
    let outcome = run(&mut settings.command(data.path())).await;
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    for part in [
        "store.redb",
        "another process",
        "--data",
        "--runtime-config-file",
    ] {
        assert!(
            outcome.stderr.contains(part),
            "no {part} in {}",
            outcome.stderr
        );
    }
    host.finish().await;
}

#[tokio::test]
async fn what_is_wrong_with_stores_is_said_at_the_start() {
    let no_place = manifest("")
        .text()
        .replace("[\"default\"]", "[\"default\", \"films\"]");
    let manifests = [manifest(""), Manifest::of(&no_place)];
    let foreign = "[key_value_store.default]\ntype = \"spin\"\npath = \"runtime-config.toml\"\n";
    for (manifest, config, parts) in [
        (&manifests[1], "", ["`films`", "--runtime-config-file"]),
        (
            &manifests[0],
            "[key_value_store.default]\ntype = \"azure_cosmos\"\n",
            ["line 2", "`azure_cosmos`"],
        ),
        (
            &manifests[0],
            "[llm_compute]\n",
            ["line 1", "`llm_compute`"],
        ),
        (
            &manifests[0],
            "[key_value_store.default]\ntype = \"redis\"\nurl = \"http://:hunter2@h\"\n",
            ["`default`", "redis://"],
        ),
        (&manifests[0], foreign, ["runtime-config.toml", "SQLite"]),
    ] {
        let settings = Config::of(config);
        let settings = settings.given_to(self::settings(manifest));
        let data = TempDir::new().unwrap();
        let outcome = run(&mut settings.command(data.path())).await;
        assert_eq!(outcome.code, Some(78), "{config}: {outcome:?}");
        for part in parts {
            assert!(
                outcome.stderr.contains(part),
                "no {part} in {}",
                outcome.stderr
            );
        }
        assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
    }
}
