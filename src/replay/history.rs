//! The knowledge at a time.

use std::sync::Arc;

use super::complaints::{Complaint, Complaints};
use super::exchange::Exchanges;
use crate::domain::ids::ReportId;
use crate::domain::kinds::Source;
use crate::domain::model::ScoreModel;
use crate::domain::report::ReportRow;
use crate::domain::state::NumberState;
use crate::domain::time::Timestamp;
use crate::index::Index;
use crate::number::E164;

/// An index with the knowledge at a time, which moves forward.
#[derive(Debug)]
pub struct ReplayHistory<'a> {
    complaints: &'a Complaints,
    index: Index,
    exchanges: Exchanges,
    /// The index of the first complaint that is not yet known.
    next: usize,
    /// The row that is folded for every complaint; only the different fields are changed.
    row: ReportRow,
}

impl<'a> ReplayHistory<'a> {
    /// An empty history. The complaints must be sorted.
    #[must_use]
    pub fn new(complaints: &'a Complaints, model: Arc<ScoreModel>) -> Self {
        let mut row = ReportRow::tombstone(ReportId::numbered(0), Timestamp::EARLIEST);
        row.weight = model.fold.weights.weight(Source::RegulatorFeed, None);
        row.body.source = Source::RegulatorFeed;
        Self {
            complaints,
            index: Index::new(model),
            exchanges: Exchanges::default(),
            next: 0,
            row,
        }
    }

    /// Makes all complaints before a time known, and returns them in order.
    pub fn advance(&mut self, before: Timestamp) -> &'a [Complaint] {
        let rows = self.complaints.rows();
        let from = self.next;
        while let Some(complaint) = rows.get(self.next).filter(|complaint| complaint.received_at < before) {
            self.learn(complaint);
            self.next += 1;
        }
        rows.get(from..self.next).unwrap_or_default()
    }

    /// The index, as lookups see it.
    #[must_use]
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// The exchanges so far.
    #[must_use]
    pub const fn exchanges(&self) -> &Exchanges {
        &self.exchanges
    }

    /// The number of known complaints.
    #[must_use]
    pub const fn known(&self) -> usize {
        self.next
    }

    fn learn(&mut self, complaint: &Complaint) {
        self.row.body.occurred_at = complaint.occurred_at;
        self.row.body.category = complaint.category;
        self.row.body.area = self.complaints.area_of(complaint).cloned();
        self.row.received_at = complaint.received_at;
        let (version, mut state) = self.record(complaint.number);
        state.evidence.fold_in(&self.row, &self.index.model().fold);
        self.exchanges.note(complaint.number);
        self.index.apply(complaint.number, version + 1, Some(state));
    }

    fn record(&self, number: E164) -> (u64, NumberState) {
        self.index.record(number).unwrap_or_else(|| {
            let state = NumberState {
                evidence_version: self.index.model().fold.evidence_version(),
                rows: 1,
                buckets: 1,
                ..NumberState::default()
            };
            (0, state)
        })
    }
}
