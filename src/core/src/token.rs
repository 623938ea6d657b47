//! Credentials: playback tokens and sessions, both HS256 JWTs (RFC 7519 in RFC 7515's compact form), and
//! the RS256 JWTs by which a portal's sign-in service says who asks for them.
//!
//! Nothing else in the project knows how a token looks. What leaves this module as [`Verified`] had a
//! right signature, the right issuer and audience, and was in its time.

use core::ops::Deref;

mod claims;
pub mod identity;
mod inspect;
mod jwt;
mod known;
mod object;
pub mod playback;
mod reason;
pub mod session;
#[cfg(test)]
mod tests;

pub use inspect::{Inspection, Unverified, inspect, read_unverified};
pub use jwt::MAX_TOKEN_BYTES;
pub use known::KnownSessions;
pub use reason::Reason;

/// Claims that were checked. Only the verifiers of [`playback`], [`session`] and [`identity`] make one, so whoever
/// demands it cannot be given anything else.
///
/// ```compile_fail
/// let forged = reelgate_core::token::Verified(());
/// ```
#[derive(Debug)]
pub struct Verified<C>(C);

impl<C> Deref for Verified<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}
