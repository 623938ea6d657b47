//! Every wait ends: with what was waited for, or with a failure that names it.

use std::time::Duration;

/// Enough for anything on a busy machine, short enough to be waited for by a person.
pub const USUAL: Duration = Duration::from_secs(60);

/// Waits for `future`.
///
/// # Panics
///
/// After [`USUAL`], naming `what` did not happen.
#[track_caller]
pub fn within<F: Future>(what: &str, future: F) -> impl Future<Output = F::Output> {
    within_time(USUAL, what, future)
}

/// Waits for `future`, `limit` at most.
///
/// # Panics
///
/// After `limit`, naming `what` did not happen.
#[track_caller]
pub fn within_time<F: Future>(
    limit: Duration,
    what: &str,
    future: F,
) -> impl Future<Output = F::Output> {
    let caller = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(limit, future).await {
            Ok(output) => output,
            Err(_) => panic!("{what}: not within {} s ({caller})", limit.as_secs()),
        }
    }
}
