//! The work on one film: cut up, uploaded, published.

use std::path::Path;

use futures::future::try_join_all;
use tokio::{
    sync::{OnceCell, mpsc},
    try_join,
};

use crate::{
    Error, Options, Packaged, check_source, codecs, described,
    edition::{Edition, Fingerprint},
    plan::Plan,
    presentation::{Part, Presentation},
    recipe::Recipe,
    remux::{self, Remuxed, Takers},
    thumbnails::{self, Chooser, Thumbnails},
    upload::{Stored, StoredSegment, Upload},
};

/// Segments that wait to be uploaded, beside those that are being uploaded.
const WAITING: usize = 2;

/// A film in pieces.
pub(crate) struct InPieces<'a> {
    edition: &'a Edition,
    /// Of each output of the recipe.
    remuxed: Vec<Remuxed>,
    /// Of each output of the recipe.
    segments: Vec<Vec<StoredSegment>>,
    /// `None` when none were wished.
    thumbnails: Option<Result<Thumbnails, String>>,
}

/// One film on its way.
pub(crate) struct Job<'a> {
    options: &'a Options<'a>,
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
        options: &'a Options<'a>,
        plan: &'a Plan,
        ffmpeg: &'a str,
        upload: Upload<'a>,
    ) -> Self {
        Self {
            options,
            plan,
            recipe: Recipe::new(plan),
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
        let Self {
            upload,
            plan,
            recipe,
            ..
        } = self;
        let source = self.options.source;
        let bytes = check_source(source).await?;
        let outputs = recipe.outputs.iter();
        let (takers, cuts): (Vec<_>, Vec<_>) = outputs.map(|_| mpsc::channel(WAITING)).unzip();
        let (still, stills) = mpsc::channel(thumbnails::WAITING);
        let takers = Takers {
            segments: takers,
            stills: plan.thumbnails.then(|| Chooser::new(plan, still)),
            progress: upload.progress,
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
                true => Ok(Some(thumbnails::make(plan, stills).await)),
                false => Ok(None),
            }
        };
        let (remuxed, (edition, segments), thumbnails) = try_join!(remux, segments, thumbnails)?;
        if check_source(source).await? != bytes {
            return Err(Error::Changed(source.to_owned()));
        }
        Ok(InPieces {
            edition,
            remuxed,
            segments,
            thumbnails,
        })
    }

    /// Uploads what belongs to the segments, and makes them what is played.
    ///
    /// # Errors
    /// As [`Job::cut_and_upload`].
    pub(crate) async fn publish(&self, film: InPieces<'_>) -> Result<Packaged, Error> {
        let Self {
            options,
            plan,
            upload,
            ..
        } = self;
        let edition = film.edition;
        let mut stored = Vec::new();
        let mut parts = Vec::new();
        let outputs = self.recipe.outputs.iter();
        for ((output, remuxed), segments) in outputs.zip(film.remuxed).zip(film.segments) {
            parts.push(Part {
                role: output.role,
                folder: output.folder.clone(),
                codecs: codecs::read(&remuxed.init)?,
                init: remuxed.init,
                frames: remuxed.frames,
                key_frames: remuxed.key_frames,
                segments: segments
                    .iter()
                    .map(|it| (it.name.clone(), it.segment))
                    .collect(),
            });
            stored.extend(segments.into_iter().map(|segment| segment.stored));
        }
        let presentation = Presentation::new(plan, edition.as_str(), parts);
        let seconds = presentation.seconds();
        check_duration(options.source, plan.video.duration, seconds)?;
        let mut files = presentation.files();
        let mut beside = presentation.masters();
        let mut warnings = presentation.warnings();
        match film.thumbnails {
            Some(Ok(thumbnails)) => {
                let (inner, outer) = presentation.pictures(&thumbnails);
                files.extend(inner);
                beside.splice(0..0, outer);
            }
            Some(Err(reason)) => warnings.push(format!("there are no thumbnails: {reason}")),
            None => {}
        }
        for (name, content) in files {
            stored.push(upload.put(edition, &name, vec![content]).await?);
        }
        upload.verify(edition, &stored).await?;
        let mut master = String::new();
        // The master is the last of them.
        for (name, content) in beside {
            let published = upload.publish(&name, content).await?;
            master.clone_from(&published.key);
            stored.push(published);
        }
        let removed = self.sweep(&stored, &mut warnings).await;
        let was_there = stored.iter().filter(|object| object.was_there);
        let film = presentation.film();
        let (width, height) = (film.codecs.width, film.codecs.height);
        let rates = presentation.film_rates();
        Ok(Packaged {
            game: options.game.as_str().to_owned(),
            source: options.source.to_owned(),
            master,
            edition: edition.as_str().to_owned(),
            segments: presentation.segments(),
            duration_seconds: (seconds * 1000.0).round() / 1000.0,
            bytes: stored.iter().map(|object| object.bytes).sum(),
            bytes_already_there: was_there.map(|object| object.bytes).sum(),
            video: described(&plan.video.treatment),
            audio: plan
                .audio
                .iter()
                .find(|audio| audio.is_default)
                .map(|audio| described(&audio.treatment)),
            codecs: presentation.film_codecs(),
            resolution: (width, height),
            frame_rate: film.frame_rate,
            bandwidth: rates.peak,
            average_bandwidth: rates.average,
            rungs: presentation.rungs(),
            sounds: plan.audio.len(),
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
    async fn sweep(&self, stored: &[Stored], warnings: &mut Vec<String>) -> usize {
        if self.options.keep_old {
            return 0;
        }
        self.upload.sweep(stored).await.unwrap_or_else(|error| {
            warnings.push(format!("old files were left in the bucket: {error}"));
            0
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
