//! What the viewer wants, and what an answer of the bucket means to it.

use alloc::{borrow::Cow, string::ToString};
use core::ops::Range;

use super::{
    conditions::{Conditions, OnlyOf, Unmet},
    error_document,
    range::{self, ByteRange, Sent},
    received::{BadLength, Received},
    trouble::Trouble,
    validators::Validators,
};
use crate::http::{Head, HeaderSource, Headers, Method, Request};

/// What of an object may be shown; all else that a bucket says is its own business.
const OF_AN_OBJECT: [&str; 6] = [
    "content-type",
    "content-length",
    "content-encoding",
    "accept-ranges",
    "etag",
    "last-modified",
];

/// What a 304 repeats (RFC 9110 §15.4.5); `Cache-Control` is not the bucket's to say.
const OF_NO_CHANGE: [&str; 2] = ["etag", "last-modified"];

/// `bytes=-0`: valid, and outside of every object (RFC 9110 §14.1.2).
const NO_BYTES: ByteRange = ByteRange::Last { length: 0 };

/// GET or HEAD of one object, with what RFC 9110 lets a viewer add.
#[derive(Debug)]
pub(super) struct Question {
    part: Option<Part>,
    conditions: Conditions,
}

/// The range that is wanted.
#[derive(Debug)]
struct Part {
    range: ByteRange,
    only_of: Option<OnlyOf>,
}

/// One way of asking the bucket. Each answer to the viewer is made of one of these alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// For the range.
    Part,
    /// For all of the object.
    Whole,
    /// For its size, with HEAD: the range seems to lie outside.
    Size,
}

impl Ask {
    /// The method to ask with, for a viewer who used `method`.
    pub(super) fn method(self, method: Method) -> Method {
        match self {
            Self::Part | Self::Whole => method,
            Self::Size => Method::Head,
        }
    }
}

/// How much of an object an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// All of it.
    Whole,
    /// What was asked for.
    Part,
}

/// Why an object that is at hand is not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsatisfied {
    /// 304 or 412
    Condition(Unmet),
    /// 416
    Range,
}

/// What follows from an answer of the bucket.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// 200 or 206: pass it on.
    Deliver(Head),
    /// 304.
    NotModified(Head),
    /// 412.
    PreconditionFailed,
    /// 416 for an object of this many bytes.
    OutOfRange { size: u64 },
    /// 404.
    NotFound,
    /// Another request will tell.
    Instead(Ask),
    /// The body of this answer, with this status, will tell.
    Explain(u16),
    /// The same later; if it then still is refused with this status, its body tells why.
    Later(u16),
    /// May be over in a moment.
    Passing(Trouble),
    /// There is no answer.
    Hopeless(Trouble),
}

impl Question {
    pub(super) fn read<H: HeaderSource + ?Sized>(request: &Request<'_, H>) -> Self {
        // Range means something to GET alone (RFC 9110 §14.2).
        let ranged = request.method == Method::Get;
        Self {
            part: ranged.then(|| Part::read(request.headers)).flatten(),
            conditions: Conditions::read(request.headers),
        }
    }

    pub(super) fn first_ask(&self) -> Ask {
        match &self.part {
            None => Ask::Whole,
            // Buckets differ on it, and none can satisfy it.
            Some(part) if part.range == NO_BYTES => Ask::Size,
            Some(_) => Ask::Part,
        }
    }

    /// The bytes that are wanted of an object that is at hand; `None` for all of them.
    pub(super) fn of_stored(
        &self,
        current: &Validators,
        size: u64,
    ) -> Result<Option<Range<u64>>, Unsatisfied> {
        self.conditions
            .check(current)
            .map_err(Unsatisfied::Condition)?;
        match self.part.as_ref().filter(|part| part.is_of(current)) {
            None => Ok(None),
            Some(part) if !part.range.is_satisfiable(size) => Err(Unsatisfied::Range),
            // The end of an empty object is all of it.
            Some(part) => Ok(Some(part.range.within(size)).filter(|bytes| !bytes.is_empty())),
        }
    }

    /// The headers to ask the bucket with. None of the viewer's passes but what was read here.
    pub(super) fn headers(&self, ask: Ask) -> Headers {
        let mut headers = Headers::new();
        // The bytes are counted in ranges: nobody may encode them on the way (RFC 9110 §14.1.2).
        headers.push(("accept-encoding", Cow::Borrowed(b"identity")));
        self.conditions.write(&mut headers);
        let Some(part) = self.part.as_ref().filter(|_| ask == Ask::Part) else {
            return headers;
        };
        headers.push(("range", Cow::Owned(part.range.to_string().into_bytes())));
        // Beside a condition of the viewer's own it would change that one's meaning. Then the
        // version that comes back decides alone.
        if let Some(only_of) = &part.only_of
            && !self.conditions.have_guard()
        {
            headers.push(only_of.to_header());
        }
        headers
    }

