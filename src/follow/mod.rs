//! The store's change log into the index: the only writer of the index, and the one who knows how fresh it is.
//!
//! A follower holds, for every shard, the sequence and the nonce of the last entry it has taken in. It reads the shards
//! that rang, and asks for the ends of all logs once a second in case a ring was lost. Whatever does not fit (another
//! nonce at its place, an entry gone, a gap) means that the shard is loaded again, by replacement, never by merging.
//! A store that is empty or another one is a different matter: the index is kept, answers are stale, an alarm is raised
//! and writes are refused until the store returns.

mod freshness;
mod load;

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::broadcast::error::RecvError;

use crate::clock::{Clock, monotonic};
use crate::domain::case::Case;
use crate::domain::ids::{CaseId, ListId};
use crate::domain::kinds::ListKind;
use crate::domain::list::List;
use crate::domain::state::NumberState;
use crate::index::Index;
use crate::metrics::{Metrics, ReloadReason};
use crate::number::E164;
use crate::store::codec::{self, entry::Entry};
use crate::store::{Head, Kind, RawEntry, Ring, Shard, Store, StoreError, Version, key};
pub use freshness::{Freshness, StoreState};

/// How often the ends of all logs are asked for.
pub const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// An answer is stale when the last completed sweep is longer ago than this.
pub const STALE_AFTER: Duration = Duration::from_secs(5);
/// The nonce of an entry that was not read from the log, but committed by this process alone.
const UNREAD: u64 = 0;
/// Entries read at a time.
const ENTRIES_AT_A_TIME: usize = 512;

/// A record that this process has just committed, to be seen by its next lookup.
#[derive(Debug)]
pub enum Applied {
    /// A number's record.
    Number(E164, Version, Box<NumberState>),
    /// A case's record.
    Case(CaseId, Version, Box<Case>),
    /// A list.
    List(ListId, Version, Box<List>),
}

/// Follows one store into one index.
pub struct Follower {
    store: Arc<dyn Store>,
    index: Arc<Index>,
    metrics: Metrics,
    freshness: Freshness,
    /// The last entry taken in, by shard. Of a shared store moved by reads of the log only, never by the process's own
    /// commits: what was read is what is known to have lasted. Locked for a copy, never across an await.
    cursors: Box<[Mutex<Head>]>,
}

