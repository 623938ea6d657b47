//! Where files come from.

pub(super) mod folder;
pub(super) mod web;

use std::ops::Range;

use bytes::Bytes;
use futures::{TryStreamExt as _, future::LocalBoxFuture, stream::BoxStream};
use reqwest::Url;

use super::NotChecked;

/// A file that is being read.
pub struct Content {
    /// As the server says; `None` where nobody says it.
    pub content_type: Option<String>,
    /// Its bytes, as they come.
    pub chunks: BoxStream<'static, Result<Bytes, NotChecked>>,
}

impl Content {
    /// The whole file, if it is no longer than `limit` bytes.
    pub(crate) async fn read(mut self, limit: usize) -> Result<Vec<u8>, NotChecked> {
        let mut all = Vec::new();
        while let Some(chunk) = self.chunks.try_next().await? {
            all.extend_from_slice(&chunk);
            if all.len() > limit {
                return Err(NotChecked::new(format!(
                    "a playlist or init section is larger than {limit} bytes"
                )));
            }
        }
        Ok(all)
    }
}

/// Why a file that a playlist names cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absence {
    /// There is none.
    NotFound,
    /// It is said to be elsewhere, which players of Apple need not follow.
    Redirected(String),
}

/// An answer.
pub type Answer = Result<Content, Absence>;

/// Fetches files; may be asked for several at once.
pub trait Source {
    /// The file at `url`, or some bytes of it.
    ///
    /// # Errors
    /// [`NotChecked`] when nobody can say whether it is there: no network, no access.
    fn open<'a>(
        &'a self,
        url: &'a Url,
        range: Option<Range<u64>>,
    ) -> LocalBoxFuture<'a, Result<Answer, NotChecked>>;
}
