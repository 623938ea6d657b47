//! Secrets shared with whoever mints tokens: read once, used to sign and verify, never shown.

use alloc::{string::String, vec::Vec};
use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Shortest secret in bytes: the length of the hash, below which HMAC-SHA256 loses strength
/// (RFC 7518 §3.2).
pub const MIN_SECRET_BYTES: usize = 32;

/// Length of an HMAC-SHA256 tag in bytes.
pub const TAG_BYTES: usize = 32;

/// What is wrong with the text of a key ring. Entries are counted from 1; neither a secret nor a
/// name is ever repeated, for a name may be a secret in the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadSecret {
    /// An entry has nothing in it, or nothing before its `:`.
    Empty(usize),
    /// An entry's secret is shorter than [`MIN_SECRET_BYTES`].
    Short(usize),
    /// An entry has a second `:`.
    Colon(usize),
    /// One of several entries has no name.
    Unnamed(usize),
    /// An entry has the name of an earlier one.
    Repeated(usize),
}

impl fmt::Display for BadSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty(entry) => write!(f, "has an empty name or secret in entry {entry}"),
            Self::Short(entry) => write!(
                f,
                "is shorter than {MIN_SECRET_BYTES} bytes in entry {entry}; `openssl rand -base64 32` makes a good one"
            ),
            Self::Colon(entry) => write!(
                f,
                "has a second `:` in entry {entry}; a secret holds no `:` and no `,`"
            ),
            Self::Unnamed(entry) => write!(
                f,
                "has no name in entry {entry}; give each of several secrets one: `name1:secret1,name2:secret2`"
            ),
            Self::Repeated(entry) => {
                write!(f, "repeats in entry {entry} the name of an earlier one")
            }
        }
    }
}

impl core::error::Error for BadSecret {}

/// One or more HMAC-SHA256 keys, of which the first signs and all verify.
///
/// Only the state that HMAC derives from a secret is kept, ready to be copied for each message. It is
/// overwritten when dropped, and `Debug` shows nothing of it.
///
/// # Example
/// ```
/// use reelgate_core::secret::KeyRing;
///
/// let keys = KeyRing::parse("k2:the-newer-secret-of-32-bytes-or-more, k1:the-older-secret-of-32-bytes-or-more")?;
/// assert_eq!(keys.signing_name(), Some("k2"));
/// assert_eq!(format!("{keys:?}"), "[secret]");
/// # Ok::<(), reelgate_core::secret::BadSecret>(())
/// ```
#[derive(Clone)]
pub struct KeyRing {
    first: Key,
    /// Further keys for verification; empty where the first has no name.
    rest: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    name: Option<String>,
    state: Hmac<Sha256>,
}

impl KeyRing {
    /// Reads `secret`, or `name1:secret1,name2:secret2`. Blanks around names and secrets are dropped.
    ///
    /// # Errors
    /// [`BadSecret`] when a secret has fewer than 32 bytes or holds `:`, when one of several has no
    /// name, or when two have the same.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadSecret> {
        let text = Zeroizing::new(text.into());
        let several = text.contains(',');
        let mut keys: Vec<Key> = Vec::new();
        for (entry, part) in (1..).zip(text.split(',')) {
            let key = Key::parse(part, entry)?;
            if several && key.name.is_none() {
                return Err(BadSecret::Unnamed(entry));
            }
            if keys.iter().any(|earlier| earlier.name == key.name) {
                return Err(BadSecret::Repeated(entry));
            }
            keys.push(key);
        }
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or(BadSecret::Empty(1))?;
        Ok(Self {
            first,
            rest: keys.collect(),
        })
    }

    /// The name (`kid`) of the key that signs; `None` where there is one plain secret.
    #[must_use]
    pub fn signing_name(&self) -> Option<&str> {
        self.first.name.as_deref()
    }

    /// The tag of `message` under the first key.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; TAG_BYTES] {
        self.first.tag(message).finalize().into_bytes().into()
    }

    /// Whether `tag` is right for `message`, compared in constant time.
    ///
    /// With named keys `name` picks the one to ask, and a name nobody has is refused; without `name`
    /// every key is asked. One plain secret is asked whatever `name` says.
    #[must_use]
    pub fn verify(&self, name: Option<&str>, message: &[u8], tag: &[u8]) -> bool {
        core::iter::once(&self.first)
            .chain(&self.rest)
            .filter(|key| key.answers_to(name))
            .any(|key| key.tag(message).verify_slice(tag).is_ok())
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// One secret as others hand it out: the webhook's, an operator's token.
///
/// Only the state that HMAC derives from it is kept, and `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

impl Secret {
    /// Takes a secret, blanks around it dropped; `None` when nothing is left.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = Zeroizing::new(text.into());
        let secret = text.trim();
        if secret.is_empty() {
            return None;
        }
        // HMAC takes a key of any length (RFC 2104 §3).
        Hmac::new_from_slice(secret.as_bytes()).ok().map(Self)
    }

    /// Takes a secret of at least `least` bytes, blanks around it dropped; `None` when it is shorter.
    #[must_use]
    pub fn at_least(least: usize, text: impl Into<String>) -> Option<Self> {
        let text = Zeroizing::new(text.into());
        (text.trim().len() >= least).then(|| Self::new(text.trim()))?
    }

    /// The HMAC-SHA256 tag of `parts`, one after the other.
    #[must_use]
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; TAG_BYTES] {
        self.of(parts).finalize().into_bytes().into()
    }

    /// Whether `tag` is right for `parts`, compared in constant time.
    #[must_use]
    pub fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.of(parts).verify_slice(tag).is_ok()
    }

    /// Whether `presented` is this secret. Compared are two tags under them, in constant time, so that
    /// neither the place of the first difference nor the length shows.
    #[must_use]
    pub fn is(&self, presented: &str) -> bool {
        Self::new(presented).is_some_and(|other| self.verify(&[], &other.sign(&[])))
    }

    fn of(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let state = self.0.clone();
        parts
            .iter()
            .fold(state, |state, part| state.chain_update(part))
    }
}

