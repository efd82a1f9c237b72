//! What every store refuses before it writes anything.

use std::collections::HashSet;

use super::error::StoreError;
use super::{MAX_COMMIT_ITEMS, MAX_VALUE_BYTES, ShardCommit};

impl ShardCommit {
    /// Checks a commit against the limits that all stores share, and that it names nothing twice and nothing of
    /// another shard.
    ///
    /// # Errors
    /// [`StoreError::Refused`].
    pub fn check(&self) -> Result<(), StoreError> {
        let items = self.items();
        if items > MAX_COMMIT_ITEMS {
            return refused(format!("a commit of {items} items, more than {MAX_COMMIT_ITEMS}"));
        }
        let headers = self.records.iter().map(|write| &write.header);
        let states = self.records.iter().filter_map(|write| write.state.as_ref());
        let buckets = self.buckets.iter().filter_map(|write| write.bytes.as_ref());
        let notes = self.notes.iter().map(|write| &write.state);
        for value in headers.chain(states).chain(buckets).chain(notes) {
            let length = value.len();
            if length > MAX_VALUE_BYTES {
                return refused(format!("a value of {length} bytes, more than {MAX_VALUE_BYTES}"));
            }
        }
        let mut records = HashSet::with_capacity(self.records.len());
        if !self.records.iter().all(|write| records.insert(&write.key)) {
            return refused("a commit that names a record twice".to_owned());
        }
        let mut buckets = HashSet::with_capacity(self.buckets.len());
        if !self.buckets.iter().all(|write| buckets.insert(write.key)) {
            return refused("a commit that names a bucket twice".to_owned());
        }
        let mut notes = HashSet::with_capacity(self.notes.len());
        if !self.notes.iter().all(|write| notes.insert(&write.key)) {
            return refused("a commit that names a note twice".to_owned());
        }
        let records = self.records.iter().map(|write| write.key.shard());
        let buckets = self.buckets.iter().map(|write| write.key.shard());
        let notes = self.notes.iter().map(|write| write.key.shard());
        let mut shards = records.chain(buckets).chain(notes);
        if shards.any(|shard| shard != self.shard) {
            return refused("a commit with a key of another shard".to_owned());
        }
        Ok(())
    }
}

fn refused(cause: String) -> Result<(), StoreError> {
    Err(StoreError::Refused { cause })
}
