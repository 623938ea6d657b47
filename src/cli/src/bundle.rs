//! The bundle inside this program: the application, the portal and a sample film, appended to the executable.
//!
//! ```text
//! executable | tar, compressed with zstd | BLAKE3 of that (32 bytes) | its length (8, little-endian) | MAGIC
//! ```
//!
//! Hosts read components from files, so the bundle is unpacked once, into a folder named after its hash.

mod make;

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

pub(crate) use make::{Args, run};

use crate::exit::{Failure, Kind};

const MAGIC: &[u8; 16] = b"reelgate bundle\n";
const TRAILER: u64 = 32 + 8 + 16;

/// Largest bundle that is believed, in bytes.
const MOST_BYTES: u64 = 256 << 20;

/// The window of the compression, as a power of two: composed components share most of their bytes.
const WINDOW_LOG: u32 = 27;

/// What is inside this program, unpacked.
#[derive(Debug)]
pub(crate) struct Bundle(PathBuf);

impl Bundle {
    /// Unpacks what is inside this program below `cache`, unless that was done before; `None` where nothing is
    /// inside, as after a plain `cargo build`.
    ///
    /// # Errors
    /// That the program cannot be read or is damaged, or that the folder cannot be written to.
    pub(crate) fn unpacked(cache: &Path) -> Result<Option<Self>, Failure> {
        let failed = |error: io::Error| {
            let what = format!(
                "cannot unpack the application into {}: {error}",
                cache.display()
            );
            Failure::new(Kind::Failed, what).with_help(
                "choose a folder that can be written to with --data, or an application with --app",
            )
        };
        let Some(mut packed) = Packed::of_this_program().map_err(failed)? else {
            return Ok(None);
        };
        let folder = cache.join(packed.name());
        if !folder.is_dir() {
            packed.unpack(cache, &folder).map_err(failed)?;
        }
        Ok(Some(Self(folder)))
    }

    /// The manifest of the application that keeps its catalog there.
    pub(crate) fn manifest(&self, name: &str) -> PathBuf {
        self.0.join("app").join(name)
    }

    /// Components that were compiled ahead, as the engine's cache keeps them.
    pub(crate) fn compiled(&self) -> PathBuf {
        self.0.join("compiled")
    }

    /// The portal's built page, where the bundle was made with one.
    pub(crate) fn portal(&self) -> Option<PathBuf> {
        Some(self.0.join("portal")).filter(|folder| folder.is_dir())
    }

    /// Objects of the packaged sample film, as `reelgate s3` keeps them.
    pub(crate) fn sample(&self) -> Option<PathBuf> {
        Some(self.0.join("sample")).filter(|folder| folder.is_dir())
    }
}

/// A bundle as it is in a file.
struct Packed {
    file: File,
    hash: blake3::Hash,
    start: u64,
    length: u64,
}

impl Packed {
    fn of_this_program() -> io::Result<Option<Self>> {
        // The file that runs, even when another took its place by an upgrade.
        match File::open("/proc/self/exe") {
            Ok(file) => Self::in_file(file),
            Err(_) => Self::in_file(File::open(std::env::current_exe()?)?),
        }
    }

    fn in_file(mut file: File) -> io::Result<Option<Self>> {
        let size = file.metadata()?.len();
        let Some(end) = size.checked_sub(TRAILER) else {
            return Ok(None);
        };
        file.seek(SeekFrom::Start(end))?;
        let (mut hash, mut length, mut magic) = ([0; 32], [0; 8], [0; 16]);
        file.read_exact(&mut hash)?;
        file.read_exact(&mut length)?;
        file.read_exact(&mut magic)?;
        let length = u64::from_le_bytes(length);
        match end.checked_sub(length) {
            Some(start) if magic == *MAGIC && length <= MOST_BYTES => Ok(Some(Self {
                file,
                hash: blake3::Hash::from_bytes(hash),
                start,
                length,
            })),
            _ => Ok(None),
        }
    }

    /// The folder it is unpacked into.
    fn name(&self) -> String {
        format!("bundle-{}", &self.hash.to_hex()[..16])
    }

    /// Unpacks it so that `folder` is there whole or not at all, whoever else does the same.
    fn unpack(&mut self, cache: &Path, folder: &Path) -> io::Result<()> {
        let archive = self.read()?;
        fs::create_dir_all(cache)?;
        let unfinished = tempfile::Builder::new()
            .prefix("unpacking-")
            .tempdir_in(cache)?;
        let mut decoder = zstd::Decoder::with_buffer(archive.as_slice())?;
        decoder.window_log_max(WINDOW_LOG)?;
        let mut files = tar::Archive::new(decoder);
        // The engine's cache goes by the time that a file was last used.
        files.set_preserve_mtime(false);
        files.unpack(unfinished.path())?;
        match fs::rename(unfinished.path(), folder) {
            Err(_) if folder.is_dir() => Ok(()),
            renamed => renamed,
        }
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(self.start))?;
        let mut archive = Vec::new();
        (&mut self.file)
            .take(self.length)
            .read_to_end(&mut archive)?;
        if blake3::hash(&archive) != self.hash {
            return Err(io::Error::other("the program's file is damaged"));
        }
        Ok(archive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(folder: &Path) -> PathBuf {
        let from = folder.join("from");
        fs::create_dir_all(from.join("app")).unwrap();
        fs::write(from.join("app/spin.toml"), "manifest").unwrap();
        let program = folder.join("bare");
        fs::write(&program, "\x7fELF and so on").unwrap();
        let out = folder.join("bundled");
        make::append(&program, &from, &out).unwrap();
        out
    }

    #[test]
    fn what_was_appended_is_unpacked_once() {
        let folder = tempfile::tempdir().unwrap();
        let program = packed(folder.path());
        assert!(
            fs::read(&program)
                .unwrap()
                .starts_with(b"\x7fELF and so on")
        );
        let cache = folder.path().join("cache");
        for _ in 0..2 {
            let mut packed = Packed::in_file(File::open(&program).unwrap())
                .unwrap()
                .unwrap();
            let unpacked = cache.join(packed.name());
            packed.unpack(&cache, &unpacked).unwrap();
            let manifest = Bundle(unpacked).manifest("spin.toml");
            assert_eq!(fs::read_to_string(manifest).unwrap(), "manifest");
            // Nothing unfinished is left.
            assert_eq!(fs::read_dir(&cache).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_damaged_bundle_is_refused_and_a_bare_program_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let program = packed(folder.path());
        let mut bytes = fs::read(&program).unwrap();
        bytes[20] ^= 1;
        fs::write(&program, bytes).unwrap();
        let cache = folder.path().join("cache");
        let mut packed = Packed::in_file(File::open(&program).unwrap())
            .unwrap()
            .unwrap();
        let error = packed.unpack(&cache, &cache.join("x")).unwrap_err();
        assert!(error.to_string().contains("damaged"), "{error}");
        let bare = File::open(folder.path().join("bare")).unwrap();
        assert!(Packed::in_file(bare).unwrap().is_none());
    }
}
