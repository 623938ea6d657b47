//! The names of the catalog's objects. None needs an escape in a path: ids have no such characters.

use alloc::{format, string::String};

use crate::{
    key::RESERVED,
    video::{id::VideoId, store::Entry},
};

/// What the names of rows begin with.
pub(super) const ROWS: &str = ".reelgate/videos/";

/// What the names of markers begin with.
pub(super) const IN_FLIGHT: &str = ".reelgate/in-flight/";

/// Of the digits of `rev`, so that the markers of one row are listed in their order.
const DIGITS: usize = 20;

/// The object in which the value of a key is kept.
pub(super) fn object(key: &str) -> String {
    match key.split_once('/') {
        Some(("video", id)) => format!("{ROWS}{id}.json"),
        Some(("uid", uid)) => format!("{RESERVED}uids/{uid}"),
        Some(("sweep", _)) => format!("{RESERVED}sweep"),
        _ => format!("{RESERVED}{key}"),
    }
}

pub(super) fn row(id: &VideoId) -> String {
    format!("{ROWS}{id}.json")
}

pub(super) fn id_of_row(object: &str) -> Option<VideoId> {
    let id = object.strip_prefix(ROWS)?.strip_suffix(".json")?;
    VideoId::new(id).ok()
}

pub(super) fn marker(entry: &Entry) -> String {
    format!("{IN_FLIGHT}{}/{:0DIGITS$}", entry.id, entry.rev)
}

/// What stands behind all markers of `id` and before those of any other: `0` comes after `/`.
pub(super) fn behind_markers(id: &VideoId) -> String {
    format!("{IN_FLIGHT}{id}0")
}

/// One way to write a marker's name, so that one that was read can be deleted.
pub(super) fn entry_of_marker(object: &str) -> Option<Entry> {
    let (id, rev) = object.strip_prefix(IN_FLIGHT)?.split_once('/')?;
    let entry = Entry {
        id: VideoId::new(id).ok()?,
        rev: rev.parse().ok()?,
    };
    (marker(&entry) == object).then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_object() {
        for (key, expected) in [
            ("video/a-1.x", ".reelgate/videos/a-1.x.json"),
            ("uid/0f", ".reelgate/uids/0f"),
            ("sweep/cursor", ".reelgate/sweep"),
            ("probe/passed", ".reelgate/probe/passed"),
        ] {
            assert_eq!(object(key), expected);
        }
    }

    #[test]
    fn a_marker_is_read_as_it_was_written() {
        let entry = Entry {
            id: VideoId::new("a.b").unwrap(),
            rev: 1_845_493_760_000_001,
        };
        let name = marker(&entry);
        assert_eq!(name, ".reelgate/in-flight/a.b/00001845493760000001");
        assert_eq!(entry_of_marker(&name), Some(entry));
    }

    #[test]
    fn strange_names_are_nothing() {
        for name in [
            ".reelgate/in-flight/a/1",
            ".reelgate/in-flight/a/00000000000000000001/x",
            ".reelgate/in-flight/a/+0000000000000000001",
            ".reelgate/in-flight/a/99999999999999999999",
            ".reelgate/in-flight/a b/00000000000000000001",
            ".reelgate/in-flight//00000000000000000001",
            ".reelgate/in-flight/a",
            ".reelgate/in-flight/",
        ] {
            assert_eq!(entry_of_marker(name), None, "{name}");
        }
        for name in [
            ".reelgate/videos/a",
            ".reelgate/videos/a/b.json",
            ".reelgate/videos/.json",
            ".reelgate/videos/a b.json",
            ".reelgate/videos/a.JSON",
            "videos/a.json",
        ] {
            assert_eq!(id_of_row(name), None, "{name}");
        }
    }
}
