//! The work on one film: cut up, uploaded, published.

mod beside;
pub(crate) mod judge;

pub(crate) use beside::Beside;

use std::{path::Path, time::Duration};

use futures::future::try_join_all;
use reelgate_core::key::GameId;
use tokio::{
    sync::{OnceCell, mpsc},
    try_join,
};

use crate::{
    Error, Packaged,
    bucket::Listing,
    captions::embedded::{self, Extracted},
    captions::rendition::{Caption, Rendition, announce},
    ffmpeg::encoders::Encoding,
    ffmpeg::recipe::Recipe,
    ffmpeg::remux::{self, Remuxed, Takers},
    ffmpeg::said::Said,
    hls::presentation::{Part, Presentation},
    hls::thumbnails::{self, Chooser, Thumbnails},
    input::chapters,
    input::probe::Probe,
    input::source::{self, Film},
    job::judge::{Case, Verdict},
    mp4::codecs,
    plan::{Plan, Treatment, Wishes},
    publish::edition::{Edition, Fingerprint},
    publish::film::{CHAPTERS, FILM, Facts, FilmDocument},
    publish::ledger::{Entry, Ledger},
    publish::upload::{Stored, StoredSegment, Upload},
};

/// Segments that wait to be uploaded, beside those that are being uploaded.
const WAITING: usize = 2;

/// A film in pieces.
pub(crate) struct InPieces<'a> {
    edition: &'a Edition,
    /// Of each output of the recipe.
    remuxed: Vec<Remuxed>,
    /// What ffmpeg has read and decoded.
    said: Said,
    /// Of each output of the recipe.
    segments: Vec<Vec<StoredSegment>>,
    /// `None` when none were wished.
    thumbnails: Option<Result<Thumbnails, String>>,
    captions: Extracted,
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
    /// How pictures are encoded.
    pub(crate) encoding: Encoding,
    /// How long ffmpeg may do nothing.
    pub(crate) ffmpeg_timeout: Duration,
    /// Whether a part of the film is better than none.
    pub(crate) salvage: bool,
}

/// What became of the old objects.
struct Swept {
    /// How many were removed.
    removed: usize,
    /// Which were left, for the ledger; `None` when it is another run's to write one.
    kept: Option<Listing>,
}

impl Swept {
    fn left(old: Listing) -> Self {
        Self {
            removed: 0,
            kept: Some(old),
        }
    }
}

/// One film on its way.
pub(crate) struct Job<'a> {
    task: &'a Task<'a>,
    probe: &'a Probe,
    beside: &'a Beside,
    plan: &'a Plan,
    recipe: Recipe,
    /// Which ffmpeg.
    ffmpeg: &'a str,
    upload: Upload<'a>,
    /// Known as soon as the film has been read.
    edition: OnceCell<Edition>,
}

impl<'a> Job<'a> {
    pub(crate) fn new(
        task: &'a Task<'a>,
        probe: &'a Probe,
        beside: &'a Beside,
        plan: &'a Plan,
        upload: Upload<'a>,
    ) -> Self {
        Self {
            task,
            probe,
            beside,
            plan,
            recipe: Recipe::with(plan, task.encoding),
            ffmpeg: &probe.program_version.version,
            upload,
            edition: OnceCell::new(),
        }
    }

