//! `cargo xtask bundle`: one program with everything in it, as a release has it.
//!
//! The folder `target/bundle` is laid out as the program unpacks it: `app` with manifests and composed
//! components, `portal`, and `sample`, a packaged film. The program itself compiles the components ahead and
//! appends all of it to a copy of itself (`src/cli/src/bundle.rs`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::testbed::host::listening_address;
use crate::testbed::server::Server;
use crate::workspace::Workspace;
use crate::{process, tools};

/// With the catalog in the bucket, and in a key-value store. `-cron` is found beside each.
const MANIFESTS: [&str; 4] = [
    "spin.toml",
    "spin-cron.toml",
    "spin-keyvalue.toml",
    "spin-keyvalue-cron.toml",
];

/// Manifests whose components are compiled ahead: what runs when nothing else is asked for.
const COMPILED: [&str; 2] = ["spin.toml", "spin-cron.toml"];

/// The game of the sample film.
const GAME: &str = "sample";

const BUCKET: &str = "films";

/// A minute of moving picture with a running clock, and a tone that beeps every second: what compresses well.
const SAMPLE: &str = "-f lavfi -i testsrc=size=1280x720:rate=25 -f lavfi -i sine=frequency=220:beep_factor=4 \
    -t 60 -c:v libx264 -preset fast -crf 30 -pix_fmt yuv420p -g 50 -keyint_min 50 -sc_threshold 0 \
    -threads 1 -c:a aac -ac 2 -b:a 48k -fflags +bitexact -flags +bitexact";

/// Bundles what is built for release into `target/bundled/reelgate`, unless that was done; gives its path.
///
/// # Errors
/// When something is not built, or ffmpeg is missing.
pub(crate) fn run(workspace: &Workspace) -> Result<PathBuf> {
    let out = workspace.in_target("bundled/reelgate");
    let built = workspace.reelgate();
    let stage = lay_out(workspace, &built)?;
    let stamp = stage.with_extension("stamp");
    let wanted = fingerprint(&stage, &built)?;
    if out.is_file() && fs::read_to_string(&stamp).is_ok_and(|done| done == wanted) {
        return Ok(out);
    }
    append(workspace, &stage, &built, &out)?;
    fs::write(stamp, wanted)?;
    Ok(out)
}

/// Appends the folder `stage` to the program `built`.
///
/// # Errors
/// When the program cannot compile a component, or nothing can be written.
pub(crate) fn append(workspace: &Workspace, stage: &Path, built: &Path, out: &Path) -> Result<()> {
    println!("bundle: {}", out.display());
    fs::create_dir_all(out.parent().context("no folder to write to")?)?;
    let compiled = stage.join("compiled");
    if compiled.exists() {
        fs::remove_dir_all(&compiled)?;
    }
    let mut command = Command::new(built);
    command.arg("bundle").arg("--from").arg(stage);
    for component in components(workspace, &COMPILED)? {
        command
            .arg("--compile")
            .arg(Path::new("app").join(component));
    }
    process::run(command.arg("--out").arg(out))
}

/// Lays out what is bundled, with a sample film that the program `built` packages; gives the folder.
///
/// # Errors
/// As [`run`].
pub(crate) fn lay_out(workspace: &Workspace, built: &Path) -> Result<PathBuf> {
    let stage = workspace.in_target("bundle");
    let app = stage.join("app");
    if app.exists() {
        fs::remove_dir_all(&app)?;
    }
    fs::create_dir_all(&app)?;
    for manifest in MANIFESTS {
        fs::copy(workspace.path(manifest), app.join(manifest))?;
    }
    for component in components(workspace, &MANIFESTS)? {
        let below = Path::new(&component).strip_prefix("target")?;
        let from = workspace.in_target(&below.to_string_lossy());
        copy(&from, &app.join(&component))
            .with_context(|| format!("no {}: run `cargo xtask build` first", from.display()))?;
    }
    portal(workspace, &stage.join("portal"))?;
    sample(built, &stage)?;
    Ok(stage)
}

