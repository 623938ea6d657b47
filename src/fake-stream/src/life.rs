//! A video's way from a copy to ready, and the webhook at its end.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    Encoder,
    encode::encode,
    mischief::Mischief,
    pull::pull,
    video::{Facts, State, Trouble},
    webhook::{self, Delivery, Subscription},
    world::World,
};

/// `pctComplete` on the way.
const PROGRESS: [f64; 3] = [13.0, 52.0, 87.0];

/// Where a video that never finishes stays, and one that is ready early stands.
const UNFINISHED: f64 = 39.0;

/// Steps between an early ready and the last quality.
const LAST_QUALITIES: u32 = 3;

/// What one is told without an encoder.
const MADE_UP: Facts = Facts {
    duration: 60.0,
    width: 1280,
    height: 720,
};

/// The life of one video. It ends early when the video is deleted.
pub(crate) struct Life {
    world: Arc<World>,
    uid: String,
}

/// The video is gone, or never ends: there is nothing more to do.
struct Over;

impl Life {
    pub(crate) fn new(world: Arc<World>, uid: String) -> Self {
        Self { world, uid }
    }

    /// Lives until the end and what belongs to it, webhook included.
    pub(crate) async fn live(self) {
        let _: Result<(), Over> = self.all().await;
        // A source is not needed again; that it cannot be removed harms nobody.
        let _ = tokio::fs::remove_file(self.source()).await;
    }

    async fn all(&self) -> Result<(), Over> {
        let ended = match self.walk().await? {
            Ok(facts) => self.become_ready(facts),
            Err(trouble) => self.set(State::Error, |video| video.trouble = Some(trouble)),
        };
        ended?;
        self.tell_the_end().await?;
        if self.is_fated(&Mischief::ReadyAt39)? {
            self.steps(LAST_QUALITIES).await;
            self.set_pct(100.0)?;
        }
        Ok(())
    }

    async fn walk(&self) -> Result<Result<Facts, Trouble>, Over> {
        let film = self.source();
        if let Err(trouble) = self.fetch(&film).await? {
            return Ok(Err(trouble));
        }
        self.step().await?;
        self.set(State::Queued, |_| {})?;
        self.step().await?;
        self.set(State::InProgress, |_| {})?;
        self.pass_through_the_unknown().await?;
        if self.is_fated(&Mischief::NeverFinishes)? {
            self.set_pct(UNFINISHED)?;
            return Err(Over);
        }
        for pct in PROGRESS {
            self.step().await?;
            self.set_pct(pct)?;
        }
        if let Some(code) = self.failure()? {
            return Ok(Err(Trouble::new(&code, "Told to fail.")));
        }
        let encoded = match self.world.options.encoder {
            Encoder::Ffmpeg => encode(&film, &self.folder()).await,
            Encoder::None => Ok(MADE_UP),
        };
        Ok(encoded)
    }

    async fn fetch(&self, film: &Path) -> Result<Result<(), Trouble>, Over> {
        let failed = |reason: String| {
            let text = format!("The video failed to download from the URL: {reason}.");
            Err(Trouble::new("ERR_FETCH_ORIGIN_ERROR", text))
        };
        if let Err(error) = tokio::fs::create_dir_all(self.folder()).await {
            return Ok(failed(format!("the disk: {error}")));
        }
        let source = self.read(|video| video.source.clone())?;
        let tell = |request| self.world.pulled(&self.uid, request);
        match pull(&self.world.client, &source, film, tell).await {
            Ok(fetched) => {
                self.change(|video| {
                    video.size = fetched.size;
                    video.sha256 = Some(fetched.sha256);
                })?;
                Ok(Ok(()))
            }
            Err(reason) => Ok(failed(reason)),
        }
    }

    async fn pass_through_the_unknown(&self) -> Result<(), Over> {
        let unknown = self.read(|video| {
            video.fate.iter().find_map(|mischief| match mischief {
                Mischief::UnknownState(state) => Some(state.clone()),
                _ => None,
            })
        })?;
        let Some(state) = unknown else { return Ok(()) };
        self.set(State::Unknown(state), |_| {})?;
        self.tell().await?;
        self.steps(2).await;
        self.set(State::InProgress, |_| {})
    }

