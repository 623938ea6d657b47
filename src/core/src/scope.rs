//! Which games a credential opens.

use alloc::{string::String, vec::Vec};

use crate::key::GameId;

/// Most patterns in one `ent` claim. Each is compared on every request.
pub const MAX_PATTERNS: usize = 64;

/// The games a credential opens: one by its id, or any that a list of patterns admits, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    game: Option<String>,
    patterns: Option<Vec<String>>,
}

impl Scope {
    /// A scope of one game (claim `gid`), of patterns (claim `ent`), or of both.
    ///
    /// A pattern is a game id, or a prefix followed by one trailing `*`; a star anywhere else is an
    /// ordinary character. `None` when there is neither, or when there are more than 64 patterns.
    #[must_use]
    pub fn new(game: Option<String>, patterns: Option<Vec<String>>) -> Option<Self> {
        if game.is_none() && patterns.is_none() {
            return None;
        }
        if patterns
            .as_ref()
            .is_some_and(|patterns| patterns.len() > MAX_PATTERNS)
        {
            return None;
        }
        Some(Self { game, patterns })
    }

    /// Whether the scope opens `game`. An empty list of patterns opens nothing.
    #[must_use]
    pub fn admits(&self, game: GameId<'_>) -> bool {
        self.game.as_deref() == Some(game.as_str())
            || self
                .patterns()
                .is_some_and(|patterns| admits(patterns, game))
    }

    /// The one game, as its decimal text where the token held a number.
    #[must_use]
    pub fn game(&self) -> Option<&str> {
        self.game.as_deref()
    }

    /// The patterns; `Some` also when the list is empty.
    #[must_use]
    pub fn patterns(&self) -> Option<&[String]> {
        self.patterns.as_deref()
    }
}

/// Whether one of `patterns` admits `game`, as in the claim `ent`.
pub(crate) fn admits(patterns: &[String], game: GameId<'_>) -> bool {
    patterns.iter().any(|pattern| matches(pattern, game))
}

fn matches(pattern: &str, game: GameId<'_>) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) if !prefix.contains('*') => game.as_str().starts_with(prefix),
        _ => pattern == game.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec};

    use super::*;

    fn admits(scope: &Scope, game: &str) -> bool {
        scope.admits(GameId::new(game).unwrap())
    }

    fn patterns(patterns: &[&str]) -> Scope {
        Scope::new(
            None,
            Some(patterns.iter().map(ToString::to_string).collect()),
        )
        .unwrap()
    }

    #[test]
    fn a_game_opens_itself_alone() {
        let scope = Scope::new(Some("2025001".into()), None).unwrap();
        assert!(admits(&scope, "2025001"));
        assert!(!admits(&scope, "20250010"));
        assert!(!admits(&scope, "202500"));
        assert!(!admits(
            &Scope::new(Some("nfl-*".into()), None).unwrap(),
            "nfl-1"
        ));
        assert!(!admits(
            &Scope::new(Some(String::new()), None).unwrap(),
            "nfl-1"
        ));
    }

    #[test]
    fn one_trailing_star_is_a_pattern_and_no_other() {
        for (pattern, game, expected) in [
            ("nfl-*", "nfl-2025-w1", true),
            ("nfl-*", "nfl-", true),
            ("nfl-*", "nfl", false),
            ("*", "anything", true),
            ("nfl-*-w1", "nfl-2025-w1", false),
            ("nfl-*-w1", "nfl-*-w1", true),
            ("*-w1", "nfl-w1", false),
            ("nfl**", "nfl-1", false),
            ("nfl**", "nfl*1", false),
            ("nfl**", "nfl**", true),
            ("**", "nfl-1", false),
            ("", "nfl-1", false),
            ("nfl-1", "nfl-1", true),
        ] {
            assert_eq!(
                admits(&patterns(&[pattern]), game),
                expected,
                "{pattern} {game}"
            );
        }
    }

    #[test]
    fn either_claim_admits_and_an_empty_list_does_not() {
        let both = Scope::new(Some("a".into()), Some(vec!["b*".into()])).unwrap();
        assert!(admits(&both, "a") && admits(&both, "b1") && !admits(&both, "c"));
        assert!(!admits(&patterns(&[]), "a"));
        let game_with_empty_list = Scope::new(Some("a".into()), Some(vec![])).unwrap();
        assert!(admits(&game_with_empty_list, "a"));
    }

    #[test]
    fn a_scope_is_of_something_and_bounded() {
        assert_eq!(Scope::new(None, None), None);
        assert!(Scope::new(None, Some(vec!["a".into(); MAX_PATTERNS])).is_some());
        assert!(Scope::new(None, Some(vec!["a".into(); MAX_PATTERNS + 1])).is_none());
    }
}
