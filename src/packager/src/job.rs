//! The work on one film: cut up, uploaded, published.

use std::path::Path;

use reelgate_core::key::GameId;
use tokio::{
    sync::{OnceCell, mpsc},
    try_join,
};

use crate::{
    Error, Packaged, codecs,
    edition::{Edition, Fingerprint},
    ledger::{Entry, Ledger},
    plan::{Plan, Wishes},
    playlist::{self, Rendition, Segment},
    remux::{self, Remuxed},
    source::{self, Film},
    upload::{INIT, PLAYLIST, Stored, StoredSegment, Upload},
};

/// Segments that wait to be uploaded, beside those that are being uploaded.
const WAITING: usize = 2;

/// A film in pieces.
pub(crate) struct InPieces<'a> {
    edition: &'a Edition,
    remuxed: Remuxed,
    segments: Vec<StoredSegment>,
}

/// A film on this machine, and what is to become of it.
pub(crate) struct Task<'a> {
    /// Where it is.
    pub(crate) path: &'a Path,
    /// What it is called by the person at the terminal.
    pub(crate) called: String,
    /// What is known of it.
    pub(crate) film: &'a Film,
    /// Whose it is.
    pub(crate) game: GameId<'a>,
    /// How it is wished.
    pub(crate) wishes: Wishes,
    /// Whether the files of earlier editions stay.
    pub(crate) keep_old: bool,
}

/// What became of the old objects.
struct Swept {
    /// How many were removed.
    removed: usize,
    /// Which were left, for the ledger; `None` when it is another run's to write one.
    kept: Option<Vec<String>>,
}

impl Swept {
    fn left(old: Vec<String>) -> Self {
        Self {
            removed: 0,
            kept: Some(old),
        }
    }
}

/// One film on its way.
pub(crate) struct Job<'a> {
    task: &'a Task<'a>,
    plan: &'a Plan,
    /// Which ffmpeg.
    ffmpeg: &'a str,
    upload: Upload<'a>,
    /// Known as soon as the film has been read.
    edition: OnceCell<Edition>,
}

impl<'a> Job<'a> {
    pub(crate) fn new(
        task: &'a Task<'a>,
        plan: &'a Plan,
        ffmpeg: &'a str,
        upload: Upload<'a>,
    ) -> Self {
        Self {
            task,
            plan,
            ffmpeg,
            upload,
            edition: OnceCell::new(),
        }
    }

