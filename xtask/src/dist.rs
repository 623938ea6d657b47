//! `cargo xtask dist`: what is released, into `target/distribution`.
//!
//! The same commit gives the same bytes: paths of the machine are replaced, files are sorted, and every time is
//! that of the commit. Of the program for glibc that is so with the same profile, for no two runs of a load are alike, and
//! of the image with the same packages of Debian, whose libraries it holds.

mod archive;
mod bill;
mod image;
mod licences;
mod packages;
mod platform;
mod profile;
mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use self::platform::{GLIBC, Platform, STATIC};
use crate::workspace::Workspace;
use crate::{build, bundle, compose, process, up};

/// Options of `cargo xtask dist`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A profile that an earlier run left, by which the program for glibc is optimised; made anew unless given
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
}

/// A release in the making.
#[derive(Debug)]
pub(crate) struct Release<'a> {
    workspace: &'a Workspace,
    version: String,
    commit: String,
    /// Seconds since 1970: the time of everything in it.
    time: u64,
    /// Where finished files go.
    out: PathBuf,
}

/// Builds everything and writes the files of a release, with their checksums.
///
/// # Errors
/// When a tool is missing or a build fails.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let given = args.profile.as_deref().map(fs::read).transpose()?;
    let release = Release::new(workspace)?;
    if release.out.exists() {
        fs::remove_dir_all(&release.out)?;
    }
    fs::create_dir_all(&release.out)?;
    build::components(workspace)?;
    compose::all(workspace)?;
    up::portal(workspace)?;
    let profile = profile::of(&release, given)?;
    for (platform, profile) in [(GLIBC, Some(profile.as_path())), (STATIC, None)] {
        let built = program::build(&release, platform, profile)?;
        let folder = release.lay_out(platform, &built)?;
        archive::write(&release, &folder)?;
    }
    image::write(&release)?;
    packages::write(&release)?;
    release.checksums()
}

impl<'a> Release<'a> {
    fn new(workspace: &'a Workspace) -> Result<Self> {
        let git = |words: &[&str]| {
            let mut command = Command::new("git");
            process::capture(command.args(words).current_dir(workspace.root()))
        };
        let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
        let time = git(&["show", "--no-patch", "--format=%ct", "HEAD"])?;
        Ok(Self {
            workspace,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: commit.trim().to_owned(),
            time: time.trim().parse().context("git tells no time")?,
            out: workspace.in_target("distribution"),
        })
    }

    /// What the files for `platform` are called, without their kind.
    fn name(&self, platform: Platform) -> String {
        format!("reelgate-{}-{}", self.version, platform.name)
    }

    /// Lays out the folder that is archived: the program, its papers, and what shells and `man` read.
    fn lay_out(&self, platform: Platform, built: &Path) -> Result<PathBuf> {
        let name = self.name(platform);
        let folder = self.out.join(&name);
        fs::create_dir_all(&folder)?;
        let program = folder.join("reelgate");
        let stage = bundle::lay_out(self.workspace, built)?;
        bundle::append(self.workspace, &stage, built, &program)?;
        for paper in ["LICENSE", "NOTICE", "README.md", "CHANGELOG.md"] {
            fs::copy(self.workspace.path(paper), folder.join(paper))?;
        }
        fs::write(
            folder.join("THIRD-PARTY-LICENSES.txt"),
            licences::texts(self, platform)?,
        )?;
        let bill = bill::of(self, platform)?;
        fs::write(folder.join("reelgate.cdx.json"), &bill)?;
        fs::write(self.out.join(format!("{name}.cdx.json")), bill)?;
        process::run(Command::new(&program).arg("man").arg(folder.join("man")))?;
        fs::create_dir_all(folder.join("completions"))?;
        for shell in ["bash", "fish", "zsh"] {
            let text = process::capture(Command::new(&program).args(["completions", shell]))?;
            fs::write(
                folder.join("completions").join(format!("reelgate.{shell}")),
                text,
            )?;
        }
        bundle::copy_tree(&self.workspace.path("deploy"), &folder.join("deploy"))?;
        Ok(folder)
    }

    /// `SHA256SUMS`, as `sha256sum --check` reads it.
    fn checksums(&self) -> Result<()> {
        let mut lines = String::new();
        for entry in bundle::files(&self.out)? {
            if entry.parent() != Some(&self.out) {
                continue;
            }
            let name = entry.file_name().context("a file without a name")?;
            let sum = hex(&Sha256::digest(fs::read(&entry)?));
            lines.push_str(&format!("{sum}  {}\n", name.to_string_lossy()));
        }
        println!("{lines}");
        fs::write(self.out.join("SHA256SUMS"), lines)?;
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
