//! The API by which a portal registers originals, has them encoded, and sees what became of them.
//!
//! Imports catalog, transcoder and its configuration: no network and no store. Every rule is in
//! `reelgate_core::video::routes::api`.

use reelgate_wasi::core::http::Answer;
use reelgate_wasi::core::video::routes::api::{self, MAX_BODY_BYTES, Registration, Route};
use reelgate_wasi::core::video::{
    Effect, Event, Submission, VideoId, config,
    routes::{answers, problem},
};
use reelgate_wasi::video::{CatalogError, kind};
use reelgate_wasi::{Body, ErrorCode, Incoming, OncePerInstance, Request, Response};

struct Videos;

reelgate_wasi::export_handler!(Videos);
reelgate_wasi::import_catalog!();
reelgate_wasi::import_transcoder!();

static CONFIG: OncePerInstance<config::Videos> = OncePerInstance::new();

impl wasip3::exports::http::handler::Guest for Videos {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let (incoming, body) = Incoming::with_body(request);
        let request = incoming.request();
        let Some(config) = CONFIG.get(|| config::Videos::from_lookup(&reelgate_wasi::variable))
        else {
            return reelgate_wasi::reply(problem::misconfigured().for_method(request.method));
        };
        let answer = match api::route(&request, config.admin.as_ref()) {
            Ok(route) => act(route, body, config).await,
            Err(answer) => Ok(answer),
        };
        let answer = answer.unwrap_or_else(|error| answers::trouble(kind(&error)));
        reelgate_wasi::reply(answer.for_method(request.method))
    }
}

async fn act(route: Route, body: Body, config: &config::Videos) -> Result<Answer, CatalogError> {
    match route {
        Route::Create => create(body, config).await,
        Route::List(listing) => Ok(answers::listed(&catalog::list(&listing).await?)),
        Route::Show(id) => Ok(match catalog::get(&id).await? {
            Some(row) => answers::shown(&row),
            None => answers::not_found(&id),
        }),
        Route::Encode(id) => encode(&id).await,
        Route::Retry(id) => change(&id, &Event::Retry).await,
        Route::Delete(id) => Ok(match catalog::remove(&id).await? {
            true => answers::deleted(),
            false => answers::not_found(&id),
        }),
    }
}

async fn create(body: Body, config: &config::Videos) -> Result<Answer, CatalogError> {
    let body = match body.read_at_most(MAX_BODY_BYTES + 1).await {
        Ok(body) => body,
        Err(unread) => return Ok(unread.render()),
    };
    let video = match Registration::parse(&body) {
        Ok(video) => video,
        Err(answer) => return Ok(answer),
    };
    let upload = match (&video.upload, &config.bucket) {
        (None, _) => None,
        (Some(_), None) => return Ok(answers::no_uploads()),
        (Some(upload), Some(bucket)) => Some(bucket.presign_upload(
            &video.source_key,
            upload.size,
            &upload.content_type,
            reelgate_wasi::now(),
        )),
    };
    let row = catalog::register(&video).await?;
    Ok(answers::created(&row, upload.as_ref()))
}

/// Takes the row, sends the copy, and notes what came of it. Where this breaks off, the reconciler goes on.
async fn encode(id: &VideoId) -> Result<Answer, CatalogError> {
    if let Some(reason) = transcoder::disabled().await {
        return Ok(answers::stream_disabled(&reason));
    }
    let Some(taken) = catalog::apply(id, &Event::Encode).await? else {
        return Ok(answers::not_found(id));
    };
    match taken.effect {
        Effect::Changed => {}
        Effect::Refused(refusal) => return Ok(answers::refused(refusal)),
        Effect::Same | Effect::Stale(_) => return Ok(answers::accepted(&taken.row)),
    }
    let submission = Submission::of(&taken.row);
    let submitted = transcoder::submit(&submission).await;
    match submitted.event(&submission) {
        Some(event) => change(id, &event).await,
        None => Ok(answers::accepted(&taken.row)),
    }
}

async fn change(id: &VideoId, event: &Event) -> Result<Answer, CatalogError> {
    let Some(changed) = catalog::apply(id, event).await? else {
        return Ok(answers::not_found(id));
    };
    Ok(match changed.effect {
        Effect::Refused(refusal) => answers::refused(refusal),
        _ => answers::accepted(&changed.row),
    })
}
