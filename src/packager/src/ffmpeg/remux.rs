//! ffmpeg: a film in, init sections and segments out. They come through pipes and never lie on a
//! disk: that would take as much room as the film, and more time than all the rest.

use std::{path::Path, process::Stdio, time::Duration};

use bytes::Bytes;
use futures::future::try_join_all;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
    sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::timeout,
};

use crate::{
    Error,
    captions::closed::Closed,
    ffmpeg::fitness,
    ffmpeg::outlets::{Outlet, Outlets, PIPE_BYTES},
    ffmpeg::recipe::{Output, Recipe, Role},
    ffmpeg::said::{self, Said},
    ffmpeg::{self, Watch},
    hls::thumbnails::Chooser,
    mp4::cutter::{Cut, Cutter, End, Follower, KeyFrame},
    mp4::fragments::{Piece, Splitter},
    mp4::tally::Tally,
    plan::{Plan, Treatment, refit::Unfit},
    progress::Progress,
};

/// Bytes of ffmpeg's complaints that are kept.
const KEPT_COMPLAINTS: u64 = 16 * 1024;

/// What is left of one output when its segments have been sent.
#[derive(Default)]
pub(crate) struct Remuxed {
    /// What a player needs before the first segment.
    pub(crate) init: Bytes,
    /// Frames of the picture.
    pub(crate) frames: u64,
    /// Where its key frames lie.
    pub(crate) key_frames: Vec<KeyFrame>,
    /// All that has gone through.
    pub(crate) tally: Tally,
    /// When its last segment begins, in seconds.
    pub(crate) last_cut: f64,
    /// Whether some of its pictures need those before the key frame that they follow.
    pub(crate) is_open: bool,
    /// The captions that are hidden in it.
    pub(crate) closed: Closed,
}

/// Who takes what comes out of ffmpeg.
pub(crate) struct Takers<'a> {
    /// The segments of each output, in the order of the recipe.
    pub(crate) segments: Vec<Sender<Cut>>,
    /// The key frames that are to be seen in small, when any are.
    pub(crate) stills: Option<Chooser>,
    /// Who is told.
    pub(crate) progress: &'a Progress,
    /// How long ffmpeg may write nothing while it is waited for.
    pub(crate) silence: Duration,
    /// Whether a part of the film is better than none.
    pub(crate) salvage: bool,
}

/// Cuts the film up and sends each segment as soon as it is complete. ffmpeg waits while nobody takes
/// the segments, so few of them are in memory at once.
///
/// # Errors
/// That there is no ffmpeg, that it failed or stalled, or that it wrote something else.
pub(crate) async fn remux(
    source: &Path,
    plan: &Plan,
    recipe: &Recipe,
    takers: Takers<'_>,
) -> Result<(Vec<Remuxed>, Said), Error> {
    let outlets = Outlets::new(recipe.outputs.len())?;
    let mut ffmpeg = start(source, recipe, &outlets)?;
    let complaints = ffmpeg
        .stderr
        .take()
        .map(|stderr| tokio::spawn(Said::read(stderr)));
    let (silence, salvage) = (takers.silence, takers.salvage);
    let watch = Watch::new(silence);
    let stalled = || Error::stalled("ffmpeg", source, silence);
    let work = async {
        let outlets = outlets.open(&mut ffmpeg).await?;
        cut_up(outlets, plan, recipe, takers, &watch).await
    };
    let cut = tokio::select! {
        cut = work => cut,
        () = watch.stalled() => Err(stalled()),
    };
    // It is stopped when this function ends, and has nothing to say.
    if let Err(error @ (Error::Unfit(_) | Error::Stalled { .. })) = cut {
        return Err(error);
    }
    let ended = timeout(silence, ffmpeg.wait()).await;
    let ended = ended
        .map_err(|_| stalled())?
        .map_err(|source| Error::Start {
            tool: "ffmpeg",
            source,
        })?;
    let mut said = match complaints {
        Some(task) => task.await.unwrap_or_default(),
        None => Said::default(),
    };
    said.has_failed = !ended.success();
    if !said.has_failed || salvage && cut.is_ok() {
        return Ok((cut?, said));
    }
    match said.undecodable() {
        Some(stream) => Err(Error::Unfit(Unfit::Undecodable(stream))),
        None => Err(Error::Ffmpeg(said.last_words().to_owned())),
    }
}