/// One secret or several, of which the first signs and all verify: while one is being replaced, both are good.
/// `Debug` shows nothing of them.
#[derive(Clone, Debug)]
pub struct Secrets {
    first: Secret,
    rest: Vec<Secret>,
}

impl Secrets {
    /// Takes secrets of at least `least` bytes each, as [`listed`] finds them; `None` when there is none, or one
    /// is shorter.
    #[must_use]
    pub fn at_least(least: usize, text: impl Into<String>) -> Option<Self> {
        let text = Zeroizing::new(text.into());
        let mut secrets = listed(&text).map(|secret| Secret::at_least(least, secret));
        let first = secrets.next()??;
        let rest = secrets.collect::<Option<_>>()?;
        Some(Self { first, rest })
    }

    /// The tag of `parts`, one after the other, under the first secret.
    #[must_use]
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; TAG_BYTES] {
        self.first.sign(parts)
    }

    /// Whether `tag` is right for `parts` under one of the secrets, each compared in constant time.
    #[must_use]
    pub fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        core::iter::once(&self.first)
            .chain(&self.rest)
            .any(|secret| secret.verify(parts, tag))
    }
}

impl From<Secret> for Secrets {
    fn from(first: Secret) -> Self {
        Self {
            first,
            rest: Vec::new(),
        }
    }
}

