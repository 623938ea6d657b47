//! `reelgate package check`: a film that was packaged is judged where it lies and behind the gate.

use reelgate_tests::bucket::NAME;
use reelgate_tests::built;
use reelgate_tests::check::check;
use reelgate_tests::film;
use reelgate_tests::host::Settings;
use reelgate_tests::portal::Jwt;
use reelgate_tests::process::{Outcome, run};
use reelgate_tests::s3::S3;
use reelgate_tests::world::GAME;
use serde_json::Value;
use tokio::process::Command;

/// Numbers of the rules with that outcome.
fn rules(report: &Value, outcome: &str) -> Vec<String> {
    let rules = report["rules"].as_array().unwrap().iter();
    let rules = rules.filter(|rule| rule["outcome"] == outcome);
    rules
        .map(|rule| rule["rule"].as_str().unwrap().to_owned())
        .collect()
}

fn report(outcome: &Outcome) -> Value {
    assert_eq!(
        outcome.code,
        Some(0),
        "{}{}",
        outcome.stdout,
        outcome.stderr
    );
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[tokio::test]
async fn a_packaged_film_keeps_the_rules_in_the_bucket_and_behind_the_gate() {
    let s3 = S3::start().await;
    film::package(&s3, GAME).await;
    let host = Settings::new(s3.address()).start().await;
    let token = Jwt::for_game(GAME).mint();
    let behind = format!("http://{}/games/{GAME}/master.m3u8", host.address());

    let stored = format!("s3://{NAME}/games/{GAME}/master.m3u8");
    let in_bucket = report(&check(&s3, &stored, &["--json"]).await);
    assert_eq!(in_bucket["passed"], true);
    // One bit rate, with its sound: what is packaged without --ladder abr.
    assert_eq!(rules(&in_bucket, "warning"), ["9.5", "9.9"]);
    assert_eq!(rules(&in_bucket, "not_checked"), Vec::<String>::new());

    let through = check(&s3, &format!("{behind}?t={token}"), &["--json"]).await;
    assert_eq!(report(&through)["rules"], in_bucket["rules"]);
    let quick = report(&check(&s3, &format!("{behind}?t={token}"), &["--json", "--quick"]).await);
    assert_eq!(quick["is_full"], false);

    let refused = check(&s3, &behind, &[]).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("403"), "{}", refused.stderr);
    assert!(refused.stderr.contains("token mint"), "{}", refused.stderr);
    host.finish().await;
}

#[tokio::test]
async fn a_rule_that_is_broken_is_told_with_its_number_and_place() {
    let s3 = S3::start().await;
    film::package(&s3, GAME).await;
    let key = format!("games/{GAME}/master.m3u8");
    let master = String::from_utf8(s3.objects()[&key].clone()).unwrap();
    let without = master.replace(",FRAME-RATE=25", "");
    assert_ne!(without, master);
    s3.put(&key, "text/plain", without).await;

    let outcome = check(&s3, &format!("s3://{NAME}/{key}"), &[]).await;
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("9.15"), "{}", outcome.stderr);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    let failed = lines.iter().position(|line| line.starts_with("FAIL"));
    let failed = failed.unwrap();
    assert!(lines[failed].contains("9.15"), "{}", outcome.stdout);
    assert!(lines[failed + 1].contains("has no FRAME-RATE"));
    let typed = lines.iter().find(|line| line.contains(" 10.4 "));
    assert!(typed.unwrap().starts_with("warning"), "{}", outcome.stdout);
}

#[tokio::test]
async fn what_cannot_be_checked_is_no_verdict() {
    let s3 = S3::start().await;
    let nothing = check(&s3, &format!("s3://{NAME}/games/{GAME}/master.m3u8"), &[]).await;
    assert_eq!(nothing.code, Some(1));
    assert!(
        nothing.stderr.contains("no such playlist"),
        "{}",
        nothing.stderr
    );
    let unknown = check(&s3, "ftp://a/master.m3u8", &[]).await;
    assert_eq!(unknown.code, Some(2));
    let mut command = Command::new(built::reelgate());
    let outcome = run(command.args(["package", "check", "s3://a/b.m3u8"])).await;
    assert_eq!(outcome.code, Some(78), "{}", outcome.stderr);
}
