//! What the fake does wrong when it is told to.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One way to misbehave, written as a word, or as `word=value`. [`Mischief::WORDS`] lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mischief {
    /// `webhook-off`: the video's webhook is never sent.
    WebhookOff,
    /// `webhook-doubled`: it is sent twice, at once.
    WebhookDoubled,
    /// `webhook-late=SECONDS`: it is sent so long after the video's end.
    WebhookLate(Duration),
    /// `webhook-early`: the video is through, and its webhook taken, before the copy is answered.
    WebhookEarly,
    /// `webhook-out-of-order`: a webhook of an earlier state follows that of the end.
    WebhookOutOfOrder,
    /// `webhook-wrong-signature`: it is signed with another secret.
    WebhookWrongSignature,
    /// `rate-limit` or `rate-limit=SECONDS`: 429, with `Retry-After` where seconds are given.
    RateLimit(Option<u32>),
    /// `server-error=STATUS`: an answer of that status, 500 to 599.
    ServerError(u16),
    /// `hang`: nothing is done and nothing is answered.
    Hang,
    /// `no-answer`: the copy is accepted and never answered.
    NoAnswer,
    /// `answer-lost`: the copy is accepted and the connection closed instead of an answer.
    AnswerLost,
    /// `garbage`: 200 and no JSON, though a copy is accepted.
    Garbage,
    /// `error=CODE`: the video ends in the state `error` with this reason.
    Fails(String),
    /// `missing-from-lists`: the video can be asked for by its uid and is in no list.
    MissingFromLists,
    /// `ready-at-39`: the video is ready with `pctComplete` 39, and complete some steps later.
    ReadyAt39,
    /// `unknown-state=STATE`: the video passes through a state nobody has heard of, with a webhook.
    UnknownState(String),
    /// `never-finishes`: the video stays in progress.
    NeverFinishes,
}

/// Which part of the fake a mischief concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Concerns {
    /// The answer to any request of the API.
    Answers,
    /// The answer to a copy.
    CopyAnswers,
    /// A video's life, settled when its copy is accepted.
    Videos,
}

impl Mischief {
    /// All words, for help texts.
    pub const WORDS: [&str; 17] = [
        "webhook-off",
        "webhook-doubled",
        "webhook-late=SECONDS",
        "webhook-early",
        "webhook-out-of-order",
        "webhook-wrong-signature",
        "rate-limit[=SECONDS]",
        "server-error=STATUS",
        "hang",
        "no-answer",
        "answer-lost",
        "garbage",
        "error=CODE",
        "missing-from-lists",
        "ready-at-39",
        "unknown-state=STATE",
        "never-finishes",
    ];

    pub(crate) fn concerns(&self) -> Concerns {
        match self {
            Self::RateLimit(_) | Self::ServerError(_) | Self::Hang | Self::Garbage => {
                Concerns::Answers
            }
            Self::NoAnswer | Self::AnswerLost => Concerns::CopyAnswers,
            _ => Concerns::Videos,
        }
    }
}

/// A word that is no mischief.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no mischief; there are {}", Mischief::WORDS.join(", "))]
pub struct NoMischief {
    word: String,
}

impl FromStr for Mischief {
    type Err = NoMischief;

    fn from_str(text: &str) -> Result<Self, NoMischief> {
        let (word, value) = match text.split_once('=') {
            Some((word, value)) => (word, Some(value)),
            None => (text, None),
        };
        simple(word, value)
            .or_else(|| with_value(word, value))
            .ok_or_else(|| NoMischief {
                word: text.to_owned(),
            })
    }
}

fn simple(word: &str, value: Option<&str>) -> Option<Mischief> {
    if value.is_some() {
        return None;
    }
    Some(match word {
        "webhook-off" => Mischief::WebhookOff,
        "webhook-doubled" => Mischief::WebhookDoubled,
        "webhook-early" => Mischief::WebhookEarly,
        "webhook-out-of-order" => Mischief::WebhookOutOfOrder,
        "webhook-wrong-signature" => Mischief::WebhookWrongSignature,
        "rate-limit" => Mischief::RateLimit(None),
        "hang" => Mischief::Hang,
        "no-answer" => Mischief::NoAnswer,
        "answer-lost" => Mischief::AnswerLost,
        "garbage" => Mischief::Garbage,
        "missing-from-lists" => Mischief::MissingFromLists,
        "ready-at-39" => Mischief::ReadyAt39,
        "never-finishes" => Mischief::NeverFinishes,
        _ => return None,
    })
}

