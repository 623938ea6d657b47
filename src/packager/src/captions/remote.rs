//! Captions that lie beside a film in a bucket.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;

use super::{
    beside::{self, MOST_BYTES, read_all, refused},
    label::Label,
    rendition::{Given, Origin},
};
use crate::{Error, bucket::Bucket};

/// Finds and reads the captions that are named after the film `key`.
///
/// # Errors
/// As [`beside::CaptionFiles::read`], and when a file that is there cannot be read.
pub(super) async fn read(
    bucket: &Bucket,
    key: &str,
    silence: Duration,
) -> Result<(Vec<Given>, Vec<String>), Error> {
    let found = match find(bucket, key).await {
        Ok(found) => found,
        // Who may read a film need not be allowed to list what lies beside it.
        Err(error) => {
            let warning = format!("captions beside {key} were not found: {error}");
            return Ok((Vec::new(), vec![warning]));
        }
    };
    if found.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    // What reads ASS reads files.
    let folder =
        tempfile::tempdir().map_err(|error| Error::scratch(&std::env::temp_dir(), error))?;
    let mut named = Vec::new();
    for (label, key, bytes) in found {
        let path = fetch(bucket, &key, bytes, &folder).await?;
        named.push((label, path));
    }
    read_all(named, Origin::Beside, silence).await
}

/// What the captions are, their keys, and their sizes in bytes.
async fn find(bucket: &Bucket, film: &str) -> Result<Vec<(Label, String, u64)>, Error> {
    let Some(stem) = Path::new(name(film)).file_stem().and_then(|it| it.to_str()) else {
        return Ok(Vec::new());
    };
    let folder = &film[..film.len() - name(film).len()];
    let listing = bucket.begins_with(folder, &format!("{stem}.")).await?;
    let captions = listing.into_iter().filter_map(|(key, bytes)| {
        let label = beside::label(key.strip_prefix(folder)?, stem)?;
        Some((label, key, bytes))
    });
    Ok(captions.collect())
}

async fn fetch(bucket: &Bucket, key: &str, bytes: u64, folder: &TempDir) -> Result<PathBuf, Error> {
    let refused = |reason: &str| refused(Path::new(key), None, reason.to_owned());
    if bytes > MOST_BYTES {
        return Err(refused("it is larger than captions are"));
    }
    let text = bucket.get(key).await?;
    let text = text.ok_or_else(|| refused("it was removed while the film was packaged"))?;
    let path = folder.path().join(name(key));
    let written = tokio::fs::write(&path, text).await;
    written.map_err(|error| Error::scratch(folder.path(), error))?;
    Ok(path)
}

/// The last part of a key.
fn name(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}
