//! `/control`: what the fake was asked and did, and how it shall misbehave. It has no token, for a fake
//! listens where only its tester comes by.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{
    answer::{Answer, empty, json_answer},
    mischief::Rule,
    world::World,
};

/// Answers the one who drives the fake:
///
/// | request | answer |
/// | --- | --- |
/// | `GET /control/requests` | every request of the API |
/// | `GET /control/videos` | every video, how its source was fetched, what goes wrong with it |
/// | `GET /control/copies?name=NAME` | how many copies were made under the name |
/// | `GET /control/webhooks` | every webhook that was sent |
/// | `GET /control/mischief` | the rules |
/// | `POST /control/mischief` | one more rule: `{"mischief":"rate-limit=30","name":"v1#1","on":"copy","times":2}` |
/// | `DELETE /control/mischief` | no rules |
pub(crate) fn answer(
    world: &World,
    method: &Method,
    path: &str,
    query: &str,
    body: &[u8],
) -> Answer {
    match (method.as_str(), path) {
        ("GET", "/control/requests") => told(json!({"requests": world.known().asked})),
        ("GET", "/control/videos") => told(json!({"videos": world.known().videos})),
        ("GET", "/control/copies") => copies(world, query),
        ("GET", "/control/webhooks") => told(json!({"webhooks": world.known().deliveries})),
        ("GET", "/control/mischief") => told(json!({"rules": world.known().rules})),
        ("POST", "/control/mischief") => misbehave(world, body),
        ("DELETE", "/control/mischief") => {
            world.known().rules.clear();
            empty(StatusCode::NO_CONTENT)
        }
        _ => wrong(StatusCode::NOT_FOUND, "there is nothing here"),
    }
}

fn told(value: Value) -> Answer {
    json_answer(StatusCode::OK, &value)
}

fn wrong(status: StatusCode, reason: &str) -> Answer {
    json_answer(status, &json!({"error": reason}))
}

fn copies(world: &World, query: &str) -> Answer {
    let mut fields = form_urlencoded::parse(query.as_bytes());
    match fields.find(|(field, _)| field == "name") {
        Some((_, name)) => told(json!(world.known().copies(&name))),
        None => wrong(StatusCode::BAD_REQUEST, "whose? ask with ?name="),
    }
}

fn misbehave(world: &World, body: &[u8]) -> Answer {
    match serde_json::from_slice::<Rule>(body) {
        Ok(rule) => {
            world.known().rules.push(rule);
            empty(StatusCode::NO_CONTENT)
        }
        Err(error) => wrong(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}
