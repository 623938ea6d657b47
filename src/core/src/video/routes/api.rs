//! The videos API: which request means what.
//!
//! A driver asks [`route`] with the head of a request. For [`Route::Create`] it then reads at most
//! [`MAX_BODY_BYTES`] and one more, and asks [`Registration::parse`]. What the catalog says is answered by
//! [`answers`](super::answers). Every answer goes through [`Answer::for_method`], so that HEAD works.

use alloc::{
    format,
    string::{String, ToString},
};

use serde_json::{Map, Value};

use crate::video::{
    id::VideoId,
    routes::bearer,
    routes::body,
    routes::problem::{Kind, Problem, method_not_allowed},
    row::Status,
};
use crate::{
    http::{Answer, HeaderSource, Method, Request},
    key::SourceKey,
    query::{self, BadParameter},
    secret::Secret,
};

/// The path of the collection; a video's is this, a slash and its id.
pub const PATH: &str = "/api/videos";

/// The longest body, in bytes: an id, a key, and what the portal wants to keep.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The longest `meta`, in bytes of JSON. It stands in every row of every listing.
pub const MAX_META_BYTES: usize = 8 * 1024;

/// How many videos a page has unless the request says something else, and the most it may say.
const LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;

/// The longest object that one PUT may bring, in bytes: 5 GiB, R2's and S3's limit.
pub const MAX_UPLOAD_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `POST /api/videos`
    Create,
    /// `GET /api/videos`
    List(Listing),
    /// `GET /api/videos/{id}`
    Show(VideoId),
    /// `POST /api/videos/{id}/encode`
    Encode(VideoId),
    /// `POST /api/videos/{id}/retry`
    Retry(VideoId),
    /// `DELETE /api/videos/{id}`
    Delete(VideoId),
}

/// Which videos are to be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Only those of this status.
    pub status: Option<Status>,
    /// Only those after this id.
    pub cursor: Option<VideoId>,
    /// At most so many: 1 to 200.
    pub limit: usize,
}

/// What a request asks for, if it may.
///
/// # Errors
/// The answer: 503 while `admin_token` is not set, 401, 404, 405, 415, 413, 400.
pub fn route<H: HeaderSource + ?Sized>(
    request: &Request<'_, H>,
    admin: Option<&Secret>,
) -> Result<Route, Answer> {
    bearer::authorise(request.headers, admin)?;
    let path = query::path_of(request.target);
    let rest = path.strip_prefix(PATH).ok_or_else(not_found)?;
    if rest.is_empty() {
        return collection(request);
    }
    let rest = rest.strip_prefix('/').ok_or_else(not_found)?;
    let (id, action) = match rest.split_once('/') {
        Some((id, action)) => (id, Some(action)),
        None => (rest, None),
    };
    let id = VideoId::new(id).map_err(|_| not_found())?;
    match (action, request.method) {
        (None, Method::Get | Method::Head) => Ok(Route::Show(id)),
        (None, Method::Delete) => Ok(Route::Delete(id)),
        (None, _) => Err(method_not_allowed("GET, HEAD, DELETE")),
        (Some("encode"), Method::Post) => Ok(Route::Encode(id)),
        (Some("retry"), Method::Post) => Ok(Route::Retry(id)),
        (Some("encode" | "retry"), _) => Err(method_not_allowed("POST")),
        (Some(_), _) => Err(not_found()),
    }
}

fn collection<H: HeaderSource + ?Sized>(request: &Request<'_, H>) -> Result<Route, Answer> {
    match request.method {
        Method::Get | Method::Head => listing(query::query_of(request.target)).map(Route::List),
        Method::Post => {
            takes_json(request.headers)?;
            Ok(Route::Create)
        }
        _ => Err(method_not_allowed("GET, HEAD, POST")),
    }
}

/// Before the body is read: its type, and its length where it is told.
fn takes_json<H: HeaderSource + ?Sized>(headers: &H) -> Result<(), Answer> {
    let content_type = headers.single("content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(Kind::UnsupportedMediaType).render());
    }
    body::announced(headers, MAX_BODY_BYTES)
}

