//! The bucket on this machine, and the sample film in it.

use super::{GAME, secret};
use crate::exit::{Failure, Kind};
use reelgate_core::key::GameId;
use reelgate_fake_s3 as fake_s3;
use reelgate_packager::{
    self as packager, About, BucketConfig, Options, Progress, Source, Terms, Wishes,
};
use std::path::{Path, PathBuf};

const BUCKET: &str = "films";
const ACCESS_KEY_ID: &str = "reelgate-up";

/// The embedded bucket and how to reach it.
pub(super) struct Bucket {
    server: fake_s3::Running,
    secret: String,
}

impl Bucket {
    /// The bucket below `data`, with what is in it from earlier.
    pub(super) async fn start(data: &Path) -> Result<Self, Failure> {
        let secret = secret()?;
        let server = fake_s3::start(fake_s3::Config {
            listen: "127.0.0.1:0".into(),
            data: folder(data),
            access_key_id: ACCESS_KEY_ID.into(),
            secret_access_key: secret.clone(),
            bucket: BUCKET.into(),
        })
        .await?;
        Ok(Self { server, secret })
    }

    /// How a command reaches it.
    pub(super) fn config(&self) -> BucketConfig {
        BucketConfig {
            endpoint: self.server.endpoint(),
            bucket: BUCKET.into(),
            region: "auto".into(),
            access_key_id: ACCESS_KEY_ID.into(),
            secret_access_key: self.secret.clone(),
            session_token: None,
        }
    }

    /// How the gate reaches it.
    pub(super) fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("s3_endpoint", self.server.endpoint()),
            ("s3_bucket", BUCKET.into()),
            ("s3_access_key_id", ACCESS_KEY_ID.into()),
            ("s3_secret_access_key", self.secret.clone()),
        ]
    }

    /// Packages the sample film, unless that is done.
    pub(super) async fn fill(&self, film: &Path) -> Result<(), Failure> {
        let bucket = self.config();
        let game = GameId::new(GAME).map_err(|error| Failure::new(Kind::Failed, error))?;
        let options = Options {
            source: &Source::File(film.to_owned()),
            game,
            bucket: &bucket,
            wishes: Wishes::default(),
            about: &About::default(),
            terms: Terms::default(),
            scratch: None,
        };
        packager::run(&options, &Progress::of_stderr()).await?;
        Ok(())
    }

    /// Answers what was begun, and ends.
    pub(super) async fn stop(self) {
        self.server.stop().await;
    }
}

/// Puts the packaged sample below `data`, unless it lies there: objects as the bucket keeps them.
///
/// # Errors
/// That files cannot be written.
pub(super) fn lay_out(sample: &Path, data: &Path) -> std::io::Result<()> {
    let (target, master) = (folder(data), format!("{BUCKET}/games/{GAME}/master.m3u8"));
    if target.join(&master).is_file() {
        return Ok(());
    }
    copy_tree(sample, &target, &|path| !path.ends_with("master.m3u8"))?;
    // Whoever is stopped in between begins anew.
    copy_tree(sample, &target, &|path| path.ends_with("master.m3u8"))
}

fn folder(data: &Path) -> PathBuf {
    data.join("s3")
}

fn copy_tree(from: &Path, to: &Path, is_wanted: &dyn Fn(&Path) -> bool) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let (path, target) = entry.map(|entry| (entry.path(), to.join(entry.file_name())))?;
        if path.is_dir() {
            copy_tree(&path, &target, is_wanted)?;
        } else if is_wanted(&path) {
            std::fs::copy(&path, &target)?;
        }
    }
    Ok(())
}
