//! What must hold after a number was erased, though nothing else of it is kept: reports that were withdrawn do not count when
//! they come again, nor do reports of calls before its reset. The number and the ids of its reports are there as keyed hashes.

use super::ids::NumberHash;
use super::report::{ReportRow, RowState};
use super::retention::KeptSince;
use super::state::Submitted;
use super::time::Timestamp;
use super::unknown_fields::UnknownFields;

/// The most withdrawn reports of an erased number that are remembered; the oldest are forgotten first.
pub const MAX_WITHDRAWN: usize = 1_000;

/// What is remembered of an erased number.
#[derive(Clone, Debug, PartialEq)]
pub struct ErasedNumber {
    /// The number.
    pub number: NumberHash,
    /// Reports of calls before this moment do not count.
    pub reset_before: Option<Timestamp>,
    /// Its withdrawn reports, oldest first: whether each of them may come back, under the hash of its id, and no content.
    pub withdrawn: Vec<ReportRow>,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

impl ErasedNumber {
    /// The record of a number before anything is remembered.
    #[must_use]
    pub fn new(number: NumberHash) -> Self {
        Self {
            number,
            reset_before: None,
            withdrawn: Vec::new(),
            unknown_fields: UnknownFields::default(),
        }
    }

    /// Whether there is nothing to remember.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.reset_before.is_none() && self.withdrawn.is_empty()
    }

    /// Adds what is to be remembered of an erasure, under a secret key of the store.
    pub fn remember(&mut self, key: &[u8; 32], reset_before: Option<Timestamp>, rows: &[ReportRow]) {
        self.reset_before = self.reset_before.max(reset_before);
        for row in rows.iter().filter(|row| row.state != RowState::Live) {
            let id = row.id.of_erased(key, self.number);
            self.withdrawn.retain(|known| known.id != id);
            self.withdrawn.push(ReportRow {
                state: row.state,
                revision: row.revision,
                sender: row.sender,
                withdrawn_by_decision: row.withdrawn_by_decision,
                ..ReportRow::tombstone(id, row.arrived_at)
            });
        }
        self.withdrawn.sort_by_key(|row| row.arrived_at);
        let surplus = self.withdrawn.len().saturating_sub(MAX_WITHDRAWN);
        self.withdrawn.drain(..surplus);
    }

    /// Why a report does not count, though its number has no row of it; none if it does. `decides` says whether its sender
    /// decides on reports of others.
    #[must_use]
    pub fn withholds(&self, key: &[u8; 32], row: &ReportRow, decides: bool) -> Option<Submitted> {
        let id = row.id.of_erased(key, self.number);
        let known = self.withdrawn.iter().find(|known| known.id == id);
        if known.is_some_and(|known| !known.may_return_as(row, decides)) {
            return Some(Submitted::Withdrawn);
        }
        let is_before = self.reset_before.is_some_and(|moment| row.body.occurred_at < moment);
        is_before.then_some(Submitted::BeforeReset)
    }

    /// Forgets what is too old; says whether anything was.
    pub fn expire(&mut self, kept: &KeptSince) -> bool {
        let before = (self.withdrawn.len(), self.reset_before);
        self.withdrawn.retain(|row| !kept.concerns(row));
        let is_old = |moment: &Timestamp| kept.reports.is_some_and(|since| *moment < since);
        self.reset_before = self.reset_before.filter(|moment| !is_old(moment));
        before != (self.withdrawn.len(), self.reset_before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{ReportId, SenderHash};
    use crate::number::E164;

    const KEY: [u8; 32] = [7; 32];

    fn erased() -> ErasedNumber {
        let number = E164::from_digits(14_155_550_199).unwrap();
        ErasedNumber::new(NumberHash::keyed(&KEY, "default", number))
    }

    fn row(id: &str, state: RowState, at: i64) -> ReportRow {
        ReportRow {
            state,
            sender: SenderHash::from_raw(5),
            ..ReportRow::tombstone(ReportId::parse(id).unwrap(), Timestamp::from_secs(at))
        }
    }

    fn sent(id: &str, revision: u32) -> ReportRow {
        ReportRow {
            revision,
            ..row(id, RowState::Live, 1_000)
        }
    }

    #[test]
    fn a_withdrawn_report_does_not_count_and_a_live_one_is_forgotten() {
        let mut erased = erased();
        let rows = [row("gone", RowState::Withdrawn, 10), row("live", RowState::Live, 11)];
        erased.remember(&KEY, None, &rows);
        assert_eq!(
            erased.withholds(&KEY, &sent("gone", 0), true),
            Some(Submitted::Withdrawn)
        );
        assert_eq!(erased.withholds(&KEY, &sent("live", 0), true), None);
        // As before the erasure, a correction brings it back.
        assert_eq!(erased.withholds(&KEY, &sent("gone", 1), true), None);
        assert_eq!(
            erased.withholds(&[8; 32], &sent("gone", 0), true),
            None,
            "the key counts"
        );
        assert!(!format!("{erased:?}").contains("gone"));
    }

    #[test]
    fn what_somebody_who_decides_withdrew_its_sender_does_not_bring_back() {
        let mut erased = erased();
        let decided = ReportRow {
            withdrawn_by_decision: true,
            ..row("a", RowState::Withdrawn, 10)
        };
        erased.remember(&KEY, None, &[decided, row("b", RowState::Tombstone, 10)]);
        assert_eq!(erased.withholds(&KEY, &sent("a", 1), false), Some(Submitted::Withdrawn));
        assert_eq!(erased.withholds(&KEY, &sent("a", 1), true), None);
        assert_eq!(erased.withholds(&KEY, &sent("b", 0), true), Some(Submitted::Withdrawn));
        let of_another = ReportRow {
            sender: SenderHash::from_raw(6),
            ..sent("b", 0)
        };
        assert_eq!(erased.withholds(&KEY, &of_another, false), None);
    }

    #[test]
    fn a_reset_holds_and_a_later_one_counts() {
        let mut erased = erased();
        erased.remember(&KEY, Some(Timestamp::from_secs(2_000)), &[]);
        erased.remember(&KEY, Some(Timestamp::from_secs(500)), &[]);
        erased.remember(&KEY, None, &[]);
        assert_eq!(
            erased.withholds(&KEY, &sent("a", 0), true),
            Some(Submitted::BeforeReset)
        );
        let later = row("a", RowState::Live, 2_000);
        assert_eq!(erased.withholds(&KEY, &later, true), None);
    }

    #[test]
    fn it_is_bounded_and_the_oldest_go_first_and_at_last_all() {
        let mut erased = erased();
        let rows: Vec<ReportRow> = (0..=MAX_WITHDRAWN)
            .map(|n| row(&n.to_string(), RowState::Withdrawn, i64::try_from(n).unwrap()))
            .collect();
        erased.remember(&KEY, Some(Timestamp::from_secs(9)), &rows);
        erased.remember(&KEY, None, &rows[1..]);
        assert_eq!(erased.withdrawn.len(), MAX_WITHDRAWN);
        assert_eq!(erased.withholds(&KEY, &row("0", RowState::Live, 10), true), None);
        assert!(erased.withholds(&KEY, &row("1", RowState::Live, 10), true).is_some());
        let kept = |secs| KeptSince {
            reports: Some(Timestamp::from_secs(secs)),
            texts: None,
        };
        assert!(!erased.expire(&kept(1)));
        assert!(erased.expire(&kept(500)));
        assert_eq!((erased.withdrawn.len(), erased.reset_before), (501, None));
        assert!(erased.expire(&kept(10_000)) && erased.is_blank());
    }
}
