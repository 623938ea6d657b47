//! Swaps the JWT of a portal's sign-in service for a playback token.
//!
//! Imports a client, to fetch that service's keys, and the next handler, to ask the origin whether there is
//! such a film. Every rule is in `reelgate_core::playback`.

use reelgate_wasi::core::gate::LogFields;
use reelgate_wasi::core::http::{self, Answer, Method};
use reelgate_wasi::core::playback::{
    self, Config, KeyCache, KeysAddress, Permit, Plan, Question, WAIT,
};
use reelgate_wasi::core::token::identity::KeySet;
use reelgate_wasi::{ErrorCode, Incoming, Level, OncePerInstance, Request, Response, log, now};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

struct Playback;

reelgate_wasi::export_handler!(Playback);
reelgate_wasi::import_next!();

static CONFIG: OncePerInstance<Config> = OncePerInstance::new();

/// The same for every request. Never held while something is awaited.
static KEYS: Mutex<KeyCache> = Mutex::new(KeyCache::new());

type Asked<'a> = http::Request<'a, [(String, Vec<u8>)]>;

impl wasip3::exports::http::handler::Guest for Playback {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let incoming = Incoming::read(request);
        let request = incoming.request();
        let config = CONFIG.get(|| Config::from_lookup(&reelgate_wasi::variable));
        let Some(config) = config else {
            let answer = playback::misconfigured();
            return reelgate_wasi::reply(answer.for_method(request.method));
        };
        reelgate_wasi::reply(match playback::route(&request, config) {
            Ok(question) => answer(&question, &request, config).await,
            Err(answer) => config.finish(answer, &request, &LogFields::default()),
        })
    }
}

async fn answer(question: &Question<'_>, request: &Asked<'_>, config: &Config) -> Answer {
    let finish = |answer, log: LogFields<'_>| config.finish(answer, request, &log);
    let keys = match keys(question.key_name(), question.keys_address()).await {
        Ok(keys) => keys,
        Err(retry_after) => {
            return finish(
                playback::keys_unavailable(retry_after),
                LogFields::default(),
            );
        }
    };
    match question.permit(&keys, now()) {
        Ok(permit) => {
            let manifest = manifest(&permit, request).await;
            let log = LogFields::new(question.game(), Some(permit.subject()), None);
            finish(permit.answer(manifest, now()), log)
        }
        Err(refusal) => {
            let reason = Some(refusal.reason());
            let log = LogFields::new(question.game(), refusal.subject(), reason);
            finish(refusal.render(), log)
        }
    }
}

/// The sign-in service's keys, or when to come back.
async fn keys(name: Option<&str>, address: &KeysAddress) -> Result<Arc<KeySet>, u64> {
    loop {
        let plan = cache().plan(name, now());
        match plan {
            Plan::Use(keys) => return Ok(keys),
            Plan::Unavailable { retry_after } => return Err(retry_after),
            Plan::Wait => reelgate_wasi::pause(WAIT).await,
            Plan::Fetch => {
                let fetched = reelgate_wasi::fetch_keys(address).await;
                if let Err(reason) = &fetched {
                    let line = format!("clerk_jwks_url: {} {reason}", address.authority);
                    log(Level::Warning, &line);
                }
                return cache().fetched(fetched.ok(), now());
            }
        }
    }
}

/// The origin's status for the manifest that has to exist.
async fn manifest(permit: &Permit<'_>, request: &Asked<'_>) -> Option<u16> {
    let target = permit.manifest()?;
    let headers = playback::to_origin(request.headers);
    let response = next(Method::Head, &target, &headers).await.ok()?;
    Some(response.get_status_code())
}

fn cache() -> MutexGuard<'static, KeyCache> {
    KEYS.lock().unwrap_or_else(PoisonError::into_inner)
}
