//! The bytes of a stored object on their way to a reader.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    ops::Range,
};

use bytes::Bytes;
use futures::{Stream, stream};
use tokio::task::{JoinHandle, spawn_blocking};

/// Bytes read at once. s3s-fs reads 4 KiB, which costs a thread switch each; with 256 KiB one
/// connection gets more than 1 GB/s over loopback, and 256 of them hold 128 MB at most.
pub(crate) const CHUNK: u64 = 256 * 1024;

/// The bytes `range` of `file`, as a stream that ends with an error when the file is too short.
/// The next chunk is read while the last one is being sent.
pub(crate) fn stream(
    file: File,
    range: Range<u64>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
    let first = read_ahead(file, range);
    stream::try_unfold(first, |reading| async move {
        let Some(task) = reading else { return Ok(None) };
        let (file, bytes, rest) = task.await.map_err(io::Error::other)??;
        Ok(Some((bytes, read_ahead(file, rest))))
    })
}

type Reading = JoinHandle<io::Result<(File, Bytes, Range<u64>)>>;

fn read_ahead(mut file: File, range: Range<u64>) -> Option<Reading> {
    if range.is_empty() {
        return None;
    }
    Some(spawn_blocking(move || {
        let end = range.end.min(range.start + CHUNK);
        let bytes = read(&mut file, range.start..end)?;
        Ok((file, bytes, end..range.end))
    }))
}

/// The bytes `range` of `file`; blocks.
///
/// # Errors
/// `UnexpectedEof` when the file ends inside the range.
pub(crate) fn read(file: &mut File, range: Range<u64>) -> io::Result<Bytes> {
    let length = range.end - range.start;
    file.seek(SeekFrom::Start(range.start))?;
    let mut bytes = Vec::with_capacity(usize::try_from(length).map_err(io::Error::other)?);
    file.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use futures::TryStreamExt as _;

    use super::*;

    fn numbered(length: u64) -> (File, Vec<u8>) {
        let mut file = tempfile::tempfile().unwrap();
        let bytes: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        file.write_all(&bytes).unwrap();
        (file, bytes)
    }

    #[tokio::test]
    async fn a_range_across_chunks_comes_whole() {
        let (file, bytes) = numbered(3 * CHUNK);
        let chunks: Vec<Bytes> = stream(file, 7..2 * CHUNK + 9).try_collect().await.unwrap();
        assert_eq!(chunks.concat(), bytes[7..2 * CHUNK as usize + 9]);
        assert_eq!(chunks.len(), 3);
    }

    #[tokio::test]
    async fn a_file_that_is_cut_short_ends_in_an_error() {
        let (file, _) = numbered(CHUNK);
        let cut: io::Result<Vec<Bytes>> = stream(file, 0..CHUNK + 1).try_collect().await;
        assert_eq!(cut.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
