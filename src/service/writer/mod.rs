//! The one way of writing: read, apply a pure function, commit guarded by versions, show it in the index.
//!
//! A change of a number is a function of its record and of the rows that are loaded. If the function needs more rows,
//! it returns which; they are read, and it continues where it stopped. If another writer was faster, the shard is read
//! again and the function is applied to the new record: a bounded number of times, with jitter. Within a batch, changes
//! of one number are written as one record, and those of one shard as one commit. The deadline covers all of this.
//!
//! A write returns what it committed ([`Changed`]): the answer, the version, and the record. Nothing is read back from
//! the index afterwards, where a later write may have arrived already.
//!
//! A record that a retry finds already changed is shown in the index too: the process may have failed between the
//! commit of the first try and the update of the index. So is a record that is read to be shown in a dossier: the other
//! half of the dossier comes from the index, which must not be older.

mod audit;
mod cases;
mod deadline;
mod erase;
mod erased;
mod find;
mod find_rows;
mod latest_time;
mod locks;
mod migrate;
mod mutation;
mod number_job;
mod numbers;
mod once;
mod outcomes;
mod records;
mod side_records;
mod whole;
mod work;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::time::Duration;

use bytes::Bytes;

use super::ServiceError;
use super::versions::ShownVersions;
use crate::clock::Clock;
use crate::codec::{
    self, StoredRecord,
    entry::{EntryHeader, EntryState},
};
use crate::domain::evidence::FoldModel;
use crate::domain::rows::Missing;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::follow::{Follower, OwnChange};
use crate::index::{Index, StoreState};
use crate::metrics::Metrics;
use crate::store::{
    CommitError, EventSpan, RecordKey, RecordWrite, ScanPage, ScanTable, Shard, ShardCommit, SideKind, Store,
    StoredEvent, Version,
};

pub(super) use audit::Told;
pub(super) use deadline::{WRITE_TIMEOUT, WriteDeadline};
pub(super) use erase::{Erasing, Stay};
pub use mutation::Mutation;
pub(super) use mutation::{Author, scoped};
pub(super) use number_job::{JobOutcome, NumberJob, NumberRecord};
pub(super) use once::{Outcome, Request};
pub(super) use whole::WholeNumber;

use locks::{Lanes, Turns};

/// The most attempts of a change while other writers are faster.
const MAX_ATTEMPTS: u32 = 12;
/// The longest pause before an attempt; the first is a tenth of a millisecond, and each is twice the one before.
const MAX_PAUSE: Duration = Duration::from_millis(50);

/// Writes to the store, and then to the index, for one tenant. All services of a tenant that change something share one.
pub(super) struct Writer {
    /// The tenant that everything belongs to that this writes.
    tenant: TenantId,
    store: Arc<dyn Store>,
    index: Arc<Index>,
    follower: Arc<Follower>,
    clock: Clock,
    metrics: Metrics,
    /// Orders this process's own writes to one record, so that they do not conflict with each other.
    turns: Turns,
    /// Orders the repetitions of a request. Taken before a lock of `turns`, never after it.
    requests: Turns,
    /// Orders this process's own batches.
    lanes: Lanes,
    /// The longest that a change may take.
    write_timeout: Duration,
    /// Set while all evidence is refolded.
    migrating: AtomicBool,
    /// Counts the audit events of this process.
    event_order: AtomicU32,
    /// The key of the hashes of erased numbers.
    erased_key: [u8; 32],
    /// The key under which the numbers of erasures in progress are sealed.
    erasing_key: [u8; 32],
    /// The key of the hashes of what requests ask for.
    request_key: [u8; 32],
    /// The key of the ids of the rows at call-back numbers whose reports were erased.
    callback_key: [u8; 32],
    /// The key of the versions that are shown to named tenants.
    version_key: [u8; 32],
    /// How the versions of the tenant's records are shown.
    versions: ShownVersions,
}

/// The result of a write: the committed record. A write that changed nothing, such as a retry, has the record it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Changed<R, T> {
    /// The answer of the change.
    pub(super) answer: T,
    /// The version of the record as the tenant sees it; 0 if there is none.
    pub(super) version: Version,
    /// The record of this version.
    pub(super) record: R,
}

/// Why a change stopped. It has changed nothing.
#[derive(Debug)]
pub(super) enum Stop {
    /// Rows are missing.
    Rows(Missing),
    /// These buckets of rows are missing, for this change and those after it.
    Buckets(BTreeSet<u32>),
    /// The change is refused.
    Refused(ServiceError),
}

