//! What an operator says about a certificate, as types.

use rustls::pki_types::DnsName;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// The name of a host for which a certificate is wanted, in small letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Domain(String);

/// Why a text is no name of a host; says what to give instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// `https://films.example`, `films.example:443`.
    #[error("give the name alone, such as films.example.com")]
    Address,
    /// `*.example`.
    #[error(
        "a wildcard is proved by DNS, which this program does not do: give each name of a host, or files with \
         --tls-cert"
    )]
    Wildcard,
    /// `192.0.2.1`.
    #[error("a certificate is for a name, and this is an address: give films.example.com, say")]
    Ip,
    /// Letters beyond ASCII.
    #[error("give it as DNS has it: the form that begins with xn--")]
    International,
    /// Nothing that DNS takes for a name.
    #[error("this is no name of a host: give films.example.com, say")]
    Syntax,
}

impl Domain {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Domain {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self, DomainError> {
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        if bare.parse::<IpAddr>().is_ok() {
            return Err(DomainError::Ip);
        }
        if text.contains([':', '/', '@']) {
            return Err(DomainError::Address);
        }
        if text.contains('*') {
            return Err(DomainError::Wildcard);
        }
        if !text.is_ascii() {
            return Err(DomainError::International);
        }
        // RFC 1034 has a dot at the end; identifiers of ACME have none.
        if text.ends_with('.') || DnsName::try_from(text).is_err() {
            return Err(DomainError::Syntax);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whom an authority may write to: a `mailto` address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact(String);

/// A text that is no contact; says what to give instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give an address such as mailto:ada@example.com")]
pub struct ContactError;

impl Contact {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Contact {
    type Err = ContactError;

    /// One address without fields (RFC 8555, section 7.3).
    fn from_str(text: &str) -> Result<Self, ContactError> {
        let address = text.strip_prefix("mailto:").ok_or(ContactError)?;
        let is_plain = address.is_ascii() && !address.contains([' ', ',', '?']);
        match address.split_once('@') {
            Some((user, host)) if is_plain && !user.is_empty() && !host.is_empty() => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(ContactError),
        }
    }
}

/// Where an authority says what it has to offer (RFC 8555, section 7.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory(String);

/// A text that is no directory's address; says what to give instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give the directory's address, such as {}", Directory::LETS_ENCRYPT)]
pub struct DirectoryError;

impl Directory {
    /// That of Let's Encrypt.
    pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

    /// Its address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A folder's name for what an authority gave; another one for each authority.
    pub(super) fn folder(&self) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        let piece = |byte: u8| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("_{byte:02x}"),
        };
        let address = self.0.trim_start_matches("https://");
        address.bytes().map(piece).collect()
    }
}

impl Default for Directory {
    fn default() -> Self {
        Self(Self::LETS_ENCRYPT.to_owned())
    }
}

impl FromStr for Directory {
    type Err = DirectoryError;

    /// HTTPS alone (RFC 8555, section 6.1).
    fn from_str(text: &str) -> Result<Self, DirectoryError> {
        let address: http::Uri = text.parse().map_err(|_| DirectoryError)?;
        match (text.starts_with("https://"), address.host()) {
            (true, Some(host)) if !host.is_empty() => Ok(Self(text.to_owned())),
            _ => Err(DirectoryError),
        }
    }
}

impl fmt::Display for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_says_what_to_give() {
        use DomainError::{Address, International, Ip, Syntax, Wildcard};
        for (text, error) in [
            ("https://films.example", Address),
            ("films.example:443", Address),
            ("films.example/", Address),
            ("ada@films.example", Address),
            ("*.films.example", Wildcard),
            ("192.0.2.1", Ip),
            ("2001:db8::1", Ip),
            ("[2001:db8::1]", Ip),
            ("b\u{fc}cher.example", International),
            ("films.example.", Syntax),
            ("films..example", Syntax),
            ("films example", Syntax),
            ("", Syntax),
        ] {
            assert_eq!(text.parse::<Domain>(), Err(error), "{text}");
        }
        let name: Domain = "Films.Example".parse().unwrap();
        assert_eq!(name.as_str(), "films.example");
        assert!("localhost".parse::<Domain>().is_ok());
    }

    #[test]
    fn a_contact_is_one_address() {
        for text in [
            "ada@example.com",
            "mailto:ada",
            "mailto:a@b,c@d",
            "mailto:a@b?subject=c",
        ] {
            assert_eq!(text.parse::<Contact>(), Err(ContactError), "{text}");
        }
        assert!("mailto:ada@example.com".parse::<Contact>().is_ok());
    }

    #[test]
    fn a_directory_is_asked_by_https() {
        for text in ["http://127.0.0.1:14000/dir", "acme.example", "https://"] {
            assert_eq!(text.parse::<Directory>(), Err(DirectoryError), "{text}");
        }
        let pebble: Directory = "https://127.0.0.1:14000/dir".parse().unwrap();
        assert_eq!(pebble.folder(), "127.0.0.1_3a14000_2fdir");
    }
}
