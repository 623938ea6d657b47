//! `/client/v4/accounts/{account}/stream`: the part of Cloudflare's API that reelgate uses.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use url::Url;

use crate::{
    answer::{Answer, ApiError, content, result},
    life::Life,
    list::Filter,
    mischief::{Call, Mischief},
    random_hex,
    webhook::Subscription,
    world::{Asked, World},
};

/// What becomes of a request.
pub(crate) enum Outcome {
    /// It is answered.
    Answer(Box<Answer>),
    /// It is never answered.
    Silence,
    /// The connection is closed.
    Hangup,
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        Self::Answer(Box::new(answer))
    }
}

/// A request of the API, read.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Answers a request and notes it.
pub(crate) async fn answer(world: &Arc<World>, request: &Request) -> Outcome {
    let noted = note(world, request);
    let outcome = match route(world, request) {
        Ok((call, uid)) => act(world, request, call, uid, noted).await,
        Err(error) => error.answer().into(),
    };
    if let Outcome::Answer(answer) = &outcome {
        world.known().asked[noted].status = Some(answer.status().as_u16());
    }
    outcome
}

/// Its place among the requests that are noted.
fn note(world: &World, request: &Request) -> usize {
    let mut known = world.known();
    known.asked.push(Asked {
        at: Timestamp::now(),
        method: request.method.to_string(),
        path: request.path.clone(),
        query: request.query.clone(),
        body: serde_json::from_slice(&request.body).ok(),
        mischief: None,
        status: None,
    });
    known.asked.len() - 1
}

fn route<'a>(world: &World, request: &'a Request) -> Result<(Call, &'a str), ApiError> {
    let path = request.path.strip_prefix("/client/v4/accounts/");
    let (account, rest) = path
        .and_then(|path| path.split_once('/'))
        .ok_or(ApiError::NOT_FOUND)?;
    authenticate(world, account, &request.headers)?;
    let rest = rest.strip_prefix("stream").ok_or(ApiError::NOT_FOUND)?;
    match (
        request.method.as_str(),
        rest.strip_prefix('/').unwrap_or(rest),
    ) {
        ("POST", "copy") => Ok((Call::Copy, "")),
        ("GET", "") => Ok((Call::List, "")),
        ("GET" | "PUT" | "DELETE", "webhook") => Ok((Call::Webhook, "")),
        (_, uid) if uid.contains('/') => Err(ApiError::NOT_FOUND),
        ("GET", uid) => Ok((Call::Get, uid)),
        ("DELETE", uid) if !uid.is_empty() => Ok((Call::Delete, uid)),
        _ => Err(ApiError::NO_METHOD),
    }
}

fn authenticate(world: &World, account: &str, headers: &HeaderMap) -> Result<(), ApiError> {
    let given = headers
        .get(header::AUTHORIZATION)
        .ok_or(ApiError::NO_TOKEN)?;
    let given = given
        .to_str()
        .ok()
        .and_then(|value| value.strip_prefix("Bearer "));
    let options = &world.options;
    if given != Some(options.api_token.as_str()) || account != options.account_id {
        return Err(ApiError::UNAUTHENTICATED);
    }
    Ok(())
}