/// The files that these manifests name, each once.
fn components(workspace: &Workspace, manifests: &[&str]) -> Result<Vec<String>> {
    let mut sources = Vec::new();
    for manifest in manifests {
        let text = fs::read_to_string(workspace.path(manifest))?;
        let named = text
            .lines()
            .filter_map(|line| line.strip_prefix("source = \""));
        sources.extend(named.map(|rest| rest.trim_end_matches('"').to_owned()));
    }
    sources.sort();
    sources.dedup();
    Ok(sources)
}

/// The portal's page, where it is built.
fn portal(workspace: &Workspace, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    let built = workspace.path("web/portal/dist");
    match built.is_dir() {
        true => copy_tree(&built, to),
        false => {
            println!("bundle: without the portal, for web/portal/dist is not built");
            Ok(())
        }
    }
}

/// The packaged sample film, made once.
fn sample(built: &Path, stage: &Path) -> Result<()> {
    let sample = stage.join("sample");
    if sample
        .join(BUCKET)
        .join("games")
        .join(GAME)
        .join("master.m3u8")
        .is_file()
    {
        return Ok(());
    }
    tools::apt::ensure(&[tools::apt::FFMPEG])?;
    let film = stage.with_extension("mp4");
    process::run(
        Command::new("ffmpeg")
            .args(["-nostdin", "-loglevel", "error", "-y"])
            .args(SAMPLE.split_whitespace())
            .arg(&film),
    )?;
    let words = ["--game", GAME, "--title", "A minute of test picture"];
    let packaged = package(built, &film, &sample, BUCKET, &words);
    fs::remove_file(&film)?;
    packaged
}

/// Has `program` package `film` into a bucket of its own, whose objects are files below `data`.
///
/// # Errors
/// When it cannot be started, or refuses the film.
pub(crate) fn package(
    program: &Path,
    film: &Path,
    data: &Path,
    bucket: &str,
    words: &[&str],
) -> Result<()> {
    let keys = ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY"].map(|name| (s3(name), "only-for-this-run"));
    let mut server = Server::spawn(
        Command::new(program)
            .args([
                "s3",
                "--listen",
                "127.0.0.1:0",
                "--bucket",
                bucket,
                "--data",
            ])
            .arg(data)
            .envs(keys.clone())
            .stdin(Stdio::null())
            .stdout(Stdio::piped()),
    )?;
    let address = listening_address(&mut server).context("reelgate s3 does not listen")?;
    process::run(
        Command::new(program)
            .args(["package", "--quiet"])
            .args(words)
            .arg(film)
            .env(s3("ENDPOINT"), format!("http://{address}"))
            .env(s3("BUCKET"), bucket)
            .envs(keys),
    )
}

fn s3(name: &str) -> String {
    format!("REELGATE_S3_{name}")
}

/// What a bundle is made of: other than this, it is the same.
fn fingerprint(stage: &Path, built: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    let metadata = fs::metadata(built).context("run `cargo xtask build` first")?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH)?;
    hash.update(format!("{} {}", metadata.len(), modified.as_nanos()));
    for folder in ["app", "portal", "sample"] {
        for file in files(&stage.join(folder))? {
            hash.update(file.to_string_lossy().as_bytes());
            hash.update(fs::read(&file)?);
        }
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.parent().context("no folder")?)?;
    fs::copy(from, to)?;
    Ok(())
}

/// Copies a folder and all below it.
///
/// # Errors
/// When something cannot be read or written.
pub(crate) fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    for file in files(from)? {
        copy(&file, &to.join(file.strip_prefix(from)?))?;
    }
    Ok(())
}

/// All files below `folder`, in the order of their names; none where there is no such folder.
///
/// # Errors
/// When a folder cannot be read.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    files.sort();
    Ok(files)
}
