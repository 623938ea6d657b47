//! What a player asks for: playlists, segments and thumbnails of videos that are ready.

use std::path::Path;

use http::{HeaderValue, Method, StatusCode, header};

use crate::{
    answer::{Answer, content, empty},
    video::State,
    world::World,
};

/// Answers a player. A segment is some seconds of film, so it is read at once.
pub(crate) async fn answer(world: &World, method: &Method, path: &str) -> Answer {
    let mut answer = match *method {
        Method::OPTIONS => empty(StatusCode::NO_CONTENT),
        Method::GET | Method::HEAD => file(world, path)
            .await
            .unwrap_or_else(|| empty(StatusCode::NOT_FOUND)),
        _ => empty(StatusCode::METHOD_NOT_ALLOWED),
    };
    // Stream's films play on every page.
    let everybody = HeaderValue::from_static("*");
    let headers = answer.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, everybody.clone());
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, everybody);
    answer
}

async fn file(world: &World, path: &str) -> Option<Answer> {
    let mut parts = path.trim_start_matches('/').split('/');
    let (uid, folder, name) = (parts.next()?, parts.next()?, parts.next()?);
    let is_ours = parts.next().is_none() && matches!(folder, "manifest" | "thumbnails");
    if !is_ours || !is_plain(uid) || !is_plain(name) || !is_playable(world, uid) {
        return None;
    }
    let file = world.options.data.join(uid).join(folder).join(name);
    let bytes = tokio::fs::read(file).await.ok()?;
    Some(content(StatusCode::OK, kind(name), bytes.into()))
}

/// What ffmpeg calls its files; nothing that leads elsewhere.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain)
}

/// A film of an earlier fake in the same folder plays on, though nothing else is known of it.
fn is_playable(world: &World, uid: &str) -> bool {
    let known = world.known();
    let mut videos = known.videos.iter();
    videos
        .find(|video| video.uid == uid)
        .is_none_or(|video| video.deleted.is_none() && video.state == State::Ready)
}

fn kind(name: &str) -> &'static str {
    match Path::new(name).extension().and_then(|end| end.to_str()) {
        Some("m3u8") => "application/vnd.apple.mpegurl",
        Some("mpd") => "application/dash+xml",
        Some("jpg") => "image/jpeg",
        Some("m4s") => "video/iso.segment",
        _ => "application/octet-stream",
    }
}
