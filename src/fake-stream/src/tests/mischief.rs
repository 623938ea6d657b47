//! What goes wrong goes wrong as it was told.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::stage::Stage;
use crate::{Call, Mischief, Rule, State, signature};

#[tokio::test]
async fn webhooks_go_astray_as_they_are_told() {
    for (mischief, states) in [
        (Mischief::WebhookDoubled, vec!["ready", "ready"]),
        (Mischief::WebhookOutOfOrder, vec!["ready", "inprogress"]),
        (
            Mischief::UnknownState("resting".into()),
            vec!["resting", "ready"],
        ),
        (Mischief::Fails("ERR_NON_VIDEO".into()), vec!["error"]),
        (
            Mischief::WebhookLate(Duration::from_millis(50)),
            vec!["ready"],
        ),
        (Mischief::ReadyAt39, vec!["ready"]),
    ] {
        let stage = Stage::new(b"film").await;
        stage.fake.misbehave(mischief.clone());
        stage.copy("v1#1").await;
        stage.told(states.len()).await;
        let told: Vec<Value> = stage
            .neighbour
            .webhooks()
            .iter()
            .map(|(_, body)| serde_json::from_slice::<Value>(body).unwrap()["status"].clone())
            .collect();
        let found: Vec<_> = told
            .iter()
            .map(|status| status["state"].as_str().unwrap())
            .collect();
        assert_eq!(found, states, "{mischief}");
        if mischief == Mischief::ReadyAt39 {
            assert_eq!(told[0]["pctComplete"], "39.000000");
        }
    }
}

#[tokio::test]
async fn an_early_webhook_is_taken_before_the_copy_is_answered() {
    let stage = Stage::new(b"film").await;
    stage.fake.misbehave(Mischief::WebhookEarly);
    stage.copy("v1#1").await;
    assert_eq!(stage.neighbour.webhooks().len(), 1);
}

#[tokio::test]
async fn a_webhook_that_is_off_or_forged_is_so() {
    let stage = Stage::new(b"film").await;
    stage
        .fake
        .misbehave(Rule::from(Mischief::WebhookOff).times(1));
    stage
        .fake
        .misbehave(Rule::from(Mischief::WebhookWrongSignature).for_name("b#1"));
    stage.copy("a#1").await;
    stage.until(|_| stage.state() == State::Ready).await;
    stage.copy("b#1").await;
    stage.told(1).await;
    let webhooks = stage.neighbour.webhooks();
    let [(header, body)] = webhooks.as_slice() else {
        panic!("{} webhooks", webhooks.len());
    };
    let time = header[5..].split(',').next().unwrap().parse().unwrap();
    assert_ne!(*header, signature(&stage.secret, time, body));
}

#[tokio::test]
async fn answers_go_wrong_as_they_are_told() {
    let stage = Stage::new(b"film").await;
    let rule = Rule::from(Mischief::RateLimit(Some(30)));
    stage.fake.misbehave(rule.on(Call::Copy).times(1));
    let refused = stage
        .ask(Method::POST, "/copy", stage.copy_of("a#1"))
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["retry-after"], "30");
    assert_eq!(stage.fake.copies("a#1").accepted, 0);

    stage
        .fake
        .misbehave(Rule::from(Mischief::ServerError(503)).times(1));
    let failed = stage.ask(Method::GET, "", None).await.unwrap();
    assert_eq!(failed.status(), StatusCode::SERVICE_UNAVAILABLE);

    stage
        .fake
        .misbehave(Rule::from(Mischief::AnswerLost).times(1));
    assert!(
        stage
            .ask(Method::POST, "/copy", stage.copy_of("a#1"))
            .await
            .is_err()
    );
    assert_eq!(stage.fake.copies("a#1").accepted, 1);

    for mischief in [Mischief::NoAnswer, Mischief::Hang] {
        stage.fake.misbehave(Rule::from(mischief.clone()).times(1));
        let asking = stage.ask(Method::POST, "/copy", stage.copy_of("a#1"));
        let arrived = stage.until(|fake| {
            let asked = fake.asked();
            let last = asked.last().and_then(|asked| asked.mischief.as_ref());
            last == Some(&mischief) && fake.copies("a#1").accepted == 2
        });
        tokio::select! {
            answer = asking => panic!("{answer:?}"),
            () = arrived => {}
        }
    }

    stage.fake.misbehave(Rule::from(Mischief::Garbage).times(1));
    let garbage = stage
        .ask(Method::POST, "/copy", stage.copy_of("a#1"))
        .await
        .unwrap();
    assert!(serde_json::from_slice::<Value>(&garbage.bytes().await.unwrap()).is_err());
    assert_eq!(stage.fake.copies("a#1").most_live, 3);
}

#[tokio::test]
async fn what_never_finishes_counts_until_it_is_deleted() {
    let stage = Stage::with(b"film", |options| options.most_in_flight = 1).await;
    stage.fake.misbehave(Mischief::NeverFinishes);
    let uid = stage.copy("a#1").await;
    stage.until(|fake| fake.videos()[0].pct == 39.0).await;
    let refused = stage
        .ask(Method::POST, "/copy", stage.copy_of("b#1"))
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let deleted = stage
        .ask(Method::DELETE, &format!("/{uid}"), None)
        .await
        .unwrap();
    assert_eq!(deleted.status(), StatusCode::OK);
    stage.copy("b#1").await;
    assert_eq!(
        (stage.fake.copies("a#1").live, stage.fake.copies("b#1").live),
        (0, 1)
    );
}
