//! What S3 does when it is written to, and what it lists.

use super::Then;
use super::act::refuse;
use super::object::Object;
use super::request::Seen;
use reelgate_core::hex;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// Keys that one list holds at most.
const MOST_LISTED: usize = 1000;

type Objects = BTreeMap<String, Object>;

/// What is answered.
pub(super) enum Answer {
    /// Done, with this ETag.
    Written(String),
    /// Gone.
    Deleted,
    /// These keys.
    Listed(String),
    /// Not done.
    Refused(u16, &'static str),
}

/// Whether a request writes or lists.
pub(super) fn concerns(seen: &Seen) -> bool {
    changes(seen) || is_list(seen)
}

/// Whether a request writes or deletes.
pub(super) fn changes(seen: &Seen) -> bool {
    matches!(seen.method.as_str(), "PUT" | "DELETE")
}

fn is_list(seen: &Seen) -> bool {
    seen.method == "GET" && seen.parameter("list-type").as_deref() == Some("2")
}

/// Does what is asked, all at once.
pub(super) fn perform(seen: &Seen, objects: &mut Objects) -> Answer {
    if changes(seen) && seen.header("content-length").is_none() {
        return Answer::Refused(411, "MissingContentLength");
    }
    match seen.method.as_str() {
        "PUT" => put(seen, objects),
        "DELETE" => {
            objects.remove(&seen.key);
            Answer::Deleted
        }
        _ => list(seen, objects),
    }
}

/// `PutObject` with `If-Match` and `If-None-Match: *`, as S3 and R2 have them.
fn put(seen: &Seen, objects: &mut Objects) -> Answer {
    let current = objects.get(&seen.key);
    match (seen.header("if-match"), current) {
        (Some(_), None) => return Answer::Refused(404, "NoSuchKey"),
        (Some(wanted), Some(current)) if wanted != current.etag => {
            return Answer::Refused(412, "PreconditionFailed");
        }
        _ => {}
    }
    if seen.header("if-none-match") == Some("*") && current.is_some() {
        return Answer::Refused(412, "PreconditionFailed");
    }
    let mut object = Object::from(seen.body.clone());
    // A tag follows from the content alone, as that of S3 does.
    let digest = Sha256::digest(&seen.body);
    object.etag = format!("\"{}\"", hex::lower(&digest[..16]));
    let is_metadata = |(name, _): &&(String, String)| name.starts_with("x-amz-meta-");
    object.metadata = seen.headers.iter().filter(is_metadata).cloned().collect();
    let etag = object.etag.clone();
    objects.insert(seen.key.clone(), object);
    Answer::Written(etag)
}

/// `ListObjectsV2` with `prefix`, `start-after` and `max-keys`.
fn list(seen: &Seen, objects: &Objects) -> Answer {
    let prefix = seen.parameter("prefix").unwrap_or_default();
    let after = seen.parameter("start-after").unwrap_or_default();
    let most = seen
        .parameter("max-keys")
        .and_then(|most| most.parse().ok());
    let most = most.unwrap_or(MOST_LISTED).min(MOST_LISTED);
    let mut found = objects
        .iter()
        .filter(|(key, _)| key.starts_with(&prefix) && **key > after);
    let mut document = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">",
    );
    for (key, object) in found.by_ref().take(most) {
        let key = key.replace('&', "&amp;").replace('<', "&lt;");
        let size = object.length();
        write!(
            document,
            "<Contents><Key>{key}</Key><Size>{size}</Size></Contents>"
        )
        .expect("a string");
    }
    let more = found.next().is_some();
    write!(
        document,
        "<IsTruncated>{more}</IsTruncated></ListBucketResult>"
    )
    .expect("a string");
    Answer::Listed(document)
}

impl Answer {
    pub(super) async fn send(self, seen: &Seen, socket: &mut TcpStream) -> io::Result<Then> {
        let answer = match self {
            Self::Written(etag) => {
                format!("HTTP/1.1 200 OK\r\nETag: {etag}\r\nContent-Length: 0\r\n\r\n")
            }
            Self::Deleted => "HTTP/1.1 204 No Content\r\n\r\n".into(),
            Self::Listed(document) => format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{document}",
                document.len()
            ),
            Self::Refused(status, code) => return refuse(status, code, "", seen, socket).await,
        };
        socket.write_all(answer.as_bytes()).await?;
        Ok(Then::Stay)
    }
}
