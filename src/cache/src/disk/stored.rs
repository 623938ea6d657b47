//! The file of one object: what it is, a checksum, its bytes.
//!
//! The checksum is keyed and covers everything but itself. So a file that was cut short by a power cut, damaged
//! by its disk, renamed, or written by somebody without the key is none.

use crate::piece::CHUNK;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::io::{self, Read, Write};

/// Says how a file is laid out. Another layout is another word here, and its files are no files to this one.
const MAGIC: &[u8; 8] = b"rgcache1";

/// A checksum's length in bytes.
const MAC: usize = blake3::OUT_LEN;

/// The longest head that is read, in bytes: a path and a few header fields.
const MAX_HEAD: usize = 64 * 1024;

/// What a file says of its object.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) headers: HeaderMap,
    pub(crate) size: u64,
    /// In milliseconds since 1970.
    pub(crate) validated: u64,
    /// In the pieces that readers expect.
    pub(crate) chunks: Vec<Bytes>,
}

/// Everything of a file before its bytes.
pub(super) fn head(path: &str, headers: &HeaderMap, size: u64, validated: u64) -> Vec<u8> {
    let mut head = Vec::with_capacity(512);
    head.extend(size.to_le_bytes());
    head.extend(validated.to_le_bytes());
    write_field(&mut head, path.as_bytes());
    for (name, value) in headers {
        write_field(&mut head, name.as_str().as_bytes());
        write_field(&mut head, value.as_bytes());
    }
    head
}

/// Bytes of a file with this head and so many bytes.
pub(super) fn file_length(head: &[u8], size: u64) -> u64 {
    (MAGIC.len() + 4 + head.len() + MAC) as u64 + size
}

/// Writes a file.
pub(super) fn write(
    mut file: impl Write,
    key: &[u8; 32],
    head: &[u8],
    chunks: &[Bytes],
) -> io::Result<()> {
    let length = u32::try_from(head.len()).map_err(io::Error::other)?;
    let mut mac = blake3::Hasher::new_keyed(key);
    mac.update(&length.to_le_bytes()).update(head);
    for chunk in chunks {
        mac.update(chunk);
    }
    file.write_all(MAGIC)?;
    file.write_all(&length.to_le_bytes())?;
    file.write_all(head)?;
    file.write_all(mac.finalize().as_bytes())?;
    for chunk in chunks {
        file.write_all(chunk)?;
    }
    file.flush()
}

/// Reads a file of `length` bytes; `None` when it is not what was written for `path`.
///
/// # Errors
///
/// It cannot be read.
pub(super) fn read(
    mut file: impl Read,
    length: u64,
    key: &[u8; 32],
    path: &str,
) -> io::Result<Option<Stored>> {
    let mut start = [0; MAGIC.len() + 4];
    if length < start.len() as u64 {
        return Ok(None);
    }
    file.read_exact(&mut start)?;
    let (magic, head_length) = start.split_at(MAGIC.len());
    let mut mac = blake3::Hasher::new_keyed(key);
    mac.update(head_length);
    let head_length = head_length
        .try_into()
        .map_or(usize::MAX, |bytes| u32::from_le_bytes(bytes) as usize);
    let before_bytes = (start.len() + MAC).saturating_add(head_length) as u64;
    if magic != MAGIC || head_length > MAX_HEAD || length < before_bytes {
        return Ok(None);
    }
    let mut head = vec![0; head_length];
    file.read_exact(&mut head)?;
    mac.update(&head);
    let mut expected = [0; MAC];
    file.read_exact(&mut expected)?;
    let Some(mut stored) = parse(&head, path).filter(|head| head.size == length - before_bytes)
    else {
        return Ok(None);
    };
    stored.chunks = read_chunks(&mut file, stored.size, &mut mac)?;
    // In constant time, as blake3 compares.
    Ok((mac.finalize() == expected).then_some(stored))
}

fn read_chunks(mut file: impl Read, size: u64, mac: &mut blake3::Hasher) -> io::Result<Vec<Bytes>> {
    let mut left = size;
    let mut chunks = Vec::new();
    while left > 0 {
        let length = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let mut chunk = vec![0; length];
        file.read_exact(&mut chunk)?;
        mac.update(&chunk);
        chunks.push(Bytes::from(chunk));
        left -= length as u64;
    }
    Ok(chunks)
}