/// Reads all outputs at once, for ffmpeg writes them so.
async fn cut_up(
    outlets: Vec<Outlet>,
    plan: &Plan,
    recipe: &Recipe,
    takers: Takers<'_>,
    watch: &Watch,
) -> Result<Vec<Remuxed>, Error> {
    let Takers {
        segments,
        mut stills,
        progress,
        ..
    } = takers;
    let leader = leader(&recipe.outputs);
    // Sounds hear from the leader; nobody else has anything to hear.
    let (mut all_tells, followers): (Vec<_>, Vec<_>) =
        recipe.outputs.iter().map(|_| unbounded_channel()).unzip();
    let outputs = recipe
        .outputs
        .iter()
        .zip(outlets)
        .zip(segments)
        .zip(followers);
    let all = outputs
        .enumerate()
        .map(|(number, (((output, outlet), sink), ends))| {
            let stream = Stream {
                pieces: Pieces::new(outlet, watch),
                plan,
                sink,
            };
            let is_film = output.role == Role::Film;
            let stills = if is_film { stills.take() } else { None };
            let tells = if number == leader {
                std::mem::take(&mut all_tells)
            } else {
                Vec::new()
            };
            let progress = is_film.then_some(progress);
            async move {
                match output.role {
                    Role::Sound(number) => stream.sound(number, ends).await,
                    Role::Film | Role::Rung(_) => {
                        let copies = is_film && plan.video.treatment == Treatment::Copy;
                        stream.picture(copies, &tells, stills, progress).await
                    }
                }
            }
        });
    try_join_all(all).await
}

/// The picture that sounds are cut along: all rungs are cut alike, and the film as its key frames allow.
fn leader(outputs: &[Output]) -> usize {
    let rung = outputs
        .iter()
        .position(|output| output.role == Role::Rung(0));
    rung.unwrap_or_default()
}

/// One output of ffmpeg on its way.
struct Stream<'a> {
    pieces: Pieces<'a>,
    plan: &'a Plan,
    sink: Sender<Cut>,
}

impl Stream<'_> {
    async fn picture(
        mut self,
        copies: bool,
        tells: &[UnboundedSender<End>],
        mut stills: Option<Chooser>,
        progress: Option<&Progress>,
    ) -> Result<Remuxed, Error> {
        let mut cutter = Cutter::new(self.plan.segment_seconds);
        let (mut remuxed, mut seconds) = (Remuxed::default(), 0.0);
        loop {
            let (cut, is_end) = match self.pieces.next().await? {
                Some(Piece::Init(init)) => {
                    fitness::of_init(&init, copies, 0)?;
                    if let Some(stills) = &mut stills {
                        self.pieces.watch.hold(stills.init(&init)).await;
                    }
                    remuxed.closed.init(&init);
                    remuxed.init = init;
                    continue;
                }
                Some(Piece::Fragment(fragment)) => {
                    if copies {
                        let is_first = remuxed.frames == 0;
                        fitness::of_copy(self.plan, &fragment, cutter.held(), is_first)?;
                    }
                    remuxed.is_open |= fragment.is_joined();
                    if let Some(stills) = &mut stills {
                        let watch = self.pieces.watch;
                        watch.hold(stills.look(&fragment, seconds)).await;
                    }
                    remuxed.closed.fragment(&fragment.content);
                    seconds += fragment.seconds;
                    remuxed.frames += fragment.frames;
                    tell(progress, self.plan, seconds);
                    (cutter.push(fragment), false)
                }
                None => {
                    self.hold(&mut cutter)?;
                    (cutter.take(), true)
                }
            };
            if let Some(mut cut) = cut {
                remuxed.key_frames.append(&mut cut.key_frames);
                for follower in tells {
                    // A sound that has failed is reported by itself.
                    let at = cutter.cut_at();
                    let _ = follower.send(End {
                        at,
                        is_last: is_end,
                    });
                }
                remuxed.last_cut = cutter.cut_at() - cut.seconds;
                self.send(cut).await;
            }
            if is_end {
                remuxed.tally = self.pieces.splitter.tally().clone();
                return Ok(remuxed);
            }
        }
    }

    async fn sound(
        mut self,
        number: usize,
        mut ends: UnboundedReceiver<End>,
    ) -> Result<Remuxed, Error> {
        let mut follower = Follower::new(self.plan.segment_seconds);
        let (mut remuxed, mut is_over, mut is_end) = (Remuxed::default(), false, false);
        while !(is_over && is_end) {
            tokio::select! {
                end = ends.recv(), if !is_over => match end {
                    Some(end) => follower.picture_cut(end),
                    None => is_over = true,
                },
                piece = self.pieces.next(), if !is_end => match piece? {
                    Some(Piece::Init(init)) => {
                        fitness::of_init(&init, false, number)?;
                        remuxed.init = init;
                    }
                    Some(Piece::Fragment(fragment)) => {
                        remuxed.frames += fragment.frames;
                        follower.push(fragment);
                    }
                    None => is_end = true,
                },
            }
            while let Some(cut) = follower.next() {
                self.send(cut).await;
            }
        }
        if let Some(cut) = follower.take() {
            self.send(cut).await;
        }
        remuxed.tally = self.pieces.splitter.tally().clone();
        Ok(remuxed)
    }

    /// Holds the last picture for as long as its sound goes on.
    fn hold(&self, cutter: &mut Cutter) -> Result<(), Error> {
        let Some(seconds) = self.plan.stretch else {
            return Ok(());
        };
        let picture = self.pieces.splitter.timebase();
        match picture.is_some_and(|picture| cutter.hold(picture, seconds)) {
            true => Ok(()),
            false => Err(Error::Output("its last sample cannot be held".to_owned())),
        }
    }

    async fn send(&self, cut: Cut) {
        // Nobody takes it when the upload has failed already, and that is what is reported then.
        let _ = self.pieces.watch.hold(self.sink.send(cut)).await;
    }
}

