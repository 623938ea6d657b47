//! Randomness from the host.

/// Sixteen bytes a viewer cannot guess.
#[must_use]
pub fn random() -> [u8; 16] {
    let (high, low) = (
        wasip3::random::random::get_random_u64(),
        wasip3::random::random::get_random_u64(),
    );
    (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
}
