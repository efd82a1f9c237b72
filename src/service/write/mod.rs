//! The one way of writing: read, apply a pure function, commit guarded by versions, show it in the index.
//!
//! A number's change is a function of its record and the part of its rows that is loaded. If it needs more rows it says
//! so, they are read, and it goes on where it stopped. If somebody else was faster the shard is read again and the
//! function applied to what is there now, a bounded number of times with jitter. Within a batch, changes of one number
//! are coalesced into one record, and those of one shard into one commit. All of it ends at a deadline.
//!
//! What a retry finds done is shown in the index too: the answer to the first try may have been lost, and with it the
//! index's update.

mod deadline;
mod numbers;
mod records;
mod side_records;

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, MutexGuard};

use super::{Service, ServiceError};
use crate::codec::{self, entry::EntryHeader};
use crate::domain::actor::Actor;
use crate::domain::ids::RequestId;
use crate::domain::requests::{Fingerprint, Seen};
use crate::domain::rows::Missing;
use crate::domain::time::Timestamp;
use crate::follow::StoreState;
use crate::store::{CommitError, RecordKey, RecordWrite, Shard, ShardCommit, Version};

pub(super) use deadline::{Deadline, WRITE_TIMEOUT};
pub(super) use numbers::{NumberJob, NumberRecord};

/// How often a change is tried while others are faster.
const MAX_ATTEMPTS: u32 = 12;
/// The longest pause before an attempt; the first is a tenth of a millisecond, and each is twice the one before.
const MAX_PAUSE: Duration = Duration::from_millis(50);
/// Parts of the shards that batches take in turn.
const LANES: usize = 4;
/// Locks that order this process's own writes.
const TURNS: usize = 1_024;

/// Who changes something, and on which request.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// The client's name of the request: the same name again is the same mutation.
    pub request: RequestId,
    /// Who asks.
    pub actor: Actor,
    /// The version the client read; 0 for "no record yet". Any if unset.
    pub expected_version: Option<Version>,
}

/// Locks by hash of the record, for single changes only: batches rely on versions.
#[derive(Debug)]
pub(super) struct Turns(Box<[Mutex<()>]>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..TURNS).map(|_| Mutex::new(())).collect())
    }
}

impl Turns {
    async fn take(&self, key: &RecordKey) -> Option<MutexGuard<'_, ()>> {
        self.take_named(key.id()).await
    }

    /// The turn of whatever has this name.
    async fn take_named(&self, name: impl AsRef<[u8]>) -> Option<MutexGuard<'_, ()>> {
        let hash = usize::try_from(xxhash_rust::xxh3::xxh3_64(name.as_ref()) % 1_024).unwrap_or(0);
        Some(self.0.get(hash)?.lock().await)
    }
}

/// Locks that order this process's own batches, each for a quarter of the shards. Batches hold numbers that are reported
/// by many in the same hour, so two at once would mostly find each other's versions; in lanes, one is in the second
/// quarter while the next is in the first.
#[derive(Debug)]
pub(super) struct Lanes([Mutex<()>; LANES]);

impl Default for Lanes {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(())))
    }
}

impl Lanes {
    fn of(shard: Shard) -> usize {
        shard.index() % LANES
    }

    async fn take(&self, lane: usize) -> Option<MutexGuard<'_, ()>> {
        Some(self.0.get(lane)?.lock().await)
    }
}

/// Why a change did not go through.
#[derive(Debug)]
pub(super) enum Stop {
    /// Rows are missing; nothing was changed.
    Rows(Missing),
    /// These buckets of rows are missing, for this change and those after it; nothing was changed.
    Buckets(BTreeSet<u32>),
    /// It is refused; nothing was changed.
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

/// What a change gives: an answer, and whether the record is to be written.
#[derive(Debug)]
pub(super) struct Done<T> {
    pub(super) answer: T,
    pub(super) write: bool,
}

impl Service {
    /// Whether the store may be written now; asked before a write, so that nobody waits for a store known to be gone.
    fn check_writable(&self) -> Result<(), ServiceError> {
        let freshness = self.follower.freshness();
        match freshness.store() {
            StoreState::Up if !freshness.folds_alike() && !self.is_migrating() => Err(ServiceError::OtherFold),
            StoreState::Up => Ok(()),
            StoreState::Down | StoreState::Foreign => Err(ServiceError::Unavailable),
        }
    }

    async fn commit(&self, commits: Vec<ShardCommit>, deadline: Deadline) -> Vec<Result<Vec<Version>, CommitError>> {
        if commits.is_empty() {
            return Vec::new();
        }
        let began = crate::clock::monotonic();
        let outcomes = deadline.commit(commits.len(), self.store.commit(commits)).await;
        self.metrics.store_commit(began.elapsed());
        for outcome in &outcomes {
            match outcome {
                Ok(_) => {}
                Err(CommitError::Conflict { .. }) => self.metrics.commit_conflict(),
                Err(CommitError::Store(error)) => self.metrics.store_error(error.into()),
            }
        }
        outcomes
    }
}

impl Mutation {
    /// Whether a record that remembers `seen` at `version` is to be changed: a retry is not, and a record that has
    /// changed since the client read it must not be.
    pub(super) fn check(&self, seen: Seen, version: Version) -> Result<bool, ServiceError> {
        match seen {
            Seen::Done => Ok(false),
            Seen::OtherContent => Err(ServiceError::AlreadyExists { what: "request_id" }),
            Seen::New => match self.expected_version {
                Some(expected) if expected != version => Err(ServiceError::Stale {
                    expected,
                    found: version,
                }),
                Some(_) | None => Ok(true),
            },
        }
    }

    /// One part of the request as records remember it, where a request may change a record in several parts.
    pub(super) fn fingerprint_of(&self, part: &str, content: &str) -> Fingerprint {
        Fingerprint::of_part(&self.request, part, content.as_bytes())
    }

    /// The request as records remember it.
    pub(super) fn fingerprint(&self, content: &str) -> Fingerprint {
        Fingerprint::new(&self.request, content.as_bytes())
    }
}

fn record_write(
    key: RecordKey,
    expected: Option<Version>,
    state: Bytes,
    (actor, request): (&Actor, &str),
    at: Timestamp,
) -> RecordWrite {
    let header = EntryHeader {
        nonce: random(),
        tenant: key.tenant(),
        kind: key.kind(),
        id: key.id().clone(),
        deleted: false,
        at,
        actor: actor.clone(),
        request: request.into(),
    };
    RecordWrite {
        key,
        expected,
        header: codec::entry::encode_header(&header),
        state: Some(state),
    }
}

/// Twice as long each time, at a random point of the second half.
fn pause(attempt: u32) -> Duration {
    let whole = Duration::from_micros(100)
        .saturating_mul(1 << attempt.min(16))
        .min(MAX_PAUSE);
    let jitter = u32::try_from(random() % 1_000).unwrap_or(0);
    whole / 2 + whole * jitter / 2_000
}

/// Random, or what is left of it where the machine has none: uniqueness among neighbours is all that is asked.
fn random() -> u64 {
    getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id()))
}
