//! `reelgate token inspect`.

use std::{
    fmt::Write as _,
    io::{self, Read as _},
};

use reelgate_core::{
    config::Problems,
    time::UnixTime,
    token::{Inspection, Reason, inspect, read_unverified},
};
use serde_json::{Value, json};

use super::{gate_config, now};
use crate::{
    exit::{self, Failure, Kind},
    settings::{Settings, SettingsArgs},
};

/// Claims that are times (RFC 7519 §4.1), and what they mean.
const TIMES: [(&str, &str); 3] = [("iat", "issued"), ("nbf", "not before"), ("exp", "expires")];

/// Arguments of `reelgate token inspect`.
#[derive(clap::Args)]
pub(super) struct InspectArgs {
    /// The token; - reads it from stdin
    #[arg(value_name = "JWT", allow_hyphen_values = true)]
    token: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// A token taken apart.
struct Shown {
    header: Value,
    claims: Value,
    /// As a playback token and as a session; or why neither was tried.
    verdicts: Result<Inspection, Problems>,
    now: UnixTime,
}

/// Prints what the token says and what the gate would say to it. One that it would not take is a failure.
pub(super) fn run(args: &InspectArgs) -> Result<(), Failure> {
    let settings = Settings::read(&args.settings)?;
    let token = token(&args.token)?;
    let now = now();
    let text = read_unverified(&token).map_err(no_token)?;
    let value = |json: &str| serde_json::from_str(json).unwrap_or(Value::Null);
    let verdicts = match gate_config(&settings) {
        Ok(gate) => {
            let (playback, session) = (gate.playback_rules(), gate.session_rules());
            Ok(inspect(&token, gate.keys(), playback, session, now).map_err(no_token)?)
        }
        Err(problems) => Err(problems),
    };
    let shown = Shown {
        header: value(&text.header),
        claims: value(&text.claims),
        verdicts,
        now,
    };
    let result = if args.json {
        shown.json().to_string()
    } else {
        shown.text()
    };
    exit::print(result.trim_end())?;
    shown.accepted()
}

impl Shown {
    /// Whether the gate would take it: nothing is said against one that could not be checked.
    fn accepted(&self) -> Result<(), Failure> {
        match &self.verdicts {
            Ok(Inspection {
                as_playback: Err(playback),
                as_session: Err(session),
                ..
            }) => Err(Failure::new(
                Kind::Failed,
                format!(
                    "the gate does not take it: as a playback token {}, as a session {}",
                    playback.as_str(),
                    session.as_str()
                ),
            )),
            _ => Ok(()),
        }
    }

    fn times(&self) -> impl Iterator<Item = (&'static str, &'static str, UnixTime)> + '_ {
        TIMES.into_iter().filter_map(|(claim, meaning)| {
            let seconds = self
                .claims
                .get(claim)?
                .as_f64()
                .filter(|seconds| *seconds >= 0.0)?;
            Some((claim, meaning, UnixTime(seconds as u64)))
        })
    }

    fn json(&self) -> Value {
        let times = self
            .times()
            .map(|(claim, _, at)| (claim.to_owned(), json!(at.to_rfc3339())));
        let (verified, playback, session, problem) = match &self.verdicts {
            Ok(Inspection {
                as_playback: playback,
                as_session: session,
                ..
            }) => {
                let verified = playback.is_ok() || session.is_ok();
                (
                    json!(verified),
                    json!(word(playback)),
                    json!(word(session)),
                    Value::Null,
                )
            }
            Err(problems) => (
                Value::Null,
                Value::Null,
                Value::Null,
                json!(problems.to_string()),
            ),
        };
        json!({
            "header": self.header,
            "claims": self.claims,
            "times": Value::Object(times.collect()),
            "verified": verified,
            "playback": playback,
            "session": session,
            "not_checked": problem,
        })
    }

    fn text(&self) -> String {
        let mut text = format!("header  {}\nclaims  {}\n", self.header, self.claims);
        for (_, meaning, at) in self.times() {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{meaning}: {} ({})",
                at.to_rfc3339(),
                distance(at, self.now)
            );
        }
        match &self.verdicts {
            Ok(Inspection {
                as_playback,
                as_session,
                ..
            }) => {
                let (playback, session) = (word(as_playback), word(as_session));
                let _ = writeln!(
                    text,
                    "as a playback token: {playback}\nas a session: {session}"
                );
            }
            Err(problems) => {
                let _ = writeln!(text, "not checked: {problems}");
            }
        }
        text
    }
}

