//! What every host is given: the same bucket, secret and session.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::bucket::{self, Bucket};
use super::session;
use crate::workspace::Workspace;

/// The game that the session opens.
pub(crate) const GAME: &str = "bench";

/// Its packaging, whose files never change.
const EDITION: &str = "v0123456789";

/// A segment of half a second or so: what counts is the cost per request.
pub(crate) const SMALL_BYTES: usize = 16 * 1024;
/// A segment of six seconds at 5 Mbit/s: what counts is the cost per byte.
pub(crate) const LARGE_BYTES: usize = 3_850_000;

/// The name of the session cookie.
const COOKIE: &str = "reelgate_session";

/// Things that exist before anything is started.
#[derive(Debug)]
pub(crate) struct Fixture<'a> {
    /// The checkout.
    pub(crate) workspace: &'a Workspace,
    /// Where configurations and logs of the run are written.
    pub(crate) folder: PathBuf,
    /// The upstream of every host.
    pub(crate) bucket: Bucket,
    /// The key of every token.
    pub(crate) secret: &'static str,
    /// Further options of `reelgate serve`.
    pub(crate) serve: Vec<String>,
    session: String,
}

/// The bucket's name in path-style addresses.
pub(crate) const BUCKET: &str = "films";

impl<'a> Fixture<'a> {
    /// Makes the folder `name` of `target`, the bucket and a session.
    ///
    /// # Errors
    /// When the folder cannot be written or no port is free.
    pub(crate) fn prepare(workspace: &'a Workspace, name: &str, serve: &[String]) -> Result<Self> {
        let objects = [
            (small(), SMALL_BYTES),
            (large(), LARGE_BYTES),
            (cold(), LARGE_BYTES),
        ];
        let objects = objects.map(|(path, size)| (path, bucket::content(size)));
        Self::with(workspace, name, serve, objects)
    }

    /// The same with these objects, by the path that a viewer asks for.
    ///
    /// # Errors
    /// As [`Self::prepare`].
    pub(crate) fn with(
        workspace: &'a Workspace,
        name: &str,
        serve: &[String],
        objects: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Self> {
        let folder = workspace.in_target(name);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let secret = "only-for-the-bench-only-for-the-bench";
        Ok(Self {
            workspace,
            folder,
            bucket: Bucket::start(
                objects
                    .into_iter()
                    .map(|(path, content)| (format!("/{BUCKET}{path}"), content)),
            )?,
            secret,
            serve: serve.to_vec(),
            session: session::mint(secret, GAME)?,
        })
    }

    /// The `Cookie` header of a viewer who may watch.
    pub(crate) fn cookie(&self) -> String {
        format!("{COOKIE}={}", self.session)
    }

    /// The same with a signature that does not match.
    pub(crate) fn forged_cookie(&self) -> String {
        format!("{COOKIE}={}", self.forged_session())
    }

    /// The session with its signature turned round.
    pub(crate) fn forged_session(&self) -> String {
        let (signed, signature) = self.session.rsplit_once('.').unwrap_or_default();
        let turned: String = signature.chars().rev().collect();
        format!("{signed}.{turned}")
    }
}

/// The path of the small segment, as a viewer asks for it.
pub(crate) fn small() -> String {
    format!("/games/{GAME}/{EDITION}/small.m4s")
}

/// The path of the large segment.
pub(crate) fn large() -> String {
    format!("/games/{GAME}/{EDITION}/large.m4s")
}

/// The path of another one of that size, which no load asks for.
pub(crate) fn cold() -> String {
    format!("/games/{GAME}/{EDITION}/cold.m4s")
}
