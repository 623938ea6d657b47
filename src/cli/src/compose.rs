//! `reelgate compose`: several components as one file, for hosts that compose nothing themselves.

use crate::exit::{Failure, Kind};
use clap::Args;
use reelgate_host::compose::{Part, compose};
use std::path::{Path, PathBuf};

/// Joins components: each takes for its imports what the ones after it export.
#[derive(Debug, Args)]
pub(crate) struct Compose {
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The components, outermost first.
    #[arg(value_name = "COMPONENT", num_args = 2.., required = true)]
    components: Vec<PathBuf>,
}

impl Compose {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut parts = self.components.iter().map(|path| read(path));
        let Some(first) = parts.next() else {
            return Err(Failure::new(Kind::Usage, "no component was named"));
        };
        let composed = parts.try_fold(first?, |outer, inner| {
            compose(&outer, &inner?).map_err(|error| Failure::new(Kind::Failed, error))
        })?;
        std::fs::write(&self.out, composed.bytes).map_err(|error| {
            Failure::new(
                Kind::Failed,
                format!("cannot write {}: {error}", self.out.display()),
            )
        })
    }
}

fn read(path: &Path) -> Result<Part, Failure> {
    let name = path.display().to_string();
    match std::fs::read(path) {
        Ok(bytes) => Ok(Part { name, bytes }),
        Err(error) => Err(
            Failure::new(Kind::Failed, format!("cannot read {name}: {error}"))
                .with_help("build the components with `cargo xtask build`"),
        ),
    }
}
