//! Finds the changes that the store has acknowledged to this process and has lost, as a failover to a copy that lacks
//! them does. They are counted and logged: nobody else can say that clients must send them again. So are the numbers that
//! are gone when shards are loaded again, since an older copy of the store looks like a store.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use super::Follower;
use super::place::{Mark, Own};
use crate::codec;
use crate::store::{LogHead, Shard, StoreError, Version};

/// Entries read at a time. Of each only the nonce is kept.
const ENTRIES_AT_A_TIME: usize = 64;

impl Follower {
    /// The own changes that the store has lost: the log has other entries in their places, or ends before them although they
    /// were remembered before `mark`, and `head` was asked for after it. Of a change whose entry is no longer in the log,
    /// nobody knows.
    pub(super) async fn lost_changes(
        &self,
        shard: Shard,
        (head, mark): (LogHead, Mark),
    ) -> Result<Vec<Own>, StoreError> {
        // Before the log is read: of a change that comes later, it may have no entry yet.
        let mut own = self.place_of(shard).lock().own();
        let Some(first) = own.iter().map(|own| own.version).min() else {
            return Ok(own);
        };
        let nonces = self.nonces(shard, first, head.seq).await?;
        own.retain(|own| match nonces.get(&own.version) {
            Some(nonce) => *nonce != own.nonce,
            None => own.version > head.seq && mark.is_after(*own),
        });
        Ok(own)
    }

    /// The nonces of the entries of a log from `from` to `to`, as far as they are there.
    async fn nonces(&self, shard: Shard, from: Version, to: Version) -> Result<BTreeMap<Version, u64>, StoreError> {
        let mut nonces = BTreeMap::new();
        let mut next = from;
        while next <= to {
            let entries = self.store.entries(shard, next, ENTRIES_AT_A_TIME).await?;
            let Some(last) = entries.last() else { break };
            next = last.seq + 1;
            let entries = entries.iter().filter(|entry| entry.seq <= to);
            nonces.extend(entries.filter_map(|entry| Some((entry.seq, codec::entry::nonce(&entry.bytes)?))));
        }
        Ok(nonces)
    }

    /// Counts own changes that the store has lost.
    pub(super) fn changes_lost(&self, shard: Shard, count: usize) {
        if count > 0 {
            self.metrics.commits_lost(count);
            self.lost.fetch_add(count as u64, Ordering::Relaxed);
            tracing::debug!(
                shard = shard.index(),
                count,
                "the store has lost changes of this instance"
            );
        }
    }

    /// Counts numbers that were in the index and are no longer in the store.
    pub(super) fn numbers_gone(&self, count: usize) {
        self.metrics.numbers_gone(count);
        self.gone.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Tells the log how many numbers were gone when shards were loaded since it was last told, if they are so many that the
    /// store has shrunk.
    pub(super) fn tell_of_gone(&self) {
        let count = self.gone.swap(0, Ordering::Relaxed);
        let all = self.indexes.all();
        let left: usize = all.iter().map(|(_, index)| index.number_count()).sum();
        if has_shrunk(count, left as u64) {
            tracing::error!(
                count,
                left,
                "the store has shrunk: it has far fewer numbers than this instance has read before; was an older copy restored?"
            );
        }
    }

    /// Tells the log how many own changes the store has lost since it was last told, if any.
    pub(super) fn tell_of_lost(&self) {
        let count = self.lost.swap(0, Ordering::Relaxed);
        if count > 0 {
            tracing::error!(
                count,
                "the store has lost changes that it had acknowledged to this instance, as after a failover to a copy without them: let clients send them again"
            );
        }
    }
}

/// Whether a store has shrunk: more than 100 of its numbers are gone, and more than a tenth.
const fn has_shrunk(gone: u64, left: u64) -> bool {
    gone > 100 && gone > left.saturating_add(gone) / 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_numbers_less_are_no_alarm() {
        for (gone, left, shrunk) in [
            (0, 0, false),
            (100, 0, false),
            (101, 0, true),
            (101, 908, true),
            (101, 909, false),
            (5_000, 45_001, false),
            (5_001, 45_000, true),
        ] {
            assert_eq!(has_shrunk(gone, left), shrunk, "{gone} gone, {left} left");
        }
    }
}
