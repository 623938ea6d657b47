//! One film, from where it lies to what viewers are given.

use std::path::Path;

use tokio::try_join;

use crate::{
    Error, Options, Outcome, Packaged, Progress, Source, Updated,
    bucket::Bucket,
    captions::embedded,
    ffmpeg,
    hls::presentation::MASTER,
    input::{
        chapters,
        probe::{self, Probe},
        scratch::Place,
        source::{self, Film, Found},
    },
    job::{Beside, Job, Task},
    plan::{self, Plan, Treatment, refit::Unfit},
    progress::pace::Doing,
    publish::{
        edition::Fingerprint,
        ledger::Ledger,
        revise::{self, Change},
        standing::Standing,
        told::Told,
        upload::{self, Upload},
    },
};

/// Plans that are tried for one film: the picture, the sound and their ends may each be found wanting.
const MOST_PLANS: usize = 6;

/// Packages the film, unless it is done already; it can be dropped at any time, and the bucket then
/// plays what it played before.
///
/// # Errors
/// [`Error`] says what is wrong and, on the way to the terminal, what to do.
pub async fn run(options: &Options<'_>, progress: &Progress) -> Result<Outcome, Error> {
    let budget = options.terms.retry_budget;
    let bucket = Bucket::new(options.bucket, budget, progress.clone())?;
    with_bucket(&bucket, options, progress).await
}

pub(crate) async fn with_bucket(
    bucket: &Bucket,
    options: &Options<'_>,
    progress: &Progress,
) -> Result<Outcome, Error> {
    let Options { game, terms, .. } = *options;
    let (standing, (film, found)) = try_join!(
        Standing::of(bucket, game),
        source::look(options.source, options.bucket, bucket)
    )?;
    let told = Told::read(options.about, options.source, &found, terms.ffmpeg_timeout).await?;
    progress.sized(film.bytes);
    let done = if terms.force {
        None
    } else {
        standing.done(bucket, &film, options.wishes).await?
    };
    if let Some(ledger) = done.as_ref().filter(|_| !terms.verify) {
        return settle(bucket, &standing, ledger, &told, options, progress).await;
    }
    let here = fetch(options, &film, found, progress).await?;
    if let Some(ledger) = done
        && here.hash().await?.to_hex().as_str() == ledger.source.blake3
    {
        return settle(bucket, &standing, &ledger, &told, options, progress).await;
    }
    let task = Task {
        path: here.path(),
        called: options.source.to_string(),
        film: &film,
        game,
        wishes: options.wishes,
        keep_old: terms.keep_old,
        encoding: terms.encoding,
        ffmpeg_timeout: terms.ffmpeg_timeout,
        salvage: terms.salvage,
    };
    match attempt(bucket, &task, &told, &here, standing, progress).await {
        // Somebody else has swept up what an earlier run had uploaded; the second time it is seen.
        Err(Error::Vanished(_)) => {
            let standing = Standing::of(bucket, game).await?;
            attempt(bucket, &task, &told, &here, standing, progress).await
        }
        packaged => packaged,
    }
    .map(|packaged| Outcome::Packaged(Box::new(packaged)))
}

/// A film that is done is not packaged again; captions and details may have changed.
async fn settle(
    bucket: &Bucket,
    standing: &Standing,
    ledger: &Ledger,
    told: &Told,
    options: &Options<'_>,
    progress: &Progress,
) -> Result<Outcome, Error> {
    let former = standing.former();
    let upload = Upload {
        bucket,
        game: options.game,
        before: &standing.there,
        former: &former,
        progress,
    };
    let change = Change {
        add: told.new_captions(ledger),
        remove: Vec::new(),
        details: told.details.clone(),
    };
    let revised = revise::revise(&upload, ledger, change, options.terms.keep_old).await?;
    let Some(revised) = revised else {
        let unchanged = standing.leave(bucket, ledger, options).await?;
        return Ok(Outcome::Unchanged(unchanged));
    };
    let captions = revised.ledger.captions.iter();
    Ok(Outcome::Updated(Updated {
        game: options.game.as_str().to_owned(),
        source: options.source.to_string(),
        master: format!("{}{MASTER}", upload::prefix(options.game)),
        edition: ledger.edition.clone(),
        captions: captions.map(|it| it.label().to_string()).collect(),
        removed: revised.removed,
        warnings: [told.warnings.clone(), revised.warnings].concat(),
    }))
}

/// A film on this machine.
enum Here<'a> {
    /// It was here before.
    File(&'a Path),
    /// It was fetched, and goes with this value.
    Copy(Place<'a>, blake3::Hash),
}

impl Here<'_> {
    fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Copy(place, _) => &place.path,
        }
    }

    fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::File(path) => Fingerprint::start(path),
            Self::Copy(_, hash) => Fingerprint::known(*hash),
        }
    }

    async fn hash(&self) -> Result<blake3::Hash, Error> {
        self.fingerprint().finish().await
    }
}

