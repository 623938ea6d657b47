//! The work on one film: cut up, uploaded, published.

use std::path::Path;

use tokio::{
    sync::{OnceCell, mpsc},
    try_join,
};

use crate::{
    Error, Options, Packaged, check_source, codecs, described,
    edition::{Edition, Fingerprint},
    plan::Plan,
    playlist::{self, Rendition, Segment},
    remux::{self, Remuxed},
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

/// One film on its way.
pub(crate) struct Job<'a> {
    options: &'a Options<'a>,
    plan: &'a Plan,
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
        let source = self.options.source;
        let bytes = check_source(source).await?;
        let (cut, cuts) = mpsc::channel(WAITING);
        let remux = remux::remux(source, plan, upload.progress, cut);
        let segments = async {
            let name = || Edition::of(film, plan, self.ffmpeg);
            let edition = self.edition.get_or_try_init(name).await?;
            Ok((edition, upload.segments(edition, cuts).await?))
        };
        let (remuxed, (edition, segments)) = try_join!(remux, segments)?;
        if check_source(source).await? != bytes {
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
            options,
            plan,
            upload,
            ..
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
        check_duration(options.source, plan.video.duration, seconds)?;
        let rendition = Rendition::new(codecs::read(&remuxed.init)?, remuxed.frames, &measured);

        let mut stored: Vec<Stored> = segments.into_iter().map(|segment| segment.stored).collect();
        let media = playlist::media(INIT, &listed);
        stored.push(upload.put(edition, INIT, vec![remuxed.init]).await?);
        stored.push(upload.put(edition, PLAYLIST, vec![media.into()]).await?);
        upload.verify(edition, &stored).await?;
        let master = playlist::master(&rendition, &format!("{}/{PLAYLIST}", edition.as_str()));
        let master = upload.publish(master).await?;

        let mut warnings = long_segments(plan, &measured);
        let removed = self.sweep(&stored, &mut warnings).await;
        let was_there = stored.iter().filter(|object| object.was_there);
        Ok(Packaged {
            game: options.game.as_str().to_owned(),
            source: options.source.to_owned(),
            master,
            edition: edition.as_str().to_owned(),
            segments: listed.len(),
            duration_seconds: (seconds * 1000.0).round() / 1000.0,
            bytes: stored.iter().map(|object| object.bytes).sum(),
            bytes_already_there: was_there.map(|object| object.bytes).sum(),
            video: described(&plan.video.treatment),
            audio: plan.audio.as_ref().map(|audio| described(&audio.treatment)),
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