    /// Cuts the film up and uploads each segment while the next is being cut.
    ///
    /// # Errors
    /// Whatever can be wrong with the film, ffmpeg, the disk or the bucket.
    pub(crate) async fn cut_and_upload(&self, film: Fingerprint) -> Result<InPieces<'_>, Error> {
        let Self {
            upload,
            plan,
            recipe,
            ..
        } = self;
        let source = self.task.path;
        let outputs = recipe.outputs.iter();
        let (takers, cuts): (Vec<_>, Vec<_>) = outputs.map(|_| mpsc::channel(WAITING)).unzip();
        let (still, stills) = mpsc::channel(thumbnails::WAITING);
        let takers = Takers {
            segments: takers,
            stills: plan.thumbnails.then(|| Chooser::new(plan, still)),
            progress: upload.progress,
            silence: self.task.ffmpeg_timeout,
            salvage: self.task.salvage,
        };
        let remux = remux::remux(source, plan, recipe, takers);
        let segments = async {
            let name = || Edition::of(film, plan, recipe, self.ffmpeg);
            let edition = self.edition.get_or_try_init(name).await?;
            let folders = recipe.outputs.iter().map(|output| output.folder.as_str());
            let uploads = folders.zip(cuts);
            let uploads = uploads.map(|(folder, cuts)| upload.segments(edition, folder, cuts));
            Ok((edition, try_join_all(uploads).await?))
        };
        let thumbnails = async {
            match plan.thumbnails {
                true => Ok(Some(
                    thumbnails::make(plan, stills, self.task.ffmpeg_timeout).await,
                )),
                false => Ok(None),
            }
        };
        let captions = embedded::extract(source, &self.beside.texts, self.task.ffmpeg_timeout);
        let ((remuxed, said), (edition, segments), thumbnails, captions) =
            try_join!(remux, segments, thumbnails, captions)?;
        if source::size(source).await? != self.task.film.bytes {
            return Err(Error::Changed(source.to_owned()));
        }
        Ok(InPieces {
            edition,
            remuxed,
            said,
            segments,
            thumbnails,
            captions,
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
        let edition = film.edition;
        let verdict = self.judge(&film)?;
        let is_open = film.remuxed.iter().any(|part| part.is_open);
        let mut stored = Vec::new();
        let mut parts = Vec::new();
        // Of picture and sounds apart the earliest begins at 0, as ffmpeg writes them.
        let begins_at = film.remuxed.first().map(|it| it.closed.begins_at());
        let begins_at = begins_at.filter(|_| !plan.has_sounds_apart());
        let outputs = self.recipe.outputs.iter();
        for ((output, remuxed), segments) in outputs.zip(film.remuxed).zip(film.segments) {
            parts.push(Part {
                role: output.role,
                folder: output.folder.clone(),
                codecs: codecs::read(&remuxed.init)?,
                init: remuxed.init,
                frames: remuxed.frames,
                key_frames: remuxed.key_frames,
                closed: remuxed.closed.channels(),
                segments: segments
                    .iter()
                    .map(|it| (it.name.clone(), it.segment))
                    .collect(),
            });
            stored.extend(segments.into_iter().map(|segment| segment.stored));
        }
        let presentation = Presentation::new(plan, edition.as_str(), parts);
        let seconds = presentation.seconds();
        let mut files = presentation.files();
        let mut beside = Vec::new();
        let mut warnings = presentation.warnings();
        warnings.extend(self.amiss(&verdict, is_open));
        let salvaged = verdict.salvaged.is_some();
        match film.thumbnails {
            Some(Ok(thumbnails)) => {
                let (inner, outer) = presentation.pictures(&thumbnails);
                files.extend(inner);
                beside.extend(outer);
            }
            Some(Err(reason)) => warnings.push(format!("there are no thumbnails: {reason}")),
            None => {}
        }
        if !self.beside.chapters.is_empty() {
            let chapters = chapters::to_vtt(&self.beside.chapters);
            files.push((CHAPTERS.to_owned(), chapters.into()));
        }
        for (name, content) in files {
            stored.push(upload.put(edition, &name, vec![content]).await?);
        }
        let mut facts = self.facts(&presentation);
        facts.begins_at = begins_at.unwrap_or_default();
        let timeline = presentation.timeline(facts.begins_at);
        let told = &self.beside.told;
        let (given, lost) = told.captions_with(film.captions);
        let renditions = given.into_iter().map(|it| Rendition::new(it, &timeline));
        let captions = self
            .captions(renditions.collect(), &mut stored, &mut warnings)
            .await?;
        warnings.extend(told.warnings.iter().cloned());
        upload.verify(&stored).await?;
        for (name, content) in beside {
            stored.push(upload.publish(&name, content).await?);
        }
        let ledger = self.ledger(edition, &stored, salvaged, facts, captions);
        let document = FilmDocument::new(&ledger).to_json();
        let document = document.map_err(|error| Error::Output(error.to_string()))?;
        stored.push(upload.publish(FILM, document.into()).await?);
        for (name, text) in presentation.masters() {
            let text = announce(&String::from_utf8_lossy(&text), &ledger.captions);
            stored.push(upload.publish(&name, text.into()).await?);
        }
        let old = upload.old(&stored);
        // The master is the last of them.
        let master = stored.last().cloned().ok_or(Error::Interrupted)?;
        let Swept { removed, kept } = self.sweep(old, &master, &mut warnings).await;
        if let Some(kept) = kept {
            upload.record(&ledger.clone().with(&stored, kept)).await?;
        }
        let was_there = stored.iter().filter(|object| object.was_there);
        let film = presentation.film();
        let (width, height) = (film.codecs.width, film.codecs.height);
        let rates = presentation.film_rates();
        Ok(Packaged {
            game: task.game.as_str().to_owned(),
            source: task.called.clone(),
            master: master.key,
            edition: edition.as_str().to_owned(),
            segments: presentation.segments(),
            duration_seconds: (seconds * 1000.0).round() / 1000.0,
            bytes: stored.iter().map(|object| object.bytes).sum(),
            bytes_already_there: was_there.map(|object| object.bytes).sum(),
            video: match plan.video.treatment {
                Treatment::Copy if is_open => "copied, with open groups of pictures".to_owned(),
                ref treatment => treatment.to_string(),
            },
            audio: plan
                .audio
                .iter()
                .find(|audio| audio.is_default)
                .map(|audio| audio.treatment.to_string()),
            codecs: presentation.film_codecs(),
            resolution: (width, height),
            frame_rate: film.frame_rate,
            bandwidth: rates.peak,
            average_bandwidth: rates.average,
            rungs: presentation.rungs(),
            sounds: plan.audio.len(),
            captions: ledger
                .captions
                .iter()
                .map(|it| it.label().to_string())
                .collect(),
            closed_captions: presentation.closed_captions(),
            chapters: self.beside.chapters.len(),
            left_out: self.left_out(&presentation, lost),
            salvaged,
            removed,
            warnings,
        })
    }

    fn judge(&self, film: &InPieces<'_>) -> Result<Verdict, Error> {
        let case = Case {
            path: self.task.path,
            probe: self.probe,
            plan: self.plan,
            outputs: &self.recipe.outputs,
            remuxed: &film.remuxed,
            said: &film.said,
            salvage: self.task.salvage,
        };
        case.judge()
    }

    /// What is amiss though the film plays.
    fn amiss(&self, verdict: &Verdict, is_open: bool) -> Vec<String> {
        let open = is_open.then(|| {
            "the film has open groups of pictures, and segments begin at closed ones only; --strict encodes such a film".to_owned()
        });
        let missing = verdict.salvaged.iter();
        let missing = missing.map(|what| format!("only a part of the film is packaged: {what}"));
        let corrupt = (verdict.corrupt > 0).then(|| {
            format!(
                "the film is damaged: {} of its packets are corrupt, or others are missing before them; the picture freezes or breaks there",
                verdict.corrupt
            )
        });
        open.into_iter().chain(missing).chain(corrupt).collect()
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
    async fn sweep(&self, old: Listing, master: &Stored, warnings: &mut Vec<String>) -> Swept {
        if self.task.keep_old {
            return Swept::left(old);
        }
        match self.upload.sweep(old.clone(), master).await {
            Ok(Some(removed)) => Swept {
                removed,
                kept: Some(Listing::new()),
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

    fn ledger(
        &self,
        edition: &Edition,
        stored: &[Stored],
        salvaged: bool,
        facts: Facts,
        captions: Vec<Caption>,
    ) -> Ledger {
        let Task {
            game, film, wishes, ..
        } = *self.task;
        Ledger::new(Entry {
            game: game.as_str(),
            film,
            blake3: edition.film(),
            wishes,
            plan: self.plan.in_words(),
            salvaged,
            ffmpeg: self.ffmpeg,
            edition: edition.as_str(),
            details: self.beside.told.details.clone(),
            facts,
            captions,
            stored,
            kept: Listing::new(),
        })
    }
}
