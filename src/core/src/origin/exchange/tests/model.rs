//! A bucket whose object changes under the viewer's hands, beside RFC 9110 in thirty lines.
//!
//! Whatever the bucket does, each answer must be right for one version that it had while it was
//! asked, and consist of that version alone. The only other licence is to answer a range with all.

use proptest::prelude::*;

use super::*;

/// One version of the object. Its number is its entity tag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Version {
    pub(super) number: u8,
    pub(super) weak: bool,
    pub(super) day: u8,
    pub(super) size: u64,
}

impl Version {
    pub(super) fn tag(self) -> String {
        tag((self.number, self.weak))
    }
}

fn tag((number, weak): (u8, bool)) -> String {
    format!("{}\"v{number}\"", if weak { "W/" } else { "" })
}

pub(super) fn date(day: u8) -> String {
    let weekday = ["Sun", "Mon", "Tue", "Wed"][usize::from(day)];
    format!("{weekday}, 0{} Nov 1994 08:49:37 GMT", 6 + day)
}

#[derive(Clone, Copy, Debug)]
enum Span {
    FromTo(u64, u64),
    From(u64),
    Last(u64),
}

impl Span {
    /// First and last byte in `size` bytes (RFC 9110 §14.1.2).
    fn within(self, size: u64) -> Option<(u64, u64)> {
        match self {
            Self::FromTo(first, last) if first < size => Some((first, last.min(size - 1))),
            Self::From(first) if first < size => Some((first, size - 1)),
            Self::Last(length) if length > 0 && size > 0 => {
                Some((size.saturating_sub(length), size - 1))
            }
            _ => None,
        }
    }
}

/// What a viewer asks for.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) head: bool,
    range: Option<Span>,
    if_range: Option<Result<(u8, bool), u8>>,
    if_match: Vec<(u8, bool)>,
    if_none_match: Vec<(u8, bool)>,
    if_modified_since: Option<u8>,
    if_unmodified_since: Option<u8>,
}

impl Wish {
    pub(super) fn headers(&self) -> Fields {
        let list = |tags: &[(u8, bool)]| {
            let tags: Vec<String> = tags.iter().copied().map(tag).collect();
            (!tags.is_empty()).then(|| tags.join(", "))
        };
        let range = self.range.map(|span| match span {
            Span::FromTo(first, last) => format!("bytes={first}-{last}"),
            Span::From(first) => format!("bytes={first}-"),
            Span::Last(length) => format!("bytes=-{length}"),
        });
        let if_range = self
            .if_range
            .map(|validator| validator.map_or_else(date, tag));
        [
            ("range", range),
            ("if-range", if_range),
            ("if-match", list(&self.if_match)),
            ("if-none-match", list(&self.if_none_match)),
            ("if-modified-since", self.if_modified_since.map(date)),
            ("if-unmodified-since", self.if_unmodified_since.map(date)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.into(), value?)))
        .collect()
    }

    /// RFC 9110 §13.2.2, then §14.2.
    pub(super) fn answer(&self, version: Version) -> Right {
        let strongly =
            |&(number, weak): &(u8, bool)| !weak && !version.weak && number == version.number;
        let weakly = |&(number, _): &(u8, bool)| number == version.number;
        let guarded = match (&self.if_match[..], self.if_unmodified_since) {
            ([], None) => true,
            ([], Some(day)) => version.day <= day,
            (tags, _) => tags.iter().any(strongly),
        };
        if !guarded {
            return Right::Failed;
        }
        let unchanged = match (&self.if_none_match[..], self.if_modified_since) {
            ([], None) => false,
            ([], Some(day)) => version.day <= day,
            (tags, _) => tags.iter().any(weakly),
        };
        if unchanged {
            return Right::NotModified;
        }
        let wanted = match self.if_range {
            None => true,
            Some(Ok(tag)) => strongly(&tag),
            Some(Err(day)) => version.day == day,
        };
        let Some(span) = self.range.filter(|_| wanted && !self.head) else {
            return Right::Whole;
        };
        match (span.within(version.size), span) {
            (Some((first, last)), _) => Right::Part(first, last),
            // The end of an empty object: satisfiable, and beyond what Content-Range can say.
            (None, Span::Last(1..)) => Right::Whole,
            (None, _) => Right::Outside,
        }
    }
}

