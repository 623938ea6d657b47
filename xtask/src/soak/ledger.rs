//! What the host acknowledged, so that it can be looked for afterwards.

use std::collections::BTreeMap;

use super::verdict::Kept;

/// Progress in thousandths of a percent: whole numbers can be compared.
pub(super) type Progress = u32;

/// Videos by id, each with the greatest progress that was acknowledged.
pub(super) type Catalog = BTreeMap<String, Progress>;

/// Acknowledged changes: registrations and reports.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Ledger {
    videos: Catalog,
    acknowledged: usize,
    refused: usize,
}

impl Ledger {
    /// The host said that the video is registered.
    pub(super) fn registered(&mut self, id: &str) {
        self.reported(id, 0);
    }

    /// The host said that it took a report of so much progress.
    pub(super) fn reported(&mut self, id: &str, progress: Progress) {
        self.acknowledged += 1;
        let greatest = self.videos.entry(id.to_owned()).or_insert(progress);
        *greatest = (*greatest).max(progress);
    }

    /// A change was not acknowledged: it may or may not have come to pass.
    pub(super) fn refused(&mut self) {
        self.refused += 1;
    }

    /// Changes that were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.acknowledged
    }

    /// Changes that were not.
    pub(super) fn not_acknowledged(&self) -> usize {
        self.refused
    }

    /// Takes over what another one wrote down.
    pub(super) fn join(&mut self, other: &Self) {
        for (id, progress) in &other.videos {
            let greatest = self.videos.entry(id.clone()).or_insert(*progress);
            *greatest = (*greatest).max(*progress);
        }
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
    }

    /// Polling for all of it. A video that is missing, or behind its last acknowledged report, counts once.
    pub(super) fn hold_against(&self, catalog: &Catalog) -> Kept {
        let is_there = |(id, progress): &(&String, &Progress)| {
            catalog.get(*id).is_some_and(|found| found >= *progress)
        };
        let there = self.videos.iter().filter(is_there).count();
        Kept {
            acknowledged: self.acknowledged,
            lost: self.videos.len() - there,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Catalog, Ledger};

    #[test]
    fn what_is_missing_or_behind_is_lost() {
        let mut ledger = Ledger::default();
        ledger.registered("a");
        ledger.registered("b");
        let mut other = Ledger::default();
        other.reported("a", 2);
        other.reported("a", 1);
        other.refused();
        ledger.join(&other);
        assert_eq!((ledger.acknowledged(), ledger.not_acknowledged()), (4, 1));
        let lost = |rows: &[(&str, u32)]| {
            let catalog: Catalog = rows
                .iter()
                .map(|(id, progress)| ((*id).to_owned(), *progress))
                .collect();
            ledger.hold_against(&catalog).lost
        };
        assert_eq!(lost(&[("a", 2), ("b", 0), ("c", 1)]), 0);
        assert_eq!(lost(&[("a", 1), ("b", 3)]), 1);
        assert_eq!(lost(&[]), 2);
    }
}