/// The secrets of a list, parted by commas, blanks or line breaks, in its order.
pub fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c == ',' || c.is_whitespace())
        .filter(|secret| !secret.is_empty())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Key {
    fn parse(entry: &str, number: usize) -> Result<Self, BadSecret> {
        let (name, secret) = match entry.split_once(':') {
            Some((name, secret)) => (Some(name.trim()), secret.trim()),
            None => (None, entry.trim()),
        };
        if name == Some("") || secret.is_empty() {
            return Err(BadSecret::Empty(number));
        }
        if secret.contains(':') {
            return Err(BadSecret::Colon(number));
        }
        if secret.len() < MIN_SECRET_BYTES {
            return Err(BadSecret::Short(number));
        }
        // HMAC takes a key of any length (RFC 2104 §3); the error has no case to stand for.
        let state =
            Hmac::new_from_slice(secret.as_bytes()).map_err(|_| BadSecret::Empty(number))?;
        Ok(Self {
            name: name.map(String::from),
            state,
        })
    }

    fn answers_to(&self, name: Option<&str>) -> bool {
        match (&self.name, name) {
            (Some(own), Some(asked)) => own == asked,
            _ => true,
        }
    }

    fn tag(&self, message: &[u8]) -> Hmac<Sha256> {
        self.state.clone().chain_update(message)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::*;

    const OLD: &str = "reelgate-test-secret-0123456789abcdef";
    const NEW: &str = "next-reelgate-secret-fedcba9876543210";

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_tag_is_what_others_compute() {
        // Python: hmac.new(b"reelgate-test-secret-0123456789abcdef", b"Hi There", "sha256").hexdigest()
        let keys = KeyRing::parse(OLD).unwrap();
        assert_eq!(
            hex(&keys.sign(b"Hi There")),
            "e5846e942b0bc025eb832f802c50864606b7888ff7f482a83c8c79573b218488"
        );
        // Python: hmac.new(b"a" * 131, b"x", "sha256").hexdigest(), a key longer than the hash's block.
        let keys = KeyRing::parse("a".repeat(131)).unwrap();
        assert_eq!(
            hex(&keys.sign(b"x")),
            "76f0801bdbc0ff29214ffdd6edce36467d4142a842d91a011c59c66d12693db0"
        );
    }

    #[test]
    fn one_plain_secret_ignores_names() {
        let keys = KeyRing::parse(format!("  {OLD}\n")).unwrap();
        let tag = keys.sign(b"message");
        assert_eq!(keys.signing_name(), None);
        assert!(keys.verify(None, b"message", &tag));
        assert!(keys.verify(Some("k9"), b"message", &tag));
        assert!(!keys.verify(None, b"massage", &tag));
        assert!(!keys.verify(None, b"message", &tag[..31]));
        assert!(!keys.verify(None, b"message", &[]));
    }

    #[test]
    fn the_first_named_secret_signs_and_all_verify() {
        let both = KeyRing::parse(format!("k2 : {NEW} , k1:{OLD}")).unwrap();
        let old = KeyRing::parse(format!("k1:{OLD}")).unwrap();
        let tag = old.sign(b"message");
        assert_eq!(both.signing_name(), Some("k2"));
        assert!(both.verify(Some("k1"), b"message", &tag));
        assert!(both.verify(None, b"message", &tag));
        assert!(!both.verify(Some("k2"), b"message", &tag));
        assert!(!both.verify(Some("k9"), b"message", &tag));
        assert!(!both.verify(Some(""), b"message", &tag));
        assert_eq!(
            both.sign(b"message"),
            KeyRing::parse(NEW).unwrap().sign(b"message")
        );
    }

    #[test]
    fn what_could_be_meant_in_two_ways_is_refused() {
        let short = &OLD[..31];
        for (text, expected) in [
            (String::new(), BadSecret::Empty(1)),
            ("  ".to_string(), BadSecret::Empty(1)),
            (short.to_string(), BadSecret::Short(1)),
            (format!("k1:{short}"), BadSecret::Short(1)),
            (format!("k1:{OLD},k2:{short}"), BadSecret::Short(2)),
            (format!("k1:{OLD},{NEW}"), BadSecret::Unnamed(2)),
            (format!("{OLD},{NEW}"), BadSecret::Unnamed(1)),
            (format!("k1:{OLD},"), BadSecret::Empty(2)),
            (format!(":{OLD}"), BadSecret::Empty(1)),
            (format!("k1:{OLD}:x"), BadSecret::Colon(1)),
            (format!("k1:{OLD}, k1 :{NEW}"), BadSecret::Repeated(2)),
        ] {
            assert_eq!(
                KeyRing::parse(text.clone()).map(|_| ()),
                Err(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn a_secret_has_its_least_length_without_the_blanks_around_it() {
        for (text, expected) in [
            ("abcd", true),
            (" abcd\n", true),
            ("abc", false),
            (" abc", false),
            ("", false),
        ] {
            let secret = Secret::at_least(4, text);
            assert_eq!(secret.is_some(), expected, "{text:?}");
            assert!(secret.is_none_or(|secret| secret.is("abcd")), "{text:?}");
        }
    }

    #[test]
    fn of_several_secrets_the_first_signs_and_all_verify() {
        let secrets = |text: &str| Secrets::at_least(4, text);
        let tag = |secret: &str| Secret::new(secret).unwrap().sign(&[b"message"]);
        for text in [
            "abcd,efgh",
            " abcd , efgh,",
            "abcd efgh",
            "abcd\n\tefgh\n",
            ",abcd,,efgh",
        ] {
            let both = secrets(text).unwrap();
            assert_eq!(both.sign(&[b"mess", b"age"]), tag("abcd"), "{text:?}");
            assert!(both.verify(&[b"message"], &tag("abcd")), "{text:?}");
            assert!(both.verify(&[b"message"], &tag("efgh")), "{text:?}");
            assert!(!both.verify(&[b"message"], &tag("abcd,efgh")), "{text:?}");
            assert!(!both.verify(&[b"massage"], &tag("efgh")), "{text:?}");
        }
        let one = secrets("abcd").unwrap();
        assert!(!one.verify(&[b"message"], &tag("efgh")));
        for text in ["", " , \n", "abcd,efg", "abc,efgh", "abc"] {
            assert!(secrets(text).is_none(), "{text:?}");
        }
        let shown = format!("{:?}", secrets("abcd,efgh"));
        assert!(
            !shown.contains("abcd") && !shown.contains("efgh"),
            "{shown}"
        );
    }

    #[test]
    fn a_secret_is_never_shown() {
        let keys = KeyRing::parse(format!("topsecretname:{OLD}")).unwrap();
        assert_eq!(format!("{keys:?}"), "[secret]");
        assert_eq!(format!("{:?}", KeyRing::parse(OLD)), "Ok([secret])");
        for text in [
            format!("{OLD}:k1"),
            format!("k1:{OLD}:{NEW}"),
            format!("{OLD}:{NEW},{OLD}:{NEW}"),
        ] {
            let error = KeyRing::parse(text).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("reelgate"), "{shown}");
        }
    }
}
