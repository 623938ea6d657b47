//! Connections shared out evenly among the threads.
//!
//! Whichever thread wakes first accepts, and one that is awake already takes several in turn: of sixteen
//! connections it would have most. So the one that accepts gives a connection to the thread that has fewest.

use std::net::{SocketAddr, TcpStream as Socket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A connection on its way to another thread.
pub(crate) type Given = (Socket, SocketAddr, Share);

/// What all threads know of each other.
pub(crate) struct Balance(Vec<Thread>);

struct Thread {
    connections: Arc<AtomicUsize>,
    inbox: UnboundedSender<Given>,
}

/// A connection's part of its thread's count, until this is dropped.
#[derive(Debug)]
pub(crate) struct Share(Arc<AtomicUsize>);

impl Drop for Share {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whose a new connection is.
pub(crate) enum Owner {
    /// The one that accepted it.
    Own(Share),
    /// Another: give it there with [`Balance::give`].
    Other(usize, Share),
}

impl Balance {
    /// One for so many threads, with what each of them is given.
    pub(crate) fn new(threads: usize) -> (Arc<Self>, Vec<UnboundedReceiver<Given>>) {
        let made = (0..threads).map(|_| {
            let (inbox, given) = unbounded_channel();
            let connections = Arc::default();
            (Thread { connections, inbox }, given)
        });
        let (threads, given) = made.unzip();
        (Arc::new(Self(threads)), given)
    }

    /// Whose the next connection is that the thread `own` accepts: the one with fewest, its own where others have
    /// no fewer.
    pub(crate) fn owner(&self, own: usize) -> Owner {
        let count = |number: usize| self.0[number].connections.load(Ordering::Relaxed);
        let fewest = (0..self.0.len()).min_by_key(|number| (count(*number), *number != own));
        let number = fewest.unwrap_or(own);
        let connections = Arc::clone(&self.0[number].connections);
        connections.fetch_add(1, Ordering::Relaxed);
        let share = Share(connections);
        match number == own {
            true => Owner::Own(share),
            false => Owner::Other(number, share),
        }
    }

    /// Gives it there; back when that thread takes no more.
    pub(crate) fn give(&self, number: usize, given: Given) -> Result<(), Given> {
        self.0[number].inbox.send(given).map_err(|error| error.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(balance: &Balance) -> Vec<usize> {
        let counts = balance.0.iter();
        counts
            .map(|thread| thread.connections.load(Ordering::Relaxed))
            .collect()
    }

    #[test]
    fn one_thread_that_accepts_all_keeps_its_share() {
        let (balance, _given) = Balance::new(4);
        let mut kept = Vec::new();
        for _ in 0..16 {
            kept.push(match balance.owner(2) {
                Owner::Own(share) | Owner::Other(_, share) => share,
            });
        }
        assert_eq!(numbers(&balance), [4, 4, 4, 4]);
        // The first was its own, and is free again.
        drop(kept.remove(0));
        assert_eq!(numbers(&balance), [4, 4, 3, 4]);
        assert!(matches!(balance.owner(0), Owner::Other(2, _)));
    }

    #[test]
    fn alone_it_keeps_all() {
        let (balance, _given) = Balance::new(1);
        assert!(matches!(balance.owner(0), Owner::Own(_)));
    }
}
