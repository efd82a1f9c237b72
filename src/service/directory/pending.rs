//! The numbers with comments that wait for a moderator, in the order of the oldest of them.

use std::collections::{BTreeMap, BinaryHeap};

use super::Directory;
use crate::domain::comment::PendingComments;
use crate::domain::time::Timestamp;
use crate::number::E164;

/// The numbers of a shard with comments that wait. Most numbers have none.
pub(super) type PendingNumbers = BTreeMap<E164, PendingComments>;

/// The place of a number in the queue: the arrival of its oldest comment that waits, and then the number.
pub(in crate::service) type PendingPlace = (Timestamp, E164);

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

impl Directory {
    /// The first `limit` numbers from `from` on.
    pub(in crate::service) fn pending(&self, from: Option<PendingPlace>, limit: usize) -> PendingPage {
        let mut first: BinaryHeap<PendingPlace> = BinaryHeap::new();
        let (mut comments, mut following) = (0u64, 0usize);
        for part in &self.parts {
            for (number, pending) in part.lock().pending() {
                comments += u64::from(pending.count);
                let place = (pending.oldest, *number);
                if from.is_some_and(|from| place < from) {
                    continue;
                }
                following += 1;
                first.push(place);
                if first.len() > limit {
                    first.pop();
                }
            }
        }
        PendingPage {
            places: first.into_sorted_vec(),
            more: following > limit,
            comments,
        }
    }
}
