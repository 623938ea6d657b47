//! Archives to package: films in a folder, and the list of them.

use crate::bucket::{ACCESS_KEY_ID, NAME, SECRET_ACCESS_KEY};
use crate::built;
use crate::encodes::ENCODES;
use crate::process::run;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::OnceCell;

/// Small films of the large archive.
const SMALL: usize = 200;

/// Films and their list, in a folder that goes away with it.
#[derive(Debug)]
pub struct Archive {
    folder: TempDir,
    /// How many films are in the list.
    pub films: usize,
}

impl Archive {
    /// A film of each odd kind, and 200 small ones.
    ///
    /// # Panics
    ///
    /// There is no ffmpeg, or it lacks an encoder.
    pub async fn large() -> Self {
        let mut archive = Self::small(SMALL).await;
        let kept = built::kept("encodes");
        for (number, encode) in ENCODES.iter().enumerate() {
            let film = encode.make(&kept);
            let name = film
                .to_str()
                .expect("our names are text")
                .replace('"', "\"\"");
            archive.add_line(&format!("odd-{number},\"{name}\","));
        }
        archive
    }

    /// So many small films, each another.
    ///
    /// # Panics
    ///
    /// There is no ffmpeg.
    pub async fn small(films: usize) -> Self {
        let mut archive = Self {
            folder: TempDir::new().expect("a temporary folder"),
            films: 0,
        };
        std::fs::write(archive.list(), "game_id,source,thumbnails\n").expect("a folder of ours");
        let kinds = kinds().await;
        for number in 0..films {
            let film = retagged(&kinds[number % kinds.len()], number);
            let name = format!("small-{number}");
            std::fs::write(archive.film(&name), film).expect("a folder of ours");
            archive.add_line(&format!("{name},{name}.mp4,false"));
        }
        archive
    }

    /// Adds a film of this content.
    ///
    /// # Panics
    ///
    /// The folder cannot be written.
    pub fn add(&mut self, name: &str, content: &[u8]) {
        std::fs::write(self.film(name), content).expect("a folder of ours");
        self.add_missing(name);
    }

    /// Adds a film that is not there.
    pub fn add_missing(&mut self, name: &str) {
        self.add_line(&format!("{name},{name}.mp4,"));
    }

    /// Adds a line to the list: `game_id,source,thumbnails`.
    ///
    /// # Panics
    ///
    /// The folder cannot be written.
    pub fn add_line(&mut self, line: &str) {
        let mut list = std::fs::read_to_string(self.list()).expect("it was written");
        writeln!(list, "{line}").expect("a string");
        std::fs::write(self.list(), list).expect("a folder of ours");
        self.films += 1;
    }

    /// The bytes of a small film.
    ///
    /// # Panics
    ///
    /// There is no such film.
    #[must_use]
    pub fn content(&self, number: usize) -> Vec<u8> {
        std::fs::read(self.film(&format!("small-{number}"))).expect("it was written")
    }

    /// Makes a small film another one of the same size.
    ///
    /// # Panics
    ///
    /// There is no such film.
    pub fn change(&self, number: usize) {
        let mut film = self.content(number);
        *film.last_mut().expect("a film") ^= 1;
        std::fs::write(self.film(&format!("small-{number}")), film).expect("a folder of ours");
    }

    /// A folder for downloads.
    #[must_use]
    pub fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }

    /// The command that packages all of it.
    #[must_use]
    pub fn command(&self, bucket: SocketAddr) -> Command {
        let mut command = Command::new(built::reelgate());
        command
            .args(["package", "--batch"])
            .arg(self.list())
            .args(["--bucket", NAME])
            .args(["--endpoint", &format!("http://{bucket}")])
            .args(["--access-key-id", ACCESS_KEY_ID])
            .env("REELGATE_S3_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY);
        command
    }

    fn list(&self) -> PathBuf {
        self.folder.path().join("games.csv")
    }

    fn film(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.mp4"))
    }
}

/// A handful of films of two seconds, made once on a machine.
async fn kinds() -> &'static [Vec<u8>] {
    static MADE: OnceCell<Vec<Vec<u8>>> = OnceCell::const_new();
    let make = || async {
        let folder = built::kept("small");
        let mut kinds = Vec::new();
        for tone in [220, 330, 440] {
            let film = folder.join(format!("{tone}.mp4"));
            if !film.is_file() {
                make(&folder, &film, tone).await;
            }
            kinds.push(std::fs::read(film).expect("it was made"));
        }
        kinds
    };
    MADE.get_or_init(make).await
}

async fn make(folder: &Path, film: &Path, tone: u32) {
    let unfinished = folder.join(format!("unfinished-{}-{tone}.mp4", std::process::id()));
    let mut command = Command::new("ffmpeg");
    command
        .args(["-v", "error", "-y", "-f", "lavfi", "-i"])
        .arg("testsrc2=size=64x36:rate=10:duration=4")
        .args(["-f", "lavfi", "-i"])
        .arg(format!(
            "sine=frequency={tone}:sample_rate=48000:duration=4"
        ))
        .args(["-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "20"])
        .args(["-c:a", "aac", "-b:a", "32k"])
        .arg(&unfinished);
    let outcome = run(&mut command).await;
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    std::fs::rename(unfinished, film).expect("one folder");
}

/// The film with a box at its end that players skip (ISO/IEC 14496-12, section 8.1.2): another file,
/// and made in no time.
fn retagged(film: &[u8], number: usize) -> Vec<u8> {
    let mut film = film.to_owned();
    film.extend_from_slice(&16_u32.to_be_bytes());
    film.extend_from_slice(b"free");
    film.extend_from_slice(&(number as u64).to_be_bytes());
    film
}

/// Whatever a master names is there, and whatever that names in turn.
///
/// # Panics
///
/// Something is not; it is named.
pub fn assert_nothing_is_half_visible(objects: &BTreeMap<String, Vec<u8>>) {
    let is_master =
        |key: &&String| key.ends_with("/master.m3u8") || key.ends_with("/master.v1.m3u8");
    let mut playlists: Vec<String> = objects.keys().filter(is_master).cloned().collect();
    while let Some(playlist) = playlists.pop() {
        let (folder, _) = playlist.rsplit_once('/').expect("games/ID/NAME");
        for name in named(&String::from_utf8_lossy(&objects[&playlist])) {
            let key = format!("{folder}/{name}");
            assert!(
                objects.contains_key(&key),
                "{playlist} names {key}, which is not there"
            );
            if name.ends_with(".m3u8") {
                playlists.push(key);
            }
        }
    }
}

/// What a playlist names: its lines that are no tags, and the URIs in tags (RFC 8216, section 4.1).
fn named(playlist: &str) -> Vec<String> {
    let of_line = |line: &str| {
        if !line.starts_with('#') {
            return Some(line.to_owned());
        }
        let (_, uri) = line.split_once("URI=\"")?;
        Some(uri.split_once('"')?.0.to_owned())
    };
    let lines = playlist.lines().filter(|line| !line.is_empty());
    lines.filter_map(of_line).collect()
}