fn with_value(word: &str, value: Option<&str>) -> Option<Mischief> {
    let value = value.filter(|value| !value.is_empty())?;
    Some(match word {
        "webhook-late" => {
            let seconds = Duration::try_from_secs_f64(value.parse().ok()?);
            Mischief::WebhookLate(seconds.ok()?)
        }
        "rate-limit" => Mischief::RateLimit(Some(value.parse().ok()?)),
        "server-error" => {
            let status = value.parse().ok()?;
            Mischief::ServerError((500..=599).contains(&status).then_some(status)?)
        }
        "error" => Mischief::Fails(value.to_owned()),
        "unknown-state" => Mischief::UnknownState(value.to_owned()),
        _ => return None,
    })
}

impl fmt::Display for Mischief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WebhookOff => f.write_str("webhook-off"),
            Self::WebhookDoubled => f.write_str("webhook-doubled"),
            Self::WebhookLate(after) => write!(f, "webhook-late={}", after.as_secs_f64()),
            Self::WebhookEarly => f.write_str("webhook-early"),
            Self::WebhookOutOfOrder => f.write_str("webhook-out-of-order"),
            Self::WebhookWrongSignature => f.write_str("webhook-wrong-signature"),
            Self::RateLimit(None) => f.write_str("rate-limit"),
            Self::RateLimit(Some(seconds)) => write!(f, "rate-limit={seconds}"),
            Self::ServerError(status) => write!(f, "server-error={status}"),
            Self::Hang => f.write_str("hang"),
            Self::NoAnswer => f.write_str("no-answer"),
            Self::AnswerLost => f.write_str("answer-lost"),
            Self::Garbage => f.write_str("garbage"),
            Self::Fails(code) => write!(f, "error={code}"),
            Self::MissingFromLists => f.write_str("missing-from-lists"),
            Self::ReadyAt39 => f.write_str("ready-at-39"),
            Self::UnknownState(state) => write!(f, "unknown-state={state}"),
            Self::NeverFinishes => f.write_str("never-finishes"),
        }
    }
}

impl Serialize for Mischief {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mischief {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Kinds of requests to the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `POST …/stream/copy`.
    Copy,
    /// `GET …/stream`.
    List,
    /// `GET …/stream/{uid}`.
    Get,
    /// `DELETE …/stream/{uid}`.
    Delete,
    /// Anything at `…/stream/webhook`.
    Webhook,
}

/// A mischief, and when it applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What goes wrong.
    pub mischief: Mischief,
    /// Only for the video of this `meta.name` or this `meta.reelgate_id`.
    #[serde(default)]
    pub name: Option<String>,
    /// Only for requests of this kind; says nothing about videos' lives.
    #[serde(default)]
    pub on: Option<Call>,
    /// How often it still applies; for ever where nothing is said.
    #[serde(default)]
    pub times: Option<u32>,
}

impl From<Mischief> for Rule {
    fn from(mischief: Mischief) -> Self {
        Self {
            mischief,
            name: None,
            on: None,
            times: None,
        }
    }
}

impl Rule {
    /// Applies to the video of this name only.
    #[must_use]
    pub fn for_name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Applies to this kind of request only.
    #[must_use]
    pub fn on(mut self, call: Call) -> Self {
        self.on = Some(call);
        self
    }

    /// Applies so often.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Whether it applies, which is counted. `names` are those of the video.
    pub(crate) fn takes(&mut self, call: Call, names: &[&str]) -> bool {
        let fits = match self.mischief.concerns() {
            Concerns::Answers => self.on.is_none_or(|on| on == call),
            Concerns::CopyAnswers | Concerns::Videos => call == Call::Copy,
        };
        let named = self
            .name
            .as_deref()
            .is_none_or(|name| names.contains(&name));
        if !fits || !named || self.times == Some(0) {
            return false;
        }
        self.times = self.times.map(|left| left - 1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_read_and_written_alike() {
        for word in Mischief::WORDS {
            let word = word
                .replace("[=SECONDS]", "=3")
                .replace("SECONDS", "1.5")
                .replace("STATUS", "503");
            let mischief: Mischief = word.parse().unwrap();
            assert_eq!(mischief.to_string(), word);
        }
        let plain: Mischief = "rate-limit".parse().unwrap();
        assert_eq!(plain, Mischief::RateLimit(None));
    }

    #[test]
    fn other_words_are_refused() {
        for word in [
            "",
            "hang=1",
            "error",
            "error=",
            "server-error=404",
            "webhook-late=-1",
        ] {
            assert!(word.parse::<Mischief>().is_err(), "{word}");
        }
    }

    #[test]
    fn a_rule_applies_as_often_as_it_says_and_to_whom_it_names() {
        let mut rule = Rule::from(Mischief::RateLimit(None))
            .for_name("a#1")
            .times(2);
        assert!(!rule.takes(Call::Copy, &["b#1"]));
        let taken = [(); 3].map(|()| rule.takes(Call::Copy, &["a#1", "a"]));
        assert_eq!(taken, [true, true, false]);
    }
}
