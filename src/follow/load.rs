//! Loads whole shards: at the start, and when the log does not continue what was read before.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::Follower;
use super::place::Mark;
use crate::codec;
use crate::domain::tenant::TenantId;
use crate::index::LoadedKind;
use crate::metrics::SkipReason;
use crate::store::{Census, LogHead, RecordKey, RecordKind, ScanTable, Shard, StoreError, Version};

/// Shards loaded at a time.
const SHARDS_AT_A_TIME: usize = 8;
/// Records read at a time.
const RECORDS_AT_A_TIME: usize = 2_000;

impl Follower {
    pub(super) async fn load_all(&self) -> Result<(), StoreError> {
        let marks: Vec<Mark> = Shard::all().map(|shard| self.before(shard).mark).collect();
        // Before the tenants: those that begin later have all their records after these heads.
        let heads = self.store.heads().await?;
        self.find_tenants().await?;
        let tenants = self.indexes.all().len();
        stream::iter(Shard::all().zip(heads.iter().copied().zip(marks)))
            .map(|(shard, from)| self.load_shard(shard, from))
            .buffer_unordered(SHARDS_AT_A_TIME)
            .try_collect::<()>()
            .await?;
        self.check_loaded(&heads, tenants).await
    }

    /// Checks after a load of all shards that the store is the one that was loaded: it was neither emptied meanwhile, nor
    /// filled again. `heads` and the number of `tenants` are those from before.
    async fn check_loaded(&self, heads: &[LogHead], tenants: usize) -> Result<(), StoreError> {
        let now = self.store.heads().await?;
        if heads.iter().zip(now).any(|(before, now)| goes_back(*before, now)) {
            return Err(changed("a log has gone back"));
        }
        self.find_tenants().await?;
        if self.indexes.all().len() != tenants {
            return Err(changed("tenants were found that were not loaded"));
        }
        Ok(())
    }

    /// Makes an index for each tenant of the store, so that its shards are loaded too. A tenant begins with a principal, and
    /// the principals of all tenants are records of the default tenant. So a tenant with a record in a shard is found if the
    /// head of that shard was read before.
    pub(super) async fn find_tenants(&self) -> Result<(), StoreError> {
        let shards = stream::iter(Shard::all());
        let principals = shards
            .map(|shard| self.load_principals(shard))
            .buffer_unordered(SHARDS_AT_A_TIME);
        let tenants: Vec<Vec<TenantId>> = principals.try_collect().await?;
        for tenant in tenants.into_iter().flatten() {
            if self.indexes.get_or_make(tenant).is_none() {
                tracing::error!(%tenant, "the store has more tenants than a server can have: this one is left out");
            }
        }
        Ok(())
    }

    async fn load_principals(&self, shard: Shard) -> Result<Vec<TenantId>, StoreError> {
        let table = ScanTable::Records(RecordKind::Principal);
        let mut tenants = Vec::new();
        let mut after = None;
        loop {
            let page = self
                .store
                .scan(shard, TenantId::DEFAULT, table, after, RECORDS_AT_A_TIME)
                .await?;
            for (_, stored) in &page.items {
                // One that cannot be read fails the loading of its own shard, and of no other.
                tenants.extend(codec::principal::decode(&stored.bytes).map(|principal| principal.tenant));
            }
            after = page.next;
            if after.is_none() {
                return Ok(tenants);
            }
        }
    }

    /// Reads all records of a shard, of all tenants that were found, and replaces those in the index. `mark` was made before
    /// `head` was read, the head before the tenants were found, and they before the records: entries after it are read
    /// from the log again, which changes nothing where the record read is as new. A record that this process committed
    /// after it was scanned is put back in the same step, so that a reload undoes nothing that the store holds.
    pub(super) async fn load_shard(&self, shard: Shard, (head, mark): (LogHead, Mark)) -> Result<(), StoreError> {
        let mut tenants = Vec::new();
        let mut later = Vec::new();
        let wanted = self.indexes.all();
        let names: Vec<TenantId> = wanted.iter().map(|(tenant, _)| *tenant).collect();
        let before = self.store.census(shard, &names).await?;
        for (tenant, index) in wanted {
            let mut kinds = Vec::with_capacity(RecordKind::ALL.len());
            for kind in RecordKind::ALL {
                let loaded = self.load_kind((shard, tenant), *kind, (head, &mut later));
                kinds.push(loaded.await?);
            }
            tenants.push((tenant, index, kinds));
        }
        if let Some((before, after)) = before.zip(self.store.census(shard, &names).await?) {
            let scanned = tenants.iter().flat_map(|(_, _, kinds)| kinds);
            let scanned = scanned.map(LoadedKind::scanned).sum();
            check_scan(head, (before, after), scanned)?;
        }
        let lost = self.lost_changes(shard, (head, mark)).await?;
        let had: usize = tenants.iter().map(|(_, index, _)| index.number_count_of(shard)).sum();
        let mut place = self.place_of(shard).lock();
        place.loaded(head, mark, &lost);
        for (tenant, index, mut kinds) in tenants {
            // Lookups read numbers all the time: an own change must not be missing for a moment.
            for loaded in kinds.iter_mut().filter(|loaded| loaded.kind() == RecordKind::Number) {
                for (version, shown) in place
                    .shown()
                    .filter(|(_, shown)| shown.is_of(tenant, RecordKind::Number))
                {
                    if let Some(state) = &shown.state {
                        loaded.add(shown.key.id(), version, state, self.indexes.model())?;
                    }
                }
            }
            index.replace(shard, kinds);
        }
        for (version, key, bytes) in later {
            place.read(version, key, || Some(bytes));
        }
        for (version, shown) in place.shown() {
            if let Some(index) = self.indexes.get_or_make(shown.key.tenant()) {
                let (kind, id) = (shown.key.kind(), shown.key.id());
                index.apply_bytes(kind, id, version, shown.state.as_deref())?;
            }
        }
        drop(place);
        let all = self.indexes.all();
        let has: usize = all.iter().map(|(_, index)| index.number_count_of(shard)).sum();
        self.numbers_gone(had.saturating_sub(has));
        self.changes_lost(shard, lost.len());
        Ok(())
    }

