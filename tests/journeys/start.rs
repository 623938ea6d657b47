//! What is wrong is said at the start: by name, with what to do, and with an exit code for scripts.

use reelgate_tests::built;
use reelgate_tests::host::Settings;
use reelgate_tests::manifest::{self, Manifest};
use reelgate_tests::portal::Jwt;
use reelgate_tests::process::{Outcome, run};
use reelgate_tests::world::{GAME, World, path, session};
use std::net::SocketAddr;
use tempfile::TempDir;

fn nowhere() -> SocketAddr {
    ([127, 0, 0, 1], 9).into()
}

async fn start(settings: &Settings) -> Outcome {
    let data = TempDir::new().unwrap();
    run(&mut settings.command(data.path())).await
}

async fn assert_fails(settings: Settings, code: i32, parts: &[&str]) {
    let outcome = start(&settings).await;
    assert_eq!(outcome.code, Some(code), "{outcome:?}");
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    for part in parts {
        assert!(
            outcome.stderr.contains(part),
            "no `{part}` in {}",
            outcome.stderr
        );
    }
}

#[tokio::test]
async fn a_manifest_that_cannot_be_run_is_refused_by_name() {
    let settings = Settings::new(nowhere());
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("spin.toml");
    let shown = missing.display().to_string();
    assert_fails(
        settings.clone().app(&missing),
        78,
        &["no manifest at", &shown, "--app"],
    )
    .await;
    for (from, to, parts) in [
        (
            "spin_manifest_version = 2",
            "spin_manifest_version = 2\nspeed = \"high\"",
            &["`speed`", "line 2"][..],
        ),
        (
            "[component.games]",
            "[component.games]\nsqlite_databases = []",
            &["`sqlite_databases`", "line "],
        ),
        ("[component.games]", "[component.games", &["line "]),
        (
            "component = \"games\"",
            "component = \"nobody\"",
            &["`nobody`"],
        ),
        (
            "component = \"games\"",
            "component = \"games\"\ndependencies.middleware = [{ component = \"playback\" }]",
            &["`dependencies`", "wac plug"],
        ),
        (
            "[component.videos]",
            "[component.videos]\ndependencies.\"a:b/c\" = { path = \"c.wasm\" }",
            &["`videos`", "`dependencies`", "wac plug"],
        ),
        (
            "games.wasm\"",
            "missing.wasm\"",
            &["`games`", "missing.wasm", "cargo xtask build"],
        ),
    ] {
        let manifest = Manifest::changed(from, to);
        assert_fails(settings.clone().app(&manifest.path()), 78, parts).await;
    }
    // Two routes that are one.
    let twice = settings.arguments(["--app".into(), manifest::product().into_os_string()]);
    assert_fails(twice, 78, &["`/games/...`"]).await;
}

#[tokio::test]
async fn a_file_that_is_no_component_is_refused_by_name() {
    let text = manifest::text();
    let games = format!("{:?}", built::composed("games"));
    let manifest = Manifest::of(&text.replace(&games, "\"games.wasm\""));
    let no_component = manifest.folder().join("games.wasm");
    // Empty, some text, a module of WebAssembly 1.0, half a component.
    let half = std::fs::read(built::composed("games")).unwrap();
    for bytes in [
        b"",
        &b"hello"[..],
        b"\0asm\x01\0\0\0",
        &half[..half.len() / 2],
    ] {
        std::fs::write(&no_component, bytes).unwrap();
        let settings = Settings::new(nowhere()).app(&manifest.path());
        assert_fails(settings, 78, &["games"]).await;
    }
}

