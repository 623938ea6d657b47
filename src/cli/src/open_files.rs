//! How many files the operating system lets this process have open.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Files beside connections: components, the log, the store, listeners.
const OTHERS: u64 = 64;

/// Sees to it that `connections` can be open at once, each with one to the bucket behind it: raises the
/// process's own limit as far as the operating system allows. What is wrong then is returned, for the log.
pub(crate) fn raise_for(connections: usize) -> Option<String> {
    let needed = 2 * connections as u64 + OTHERS;
    let before = getrlimit(Resource::Nofile);
    // No limit is enough.
    let soft = before.current?;
    if soft >= needed {
        return None;
    }
    let mut raised = before.clone();
    raised.current = Some(before.maximum.map_or(needed, |hard| hard.min(needed)));
    let now = match setrlimit(Resource::Nofile, raised.clone()) {
        Ok(()) => raised.current.unwrap_or(soft),
        Err(_) => soft,
    };
    shortage(needed, now, connections)
}

fn shortage(needed: u64, limit: u64, connections: usize) -> Option<String> {
    (limit < needed).then(|| {
        let enough_for = (limit.saturating_sub(OTHERS) / 2).max(1);
        format!(
            "this process may have {limit} files open (ulimit -n), and --max-connections {connections} needs \
             {needed}: beyond {enough_for} viewers connections may fail; raise the limit (LimitNOFILE= in a \
             unit of systemd), or give --max-connections {enough_for}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_limit_is_told_with_what_it_is_enough_for() {
        assert_eq!(shortage(16_448, 16_448, 8192), None);
        let told = shortage(16_448, 256, 8192).unwrap();
        assert!(told.contains("256 files"), "{told}");
        assert!(told.contains("--max-connections 96"), "{told}");
    }
}