impl Wish {
    /// Whether `outcome` is right for one of the versions. A range may be answered with all.
    fn is_answered(&self, versions: &[Version], outcome: &Outcome) -> bool {
        versions.iter().any(|&version| {
            let right = self.answer(version);
            let all_instead = matches!(right, Right::Part(..) | Right::Outside);
            right.is(version, outcome) || (all_instead && Right::Whole.is(version, outcome))
        })
    }
}

/// The right answer for one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    Failed,
    NotModified,
    Whole,
    Part(u64, u64),
    Outside,
}

impl Right {
    /// Whether `outcome` is this answer, made of `version`.
    pub(super) fn is(self, version: Version, outcome: &Outcome) -> bool {
        let says = |name, value: Option<String>| outcome.header(name) == value.as_deref();
        let size = version.size;
        let length = |length: u64| says("content-length", Some(length.to_string()));
        let range = |range: String| says("content-range", Some(range));
        let of_version =
            says("etag", Some(version.tag())) && says("last-modified", Some(date(version.day)));
        match self {
            Self::Failed => outcome.status == 412,
            Self::NotModified => outcome.status == 304 && of_version,
            Self::Whole => {
                outcome.status == 200 && of_version && length(size) && says("content-range", None)
            }
            Self::Part(first, last) => {
                outcome.status == 206
                    && of_version
                    && length(last - first + 1)
                    && range(format!("bytes {first}-{last}/{size}"))
            }
            Self::Outside => outcome.status == 416 && range(format!("bytes */{size}")),
        }
    }
}

/// How well the store does what it is asked.
#[derive(Clone, Debug)]
struct Store {
    /// Which version each request finds; the last one stays.
    timeline: Vec<Version>,
    listens_to_conditions: bool,
    listens_to_range: bool,
    tells_size: bool,
    /// How it labels a part: 206, or 200 as rclone does.
    status_of_a_part: u16,
    /// What it says that is not so, in every answer with an object.
    lie: Option<Lie>,
    /// Requests it fails, by number.
    busy: Vec<usize>,
}

/// A head that contradicts itself, or what was asked. The truth cannot be guessed from it, so there is no answer.
#[derive(Clone, Copy, Debug)]
enum Lie {
    NoContentRange,
    ContentRangeTwice,
    UnknownRange,
    OtherRange,
    Multipart,
    LongerLength,
    LengthTwice,
    Status(u16),
}

impl Lie {
    const ALL: [Self; 11] = [
        Self::NoContentRange,
        Self::ContentRangeTwice,
        Self::UnknownRange,
        Self::OtherRange,
        Self::Multipart,
        Self::LongerLength,
        Self::LengthTwice,
        Self::Status(203),
        Self::Status(204),
        Self::Status(206),
        Self::Status(304),
    ];

    /// Bends a success: of a part that is labelled 206, or of the whole. What it does not concern stays true.
    fn bend(self, status: &mut u16, headers: &mut Fields) {
        let is_part = *status == 206;
        let at = |name: &str, headers: &Fields| headers.iter().position(|(own, _)| own == name);
        let range = at("content-range", headers);
        match (self, range) {
            (Self::NoContentRange, Some(at)) if is_part => drop(headers.remove(at)),
            (Self::ContentRangeTwice, Some(at)) => headers.push(headers[at].clone()),
            (Self::UnknownRange, Some(at)) => headers[at].1 = "bytes */9".into(),
            (Self::OtherRange, Some(at)) => headers[at].1 = "bytes 40-41/99".into(),
            (Self::OtherRange, None) => {
                headers.push(("content-range".into(), "bytes 40-41/99".into()));
            }
            (Self::Multipart, Some(_)) => {
                headers.push(("content-type".into(), "multipart/byteranges".into()));
            }
            (Self::LongerLength, Some(_)) => {
                let at = at("content-length", headers).expect("a length");
                headers[at].1 = "99".into();
            }
            (Self::LengthTwice, _) => headers.push(("content-length".into(), "5".into())),
            (Self::Status(206), Some(_)) => {}
            (Self::Status(other), _) => *status = other,
            _ => {}
        }
    }
}