fn listing(query: &str) -> Result<Listing, Answer> {
    let text = |name| match query::parameter(query, name) {
        Ok(text) => Ok(text),
        Err(BadParameter::Repeated) => Err(bad(format!("parameter `{name}` is repeated"))),
        Err(BadParameter::NotText) => Err(bad(format!("parameter `{name}` is not UTF-8"))),
    };
    let status = text("status")?.map(|name| {
        Status::from_name(&name).ok_or_else(|| {
            bad("parameter `status` is none of uploading, queued, encoding, ready, failed")
        })
    });
    let cursor = text("cursor")?
        .map(|id| VideoId::new(&id).map_err(|_| bad("parameter `cursor` is no `next_cursor`")));
    let limit = text("limit")?.map(|limit| {
        let limit = limit.parse().ok();
        limit
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            .ok_or_else(|| bad("parameter `limit` is not a number from 1 to 200"))
    });
    Ok(Listing {
        status: status.transpose()?,
        cursor: cursor.transpose()?,
        limit: limit.transpose()?.unwrap_or(LIMIT),
    })
}

/// A video that is to be registered.
#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    /// `id`
    pub id: VideoId,
    /// `source_key`
    pub source_key: SourceKey,
    /// `meta`; empty when it is missing or null.
    pub meta: Map<String, Value>,
    /// `Some` where `upload` is true.
    pub upload: Option<Upload>,
}

/// What is to be uploaded: no other length and no other type will be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// `size`, in bytes: 1 to 5 GiB.
    pub size: u64,
    /// `content_type`; `application/octet-stream` when it is missing.
    pub content_type: String,
}

impl Registration {
    /// Reads `{"id", "source_key", "meta"?, "upload"?, "size"?, "content_type"?}`. Other members are
    /// passed over.
    ///
    /// # Errors
    /// The answer: 413, or 400 that says which member is wrong.
    pub fn parse(document: &[u8]) -> Result<Self, Answer> {
        if document.len() > MAX_BODY_BYTES {
            return Err(body::too_large(MAX_BODY_BYTES));
        }
        let body: Value =
            serde_json::from_slice(document).map_err(|error| bad(format!("body: {error}")))?;
        if !body.is_object() {
            return Err(bad("the body is no JSON object"));
        }
        let id = text(&body, "id")?;
        let id = VideoId::new(id).map_err(|error| bad(format!("`id` {error}")))?;
        let source_key = text(&body, "source_key")?;
        let source_key =
            SourceKey::new(source_key).map_err(|error| bad(format!("`source_key` {error}")))?;
        Ok(Self {
            id,
            source_key,
            meta: meta(&body["meta"])?,
            upload: upload(&body)?,
        })
    }
}

fn text<'a>(body: &'a Value, name: &str) -> Result<&'a str, Answer> {
    body[name]
        .as_str()
        .ok_or_else(|| bad(format!("`{name}` is missing or no text")))
}

fn meta(value: &Value) -> Result<Map<String, Value>, Answer> {
    match value {
        Value::Null => Ok(Map::new()),
        Value::Object(_) if value.to_string().len() > MAX_META_BYTES => {
            Err(bad(format!("`meta` is longer than {MAX_META_BYTES} bytes")))
        }
        Value::Object(meta) => Ok(meta.clone()),
        _ => Err(bad("`meta` is no object")),
    }
}

fn upload(body: &Value) -> Result<Option<Upload>, Answer> {
    match &body["upload"] {
        Value::Null | Value::Bool(false) => return Ok(None),
        Value::Bool(true) => {}
        _ => return Err(bad("`upload` is neither true nor false")),
    }
    let size = body["size"].as_u64();
    let size = size
        .filter(|size| (1..=MAX_UPLOAD_BYTES).contains(size))
        .ok_or_else(|| {
            bad("`size` is no number of bytes from 1 to 5368709120; an upload needs it")
        })?;
    let content_type = match &body["content_type"] {
        Value::Null => "application/octet-stream",
        Value::String(text) if is_media_type(text) => text,
        _ => return Err(bad("`content_type` is no media type like video/mp4")),
    };
    Ok(Some(Upload {
        size,
        content_type: content_type.to_string(),
    }))
}

/// `type/subtype` without parameters, in the characters that RFC 6838 §4.2 allows.
fn is_media_type(text: &str) -> bool {
    let name = |part: &str| {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        !part.is_empty() && part.len() <= 127 && part.bytes().all(good)
    };
    text.split_once('/')
        .is_some_and(|(kind, subtype)| name(kind) && name(subtype))
}

fn bad(detail: impl Into<String>) -> Answer {
    Problem::new(Kind::BadRequest).detail(detail).render()
}

fn not_found() -> Answer {
    Problem::new(Kind::NotFound).render()
}

#[cfg(test)]
mod tests;
