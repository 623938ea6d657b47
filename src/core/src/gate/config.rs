//! What the gate is told: secrets, names, lives, origins.

use alloc::{
    format,
    string::{String, ToString},
};

use super::LOG_HEADER;
use crate::{
    config::{Lookup, Problems},
    cookie,
    cors::{OF_PLAYERS, OF_TRACES, Origins, RequestHeaders, is_token_byte},
    secret::KeyRing,
    token::{playback, session},
};

/// Bounds of a session's life in seconds: below a minute it ends between two segments, beyond a week
/// a stolen one is worth keeping.
const SESSION_SECONDS: core::ops::RangeInclusive<u64> = 60..=604_800;

/// The gate's configuration, read once. `Debug` does not show its secrets.
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) keys: KeyRing,
    pub(super) playback: playback::Rules,
    pub(super) session: session::Rules,
    pub(super) cookie: cookie::Settings,
    pub(super) origins: Origins,
    pub(super) request_headers: RequestHeaders,
    pub(super) log_header: bool,
}

impl Config {
    /// Reads the variables `playback_token_secret` (required),
    /// `playback_token_issuer`, `playback_token_audience`, `session_issuer`, `session_audience`,
    /// `session_cookie_name`, `session_ttl_seconds`, `allowed_origins`, `allowed_headers`, `cookie_partitioned`; and
    /// `log_header`, which a host sets to [`LOG_HEADER`] when it takes that header out of every answer.
    ///
    /// # Errors
    /// All variables that are missing or cannot be used, together.
    pub fn from_lookup(lookup: &dyn Lookup) -> Result<Self, Problems> {
        let mut reader = Reader {
            lookup,
            problems: Problems::default(),
        };
        let keys = reader.keys();
        let playback = playback::Rules {
            issuer: reader.text("playback_token_issuer", "reelgate-portal"),
            audience: reader.text("playback_token_audience", "reelgate-gate"),
        };
        let session = session::Rules {
            issuer: reader.text("session_issuer", "reelgate-gate"),
            audience: reader.text("session_audience", "reelgate-session"),
            life_seconds: reader.session_seconds(),
        };
        if playback.issuer == session.issuer && playback.audience == session.audience {
            let message = "is that of playback tokens, issuer included, so that one would pass for the other; change it";
            reader.problems.add("session_audience", message);
        }
        let cookie = cookie::Settings {
            name: reader.cookie_name(),
            partitioned: reader.flag("cookie_partitioned"),
        };
        let origins = reader.origins();
        let request_headers = reader.request_headers();
        let log_header = reader.log_header();
        match (keys, request_headers) {
            (Some(keys), Some(request_headers)) if reader.problems.0.is_empty() => Ok(Self {
                keys,
                playback,
                session,
                cookie,
                origins,
                request_headers,
                log_header,
            }),
            _ => Err(reader.problems),
        }
    }

    /// Whether the host writes the log from a header of the answer. Where it does not, a refusal is told
    /// nowhere unless the component tells it.
    #[must_use]
    pub fn host_logs(&self) -> bool {
        self.log_header
    }

    /// The secrets that sign and verify.
    #[must_use]
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// What a playback token must say.
    #[must_use]
    pub fn playback_rules(&self) -> &playback::Rules {
        &self.playback
    }

    /// What a session must say.
    #[must_use]
    pub fn session_rules(&self) -> &session::Rules {
        &self.session
    }
}

struct Reader<'a> {
    lookup: &'a dyn Lookup,
    problems: Problems,
}

