//! The wall clock.

use reelgate_core::time::UnixTime;

/// The time now. A clock set before 1970 counts as 1970, where every credential is not yet valid.
#[must_use]
pub fn now() -> UnixTime {
    let instant = wasip3::clocks::system_clock::now();
    UnixTime(u64::try_from(instant.seconds).unwrap_or(0))
}
