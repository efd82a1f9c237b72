//! What was known at a moment.

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

/// An index that knows what was known at a moment, which moves forward.
#[derive(Debug)]
pub struct History<'a> {
    complaints: &'a Complaints,
    index: Index,
    exchanges: Exchanges,
    /// The next complaint to become known.
    next: usize,
    /// The row that every complaint is folded in as; only what differs is changed.
    row: ReportRow,
}

impl<'a> History<'a> {
    /// Nothing is known yet. The complaints must be sorted.
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

    /// Makes known what came before a moment; gives it, in its order.
    pub fn advance(&mut self, before: Timestamp) -> &'a [Complaint] {
        let rows = self.complaints.rows();
        let from = self.next;
        while let Some(complaint) = rows.get(self.next).filter(|complaint| complaint.received_at < before) {
            self.learn(complaint);
            self.next += 1;
        }
        rows.get(from..self.next).unwrap_or_default()
    }

    /// What is known, as lookups see it.
    #[must_use]
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// The exchanges seen so far.
    #[must_use]
    pub const fn exchanges(&self) -> &Exchanges {
        &self.exchanges
    }

    /// How many complaints are known.
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