impl Reader<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.lookup.get(name).filter(|value| !value.is_empty())
    }

    fn keys(&mut self) -> Option<KeyRing> {
        const NAME: &str = "playback_token_secret";
        let Some(text) = self.get(NAME) else {
            self.problems.add(NAME, "is not set; it is the secret, of at least 32 bytes, that the portal signs tokens with");
            return None;
        };
        KeyRing::parse(text)
            .map_err(|error| self.problems.add(NAME, error.to_string()))
            .ok()
    }

    fn text(&self, name: &str, default: &str) -> String {
        self.get(name).unwrap_or_else(|| default.into())
    }

    fn session_seconds(&mut self) -> u64 {
        const NAME: &str = "session_ttl_seconds";
        const DEFAULT: u64 = 21_600;
        let Some(text) = self.get(NAME) else {
            return DEFAULT;
        };
        match text.trim().parse() {
            Ok(seconds) if SESSION_SECONDS.contains(&seconds) => seconds,
            _ => {
                let (least, most) = SESSION_SECONDS.into_inner();
                self.problems.add(
                    NAME,
                    format!("is `{text}`, not a whole number of seconds from {least} to {most}"),
                );
                DEFAULT
            }
        }
    }

    fn cookie_name(&mut self) -> String {
        const NAME: &str = "session_cookie_name";
        let name = self.text(NAME, "reelgate_session");
        if !name.bytes().all(is_token_byte) {
            self.problems.add(
                NAME,
                format!("is `{name}`, but a cookie's name has letters, digits, `-` and `_` only"),
            );
        }
        // Browsers demand Path=/ for it (RFC 6265bis §4.1.3.2), and the cookie belongs to one game.
        if name.to_ascii_lowercase().starts_with("__host-") {
            self.problems.add(NAME, "begins with `__Host-`, which browsers refuse for a cookie with a path; try `__Secure-`");
        }
        name
    }

    fn flag(&mut self, name: &'static str) -> bool {
        match self.get(name).as_deref().map(str::trim) {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => {
                self.problems
                    .add(name, format!("is `{other}`, neither `true` nor `false`"));
                false
            }
        }
    }

    fn origins(&mut self) -> Origins {
        const NAME: &str = "allowed_origins";
        Origins::parse(&self.text(NAME, "")).unwrap_or_else(|errors| {
            for error in errors {
                self.problems.add(NAME, error.to_string());
            }
            Origins::default()
        })
    }

    fn request_headers(&mut self) -> Option<RequestHeaders> {
        let own = [&OF_PLAYERS[..], &OF_TRACES].concat();
        RequestHeaders::from_lookup(&own, self.lookup, &mut self.problems)
    }

    fn log_header(&mut self) -> bool {
        const NAME: &str = "log_header";
        match self.get(NAME) {
            None => false,
            Some(name) if name.eq_ignore_ascii_case(LOG_HEADER) => true,
            Some(name) => {
                self.problems.add(
                    NAME,
                    format!("is `{name}`; the one header the gate offers is `{LOG_HEADER}`"),
                );
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::{collections::BTreeMap, vec::Vec};

    use super::*;

    const SECRET: &str = "reelgate-test-secret-0123456789abcdef";

    fn read(variables: &[(&str, &str)]) -> Result<Config, Problems> {
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        Config::from_lookup(&|name: &str| variables.get(name).map(ToString::to_string))
    }

    fn faults(variables: &[(&str, &str)]) -> Vec<&'static str> {
        let problems = read(variables).unwrap_err();
        problems
            .0
            .into_iter()
            .map(|problem| problem.variable)
            .collect()
    }

    #[test]
    fn defaults_are_those_of_the_table() {
        let config = read(&[("playback_token_secret", SECRET), ("session_issuer", "")]).unwrap();
        assert_eq!(
            (&*config.playback.issuer, &*config.playback.audience),
            ("reelgate-portal", "reelgate-gate")
        );
        assert_eq!(
            (&*config.session.issuer, &*config.session.audience),
            ("reelgate-gate", "reelgate-session")
        );
        assert_eq!(
            (&*config.cookie.name, config.cookie.partitioned),
            ("reelgate_session", false)
        );
        assert_eq!(config.session.life_seconds, 21_600);
        assert_eq!(config.origins, Origins::default());
        assert!(!config.log_header);
    }

    #[test]
    fn every_variable_is_read() {
        let config = read(&[
            ("playback_token_secret", SECRET),
            ("playback_token_issuer", "pi"),
            ("playback_token_audience", "pa"),
            ("session_issuer", "si"),
            ("session_audience", "sa"),
            ("session_cookie_name", "__Secure-s"),
            ("session_ttl_seconds", "60"),
            ("allowed_origins", "https://a.b"),
            ("cookie_partitioned", "true"),
            ("log_header", LOG_HEADER),
        ])
        .unwrap();
        assert_eq!(
            (&*config.playback.issuer, &*config.playback.audience),
            ("pi", "pa")
        );
        assert_eq!(
            (&*config.session.issuer, &*config.session.audience),
            ("si", "sa")
        );
        assert_eq!(
            (&*config.cookie.name, config.cookie.partitioned),
            ("__Secure-s", true)
        );
        assert_eq!(config.session.life_seconds, 60);
        assert_eq!(config.origins, Origins::parse("https://a.b").unwrap());
        assert!(config.log_header);
    }

    #[test]
    fn tokens_and_sessions_may_share_an_issuer_or_an_audience_but_not_both() {
        let secret = ("playback_token_secret", SECRET);
        let (issuer, audience) = (
            ("session_issuer", "reelgate-portal"),
            ("session_audience", "reelgate-gate"),
        );
        assert!(read(&[secret, issuer]).is_ok());
        assert!(read(&[secret, audience]).is_ok());
        assert_eq!(faults(&[secret, issuer, audience]), ["session_audience"]);
    }

    #[test]
    fn all_problems_are_told_together() {
        let faults = faults(&[
            ("session_issuer", "reelgate-portal"),
            ("session_audience", "reelgate-gate"),
            ("session_cookie_name", "a b"),
            ("session_ttl_seconds", "59"),
            ("allowed_origins", "*,x"),
            ("allowed_headers", "*"),
            ("cookie_partitioned", "yes"),
            ("log_header", "server"),
        ]);
        let expected = [
            "playback_token_secret",
            "session_ttl_seconds",
            "session_audience",
            "session_cookie_name",
            "cookie_partitioned",
            "allowed_origins",
            "allowed_origins",
            "allowed_headers",
            "log_header",
        ];
        assert_eq!(faults, expected);
    }

    #[test]
    fn a_message_says_what_is_wrong_and_what_would_be_right() {
        let message = |name: &str, value: &str| {
            let secret = ("playback_token_secret", SECRET);
            read(&[secret, (name, value)]).unwrap_err().to_string()
        };
        assert_eq!(
            message("allowed_origins", "https://A.b/"),
            "allowed_origins holds `https://A.b/`, which no browser sends; write `scheme://host` or \
             `scheme://host:port` in lower case, without path, wildcard or the scheme's own port"
        );
        assert_eq!(
            message("playback_token_secret", "short"),
            "playback_token_secret is shorter than 32 bytes in entry 1; `openssl rand -base64 32` makes a good one"
        );
        assert_eq!(
            message("session_ttl_seconds", "6h"),
            "session_ttl_seconds is `6h`, not a whole number of seconds from 60 to 604800"
        );
    }

    #[test]
    fn single_values_are_bounded() {
        for (name, value) in [
            ("playback_token_secret", "short"),
            ("session_ttl_seconds", "604801"),
            ("session_ttl_seconds", "-1"),
            ("session_ttl_seconds", "6h"),
            ("session_cookie_name", "__Host-s"),
            ("session_cookie_name", "s;"),
        ] {
            assert_eq!(
                faults(&[("playback_token_secret", SECRET), (name, value)]),
                [name],
                "{value}"
            );
        }
        assert!(
            read(&[
                ("playback_token_secret", SECRET),
                ("session_ttl_seconds", "604800")
            ])
            .is_ok()
        );
    }

    #[test]
    fn a_secret_is_in_no_message_and_in_no_debug() {
        let problems = read(&[("playback_token_secret", "hunter2hunter2")]).unwrap_err();
        assert!(!format!("{problems} {problems:?}").contains("hunter2"));
        let config = read(&[("playback_token_secret", SECRET)]).unwrap();
        assert!(!format!("{config:?}").contains("reelgate-test"));
        assert!(format!("{config:?}").contains("[secret]"));
    }
}
