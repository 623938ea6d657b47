//! What a player reads beside the segments: playlists, a poster, small pictures.

pub(crate) mod iframes;
pub(crate) mod measure;
pub(crate) mod playlist;
pub(crate) mod presentation;
pub(crate) mod thumbnails;