impl Store {
    fn version(&self, request: usize) -> Version {
        self.timeline[request.min(self.timeline.len() - 1)]
    }

    fn reply(&self, request: usize, seen: &Seen) -> Reply {
        match (self.lie, self.truth(request, seen)) {
            (Some(lie), Reply::Says(mut status @ (200 | 206), mut headers, body)) => {
                lie.bend(&mut status, &mut headers);
                Reply::Says(status, headers, body)
            }
            (_, truth) => truth,
        }
    }

    fn truth(&self, request: usize, seen: &Seen) -> Reply {
        if self.busy.contains(&request) {
            return s3_error(503, "SlowDown");
        }
        let version = self.version(request);
        let (tag, date) = (version.tag(), date(version.day));
        let object = [("etag", tag.as_str()), ("last-modified", date.as_str())];
        if self.listens_to_conditions {
            match as_understood(seen).answer(version) {
                Right::Failed => return s3_error(412, "PreconditionFailed"),
                Right::NotModified => return says(304, &object, ""),
                Right::Whole | Right::Part(..) | Right::Outside => {}
            }
        }
        let size = version.size;
        let span = span(seen).filter(|_| self.listens_to_range && seen.method == Method::Get);
        match span.map(|span| span.within(size)) {
            None => says(
                200,
                &[&object[..], &[("content-length", &size.to_string())]].concat(),
                "",
            ),
            Some(Some((first, last))) => {
                let (length, range) = (
                    (last - first + 1).to_string(),
                    format!("bytes {first}-{last}/{size}"),
                );
                let part = [
                    ("content-length", length.as_str()),
                    ("content-range", range.as_str()),
                ];
                says(self.status_of_a_part, &[&object[..], &part].concat(), "")
            }
            Some(None) if self.tells_size => {
                says(416, &[("content-range", &format!("bytes */{size}"))], "")
            }
            Some(None) => s3_error(416, "InvalidRange"),
        }
    }
}

/// The conditions of a request that went to the store, range and If-Range left out.
fn as_understood(seen: &Seen) -> Wish {
    let tags = |name| -> Vec<(u8, bool)> {
        let all = || (0..3).flat_map(|number| [(number, false), (number, true)]);
        seen.header(name)
            .map(|value| vec![all().find(|&own| tag(own) == value).expect("one tag")])
            .unwrap_or_default()
    };
    let day = |name| {
        seen.header(name)
            .and_then(|value| (0..4).find(|&day| date(day) == value))
    };
    Wish {
        head: false,
        range: None,
        if_range: None,
        if_match: tags("if-match"),
        if_none_match: tags("if-none-match"),
        if_modified_since: day("if-modified-since"),
        if_unmodified_since: day("if-unmodified-since"),
    }
}

fn span(seen: &Seen) -> Option<Span> {
    let (first, last) = seen
        .header("range")?
        .strip_prefix("bytes=")?
        .split_once('-')?;
    Some(match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) => Span::FromTo(first, last),
        (Ok(first), Err(_)) => Span::From(first),
        (Err(_), Ok(length)) => Span::Last(length),
        (Err(_), Err(_)) => panic!("{seen:?}"),
    })
}

fn a_tag() -> impl Strategy<Value = (u8, bool)> {
    (0..3_u8, prop::bool::weighted(0.1))
}

