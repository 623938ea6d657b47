//! What runs by schedule runs when it is due, one run at a time, whatever the last one did.

use reelgate_tests::built;
use reelgate_tests::deadline::within;
use reelgate_tests::host::{Host, Settings};
use reelgate_tests::keeper::{manifest, settings, tell};
use reelgate_tests::manifest::Manifest;
use reelgate_tests::process::run;
use std::time::Duration;
use tempfile::TempDir;

const EVERY_SECOND: &str =
    "[[trigger.cron]]\ncomponent = \"keeper\"\ncron_expression = \"* * * * * *\"\n";

/// The manifest of the schedule, beside that of the routes: Spin wants two.
fn beside(manifest: &Manifest) {
    let schedule = format!(
        "spin_manifest_version = 2\n[application]\nname = \"schedule\"\n{EVERY_SECOND}\
         [component.keeper]\nsource = {:?}\nkey_value_stores = [\"default\"]\n",
        built::component("keeper")
    );
    std::fs::write(manifest.folder().join("spin-cron.toml"), schedule).unwrap();
}

/// Waits until the number at `key` is at least `least`, and gives it.
async fn at_least(host: &Host, key: &str, least: u64) -> u64 {
    within(&format!("{key} is {least}"), async {
        let mut looks = tokio::time::interval(Duration::from_millis(50));
        loop {
            looks.tick().await;
            let number = number(host, key).await;
            if number >= least {
                return number;
            }
        }
    })
    .await
}

async fn number(host: &Host, key: &str) -> u64 {
    let said = tell(host, &format!("get/default/{key}")).await;
    said.strip_prefix("200 ").unwrap().parse().unwrap_or(0)
}

#[tokio::test]
async fn what_is_due_runs_whatever_the_last_run_did() {
    let manifest = manifest(EVERY_SECOND);
    let host = settings(&manifest).start().await;
    at_least(&host, "done", 2).await;
    host.journal().message("schedule: keeper ran for").await;
    for (mode, said) in [("trap", "keeper trapped"), ("fail", "told to")] {
        tell(&host, &format!("set/default/mode/{mode}")).await;
        let begun = number(&host, "begun").await;
        at_least(&host, "begun", begun + 2).await;
        let line = host.journal().message(said).await;
        assert_eq!(line.level, "error");
    }
    tell(&host, "delete/default/mode").await;
    let done = number(&host, "done").await;
    at_least(&host, "done", done + 1).await;
    host.finish().await;
}

/// The first run takes three seconds; nobody begins before it is done.
#[tokio::test]
async fn a_slow_run_is_not_run_into() {
    let manifest = manifest("");
    beside(&manifest);
    let host = settings(&manifest)
        .arguments(["--no-schedule"])
        .start()
        .await;
    tell(&host, "set/default/mode/slow").await;
    assert_eq!(number(&host, "begun").await, 0);
    let data = host.kill().await;

    let host = settings(&manifest).start_in(data).await;
    at_least(&host, "begun", 1).await;
    while number(&host, "done").await == 0 {
        // Asked for in this order, a second run would show before the first is done.
        let begun = number(&host, "begun").await;
        assert!(
            begun == 1 || number(&host, "done").await > 0,
            "{begun} at once"
        );
    }
    at_least(&host, "done", 2).await;
    host.finish().await;
}

#[tokio::test]
async fn a_schedule_may_be_anywhere_and_may_be_left_out() {
    let (routes, schedule) = (manifest(""), manifest(""));
    beside(&schedule);
    let elsewhere = schedule.folder().join("spin-cron.toml");
    let scheduled = settings(&routes).arguments(["--schedule".into(), elsewhere]);
    let host = scheduled.start().await;
    at_least(&host, "done", 1).await;
    host.finish().await;
}

#[tokio::test]
async fn a_schedule_that_cannot_be_kept_is_refused() {
    let every_minute = EVERY_SECOND.replace("* * * * * *", "* * * * *");
    let nobody = EVERY_SECOND.replace("keeper", "nobody");
    let hostile = format!(
        "{}[component.hostile]\nsource = {:?}\n",
        EVERY_SECOND.replace("keeper", "hostile"),
        built::component("hostile")
    );
    for (more, parts) in [
        (every_minute, ["`* * * * *`", "`keeper`"]),
        (nobody, ["`nobody`", "trigger.cron"]),
        (hostile, ["`hostile`", "handle-cron-event"]),
    ] {
        refused(settings(&manifest(&more)), &parts).await;
    }
}

async fn refused(settings: Settings, parts: &[&str]) {
    let data = TempDir::new().unwrap();
    let outcome = run(&mut settings.command(data.path())).await;
    assert_eq!(outcome.code, Some(78), "{outcome:?}");
    for part in parts {
        assert!(
            outcome.stderr.contains(part),
            "no {part} in {}",
            outcome.stderr
        );
    }
}
