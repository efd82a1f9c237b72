//! The history of a case. Each step is stored apart from the case, so that a step costs no copy of the steps before it.
//!
//! The record of the case counts its steps. A step is shown when the record counts it, so a reader never sees a status
//! without the step that led to it. A record of an older release holds its steps itself; the next change stores them apart.

use std::ops::Range;
use std::sync::Arc;

use super::case::CaseEvent;
use super::ids::CaseId;
use super::unknown_fields::UnknownFields;

/// The most entries of a case's history. Beyond it the oldest entries are dropped, except the first, which says where the
/// case comes from.
pub const MAX_HISTORY: usize = 256;

/// The latest steps that are kept, beside the first.
const LATEST_KEPT: u32 = 255;

/// One step of a case, as it is stored apart from the case. It never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseStep {
    /// The case.
    pub case: CaseId,
    /// How many steps the case had before.
    pub number: u32,
    /// The step.
    pub event: CaseEvent,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

/// The history of a case, oldest step first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaseHistory {
    /// The steps that were stored apart from the case so far, also those that have been dropped since.
    stored: u32,
    /// Those of them that are kept and known, in the order of their numbers.
    apart: Vec<Arc<CaseStep>>,
    /// The steps after them, which are not stored apart yet.
    inside: Vec<CaseEvent>,
}

/// What a change stores and deletes, so that all steps are apart from their case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedSteps {
    /// The steps to be stored, in the order of their numbers.
    pub written: Vec<Arc<CaseStep>>,
    /// The numbers of stored steps to be deleted, since there are too many.
    pub dropped: Range<u32>,
}

impl CaseHistory {
    /// A history with `stored` steps that are apart and not known yet, and with the steps of `inside`.
    #[must_use]
    pub const fn new(stored: u32, inside: Vec<CaseEvent>) -> Self {
        let apart = Vec::new();
        Self { stored, apart, inside }
    }

    /// The steps, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &CaseEvent> + Clone {
        self.apart.iter().map(|step| &step.event).chain(&self.inside)
    }

    /// The latest step.
    #[must_use]
    pub fn last(&self) -> Option<&CaseEvent> {
        self.iter().next_back()
    }

    /// The count of the steps.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.apart.len().saturating_add(self.inside.len())
    }

    /// Whether there is no step.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a step.
    pub fn push(&mut self, event: CaseEvent) {
        self.inside.push(event);
    }

    /// The steps that were stored apart so far, also those that have been dropped since.
    #[must_use]
    pub const fn stored(&self) -> u32 {
        self.stored
    }

    /// The steps that are not stored apart yet.
    #[must_use]
    pub fn inside(&self) -> &[CaseEvent] {
        &self.inside
    }

    /// The numbers of the steps that are stored apart and kept.
    pub fn kept(&self) -> impl Iterator<Item = u32> + use<> {
        (0..self.stored.min(1)).chain(oldest_kept(self.stored)..self.stored)
    }

    /// Takes these for the steps that are stored apart: they come in the order of their numbers, and those that are not
    /// kept, or that the record does not count yet, are left out.
    pub fn fill(&mut self, steps: impl IntoIterator<Item = Arc<CaseStep>>) {
        let stored = self.stored;
        let steps = steps.into_iter();
        self.apart = steps.filter(|step| is_kept(step.number, stored)).collect();
    }

    /// Counts all steps among those that are stored apart. Says what must be stored and deleted for that.
    pub fn move_apart(&mut self, case: &CaseId) -> MovedSteps {
        let before = self.stored;
        for event in std::mem::take(&mut self.inside) {
            self.apart.push(Arc::new(CaseStep {
                case: case.clone(),
                number: self.stored,
                event,
                unknown_fields: UnknownFields::default(),
            }));
            self.stored = self.stored.saturating_add(1);
        }
        let stored = self.stored;
        self.apart.retain(|step| is_kept(step.number, stored));
        let new = self.apart.iter().filter(|step| step.number >= before);
        MovedSteps {
            written: new.cloned().collect(),
            dropped: oldest_kept(before)..oldest_kept(stored).min(before),
        }
    }
}

