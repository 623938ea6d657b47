//! CEA-708: packets of service blocks.

use std::collections::BTreeSet;

/// The services that were seen.
#[derive(Debug, Default)]
pub(super) struct Services {
    packet: Vec<u8>,
    found: BTreeSet<u8>,
}

impl Services {
    /// Takes two bytes, of which the first may begin a packet.
    pub(super) fn push(&mut self, begins: bool, first: u8, second: u8) {
        if begins {
            self.packet.clear();
        } else if self.packet.is_empty() {
            // The middle of what nobody has seen the beginning of.
            return;
        }
        self.packet.extend([first, second]);
        if self.packet.len() >= size(self.packet[0]) {
            let packet = std::mem::take(&mut self.packet);
            self.read(&packet[1..size(packet[0])]);
        }
    }

    /// The numbers of those that carry something: 1 to 63.
    pub(super) fn found(&self) -> impl Iterator<Item = u8> + '_ {
        self.found.iter().copied()
    }

    /// CEA-708, section 6.2: blocks with a number of three bits and a size of five.
    fn read(&mut self, mut blocks: &[u8]) {
        while let [header, rest @ ..] = blocks {
            let (mut service, size) = (header >> 5, usize::from(header & 0x1f));
            let mut rest = rest;
            if service == 7 && size > 0 {
                let [extended, after @ ..] = rest else { return };
                (service, rest) = (extended & 0x3f, after);
            }
            // Number 0 ends the packet.
            if service == 0 || rest.len() < size {
                return;
            }
            let (block, after) = rest.split_at(size);
            if block.iter().any(|byte| is_shown(*byte)) {
                self.found.insert(service);
            }
            blocks = after;
        }
    }
}

/// Bytes of a packet by its header.
fn size(header: u8) -> usize {
    match usize::from(header & 0x3f) {
        0 => 128,
        pairs => 2 * pairs,
    }
}

/// Characters, of the usual sets; what only makes windows shows nothing.
fn is_shown(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7f | 0xa1..=0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_found_by_their_blocks() {
        let mut services = Services::default();
        // A packet of 6 bytes: a block of service 1 with 3 bytes; the rest is filled.
        for (begins, first, second) in
            [(true, 0x03, 0x23), (false, b'H', b'i'), (false, 0x03, 0x00)]
        {
            services.push(begins, first, second);
        }
        assert_eq!(services.found().collect::<Vec<_>>(), [1]);
        // An empty packet, and the middle of another.
        let mut services = Services::default();
        services.push(false, 0x23, b'H');
        services.push(true, 0x01, 0x00);
        assert_eq!(services.found().count(), 0);
    }
}