    fn failure(&self) -> Result<Option<String>, Over> {
        self.read(|video| {
            video.fate.iter().find_map(|mischief| match mischief {
                Mischief::Fails(code) => Some(code.clone()),
                _ => None,
            })
        })
    }

    fn become_ready(&self, facts: Facts) -> Result<(), Over> {
        let pct = if self.is_fated(&Mischief::ReadyAt39)? {
            UNFINISHED
        } else {
            100.0
        };
        self.set(State::Ready, |video| {
            video.facts = Some(facts);
            video.pct = pct;
        })
    }

    async fn tell_the_end(&self) -> Result<(), Over> {
        let fate = self.read(|video| video.fate.clone())?;
        let late = fate.iter().find_map(|mischief| match mischief {
            Mischief::WebhookLate(after) => Some(*after),
            _ => None,
        });
        if let Some(after) = late {
            tokio::time::sleep(after).await;
        }
        let doubled = fate.contains(&Mischief::WebhookDoubled);
        if doubled {
            let (one, other) = tokio::join!(self.tell(), self.tell());
            one.and(other)?;
        } else {
            self.tell().await?;
        }
        if fate.contains(&Mischief::WebhookOutOfOrder) {
            self.tell_as(State::InProgress, PROGRESS[0]).await?;
        }
        Ok(())
    }

    /// A webhook of the present state.
    async fn tell(&self) -> Result<(), Over> {
        let (state, pct) = self.read(|video| (video.state.clone(), video.pct))?;
        self.tell_as(state, pct).await
    }

    async fn tell_as(&self, state: State, pct: f64) -> Result<(), Over> {
        let told = self.read(|video| {
            let mut told = video.clone();
            (told.state, told.pct) = (state.clone(), pct);
            told
        })?;
        let to = self.world.known().subscription.clone();
        let off = told.is_fated(&Mischief::WebhookOff);
        let Some(mut to) = to.filter(|_| !off) else {
            return Ok(());
        };
        if told.is_fated(&Mischief::WebhookWrongSignature) {
            to.secret = "another secret".to_owned();
        }
        self.deliver(&to, told.to_json(&self.world.base).to_string(), state)
            .await;
        Ok(())
    }

    async fn deliver(&self, to: &Subscription, body: String, state: State) {
        let at = Timestamp::now();
        let delivered = webhook::deliver(&self.world.client, to, body).await;
        let delivery = Delivery {
            uid: self.uid.clone(),
            state,
            at,
            status: delivered.as_ref().ok().copied(),
            problem: delivered.err(),
        };
        self.world.known().deliveries.push(delivery);
    }

    /// Time passes; one who is in a hurry lets none pass.
    async fn step(&self) -> Result<(), Over> {
        if !self.is_fated(&Mischief::WebhookEarly)? {
            tokio::time::sleep(self.world.options.step).await;
        }
        Ok(())
    }

    async fn steps(&self, steps: u32) {
        tokio::time::sleep(self.world.options.step.saturating_mul(steps)).await;
    }

    fn source(&self) -> PathBuf {
        self.folder().join("source")
    }

    fn folder(&self) -> PathBuf {
        self.world.options.data.join(&self.uid)
    }

    fn is_fated(&self, mischief: &Mischief) -> Result<bool, Over> {
        self.read(|video| video.is_fated(mischief))
    }

    fn set(&self, state: State, more: impl FnOnce(&mut crate::Video)) -> Result<(), Over> {
        self.change(|video| {
            video.state = state;
            more(video);
        })
    }

    fn set_pct(&self, pct: f64) -> Result<(), Over> {
        self.change(|video| video.pct = pct)
    }

    fn read<T>(&self, read: impl FnOnce(&crate::Video) -> T) -> Result<T, Over> {
        self.world.known().video(&self.uid).map(read).ok_or(Over)
    }

    fn change<T>(&self, change: impl FnOnce(&mut crate::Video) -> T) -> Result<T, Over> {
        self.world.change(&self.uid, change).ok_or(Over)
    }
}