/// A history that is not stored yet.
impl FromIterator<CaseEvent> for CaseHistory {
    fn from_iter<I: IntoIterator<Item = CaseEvent>>(events: I) -> Self {
        Self::new(0, events.into_iter().collect())
    }
}

/// The number of the oldest step that is kept beside the first.
fn oldest_kept(stored: u32) -> u32 {
    stored.saturating_sub(LATEST_KEPT).max(1)
}

fn is_kept(number: u32, stored: u32) -> bool {
    number < stored && (number == 0 || number >= oldest_kept(stored))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::Actor;
    use crate::domain::kinds::CaseStatus;
    use crate::domain::time::Timestamp;

    fn event(secs: i64) -> CaseEvent {
        CaseEvent {
            at: Timestamp::from_secs(secs),
            actor: Actor::parse("ana").unwrap(),
            from: None,
            to: CaseStatus::Open,
            note: "".into(),
            agency: "".into(),
        }
    }

    fn id() -> CaseId {
        CaseId::parse("c-1").unwrap()
    }

    fn seconds(history: &CaseHistory) -> Vec<i64> {
        history.iter().map(|event| event.at.millis() / 1_000).collect()
    }

    fn numbers(moved: &MovedSteps) -> Vec<u32> {
        moved.written.iter().map(|step| step.number).collect()
    }

    #[test]
    fn each_step_is_stored_once_and_the_oldest_but_the_first_are_dropped() {
        let mut history = CaseHistory::default();
        for step in 0..300u32 {
            history.push(event(step.into()));
            let moved = history.move_apart(&id());
            assert_eq!(numbers(&moved), [step]);
            let dropped: Vec<u32> = moved.dropped.collect();
            assert_eq!(
                dropped,
                step.checked_sub(255)
                    .filter(|oldest| *oldest > 0)
                    .into_iter()
                    .collect::<Vec<_>>()
            );
            assert_eq!(history.len(), MAX_HISTORY.min(step as usize + 1));
        }
        let expected: Vec<i64> = std::iter::once(0).chain(45..300).collect();
        assert_eq!(seconds(&history), expected);
        assert_eq!(history.kept().map(i64::from).collect::<Vec<_>>(), expected);
        let moved = history.move_apart(&id());
        assert!(moved.written.is_empty() && moved.dropped.is_empty());
    }

    /// A record of an older release holds up to 256 steps.
    #[test]
    fn the_steps_of_an_older_release_are_moved_with_the_next_one() {
        let mut history: CaseHistory = (0..256).map(event).collect();
        history.push(event(256));
        let moved = history.move_apart(&id());
        let expected: Vec<i64> = std::iter::once(0).chain(2..257).collect();
        assert_eq!(numbers(&moved).into_iter().map(i64::from).collect::<Vec<_>>(), expected);
        assert!(moved.dropped.is_empty() && history.inside().is_empty());
        assert_eq!(seconds(&history), expected);
    }

    /// An instance of an older release counts no steps, and adds its own to the record.
    #[test]
    fn steps_of_an_older_release_come_after_those_stored_apart() {
        let mut newer = CaseHistory::default();
        newer.push(event(1));
        newer.push(event(2));
        let stored = newer.move_apart(&id()).written;
        let mut mixed = CaseHistory::new(newer.stored(), vec![event(3)]);
        assert_eq!((seconds(&mixed), mixed.kept().collect()), (vec![3], vec![0, 1]));
        mixed.fill(stored.clone());
        assert_eq!(seconds(&mixed), [1, 2, 3]);
        assert_eq!(numbers(&mixed.move_apart(&id())), [2]);
        assert_eq!(seconds(&mixed), [1, 2, 3]);
        // A step is not shown before the record counts it.
        let mut earlier = CaseHistory::new(1, Vec::new());
        earlier.fill(stored);
        assert_eq!(seconds(&earlier), [1]);
    }
}
