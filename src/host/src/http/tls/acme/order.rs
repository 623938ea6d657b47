//! One order, from the account to the certificate (RFC 8555, section 7.1).

use crate::http::tls::acme::Acme;
use crate::http::tls::acme::challenges::Proof;
use crate::http::tls::acme::transport::{Transport, other};
use crate::log::Log;
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeHandle, ChallengeType, Error,
    Identifier, NewAccount, NewOrder, Order, OrderStatus, Problem, RetryPolicy,
};
use std::error::Error as _;
use std::time::Duration;

/// For proving all names, and for the signature: each.
const PATIENCE: Duration = Duration::from_secs(120);
/// How an order is looked at until it is further: after 0.25 s, then after ever longer.
const POLL: RetryPolicy = RetryPolicy::new().timeout(PATIENCE);
/// An authority's words in the log; they are its own to choose.
const WORDS: usize = 600;

/// Why there is no certificate, in one line, and when the authority wants to be asked again.
#[derive(Debug)]
pub(super) struct OrderError {
    pub(super) why: String,
    pub(super) retry_after: Option<Duration>,
}

/// One try to get a certificate.
pub(super) struct Attempt<'a> {
    acme: &'a Acme,
    transport: Transport,
    log: &'a Log,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(acme: &'a Acme, tls: &rustls::ClientConfig, log: &'a Log) -> Self {
        Self {
            acme,
            transport: Transport::new(tls),
            log,
        }
    }

    /// The key and the certificates, in PEM.
    pub(super) async fn certificate(&self) -> Result<String, OrderError> {
        self.ordered().await.map_err(|error| OrderError {
            why: describe(&error),
            retry_after: self.transport.retry_after(),
        })
    }

    async fn ordered(&self) -> Result<String, Error> {
        let mut order = self.order().await?;
        let proofs = self.prove(&mut order).await?;
        if order.poll_ready(&POLL).await? == OrderStatus::Invalid {
            return Err(refusal(&mut order).await);
        }
        drop(proofs);
        let key = order.finalize().await?;
        let chain = order.poll_certificate(&POLL).await?;
        Ok(key + &chain)
    }

    /// A new order, by the account that is kept where the authority still knows it.
    async fn order(&self) -> Result<Order, Error> {
        let names: Vec<Identifier> = self
            .acme
            .domains()
            .iter()
            .map(|domain| Identifier::Dns(domain.to_string()))
            .collect();
        let order = NewOrder::new(&names);
        if let Some(kept) = self.kept_account() {
            let builder = Account::builder_with_http(Box::new(self.transport.clone()));
            let account = builder.from_credentials(kept).await?;
            match account.new_order(&order).await {
                Err(Error::Api(problem)) if is_unknown_account(&problem) => {}
                ordered => return ordered,
            }
        }
        self.new_account().await?.new_order(&order).await
    }

    fn kept_account(&self) -> Option<AccountCredentials> {
        let store = &self.acme.store;
        store.account().unwrap_or_else(|error| {
            let folder = store.folder().display();
            let message =
                format!("the account in {folder} cannot be used, another is made: {error}");
            self.log.error("host", &message);
            None
        })
    }

    async fn new_account(&self) -> Result<Account, Error> {
        let contacts: Vec<&str> = self.acme.contacts().collect();
        let wanted = NewAccount {
            contact: &contacts,
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let directory = self.acme.directory().as_str().to_owned();
        let builder = Account::builder_with_http(Box::new(self.transport.clone()));
        let (account, credentials) = builder.create(&wanted, directory, None).await?;
        if let Err(error) = self.acme.store.keep_account(&credentials) {
            self.acme.tell_not_kept(self.log, &error);
        }
        Ok(account)
    }

    /// Has the authority look at each name that it does not believe yet.
    async fn prove(&self, order: &mut Order) -> Result<Vec<Proof<'a>>, Error> {
        let mut proofs = Vec::new();
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status == AuthorizationStatus::Pending {
                let challenge = authorization.challenge(ChallengeType::TlsAlpn01);
                let challenge = challenge.ok_or_else(|| other(Odd::NoChallenge))?;
                proofs.push(self.answer(challenge).await?);
            }
        }
        Ok(proofs)
    }

    async fn answer(&self, mut challenge: ChallengeHandle<'_>) -> Result<Proof<'a>, Error> {
        let name = challenge.identifier().to_string();
        let mut domains = self.acme.domains().iter();
        let domain = domains.find(|domain| domain.as_str() == name);
        let domain = domain.ok_or_else(|| other(Odd::Name(name)))?;
        let digest = challenge.key_authorization().digest();
        let proof = self.acme.challenges.offer(domain, digest.as_ref());
        let proof = proof.map_err(other)?;
        challenge.set_ready().await?;
        Ok(proof)
    }
}

/// An authority that does what RFC 8555 has not foreseen.
#[derive(Debug, thiserror::Error)]
enum Odd {
    #[error("it wants a proof for {0}, which nobody asked for")]
    Name(String),
    #[error("it does not offer TLS-ALPN-01, the one proof that is made here")]
    NoChallenge,
    #[error("it refuses the order and does not say why")]
    Refused,
}

/// The authority does not know the account's key any more (RFC 8555, section 6.7).
fn is_unknown_account(problem: &Problem) -> bool {
    let kind = problem.r#type.as_deref();
    kind == Some("urn:ietf:params:acme:error:accountDoesNotExist")
}

/// What the authority has to say about an order that it refuses: the words are at the name that was not proved.
async fn refusal(order: &mut Order) -> Error {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else {
            continue;
        };
        let name = state.identifier().to_string();
        let mut problems = state.challenges.iter().filter_map(|it| it.error.clone());
        if let Some(problem) = problems.next() {
            let detail = problem.detail.unwrap_or_default();
            return Error::Api(Problem {
                detail: Some(format!("{name}: {detail}")),
                ..problem
            });
        }
    }
    other(Odd::Refused)
}

/// The error and its causes in one line.
fn describe(error: &Error) -> String {
    let mut text = match error {
        Error::Api(problem) => in_words(problem),
        error => error.to_string(),
    };
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    let line = text.replace(['\r', '\n'], " ");
    line[..line.floor_char_boundary(WORDS)].to_owned()
}

/// A problem as RFC 7807 has it: its words, and its kind for those who look it up.
fn in_words(problem: &Problem) -> String {
    let kind = problem.r#type.as_deref().unwrap_or_default();
    let kind = kind.rsplit(':').next().unwrap_or_default();
    let mut words = problem.detail.clone().unwrap_or_default();
    for subproblem in &problem.subproblems {
        words = format!("{words}; {subproblem}");
    }
    match (words.is_empty(), kind.is_empty()) {
        (_, true) => words,
        (true, _) => kind.to_owned(),
        _ => format!("{words} ({kind})"),
    }
}
