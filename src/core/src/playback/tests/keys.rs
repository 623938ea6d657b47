use super::*;

const KNOWN: Option<&str> = Some("a");
const UNKNOWN: Option<&str> = Some("rotated");

fn at(seconds: u64) -> UnixTime {
    UnixTime(NOW.0 + seconds)
}

fn word(plan: &Plan) -> String {
    match plan {
        Plan::Use(_) => "use".into(),
        Plan::Fetch => "fetch".into(),
        Plan::Wait => "wait".into(),
        Plan::Unavailable { retry_after } => format!("unavailable {retry_after}"),
    }
}

/// A cache with keys that were fetched at second 0.
fn filled() -> KeyCache {
    let mut cache = KeyCache::new();
    assert_eq!(word(&cache.plan(KNOWN, at(0))), "fetch");
    assert!(cache.fetched(Some(key_set()), at(0)).is_ok());
    cache
}

#[test]
fn keys_are_fetched_every_ten_minutes() {
    let mut cache = filled();
    for seconds in [0, 1, 599] {
        assert_eq!(word(&cache.plan(KNOWN, at(seconds))), "use", "{seconds}");
    }
    assert_eq!(word(&cache.plan(KNOWN, at(600))), "fetch");
    // Who comes meanwhile is answered with what there is.
    assert_eq!(word(&cache.plan(KNOWN, at(600))), "use");
    assert!(cache.fetched(Some(key_set()), at(601)).is_ok());
    assert_eq!(word(&cache.plan(KNOWN, at(1200))), "use");
}

#[test]
fn an_unknown_name_is_looked_up_once_a_minute() {
    let mut cache = filled();
    assert_eq!(word(&cache.plan(UNKNOWN, at(5))), "fetch");
    // Others with that name wait for what comes of it; the rest go on.
    assert_eq!(word(&cache.plan(UNKNOWN, at(5))), "wait");
    assert_eq!(word(&cache.plan(KNOWN, at(5))), "use");
    assert!(cache.fetched(Some(key_set()), at(6)).is_ok());
    for seconds in [6, 30, 64] {
        assert_eq!(word(&cache.plan(UNKNOWN, at(seconds))), "use", "{seconds}");
    }
    assert_eq!(word(&cache.plan(UNKNOWN, at(65))), "fetch");
}

#[test]
fn a_service_that_is_down_stops_nobody_for_an_hour() {
    let mut cache = filled();
    assert_eq!(word(&cache.plan(KNOWN, at(600))), "fetch");
    assert!(cache.fetched(None, at(605)).is_ok());
    // It is asked again once a minute.
    for (seconds, expected) in [(606, "use"), (664, "use"), (665, "fetch")] {
        assert_eq!(word(&cache.plan(KNOWN, at(seconds))), expected, "{seconds}");
    }
    assert!(cache.fetched(None, at(3590)).is_ok());
    assert_eq!(word(&cache.plan(KNOWN, at(3599))), "use");
    // Then its keys are too old to be believed.
    assert_eq!(word(&cache.plan(KNOWN, at(3600))), "fetch");
    assert_eq!(cache.fetched(None, at(3601)).err(), Some(5));
    assert_eq!(word(&cache.plan(KNOWN, at(3603))), "unavailable 3");
    assert_eq!(word(&cache.plan(KNOWN, at(3606))), "fetch");
}

#[test]
fn one_at_a_time_fetches() {
    let mut cache = KeyCache::new();
    assert_eq!(word(&cache.plan(KNOWN, at(0))), "fetch");
    assert_eq!(word(&cache.plan(KNOWN, at(0))), "wait");
    assert_eq!(word(&cache.plan(None, at(9))), "wait");
    // Whoever fetched was stopped on the way: somebody else takes over.
    assert_eq!(word(&cache.plan(KNOWN, at(10))), "fetch");
    assert_eq!(cache.fetched(None, at(12)).err(), Some(5));
    assert_eq!(word(&cache.plan(KNOWN, at(12))), "unavailable 5");
}

#[test]
fn a_clock_that_is_set_back_harms_nothing() {
    let mut cache = filled();
    assert_eq!(word(&cache.plan(KNOWN, UnixTime(0))), "use");
}
