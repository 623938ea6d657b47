//! Why a film was not packaged, and what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::DecimalBytes;

use crate::{
    bucket::BucketError,
    plan::{NoPlan, refit::Unfit},
};

/// Why a film was not packaged. The bucket still holds what it held.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The film itself cannot be opened.
    #[error("cannot read {}", path.display())]
    Source {
        /// The film.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder, or nothing at all.
    #[error("{} {what}", path.display())]
    NotAFile {
        /// The film.
        path: PathBuf,
        /// What it is instead.
        what: &'static str,
    },
    /// ffprobe finds nothing it knows.
    #[error("{} is no video: {reason}", path.display())]
    NotMedia {
        /// The film.
        path: PathBuf,
        /// ffprobe's words.
        reason: String,
    },
    /// A file of captions makes no sense.
    #[error("{}, {reason}", path.display())]
    Captions {
        /// The file.
        path: PathBuf,
        /// The line, and what is wrong with it.
        reason: String,
    },
    /// A file of captions cannot be opened.
    #[error("cannot read the captions in {}", path.display())]
    UnreadCaptions {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Captions that were to be removed are not there.
    #[error("game {game} has no captions {label}; it has {available}")]
    NoSuchCaptions {
        /// The game's id.
        game: String,
        /// Language and kind, as they were named.
        label: String,
        /// Those it has.
        available: String,
    },
    /// There is nothing that captions could be added to.
    #[error("{0}")]
    NotPublished(String),
    /// It is media, but not a film.
    #[error("{} {reason}", path.display())]
    NoPlan {
        /// The film.
        path: PathBuf,
        /// What is amiss.
        reason: NoPlan,
    },
    /// The film says it is longer than what could be read of it.
    #[error("{} is damaged: it says it lasts {told:.1} s, and only {read:.1} s could be read", path.display())]
    Damaged {
        /// The film.
        path: PathBuf,
        /// Seconds it claims.
        told: f64,
        /// Seconds there are.
        read: f64,
    },
    /// Its boxes are longer than the file.
    #[error("{} is truncated: {} of it are missing", path.display(), DecimalBytes(*missing))]
    Truncated {
        /// The film.
        path: PathBuf,
        /// Bytes that are not there.
        missing: u64,
    },
    /// What says where the pictures lie is not there, and nothing of it can be read.
    #[error("{} is truncated: the index at its end is missing, and nothing can be read without it", .0.display())]
    NoIndex(PathBuf),
    /// Pictures were read that could not be decoded.
    #[error("{} is damaged: of {read} pictures only {decoded} could be decoded", path.display())]
    Undecodable {
        /// The film.
        path: PathBuf,
        /// Pictures read.
        read: u64,
        /// Pictures decoded.
        decoded: u64,
    },
    /// Nobody can read it without a key.
    #[error("{} is encrypted", .0.display())]
    Encrypted(PathBuf),
    /// The stream of the picture is empty.
    #[error("{} holds no picture", .0.display())]
    NoPicture(PathBuf),
    /// This ffmpeg cannot make of the film what every screen shows.
    #[error("{} is HDR, and this ffmpeg has no filter zscale to make it SDR", .0.display())]
    NoToneMap(PathBuf),
    /// What was packaged is not what was read; it was never published.
    #[error("{} was packaged wrongly, and is not published: {what}", path.display())]
    Misfit {
        /// The film.
        path: PathBuf,
        /// What differs, and by how much.
        what: String,
    },
    /// Somebody wrote to the film meanwhile.
    #[error("{} was changed while it was being packaged", .0.display())]
    Changed(PathBuf),
    /// ffmpeg or ffprobe is not installed.
    #[error("{tool} is not installed")]
    Missing {
        /// Which of the two.
        tool: &'static str,
    },
    /// ffmpeg or ffprobe cannot be started.
    #[error("cannot start {tool}")]
    Start {
        /// Which of the two.
        tool: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// ffmpeg gave up.
    #[error("ffmpeg failed: {0}")]
    Ffmpeg(String),
    /// ffmpeg or ffprobe did nothing for too long.
    #[error("{tool} has done nothing with {} for {} s, and was stopped", path.display(), silence.as_secs())]
    Stalled {
        /// Which of the two.
        tool: &'static str,
        /// The film.
        path: PathBuf,
        /// For how long.
        silence: Duration,
    },
    /// What was planned does not do, and nothing else was wished or is left.
    #[error("the film cannot be packaged so: {0}")]
    Unfit(Unfit),
    /// ffmpeg left something that is no HLS.
    #[error("cannot use what ffmpeg wrote: {0}")]
    Output(String),
    /// A setting of the bucket that no bucket can have.
    #[error("the {setting} {given:?} {what}")]
    Setting {
        /// Which one.
        setting: &'static str,
        /// As given.
        given: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The bucket cannot be reached, or refuses.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The folder for downloads cannot be written to: the disk is full, more likely than not.
    #[error("cannot write to {}", path.display())]
    Scratch {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A film lies in a bucket and nobody has said where to put it meanwhile.
    #[error("there is no scratch folder to download to")]
    NoScratch,
    /// A film that lies in a bucket is larger than the room for downloads.
    #[error("{name} has {} and the scratch folder may hold {}", DecimalBytes(*bytes), DecimalBytes(*room))]
    TooLarge {
        /// The film.
        name: String,
        /// Its size.
        bytes: u64,
        /// What `--scratch` says.
        room: u64,
    },
    /// A game's id and a file's name make no key.
    #[error("{0} is no object key")]
    Key(String),
    /// Somebody deletes what is uploaded.
    #[error("objects of {0} have vanished from the bucket")]
    Vanished(String),
    /// Ctrl-C or SIGTERM.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// The error of starting `tool`.
    pub fn tool(tool: &'static str, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::NotFound {
            return Self::Missing { tool };
        }
        Self::Start { tool, source }
    }

    /// What to do about it, when there is something.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Source { .. } | Self::NotAFile { .. } => "name a film that this user can read",
            Self::NoPlan {
                reason: NoPlan::NoCopy(_),
                ..
            } => "package it without --copy-only",
            Self::NotMedia { .. } | Self::NoPlan { .. } => {
                "name a film: mp4, mov, mkv, webm, ts, mpg, avi, flv, wmv, mxf or ogv, and no playlist"
            }
            Self::Stalled { .. } => {
                "play the film to its end to see whether it is damaged, and see whether its disk is well; --ffmpeg-timeout gives ffmpeg more time"
            }
            Self::Damaged { .. } | Self::Truncated { .. } | Self::Undecodable { .. } => {
                "copy the film again from where it came, or package what there is of it with --salvage"
            }
            Self::NoIndex(_) => "copy the film again from where it came; --salvage does not help",
            Self::Encrypted(_) => "package the film as it was before it was encrypted",
            Self::NoToneMap(_) => "install an ffmpeg that has it: ffmpeg -filters names them",
            Self::NoPicture(_) => "play the film to see whether it has a picture",
            Self::Misfit { .. } => {
                "package it with --encode, and look at the film with ffprobe where that does not help"
            }
            Self::Captions { .. } => {
                "mend that line, or give the file another name if these are no captions of the film"
            }
            Self::UnreadCaptions { .. } => "name a file that this user can read",
            Self::NoSuchCaptions { .. } => "name captions that it has, as `captions list` does",
            Self::NotPublished(_) => "package the film first, with this version of reelgate",
            Self::Changed(_) => "wait until the film is complete, then package it again",
            Self::Missing { .. } => return Some(install_command()),
            Self::Setting {
                setting: "endpoint",
                ..
            } => "give it as in --endpoint https://ACCOUNT.r2.cloudflarestorage.com",
            Self::Setting { .. } => {
                "correct it where it is set: an option, a variable or the env file"
            }
            Self::Bucket(error) => return Some(error.help().to_owned()),
            Self::Key(_) => {
                "choose a shorter game id, without slashes, escapes and control characters"
            }
            Self::Scratch { .. } => {
                "free some room, or name another folder with --scratch-dir, or use less of it with --scratch or --jobs"
            }
            Self::NoScratch => "name one",
            Self::TooLarge { .. } => "give it more room with --scratch",
            Self::Vanished(_) => {
                "let nobody else package this game, or clean up the bucket, meanwhile; then run the same command again"
            }
            Self::Interrupted => {
                "every game plays what it played before, or the new film; run the same command again to go on: what is done is not done again"
            }
            Self::Unfit(Unfit::Undecodable(_)) => "install an ffmpeg that can decode it",
            Self::Unfit(_) => "package it without --copy-only, or with --encode",
            Self::Start { .. } | Self::Ffmpeg(_) | Self::Output(_) => return None,
        };
        Some(help.to_owned())
    }
}

impl Error {
    /// Whether the next film would meet it too, so that there is no use in trying.
    pub fn concerns_all(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::Setting { .. } | Self::Interrupted => true,
            Self::Bucket(error) => error.concerns_all(),
            _ => false,
        }
    }

    /// The error of a `tool` that did nothing with the film at `path` for so long.
    pub(crate) fn stalled(tool: &'static str, path: &Path, silence: Duration) -> Self {
        Self::Stalled {
            tool,
            path: path.to_owned(),
            silence,
        }
    }

    /// Whether a part of the film could be packaged all the same.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Damaged { .. } | Self::Truncated { .. } | Self::Undecodable { .. }
        )
    }

    /// The error of writing to the scratch folder.
    pub(crate) fn scratch(path: &Path, source: io::Error) -> Self {
        Self::Scratch {
            path: path.to_owned(),
            source,
        }
    }

    /// The same, met while reading one film out of a bucket: others may be readable.
    pub(crate) fn of_one_film(self) -> Self {
        match self {
            Self::Bucket(error) => Self::Bucket(error.of_one_film()),
            other => other,
        }
    }

    /// Whether the film cannot be packaged at all, so that what was uploaded of it is of no use.
    pub(crate) fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Damaged { .. }
                | Self::Undecodable { .. }
                | Self::NoPicture(_)
                | Self::Misfit { .. }
                | Self::Changed(_)
                | Self::Ffmpeg(_)
                | Self::Unfit(_)
                | Self::Output(_)
        )
    }
}

/// The command that installs ffmpeg and ffprobe on this machine.
fn install_command() -> String {
    let managers = [
        ("apt-get", "apt-get install -y ffmpeg"),
        ("dnf", "dnf install -y ffmpeg-free"),
        ("pacman", "pacman -S --noconfirm ffmpeg"),
        ("apk", "apk add ffmpeg"),
    ];
    let found = managers.iter().find(|(manager, _)| is_installed(manager));
    match found {
        Some((_, command)) if is_installed("sudo") => format!("run: sudo {command}"),
        Some((_, command)) => format!("run: {command}"),
        None if cfg!(target_os = "macos") => "run: brew install ffmpeg".to_owned(),
        None => "install ffmpeg from https://ffmpeg.org/download.html".to_owned(),
    }
}

/// Whether a program is in the `PATH`, or where packages put it.
fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/bin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(usual)
        .any(|folder| folder.join(program).is_file())
}