fn word(verdict: &Result<(), Reason>) -> &'static str {
    verdict.map_or_else(Reason::as_str, |()| "valid")
}

fn distance(at: UnixTime, now: UnixTime) -> String {
    match at.0.checked_sub(now.0) {
        Some(0) => "just now".to_owned(),
        Some(seconds) => format!("in {seconds} s"),
        None => format!("{} s ago", now.0 - at.0),
    }
}

fn token(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.trim().to_owned());
    }
    let mut token = String::new();
    let read = io::stdin().lock().read_to_string(&mut token);
    read.map_err(|error| Failure::new(Kind::Failed, error).with_help("write the token to stdin"))?;
    Ok(token.trim().to_owned())
}

fn no_token(reason: Reason) -> Failure {
    Failure::new(Kind::Failed, format!("that is no token: {reason}")).with_help(
        "give the whole token: three parts of base64url with dots between them, as `token mint` prints it",
    )
}

#[cfg(test)]
mod tests {
    use reelgate_core::token::Unverified;

    use super::*;

    fn shown(verdicts: [Result<(), Reason>; 2]) -> Shown {
        let [as_playback, as_session] = verdicts;
        let (header, claims) = (String::new(), String::new());
        let unverified = Unverified { header, claims };
        Shown {
            header: json!({"alg": "HS256"}),
            claims: json!({"gid": "7", "exp": 1_760_000_900, "iat": 1_760_000_000.5}),
            verdicts: Ok(Inspection {
                unverified,
                as_playback,
                as_session,
            }),
            now: UnixTime(1_760_000_100),
        }
    }

    #[test]
    fn times_and_verdicts_are_put_in_words() {
        // The times by `date -u -d @1760000900 +%FT%TZ`.
        assert_eq!(
            shown([Ok(()), Err(Reason::TokenIssuer)]).text(),
            "header  {\"alg\":\"HS256\"}\n\
             claims  {\"exp\":1760000900,\"gid\":\"7\",\"iat\":1760000000.5}\n\
             issued: 2025-10-09T08:53:20Z (100 s ago)\n\
             expires: 2025-10-09T09:08:20Z (in 800 s)\n\
             as a playback token: valid\n\
             as a session: token_issuer\n"
        );
    }

    #[test]
    fn what_is_now_is_neither_before_nor_after() {
        let now = UnixTime(1_760_000_000);
        assert_eq!(distance(now, now), "just now");
        assert_eq!(distance(UnixTime(1_760_000_001), now), "in 1 s");
        assert_eq!(distance(UnixTime(1_759_999_999), now), "1 s ago");
    }

    #[test]
    fn what_the_gate_does_not_take_is_a_failure() {
        let bad = || Err(Reason::TokenExpired);
        assert!(shown([Ok(()), bad()]).accepted().is_ok());
        assert!(shown([bad(), Ok(())]).accepted().is_ok());
        let failure = shown([bad(), Err(Reason::TokenIssuer)])
            .accepted()
            .unwrap_err();
        assert_eq!(
            failure.summary(),
            "the gate does not take it: as a playback token token_expired, as a session token_issuer"
        );
    }

    #[test]
    fn json_tells_the_same() {
        let json = shown([Err(Reason::TokenExpired), Err(Reason::TokenIssuer)]).json();
        assert_eq!(json["verified"], json!(false));
        assert_eq!(json["playback"], json!("token_expired"));
        assert_eq!(json["times"]["exp"], json!("2025-10-09T09:08:20Z"));
    }

    #[test]
    fn without_a_secret_the_token_is_shown_all_the_same() {
        let mut problems = Problems::default();
        problems.add("playback_token_secret", "is not set");
        let shown = Shown {
            verdicts: Err(problems),
            ..shown([Ok(()), Ok(())])
        };
        assert!(
            shown
                .text()
                .ends_with("not checked: playback_token_secret is not set\n")
        );
        assert_eq!(shown.json()["verified"], Value::Null);
        assert!(shown.accepted().is_ok());
    }
}