    /// What the head of the bucket's answer means.
    pub(super) fn judge<H: HeaderSource + ?Sized>(
        &self,
        ask: Ask,
        status: u16,
        headers: &H,
    ) -> Verdict {
        let received = Received(headers);
        match (status, ask, &self.part) {
            (206, Ask::Part, Some(part)) => self.of_part(206, part, &received),
            (200, ..) => self.of_success(ask, &received),
            (304, ..) if self.conditions.have_freshness() => self.of_no_change(&received),
            (412, ..) if self.conditions.have_guard() => Verdict::PreconditionFailed,
            // The condition was ours, for `If-Range`: another version, so all of it (§13.1.5).
            (412, Ask::Part, Some(part)) if part.only_of.is_some() => Verdict::Instead(Ask::Whole),
            (416, Ask::Part, Some(part)) => self.of_outside(part, &received),
            // Busy; or one of the machines behind it failed, and another may not. Backblaze asks for a retry of each.
            (429 | 500 | 502 | 503, ..) => Verdict::Later(status),
            (300.., ..) => Verdict::Explain(status),
            _ => garbled(status, "sent a success that was not asked for"),
        }
    }

    /// What an answer of [`Verdict::Explain`] means, now that its body is known; empty after HEAD.
    pub(super) fn explained(&self, ask: Ask, status: u16, document: &[u8]) -> Verdict {
        let code = error_document::code(document);
        match (status, code.as_deref(), &self.part) {
            (416, _, Some(part)) if ask == Ask::Part => match error_document::actual_size(document)
            {
                Some(size) => part.outside(size),
                None => Verdict::Instead(Ask::Size),
            },
            (429 | 503, ..) => Verdict::Hopeless(Trouble::Busy { status, code }),
            (404, Some("NoSuchKey"), _) => Verdict::NotFound,
            // Nothing is said against the bucket, and a HEAD of the same object gets 404 too.
            (404, None, _) if document.is_empty() => Verdict::NotFound,
            _ => Verdict::Hopeless(Trouble::Refused { status, code }),
        }
    }

    /// A 200 is for all of the object, and `Content-Range` says nothing in it (RFC 9110 §14.4). Yet there are
    /// servers that send a part under it, rclone among them; passed on as it stands, a part would be kept as the
    /// whole. So it is read as what it can be shown to be.
    fn of_success<H: HeaderSource + ?Sized>(
        &self,
        ask: Ask,
        received: &Received<'_, H>,
    ) -> Verdict {
        let part = self.part.as_ref();
        match (self.extent(ask, received), ask, part) {
            (Some(Extent::Part), _, Some(part)) => self.of_part(200, part, received),
            (Some(Extent::Whole), Ask::Size, Some(part)) => self.of_size(part, received),
            (Some(Extent::Whole), ..) => self.of_whole(received),
            _ => garbled(200, "sent a part under the status of the whole"),
        }
    }

    /// How much of the object a 200 holds; `None` where it contradicts itself. That it is a part takes a length
    /// beside the range, for without one nobody knows which of status and range is wrong.
    fn extent<H: HeaderSource + ?Sized>(
        &self,
        ask: Ask,
        received: &Received<'_, H>,
    ) -> Option<Extent> {
        if ask == Ask::Part && received.is_multipart() {
            return None;
        }
        if !received.has("content-range") {
            return Some(Extent::Whole);
        }
        let sent = received.0.single("content-range").and_then(Sent::parse)?;
        let length = received.length().ok()?;
        if length.is_some_and(|length| length != sent.length()) {
            return None;
        }
        let asked_for = |part: &Part| ask == Ask::Part && part.range.is_answered_by(sent);
        if length.is_some() && self.part.as_ref().is_some_and(asked_for) {
            return Some(Extent::Part);
        }
        sent.is_whole().then_some(Extent::Whole)
    }

    /// A 304 that names another version than the viewer has would leave them with one that is not there any more.
    fn of_no_change<H: HeaderSource + ?Sized>(&self, received: &Received<'_, H>) -> Verdict {
        match self.conditions.check_no_change(&received.validators()) {
            Some(unmet) => refused(unmet, received),
            None => garbled(304, "said of another version that nothing has changed"),
        }
    }

