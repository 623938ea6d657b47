//! A store's file that is damaged: films are served, the operator is told, and the file can be looked
//! after.

use http::Method;
use reelgate_tests::built;
use reelgate_tests::host::Settings;
use reelgate_tests::keeper;
use reelgate_tests::manifest;
use reelgate_tests::process::{Outcome, run};
use reelgate_tests::studio::{ADMIN, ask};
use reelgate_tests::world::{key, path, session};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tempfile::TempDir;
use tokio::process::Command;

/// What becomes of a file.
type Damage = fn(&mut Vec<u8>);

/// Each leaves something that was a store.
const DAMAGES: [(&str, Damage); 7] = [
    ("empty", |file| file.clear()),
    ("cut", |file| file.truncate(file.len() / 2)),
    ("cut to a header", |file| file.truncate(100)),
    ("zeroed", |file| file.fill(0)),
    ("another header", |file| file[..64].fill(0xa5)),
    ("another layout", |file| file[9..64].fill(0xa5)),
    ("another middle", |file| {
        for byte in file[4096..].iter_mut().step_by(97) {
            *byte ^= 0x55;
        }
    }),
];

/// A store with a hundred keys, and the folder that it is in.
async fn store() -> (TempDir, PathBuf) {
    let manifest = keeper::manifest("");
    let host = keeper::settings(&manifest).start().await;
    for number in 0..100 {
        let deed = format!("set/default/key-{number}/{number}");
        assert_eq!(keeper::tell(&host, &deed).await, "200 set");
    }
    let folder = host.kill().await;
    let file = folder.path().join("store.redb");
    (folder, file)
}

async fn reelgate(words: &[&str], files: &[&Path]) -> Outcome {
    run(Command::new(built::reelgate()).args(words).args(files)).await
}

fn damaged(file: &Path, damage: Damage) {
    let mut bytes = std::fs::read(file).unwrap();
    damage(&mut bytes);
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn viewers_are_served_beside_a_damaged_store() {
    let bucket = reelgate_tests::bucket::Bucket::start().await;
    bucket.put(&key("a.m4s"), "pictures");
    let settings = Settings::new(bucket.address())
        .app(&manifest::keyvalue())
        .variable("admin_token", ADMIN);
    let list = || (Method::GET, "/api/videos");
    for (name, damage) in DAMAGES {
        let host = settings.start().await;
        let (method, target) = list();
        let listed = ask(&host.client(), method, target).send().await;
        assert_eq!(listed.status, 200, "{}", listed.text());
        let folder = host.kill().await;
        let file = folder.path().join("store.redb");
        damaged(&file, damage);

        let host = settings.start_in(folder).await;
        let line = host.journal().message("the catalog cannot be used").await;
        for part in ["store.redb is damaged", "reelgate store check", "backup"] {
            assert!(
                line.message.contains(part),
                "{name}: no {part} in {}",
                line.message
            );
        }
        let film = host
            .client()
            .get(path("a.m4s"))
            .cookie(&session())
            .send()
            .await;
        assert_eq!(film.text(), "pictures", "{name}");
        let (method, target) = list();
        let refused = ask(&host.client(), method, target).send().await;
        assert_eq!(refused.status, 503, "{name}: {}", refused.text());
        assert!(!refused.text().contains("store.redb"), "{}", refused.text());
        host.finish().await;
    }
}

#[tokio::test]
async fn a_check_says_what_a_store_is_and_changes_nothing() {
    let (_folder, file) = store().await;
    let sound = std::fs::read(&file).unwrap();
    let checked = reelgate(&["store", "check"], &[&file]).await;
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    assert!(
        checked.stdout.contains("is sound: 100 keys in `default`"),
        "{}",
        checked.stdout
    );
    assert!(std::fs::read(&file).unwrap() == sound, "it was written to");

    for (name, damage) in DAMAGES {
        std::fs::write(&file, &sound).unwrap();
        damaged(&file, damage);
        let before = std::fs::read(&file).unwrap();
        let checked = reelgate(&["store", "check"], &[&file]).await;
        assert_eq!(checked.code, Some(1), "{name}: {}", checked.stdout);
        for part in ["is damaged: ", "help: put a backup in its place"] {
            assert!(
                checked.stderr.contains(part),
                "{name}: no {part} in {}",
                checked.stderr
            );
        }
        assert!(
            std::fs::read(&file).unwrap() == before,
            "{name}: it was written to"
        );
        let copy = file.with_extension("copy");
        let copied = reelgate(&["store", "backup"], &[&file, &copy]).await;
        assert_eq!(copied.code, Some(1), "{name}");
        assert!(!copy.exists(), "{name}");
    }
}

#[tokio::test]
async fn what_is_no_store_is_refused_by_name() {
    let folder = TempDir::new().unwrap();
    let sqlite = folder.path().join("sqlite.db");
    std::fs::write(
        &sqlite,
        [b"SQLite format 3\0".as_slice(), &[0; 4096]].concat(),
    )
    .unwrap();
    for (file, reason) in [
        (folder.path().to_owned(), "it is no file"),
        (folder.path().join("none"), "there is no file"),
        (sqlite, "it is an SQLite database"),
    ] {
        let checked = reelgate(&["store", "check"], &[&file]).await;
        assert_eq!(checked.code, Some(1));
        assert!(checked.stderr.contains(reason), "{}", checked.stderr);
    }
}

#[tokio::test]
async fn a_backup_takes_the_place_of_the_store() {
    let (folder, file) = store().await;
    let copy = folder.path().join("copy.redb");
    let copied = reelgate(&["store", "backup"], &[&file, &copy]).await;
    assert_eq!(copied.code, Some(0), "{}", copied.stderr);
    let again = reelgate(&["store", "backup"], &[&file, &copy]).await;
    assert_eq!(again.code, Some(1), "what is there is not overwritten");

    std::fs::rename(&copy, &file).unwrap();
    let manifest = keeper::manifest("");
    let host = keeper::settings(&manifest).start_in(folder).await;
    assert_eq!(keeper::tell(&host, "get/default/key-7").await, "200 7");

    // In use: neither checked nor copied.
    for words in [&["store", "check"][..], &["store", "check", "--repair"]] {
        let refused = reelgate(words, &[&file]).await;
        assert!(
            refused.stderr.contains("is in use by a running host"),
            "{}",
            refused.stderr
        );
        assert!(
            refused.stderr.contains("stop the host"),
            "{}",
            refused.stderr
        );
    }
    let refused = reelgate(&["store", "backup"], &[&file, &copy]).await;
    assert!(refused.stderr.contains("is in use"), "{}", refused.stderr);
    assert!(!copy.exists());
    host.finish().await;
}

#[tokio::test]
async fn a_backup_that_does_not_fit_leaves_nothing() {
    let (folder, file) = store().await;
    let copy = folder.path().join("copy.redb");
    // No file of more than a few KiB may be written, as if the disk were full.
    let script = "trap '' XFSZ; ulimit -f 16; exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(built::reelgate());
    command
        .args(["store", "backup"])
        .args([&file, &copy])
        .stdin(Stdio::null());
    let outcome = run(&mut command).await;
    assert_eq!(outcome.code, Some(1), "{}", outcome.stdout);
    assert!(
        outcome.stderr.contains("cannot write"),
        "{}",
        outcome.stderr
    );
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with("copy"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
