//! How configuration is read: once, through a lookup, into typed fields, all errors together.

use alloc::{string::String, vec::Vec};
use core::fmt;

use zeroize::Zeroizing;

/// Where a variable's text comes from: the host's variables, or a map in a test.
pub trait Lookup {
    /// The value of the variable `name`; `None` when it is not set. An empty value counts as not set.
    fn get(&self, name: &str) -> Option<String>;
}

impl<F: Fn(&str) -> Option<String>> Lookup for F {
    fn get(&self, name: &str) -> Option<String> {
        self(name).filter(|value| !value.is_empty())
    }
}

/// One variable that cannot be used, and what to do about it. Never holds the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The variable's name.
    pub variable: &'static str,
    /// What is wrong and what would be right, as a clause: `is shorter than 32 bytes`.
    pub message: String,
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// `value`, unless something is wrong.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }

    /// Notes one more problem.
    pub fn add(&mut self, variable: &'static str, message: impl Into<String>) {
        self.0.push(Problem {
            variable,
            message: message.into(),
        });
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Problem { variable, message }) in self.0.iter().enumerate() {
            write!(f, "{}{variable} {message}", if i == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl core::error::Error for Problems {}

/// What makes a variable's text useless, as a clause that follows its name.
pub(crate) type Useless = &'static str;

/// Reads one variable that may be left out; what is wrong with it is noted. Blanks alone count as nothing.
pub(crate) fn read_if_set<T>(
    lookup: &dyn Lookup,
    variable: &'static str,
    parse: fn(&str) -> Result<T, Useless>,
    problems: &mut Problems,
) -> Option<T> {
    let value = Zeroizing::new(lookup.get(variable)?);
    if value.trim().is_empty() {
        return None;
    }
    parse(&value)
        .map_err(|useless| problems.add(variable, useless))
        .ok()
}

/// The reason of the first of `needed`, which are names with a reason each, that is not set.
pub(crate) fn missing(
    lookup: &dyn Lookup,
    needed: &[(&str, &'static str)],
) -> Option<&'static str> {
    let unset = |name| lookup.get(name).is_none_or(|value| value.trim().is_empty());
    let found = needed.iter().find(|(name, _)| unset(name));
    found.map(|(_, reason)| *reason)
}

/// What is either on or off.
pub(crate) fn flag(text: &str) -> Result<bool, Useless> {
    match text.trim() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("is neither `true` nor `false`"),
    }
}

/// Reads one variable; what is wrong with it is noted, and `None` given.
pub(crate) fn read<T>(
    lookup: &dyn Lookup,
    variable: &'static str,
    default: Option<&str>,
    parse: fn(&str) -> Result<T, Useless>,
    problems: &mut Problems,
) -> Option<T> {
    let set = lookup.get(variable).filter(|value| !value.is_empty());
    let Some(value) = set.or_else(|| default.map(String::from)) else {
        problems.add(variable, "is not set");
        return None;
    };
    parse(&Zeroizing::new(value))
        .map_err(|useless| problems.add(variable, useless))
        .ok()
}