    /// `status` is the one under which it came.
    fn of_part<H: HeaderSource + ?Sized>(
        &self,
        status: u16,
        part: &Part,
        received: &Received<'_, H>,
    ) -> Verdict {
        let current = received.validators();
        if let Err(unmet) = self.conditions.check(&current) {
            return refused(unmet, received);
        }
        if !part.is_of(&current) {
            return Verdict::Instead(Ask::Whole);
        }
        let Some(sent) = received.0.single("content-range").and_then(Sent::parse) else {
            return garbled(status, "sent a part without saying which");
        };
        // Several parts in one body have their ranges in it, and none in the head (RFC 9110 §15.3.7.2).
        if received.is_multipart() {
            return garbled(status, "sent several parts for one");
        }
        if !part.range.is_answered_by(sent) {
            return garbled(status, "sent another part than was asked for");
        }
        match received.length() {
            Ok(length) if length.is_none_or(|length| length == sent.length()) => {}
            _ => return garbled(status, "sent a length that is not the part's"),
        }
        let mut head = object_head(206, received);
        head.headers.extend(received.copy(&["content-range"]));
        Verdict::Deliver(head)
    }

    fn of_whole<H: HeaderSource + ?Sized>(&self, received: &Received<'_, H>) -> Verdict {
        if let Err(unmet) = self.conditions.check(&received.validators()) {
            return refused(unmet, received);
        }
        match received.length() {
            Ok(_) => Verdict::Deliver(object_head(200, received)),
            Err(BadLength) => garbled(200, "sent no usable content-length"),
        }
    }

    fn of_size<H: HeaderSource + ?Sized>(
        &self,
        part: &Part,
        received: &Received<'_, H>,
    ) -> Verdict {
        let current = received.validators();
        if let Err(unmet) = self.conditions.check(&current) {
            return refused(unmet, received);
        }
        if !part.is_of(&current) {
            return Verdict::Instead(Ask::Whole);
        }
        match received.length() {
            Ok(Some(size)) => part.outside(size),
            // Without a size there is no 416; all of the object is always an answer (§14.2).
            Ok(None) => Verdict::Instead(Ask::Whole),
            Err(BadLength) => garbled(200, "sent no usable content-length"),
        }
    }

    fn of_outside<H: HeaderSource + ?Sized>(
        &self,
        part: &Part,
        received: &Received<'_, H>,
    ) -> Verdict {
        // A 416 does not say of which version, so what comes before the range cannot be checked.
        if part.only_of.is_some() || !self.conditions.are_none() {
            return Verdict::Instead(Ask::Size);
        }
        match received
            .0
            .single("content-range")
            .and_then(range::unsatisfied_size)
        {
            Some(size) => part.outside(size),
            None => Verdict::Explain(416),
        }
    }
}

impl Part {
    /// `None` where all of the object is wanted.
    fn read<H: HeaderSource + ?Sized>(headers: &H) -> Option<Self> {
        let range = range::parse(headers.single("range")?)?;
        let only_of = OnlyOf::read(headers).ok()?;
        Some(Self { range, only_of })
    }

    fn is_of(&self, current: &Validators) -> bool {
        self.only_of
            .as_ref()
            .is_none_or(|only_of| only_of.is_met(current))
    }

    /// The range is said to lie outside of `size` bytes. Where it does not, the object has changed
    /// meanwhile, or is empty and its end was asked for: then all of it is the answer.
    fn outside(&self, size: u64) -> Verdict {
        if self.range.is_satisfiable(size) {
            Verdict::Instead(Ask::Whole)
        } else {
            Verdict::OutOfRange { size }
        }
    }
}

fn object_head<H: HeaderSource + ?Sized>(status: u16, received: &Received<'_, H>) -> Head {
    let mut headers = received.copy(&OF_AN_OBJECT);
    // Players seek only where it is said that they may, and every S3 bucket has ranges.
    if !headers.iter().any(|(name, _)| *name == "accept-ranges") {
        headers.push(("accept-ranges", Cow::Borrowed(b"bytes")));
    }
    Head { status, headers }
}

fn refused<H: HeaderSource + ?Sized>(unmet: Unmet, received: &Received<'_, H>) -> Verdict {
    match unmet {
        Unmet::NotModified => Verdict::NotModified(not_modified(received)),
        Unmet::PreconditionFailed => Verdict::PreconditionFailed,
    }
}

/// The head of a 304.
pub(super) fn not_modified<H: HeaderSource + ?Sized>(received: &Received<'_, H>) -> Head {
    Head {
        status: 304,
        headers: received.copy(&OF_NO_CHANGE),
    }
}

fn garbled(status: u16, how: &'static str) -> Verdict {
    Verdict::Hopeless(Trouble::Garbled { status, how })
}