pub(super) fn a_wish() -> impl Strategy<Value = Wish> {
    let span = prop_oneof![
        (0..12_u64, 0..12_u64).prop_map(|(first, more)| Span::FromTo(first, first + more)),
        (0..12_u64).prop_map(Span::From),
        (0..12_u64).prop_map(Span::Last),
    ];
    let maybe_day = || prop::option::weighted(0.2, 0..4_u8);
    let tags = || prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(a_tag(), 1..3)];
    (
        prop::bool::weighted(0.1),
        prop::option::weighted(0.8, span),
        prop::option::of(prop_oneof![a_tag().prop_map(Ok), (0..4_u8).prop_map(Err)]),
        tags(),
        tags(),
        maybe_day(),
        maybe_day(),
    )
        .prop_map(
            |(
                head,
                range,
                if_range,
                if_match,
                if_none_match,
                if_modified_since,
                if_unmodified_since,
            )| Wish {
                head,
                range,
                if_range,
                if_match,
                if_none_match,
                if_modified_since,
                if_unmodified_since,
            },
        )
}

fn a_store() -> impl Strategy<Value = Store> {
    // A version has one tag, one date and one size for good.
    let versions = prop::collection::vec((prop::bool::weighted(0.1), 0..4_u8, 0..9_u64), 3);
    let timeline = prop_oneof![Just(vec![0]), prop::collection::vec(0..3_usize, 2..5)];
    let busy = prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(0..4_usize, 1..3)];
    (
        versions,
        timeline,
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.9),
        any::<bool>(),
        prop_oneof![3 => Just(206_u16), 1 => Just(200)],
        busy,
    )
        .prop_map(
            |(
                versions,
                timeline,
                listens_to_conditions,
                listens_to_range,
                tells_size,
                status_of_a_part,
                busy,
            )| {
                let version = |at: usize| {
                    let (weak, day, size) = versions[at];
                    Version {
                        number: at as u8,
                        weak,
                        day,
                        size,
                    }
                };
                Store {
                    timeline: timeline.into_iter().map(version).collect(),
                    listens_to_conditions,
                    listens_to_range,
                    tells_size,
                    status_of_a_part,
                    lie: None,
                    busy,
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn an_answer_is_right_for_one_version(wish in a_wish(), store in a_store()) {
        let (outcome, versions) = ask(&wish, &store);
        prop_assert!(versions.len() <= 4);
        if outcome.status == 503 {
            prop_assert!(store.busy.len() > 1);
            return Ok(());
        }
        prop_assert!(wish.is_answered(&versions, &outcome), "{:?}", outcome);

        // With one version and a store that has ranges, all that was asked for is answered exactly.
        if store.timeline.len() == 1 && store.listens_to_range {
            let right = wish.answer(versions[0]);
            prop_assert!(right.is(versions[0], &outcome), "{:?} {:?}", right, outcome);
        }
    }

    #[test]
    fn a_lie_is_no_answer(wish in a_wish(), store in a_store(), lie in prop::sample::select(&Lie::ALL[..])) {
        let store = Store { lie: Some(lie), busy: Vec::new(), ..store };
        let (outcome, versions) = ask(&wish, &store);
        let answered = wish.is_answered(&versions, &outcome);
        let refused = outcome.status == 502 && outcome.note.is_some();
        prop_assert!(answered || refused, "{:?}", outcome);
    }
}

/// How the exchange went, and which version each request found.
fn ask(wish: &Wish, store: &Store) -> (Outcome, Vec<Version>) {
    let method = if wish.head { Method::Head } else { Method::Get };
    let mut asked = 0;
    let outcome = drive(method, TARGET, &wish.headers(), |seen| {
        asked += 1;
        store.reply(asked - 1, seen)
    });
    let versions = (0..asked).map(|request| store.version(request)).collect();
    (outcome, versions)
}
