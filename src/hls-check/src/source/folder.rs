//! Files of this machine.

use std::{io, ops::Range, path::PathBuf};

use bytes::{Bytes, BytesMut};
use futures::{FutureExt as _, StreamExt as _, future::LocalBoxFuture, stream};
use reqwest::Url;
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _, Take},
};

use super::{Absence, Answer, Content, NotChecked, Source};

/// Bytes read in one go.
const CHUNK: usize = 256 * 1024;

/// The file system.
pub(crate) struct InFolder;

impl Source for InFolder {
    fn open<'a>(
        &'a self,
        url: &'a Url,
        range: Option<Range<u64>>,
    ) -> LocalBoxFuture<'a, Result<Answer, NotChecked>> {
        async move {
            // An address of another scheme is no file of this folder.
            let Ok(path) = url.to_file_path() else {
                return Ok(Err(Absence::NotFound));
            };
            match open(&path, range).await {
                Ok(file) => Ok(Ok(content(file, path))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Err(Absence::NotFound)),
                Err(error) => Err(unreadable(&path, &error)),
            }
        }
        .boxed_local()
    }
}

async fn open(path: &PathBuf, range: Option<Range<u64>>) -> io::Result<Take<File>> {
    let mut file = File::open(path).await?;
    let Some(range) = range else {
        return Ok(file.take(u64::MAX));
    };
    file.seek(io::SeekFrom::Start(range.start)).await?;
    Ok(file.take(range.end.saturating_sub(range.start)))
}

fn content(file: Take<File>, path: PathBuf) -> Content {
    let chunks = stream::try_unfold((file, path), |(mut file, path)| async move {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        match file.read_buf(&mut chunk).await {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some((chunk.freeze(), (file, path)))),
            Err(error) => Err(unreadable(&path, &error)),
        }
    });
    let chunks: stream::BoxStream<'static, Result<Bytes, NotChecked>> = chunks.boxed();
    Content {
        content_type: None,
        chunks,
    }
}

fn unreadable(path: &std::path::Path, error: &io::Error) -> NotChecked {
    NotChecked::new(format!("cannot read {}: {error}", path.display()))
}
