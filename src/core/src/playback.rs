//! Playback for a portal without a back end that mints tokens: its page comes with the JWT of its sign-in
//! service, and gets a playback token.
//!
//! A driver asks [`route`] with the head of a request and gets a [`Question`]. It then finds the keys of the
//! sign-in service with a [`KeyCache`], asks [`Question::permit`], and, where the [`Permit`] is for one game,
//! asks the origin for its manifest. [`Permit::answer`] makes the answer; without a permit there is no token.

mod answers;
mod config;
mod keys;
mod permit;
mod route;
#[cfg(test)]
mod tests;

pub use answers::{Refusal, keys_unavailable, misconfigured};
pub use config::{Config, KeysAddress};
pub use keys::{FETCH_TIME, KeyCache, Plan, WAIT};
pub use permit::Permit;
pub use route::{Question, route, to_origin};
