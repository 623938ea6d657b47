//! The way of a film into the bucket, by the address that the gate has signed.

use std::{collections::BTreeMap, io, path::Path, sync::Arc};

use bytes::Bytes;
use futures::Stream;
use reqwest::{Body, Client, Method, StatusCode, header::CONTENT_LENGTH};
use serde::Deserialize;
use tokio::{fs::File, io::AsyncReadExt as _};

use crate::plain::plain;

mod progress;

use progress::Progress;

/// Bytes that are read at once.
const CHUNK: usize = 256 * 1024;

/// The most of a bucket's error that is read.
const MOST_OF_AN_ERROR: usize = 64 * 1024;

/// What the gate allows: one request, as it stands.
#[derive(Debug, Deserialize)]
pub(super) struct Ticket {
    method: String,
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

/// Why a film is not in the bucket.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The film cannot be read.
    #[error("cannot read the film")]
    Film(#[source] io::Error),
    /// The film has changed since it was registered.
    #[error("the film has changed while it was uploaded")]
    Changed,
    /// The gate's answer is no request.
    #[error("the gate allows no upload that is known here")]
    Ticket,
    /// The bucket does not answer.
    #[error("the bucket cannot be reached")]
    Unreached(#[source] reqwest::Error),
    /// The bucket does not want it.
    #[error("the bucket answered {status}{}", code.as_ref().map(|code| format!(": {}", plain(code))).unwrap_or_default())]
    Refused {
        /// The answer's status.
        status: StatusCode,
        /// `<Code>` of S3.
        code: Option<String>,
    },
}

/// Uploads the film of `size` bytes.
///
/// # Errors
/// [`Error`]; the bucket has nothing of the film then.
pub(super) async fn upload(
    client: &Client,
    ticket: &Ticket,
    film: &Path,
    size: u64,
) -> Result<(), Error> {
    let method = Method::from_bytes(ticket.method.as_bytes()).map_err(|_| Error::Ticket)?;
    let file = File::open(film).await.map_err(Error::Film)?;
    let progress = Arc::new(Progress::new(size));
    let body = Body::wrap_stream(chunks(file, Arc::clone(&progress)));
    let mut request = client.request(method, &ticket.url);
    for (name, value) in &ticket.headers {
        request = request.header(name, value);
    }
    if !ticket
        .headers
        .keys()
        .any(|name| CONTENT_LENGTH == name.as_str())
    {
        request = request.header(CONTENT_LENGTH, size);
    }
    let sent = request.body(body).send().await;
    progress.clear();
    let answer = match sent {
        Ok(answer) => answer,
        Err(_) if progress.sent() != size && changed(film, size).await => {
            return Err(Error::Changed);
        }
        // The address holds a signature.
        Err(error) => return Err(Error::Unreached(error.without_url())),
    };
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let code = code(answer).await;
    Err(Error::Refused { status, code })
}

async fn changed(film: &Path, size: u64) -> bool {
    let metadata = tokio::fs::metadata(film).await;
    metadata.is_ok_and(|metadata| metadata.len() != size)
}

/// The file piece by piece, each counted as it goes.
fn chunks(file: File, progress: Arc<Progress>) -> impl Stream<Item = io::Result<Bytes>> + Send {
    futures::stream::try_unfold(file, move |mut file| {
        let progress = Arc::clone(&progress);
        async move {
            let mut chunk = Vec::with_capacity(CHUNK);
            let read = (&mut file)
                .take(CHUNK as u64)
                .read_to_end(&mut chunk)
                .await?;
            progress.add(read as u64);
            Ok((read > 0).then(|| (Bytes::from(chunk), file)))
        }
    })
}

/// `<Code>` of S3's error document.
async fn code(mut answer: reqwest::Response) -> Option<String> {
    let mut document = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        document.extend_from_slice(&chunk);
        if document.len() > MOST_OF_AN_ERROR {
            return None;
        }
    }
    let document = String::from_utf8_lossy(&document);
    let (_, rest) = document.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    Some(code.to_owned())
}
