//! A part of a game, as a playlist over the segments that are stored anyhow.
//!
//! `GET /games/{id}/clip.m3u8?start=&end=` is the game's multivariant playlist with every child cut to the
//! segments that overlap the range; a child is the same address with `&rendition=`. Nothing is stored. The
//! first segment begins before the range and the last one ends after it: `EXT-X-START` says where to begin,
//! and the end is the player's to keep.

use alloc::{
    format,
    string::{String, ToString},
};
use core::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    key::{GameId, ObjectKey, ObjectKind},
    query::{self, BadParameter},
};

mod lines;
mod master;
mod media;
mod seconds;
#[cfg(test)]
mod tests;

pub(crate) use master::Master;
pub(crate) use media::{Uncut, cut};
pub(crate) use seconds::Seconds;

/// The name in every game that stands for its clips. No object of that name is ever served.
pub const FILE: &str = "clip.m3u8";

/// What clips are made of.
pub(crate) const MANIFEST: &str = "master.m3u8";

/// All but what a query may hold plainly (RFC 3986 §3.4), and of that not what separates its parameters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// Which part is wanted, and of which playlist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    pub(crate) start: Seconds,
    pub(crate) end: Seconds,
    /// The address of a child as the game's multivariant playlist writes it; `None` for the clip's own
    /// multivariant playlist.
    pub(crate) rendition: Option<String>,
}

/// Why a query names no clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadClip {
    /// `start` or `end` is missing, repeated, or no plain decimal number of seconds.
    Number(&'static str),
    /// It ends before it begins.
    Empty,
    /// `rendition` is repeated or no text.
    Rendition,
}

impl fmt::Display for BadClip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(name) => write!(f, "{name} is to be a number of seconds such as 83.5"),
            Self::Empty => f.write_str("end is to be after start"),
            Self::Rendition => f.write_str("rendition is to be the name of one playlist"),
        }
    }
}

impl core::error::Error for BadClip {}

impl Clip {
    /// Reads `start`, `end` and `rendition`; other parameters are passed over.
    ///
    /// # Errors
    /// [`BadClip`] when that is no part of anything.
    pub fn from_query(query: &str) -> Result<Self, BadClip> {
        let (start, end) = (seconds(query, "start")?, seconds(query, "end")?);
        if end <= start {
            return Err(BadClip::Empty);
        }
        let rendition = query::parameter(query, "rendition").map_err(|_| BadClip::Rendition)?;
        Ok(Self {
            start,
            end,
            rendition,
        })
    }

    /// The query of this clip, and nothing else of the one that it was read from. [`Clip::from_query`]
    /// gives the same clip back.
    #[must_use]
    pub fn to_query(&self) -> String {
        let query = format!("start={}&end={}", self.start, self.end);
        match &self.rendition {
            None => query,
            Some(name) => format!("{query}&rendition={}", utf8_percent_encode(name, ESCAPED)),
        }
    }

    /// The key of the stored playlist that this one is cut from, in `game`. `None` when `rendition` is the
    /// name of no playlist.
    #[must_use]
    pub fn stored(&self, game: GameId<'_>) -> Option<ObjectKey> {
        playlist(game, self.rendition.as_deref().unwrap_or(MANIFEST))
    }

    /// The address of a child, relative to the clip's own playlist.
    pub(crate) fn child(&self, name: &str) -> String {
        let child = Self {
            rendition: Some(name.to_string()),
            ..self.clone()
        };
        format!("{FILE}?{}", child.to_query())
    }
}

/// The key of a playlist in `game`, by its address in the game's multivariant playlist. The rules are those
/// of every path, so what is cut here could be asked for as well.
pub(crate) fn playlist(game: GameId<'_>, address: &str) -> Option<ObjectKey> {
    let key = ObjectKey::from_path(&format!("{}{address}", game.to_path())).ok()?;
    let usable = key.kind() == ObjectKind::Playlist && key.file() != FILE;
    usable.then_some(key)
}

fn seconds(query: &str, name: &'static str) -> Result<Seconds, BadClip> {
    match query::parameter(query, name) {
        Ok(Some(text)) => Seconds::parse(&text).ok_or(BadClip::Number(name)),
        Ok(None) | Err(BadParameter::Repeated | BadParameter::NotText) => {
            Err(BadClip::Number(name))
        }
    }
}
