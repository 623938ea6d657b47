//! How the instances of one worker are divided among its components.
//!
//! An instance is held until the head of an answer is made, and a client can make that take long: by a body
//! that does not come. So no component can take another's room, and the gate, for which viewers wait, has
//! as much as all others together.

/// Memories that are kept for what is on no route: the schedule, and questions at the start.
const RESERVED: u32 = 64;

/// What a component needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    /// Memories of one instance.
    pub(crate) memories: u32,
    /// Whether viewers wait for it.
    pub(crate) is_gate: bool,
}

/// How many instances each of `needs` may have on one of `workers`, where a process has `memories`: at least
/// one.
pub(crate) fn instances(needs: &[Need], memories: u32, workers: usize) -> Vec<usize> {
    let workers = u32::try_from(workers).unwrap_or(u32::MAX).max(1);
    let room = memories.saturating_sub(RESERVED) / workers;
    let gates = needs.iter().filter(|need| need.is_gate).count();
    let others = needs.len() - gates;
    let share = |need: &Need| {
        let (part, among) = match (need.is_gate, gates, others) {
            (_, 0, _) | (_, _, 0) => (room, needs.len()),
            (true, ..) => (room / 2, gates),
            (false, ..) => (room / 2, others),
        };
        let each = part as usize / among.max(1);
        (each / need.memories.max(1) as usize).max(1)
    };
    needs.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(memories: u32, is_gate: bool) -> Need {
        Need { memories, is_gate }
    }

    #[test]
    fn the_gate_has_half_and_the_others_share_the_rest() {
        let needs = [need(2, true), need(3, false), need(4, false)];
        assert_eq!(instances(&needs, 4096, 2), [504, 168, 126]);
    }

    #[test]
    fn who_is_alone_has_all() {
        assert_eq!(instances(&[need(14, false)], 4096, 1), [288]);
        assert_eq!(instances(&[need(2, true)], 4096, 1), [2016]);
        assert_eq!(instances(&[], 4096, 1), [0_usize; 0]);
    }

    #[test]
    fn together_they_take_no_more_than_there_is() {
        for workers in 1..40 {
            let needs = [need(2, true), need(2, true), need(3, false), need(5, false)];
            let taken = instances(&needs, 4096, workers).into_iter().zip(needs);
            let taken: usize = taken
                .map(|(count, need)| count * need.memories as usize)
                .sum();
            assert!(
                taken * workers <= 4096 - RESERVED as usize,
                "{workers}: {taken}"
            );
        }
    }

    #[test]
    fn everybody_has_one() {
        assert_eq!(
            instances(&[need(2, true), need(30, false)], 256, 256),
            [1, 1]
        );
    }
}
