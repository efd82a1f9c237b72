//! Reads the records of a table in a store and sums them up, so that they can be compared with an index. Only hashes are kept
//! in memory: two of each record of one kind, tenant and shard.

use std::collections::HashMap;

use bytes::Bytes;
use tokio::task::consume_budget;

use crate::codec::checksum::{Checksum, SummedRecord, canonical, name_hash};
use crate::domain::tenant::TenantId;
use crate::store::{LogHead, RecordKind, ScanTable, Shard, Store, StoreError, Stored};

/// Items read at a time. They are decoded without a pause.
const ITEMS_AT_A_TIME: usize = 500;
/// The most records of one kind, shard and tenant that are compared. Each takes about 100 bytes of memory.
pub(super) const MAX_RECORDS: usize = 1 << 20;
/// The most things that are named for each shard, of those that differ or are damaged.
pub const MAX_NAMED: usize = 20;

/// A record in a store, by the hash of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It was read, and this is its hash.
    Readable(u128),
    /// It cannot be read.
    Unreadable,
    /// This release does not know such an id: no index holds it.
    LeftOut,
}

impl Found {
    /// A record as it was read.
    #[must_use]
    pub fn of(place: TablePlace, id: &[u8], stored: &Stored) -> Self {
        let TablePlace { tenant, kind, .. } = place;
        match canonical(kind, id, &stored.bytes) {
            Ok(Some(bytes)) => {
                let record = SummedRecord {
                    tenant,
                    kind,
                    id,
                    version: stored.version,
                    bytes: &bytes,
                };
                Self::Readable(record.hash())
            }
            Ok(None) => Self::LeftOut,
            Err(_) => Self::Unreadable,
        }
    }
}

/// The records of one kind and tenant in a shard.
#[derive(Debug, Default)]
pub struct StoredTable {
    /// By the hashes of their names. A scan may show a record twice.
    pub records: HashMap<u128, Found>,
    /// The ids of the first that cannot be read.
    pub unreadable: Vec<Bytes>,
}

impl StoredTable {
    /// Adds a record of a scan. Says whether it is new.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if there are too many.
    pub fn add(&mut self, name: u128, id: &Bytes, found: Found) -> Result<bool, StoreError> {
        let is_new = self.records.insert(name, found).is_none();
        if found == Found::Unreadable && is_new && self.unreadable.len() < MAX_NAMED {
            self.unreadable.push(id.clone());
        }
        if self.records.len() > MAX_RECORDS {
            return Err(too_many());
        }
        Ok(is_new)
    }

    /// How many records cannot be read, and how many this release does not know.
    #[must_use]
    pub fn not_summed(&self) -> (u64, u64) {
        let count = |what: Found| self.records.values().filter(|found| **found == what).count() as u64;
        (count(Found::Unreadable), count(Found::LeftOut))
    }

    /// Adds those that were read to a sum.
    pub fn add_to(&self, kind: RecordKind, sum: &mut Checksum) {
        for found in self.records.values() {
            match found {
                Found::Readable(hash) => sum.add(kind, *hash),
                Found::Unreadable | Found::LeftOut => {}
            }
        }
    }
}

/// The error for a table with more items than are kept in memory.
pub(super) fn too_many() -> StoreError {
    StoreError::Refused {
        cause: format!("a shard has more than {MAX_RECORDS} items of a kind: they are not compared"),
    }
}

/// Where the records of a table are.
#[derive(Clone, Copy, Debug)]
pub struct TablePlace {
    /// The shard.
    pub shard: Shard,
    /// The tenant.
    pub tenant: TenantId,
    /// The kind.
    pub kind: RecordKind,
}

impl TablePlace {
    /// Reads all records of the table.
    ///
    /// # Errors
    /// If the store does not answer; [`StoreError::Refused`] if there are too many records.
    pub async fn read(self, store: &dyn Store) -> Result<StoredTable, StoreError> {
        let mut table = StoredTable::default();
        let Self { shard, tenant, kind } = self;
        let mut scan = Scan::of(store, (shard, tenant), ScanTable::Records(kind));
        while let Some(items) = scan.next().await? {
            for (id, stored) in items {
                let found = Found::of(self, &id, &stored);
                table.add(name_hash(tenant, kind, &id), &id, found)?;
            }
        }
        Ok(table)
    }

    /// The ids of the first records whose names have one of these hashes.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn named(
        self,
        store: &dyn Store,
        names: impl Fn(u128) -> bool + Send + Sync,
    ) -> Result<Vec<Bytes>, StoreError> {
        let Self { shard, tenant, kind } = self;
        let mut ids: Vec<Bytes> = Vec::new();
        let mut scan = Scan::of(store, (shard, tenant), ScanTable::Records(kind));
        while let Some(items) = scan.next().await? {
            for (id, _) in items {
                if ids.len() < MAX_NAMED && names(name_hash(tenant, kind, &id)) && !ids.contains(&id) {
                    ids.push(id);
                }
            }
            if ids.len() >= MAX_NAMED {
                break;
            }
        }
        Ok(ids)
    }
}

/// A scan of a table, some items at a time.
pub(super) struct Scan<'a> {
    store: &'a dyn Store,
    place: (Shard, TenantId),
    table: ScanTable,
    /// Where to go on; none at the end.
    after: Option<Option<Bytes>>,
}

impl<'a> Scan<'a> {
    /// A scan that has not begun.
    #[must_use]
    pub(super) const fn of(store: &'a dyn Store, place: (Shard, TenantId), table: ScanTable) -> Self {
        Self {
            store,
            place,
            table,
            after: Some(None),
        }
    }

    /// The next items; none at the end. An item may come twice.
    ///
    /// # Errors
    /// If the store does not answer.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<(Bytes, Stored)>>, StoreError> {
        let Some(after) = self.after.take() else {
            return Ok(None);
        };
        consume_budget().await;
        let (shard, tenant) = self.place;
        let page = self
            .store
            .scan(shard, tenant, self.table, after, ITEMS_AT_A_TIME)
            .await?;
        self.after = page.next.map(Some);
        Ok(Some(page.items))
    }
}

/// The tables of a shard that indexes hold.
pub fn tables(shard: Shard, tenants: &[TenantId]) -> impl Iterator<Item = TablePlace> {
    let of_tenant = move |tenant: &TenantId| {
        let tenant = *tenant;
        RecordKind::ALL.iter().map(move |kind| TablePlace {
            shard,
            tenant,
            kind: *kind,
        })
    };
    tenants.iter().flat_map(of_tenant)
}

/// What must not change while a shard is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The head of the log.
    pub head: LogHead,
    /// The records of all kinds that this release knows, of the tenants that were asked for, and the connection over which they
    /// were counted. None if the store counts nothing.
    pub counted: Option<(u64, u64)>,
}

/// The moment of a shard.
///
/// # Errors
/// If the store does not answer, or is not the one that was opened.
pub async fn moment(store: &dyn Store, shard: Shard, tenants: &[TenantId]) -> Result<Moment, StoreError> {
    if let Some(census) = store.census(shard, tenants).await? {
        return Ok(Moment {
            head: census.head,
            counted: Some((census.records, census.connection)),
        });
    }
    let heads = store.heads().await?;
    Ok(Moment {
        head: heads.get(shard.index()).copied().unwrap_or_default(),
        counted: None,
    })
}
