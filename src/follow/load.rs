//! Loads whole shards: at the start, and when the log does not continue what was read before.

use std::sync::atomic::Ordering;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::Follower;
use crate::codec;
use crate::domain::tenant::TenantId;
use crate::index::LoadedKind;
use crate::metrics::SkipReason;
use crate::store::{LogHead, RecordKind, ScanTable, Shard, StoreError};

/// Shards loaded at a time.
const SHARDS_AT_A_TIME: usize = 8;
/// Records read at a time.
const RECORDS_AT_A_TIME: usize = 2_000;

impl Follower {
    pub(super) async fn load_all(&self) -> Result<(), StoreError> {
        // Before the tenants: those that begin later have all their records after these heads.
        let heads = self.store.heads().await?;
        self.find_tenants().await?;
        stream::iter(Shard::all().zip(heads))
            .map(|(shard, head)| self.load_shard(shard, head))
            .buffer_unordered(SHARDS_AT_A_TIME)
            .try_collect::<()>()
            .await
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

    /// Reads all records of a shard, of all tenants that were found, and replaces those in the index. `head` was read before
    /// the tenants were found, and they before the records: entries after it are read
    /// from the log again, which changes nothing where the record read is as new. This also brings back a record that
    /// this process committed after it was scanned: it is replaced, and the cursor goes back to `head`.
    pub(super) async fn load_shard(&self, shard: Shard, head: LogHead) -> Result<(), StoreError> {
        let mut tenants = Vec::new();
        for (tenant, index) in self.indexes.all() {
            let mut kinds = Vec::with_capacity(RecordKind::ALL.len());
            for kind in RecordKind::ALL {
                kinds.push(self.load_kind((shard, tenant), *kind).await?);
            }
            tenants.push((index, kinds));
        }
        let mut cursor = self.cursor_of(shard).lock();
        for (index, kinds) in tenants {
            index.replace(shard, kinds);
        }
        *cursor = head;
        self.seen_of(shard).store(head.seq, Ordering::Release);
        Ok(())
    }

    /// Reads all records of one kind.
    async fn load_kind(&self, (shard, tenant): (Shard, TenantId), kind: RecordKind) -> Result<LoadedKind, StoreError> {
        let mut loaded = LoadedKind::new(kind);
        let mut after = None;
        loop {
            let table = ScanTable::Records(kind);
            let page = self.store.scan(shard, tenant, table, after, RECORDS_AT_A_TIME).await?;
            for (id, stored) in &page.items {
                if !loaded.add(id, stored.version, &stored.bytes, self.indexes.model())? {
                    self.skipped(shard, stored.version, SkipReason::UnknownId);
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(loaded);
            }
        }
    }
}
