//! The numbers with comments that wait for a moderator, in the order of the oldest of them.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::ops::Bound;

use super::Directory;
use crate::domain::comment::PendingComments;
use crate::domain::time::Timestamp;
use crate::number::E164;

/// The place of a number in the queue: the arrival of its oldest comment that waits, and then the number.
pub(in crate::service) type PendingPlace = (Timestamp, E164);

/// The numbers of a shard with comments that wait. Most numbers have none.
#[derive(Debug, Default)]
pub(super) struct PendingNumbers {
    of_numbers: BTreeMap<E164, PendingComments>,
    queue: BTreeSet<PendingPlace>,
    /// The comments of all of them.
    comments: u64,
}

/// The numbers of a page of the queue.
#[derive(Debug)]
pub(in crate::service) struct PendingPage {
    /// Their places, oldest comment first.
    pub(in crate::service) places: Vec<PendingPlace>,
    /// Whether others follow.
    pub(in crate::service) more: bool,
    /// The comments that wait, of all numbers.
    pub(in crate::service) comments: u64,
}

impl PendingNumbers {
    /// Replaces the comments of a number that wait.
    pub(super) fn set(&mut self, number: E164, pending: Option<PendingComments>) {
        if let Some(before) = self.of_numbers.remove(&number) {
            self.queue.remove(&(before.oldest, number));
            self.comments = self.comments.saturating_sub(before.count.into());
        }
        if let Some(pending) = pending {
            self.of_numbers.insert(number, pending);
            self.queue.insert((pending.oldest, number));
            self.comments = self.comments.saturating_add(pending.count.into());
        }
    }
}

impl Directory {
    /// The first `limit` numbers from `from` on.
    pub(in crate::service) fn pending(&self, from: Option<PendingPlace>, limit: usize) -> PendingPage {
        let mut first: BinaryHeap<PendingPlace> = BinaryHeap::new();
        let mut comments = 0;
        for part in &self.parts {
            let part = part.lock();
            let pending = part.pending();
            comments += pending.comments;
            let from = from.map_or(Bound::Unbounded, Bound::Included);
            for place in pending.queue.range((from, Bound::Unbounded)) {
                // One more than the page has shows whether others follow.
                if first.len() > limit {
                    if first.peek().is_some_and(|last| place >= last) {
                        break;
                    }
                    first.pop();
                }
                first.push(*place);
            }
        }
        let mut places = first.into_sorted_vec();
        let more = places.len() > limit;
        places.truncate(limit);
        PendingPage { places, more, comments }
    }
}
