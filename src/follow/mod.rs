//! Replicates the store's change log into the index. The follower is the only writer of the index, and measures its
//! freshness.
//!
//! For every shard a follower keeps a cursor: the sequence number and the nonce of the last entry that it applied, or left
//! out because this release does not know it. It reads the log of a shard when it gets a notification, and asks for all
//! log heads once a second, since notifications may be lost. When a log does not continue at the cursor (another nonce, a
//! missing entry, a gap), the shard is loaded again: its records are replaced, never merged. So it is when the log has
//! another entry in the place of a change that the index shows already, since this process has committed or read it. When the store is empty,
//! another one, of another format or a replica, the index is kept, answers are stale, and writes are refused until the
//! store returns. Each sweep also asks whether the store takes writes. At a start without the store, the index and the
//! cursors come from a snapshot: for the follower that is the same as an outage.

mod catch_up;
mod compare;
mod load;
mod lost;
mod place;
mod refresh;
mod restore;
mod store_state;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::broadcast::error::RecvError;

use catch_up::Caught;
pub use compare::{ComparedShard, Difference, DifferenceKind};
use place::{Before, Place};
use refresh::Refreshes;
pub use restore::{Position, RestoredShard};
pub use store_state::REFUSED_FOR;

use crate::clock::{Clock, monotonic};
use crate::codec::StoredRecord;
use crate::domain::kinds::ListKind;
use crate::domain::tenant::TenantId;
use crate::index::{Freshness, FreshnessKeeper, Index, IndexedRecord, Indexes};
use crate::metrics::label::Label as _;
use crate::metrics::{Metrics, ReloadReason, SkipReason};
use crate::store::{LogHead, RecordKey, Shard, ShardNotification, Store, StoreError, Version};

/// The time between two sweeps, which ask for all log heads.
pub const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// The nonce of an entry that was not read from the log, but committed by this process alone.
const UNREAD: u64 = 0;

/// A record that this process has just committed, for its next lookup to see.
#[derive(Debug)]
pub struct Committed<R: IndexedRecord> {
    /// The id.
    pub id: R::Id,
    /// The version that the commit gave it.
    pub version: Version,
    /// The record as it was committed.
    pub record: R,
}

/// A change as it was committed, with what its change-log entry is told by.
#[derive(Clone, Debug)]
pub struct OwnChange {
    /// The record.
    pub key: RecordKey,
    /// The nonce of the entry.
    pub nonce: u64,
    /// The record after the change; none if it was deleted.
    pub state: Option<Bytes>,
}

/// What a pass over all shards has left.
#[derive(Debug, Default)]
struct Followed {
    /// The shards that must be loaded again, and why.
    lost: Vec<(Shard, ReloadReason)>,
    /// The first error of a shard that is damaged.
    damaged: Option<StoreError>,
}

/// Follows one store into one index.
pub struct Follower {
    store: Arc<dyn Store>,
    indexes: Arc<Indexes>,
    metrics: Metrics,
    keeper: FreshnessKeeper,
    /// The place in each shard: the cursor, and what was shown beyond it. It stays locked while records go into the index,
    /// so that the index always holds every entry up to the cursor. The locks of the index are taken after it. It is never
    /// locked across an await, and no lookup locks it. With a shared store only reads of the log move the cursor, never
    /// this process's own commits: an entry that was read is known to be durable.
    places: Box<[Mutex<Place>]>,
    /// Held by the one task that reads logs and loads shards; it has the moment at which the last complete refresh began.
    following: tokio::sync::Mutex<Option<Instant>>,
    /// Held by the one task that compares a shard with the store.
    comparing: tokio::sync::Mutex<()>,
    /// The state of refreshes, held by the one read that refreshes.
    refreshing: tokio::sync::Mutex<Refreshes>,
    /// Whether the last refresh failed.
    refresh_fails: AtomicBool,
    /// When the store last refused a commit that the question of a sweep had not foreseen.
    refused: Mutex<Option<Instant>>,
    /// Entries and records left out since the last warning.
    skipped: AtomicU64,
    /// Own changes that the store has lost, and numbers that were gone from shards that were loaded again, since the log was
    /// last told.
    lost: AtomicU64,
    gone: AtomicU64,
}

