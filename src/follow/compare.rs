//! Compares the index with the store, a shard at a time, so that nobody has to believe that they are equal.
//!
//! The two can only be compared while they stand still: the cursor is at the head of the log, nothing is shown beyond it, and
//! all of that is the same after the comparison as before it. Otherwise the comparison says nothing, and is tried again. A
//! difference counts if two comparisons in a row find one.
//!
//! The records of the store are read into hashes. Those of the index are copied a few at a time, as for a snapshot, so no
//! lookup waits for it.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::Follower;
use super::place::Still;
use crate::clock::monotonic;
use crate::codec::checksum::{Checksum, SummedRecord};
use crate::domain::tenant::TenantId;
use crate::index::Index;
use crate::inspect::{Found, MAX_NAMED, StoredTable, TablePlace, moment, tables};
use crate::metrics::{Compared, ReloadReason};
use crate::store::{LogHead, RecordKind, Shard, StoreError};

/// How often a shard is compared before it counts as one that does not stand still.
const TRIES: usize = 5;
/// The pause before the next try. A change of another instance is in the index by then.
const PAUSE: Duration = Duration::from_millis(100);
/// The pause after a comparison is at least so many times as long as the comparison: it takes a tenth of the time at most.
const REST: u32 = 9;

/// How a record in the index differs from that in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// Both have it, with another version or content.
    Content,
    /// Only the store has it.
    OnlyInStore,
    /// Only the index has it.
    OnlyInIndex,
    /// The store has it, and it cannot be read.
    Unreadable,
}

/// A record that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its tenant.
    pub tenant: TenantId,
    /// Its kind.
    pub kind: RecordKind,
    /// The bytes of its id, which may be a phone number.
    pub id: Bytes,
    /// How it differs.
    pub what: DifferenceKind,
}

/// The records of a shard in the index and in the store, while both stood still.
#[derive(Clone, Debug, Default)]
pub struct ComparedShard {
    /// The head of its log.
    pub head: LogHead,
    /// The checksum of the records in the store.
    pub stored: Checksum,
    /// The checksum of the records in the index.
    pub indexed: Checksum,
    /// The records whose ids this release does not know, in the store. They are in neither checksum.
    pub left_out: u64,
    /// The records that differ.
    pub differing: u64,
    /// Those of them that the store cannot give.
    pub unreadable: u64,
    /// The first of them, at most [`MAX_NAMED`].
    pub named: Vec<Difference>,
}

impl ComparedShard {
    /// Whether the index is equal to the store.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differing == 0 && self.stored == self.indexed
    }
}

impl Follower {
    /// Compares a shard of the index with the store, both of all tenants that this instance knows. None if it does not stand
    /// still for long enough.
    ///
    /// # Errors
    /// If the store does not answer, or is not the one that was opened; [`StoreError::Refused`] if a kind has more records than
    /// are compared.
    pub async fn compare(&self, shard: Shard) -> Result<Option<ComparedShard>, StoreError> {
        // The memory of one shard is all that comparisons take.
        let _only_one = self.comparing.lock().await;
        let mut is_doubted = false;
        for _ in 0..TRIES {
            match self.compare_once(shard).await? {
                Some(compared) if is_doubted || compared.is_equal() => return Ok(Some(compared)),
                Some(_) => is_doubted = true,
                None => {
                    is_doubted = false;
                    sleep(PAUSE).await;
                }
            }
        }
        Ok(None)
    }

    async fn compare_once(&self, shard: Shard) -> Result<Option<ComparedShard>, StoreError> {
        let indexes = self.indexes.all();
        let tenants: Vec<TenantId> = indexes.iter().map(|(tenant, _)| *tenant).collect();
        let still = self.still(shard);
        let before = moment(self.store.as_ref(), shard, &tenants).await?;
        if !still.is_some_and(|still| still.is_at(before.head)) {
            return Ok(None);
        }
        let mut all = ComparedShard {
            head: before.head,
            ..ComparedShard::default()
        };
        for place in tables(shard, &tenants) {
            let Some((_, index)) = indexes.iter().find(|(tenant, _)| *tenant == place.tenant) else {
                continue;
            };
            let table = place.read(self.store.as_ref()).await?;
            self.compare_table(place, index, table, &mut all).await?;
        }
        let after = moment(self.store.as_ref(), shard, &tenants).await?;
        let is_still = before == after && self.still(shard) == still;
        Ok(is_still.then_some(all))
    }

