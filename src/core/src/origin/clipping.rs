//! A clip: the game's stored playlists are read, and cut.

use alloc::{
    borrow::Cow,
    boxed::Box,
    format,
    string::{String, ToString},
};
use core::mem;

use sha2::{Digest as _, Sha256};

use super::{
    conditions::{Conditions, Unmet},
    config::Config,
    exchange::{Event, Exchange, Failure, Step, plain},
    trouble::{Note, Trouble},
    validators::{EntityTag, Validators},
};
use crate::{
    clip::{self, Clip, Master, Uncut, cut, playlist},
    hex,
    http::{Answer, Head, HeaderSource, Headers, Method, Request},
    key::{ObjectKey, Serves, StoredKey},
    time::UnixTime,
};

/// The longest playlist in bytes that is read: more than a day of film in segments of two seconds.
const MAX_PLAYLIST_BYTES: usize = 2 * 1024 * 1024;

/// How a playlist is announced (RFC 8216 §10).
const CONTENT_TYPE: &str = "application/vnd.apple.mpegurl";

/// One clip for one request of a viewer. The multivariant playlist is read, then one of those that it
/// names: a variant, to find the clip's place, or the rendition that is asked for.
#[derive(Debug)]
pub(super) struct Clipping<'c> {
    config: &'c Config,
    method: Method,
    conditions: Conditions,
    clip: Clip,
    /// What is being read.
    key: ObjectKey,
    exchange: Exchange<'c>,
    /// Whether its body is being read.
    reads: bool,
    stage: Stage,
    note: Option<Note>,
}

#[derive(Debug)]
enum Stage {
    /// The multivariant playlist.
    Manifest,
    /// A variant's; this is the multivariant playlist.
    Measuring(String),
    /// The rendition that is to be cut.
    Rendition,
    /// The answer is made.
    Done,
}

/// What a request is for.
#[derive(Debug)]
pub(super) enum Begun<'c> {
    /// No clip.
    Elsewhere,
    /// A clip that no playlist need be read for.
    Answered(Answer),
    /// A clip.
    Asking(Box<Clipping<'c>>, Step<'c>),
}

