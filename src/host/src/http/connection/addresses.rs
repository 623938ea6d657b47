//! How many requests one client may have in flight.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The clients of a server, by address.
#[derive(Debug)]
pub(crate) struct Addresses {
    most: usize,
    in_flight: Mutex<HashMap<IpAddr, usize>>,
}

impl Addresses {
    /// No client may have more than `most` requests in flight.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            in_flight: Mutex::default(),
        })
    }

    /// One more request of `address`; `None` when it has too many.
    pub(crate) fn hold(self: &Arc<Self>, address: IpAddr) -> Option<Held> {
        let client = client(address);
        let mut in_flight = self.lock();
        let count = in_flight.entry(client).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Held {
            addresses: Arc::clone(self),
            client,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The network that one client has to itself: of IPv6 a /64.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            Ipv6Addr::from(network).into()
        }
    }
}

/// A request that counts for its client until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    addresses: Arc<Addresses>,
    client: IpAddr,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut in_flight = self.addresses.lock();
        if let Some(count) = in_flight.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                in_flight.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_client_has_a_limit_of_its_own() {
        let addresses = Addresses::new(2);
        let first = addresses.hold(address("192.0.2.1")).unwrap();
        let second = addresses.hold(address("192.0.2.1")).unwrap();
        assert!(addresses.hold(address("192.0.2.1")).is_none());
        assert!(addresses.hold(address("192.0.2.2")).is_some());
        drop(first);
        assert!(addresses.hold(address("192.0.2.1")).is_some());
        drop(second);
        assert!(addresses.lock().is_empty(), "whoever left is forgotten");
    }

    #[test]
    fn a_client_is_an_address_of_ipv4_and_a_network_of_ipv6() {
        let addresses = Addresses::new(1);
        let _held = addresses.hold(address("2001:db8::1")).unwrap();
        assert!(addresses.hold(address("2001:db8::2")).is_none());
        assert!(addresses.hold(address("2001:db8:0:1::1")).is_some());
        let _held = addresses.hold(address("192.0.2.1")).unwrap();
        assert!(addresses.hold(address("::ffff:192.0.2.1")).is_none());
    }
}
