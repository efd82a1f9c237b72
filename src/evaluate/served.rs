//! The shares of calls or number-days that are labelled, withheld and blocked, as served.

use serde::Serialize;

use super::rank::ratio;
use super::samples::ScoredSample;

/// Shares of a group of calls, or of number-days, as served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ServedShares {
    /// Labelled or blocked.
    pub labelled: f64,
    /// Labelled or blocked by a score that rests on the neighbourhood alone.
    pub by_range: f64,
    /// Labelled by a score that would block, since a cap withholds the block.
    pub withheld: f64,
    /// Blocked.
    pub blocked: f64,
}

/// The counts behind the shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ServedCounts {
    /// All calls or number-days.
    pub(super) all: u64,
    labelled: u64,
    by_range: u64,
    withheld: u64,
    blocked: u64,
}

impl ServedCounts {
    /// The counts of samples, each with its calls.
    pub(super) fn of<'a>(samples: impl IntoIterator<Item = &'a ScoredSample>) -> Self {
        let mut counts = Self::default();
        for sample in samples {
            counts.add(sample, sample.calls.into());
        }
        counts
    }

    /// Adds calls that all have the action of a sample.
    pub(super) fn add(&mut self, sample: &ScoredSample, calls: u64) {
        let of = |holds: bool| if holds { calls } else { 0 };
        self.all += calls;
        self.labelled += of(sample.is_labelled());
        self.by_range += of(sample.by_range);
        self.withheld += of(sample.withheld);
        self.blocked += of(sample.is_blocked());
    }

    pub(super) fn shares(&self) -> ServedShares {
        ServedShares {
            labelled: ratio(self.labelled, self.all),
            by_range: ratio(self.by_range, self.all),
            withheld: ratio(self.withheld, self.all),
            blocked: ratio(self.blocked, self.all),
        }
    }
}
