//! JSON objects of which no member may occur twice, read in one pass.
//!
//! RFC 7519 §4 lets a parser take the last of two equal members or refuse. We refuse, known members
//! or not: two readers that disagree about a token are an attack on one of them.

use alloc::{
    borrow::Cow,
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer as _,
    de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::Reason;
use crate::time::UnixTime;

/// The members of an object that are of interest.
pub(super) trait Members<'de>: Default {
    /// Where the value of the member `name` belongs; `None` for a member nobody reads.
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'de>>>;
}

/// No member is of interest: only whether there is a proper object.
#[derive(Default)]
pub(super) struct Nothing;

impl<'de> Members<'de> for Nothing {
    fn slot(&mut self, _: &str) -> Option<&mut Option<Value<'de>>> {
        None
    }
}

/// Reads `json`, the bytes of one JSON object and nothing else.
///
/// # Errors
/// [`Reason::TokenMalformed`] when it is something else or holds a member twice.
pub(super) fn parse<'de, M: Members<'de>>(json: &'de [u8]) -> Result<M, Reason> {
    // serde_json does not look into strings it skips, but JSON is UTF-8 throughout (RFC 8259 §8.1).
    let json = core::str::from_utf8(json).map_err(|_| Reason::TokenMalformed)?;
    let mut reader = serde_json::Deserializer::from_str(json);
    let members = reader
        .deserialize_map(Object(PhantomData))
        .and_then(|members| reader.end().map(|()| members));
    members.map_err(|_| Reason::TokenMalformed)
}

struct Object<M>(PhantomData<M>);

impl<'de, M: Members<'de>> Visitor<'de> for Object<M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<M, A::Error> {
        let mut members = M::default();
        let mut seen = BTreeSet::new();
        while let Some(Name(name)) = map.next_key()? {
            match members.slot(&name) {
                Some(slot) => *slot = Some(map.next_value()?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
            if !seen.insert(name) {
                return Err(A::Error::custom("a member occurs twice"));
            }
        }
        Ok(members)
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// A member's value as far as claims tell values apart.
#[derive(Debug)]
pub(super) enum Value<'de> {
    Number(Number),
    Text(Cow<'de, str>),
    /// An array: its strings, and whether it holds nothing else.
    List {
        texts: Vec<Cow<'de, str>>,
        only_texts: bool,
    },
    /// An object, a boolean or null.
    Other,
}

/// A JSON number, as near as 64 bits come to it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Natural(u64),
    Negative(i64),
    Float(f64),
}

impl Number {
    /// The number as a time (RFC 7519 §2, `NumericDate`). Fractions of a second are cut off; what lies
    /// before 1970 or beyond the end of time becomes that end.
    pub(super) fn time(self) -> UnixTime {
        UnixTime(match self {
            Self::Natural(seconds) => seconds,
            Self::Negative(_) => 0,
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "`as` saturates, which is the meaning given above"
            )]
            Self::Float(seconds) => seconds as u64,
        })
    }

    /// The decimal text of an integer; `None` for a number with a fraction or an exponent.
    pub(super) fn decimal(self) -> Option<String> {
        match self {
            Self::Natural(number) => Some(number.to_string()),
            Self::Negative(number) => Some(number.to_string()),
            Self::Float(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Value::Number(Number::Natural(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Value::Number(
            u64::try_from(number).map_or(Number::Negative(number), Number::Natural),
        ))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Value::Number(Number::Float(number)))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Owned(text.into())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        let mut only_texts = true;
        while let Some(item) = items.next_element()? {
            match item {
                Value::Text(text) => texts.push(text),
                _ => only_texts = false,
            }
        }
        Ok(Value::List { texts, only_texts })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }
}
