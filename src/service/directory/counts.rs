//! How many numbers match the filters of the last lists, so that the total is not counted again for each page.

use std::collections::VecDeque;

/// The filters whose counts are kept.
const MAX_FILTERS: usize = 16;

/// The counts of the filters that were used last, the latest first.
#[derive(Debug, Default)]
pub(super) struct Counts(VecDeque<(Box<[u8]>, Vec<Counted>)>);

/// How many lines of a part match a filter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    /// The revision of the part.
    pub(super) revision: u64,
    pub(super) count: usize,
}

impl Counts {
    /// The counts of a filter, part by part.
    pub(super) fn of(&mut self, key: &[u8]) -> Option<Vec<Counted>> {
        self.0
            .iter()
            .find(|(known, _)| **known == *key)
            .map(|(_, counted)| counted.clone())
    }

    /// Keeps the counts of a filter.
    pub(super) fn keep(&mut self, key: &[u8], counted: Vec<Counted>) {
        self.0.retain(|(known, _)| **known != *key);
        self.0.truncate(MAX_FILTERS - 1);
        self.0.push_front((key.into(), counted));
    }
}