fn tell(progress: Option<&Progress>, plan: &Plan, seconds: f64) {
    if let Some(progress) = progress {
        let part = plan.duration.map_or(0.0, |all| seconds / all);
        progress.remuxed(part.min(1.0));
    }
}

/// The pieces of one output, one after the other. Nothing is lost when waiting for one is given up.
struct Pieces<'a> {
    outlet: Outlet,
    splitter: Splitter,
    watch: &'a Watch,
}

impl<'a> Pieces<'a> {
    fn new(outlet: Outlet, watch: &'a Watch) -> Self {
        Self {
            outlet,
            splitter: Splitter::default(),
            watch,
        }
    }

    /// The next piece; `None` at the end.
    async fn next(&mut self) -> Result<Option<Piece>, Error> {
        loop {
            if let Some(piece) = self.splitter.next()? {
                return Ok(Some(piece));
            }
            self.splitter.input().reserve(PIPE_BYTES);
            let read = self.outlet.read_buf(self.splitter.input()).await;
            self.watch.heard();
            if read.map_err(|error| Error::Output(format!("the stream broke off: {error}")))? == 0 {
                self.splitter.finish()?;
                return Ok(None);
            }
        }
    }
}

fn start(source: &Path, recipe: &Recipe, outlets: &Outlets) -> Result<Child, Error> {
    let mut command = Command::new("ffmpeg");
    command.args(said::OPTIONS);
    command.args(ffmpeg::film(source));
    command.args(&recipe.filter);
    for (output, place) in recipe.outputs.iter().zip(outlets.places()) {
        command.args(&output.arguments).arg(place);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
        .spawn()
        .map_err(|source| Error::tool("ffmpeg", source))
}

/// The first of what a program complains of.
pub(crate) async fn tail(stderr: impl AsyncRead + Unpin) -> String {
    let mut complaints = Vec::new();
    let mut stderr = stderr.take(KEPT_COMPLAINTS);
    // What was read before an error is worth as much.
    let _ = stderr.read_to_end(&mut complaints).await;
    // ffmpeg must not wait for somebody to read the rest.
    let _ = tokio::io::copy(&mut stderr.into_inner(), &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&complaints).into_owned()
}

/// The last line of it that says anything.
pub(crate) fn last_words(complaints: &str) -> String {
    let last = complaints
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty());
    last.unwrap_or("it gives no reason").trim().to_owned()
}
