//! Runs the small ffmpeg: once for a short film, whose poster is chosen before it starts; a longer film
//! has a process for its poster alone.

use std::time::Duration;

use bytes::Bytes;
use tokio::{
    process::ChildStdin,
    sync::{mpsc::Receiver, oneshot},
    try_join,
};

use super::{Best, Fed, GRID, POSTER, THUMBNAIL, Thumbnails, fitted, scale};
use crate::{
    ffmpeg::small_ffmpeg::{Poster, Small, pictures, read, write},
    plan::Plan,
};

/// Key frames of a film so short that to start a process costs more than to decode them. They wait for
/// the film's end; those of a longer film are decoded while it is read.
const AT_ONCE: usize = 10;

/// Bytes of key frames that may wait in memory.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// A key frame and its time.
type Still = (f64, Bytes);

/// Makes the pictures of all key frames that are `fed`; ffmpeg may do nothing for `silence`.
///
/// # Errors
/// In words: a film without thumbnails is a film all the same.
pub(crate) async fn make(
    plan: &Plan,
    mut fed: Receiver<Fed>,
    silence: Duration,
) -> Result<Thumbnails, String> {
    let Some(Fed::Init(init)) = fed.recv().await else {
        return Err("the film has no beginning".to_owned());
    };
    let (first, is_all) = first(&mut fed).await;
    let work = Work {
        plan,
        init: &init,
        size: fitted(plan.video.seen, THUMBNAIL),
        silence,
    };
    match is_all {
        true => work.at_once(&first).await,
        false => work.one_by_one(first, fed).await,
    }
}

/// The first key frames, as many as may wait, and whether there are no more.
async fn first(fed: &mut Receiver<Fed>) -> (Vec<Still>, bool) {
    let mut stills = Vec::new();
    let mut bytes = 0;
    while stills.len() < AT_ONCE && bytes < MOST_BYTES {
        match fed.recv().await {
            None => return (stills, true),
            Some(Fed::Init(_)) => {}
            Some(Fed::Still { at, content }) => {
                bytes += content.len();
                stills.push((at, content));
            }
        }
    }
    (stills, false)
}

struct Work<'a> {
    plan: &'a Plan,
    init: &'a Bytes,
    /// Width and height of a thumbnail.
    size: (u32, u32),
    silence: Duration,
}

impl Work<'_> {
    /// Sheet and poster by one process.
    async fn at_once(&self, stills: &[Still]) -> Result<Thumbnails, String> {
        let mut best = self.best();
        stills.iter().for_each(|(at, still)| best.look(*at, still));
        let (number, _) = best.found()?;
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let poster = Poster {
            number,
            filter: self.poster_filter(),
            file: folder.path().join("poster.jpg"),
        };
        let ffmpeg = Small::start(&self.sheet_filter(), Some(&poster))?;
        let contents = stills.iter().map(|(_, still)| still);
        let sheets = self.fill(ffmpeg, contents).await?;
        let poster = tokio::fs::read(&poster.file).await;
        let poster = poster.map_err(|error| format!("no poster came out: {error}"))?;
        let times = stills.iter().map(|(at, _)| *at).collect();
        self.thumbnails(poster.into(), &sheets, times)
    }

    /// Sheets by one process while the film is read, and then the poster by another.
    async fn one_by_one(
        &self,
        first: Vec<Still>,
        mut fed: Receiver<Fed>,
    ) -> Result<Thumbnails, String> {
        let mut ffmpeg = Small::start(&self.sheet_filter(), None)?;
        let (mut input, output) = ffmpeg.ends()?;
        let (mut best, mut times) = (self.best(), Vec::new());
        let (over, is_over) = oneshot::channel();
        let feed = async {
            let _over = over;
            write(&mut input, self.init, self.silence).await?;
            let mut waiting = first.into_iter();
            while let Some((at, content)) = next(&mut waiting, &mut fed).await {
                write(&mut input, &content, self.silence).await?;
                times.push(at);
                best.look(at, &content);
            }
            drop(input);
            Ok(())
        };
        let ((), sheets) = try_join!(feed, read(output, is_over, self.silence))?;
        ffmpeg.finish(self.silence).await?;
        let (_, still) = best.found()?;
        let ffmpeg = Small::start(&self.poster_filter(), None)?;
        let poster = self.fill(ffmpeg, std::iter::once(&still)).await?;
        if poster.is_empty() {
            return Err("no poster came out".to_owned());
        }
        self.thumbnails(poster.into(), &sheets, times)
    }

    /// Hands all `stills` to it, and gives what comes out.
    async fn fill(
        &self,
        mut ffmpeg: Small,
        stills: impl Iterator<Item = &Bytes>,
    ) -> Result<Vec<u8>, String> {
        let (mut input, output): (ChildStdin, _) = ffmpeg.ends()?;
        let (over, is_over) = oneshot::channel();
        let feed = async {
            let _over = over;
            write(&mut input, self.init, self.silence).await?;
            for still in stills {
                write(&mut input, still, self.silence).await?;
            }
            drop(input);
            Ok(())
        };
        let ((), all) = try_join!(feed, read(output, is_over, self.silence))?;
        ffmpeg.finish(self.silence).await?;
        Ok(all)
    }

    fn thumbnails(
        &self,
        poster: Bytes,
        sheets: &[u8],
        times: Vec<f64>,
    ) -> Result<Thumbnails, String> {
        let sheets = pictures(sheets);
        let wanted = times.len().div_ceil((GRID * GRID) as usize);
        if sheets.len() != wanted || times.is_empty() {
            return Err(format!(
                "{} sheets came out where {wanted} were due",
                sheets.len()
            ));
        }
        Ok(Thumbnails {
            poster,
            sheets,
            times,
            size: self.size,
        })
    }

    fn best(&self) -> Best {
        Best::new(self.plan.duration)
    }

    fn sheet_filter(&self) -> String {
        format!("{},tile={GRID}x{GRID}", scale(self.size))
    }

    fn poster_filter(&self) -> String {
        scale(fitted(self.plan.video.seen, POSTER))
    }
}

/// The next key frame: of those that wait, then of those that come.
async fn next(waiting: &mut impl Iterator<Item = Still>, fed: &mut Receiver<Fed>) -> Option<Still> {
    if let Some(still) = waiting.next() {
        return Some(still);
    }
    loop {
        if let Fed::Still { at, content } = fed.recv().await? {
            return Some((at, content));
        }
    }
}
