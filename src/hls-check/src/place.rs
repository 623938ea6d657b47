//! Where a presentation lies, and how it is named on the command line.

use std::path::PathBuf;

use reqwest::Url;

use super::{
    NotChecked,
    source::{Source, folder::InFolder, web::OnWeb},
};

/// A multivariant playlist and the way to it.
pub enum Place {
    /// `http://` or `https://`; a gate's address with `?t=` too.
    Web(Url),
    /// A file beside the others.
    File(PathBuf),
    /// Behind a source of the caller's own.
    Elsewhere {
        /// Who fetches.
        source: Box<dyn Source>,
        /// The address of the multivariant playlist for it.
        entry: Url,
    },
}

impl Place {
    /// Who fetches, and the address of the multivariant playlist for it.
    pub(crate) fn open(self) -> Result<(Box<dyn Source>, Url), NotChecked> {
        match self {
            Self::Web(url) => Ok((Box::new(OnWeb::new(&url)?), url)),
            Self::File(path) => {
                let unusable = |_| NotChecked::new(format!("{} cannot be found", path.display()));
                let absolute = std::path::absolute(&path).map_err(|error| {
                    NotChecked::new(format!("{} cannot be found: {error}", path.display()))
                })?;
                let url = Url::from_file_path(absolute).map_err(unusable)?;
                Ok((Box::new(InFolder), url))
            }
            Self::Elsewhere { source, entry } => Ok((source, entry)),
        }
    }
}