async fn act(
    world: &Arc<World>,
    request: &Request,
    call: Call,
    uid: &str,
    noted: usize,
) -> Outcome {
    let mischief = mischief(world, request, call, uid);
    world.known().asked[noted].mischief.clone_from(&mischief);
    match mischief {
        None => do_it(world, request, call, uid).await.into(),
        Some(Mischief::RateLimit(after)) => rate_limit(after).into(),
        Some(Mischief::ServerError(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            ApiError(status, 10_001, "Internal error").answer().into()
        }
        Some(Mischief::Garbage) => {
            do_it(world, request, call, uid).await;
            content(
                StatusCode::OK,
                "application/json",
                "{\"result\": {\"uid\": \"8f".into(),
            )
            .into()
        }
        Some(Mischief::NoAnswer) => {
            do_it(world, request, call, uid).await;
            Outcome::Silence
        }
        Some(Mischief::AnswerLost) => {
            do_it(world, request, call, uid).await;
            Outcome::Hangup
        }
        Some(_) => Outcome::Silence,
    }
}

fn mischief(world: &World, request: &Request, call: Call, uid: &str) -> Option<Mischief> {
    let meta = serde_json::from_slice::<Value>(&request.body).ok();
    let meta = meta.and_then(|body| body.get("meta")?.as_object().cloned());
    let filter = Filter::parse(&request.query);
    let mut known = world.known();
    let of_uid = known.video(uid).map(|video| video.meta.clone());
    let meta = meta.or(of_uid).unwrap_or_default();
    let mut names = crate::video::names(&meta);
    names.extend(filter.name.as_deref());
    known.mischief(call, &names)
}

fn rate_limit(after: Option<u32>) -> Answer {
    let mut answer = ApiError::RATE.answer();
    if let Some(seconds) = after {
        let headers = answer.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

async fn do_it(world: &Arc<World>, request: &Request, call: Call, uid: &str) -> Answer {
    let done = match call {
        Call::Copy => copy(world, &request.body).await,
        Call::List => Ok(list(world, &request.query)),
        Call::Get => get(world, uid),
        Call::Delete => delete(world, uid),
        Call::Webhook => webhook(world, &request.method, &request.body),
    };
    done.unwrap_or_else(ApiError::answer)
}

async fn copy(world: &Arc<World>, body: &[u8]) -> Result<Answer, ApiError> {
    let body: Value = serde_json::from_slice(body).map_err(|_| ApiError::BAD_REQUEST)?;
    let (source, meta) = copy_of(&body).ok_or(ApiError::BAD_REQUEST)?;
    let uid = random_hex(16);
    {
        let mut known = world.known();
        if known.in_flight() >= world.options.most_in_flight {
            return Err(ApiError::FULL);
        }
        known.accept(uid.clone(), source, meta);
    }
    let accepted = get(world, &uid);
    let is_early = world
        .known()
        .video(&uid)
        .is_some_and(|video| video.is_fated(&Mischief::WebhookEarly));
    let life = tokio::spawn(until_stopped(Arc::clone(world), uid));
    if is_early {
        // A life that ended badly has ended.
        let _ = life.await;
    }
    accepted
}

async fn until_stopped(world: Arc<World>, uid: String) {
    let mut stop = world.stop.subscribe();
    tokio::select! {
        () = Life::new(world, uid).live() => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

/// Source and `meta` of a copy. `url` is the deprecated name of `input`.
fn copy_of(body: &Value) -> Option<(String, Map<String, Value>)> {
    let source = body.get("input").or_else(|| body.get("url"))?.as_str()?;
    let url = Url::parse(source).ok()?;
    let meta = match body.get("meta") {
        None | Some(Value::Null) => Map::new(),
        Some(meta) => meta.as_object()?.clone(),
    };
    matches!(url.scheme(), "http" | "https").then(|| (source.to_owned(), meta))
}

fn list(world: &World, query: &str) -> Answer {
    let filter = Filter::parse(query);
    let known = world.known();
    let videos = filter.of(&known.videos);
    let videos: Vec<Value> = videos.map(|video| video.to_json(&world.base)).collect();
    result(json!(videos))
}

fn get(world: &World, uid: &str) -> Result<Answer, ApiError> {
    let known = world.known();
    let video = known.video(uid).ok_or(ApiError::NOT_FOUND)?;
    Ok(result(video.to_json(&world.base)))
}

fn delete(world: &World, uid: &str) -> Result<Answer, ApiError> {
    match world.known().delete(uid) {
        true => Ok(result(json!(""))),
        false => Err(ApiError::NOT_FOUND),
    }
}

fn webhook(world: &World, method: &Method, body: &[u8]) -> Result<Answer, ApiError> {
    let mut known = world.known();
    match *method {
        Method::PUT => {
            let body: Value = serde_json::from_slice(body).map_err(|_| ApiError::BAD_REQUEST)?;
            let url = body
                .get("notificationUrl")
                .or_else(|| body.get("notification_url"));
            let url = url.and_then(Value::as_str).ok_or(ApiError::BAD_REQUEST)?;
            Url::parse(url).map_err(|_| ApiError::BAD_REQUEST)?;
            // Another secret each time, also for the address that is called already (Cloudflare's
            // page "Use webhooks").
            known.subscription = Some(Subscription {
                notification_url: url.to_owned(),
                secret: random_hex(20),
                modified: Timestamp::now(),
            });
        }
        Method::DELETE => {
            known.subscription.take().ok_or(ApiError::NOT_FOUND)?;
            return Ok(result(json!("")));
        }
        _ => {}
    }
    let subscription = known.subscription.as_ref().ok_or(ApiError::NOT_FOUND)?;
    Ok(result(json!({
        "notificationUrl": subscription.notification_url,
        "modified": subscription.modified,
        "secret": subscription.secret,
    })))
}
