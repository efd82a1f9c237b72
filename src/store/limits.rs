//! The limits that every store checks before it writes.

use std::collections::HashSet;
use std::hash::Hash;

use super::error::StoreError;
use super::event::MAX_EVENT_BYTES;
use super::{MAX_COMMIT_ITEMS, MAX_VALUE_BYTES, ShardCommit};
use crate::codec::MAX_ID_BYTES;

impl ShardCommit {
    /// Checks a commit against the limits of all stores: its size, and that it names each key once and keys of one
    /// shard and one tenant only.
    ///
    /// # Errors
    /// [`StoreError::Refused`].
    pub fn check(&self) -> Result<(), StoreError> {
        let items = self.items();
        if items > MAX_COMMIT_ITEMS {
            return refused(format!("a commit of {items} items, more than {MAX_COMMIT_ITEMS}"));
        }
        self.check_lengths()?;
        let records = self.records.iter().map(|write| &write.key);
        let buckets = self.buckets.iter().map(|write| &write.key);
        let side_records = self.side_records.iter().map(|write| &write.key);
        let events = self.events.iter().map(|write| write.key);
        if !(are_distinct(records) && are_distinct(buckets) && are_distinct(side_records) && are_distinct(events)) {
            return refused("a commit that names a key twice".to_owned());
        }
        let tenant = self.tenant();
        if self.places().any(|(shard, _)| shard != self.shard) {
            return refused("a commit with a key of another shard".to_owned());
        }
        if self.places().any(|(_, of)| Some(of) != tenant) {
            return refused("a commit with keys of several tenants".to_owned());
        }
        Ok(())
    }

    fn check_lengths(&self) -> Result<(), StoreError> {
        let headers = self.records.iter().map(|write| &write.header);
        let states = self.records.iter().filter_map(|write| write.state.as_ref());
        let buckets = self.buckets.iter().filter_map(|write| write.bytes.as_ref());
        let side_records = self.side_records.iter().map(|write| &write.state);
        for value in headers.chain(states).chain(buckets).chain(side_records) {
            let length = value.len();
            if length > MAX_VALUE_BYTES {
                return refused(format!("a value of {length} bytes, more than {MAX_VALUE_BYTES}"));
            }
        }
        let events = self.events.iter().map(|write| write.bytes.len());
        if let Some(length) = events.max().filter(|length| *length > MAX_EVENT_BYTES) {
            return refused(format!("an event of {length} bytes, more than {MAX_EVENT_BYTES}"));
        }
        let records = self.records.iter().map(|write| write.key.id());
        let side_records = self.side_records.iter().map(|write| write.key.id());
        for id in records.chain(side_records) {
            let length = id.len();
            if length > MAX_ID_BYTES {
                return refused(format!("an id of {length} bytes, more than {MAX_ID_BYTES}"));
            }
        }
        Ok(())
    }
}

fn are_distinct<K: Hash + Eq>(mut keys: impl ExactSizeIterator<Item = K>) -> bool {
    let mut seen = HashSet::with_capacity(keys.len());
    keys.all(|key| seen.insert(key))
}

fn refused(cause: String) -> Result<(), StoreError> {
    Err(StoreError::Refused { cause })
}
