//! `reelgate bundle`: appends an application, the portal and a sample film to this program.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use reelgate_host::Runtime;

use super::{MAGIC, WINDOW_LOG};
use crate::exit::{Failure, Kind};

/// How hard zstd tries: made once, read by every new user.
const LEVEL: i32 = 19;

/// Appends a bundle to this program: a folder with `app`, and `portal` and `sample` where there are any.
/// Its components are compiled ahead, into `compiled`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder to bundle
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// A component to compile ahead, below the folder; may be given more than once
    #[arg(long, value_name = "FILE")]
    compile: Vec<PathBuf>,
    /// The program to append it to; this one unless given
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// The program to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Compiles, packs and appends.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    compile(&args.from, &args.compile)?;
    let failed = |error: io::Error| Failure::new(Kind::Failed, error);
    let program = match &args.program {
        Some(program) => program.clone(),
        None => std::env::current_exe().map_err(failed)?,
    };
    append(&program, &args.from, &args.out).map_err(failed)
}

fn compile(from: &Path, components: &[PathBuf]) -> Result<(), Failure> {
    let failed = |error: String| Failure::new(Kind::Failed, error);
    let folder = from.join("compiled");
    let folder = fs::create_dir_all(&folder).and_then(|()| folder.canonicalize());
    let folder = folder.map_err(|error| Failure::new(Kind::Failed, error))?;
    let runtime = Runtime::new(Some(&folder)).map_err(|error| failed(format!("{error:#}")))?;
    for component in components {
        runtime
            .compile(&from.join(component))
            .map_err(|error| failed(format!("{}: {error:#}", component.display())))?;
    }
    // What the cache has noted about these runs is no one else's.
    for entry in files(&folder).map_err(|error| Failure::new(Kind::Failed, error))? {
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name.ends_with(".stats") {
            fs::remove_file(&entry).map_err(|error| Failure::new(Kind::Failed, error))?;
        }
    }
    Ok(())
}

/// Writes `program` with the folder `from` appended to `out`, byte for byte the same for the same files.
pub(super) fn append(program: &Path, from: &Path, out: &Path) -> io::Result<()> {
    let archive = archive(from)?;
    fs::copy(program, out)?;
    let mut out = File::options().append(true).open(out)?;
    out.write_all(&archive)?;
    out.write_all(blake3::hash(&archive).as_bytes())?;
    out.write_all(&(archive.len() as u64).to_le_bytes())?;
    out.write_all(MAGIC)?;
    out.sync_all()
}

fn archive(from: &Path) -> io::Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL)?;
    encoder.window_log(WINDOW_LOG)?;
    encoder.long_distance_matching(true)?;
    let mut archive = tar::Builder::new(encoder);
    for path in files(from)? {
        let content = fs::read(&path)?;
        let name = path.strip_prefix(from).map_err(io::Error::other)?;
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, content.as_slice())?;
    }
    archive.into_inner()?.finish()
}

/// All files below `folder`, in the order of their names.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
