//! How many files the operating system lets this process have open.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Files beside connections: components, the log, the store, listeners.
const OTHERS: u64 = 64;

/// So many connections are fewer than were asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shortage {
    /// How many can be open at once, each with one to the bucket behind it.
    pub(crate) connections: usize,
    /// What an operator is to know.
    pub(crate) message: String,
}

/// Sees to it that `connections` can be open at once, each with one to the bucket behind it: raises the
/// process's own limit as far as the operating system allows.
pub(crate) fn raise_for(connections: usize) -> Option<Shortage> {
    let needed = 2 * connections as u64 + OTHERS;
    let before = getrlimit(Resource::Nofile);
    // No limit is enough.
    let soft = before.current?;
    if soft >= needed {
        return None;
    }
    let mut raised = before;
    raised.current = Some(before.maximum.map_or(needed, |hard| hard.min(needed)));
    let now = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => raised.current.unwrap_or(soft),
        Err(_) => soft,
    };
    shortage(needed, now, connections)
}

fn shortage(needed: u64, limit: u64, connections: usize) -> Option<Shortage> {
    if limit >= needed {
        return None;
    }
    let enough_for = (limit.saturating_sub(OTHERS) / 2).max(1);
    Some(Shortage {
        // Fewer than `connections`, which are a `usize`.
        connections: usize::try_from(enough_for).unwrap_or(connections),
        message: format!(
            "--max-connections {connections} needs {needed} open files, and this process may have {limit} \
             (ulimit -n): it goes on with --max-connections {enough_for}; raise the limit (LimitNOFILE= in a \
             unit of systemd) for more"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_limit_is_told_with_what_it_is_enough_for() {
        assert_eq!(shortage(16_448, 16_448, 8192), None);
        let Shortage {
            connections,
            message,
        } = shortage(16_448, 256, 8192).unwrap();
        assert_eq!(connections, 96);
        assert!(message.contains("may have 256"), "{message}");
        assert!(message.contains("with --max-connections 96"), "{message}");
    }
}