    async fn compare_table(
        &self,
        place: TablePlace,
        index: &Arc<Index>,
        table: StoredTable,
        all: &mut ComparedShard,
    ) -> Result<(), StoreError> {
        table.add_to(place.kind, &mut all.stored);
        let (unreadable, left_out) = table.not_summed();
        all.left_out += left_out;
        all.unreadable += unreadable;
        all.differing += unreadable;
        all.name(place, DifferenceKind::Unreadable, table.unreadable);
        let index = Arc::clone(index);
        let compared = spawn_blocking(move || IndexedTable::compare(place, &index, table.records));
        let compared = compared.await.map_err(|error| StoreError::Unavailable {
            cause: format!("a comparison has ended early: {error}"),
        })?;
        all.indexed.add_all(&compared.checksum);
        all.differing += compared.other + compared.surplus + compared.missing.len() as u64;
        all.name(place, DifferenceKind::Content, compared.named_other);
        all.name(place, DifferenceKind::OnlyInIndex, compared.named_surplus);
        if !compared.missing.is_empty() && all.named.len() < MAX_NAMED {
            let is_missing = |name: u128| compared.missing.contains_key(&name);
            let missing = place.named(self.store.as_ref(), is_missing).await?;
            all.name(place, DifferenceKind::OnlyInStore, missing);
        }
        Ok(())
    }

    /// Where a shard of the index stands, if the log was read up to all that it shows.
    fn still(&self, shard: Shard) -> Option<Still> {
        self.place_of(shard).lock().still()
    }

    /// Compares one shard after the other without end, with a pause of at least `every` between two; nothing without `every`.
    /// What differs is counted, and its shard is loaded again.
    pub async fn compare_without_end(self: Arc<Self>, every: Option<Duration>) {
        let Some(every) = every else {
            return std::future::pending().await;
        };
        loop {
            for shard in Shard::all() {
                let began = monotonic();
                if self.freshness().is_ready() && self.freshness().store().can_be_followed() {
                    self.compare_and_mend(shard).await;
                }
                sleep(rest_after(began, every)).await;
            }
        }
    }

    /// Compares a shard and, if it differs, counts that and loads the shard again. A store that cannot be read is the concern of
    /// sweeps.
    pub async fn compare_and_mend(&self, shard: Shard) {
        let compared = match self.compare(shard).await {
            Ok(Some(compared)) => compared,
            Ok(None) => return self.metrics.compared(Compared::Busy),
            Err(error) => {
                tracing::debug!(shard = shard.index(), %error, "a shard of the index could not be compared");
                return self.metrics.compared(Compared::Failed);
            }
        };
        if compared.is_equal() {
            return self.metrics.compared(Compared::Equal);
        }
        let ComparedShard {
            differing, unreadable, ..
        } = compared;
        self.metrics.compared(Compared::Different);
        self.metrics.index_differs(differing.max(1));
        tracing::error!(
            shard = shard.index(),
            differing,
            unreadable,
            "the index differs from the store"
        );
        if unreadable > 0 {
            return; // it cannot be loaded: the index keeps what it has
        }
        let _only_one = self.following.lock().await;
        if let Err(error) = self.reload(&[(shard, ReloadReason::Different)]).await {
            self.metrics.store_error((&error).into());
        }
        self.tell_of_lost();
    }
}

fn rest_after(began: Instant, every: Duration) -> Duration {
    every.max(began.elapsed().saturating_mul(REST))
}

impl ComparedShard {
    fn name(&mut self, place: TablePlace, what: DifferenceKind, ids: Vec<Bytes>) {
        let room = MAX_NAMED.saturating_sub(self.named.len());
        let named = ids.into_iter().take(room);
        self.named.extend(named.map(|id| Difference {
            tenant: place.tenant,
            kind: place.kind,
            id,
            what,
        }));
    }
}

/// What the index has of one kind, and how it differs from the store.
#[derive(Default)]
struct IndexedTable {
    checksum: Checksum,
    /// The records with another version or content.
    other: u64,
    named_other: Vec<Bytes>,
    /// Those that only the index has.
    surplus: u64,
    named_surplus: Vec<Bytes>,
    /// Those that only the store has.
    missing: HashMap<u128, Found>,
}

impl IndexedTable {
    fn compare(place: TablePlace, index: &Index, mut stored: HashMap<u128, Found>) -> Self {
        let mut compared = Self::default();
        let TablePlace { shard, tenant, kind } = place;
        let _to_the_end = index.visit(kind, shard, &mut |id, version, bytes| {
            let record = SummedRecord {
                tenant,
                kind,
                id,
                version,
                bytes,
            };
            let hash = record.hash();
            compared.checksum.add(kind, hash);
            match stored.remove(&record.name_hash()) {
                Some(Found::Readable(found)) if found == hash => {}
                Some(Found::Readable(_)) => count(&mut compared.other, &mut compared.named_other, id),
                // The index has it from before. It was counted already.
                Some(Found::Unreadable) => {}
                Some(Found::LeftOut) | None => count(&mut compared.surplus, &mut compared.named_surplus, id),
            }
            ControlFlow::Continue(())
        });
        stored.retain(|_, found| matches!(found, Found::Readable(_)));
        compared.missing = stored;
        compared
    }
}

fn count(count: &mut u64, named: &mut Vec<Bytes>, id: &[u8]) {
    *count += 1;
    if named.len() < MAX_NAMED {
        named.push(Bytes::copy_from_slice(id));
    }
}
