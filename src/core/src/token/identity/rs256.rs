//! RSASSA-PKCS1-v1_5 with SHA-256, verifying only (RFC 8017 §8.2.2). There is no private key here.

use core::ops::RangeInclusive;

use rsa::{BoxedUint, Pkcs1v15Sign, RsaPublicKey, traits::SignatureScheme as _};
use sha2::{Digest as _, Sha256};

/// Sizes of a modulus in bits that are taken. RFC 7518 §3.3 demands 2,048; beyond 8,192 a signature costs
/// more than a request is worth.
const MODULUS_BITS: RangeInclusive<usize> = 2048..=8192;

/// The least public exponent (FIPS 186-5 §5.4); everybody uses it.
const MIN_EXPONENT: u64 = 65_537;

/// The longest exponent in bytes; a longer one makes every signature dear.
const MAX_EXPONENT_BYTES: usize = 4;

/// A key that verifies.
#[derive(Clone, Debug)]
pub(super) struct PublicKey(RsaPublicKey);

impl PublicKey {
    /// A key of a modulus and an exponent, both big-endian. `None` when one is out of bounds or even.
    pub(super) fn new(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let (modulus, exponent) = (without_zeros(modulus), without_zeros(exponent));
        if exponent.len() > MAX_EXPONENT_BYTES || modulus.len() > MODULUS_BITS.end() / 8 {
            return None;
        }
        let exponent = exponent
            .iter()
            .fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        if exponent < MIN_EXPONENT {
            return None;
        }
        let precision = u32::try_from(modulus.len().next_multiple_of(8) * 8).ok()?;
        let modulus = BoxedUint::from_be_slice(modulus, precision).ok()?;
        let exponent = BoxedUint::from(exponent);
        RsaPublicKey::new_with_size_limits(modulus, exponent, MODULUS_BITS)
            .ok()
            .map(Self)
    }

    /// Whether `signature` is this key's for `message`.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let hash = Sha256::digest(message);
        Pkcs1v15Sign::new::<Sha256>()
            .verify(&self.0, &hash, signature)
            .is_ok()
    }
}

/// RFC 7518 §2 asks for the shortest form of a number; a leading zero, as some write it, changes nothing.
fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}
