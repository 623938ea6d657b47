//! The gate: who may see what, decided before the bucket is asked.
//!
//! [`decide`] looks at a request and makes a [`Decision`]: either a [`Reply`] of the gate's own, or a
//! [`Pass`], without which nothing can be forwarded. Both turn themselves into answers.

mod common;
mod config;
mod credential;
mod decide;
mod log;
mod pass;
mod reply;
mod route;
#[cfg(test)]
mod tests;

pub use common::{LOG_HEADER, NO_STORE, add_common};
pub use config::Config;
pub use decide::{Decision, decide, decide_with};
pub use log::LogFields;
pub use pass::{Pass, passed_on, reads};
pub use reply::{Outcome, Reply, SessionInfo, misconfigured};
pub use route::Route;

pub use crate::token::Reason;