    /// Cuts the film up and uploads each segment while the next is being cut.
    ///
    /// # Errors
    /// Whatever can be wrong with the film, ffmpeg, the disk or the bucket.
    pub(crate) async fn cut_and_upload(&self, film: Fingerprint) -> Result<InPieces<'_>, Error> {
        let Self { upload, plan, .. } = self;
        let source = self.task.path;
        let (cut, cuts) = mpsc::channel(WAITING);
        let remux = remux::remux(source, plan, upload.progress, cut);
        let segments = async {
            let name = || Edition::of(film, plan, self.ffmpeg);
            let edition = self.edition.get_or_try_init(name).await?;
            Ok((edition, upload.segments(edition, cuts).await?))
        };
        let (remuxed, (edition, segments)) = try_join!(remux, segments)?;
        if source::size(source).await? != self.task.film.bytes {
            return Err(Error::Changed(source.to_owned()));
        }
        Ok(InPieces {
            edition,
            remuxed,
            segments,
        })
    }

    /// Uploads what belongs to the segments, and makes them what is played.
    ///
    /// # Errors
    /// As [`Job::cut_and_upload`].
    pub(crate) async fn publish(&self, film: InPieces<'_>) -> Result<Packaged, Error> {
        let Self {
            task, plan, upload, ..
        } = self;
        let InPieces {
            edition,
            remuxed,
            segments,
        } = film;
        let listed: Vec<(String, Segment)> = segments
            .iter()
            .map(|stored| (stored.name.clone(), stored.segment))
            .collect();
        let measured: Vec<Segment> = segments.iter().map(|stored| stored.segment).collect();
        let seconds: f64 = measured.iter().map(|segment| segment.duration).sum();
        check_duration(task.path, plan.video.duration, seconds)?;
        let rendition = Rendition::new(codecs::read(&remuxed.init)?, remuxed.frames, &measured);

        let mut stored: Vec<Stored> = segments.into_iter().map(|segment| segment.stored).collect();
        let media = playlist::media(INIT, &listed);
        stored.push(upload.put(edition, INIT, vec![remuxed.init]).await?);
        stored.push(upload.put(edition, PLAYLIST, vec![media.into()]).await?);
        upload.verify(edition, &stored).await?;
        let master = playlist::master(&rendition, &format!("{}/{PLAYLIST}", edition.as_str()));
        let master = upload.publish(master).await?;
        let objects = [stored.as_slice(), std::slice::from_ref(&master)].concat();

        let mut warnings = long_segments(plan, &measured);
        let old = upload.old(&objects);
        let Swept { removed, kept } = self.sweep(old, &master, &mut warnings).await;
        if let Some(kept) = kept {
            upload.record(&self.ledger(edition, &objects, kept)).await?;
        }
        let was_there = stored.iter().filter(|object| object.was_there);
        Ok(Packaged {
            game: task.game.as_str().to_owned(),
            source: task.called.clone(),
            master: master.key,
            edition: edition.as_str().to_owned(),
            segments: listed.len(),
            duration_seconds: (seconds * 1000.0).round() / 1000.0,
            bytes: stored.iter().map(|object| object.bytes).sum(),
            bytes_already_there: was_there.map(|object| object.bytes).sum(),
            video: plan.video.treatment.to_string(),
            audio: plan.audio.as_ref().map(|audio| audio.treatment.to_string()),
            codecs: rendition.codecs.names,
            resolution: (rendition.codecs.width, rendition.codecs.height),
            frame_rate: rendition.frame_rate,
            bandwidth: rendition.bandwidth,
            average_bandwidth: rendition.average_bandwidth,
            left_out: plan.left_out.clone(),
            removed,
            warnings,
        })
    }

    /// Takes back what was uploaded of a film that will never be whole. What was interrupted stays,
    /// for the next run to go on with.
    pub(crate) async fn clean_up_after(&self, error: &Error) {
        let Some(edition) = self.edition.get().filter(|_| error.is_final()) else {
            return;
        };
        if self.upload.withdraw(edition).await.is_err() {
            let left = "what was uploaded of it is still in the bucket; the next packaging of this game removes it";
            self.upload.progress.say(left);
        }
    }

    /// The film plays already; that old files lie beside it harms nobody.
    async fn sweep(&self, old: Vec<String>, master: &Stored, warnings: &mut Vec<String>) -> Swept {
        if self.task.keep_old {
            return Swept::left(old);
        }
        match self.upload.sweep(old.clone(), master).await {
            Ok(Some(removed)) => Swept {
                removed,
                kept: Some(Vec::new()),
            },
            Ok(None) => {
                let other = "another run has packaged this game meanwhile, and that is what is played; old files were left in the bucket";
                warnings.push(other.to_owned());
                Swept {
                    removed: 0,
                    kept: None,
                }
            }
            Err(error) => {
                warnings.push(format!("old files were left in the bucket: {error}"));
                Swept::left(old)
            }
        }
    }

    fn ledger(&self, edition: &Edition, stored: &[Stored], kept: Vec<String>) -> Ledger {
        let Task {
            game, film, wishes, ..
        } = *self.task;
        Ledger::new(Entry {
            game: game.as_str(),
            film,
            blake3: edition.film(),
            wishes,
            plan: self.plan.in_words(),
            ffmpeg: self.ffmpeg,
            edition: edition.as_str(),
            stored,
            kept,
        })
    }
}

/// A film may end a little before it says, by a frame or by the rest of a second.
fn check_duration(path: &Path, told: Option<f64>, read: f64) -> Result<(), Error> {
    match told {
        Some(told) if told - read > (told * 0.02).max(2.0) => Err(Error::Damaged {
            path: path.to_owned(),
            told,
            read,
        }),
        _ => Ok(()),
    }
}

/// A copy is cut where the film lets it; past the minute that was looked at that may be seldom.
fn long_segments(plan: &Plan, segments: &[Segment]) -> Vec<String> {
    let longest = segments
        .iter()
        .map(|segment| segment.duration)
        .max_by(f64::total_cmp);
    let longest = longest.unwrap_or_default();
    let limit = plan.segment_seconds * 2.0 + 0.5;
    let warning = format!(
        "the longest segment lasts {longest:.1} s, for the film has no more key frames there; players start and seek faster after packaging it with --encode"
    );
    if longest > limit {
        vec![warning]
    } else {
        Vec::new()
    }
}
