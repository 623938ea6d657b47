//! What a component may use of the configuration of another.

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeSet;
use std::fmt;

/// Something of a component's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inherited {
    /// The hosts it may send requests to.
    AllowedOutboundHosts,
    /// Its environment.
    Environment,
    /// The key-value stores it may open.
    KeyValueStores,
    /// Its variables.
    Variables,
}

impl Inherited {
    const ALL: [Self; 4] = [
        Self::AllowedOutboundHosts,
        Self::Environment,
        Self::KeyValueStores,
        Self::Variables,
    ];

    /// As a manifest writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AllowedOutboundHosts => "allowed_outbound_hosts",
            Self::Environment => "environment",
            Self::KeyValueStores => "key_value_stores",
            Self::Variables => "variables",
        }
    }

    /// What a component must inherit to make use of an interface; `None` where anybody may.
    pub(crate) fn needed_for(interface: &str) -> Option<Self> {
        let name = interface.split('@').next().unwrap_or(interface);
        match name {
            "wasi:http/client" | "wasi:http/outgoing-handler" => Some(Self::AllowedOutboundHosts),
            _ if name.starts_with("wasi:sockets/") => Some(Self::AllowedOutboundHosts),
            _ if name.starts_with("wasi:keyvalue/") => Some(Self::KeyValueStores),
            _ if name.starts_with("wasi:config/") => Some(Self::Variables),
            _ => None,
        }
    }
}

/// `inherit_configuration`: `true` for all, `false` for nothing, or a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inherit(BTreeSet<Inherited>);

impl Inherit {
    /// Whether `what` is inherited.
    #[must_use]
    pub fn has(&self, what: Inherited) -> bool {
        self.0.contains(&what)
    }
}

impl<'de> Deserialize<'de> for Inherit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not an untagged enum: that would forget which word of the list was wrong.
        deserializer.deserialize_any(TrueFalseOrList)
    }
}

struct TrueFalseOrList;

impl<'de> Visitor<'de> for TrueFalseOrList {
    type Value = Inherit;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, or a list of what is inherited")
    }

    fn visit_bool<E: Error>(self, all: bool) -> Result<Inherit, E> {
        let everything = Inherited::ALL.into_iter().filter(|_| all);
        Ok(Inherit(everything.collect()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Inherit, A::Error> {
        let mut inherited = BTreeSet::new();
        while let Some(one) = list.next_element()? {
            inherited.insert(one);
        }
        Ok(Inherit(inherited))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Table {
        inherit: Inherit,
    }

    fn inherit(text: &str) -> Result<Inherit, String> {
        let table = toml::from_str::<Table>(&format!("inherit = {text}\n"));
        table
            .map(|table| table.inherit)
            .map_err(|error| error.to_string())
    }

    /// Spin's manifest schema, `InheritConfiguration`.
    #[test]
    fn true_false_and_lists_are_read() {
        assert!(
            Inherited::ALL
                .iter()
                .all(|one| inherit("true").unwrap().has(*one))
        );
        assert_eq!(inherit("false").unwrap(), Inherit::default());
        let stores = inherit("[\"key_value_stores\"]").unwrap();
        assert!(stores.has(Inherited::KeyValueStores) && !stores.has(Inherited::Variables));
    }

    #[test]
    fn other_words_are_refused_by_name() {
        let error = inherit("[\"variables\", \"sqlite_databases\"]").unwrap_err();
        assert!(
            error.contains("unknown variant `sqlite_databases`"),
            "{error}"
        );
        let error = inherit("\"all\"").unwrap_err();
        assert!(error.contains("true, false, or a list"), "{error}");
    }
}
