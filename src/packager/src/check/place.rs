//! Where a presentation lies, and how it is named on the command line.

use std::{path::PathBuf, time::Duration};

use reqwest::Url;

use super::{
    NotChecked,
    source::{Source, bucket::InBucket, folder::InFolder, web::OnWeb},
};
use crate::{BucketConfig, Progress, bucket::Bucket};

/// How long a bucket in trouble is asked again.
const PATIENCE: Duration = Duration::from_secs(60);

/// A multivariant playlist and the way to it.
pub enum Place {
    /// An object of a bucket.
    Bucket {
        /// The bucket and who may read it.
        config: BucketConfig,
        /// `games/{id}/master.m3u8`.
        key: String,
    },
    /// `http://` or `https://`; a gate's address with `?t=` too.
    Web(Url),
    /// A file beside the others.
    File(PathBuf),
}

impl Place {
    /// Who fetches, and the address of the multivariant playlist for it.
    pub(super) fn open(&self) -> Result<(Box<dyn Source>, Url), NotChecked> {
        match self {
            Self::Bucket { config, key } => {
                let bucket = Bucket::new(config, PATIENCE, Progress::quiet())?;
                let mut entry = Url::parse("s3://bucket/")
                    .map_err(|error| NotChecked::new(error.to_string()))?;
                entry.set_path(&format!("/{key}"));
                Ok((Box::new(InBucket::new(bucket)), entry))
            }
            Self::Web(url) => Ok((Box::new(OnWeb::new(url)?), url.clone())),
            Self::File(path) => {
                let unusable = |_| NotChecked::new(format!("{} cannot be found", path.display()));
                let absolute = std::path::absolute(path).map_err(|error| {
                    NotChecked::new(format!("{} cannot be found: {error}", path.display()))
                })?;
                let url = Url::from_file_path(absolute).map_err(unusable)?;
                Ok((Box::new(InFolder), url))
            }
        }
    }
}
