//! The multivariant playlist: every child becomes a clip of itself.

use alloc::{format, string::String, vec::Vec};

use super::{
    Clip, Seconds,
    lines::{is_playlist, lines, tag, uri, with_uri},
    playlist,
};
use crate::key::{GameId, ObjectKey};

const VARIANT: &str = "#EXT-X-STREAM-INF";

/// Tags that name a child in their attribute `URI`.
const NAMING: [&str; 2] = ["#EXT-X-MEDIA", "#EXT-X-I-FRAME-STREAM-INF"];

/// Tags that are left out. A clip has a beginning of its own, and the third names pictures, not a playlist
/// of segments.
const LEFT_OUT: [&str; 2] = ["#EXT-X-START", "#EXT-X-IMAGE-STREAM-INF"];

/// A game's multivariant playlist.
#[derive(Debug)]
pub(crate) struct Master<'t>(Vec<Entry<'t>>);

#[derive(Debug)]
enum Entry<'t> {
    /// As it stands.
    Line(&'t str),
    /// A tag and the address below it.
    Variant(&'t str, &'t str),
    /// A tag with an address inside.
    Naming(&'t str, &'t str),
}

impl<'t> Master<'t> {
    /// Reads a playlist; `None` when it names no variant.
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        if !is_playlist(text) {
            return None;
        }
        let mut entries = Vec::new();
        let mut variant = None;
        for line in lines(text) {
            if tag(line, VARIANT).is_some() {
                variant = Some(line);
            } else if !line.starts_with('#') {
                entries.extend(variant.take().map(|tag| Entry::Variant(tag, line)));
            } else if let Some(entry) = entry(line) {
                entries.push(entry);
            }
        }
        let has_variant = |entry: &Entry<'_>| matches!(entry, Entry::Variant(..));
        entries.iter().any(has_variant).then_some(Self(entries))
    }

    /// The first variant, by which the clip's place is measured: boundaries are the same in all (Apple's
    /// rule 8.22).
    pub(crate) fn first(&self, game: GameId<'_>) -> Option<ObjectKey> {
        self.0.iter().find_map(|entry| match entry {
            Entry::Variant(_, address) => playlist(game, address),
            _ => None,
        })
    }

    /// Whether `address` is that of a child.
    pub(crate) fn names(&self, address: &str) -> bool {
        self.0.iter().any(|entry| match entry {
            Entry::Variant(_, own) | Entry::Naming(_, own) => *own == address,
            Entry::Line(_) => false,
        })
    }

    /// The playlist of `clip`, which begins `offset` after its first segment does. Children that are no
    /// playlists of this game are left out: nobody here could cut them.
    pub(crate) fn of_clip(&self, clip: &Clip, game: GameId<'_>, offset: Seconds) -> String {
        let mut text = String::new();
        let mut push = |line: &str| {
            text.push_str(line);
            text.push('\n');
        };
        let child = |address: &str| playlist(game, address).map(|_| clip.child(address));
        for (number, entry) in self.0.iter().enumerate() {
            match entry {
                Entry::Line(line) => push(line),
                Entry::Variant(tag, address) => {
                    if let Some(child) = child(address) {
                        push(tag);
                        push(&child);
                    }
                }
                Entry::Naming(tag, address) => {
                    if let Some(child) = child(address) {
                        push(&with_uri(tag, |_| child));
                    }
                }
            }
            if number == 0 {
                push(&start_tag(offset));
            }
        }
        text
    }
}

/// Where a player begins (rfc8216bis §4.4.2.2): `PRECISE` keeps it from showing what is before.
pub(super) fn start_tag(offset: Seconds) -> String {
    format!("#EXT-X-START:TIME-OFFSET={offset},PRECISE=YES")
}

fn entry(line: &str) -> Option<Entry<'_>> {
    if LEFT_OUT.iter().any(|name| tag(line, name).is_some()) || !line.starts_with("#EXT") {
        return None;
    }
    let names = NAMING.iter().any(|name| tag(line, name).is_some());
    match uri(line).filter(|_| names) {
        Some((_, address, _)) => Some(Entry::Naming(line, address)),
        None => Some(Entry::Line(line)),
    }
}
