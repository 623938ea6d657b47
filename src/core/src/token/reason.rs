//! Why a credential was refused.

use core::fmt;

/// Why a credential, or a request without one, was refused. The names are stable: they are in the log,
/// and in the header `X-Reelgate-Reason` for pages of an allowed origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nothing was presented.
    NoCredential,
    /// Not three parts of unpadded base64url in at most 8 KiB, not JSON objects, a member twice, or `crit`.
    TokenMalformed,
    /// `alg` is not exactly the one that such a token has: `HS256`, or `RS256` for a portal's.
    TokenAlgorithm,
    /// `kid` names no key of the issuer's.
    TokenKey,
    /// No secret gives this signature, or `kid` names none.
    TokenSignature,
    /// `exp` is reached.
    TokenExpired,
    /// `exp` is further away than such a credential may live.
    TokenLifetime,
    /// A claim is missing or of the wrong type, or the claims are too long for a session cookie.
    TokenClaims,
    /// `nbf` or `iat` is in the future.
    TokenNotYetValid,
    /// `iss` is another.
    TokenIssuer,
    /// `aud` does not hold ours.
    TokenAudience,
    /// `azp` is none of the parties that may ask.
    TokenParty,
    /// `sts` says that the sign-in is not complete.
    TokenNotActive,
    /// Good, but without the permission to watch.
    NoPermission,
    /// Good, but it opens no game.
    NoEntitlements,
    /// Good, but for other games.
    WrongGame,
}

impl Reason {
    /// Every reason, in the order in which a token is checked.
    pub const ALL: [Self; 16] = [
        Self::NoCredential,
        Self::TokenMalformed,
        Self::TokenAlgorithm,
        Self::TokenKey,
        Self::TokenSignature,
        Self::TokenExpired,
        Self::TokenLifetime,
        Self::TokenClaims,
        Self::TokenNotYetValid,
        Self::TokenIssuer,
        Self::TokenAudience,
        Self::TokenParty,
        Self::TokenNotActive,
        Self::NoPermission,
        Self::NoEntitlements,
        Self::WrongGame,
    ];

    /// The stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoCredential => "no_credential",
            Self::TokenMalformed => "token_malformed",
            Self::TokenAlgorithm => "token_algorithm",
            Self::TokenKey => "token_key",
            Self::TokenSignature => "token_signature",
            Self::TokenExpired => "token_expired",
            Self::TokenLifetime => "token_lifetime",
            Self::TokenClaims => "token_claims",
            Self::TokenNotYetValid => "token_not_yet_valid",
            Self::TokenIssuer => "token_issuer",
            Self::TokenAudience => "token_audience",
            Self::TokenParty => "token_party",
            Self::TokenNotActive => "token_not_active",
            Self::NoPermission => "no_permission",
            Self::NoEntitlements => "no_entitlements",
            Self::WrongGame => "wrong_game",
        }
    }

    /// The reason of that name; `None` where there is none.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for Reason {}
