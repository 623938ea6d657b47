//! What the videos API answers.

use alloc::{borrow::Cow, format, vec::Vec};

use serde::Serialize;

use crate::video::{
    catalog::{Damaged, Page},
    id::VideoId,
    lifecycle::Refusal,
    routes::api,
    routes::problem::{Kind, NO_STORE, Problem, json_answer},
    row::{Row, View, json},
};
use crate::{http::Answer, origin::PresignedUpload};

/// 201: the video is registered. With `upload`, the answer says how to bring the original.
#[must_use]
pub fn created(row: &Row, upload: Option<&PresignedUpload>) -> Answer {
    #[derive(Serialize)]
    struct Body<'a> {
        #[serde(flatten)]
        row: View<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        upload: Option<&'a PresignedUpload>,
    }
    let row_of_body = View::of(row);
    let body = json(&Body {
        row: row_of_body,
        upload,
    });
    let mut answer = json_answer(201, body);
    let location = format!("{}/{}", api::PATH, row.id);
    let location = Cow::Owned(location.into_bytes());
    answer.head.headers.push(("location", location));
    answer
}

/// 200: one video.
#[must_use]
pub fn shown(row: &Row) -> Answer {
    json_answer(200, row.to_view())
}

/// 202: what was asked for is on its way.
#[must_use]
pub fn accepted(row: &Row) -> Answer {
    json_answer(202, row.to_view())
}

/// 200: a page of videos. Rows that are there and cannot be read stand in `damaged`, when there are any.
#[must_use]
pub fn listed(page: &Page) -> Answer {
    #[derive(Serialize)]
    struct Body<'a> {
        videos: Vec<View<'a>>,
        next_cursor: Option<&'a VideoId>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        damaged: &'a [Damaged],
    }
    json_answer(
        200,
        json(&Body {
            videos: page.rows.iter().map(View::of).collect(),
            next_cursor: page.next_cursor.as_ref(),
            damaged: &page.unreadable,
        }),
    )
}

/// 204: the video is gone.
#[must_use]
pub fn deleted() -> Answer {
    let mut answer = Answer::empty(204);
    answer.head.headers.extend(NO_STORE);
    answer
}

/// 404: no video has this id.
#[must_use]
pub fn not_found(id: &VideoId) -> Answer {
    Problem::new(Kind::NotFound)
        .detail(format!("no video has the id {id}"))
        .render()
}

/// 409: the video's status does not allow it.
#[must_use]
pub fn refused(refusal: Refusal) -> Answer {
    let problem = Problem::new(Kind::Conflict);
    match refusal {
        Refusal::Status(status) => problem
            .video_status(status)
            .detail(format!("the video is {status}")),
        Refusal::NotDue(time) => {
            problem.detail(format!("the video is queued until {}", time.to_rfc3339()))
        }
    }
    .render()
}

/// 503: Stream is switched off; `reason` names the variable.
#[must_use]
pub fn stream_disabled(reason: &str) -> Answer {
    Problem::new(Kind::StreamDisabled).detail(reason).render()
}

/// 400: an upload was asked for, and no bucket is configured.
#[must_use]
pub fn no_uploads() -> Answer {
    Problem::new(Kind::BadRequest)
        .detail("`upload` is not possible here: no bucket is configured for uploads")
        .render()
}

/// The catalog failed: 409, 503 or 500, as [`Trouble::kind`](crate::video::Trouble::kind) says. The log is to be
/// told the whole of it.
#[must_use]
pub fn trouble(kind: Kind) -> Answer {
    let problem = Problem::new(kind);
    match kind {
        Kind::Internal => problem.detail("the log says more").render(),
        _ => problem.render(),
    }
}