    /// Reads all records of one kind. Those that are later than `head` were written during the scan, and are remembered until
    /// the log confirms them.
    async fn load_kind(
        &self,
        (shard, tenant): (Shard, TenantId),
        kind: RecordKind,
        (head, later): (LogHead, &mut Vec<(Version, RecordKey, Bytes)>),
    ) -> Result<LoadedKind, StoreError> {
        let mut loaded = LoadedKind::new(kind);
        let mut after = None;
        loop {
            let table = ScanTable::Records(kind);
            let page = self.store.scan(shard, tenant, table, after, RECORDS_AT_A_TIME).await?;
            for (id, stored) in &page.items {
                if !loaded.add(id, stored.version, &stored.bytes, self.indexes.model())? {
                    self.skipped(shard, stored.version, SkipReason::UnknownId);
                } else if stored.version > head.seq {
                    let key = RecordKey::of_entry(shard, tenant, kind, id.clone());
                    later.push((stored.version, key, stored.bytes.clone()));
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(loaded);
            }
        }
    }
}

/// Whether a log has gone back in time: it ends before `before`, or with another entry.
const fn goes_back(before: LogHead, now: LogHead) -> bool {
    now.seq < before.seq || now.seq == before.seq && now.nonce != before.nonce
}

/// Checks the scan of a shard by what was counted before and after it. Every record that was there all the time was
/// scanned, and each change since can have deleted one.
fn check_scan(head: LogHead, (before, after): (Census, Census), scanned: u64) -> Result<(), StoreError> {
    if before.connection != after.connection {
        return Err(changed("the connection is another one"));
    }
    if goes_back(head, before.head) || goes_back(before.head, after.head) {
        return Err(changed("its log has gone back"));
    }
    let changes = after.head.seq - before.head.seq;
    if scanned.saturating_add(changes) < before.records.max(after.records) {
        return Err(changed("it has more records than were read"));
    }
    Ok(())
}

/// The error for a store that changed while it was loaded, as one that is emptied and filled again. The load is tried again.
fn changed(how: &str) -> StoreError {
    StoreError::Unavailable {
        cause: format!("the store was exchanged while it was loaded: {how}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_that_misses_records_is_refused() {
        let census = |seq, records| Census {
            head: LogHead { seq, nonce: seq },
            records,
            connection: 1,
        };
        let head = LogHead { seq: 5, nonce: 5 };
        let check = |before, after, scanned| check_scan(head, (before, after), scanned).is_ok();
        assert!(check(census(5, 10), census(5, 10), 10));
        assert!(
            check(census(5, 10), census(5, 10), 11),
            "a scan may give a record twice"
        );
        assert!(!check(census(5, 10), census(5, 10), 9));
        assert!(
            check(census(6, 10), census(9, 12), 9),
            "of four, some may be new, and one deleted"
        );
        assert!(!check(census(6, 10), census(9, 14), 9));
        assert!(
            !check(census(4, 10), census(9, 10), 10),
            "the log has gone back since the head was read"
        );
        assert!(!check(census(7, 10), census(6, 10), 10));
        let other = Census {
            head: LogHead { seq: 5, nonce: 6 },
            ..census(5, 10)
        };
        assert!(!check(other, other, 10) && !check(census(5, 10), other, 10));
        let elsewhere = Census {
            connection: 2,
            ..census(5, 10)
        };
        assert!(
            !check(census(5, 10), elsewhere, 10),
            "it may be a server with other records"
        );
    }
}
