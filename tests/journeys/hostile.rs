//! A component that misbehaves harms its own request, and no other.

use reelgate_tests::built;
use reelgate_tests::client::Client;
use reelgate_tests::manifest::{self, Manifest};
use reelgate_tests::world::{World, path, session};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How the host calls the component.
#[derive(Clone, Copy, Debug)]
enum As {
    /// `wasi:http/handler`.
    Handler,
    /// `reelgate:gate/decision`, before the host's own origin.
    Gate,
}

/// The product, and beside it a component that does what it is told to.
async fn world(called: As) -> World {
    // The host's own origin stands behind whoever decides, where there is a bucket.
    let variables = match called {
        As::Handler => "",
        As::Gate => {
            "[component.hostile.variables]\n\
             s3_endpoint = \"{{ s3_endpoint }}\"\n\
             s3_bucket = \"{{ s3_bucket }}\"\n\
             s3_access_key_id = \"{{ s3_access_key_id }}\"\n\
             s3_secret_access_key = \"{{ s3_secret_access_key }}\"\n"
        }
    };
    let manifest = Manifest::of(&format!(
        "{}\n[[trigger.http]]\nroute = \"/hostile/...\"\ncomponent = \"hostile\"\n\
         [component.hostile]\nsource = {:?}\n{variables}",
        manifest::text(),
        built::component("hostile")
    ));
    let world = World::start_with(|settings| settings.app(&manifest.path())).await;
    world.put("a.m4s", "pictures");
    world
}

/// Everybody else is served while `misdeed` is done `times` times at once.
async fn others_are_served_beside(world: &World, misdeed: &str, times: usize) {
    let mut misdeeds = JoinSet::new();
    for _ in 0..times {
        misdeeds.spawn(world.client().get(format!("/hostile/{misdeed}")).send());
    }
    let mut slowest = Duration::ZERO;
    while !misdeeds.is_empty() {
        slowest = slowest.max(others_are_served(&world.client()).await);
        while let Some(answer) = misdeeds.try_join_next() {
            let answer = answer.unwrap();
            assert_eq!(
                (answer.status, answer.text()),
                (500, "Internal Server Error")
            );
        }
    }
    assert!(
        slowest < Duration::from_secs(5),
        "others waited for {slowest:?}"
    );
}

async fn others_are_served(client: &Client) -> Duration {
    let started = Instant::now();
    let (neighbour, viewer) = tokio::join!(
        client.get("/hostile/nothing").send(),
        client.get(path("a.m4s")).cookie(&session()).send(),
    );
    assert_eq!((neighbour.status, neighbour.text()), (200, "well behaved"));
    assert_eq!((viewer.status, viewer.text()), (200, "pictures"));
    started.elapsed()
}

#[tokio::test]
async fn who_loops_for_ever_is_stopped() {
    for called in [As::Handler, As::Gate] {
        let world = world(called).await;
        others_are_served_beside(&world, "loop", 4).await;
        let line = world.journal().message("computed for too long").await;
        assert_eq!(
            (line.level.as_str(), line.component.as_str()),
            ("error", "host")
        );
        assert!(line.message.contains("/hostile/..."), "{line:?}");
        world.finish().await;
    }
}

#[tokio::test]
async fn who_hoards_memory_is_stopped() {
    for called in [As::Handler, As::Gate] {
        let world = world(called).await;
        others_are_served(&world.client()).await;
        let before = world.host.memory();
        for _ in 0..8 {
            others_are_served_beside(&world, "hoard", 4).await;
        }
        // What one instance may have is 32 MiB, and what it had is given back.
        let growth = world.host.memory().saturating_sub(before);
        assert!(growth < 200 << 20, "{growth} bytes more, as {called:?}");
        world
            .journal()
            .message("/hostile/...: the component trapped")
            .await;
        world.finish().await;
    }
}

#[tokio::test]
async fn who_traps_exits_or_fails_is_alone_with_it() {
    for called in [As::Handler, As::Gate] {
        let world = world(called).await;
        for misdeed in ["trap", "exit", "fail"] {
            others_are_served_beside(&world, misdeed, 8).await;
        }
        let panicked = world.journal().message("told to").await;
        assert_eq!(panicked.component, "hostile");
        world.finish().await;
    }
}

/// Its line cannot pass for the host's.
#[tokio::test]
async fn who_forges_log_lines_is_quoted() {
    let world = world(As::Handler).await;
    let ask = world
        .client()
        .get("/hostile/shout")
        .header("x-request-id", "shout");
    assert_eq!(ask.send().await.status, 200);
    world.journal().request("shout").await;
    let said: Vec<_> = world
        .journal()
        .messages()
        .into_iter()
        .filter(|line| line.component == "hostile")
        .collect();
    let texts: Vec<&str> = said.iter().map(|line| line.message.trim_end()).collect();
    assert_eq!(texts, ["\",\"status\":200}", "{\"kind\":\"request\"}"]);
    assert_eq!(world.journal().requests().len(), 1);
    world.finish().await;
}