fn parse(head: &[u8], path: &str) -> Option<Stored> {
    let (size, rest) = head.split_first_chunk()?;
    let (validated, mut rest) = rest.split_first_chunk()?;
    if read_field(&mut rest)? != path.as_bytes() {
        return None;
    }
    let mut headers = HeaderMap::new();
    while !rest.is_empty() {
        let name = HeaderName::from_bytes(read_field(&mut rest)?).ok()?;
        let value = HeaderValue::from_bytes(read_field(&mut rest)?).ok()?;
        headers.append(name, value);
    }
    Some(Stored {
        headers,
        size: u64::from_le_bytes(*size),
        validated: u64::from_le_bytes(*validated),
        chunks: Vec::new(),
    })
}

fn write_field(head: &mut Vec<u8>, bytes: &[u8]) {
    // Paths and fields are far shorter; what is not makes a file that is none.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    head.extend(length.to_le_bytes());
    head.extend(bytes);
}

fn read_field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (bytes, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];
    const PATH: &str = "/games/7/v0123456789/seg_00000.m4s";

    fn file() -> Vec<u8> {
        let mut headers = HeaderMap::new();
        headers.insert("etag", HeaderValue::from_static("\"a\""));
        headers.insert(
            "content-type",
            HeaderValue::from_bytes(b"video/\xff").unwrap(),
        );
        let bytes: Vec<u8> = (0..CHUNK + 5).map(|at| (at % 251) as u8).collect();
        let chunks = [
            Bytes::copy_from_slice(&bytes[..CHUNK]),
            Bytes::copy_from_slice(&bytes[CHUNK..]),
        ];
        let head = head(PATH, &headers, bytes.len() as u64, 12);
        let mut file = Vec::new();
        write(&mut file, &KEY, &head, &chunks).unwrap();
        assert_eq!(file.len() as u64, file_length(&head, bytes.len() as u64));
        file
    }

    fn read_back(file: &[u8], key: &[u8; 32], path: &str) -> Option<Stored> {
        read(file, file.len() as u64, key, path).unwrap()
    }

    #[test]
    fn what_was_written_is_read() {
        let stored = read_back(&file(), &KEY, PATH).unwrap();
        assert_eq!((stored.size, stored.validated), (CHUNK as u64 + 5, 12));
        assert_eq!(stored.headers["etag"], "\"a\"");
        assert_eq!(stored.headers["content-type"].as_bytes(), b"video/\xff");
        let lengths: Vec<usize> = stored.chunks.iter().map(Bytes::len).collect();
        assert_eq!(lengths, [CHUNK, 5]);
        assert_eq!(
            stored.chunks[1][..],
            [
                (CHUNK % 251) as u8,
                ((CHUNK + 1) % 251) as u8,
                ((CHUNK + 2) % 251) as u8,
                ((CHUNK + 3) % 251) as u8,
                ((CHUNK + 4) % 251) as u8
            ]
        );
    }

    #[test]
    fn no_byte_can_be_another() {
        let file = file();
        let places = (0..200).chain((200..file.len()).step_by(4_099));
        for place in places.chain([file.len() - 1]) {
            let mut tampered = file.clone();
            tampered[place] ^= 0x20;
            assert!(read_back(&tampered, &KEY, PATH).is_none(), "byte {place}");
        }
    }

    #[test]
    fn a_file_has_to_be_whole() {
        let file = file();
        for length in [0, 1, 11, 12, 100, 200, CHUNK, file.len() - 1] {
            assert!(
                read_back(&file[..length], &KEY, PATH).is_none(),
                "{length} bytes"
            );
        }
        let mut longer = file.clone();
        longer.push(0);
        assert!(read_back(&longer, &KEY, PATH).is_none());
        assert!(read_back(&vec![0; file.len()], &KEY, PATH).is_none());
    }

    #[test]
    fn another_bucket_or_name_is_another_file() {
        assert!(read_back(&file(), &[8; 32], PATH).is_none());
        assert!(read_back(&file(), &KEY, "/games/8/master.m3u8").is_none());
    }
}