impl Follower {
    /// A follower that has not read anything yet.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, index: Arc<Index>, clock: Clock, metrics: Metrics) -> Self {
        let cursors = Shard::all().map(|_| Mutex::new(Head::default())).collect();
        Self {
            store,
            index,
            metrics,
            freshness: Freshness::new(clock),
            cursors,
        }
    }

    /// How fresh the index is, and whether the store may be written.
    #[must_use]
    pub fn freshness(&self) -> &Freshness {
        &self.freshness
    }

    /// Loads everything. Until it has succeeded once the service is not ready.
    ///
    /// # Errors
    /// If the store does not answer, or holds something that cannot be read.
    pub async fn bootstrap(&self) -> Result<(), StoreError> {
        let asked_at = self.freshness.moment();
        let began = monotonic();
        self.compare_folds().await?;
        self.load_all().await?;
        self.swept(asked_at, began);
        self.freshness.loaded();
        self.metrics.bootstrapped(began.elapsed());
        self.metrics.index_ready(true);
        Ok(())
    }

    /// Follows for ever: shards that ring, and all of them once a second.
    pub async fn run(&self) {
        let mut rings = self.store.rings();
        let mut sweeps = tokio::time::interval(SWEEP_EVERY);
        sweeps.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = sweeps.tick() => self.sweep().await,
                ring = rings.recv() => match ring {
                    Ok(ring) => self.rung(ring).await,
                    Err(RecvError::Lagged(_)) => self.sweep().await,
                    Err(RecvError::Closed) => {
                        // The store rings no more; sweeps go on.
                        sweeps.tick().await;
                        self.sweep().await;
                    }
                },
            }
        }
    }

    /// Takes in what this process has just committed, so that its next lookup shows it.
    pub fn applied(&self, committed: Vec<Applied>) {
        for record in committed {
            let (shard, version) = match record {
                Applied::Number(number, version, state) => {
                    self.index.apply_number(number, version, Some(*state));
                    (Shard::of_number(number), version)
                }
                Applied::Case(id, version, case) => {
                    let shard = Shard::of_case(&id);
                    self.index.apply_case(id, version, Some(*case));
                    (shard, version)
                }
                Applied::List(id, version, list) => {
                    self.index.apply_list(&id, version, Some(*list));
                    (Shard::of_list(&id), version)
                }
            };
            if !self.store.is_shared() {
                self.advance_alone(shard, version);
            }
        }
    }

    /// Asks for the ends of all logs and catches up where they have moved.
    pub async fn sweep(&self) {
        let asked_at = self.freshness.moment();
        let began = monotonic();
        match self.sweep_all().await {
            Ok(()) => self.swept(asked_at, began),
            Err(error) => self.failed(&error),
        }
        self.measure();
    }

    fn measure(&self) {
        self.metrics
            .index_size(self.index.number_count(), self.index.case_count());
        let lists = self.index.lists();
        for kind in ListKind::ALL {
            self.metrics.list_entries(*kind, lists.entry_count(*kind));
        }
    }

    fn swept(&self, asked_at: freshness::Moment, began: Instant) {
        self.freshness.swept(asked_at);
        self.metrics.swept(began);
        self.set_store(StoreState::Up);
    }

    async fn rung(&self, ring: Ring) {
        let behind = self.store.is_shared() && self.cursor(ring.shard).seq < ring.seq;
        if behind && let Err(error) = self.catch_up(ring.shard).await {
            // The next sweep says whether the store is gone; one failed read does not.
            self.metrics.store_error((&error).into());
        }
    }

    /// Compares how the stored evidence was folded with how this instance folds.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn compare_folds(&self) -> Result<bool, StoreError> {
        let stored = self.store.evidence_version().await?;
        let own = self.index.model().fold.evidence_version();
        if self.freshness.set_folds_alike(stored == own) {
            tracing::warn!(
                stored,
                own,
                "the store's evidence version has changed: writes depend on it"
            );
        }
        Ok(stored == own)
    }

    /// Moves the cursor of a store that nobody else writes to past this process's own commit, if it is the next: what
    /// is missing, such as a commit whose caller went away, is read from the log by the next sweep.
    fn advance_alone(&self, shard: Shard, version: Version) {
        let mut cursor = self.cursor_of(shard).lock();
        if cursor.seq + 1 == version {
            *cursor = Head {
                seq: version,
                nonce: UNREAD,
            };
        }
    }

    async fn sweep_all(&self) -> Result<(), StoreError> {
        self.compare_folds().await?;
        let heads = self.store.heads().await?;
        for (shard, head) in Shard::all().zip(heads) {
            let cursor = self.cursor(shard);
            if head.seq < cursor.seq {
                self.reload(shard, ReloadReason::Absent).await?;
            } else if head.seq == cursor.seq && cursor.nonce != UNREAD && head.nonce != cursor.nonce {
                self.reload(shard, ReloadReason::OtherNonce).await?;
            } else if head.seq > cursor.seq {
                self.catch_up(shard).await?;
            }
        }
        Ok(())
    }

    /// Reads a shard's log from the last entry taken in, which must still be there and the same.
    async fn catch_up(&self, shard: Shard) -> Result<(), StoreError> {
        loop {
            let cursor = self.cursor(shard);
            let entries = self.store.entries(shard, cursor.seq.max(1), ENTRIES_AT_A_TIME).await?;
            let full = entries.len() >= ENTRIES_AT_A_TIME;
            if let Some(reason) = doubt(cursor, &entries) {
                return self.reload(shard, reason).await;
            }
            for raw in entries.iter().filter(|raw| raw.seq > cursor.seq) {
                self.take_in(shard, raw)?;
            }
            if !full {
                return Ok(());
            }
        }
    }

    fn take_in(&self, shard: Shard, raw: &RawEntry) -> Result<(), StoreError> {
        let Entry { seq, header, state } = codec::entry::decode(raw)?;
        match header.kind {
            Kind::Number => {
                let state = state.as_deref().map(codec::number::decode).transpose()?;
                if let Some(number) = key::number_of_id(&header.id) {
                    self.index.apply_number(number, seq, state);
                }
            }
            Kind::Case => {
                let case = state.as_deref().map(codec::case::decode).transpose()?;
                if let Some(id) = std::str::from_utf8(&header.id)
                    .ok()
                    .and_then(|id| CaseId::parse(id).ok())
                {
                    self.index.apply_case(id, seq, case);
                }
            }
            Kind::List => {
                let list = state.as_deref().map(codec::list::decode).transpose()?;
                if let Some(id) = std::str::from_utf8(&header.id)
                    .ok()
                    .and_then(|id| ListId::parse(id).ok())
                {
                    self.index.apply_list(&id, seq, list);
                }
            }
        }
        *self.cursor_of(shard).lock() = Head {
            seq,
            nonce: header.nonce,
        };
        self.metrics.entries_applied(1);
        self.metrics.replicated(header.at.until(self.freshness.now()));
        Ok(())
    }

    async fn reload(&self, shard: Shard, reason: ReloadReason) -> Result<(), StoreError> {
        tracing::warn!(shard = shard.index(), ?reason, "the shard is loaded again");
        self.metrics.shard_reloaded(reason);
        let head = self
            .store
            .heads()
            .await?
            .get(shard.index())
            .copied()
            .unwrap_or_default();
        self.load_shard(shard, head).await
    }

    fn failed(&self, error: &StoreError) {
        self.metrics.store_error(error.into());
        let state = match error {
            StoreError::Foreign { .. } => StoreState::Foreign,
            StoreError::Unavailable { .. }
            | StoreError::OutcomeUnknown { .. }
            | StoreError::Unreadable { .. }
            | StoreError::Refused { .. } => StoreState::Down,
        };
        if self.set_store(state) {
            tracing::error!(%error, ?state, "the store cannot be followed: answers come from memory");
        }
    }

    fn set_store(&self, state: StoreState) -> bool {
        let changed = self.freshness.set_store(state);
        if changed {
            self.metrics.store_up(state == StoreState::Up);
            self.metrics.store_foreign(state == StoreState::Foreign);
            tracing::info!(?state, "the state of the store has changed");
        }
        changed
    }

    fn cursor(&self, shard: Shard) -> Head {
        *self.cursor_of(shard).lock()
    }

    fn cursor_of(&self, shard: Shard) -> &Mutex<Head> {
        #[expect(clippy::indexing_slicing, reason = "there is a cursor for every shard")]
        &self.cursors[shard.index()]
    }
}

/// Why the entries read from a cursor on do not continue it, if they do not.
fn doubt(cursor: Head, entries: &[RawEntry]) -> Option<ReloadReason> {
    if cursor.seq > 0 {
        match entries.first() {
            None => return Some(ReloadReason::Absent),
            Some(first) if first.seq != cursor.seq => return Some(ReloadReason::Trimmed),
            Some(first) if cursor.nonce != UNREAD && codec::entry::nonce(&first.bytes) != Some(cursor.nonce) => {
                return Some(ReloadReason::OtherNonce);
            }
            Some(_) => {}
        }
    }
    let contiguous = (cursor.seq.max(1)..)
        .zip(entries)
        .all(|(expected, entry)| entry.seq == expected);
    (!contiguous).then_some(ReloadReason::Gap)
}