impl From<Missing> for Stop {
    fn from(missing: Missing) -> Self {
        Self::Rows(missing)
    }
}

impl From<ServiceError> for Stop {
    fn from(error: ServiceError) -> Self {
        Self::Refused(error)
    }
}

/// The result of a change function: an answer, and whether the record has to be written.
#[derive(Debug)]
pub(super) struct Done<T> {
    pub(super) answer: T,
    pub(super) write: bool,
}

impl<T> Done<T> {
    /// The record has changed and is to be written.
    pub(super) const fn written(answer: T) -> Self {
        Self { answer, write: true }
    }

    /// The record stays as it is.
    pub(super) const fn unchanged(answer: T) -> Self {
        Self { answer, write: false }
    }
}

impl Writer {
    pub(super) fn new(
        (tenant, index): (TenantId, Arc<Index>),
        store: Arc<dyn Store>,
        follower: Arc<Follower>,
        clock: Clock,
        metrics: Metrics,
        write_timeout: Duration,
    ) -> Self {
        let meta = store.meta();
        let version_key = meta.derived_key("ringwarden 2026 versions of records");
        Self {
            tenant,
            versions: ShownVersions::of_tenant(&version_key, tenant),
            version_key,
            erased_key: meta.derived_key("ringwarden 2026 erased numbers"),
            erasing_key: meta.derived_key("ringwarden 2026 erasures in progress"),
            callback_key: meta.derived_key("ringwarden 2026 rows of call-back numbers"),
            request_key: meta.derived_key("ringwarden 2026 contents of requests"),
            store,
            index,
            follower,
            clock,
            metrics,
            turns: Turns::default(),
            requests: Turns::default(),
            lanes: Lanes::default(),
            write_timeout,
            migrating: AtomicBool::new(false),
            event_order: AtomicU32::new(0),
        }
    }

    /// The tenant.
    pub(super) const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The key of the hashes of what requests ask for.
    pub(super) const fn request_key(&self) -> &[u8; 32] {
        &self.request_key
    }

    /// The key of the ids of the rows at call-back numbers whose reports were erased.
    pub(super) const fn callback_key(&self) -> &[u8; 32] {
        &self.callback_key
    }

    /// The version of a record, as the tenant sees it.
    pub(super) fn shown_version<R: StoredRecord>(&self, id: &R::Id, version: Version) -> Version {
        self.versions.of(&RecordKey::of::<R>(self.tenant, id), version)
    }

    /// The version of a record that is kept here, as another tenant sees it.
    pub(super) fn version_for<R: StoredRecord>(&self, tenant: TenantId, id: &R::Id, version: Version) -> Version {
        let record = RecordKey::of::<R>(self.tenant, id);
        ShownVersions::of_tenant(&self.version_key, tenant).of(&record, version)
    }

    /// The index of the tenant.
    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    /// Brings the index up to date with the store, as far as it can be. False if it may still lack changes that were
    /// acknowledged before.
    pub(super) async fn refresh(&self) -> bool {
        self.follower.refresh().await
    }

    /// The model that folds rows into evidence.
    pub(super) fn fold(&self) -> &FoldModel {
        &self.index.model().fold
    }