#[tokio::test]
async fn variables_that_cannot_work_are_listed() {
    let settings = Settings::new(nowhere());
    let required = [
        "playback_token_secret",
        "s3_access_key_id",
        "s3_bucket",
        "s3_endpoint",
        "s3_secret_access_key",
    ];
    let none = required
        .iter()
        .fold(settings.clone(), |settings, name| settings.without(name));
    assert_fails(none, 78, &[&required[..], &["SPIN_VARIABLE_"]].concat()).await;
    let one = settings.clone().without("s3_bucket");
    let outcome = start(&one).await;
    assert!(
        !outcome.stderr.contains("s3_endpoint"),
        "{}",
        outcome.stderr
    );

    for (name, value) in [
        ("playback_token_secret", "hunter2-is-too-short"),
        (
            "playback_token_secret",
            "k1:hunter2-is-long-enough-for-a-secret,hunter2-without-a-name-0123456789",
        ),
        ("s3_endpoint", "bucket.example"),
        ("s3_endpoint", "https://user:hunter2@bucket.example"),
        ("s3_bucket", "a/b"),
        ("s3_secret_access_key", "hunter2 hunter2"),
    ] {
        let outcome = start(&settings.clone().variable(name, value)).await;
        assert_eq!(outcome.code, Some(78), "{name}: {outcome:?}");
        assert!(outcome.stderr.contains(name), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
    }
}

/// Also what is wrong with a variable that films do without.
#[tokio::test]
async fn all_that_is_wrong_is_listed_together() {
    let settings = Settings::new(nowhere())
        .variable("playback_token_secret", "too-short")
        .variable("s3_endpoint", "bucket.example")
        .variable("admin_token", "short")
        .variable("cf_stream_webhook_secret", "short")
        .variable("session_ttl_seconds", "soon");
    let named = [
        "playback_token_secret",
        "s3_endpoint",
        "admin_token",
        "cf_stream_webhook_secret",
        "session_ttl_seconds",
    ];
    assert_fails(settings, 78, &named).await;
}

/// Cargo may have been told to build elsewhere than the manifest says.
#[tokio::test]
async fn components_may_lie_in_another_build_folder() {
    let text = std::fs::read_to_string(manifest::product()).unwrap();
    let moved = Manifest::of(&text);
    let world = World::start_with(|settings| settings.app(&moved.path())).await;
    world.put("a.m4s", "pictures");
    let ask = world.client().get(path("a.m4s")).cookie(&session());
    assert_eq!(ask.send().await.text(), "pictures");
    world.finish().await;
}

/// What is not required is left to the component, which answers 500 on its own routes.
#[tokio::test]
async fn a_component_with_a_broken_variable_says_so_and_nothing_more() {
    let world =
        World::start_with(|settings| settings.variable("session_ttl_seconds", "forever")).await;
    let ask = world.client().get(path("a.m4s")).cookie(&session());
    let answer = ask.send().await;
    assert_eq!((answer.status, answer.text()), (500, "misconfigured"));
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let line = world.journal().message("session_ttl_seconds").await;
    assert!(line.message.contains("forever"), "{line:?}");
    assert_eq!(world.client().get("/healthz").send().await.status, 200);
    assert!(world.bucket.seen().is_empty());
    world.finish().await;
}

#[tokio::test]
async fn what_is_taken_or_unwritable_is_named() {
    let world = World::start_with(|settings| settings).await;
    let taken = world.host.address();
    let settings = Settings::new(nowhere()).listen(taken);
    assert_fails(settings, 1, &[&taken.to_string(), "--listen"]).await;

    let file = tempfile::NamedTempFile::new().unwrap();
    let command = &mut tokio::process::Command::new(built::reelgate());
    command.arg("serve").arg("--app").arg(manifest::product());
    command
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(file.path());
    for name in [
        "S3_ENDPOINT",
        "S3_BUCKET",
        "S3_ACCESS_KEY_ID",
        "S3_SECRET_ACCESS_KEY",
    ] {
        command.env(format!("SPIN_VARIABLE_{name}"), "http://127.0.0.1:9");
    }
    command.env("SPIN_VARIABLE_PLAYBACK_TOKEN_SECRET", "x".repeat(32));
    command.env("SPIN_VARIABLE_S3_BUCKET", "films");
    let outcome = run(command).await;
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let shown = file.path().display().to_string();
    assert!(
        outcome.stderr.contains(&shown) && outcome.stderr.contains("--data"),
        "{outcome:?}"
    );
    world.finish().await;
}

#[tokio::test]
async fn a_command_line_that_makes_no_sense_is_refused() {
    for words in [
        &["--listen", "here"][..],
        &["--no-such-thing"],
        &["--tls-cert", "a.pem"],
        &["--workers", "0"],
    ] {
        let outcome = start(&Settings::new(nowhere()).arguments(words)).await;
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
    }
    let certificates = [
        "--tls-cert",
        "/nowhere/cert.pem",
        "--tls-key",
        "/nowhere/key.pem",
    ];
    let settings = Settings::new(nowhere()).arguments(certificates);
    assert_fails(settings, 78, &["/nowhere/cert.pem"]).await;
}

/// Values may come from a file; the environment goes before it, the command line before both.
#[tokio::test]
async fn variables_come_from_three_places() {
    const SECRET: &str = "a-secret-of-the-file-0123456789abcdef";
    let file = tempfile::NamedTempFile::new().unwrap();
    let lines = format!(
        "# for the gate\nSPIN_VARIABLE_PLAYBACK_TOKEN_SECRET={SECRET}\n\
         SPIN_VARIABLE_SESSION_TTL_SECONDS=100\nSPIN_VARIABLE_SESSION_COOKIE_NAME=file\n"
    );
    std::fs::write(&file, lines).unwrap();
    let world = World::start_with(|settings| {
        settings
            .without("playback_token_secret")
            .variable("session_ttl_seconds", "200")
            .arguments(["--env-file".into(), file.path().as_os_str().to_owned()])
            .arguments(["--variable", "session_ttl_seconds=300"])
            .arguments(["--variable", "session_cookie_name=reelgate_session"])
    })
    .await;
    world.put("a.m4s", "pictures");
    let token = Jwt::for_game(GAME).signed_with(SECRET, None).mint();
    let answer = world
        .client()
        .get(format!("{}?t={token}", path("a.m4s")))
        .send()
        .await;
    assert_eq!(answer.status, 200);
    assert!(answer.session().is_some());
    assert!(answer.header("set-cookie").contains("; Max-Age=300;"));
    let log = world.finish().await;
    assert!(!log.contains(SECRET));
}

/// glibc has to know before the program's first line (<https://sourceware.org/bugzilla/show_bug.cgi?id=30994>).
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
#[tokio::test]
async fn on_amd_glibc_is_told_how_to_copy_memory() {
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap();
    let is_amd = processors.contains("AuthenticAMD");
    for (given, is_told) in [
        ("", is_amd),
        ("glibc.malloc.arena_max=2", is_amd),
        ("glibc.cpu.x86_rep_movsb_threshold=4096", false),
    ] {
        let settings = Settings::new(nowhere()).environment("GLIBC_TUNABLES", given);
        let host = settings.start().await;
        let environment = format!("/proc/{}/environ", host.process().id());
        let environment = std::fs::read_to_string(environment).unwrap();
        // glibc ends each of its settings in place, so that they look like variables.
        let (_, tunables) = environment.split_once("GLIBC_TUNABLES=").unwrap();
        assert!(tunables.starts_with(given), "{tunables}");
        let never = "glibc.cpu.x86_rep_movsb_threshold=1000000000";
        assert_eq!(tunables.contains(never), is_told, "{tunables}");
        host.finish().await;
    }
}
