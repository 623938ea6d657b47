//! A whole archive is packaged by one command, whatever happens on the way.

use http::Method;
use reelgate_tests::archive::{Archive, assert_nothing_is_half_visible};
use reelgate_tests::bucket::NAME;
use reelgate_tests::check::check;
use reelgate_tests::deadline::within;
use reelgate_tests::process::{Process, run, run_within_time};
use reelgate_tests::s3::S3;
use reelgate_tests::way::{Fault, Way};
use rustix::process::Signal;
use serde_json::Value;
use std::time::Duration;

/// Enough for two hundred films on a busy machine.
const LONG: Duration = Duration::from_secs(600);

/// Films of a small archive.
const FEW: usize = 6;

fn lines(stdout: &str) -> Vec<Value> {
    let lines = stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn summary(stdout: &str) -> Value {
    lines(stdout).pop().unwrap()
}

#[tokio::test]
async fn an_archive_that_is_killed_ten_times_ends_as_an_undisturbed_one() {
    let archive = Archive::large().await;
    let undisturbed = S3::start().await;
    let outcome = run_within_time(LONG, archive.command(undisturbed.address()).arg("--json")).await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let told = summary(&outcome.stdout);
    assert_eq!(told["packaged"], archive.films, "{told}");
    let expected = undisturbed.objects();
    assert_nothing_is_half_visible(&expected);

    let s3 = S3::start().await;
    let way = Way::to(s3.address()).await;
    let moments = [
        (Method::PUT, "/seg_", 0, Fault::Hang),
        (Method::PUT, "/seg_", 5, Fault::LoseAnswer),
        (Method::PUT, "/init.mp4", 20, Fault::Hang),
        (Method::PUT, "/master.m3u8", 15, Fault::Hang),
        (Method::PUT, "/master.m3u8", 15, Fault::LoseAnswer),
        (Method::PUT, "/package.json", 20, Fault::Hang),
        (Method::PUT, "/package.json", 20, Fault::LoseAnswer),
        (Method::GET, "list-type=2", 100, Fault::Hang),
        (Method::PUT, "/video.m3u8", 25, Fault::LoseAnswer),
    ];
    for (method, part, skip, fault) in moments {
        let mut reached = way.fault(method, part, skip, 1, fault);
        let mut killed = Process::start(&mut archive.command(way.address()));
        reached.happened().await;
        killed.signal(Signal::KILL);
        killed.ended().await;
        assert_nothing_is_half_visible(&s3.objects());
    }
    let mut killed = Process::start(archive.command(way.address()).arg("--json"));
    let is_new = |line: &str| line.contains(r#""status":"packaged""#).then_some(());
    within("a film is packaged", killed.stdout().find(is_new))
        .await
        .unwrap();
    killed.signal(Signal::KILL);
    killed.ended().await;
    assert_nothing_is_half_visible(&s3.objects());

    let outcome = run_within_time(LONG, archive.command(way.address()).arg("--json")).await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let told = summary(&outcome.stdout);
    assert_eq!(told["films"], archive.films);
    assert!(told["unchanged"].as_u64() > Some(50), "{told}");
    let objects = s3.objects();
    let keys = |objects: &std::collections::BTreeMap<String, Vec<u8>>| {
        objects.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(keys(&objects), keys(&expected));
    for (key, content) in &objects {
        assert!(*content == expected[key], "{key} has another content");
    }
    for key in objects.keys().filter(|key| key.ends_with("/master.m3u8")) {
        let judged = check(&s3, &format!("s3://{NAME}/{key}"), &[]).await;
        assert_eq!(judged.code, Some(0), "{key}: {}", judged.stdout);
    }
}

#[tokio::test]
async fn what_is_done_is_not_done_again() {
    let archive = Archive::small(FEW).await;
    let s3 = S3::start().await;
    let way = Way::to(s3.address()).await;
    let outcome = run(&mut archive.command(way.address())).await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let (before, seen) = (s3.objects(), way.seen().len());

    let outcome = run(archive.command(way.address()).arg("--json")).await;
    assert_eq!(summary(&outcome.stdout)["unchanged"], FEW);
    let asked = way.seen().split_off(seen);
    assert!(asked.iter().all(|(method, _)| method == Method::GET));
    // A list, the ledger and the master of each game.
    assert_eq!(asked.len(), 3 * FEW);

    let outcome = run(archive.command(way.address()).args(["--verify", "--json"])).await;
    assert_eq!(summary(&outcome.stdout)["unchanged"], FEW);
    let outcome = run(archive.command(way.address()).args(["--force", "--json"])).await;
    assert_eq!(summary(&outcome.stdout)["packaged"], FEW);
    assert_eq!(s3.objects(), before);

    // The same size, and another film.
    archive.change(0);
    let outcome = run(archive.command(way.address()).arg("--json")).await;
    let told = summary(&outcome.stdout);
    assert_eq!(
        (&told["packaged"], &told["unchanged"]),
        (&1.into(), &(FEW - 1).into())
    );
}

#[tokio::test]
async fn other_wishes_leave_nothing_of_the_former_ones() {
    let archive = Archive::small(FEW).await;
    let (s3, fresh) = (S3::start().await, S3::start().await);
    let other = ["--segment-seconds", "2"];
    let outcome = run(&mut archive.command(s3.address())).await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let first = s3.objects();
    // For those who are watching; the next run removes it, though it has nothing else to do.
    let outcome = run(archive.command(s3.address()).args(other).arg("--keep-old")).await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let kept = s3.objects();
    let is_of_edition = |key: &&String| key.split('/').count() > 3;
    let still_there = first.keys().filter(is_of_edition);
    assert!(still_there.into_iter().all(|key| kept.contains_key(key)));
    assert_nothing_is_half_visible(&kept);
    let outcome = run(archive.command(s3.address()).args(other).arg("--json")).await;
    assert_eq!(summary(&outcome.stdout)["unchanged"], FEW);

    let outcome = run(archive.command(fresh.address()).args(other)).await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(s3.objects(), fresh.objects());
    let outcome = run(&mut archive.command(s3.address())).await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(s3.objects(), first);
}

#[tokio::test]
async fn a_bucket_in_trouble_is_waited_for() {
    let archive = Archive::small(FEW).await;
    let s3 = S3::start().await;
    let mut way = Way::to(s3.address()).await;
    way.fault(Method::PUT, "/seg_", 0, 3, Fault::Answer(503, "SlowDown"));
    way.fault(Method::PUT, "/init.mp4", 1, 2, Fault::Close);
    way.fault(Method::PUT, "/video.m3u8", 0, 1, Fault::LoseAnswer);
    way.fault(
        Method::GET,
        "list-type=2",
        3,
        2,
        Fault::Answer(429, "TooManyRequests"),
    );
    way.fault(
        Method::PUT,
        "/master.m3u8",
        2,
        1,
        Fault::Answer(500, "InternalError"),
    );
    let mut half_way = way.fault(Method::PUT, "/package.json", 2, 1, Fault::Close);
    let mut process = Process::start(archive.command(way.address()).arg("--json"));
    half_way.happened().await;
    way.shut().await;
    // Which of the two comes first is chance.
    let words = ["it cannot be reached", "the connection broke off"];
    let refused = |line: &str| words.iter().any(|words| line.contains(words)).then_some(());
    let told = within("it tells of the outage", process.stderr().find(refused)).await;
    assert_eq!(told, Some(()));
    way.open();
    let status = process.ended().await;
    assert_eq!(status.code(), Some(0), "{}", process.stderr().whole().await);
    assert_eq!(summary(&process.stdout().whole().await)["packaged"], FEW);
    assert_nothing_is_half_visible(&s3.objects());
}

#[tokio::test]
async fn an_outage_beyond_the_budget_is_that_films_failure() {
    let archive = Archive::small(2).await;
    let s3 = S3::start().await;
    let way = Way::to(s3.address()).await;
    let always = Fault::Answer(503, "SlowDown");
    way.fault(Method::PUT, "games/small-0/", 0, usize::MAX, always);
    let mut command = archive.command(way.address());
    let outcome = run(command.args(["--retry-budget", "1s", "--json"])).await;
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    let told = lines(&outcome.stdout);
    let failed = told.iter().find(|line| line["status"] == "failed").unwrap();
    assert_eq!(failed["game"], "small-0");
    assert!(
        failed["error"].as_str().unwrap().contains("SlowDown"),
        "{failed}"
    );
    assert_eq!(told.last().unwrap()["packaged"], 1);
}

#[tokio::test]
async fn a_key_that_is_refused_ends_the_batch_at_once() {
    let archive = Archive::small(FEW).await;
    let s3 = S3::start().await;
    let way = Way::to(s3.address()).await;
    let always = Fault::Answer(403, "AccessDenied");
    way.fault(Method::PUT, "/", 0, usize::MAX, always);
    let outcome = run(&mut archive.command(way.address())).await;
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.stderr.contains("the bucket refuses this key"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("help: give the key the right to"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stdout.contains("6 not reached"),
        "{}",
        outcome.stdout
    );
    let puts = way
        .seen()
        .into_iter()
        .filter(|(method, _)| method == Method::PUT);
    assert!(
        puts.count() <= 4,
        "one or two films were tried, and nothing was tried again"
    );
}

#[tokio::test]
async fn bad_films_are_told_at_the_end_and_stop_nobody() {
    let mut archive = Archive::small(3).await;
    archive.add("empty", b"");
    archive.add("text", "Period 1: 2-1.\n".repeat(100).as_bytes());
    archive.add_missing("missing");
    let s3 = S3::start().await;
    let outcome = run(archive.command(s3.address()).arg("--json")).await;
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    let told = lines(&outcome.stdout);
    let failed = told.iter().filter(|line| line["status"] == "failed");
    let mut games: Vec<&str> = failed.map(|line| line["game"].as_str().unwrap()).collect();
    games.sort_unstable();
    assert_eq!(games, ["empty", "missing", "text"]);
    let last = told.last().unwrap();
    assert_eq!((&last["packaged"], &last["failed"]), (&3.into(), &3.into()));

    let outcome = run(&mut archive.command(s3.address())).await;
    assert_eq!(outcome.code, Some(1));
    for part in [
        "0 packaged",
        "3 unchanged, 3 failed",
        "empty.mp4 is empty",
        "missing.mp4",
    ] {
        assert!(outcome.stdout.contains(part), "{part}: {}", outcome.stdout);
    }
    assert!(
        outcome
            .stderr
            .contains("3 of 6 films could not be packaged"),
        "{}",
        outcome.stderr
    );
}

#[tokio::test]
async fn a_list_with_mistakes_is_refused_before_anything_starts() {
    let mut archive = Archive::small(1).await;
    archive.add_line("small-0,again.mp4,");
    archive.add_line("a/b,x.mp4,");
    let s3 = S3::start().await;
    let outcome = run(&mut archive.command(s3.address())).await;
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    for part in [
        "line 3: game \"small-0\" is in line 2 already",
        "line 4: \"a/b\" is no game id",
    ] {
        assert!(outcome.stderr.contains(part), "{part}: {}", outcome.stderr);
    }
    assert_eq!(s3.objects().len(), 0);
}

#[tokio::test]
async fn films_in_a_bucket_are_fetched_in_pieces_and_leave_no_trace() {
    let mut archive = Archive::small(2).await;
    let s3 = S3::start().await;
    for number in 0..2 {
        let film = archive.content(number);
        s3.put(&format!("originals/{number}.mp4"), "video/mp4", film)
            .await;
        archive.add_line(&format!("far-{number},s3://films/originals/{number}.mp4,"));
    }
    let large = vec![7; 3 * 1024 * 1024];
    s3.put("originals/large.mp4", "video/mp4", large).await;
    archive.add_line("too-large,s3://films/originals/large.mp4,");
    archive.add_line("nowhere,s3://films/originals/none.mp4,");
    let leftover = archive.scratch().join("reelgate-scratch-killed");
    std::fs::create_dir_all(&leftover).unwrap();
    std::fs::write(leftover.join("lock"), "").unwrap();
    std::fs::write(leftover.join("0.mp4"), "half a film").unwrap();

    let way = Way::to(s3.address()).await;
    // Its samples are all of a small film, and come first.
    way.fault(Method::GET, "originals/0.mp4", 1, 1, Fault::CutBody(1000));
    let scratch = archive.scratch();
    let mut command = archive.command(way.address());
    command
        .args(["--scratch", "2MiB", "--json", "--scratch-dir"])
        .arg(&scratch);
    let outcome = run(&mut command).await;
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    let told = lines(&outcome.stdout);
    let error = |game: &str| {
        let line = told.iter().find(|line| line["game"] == game).unwrap();
        line["error"].as_str().unwrap_or_default().to_owned()
    };
    assert!(
        error("too-large").contains("the scratch folder may hold"),
        "{}",
        error("too-large")
    );
    assert!(
        error("nowhere").contains("there is no such object"),
        "{}",
        error("nowhere")
    );
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0);
    let objects = s3.objects();
    assert_nothing_is_half_visible(&objects);
    for number in 0..2 {
        let of = |game: &str| {
            let prefix = format!("games/{game}-{number}/");
            let objects = objects.iter().filter(|(key, _)| key.ends_with(".m4s"));
            let objects =
                objects.filter_map(|(key, content)| Some((key.strip_prefix(&prefix)?, content)));
            objects.collect::<Vec<_>>()
        };
        assert!(!of("far").is_empty());
        assert_eq!(of("far"), of("small"));
    }
    // The rest was asked for, not all of it again.
    let gets = way
        .seen()
        .into_iter()
        .filter(|(method, path)| method == Method::GET && path.contains("originals/0.mp4"));
    assert_eq!(gets.count(), 3);
}

#[tokio::test]
async fn a_batch_that_is_asked_to_stop_says_how_to_go_on() {
    let archive = Archive::small(FEW).await;
    let s3 = S3::start().await;
    let way = Way::to(s3.address()).await;
    let mut reached = way.fault(Method::PUT, "/seg_", 2, 1, Fault::Hang);
    let mut process = Process::start(archive.command(way.address()).arg("--json"));
    reached.happened().await;
    process.signal(Signal::TERM);
    assert_eq!(process.ended().await.code(), Some(1));
    let stderr = process.stderr().whole().await;
    assert!(stderr.contains("run the same command again"), "{stderr}");
    let told = summary(&process.stdout().whole().await);
    assert!(told["not_reached"].as_u64() > Some(0), "{told}");
    assert_nothing_is_half_visible(&s3.objects());
}

#[tokio::test]
async fn two_batches_at_once_do_no_harm() {
    let archive = Archive::small(FEW).await;
    let (s3, alone) = (S3::start().await, S3::start().await);
    let mut one = archive.command(s3.address());
    let mut other = archive.command(s3.address());
    let (one, other) = tokio::join!(run(&mut one), run(&mut other));
    assert_eq!(
        (one.code, other.code),
        (Some(0), Some(0)),
        "{}{}",
        one.stderr,
        other.stderr
    );
    let outcome = run(&mut archive.command(alone.address())).await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(s3.objects(), alone.objects());
}