    /// Stores an event that tells of no change, such as a read.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub(super) async fn record_event(&self, shard: Shard, author: Author<'_>, told: Told) -> Result<(), ServiceError> {
        self.check_writable()?;
        let event = self.event_of_request(shard, author, self.clock.now(), told);
        let commit = ShardCommit {
            events: event.into_iter().collect(),
            ..ShardCommit::empty(shard)
        };
        match self.commit(vec![commit], self.deadline(1)).await.pop() {
            Some(Ok(_)) => Ok(()),
            Some(Err(CommitError::Conflict { .. })) => Err(overtaken()),
            Some(Err(CommitError::Store(error))) => Err(error.into()),
            None => Err(ServiceError::Internal),
        }
    }

    /// Events of these shards within a span, newest first.
    pub(super) async fn events(
        &self,
        shards: &[Shard],
        span: EventSpan,
        limit: usize,
    ) -> Result<Vec<Vec<StoredEvent>>, ServiceError> {
        Ok(self.store.events(shards, span, limit).await?)
    }

    /// Drops old events of a shard, at most `limit`; returns how many.
    pub(super) async fn drop_events(
        &self,
        shard: Shard,
        before: Timestamp,
        limit: usize,
    ) -> Result<usize, ServiceError> {
        let dropped = self.store.drop_events(shard, self.tenant, before, limit).await?;
        self.metrics.audit_events_dropped(dropped);
        Ok(dropped)
    }

    /// A page of the rows of a shard, for searches that the index cannot answer.
    pub(super) async fn scan_rows(
        &self,
        shard: Shard,
        after: Option<Bytes>,
        limit: usize,
    ) -> Result<ScanPage, ServiceError> {
        let rows = self.store.scan(shard, self.tenant, ScanTable::Rows, after, limit);
        Ok(rows.await?)
    }

    /// A page of the side records of a kind in a shard, for searches that the index cannot answer.
    pub(super) async fn scan_side_records(
        &self,
        shard: Shard,
        kind: SideKind,
        after: Option<Bytes>,
        limit: usize,
    ) -> Result<ScanPage, ServiceError> {
        let sides = self
            .store
            .scan(shard, self.tenant, ScanTable::Sides(kind), after, limit);
        Ok(sides.await?)
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Checks whether the store may be written now, so that no write waits for a store that is known to be gone.
    fn check_writable(&self) -> Result<(), ServiceError> {
        let freshness = self.follower.freshness();
        match freshness.store() {
            StoreState::Up if !freshness.folds_alike() && !self.is_migrating() => {
                Err(ServiceError::EvidenceVersionMismatch)
            }
            StoreState::Up => Ok(()),
            StoreState::Down | StoreState::Foreign | StoreState::Replica | StoreState::ReadOnly => {
                Err(ServiceError::StoreUnavailable)
            }
        }
    }

    /// One outcome for each commit; in that of a committed one, one version for each record.
    async fn commit(
        &self,
        commits: Vec<ShardCommit>,
        deadline: WriteDeadline,
    ) -> Vec<Result<Vec<Version>, CommitError>> {
        if commits.is_empty() {
            return Vec::new();
        }
        let began = crate::clock::monotonic();
        let records: Vec<usize> = commits.iter().map(|commit| commit.records.len()).collect();
        let events: Vec<usize> = commits.iter().map(|commit| commit.events.len()).collect();
        let changes: Vec<Vec<OwnChange>> = commits.iter().map(own_changes).collect();
        let outcomes = deadline.commit(commits.len(), self.store.commit(commits)).await;
        let outcomes = outcomes::complete(outcomes, &records);
        self.metrics.store_commit(began.elapsed());
        for ((outcome, events), changes) in outcomes.iter().zip(events).zip(changes) {
            match outcome {
                Ok(versions) => {
                    self.metrics.audit_events(events);
                    self.follower.committed(versions.iter().copied().zip(changes));
                }
                Err(CommitError::Conflict { .. }) => self.metrics.commit_conflict(),
                Err(CommitError::Store(error)) => {
                    self.metrics.store_error(error.into());
                    self.follower.commit_failed(error);
                }
            }
        }
        outcomes
    }
}

/// What a commit changes, for the follower to find it in the log.
fn own_changes(commit: &ShardCommit) -> Vec<OwnChange> {
    let changes = commit.records.iter().map(|write| OwnChange {
        key: write.key.clone(),
        nonce: write.nonce(),
        state: write.state.clone(),
    });
    changes.collect()
}

fn record_write(
    key: RecordKey,
    expected: Option<Version>,
    state: Bytes,
    author: Author<'_>,
    at: Timestamp,
) -> RecordWrite {
    let header = EntryHeader {
        nonce: random(),
        tenant: key.tenant(),
        kind: key.kind(),
        id: key.id().clone(),
        state: EntryState::of(Some(&state)),
        at,
        actor: author.actor.clone(),
        request: author.request.into(),
        reason: author.reason.into(),
    };
    RecordWrite {
        key,
        expected,
        header: codec::entry::encode_header(&header),
        state: Some(state),
    }
}

/// The error after the last attempt.
pub(super) const fn overtaken() -> ServiceError {
    ServiceError::Exhausted { retry_after: MAX_PAUSE }
}

/// The pause before an attempt: twice as long each time, less a random part of up to a half.
pub(super) fn pause(attempt: u32) -> Duration {
    let whole = Duration::from_micros(100)
        .saturating_mul(1 << attempt.min(16))
        .min(MAX_PAUSE);
    let jitter = u32::try_from(random() % 1_000).unwrap_or(0);
    whole / 2 + whole * jitter / 2_000
}

/// A random number. Without a random source, the process id: it is enough that instances have different numbers.
fn random() -> u64 {
    getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id()))
}
