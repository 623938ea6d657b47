//! One file to run: the program that has everything in it, on a machine that has nothing.

use reelgate_tests::built;
use reelgate_tests::client::Client;
use reelgate_tests::deadline::within;
use reelgate_tests::process::{Process, run};
use rustix::process::Signal;
use std::net::SocketAddr;
use std::path::Path;
use tempfile::TempDir;
use tokio::process::Command;

/// The program in an empty folder: no other program, no variable but a home.
fn reelgate(home: &Path) -> Command {
    let mut command = Command::new(built::bundled());
    let empty = home.join("empty");
    std::fs::create_dir_all(&empty).unwrap();
    let place = |name: &str| home.join(name);
    command
        .env_clear()
        .env("HOME", home)
        .env("PATH", &empty)
        // Root's own folders are this machine's.
        .env("STATE_DIRECTORY", place("state"))
        .env("CACHE_DIRECTORY", place("cache"))
        .current_dir(&empty);
    command
}

fn address(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").parse().unwrap()
}

/// Where the line that begins with `name` says something is.
fn told(lines: &str, name: &str) -> SocketAddr {
    let line = lines.lines().find(|line| line.starts_with(name)).unwrap();
    let url = line
        .split_whitespace()
        .find(|word| word.starts_with("http://"));
    address(url.unwrap().trim_end_matches('/'))
}

async fn up(home: &Path) -> Process {
    let ports = ["--port", "0", "--page-port", "0", "--portal-port", "0"];
    let process = Process::start(reelgate(home).arg("up").args(ports));
    let ready = |line: &str| line.contains("package FILM").then_some(());
    match within("all is ready", process.stdout().find(ready)).await {
        Some(()) => process,
        None => panic!("ended at once:\n{}", process.stderr().whole().await),
    }
}

#[tokio::test]
async fn a_film_plays_where_there_is_nothing_but_the_program() {
    let home = TempDir::new().unwrap();
    let mut process = up(home.path()).await;
    let env_file = home.path().join("state/up/up.env");
    let ask = |words: &[&str]| {
        let mut command = reelgate(home.path());
        command.args(words).env("REELGATE_ENV_FILE", &env_file);
        command
    };
    let minted = run(&mut ask(&["token", "mint", "--film", "sample", "--url"])).await;
    let (gate, target) = minted.stdout.trim()["http://".len()..]
        .split_once('/')
        .unwrap();
    let client = Client::new(gate.parse().unwrap());
    let master = client.get(format!("/{target}")).send().await;
    assert_eq!(master.status, 200, "{}", master.text());
    assert!(master.text().starts_with("#EXTM3U"));
    let without = client.get("/games/sample/master.m3u8").send().await;
    assert_eq!(without.status, 403);

    let missing = run(&mut ask(&["play", "nofilm", "--print"])).await;
    assert_eq!((missing.code, missing.stdout.as_str()), (Some(1), ""));
    assert!(
        missing.stderr.contains("there is no film nofilm"),
        "{}",
        missing.stderr
    );
    let printed = run(&mut ask(&["play", "sample", "--print"])).await;
    let (_, path) = printed.stdout.trim()["http://".len()..]
        .split_once('/')
        .unwrap();
    let playlist = client.get(format!("/{path}")).send().await;
    let master = playlist.text();
    let video = master
        .lines()
        .rfind(|line| line.ends_with("video.m3u8"))
        .unwrap();
    let video = format!("/{}", path.replace("master.m3u8", video));
    let video_playlist = client.get(&video).send().await;
    let segment = video_playlist.text();
    let segment = segment
        .lines()
        .rfind(|line| line.ends_with(".m4s"))
        .unwrap();
    let segment = video.replace("video.m3u8", segment);
    assert_eq!(client.get(segment).send().await.status, 200);
    let health = ask(&["health", &format!("http://{gate}/healthz")]);
    let mut health = health;
    assert_eq!(run(&mut health).await.code, Some(0));

    process.signal(Signal::INT);
    let lines = process.stdout().whole().await;
    let portal = told(&lines, "portal");
    assert!(process.ended().await.success());
    // The portal went with it; what it told was its own address.
    assert_ne!(portal, gate.parse().unwrap());
}

#[tokio::test]
async fn serve_needs_no_other_file_and_keeps_what_it_unpacked() {
    let home = TempDir::new().unwrap();
    let bucket = up(home.path()).await;
    let env_file = home.path().join("state/up/up.env");
    for _ in 0..2 {
        let mut command = reelgate(home.path());
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--env-file"])
            .arg(&env_file);
        let process = Process::start(&mut command);
        let client = Client::new(process.address().await);
        assert_eq!(client.get("/healthz").send().await.status, 200);
        let refused = client.get("/games/sample/master.m3u8").send().await;
        assert_eq!(refused.status, 403);
        let unpacked = std::fs::read_dir(home.path().join("cache")).unwrap();
        assert_eq!(unpacked.count(), 1);
    }
    drop(bucket);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_to_is_named() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("file");
    std::fs::write(&file, "no folder").unwrap();
    let mut command = reelgate(home.path());
    let outcome = run(command.arg("up").arg("--data").arg(&file)).await;
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("--data"), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains(&file.display().to_string()),
        "{}",
        outcome.stderr
    );
}
