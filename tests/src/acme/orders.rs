//! What an authority remembers: accounts, orders, and what of them is proved.

use crate::acme::jws::Jwk;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Everything it remembers, numbered as it came.
#[derive(Debug, Default)]
pub(super) struct Book {
    nonces: HashSet<String>,
    nonces_given: usize,
    pub(super) accounts: Vec<Jwk>,
    pub(super) orders: Vec<Order>,
    pub(super) authorizations: Vec<Authorization>,
}

/// An order for some names.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) names: Vec<String>,
    pub(super) authorizations: Vec<usize>,
    pub(super) certificate: Option<String>,
    /// Asked for once more, it is there.
    pub(super) is_processing: bool,
}

/// A name that is to be proved.
#[derive(Debug)]
pub(super) struct Authorization {
    pub(super) name: String,
    pub(super) status: &'static str,
    pub(super) error: Option<Value>,
}

impl Authorization {
    /// What the proof is made of.
    pub(super) fn token(number: usize) -> String {
        // RFC 8555, section 8: characters of base64url, hard to guess for others than a journey.
        format!("token-{number}-DGyRejmCefe7v4NfDGDKfA")
    }
}

impl Book {
    /// A nonce that is good once.
    pub(super) fn nonce(&mut self) -> String {
        self.nonces_given += 1;
        let nonce = format!("nonce-{}", self.nonces_given);
        self.nonces.insert(nonce.clone());
        nonce
    }

    /// Whether `nonce` was good.
    pub(super) fn spend(&mut self, nonce: &str) -> bool {
        self.nonces.remove(nonce)
    }

    /// Takes an order for `names`; gives its number.
    pub(super) fn order(&mut self, names: Vec<String>) -> usize {
        let first = self.authorizations.len();
        for name in &names {
            self.authorizations.push(Authorization {
                name: name.clone(),
                status: "pending",
                error: None,
            });
        }
        self.orders.push(Order {
            names,
            authorizations: (first..self.authorizations.len()).collect(),
            certificate: None,
            is_processing: false,
        });
        self.orders.len() - 1
    }

    /// How an order stands (RFC 8555, section 7.1.6).
    pub(super) fn status(&self, order: &Order) -> &'static str {
        let statuses = order.authorizations.iter();
        let statuses: Vec<_> = statuses
            .map(|number| self.authorizations[*number].status)
            .collect();
        if statuses.contains(&"invalid") {
            return "invalid";
        }
        if statuses.contains(&"pending") {
            return "pending";
        }
        match (&order.certificate, order.is_processing) {
            (None, _) => "ready",
            (Some(_), true) => "processing",
            (Some(_), false) => "valid",
        }
    }

    /// An order as its address shows it.
    pub(super) fn show_order(&self, base: &str, number: usize) -> Value {
        let order = &self.orders[number];
        let identifiers: Vec<Value> = order
            .names
            .iter()
            .map(|name| json!({ "type": "dns", "value": name }))
            .collect();
        let authorizations: Vec<String> = order
            .authorizations
            .iter()
            .map(|number| format!("{base}/authorization/{number}"))
            .collect();
        let status = self.status(order);
        let mut shown = json!({
            "status": status,
            "identifiers": identifiers,
            "authorizations": authorizations,
            "finalize": format!("{base}/finalize/{number}"),
        });
        if status == "valid" {
            shown["certificate"] = format!("{base}/certificate/{number}").into();
        }
        shown
    }

    /// A name that is to be proved, as its address shows it.
    pub(super) fn show_authorization(&self, base: &str, number: usize) -> Value {
        let authorization = &self.authorizations[number];
        json!({
            "status": authorization.status,
            "identifier": { "type": "dns", "value": authorization.name },
            "challenges": [
                { "type": "http-01", "url": format!("{base}/none"), "status": "pending", "token": "none" },
                self.show_challenge(base, number),
            ],
        })
    }

    /// The challenge of a name.
    pub(super) fn show_challenge(&self, base: &str, number: usize) -> Value {
        let authorization = &self.authorizations[number];
        let mut shown = json!({
            "type": "tls-alpn-01",
            "url": format!("{base}/challenge/{number}"),
            "status": authorization.status,
            "token": Authorization::token(number),
        });
        if let Some(error) = &authorization.error {
            shown["error"] = error.clone();
        }
        shown
    }
}