impl Follower {
    /// A follower that has not read anything yet, into the index of the default tenant and those of tenants that it finds.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, index: Arc<Index>, clock: Clock, metrics: Metrics) -> Self {
        Self {
            store,
            indexes: Arc::new(Indexes::new(index)),
            metrics,
            keeper: FreshnessKeeper::new(clock),
            places: Shard::all().map(|_| Mutex::default()).collect(),
            following: tokio::sync::Mutex::default(),
            comparing: tokio::sync::Mutex::default(),
            refreshing: tokio::sync::Mutex::default(),
            refresh_fails: AtomicBool::new(false),
            refused: Mutex::default(),
            skipped: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            gone: AtomicU64::new(0),
        }
    }

    /// The indexes that the store is followed into.
    #[must_use]
    pub const fn indexes(&self) -> &Arc<Indexes> {
        &self.indexes
    }

    /// The freshness of the index, and whether the store may be written.
    #[must_use]
    pub fn freshness(&self) -> &Arc<Freshness> {
        self.keeper.freshness()
    }

    /// Loads the whole store. The service is not ready before this has succeeded once.
    ///
    /// # Errors
    /// If the store does not answer, or holds something that cannot be read.
    pub async fn bootstrap(&self) -> Result<(), StoreError> {
        let asked_at = self.freshness().moment();
        let began = monotonic();
        let loaded = match self.compare_folds().await {
            Ok(_) => self.load_all().await,
            Err(error) => Err(error),
        };
        self.warn_of_skipped();
        loaded.inspect_err(|error| self.metrics.store_error(error.into()))?;
        let writes = self.store.check_writes().await;
        self.conclude(Ok(writes), asked_at, began)?;
        self.keeper.loaded();
        self.metrics.bootstrapped(began.elapsed());
        self.metrics.index_ready(true);
        Ok(())
    }

    /// Follows without end: one shard after a notification, and all shards once a second.
    pub async fn run(&self) {
        let mut notifications = self.store.notifications();
        let mut sweeps = tokio::time::interval(SWEEP_EVERY);
        sweeps.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = sweeps.tick() => self.sweep().await,
                notification = notifications.recv() => match notification {
                    Ok(notification) => self.notified(notification).await,
                    Err(RecvError::Lagged(_)) => self.sweep().await,
                    Err(RecvError::Closed) => {
                        // The store sends no more notifications; sweeps go on.
                        sweeps.tick().await;
                        self.sweep().await;
                    }
                },
            }
        }
    }

    /// Remembers changes that this process has just committed, until the log confirms them. To be called before they are
    /// shown.
    pub fn committed(&self, changes: impl IntoIterator<Item = (Version, OwnChange)>) {
        if !self.store.is_shared() {
            return;
        }
        let now = monotonic();
        for (version, change) in changes {
            let mut place = self.place_of(change.key.shard()).lock();
            place.committed(version, change, now);
        }
    }

    /// Applies records of a tenant that this process has just committed, so that its next lookup sees them.
    pub fn applied<R: IndexedRecord>(&self, tenant: TenantId, committed: impl IntoIterator<Item = Committed<R>>) {
        let Some(index) = self.indexes.get_or_make(tenant) else {
            return;
        };
        for Committed { id, version, record } in committed {
            self.show((tenant, &index), id, version, Some(record));
        }
    }

    /// Removes a record that this process has just deleted.
    pub fn deleted<R: IndexedRecord>(&self, tenant: TenantId, id: R::Id, version: Version) {
        if let Some(index) = self.indexes.get_or_make(tenant) {
            self.show::<R>((tenant, &index), id, version, None);
        }
    }

    fn show<R: IndexedRecord>(
        &self,
        (tenant, index): (TenantId, &Index),
        id: R::Id,
        version: Version,
        record: Option<R>,
    ) {
        let mut place = self.place_of(R::shard(&id)).lock();
        if self.store.is_shared() {
            let key = RecordKey::of::<R>(tenant, &id);
            // Where the log was read, the index is as the log has it: a record may have been deleted since this version.
            if !place.read(version, key, || record.as_ref().map(StoredRecord::encode)) {
                return;
            }
        }
        index.apply(id, version, record);
        // If no other process writes to the store, the cursor moves past this commit, if it is the next entry. The
        // next sweep reads missing entries from the log, such as a commit whose caller stopped waiting.
        if !self.store.is_shared() && place.cursor.seq + 1 == version {
            place.cursor = LogHead {
                seq: version,
                nonce: UNREAD,
            };
        }
    }

    /// Asks for all log heads and catches up with the shards that have moved.
    pub async fn sweep(&self) {
        let asked_at = self.freshness().moment();
        let began = monotonic();
        let swept = self.sweep_all().await;
        // The error is logged, and the next sweep tries again.
        self.conclude(swept, asked_at, began).ok();
        self.warn_of_skipped();
        self.tell_of_lost();
        self.tell_of_gone();
        self.measure();
    }

    fn measure(&self) {
        let all = self.indexes.all();
        let sum = |count: fn(&Index) -> usize| all.iter().map(|(_, index)| count(index)).sum();
        self.metrics
            .index_size(sum(Index::number_count), sum(Index::case_count), sum(Index::note_count));
        for kind in ListKind::ALL {
            let entries = all.iter().map(|(_, index)| index.lists().entry_count(*kind)).sum();
            self.metrics.list_entries(*kind, entries);
        }
    }

    async fn notified(&self, notification: ShardNotification) {
        let behind = self.store.is_shared() && self.cursor(notification.shard).seq < notification.seq;
        // A replica passes the notifications of its master on, and a sweep decides when to follow again.
        if !behind || !self.freshness().store().can_be_followed() {
            return;
        }
        let _only_one = self.following.lock().await;
        let caught = match self.catch_up(notification.shard).await {
            Ok(Caught::Up) => Ok(()),
            Ok(Caught::Lost(reason)) => self.reload(&[(notification.shard, reason)]).await,
            Err(error) => Err(error),
        };
        if let Err(error) = caught {
            // The next sweep says whether the store is gone; one failed read does not.
            self.metrics.store_error((&error).into());
        }
        self.tell_of_lost();
    }

    /// Compares the evidence version of the store with that of this instance.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn compare_folds(&self) -> Result<bool, StoreError> {
        let stored = self.store.evidence_version().await?;
        Ok(self.are_folds_alike(stored))
    }

    fn are_folds_alike(&self, stored: u32) -> bool {
        let own = self.indexes.model().fold.evidence_version();
        if self.keeper.set_folds_alike(stored == own) {
            tracing::warn!(
                stored,
                own,
                "the store's evidence version has changed: writes depend on it"
            );
        }
        stored == own
    }

    /// Follows all shards. Returns whether the store takes writes.
    async fn sweep_all(&self) -> Result<Result<(), StoreError>, StoreError> {
        let _only_one = self.following.lock().await;
        let (befores, known) = self.befores();
        let swept = self.store.sweep(&known).await?;
        self.are_folds_alike(swept.evidence_version);
        let followed = self.follow_heads((befores, known), swept.changed).await?;
        self.reload(&followed.lost).await?;
        followed.damaged.map_or(Ok(swept.writes), Err)
    }

    /// The places in all shards, and the heads that the index is known to have. They are copied before the store is asked
    /// for its heads. This process's own commits may move a cursor past a head that was read before them, and the store
    /// would seem to have gone back in time.
    fn befores(&self) -> (Vec<Before>, Vec<LogHead>) {
        let befores: Vec<Before> = Shard::all().map(|shard| self.before(shard)).collect();
        let known = befores.iter().map(|before| before.cursor).collect();
        (befores, known)
    }

    /// Catches up with the shards whose heads have `changed` since they were `known`. Only one task at a time may do this.
    async fn follow_heads(
        &self,
        (befores, known): (Vec<Before>, Vec<LogHead>),
        changed: Vec<(Shard, LogHead)>,
    ) -> Result<Followed, StoreError> {
        let mut heads = known;
        for (shard, now) in changed {
            if let Some(head) = heads.get_mut(shard.index()) {
                *head = now;
            }
        }
        let mut followed = Followed::default();
        // Also where the head is as it was: something may have been shown that it does not have.
        for ((shard, before), head) in Shard::all().zip(befores).zip(heads) {
            match self.sweep_shard(shard, (before, head)).await {
                Ok(Caught::Up) => {}
                Ok(Caught::Lost(reason)) => followed.lost.push((shard, reason)),
                // Only this shard is damaged: the others are followed all the same.
                Err(error @ StoreError::Unreadable { .. }) => _ = followed.damaged.get_or_insert(error),
                // The store fails as a whole: each further shard would wait for the time-out.
                Err(error) => return Err(error),
            }
        }
        Ok(followed)
    }

    /// Compares the head of a shard's log with the cursor as it was before.
    async fn sweep_shard(&self, shard: Shard, (before, head): (Before, LogHead)) -> Result<Caught, StoreError> {
        let cursor = before.cursor;
        let was_followed = self.freshness().store().can_be_followed();
        if head.seq < cursor.seq || before.may_be_lost(head, was_followed) {
            Ok(Caught::Lost(ReloadReason::Absent))
        } else if head.seq < before.last_shown {
            Ok(Caught::Lost(ReloadReason::Unconfirmed))
        } else if before.overflowed {
            Ok(Caught::Lost(ReloadReason::Trimmed))
        } else if head.seq == cursor.seq && cursor.nonce != UNREAD && head.nonce != cursor.nonce {
            Ok(Caught::Lost(ReloadReason::OtherNonce))
        } else if head.seq > self.cursor(shard).seq {
            let caught = self.catch_up(shard).await?;
            if caught == Caught::Up && self.cursor(shard).seq < head.seq {
                return Ok(Caught::Lost(ReloadReason::Absent)); // the log ends before its head
            }
            Ok(caught)
        } else {
            Ok(Caught::Up)
        }
    }

    /// Counts and logs an entry or a record that is left out. Its id may be a phone number, and is not logged. There may
    /// be thousands, so the warning comes once for all of them ([`Self::warn_of_skipped`]).
    fn skipped(&self, shard: Shard, version: Version, reason: SkipReason) {
        self.metrics.entry_skipped(reason);
        self.skipped.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(
            shard = shard.index(),
            version,
            reason = reason.value(),
            "an entry that this release does not know was left out of the index"
        );
    }

    /// Warns of the entries and records left out since the last warning, if there are any.
    fn warn_of_skipped(&self) {
        let count = self.skipped.swap(0, Ordering::Relaxed);
        if count > 0 {
            tracing::warn!(
                count,
                "entries that this release does not know were left out of the index"
            );
        }
    }

    fn before(&self, shard: Shard) -> Before {
        self.place_of(shard).lock().before()
    }

    fn cursor(&self, shard: Shard) -> LogHead {
        self.place_of(shard).lock().cursor
    }

    fn place_of(&self, shard: Shard) -> &Mutex<Place> {
        #[expect(clippy::indexing_slicing, reason = "there is a place for every shard")]
        &self.places[shard.index()]
    }
}
