//! Conditional requests (RFC 9110 §13): what the viewer asks, what the bucket is asked, and whether
//! the version that came back meets it.
//!
//! The bucket is asked too, for it spares a transfer; but stores exist that do not listen, so an
//! answer that carries an object is always compared here as well.

use alloc::{borrow::Cow, string::ToString, vec::Vec};

use httpdate::HttpDate;

use super::{
    received::Received,
    validators::{EntityTag, Tags, Validators},
};
use crate::http::{HeaderSource, Headers};

/// The conditions of one request, those left out that RFC 9110 says to ignore: a date beside tags
/// (§13.1.3, §13.1.4) and what is malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conditions {
    guard: Option<Guard>,
    freshness: Option<Freshness>,
}

/// Fails with 412.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Guard {
    Match(Tags),
    UnmodifiedSince(HttpDate),
}

/// Fails with 304.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Freshness {
    NoneMatch(Tags),
    ModifiedSince(HttpDate),
}

/// Why the viewer does not get the version there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unmet {
    /// 304
    NotModified,
    /// 412
    PreconditionFailed,
}

impl Conditions {
    pub(super) fn read<H: HeaderSource + ?Sized>(headers: &H) -> Self {
        let received = Received(headers);
        Self {
            guard: if received.has("if-match") {
                Tags::parse(headers.values("if-match")).map(Guard::Match)
            } else {
                received
                    .date("if-unmodified-since")
                    .map(Guard::UnmodifiedSince)
            },
            freshness: if received.has("if-none-match") {
                Tags::parse(headers.values("if-none-match")).map(Freshness::NoneMatch)
            } else {
                received
                    .date("if-modified-since")
                    .map(Freshness::ModifiedSince)
            },
        }
    }

    /// Whether the viewer set none.
    pub(super) fn are_none(&self) -> bool {
        self.guard.is_none() && self.freshness.is_none()
    }

    /// Whether 412 is an answer to them.
    pub(super) fn have_guard(&self) -> bool {
        self.guard.is_some()
    }

    /// Whether 304 is an answer to them.
    pub(super) fn have_freshness(&self) -> bool {
        self.freshness.is_some()
    }

    /// What a 304 about this version comes to; `None` where it is no answer, for the viewer has another version, or
    /// an older one. What the bucket does not say of the version is believed.
    pub(super) fn check_no_change(&self, current: &Validators) -> Option<Unmet> {
        let tag = current.tag.as_ref();
        let guarded = match &self.guard {
            Some(Guard::Match(tags)) => tag.is_none() || tags.include_strongly(tag),
            Some(Guard::UnmodifiedSince(date)) => current.modified.is_none_or(|at| at <= *date),
            None => true,
        };
        if !guarded {
            return Some(Unmet::PreconditionFailed);
        }
        let unchanged = match &self.freshness {
            Some(Freshness::NoneMatch(tags)) => tag.is_none() || tags.include_weakly(tag),
            Some(Freshness::ModifiedSince(date)) => current.modified.is_none_or(|at| at <= *date),
            None => false,
        };
        unchanged.then_some(Unmet::NotModified)
    }

    /// Compares them with the version the bucket has, in the order of RFC 9110 §13.2.2.
    pub(super) fn check(&self, current: &Validators) -> Result<(), Unmet> {
        let tag = current.tag.as_ref();
        let guarded = match &self.guard {
            None => true,
            Some(Guard::Match(tags)) => tags.include_strongly(tag),
            // Without a modification date it is ignored (§13.1.4).
            Some(Guard::UnmodifiedSince(date)) => current.modified.is_none_or(|at| at <= *date),
        };
        if !guarded {
            return Err(Unmet::PreconditionFailed);
        }
        let fresh = match &self.freshness {
            None => true,
            Some(Freshness::NoneMatch(tags)) => !tags.include_weakly(tag),
            Some(Freshness::ModifiedSince(date)) => current.modified.is_none_or(|at| at > *date),
        };
        if fresh {
            Ok(())
        } else {
            Err(Unmet::NotModified)
        }
    }

    /// Adds what the bucket is to check.
    pub(super) fn write(&self, headers: &mut Headers) {
        let guard = match &self.guard {
            None => None,
            Some(Guard::UnmodifiedSince(date)) => Some(("if-unmodified-since", to_value(*date))),
            Some(Guard::Match(tags)) => match tags.to_value() {
                Some(value) => Some(("if-match", value)),
                // What cannot be asked comes first in §13.2.2, so nothing after it is asked either.
                None => return,
            },
        };
        let freshness = match &self.freshness {
            None => None,
            Some(Freshness::ModifiedSince(date)) => Some(("if-modified-since", to_value(*date))),
            Some(Freshness::NoneMatch(tags)) => {
                tags.to_value().map(|value| ("if-none-match", value))
            }
        };
        let written = [guard, freshness].into_iter().flatten();
        headers.extend(written.map(|(name, value)| (name, Cow::Owned(value))));
    }
}

/// Which version a range is wanted of (RFC 9110 §13.1.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OnlyOf {
    /// The one with this tag, which is strong.
    Tag(EntityTag),
    /// The one with exactly this modification date. The RFC wants a date that names one version;
    /// R2 takes one write a second per key, so there it does.
    Date(HttpDate),
}

/// An `If-Range` that no version can meet: weak, malformed or repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MetByNone;

impl OnlyOf {
    /// Reads `If-Range`; `None` when there is none.
    pub(super) fn read<H: HeaderSource + ?Sized>(headers: &H) -> Result<Option<Self>, MetByNone> {
        let received = Received(headers);
        if !received.has("if-range") {
            return Ok(None);
        }
        let tag = received.only("if-range").and_then(EntityTag::parse);
        match (tag, received.date("if-range")) {
            (Some(tag), _) if !tag.is_weak() => Ok(Some(Self::Tag(tag))),
            (None, Some(date)) => Ok(Some(Self::Date(date))),
            _ => Err(MetByNone),
        }
    }

    /// Whether the bucket has that version. What it does not say it does not have.
    pub(super) fn is_met(&self, current: &Validators) -> bool {
        match self {
            Self::Tag(tag) => current.tag.as_ref().is_some_and(|now| tag.is_strongly(now)),
            Self::Date(date) => current.modified == Some(*date),
        }
    }

    /// The condition that comes nearest to it; a bucket that checks it sends no bytes in vain.
    pub(super) fn to_header(&self) -> (&'static str, Cow<'static, [u8]>) {
        match self {
            Self::Tag(tag) => ("if-match", Cow::Owned(tag.to_value())),
            Self::Date(date) => ("if-unmodified-since", Cow::Owned(to_value(*date))),
        }
    }
}

fn to_value(date: HttpDate) -> Vec<u8> {
    date.to_string().into_bytes()
}
