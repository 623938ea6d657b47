//! Everything the fake knows: videos, what it was asked, what it sent, and how it shall misbehave.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use reqwest::Client;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::{
    Options,
    mischief::{Call, Concerns, Mischief, Rule},
    pull::Pull,
    video::{self, State, Video},
    webhook::{Delivery, Subscription},
};

/// One request of the API as it came in, without the token.
#[derive(Clone, Debug, Serialize)]
pub struct Asked {
    /// When.
    pub at: Timestamp,
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Its query.
    pub query: String,
    /// Its body, when it is JSON.
    pub body: Option<Value>,
    /// What went wrong with the answer on purpose.
    pub mischief: Option<Mischief>,
    /// The answer's status; null when there was none.
    pub status: Option<u16>,
}

/// How many copies were made under one name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Copies {
    /// Copies that were accepted.
    pub accepted: usize,
    /// Those among them that are neither deleted nor failed.
    pub live: usize,
    /// The most that were live at the same time.
    pub most_live: usize,
}

/// State behind one lock, which is never held while something is awaited.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) videos: Vec<Video>,
    pub(crate) asked: Vec<Asked>,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) subscription: Option<Subscription>,
    pub(crate) rules: Vec<Rule>,
    most_live: HashMap<String, usize>,
}

/// A fake at work.
pub(crate) struct World {
    pub(crate) options: Options,
    /// Where it is reached, `http://127.0.0.1:PORT`.
    pub(crate) base: String,
    pub(crate) client: Client,
    /// Becomes true when the fake ends; videos on their way end with it.
    pub(crate) stop: watch::Sender<bool>,
    known: Mutex<Known>,
}

impl World {
    pub(crate) fn new(options: Options, base: String, client: Client) -> Self {
        let rules = options.mischief.iter().cloned().map(Rule::from).collect();
        let known = Known {
            rules,
            ..Known::default()
        };
        Self {
            options,
            base,
            client,
            stop: watch::Sender::new(false),
            known: Mutex::new(known),
        }
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        // Nobody panics while holding it; and if so, a fake may go on.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a video; `None` when it is gone.
    pub(crate) fn change<T>(&self, uid: &str, change: impl FnOnce(&mut Video) -> T) -> Option<T> {
        let mut known = self.known();
        let video = known.video_mut(uid)?;
        let before = video.state.clone();
        let result = change(video);
        if video.state != before {
            video.modified = Timestamp::now();
        }
        Some(result)
    }

    /// Notes how the source was fetched, also for a video that has been deleted meanwhile.
    pub(crate) fn pulled(&self, uid: &str, pull: Pull) {
        let mut known = self.known();
        if let Some(video) = known.videos.iter_mut().find(|video| video.uid == uid) {
            video.pulls.push(pull);
        }
    }
}

impl Known {
    /// A video that has not been deleted.
    pub(crate) fn video(&self, uid: &str) -> Option<&Video> {
        let mut videos = self.videos.iter();
        videos.find(|video| video.uid == uid && video.deleted.is_none())
    }

    fn video_mut(&mut self, uid: &str) -> Option<&mut Video> {
        let mut videos = self.videos.iter_mut();
        videos.find(|video| video.uid == uid && video.deleted.is_none())
    }

    /// Marks a video as deleted; false when there is none.
    pub(crate) fn delete(&mut self, uid: &str) -> bool {
        let video = self.video_mut(uid);
        video
            .map(|video| video.deleted = Some(Timestamp::now()))
            .is_some()
    }

    pub(crate) fn in_flight(&self) -> usize {
        let videos = self.videos.iter();
        videos
            .filter(|video| video.deleted.is_none() && video.state.is_in_flight())
            .count()
    }

    /// Takes in a copy.
    pub(crate) fn accept(&mut self, uid: String, source: String, meta: Map<String, Value>) {
        let now = Timestamp::now();
        let fate = self.fate(&meta);
        self.videos.push(Video {
            uid,
            meta: meta.clone(),
            source,
            created: now,
            modified: now,
            state: State::Downloading,
            pct: 0.0,
            trouble: None,
            facts: None,
            size: 0,
            sha256: None,
            fate,
            pulls: Vec::new(),
            deleted: None,
        });
        if let Some(name) = meta.get("name").and_then(Value::as_str) {
            let live = self.live(name);
            let most = self.most_live(name).max(live);
            self.most_live.insert(name.to_owned(), most);
        }
    }

    /// What is to go wrong in the life of a video with this `meta`.
    fn fate(&mut self, meta: &Map<String, Value>) -> Vec<Mischief> {
        let names = video::names(meta);
        let of_videos = self
            .rules
            .iter_mut()
            .filter(|rule| rule.mischief.concerns() == Concerns::Videos);
        let applying = of_videos.filter_map(|rule| {
            let takes = rule.takes(Call::Copy, &names);
            takes.then(|| rule.mischief.clone())
        });
        applying.collect()
    }

    /// What is to go wrong with the answer to a call about the video of these names.
    pub(crate) fn mischief(&mut self, call: Call, names: &[&str]) -> Option<Mischief> {
        let of_answers = self
            .rules
            .iter_mut()
            .filter(|rule| rule.mischief.concerns() != Concerns::Videos);
        let mut applying = of_answers.filter_map(|rule| {
            let takes = rule.takes(call, names);
            takes.then(|| rule.mischief.clone())
        });
        applying.next()
    }

    /// The copies of this `meta.name`.
    pub(crate) fn copies(&self, name: &str) -> Copies {
        let of_name = self
            .videos
            .iter()
            .filter(|video| video.name() == Some(name));
        Copies {
            accepted: of_name.count(),
            live: self.live(name),
            most_live: self.most_live(name),
        }
    }

    fn live(&self, name: &str) -> usize {
        let of_name = self
            .videos
            .iter()
            .filter(|video| video.name() == Some(name));
        of_name
            .filter(|video| video.deleted.is_none() && video.state != State::Error)
            .count()
    }

    fn most_live(&self, name: &str) -> usize {
        self.most_live.get(name).copied().unwrap_or(0)
    }
}