impl<'c> Clipping<'c> {
    pub(super) fn start<H: HeaderSource + ?Sized>(
        request: &Request<'_, H>,
        config: &'c Config,
        now: UnixTime,
    ) -> Begun<'c> {
        let (path, query) = request
            .target
            .split_once('?')
            .unwrap_or((request.target, ""));
        let asked = match ObjectKey::from_path(path) {
            Ok(key) if key.file() == clip::FILE && config.serves() == Serves::Games => key,
            _ => return Begun::Elsewhere,
        };
        if !matches!(request.method, Method::Get | Method::Head) {
            return Begun::Elsewhere;
        }
        let refused = |status| Begun::Answered(plain(status).for_method(request.method));
        let Ok(clip) = Clip::from_query(query) else {
            return refused(400);
        };
        let manifest = playlist(asked.game(), clip::MANIFEST);
        let Some(key) = manifest.filter(|_| clip.stored(asked.game()).is_some()) else {
            return refused(404);
        };
        let (exchange, step) = ask(&key, config, now);
        let clipping = Self {
            config,
            method: request.method,
            conditions: Conditions::read(request.headers),
            clip,
            key,
            exchange,
            reads: false,
            stage: Stage::Manifest,
            note: None,
        };
        Begun::Asking(Box::new(clipping), step)
    }

    pub(super) fn next<H: HeaderSource + ?Sized>(
        &mut self,
        event: Event<'_, H>,
        now: UnixTime,
        jitter: u16,
    ) -> Step<'c> {
        if mem::take(&mut self.reads) {
            return match event {
                Event::Body(document) => self.received(document, now),
                Event::Failed(Failure::TimedOut) => self.trouble(Trouble::TimedOut),
                _ => self.trouble(Trouble::Broken),
            };
        }
        let step = self.exchange.next(event, now, jitter);
        self.note = self.exchange.take_note();
        match step {
            Step::Forward(head) => self.read(&head),
            Step::Answer(answer) => self.answer(answer),
            step => step,
        }
    }

    /// What the operator is to be told, once.
    pub(super) fn take_note(&mut self) -> Option<Note> {
        self.note.take()
    }

    fn read(&mut self, head: &Head) -> Step<'c> {
        let coding = head.headers.single("content-encoding");
        if coding.is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
            return self.bad_playlist("is stored encoded");
        }
        self.reads = true;
        Step::Read {
            limit: MAX_PLAYLIST_BYTES + 1,
        }
    }

    fn received(&mut self, document: &[u8], now: UnixTime) -> Step<'c> {
        if document.len() > MAX_PLAYLIST_BYTES {
            return self.bad_playlist("is longer than 2 MiB");
        }
        let Ok(text) = core::str::from_utf8(document) else {
            return self.bad_playlist("is not UTF-8");
        };
        match mem::replace(&mut self.stage, Stage::Done) {
            Stage::Manifest => self.manifest(text, now),
            Stage::Measuring(manifest) => self.measured(&manifest, text),
            Stage::Rendition => self.cut(text),
            Stage::Done => self.answer(plain(502)),
        }
    }

    fn manifest(&mut self, text: &str, now: UnixTime) -> Step<'c> {
        let Some(master) = Master::parse(text) else {
            // A game of one rendition may have no multivariant playlist; then that one is cut.
            return match self.clip.rendition {
                None => self.cut(text),
                Some(_) => self.answer(plain(404)),
            };
        };
        let Some(rendition) = self.clip.rendition.clone() else {
            return match master.first(self.key.game()) {
                Some(variant) => self.ask(variant, Stage::Measuring(text.to_string()), now),
                None => self.bad_playlist("names no variant of this game"),
            };
        };
        match self.clip.stored(self.key.game()) {
            Some(key) if master.names(&rendition) => self.ask(key, Stage::Rendition, now),
            _ => self.answer(plain(404)),
        }
    }

    fn measured(&mut self, manifest: &str, variant: &str) -> Step<'c> {
        let offset = match cut(variant, &self.clip, "") {
            Ok(cut) => cut.offset,
            Err(uncut) => return self.uncut(uncut),
        };
        match Master::parse(manifest) {
            Some(master) => {
                let text = master.of_clip(&self.clip, self.key.game(), offset);
                self.deliver(text)
            }
            None => self.answer(plain(502)),
        }
    }

    fn cut(&mut self, text: &str) -> Step<'c> {
        let address = self.clip.rendition.as_deref().unwrap_or_default();
        let folder = address.rfind('/').map_or("", |end| &address[..=end]);
        match cut(text, &self.clip, folder) {
            Ok(cut) => self.deliver(cut.text),
            Err(uncut) => self.uncut(uncut),
        }
    }

    fn uncut(&mut self, uncut: Uncut) -> Step<'c> {
        match uncut {
            Uncut::Beyond => self.answer(plain(416)),
            Uncut::NotMedia => self.bad_playlist("is no playlist of segments"),
        }
    }

    /// Answers with a playlist, as its conditions want it. A part of it is never sent: all of it is an answer
    /// to every `Range` (RFC 9110 §14.2).
    fn deliver(&mut self, text: String) -> Step<'c> {
        let hash = hex::lower(&Sha256::digest(&text)[..16]);
        let tag = format!("\"{hash}\"").into_bytes();
        let current = Validators {
            tag: EntityTag::parse(&tag),
            modified: None,
        };
        let mut answer = match self.conditions.check(&current) {
            Ok(()) => Answer::with_body(200, CONTENT_TYPE, text.into_bytes()),
            Err(Unmet::NotModified) => Answer::empty(304),
            Err(Unmet::PreconditionFailed) => return self.answer(plain(412)),
        };
        answer.head.headers.push(("etag", Cow::Owned(tag)));
        self.answer(answer)
    }

    fn ask(&mut self, key: ObjectKey, stage: Stage, now: UnixTime) -> Step<'c> {
        let (exchange, step) = ask(&key, self.config, now);
        self.exchange = exchange;
        self.key = key;
        self.stage = stage;
        step
    }

    fn bad_playlist(&mut self, how: &'static str) -> Step<'c> {
        self.trouble(Trouble::Playlist { how })
    }

    fn trouble(&mut self, trouble: Trouble) -> Step<'c> {
        let answer = plain(trouble.status());
        self.note = Some(trouble.note(&StoredKey::Object(self.key.clone())));
        self.answer(answer)
    }

    fn answer(&mut self, answer: Answer) -> Step<'c> {
        self.stage = Stage::Done;
        Step::Answer(answer.for_method(self.method))
    }
}

/// Asks for all of an object, whatever the viewer's own conditions are: those are about the clip.
fn ask<'c>(key: &ObjectKey, config: &'c Config, now: UnixTime) -> (Exchange<'c>, Step<'c>) {
    let target = key.to_path();
    let request = Request {
        method: Method::Get,
        target: &target,
        headers: &Headers::new(),
    };
    Exchange::start(&request, config, now)
}
