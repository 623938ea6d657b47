//! One answer to a viewer: of an object, or of a clip.

use alloc::boxed::Box;

use super::{
    clipping::{Begun, Clipping},
    config::Config,
    exchange::{Event, Exchange, Step, plain},
    trouble::Note,
};
use crate::{
    http::{HeaderSource, Request},
    time::UnixTime,
};

/// What a driver goes through for one request, see [`Step`] and [`Event`].
#[derive(Debug)]
pub struct Dialogue<'c>(Kind<'c>);

#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly every dialogue is about an object, and is to cost no allocation; where pointers are short the lint is silent"
)]
enum Kind<'c> {
    Object(Exchange<'c>),
    Clip(Box<Clipping<'c>>),
    /// The answer is made.
    Over,
}

impl<'c> Dialogue<'c> {
    /// Begins. `/games/{id}/clip.m3u8` is a clip, whose query counts; of every other target the path alone
    /// does.
    pub fn start<H: HeaderSource + ?Sized>(
        request: &Request<'_, H>,
        config: &'c Config,
        now: UnixTime,
    ) -> (Self, Step<'c>) {
        match Clipping::start(request, config, now) {
            Begun::Asking(clipping, step) => (Self(Kind::Clip(clipping)), step),
            Begun::Answered(answer) => (Self(Kind::Over), Step::Answer(answer)),
            Begun::Elsewhere => {
                let (exchange, step) = Exchange::start(request, config, now);
                (Self(Kind::Object(exchange)), step)
            }
        }
    }

    /// Takes what the driver reports, and says what to do next. `jitter` is random, over all of its range.
    pub fn next<H: HeaderSource + ?Sized>(
        &mut self,
        event: Event<'_, H>,
        now: UnixTime,
        jitter: u16,
    ) -> Step<'c> {
        match &mut self.0 {
            Kind::Object(exchange) => exchange.next(event, now, jitter),
            Kind::Clip(clipping) => clipping.next(event, now, jitter),
            Kind::Over => Step::Answer(plain(502)),
        }
    }

    /// What the operator is to be told, once. To be asked for after each step.
    pub fn take_note(&mut self) -> Option<Note> {
        match &mut self.0 {
            Kind::Object(exchange) => exchange.take_note(),
            Kind::Clip(clipping) => clipping.take_note(),
            Kind::Over => None,
        }
    }
}