async fn fetch<'a>(
    options: &Options<'a>,
    film: &Film,
    found: Found,
    progress: &Progress,
) -> Result<Here<'a>, Error> {
    let (bucket, remote) = match (found, options.source) {
        (Found::There(bucket, remote), _) => (bucket, remote),
        (Found::Here, Source::File(path)) => return Ok(Here::File(path)),
        // What was found here is a file.
        (Found::Here, Source::Object { .. }) => return Err(Error::Interrupted),
    };
    let scratch = options.scratch.ok_or(Error::NoScratch)?;
    let place = scratch.place(&film.name, film.bytes).await?;
    let fetched = |bytes| progress.fetched(bytes);
    let hash = bucket.download(&remote, &place.path, &fetched).await?;
    Ok(Here::Copy(place, hash))
}

async fn attempt(
    bucket: &Bucket,
    task: &Task<'_>,
    told: &Told,
    here: &Here<'_>,
    standing: Standing,
    progress: &Progress,
) -> Result<Packaged, Error> {
    let (probe, mut plan) = examine(task).await?;
    tell(&plan, progress);
    let told = match standing.ledger() {
        Some(ledger) => told.with_former(ledger, bucket, task.game).await?,
        None => told.with_nothing_former(),
    };
    let beside = Beside {
        texts: embedded::texts(&probe),
        chapters: chapters::chapters(&probe.chapters),
        told,
    };
    let former = standing.former();
    let mut plans = 1;
    loop {
        let upload = Upload {
            bucket,
            game: task.game,
            before: &standing.there,
            former: &former,
            progress,
        };
        let error = match cut_up(task, &probe, &beside, &plan, upload, here.fingerprint()).await {
            Err(error) if plans < MOST_PLANS => error,
            packaged => return packaged,
        };
        // Headers and the first minute promised better; nobody has to read a whole film to know before.
        let (error, unfit) = unfit(error, &plan);
        let Some(better) = unfit.and_then(|unfit| plan.refit(&unfit)) else {
            return Err(error);
        };
        plan = better;
        plans += 1;
        tell(&plan, progress);
    }
}

/// What the next plan has to heed, if there is to be one.
fn unfit(error: Error, plan: &Plan) -> (Error, Option<Unfit>) {
    let unfit = match &error {
        Error::Unfit(unfit) => Some(unfit.clone()),
        // What cannot be copied may be decoded all the same.
        Error::Ffmpeg(reason) | Error::Output(reason)
            if plan.video.treatment == Treatment::Copy =>
        {
            Some(Unfit::Nothing(reason.clone()))
        }
        _ => None,
    };
    (error, unfit)
}

async fn cut_up(
    task: &Task<'_>,
    probe: &Probe,
    beside: &Beside,
    plan: &Plan,
    upload: Upload<'_>,
    film: Fingerprint,
) -> Result<Packaged, Error> {
    let job = Job::new(task, probe, beside, plan, upload);
    let packaged = match job.cut_and_upload(film).await {
        Ok(film) => job.publish(film).await,
        Err(error) => Err(error),
    };
    if let Err(error) = &packaged {
        job.clean_up_after(error).await;
    }
    packaged
}

fn tell(plan: &Plan, progress: &Progress) {
    progress.does(doing(plan));
    plan.in_words().iter().for_each(|line| progress.note(line));
    if let Some(gap) = plan.long_gap {
        progress.note(&format!(
            "key frames are up to {gap:.1} s apart, and so long will segments be; --strict encodes such a film"
        ));
    }
}

fn doing(plan: &Plan) -> Doing {
    let mut sounds = plan.audio.iter();
    let is_copied = plan.video.treatment == Treatment::Copy
        && plan.rungs.is_empty()
        && sounds.all(|sound| sound.treatment == Treatment::Copy);
    match is_copied {
        true => Doing::Copying,
        false => Doing::Encoding,
    }
}

async fn examine(task: &Task<'_>) -> Result<(Probe, Plan), Error> {
    let probe = probe::probe(task.path, task.ffmpeg_timeout).await?;
    let no_plan = |reason| Error::NoPlan {
        path: task.path.to_owned(),
        reason,
    };
    let missing = probe.container.as_ref().map_or(0, |boxes| boxes.missing);
    if missing > 0 && !task.salvage {
        return Err(Error::Truncated {
            path: task.path.to_owned(),
            missing,
        });
    }
    let plan = plan::plan(&probe, task.wishes).map_err(no_plan)?;
    if plan.video.tone_map.is_some() && !ffmpeg::has_filter("zscale").await? {
        return Err(Error::NoToneMap(task.path.to_owned()));
    }
    Ok((probe, plan))
}
