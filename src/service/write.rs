//! The one way of writing: read, apply a pure function, commit guarded by versions, show it in the index.
//!
//! A number's change is a function of its record and the part of its rows that is loaded. If it needs more rows it says
//! so, they are read, and it goes on where it stopped. If somebody else was faster the shard is read again and the
//! function applied to what is there now, a bounded number of times with jitter. Within a batch, changes of one number
//! are coalesced into one record, and those of one shard into one commit.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, MutexGuard};

use super::{Service, ServiceError};
use crate::domain::actor::Actor;
use crate::domain::case::Case;
use crate::domain::ids::{CaseId, RequestId};
use crate::domain::requests::{Fingerprint, Seen};
use crate::domain::rows::{Missing, Rows};
use crate::domain::state::NumberState;
use crate::domain::time::Timestamp;
use crate::follow::{Applied, StoreState};
use crate::number::E164;
use crate::store::codec::{self, entry::Header};
use crate::store::{BucketKey, BucketWrite, CommitError, Key, RecordKey, RecordWrite, Shard, ShardCommit, Version};

/// How often a change is tried while others are faster.
const MAX_ATTEMPTS: u32 = 12;
/// The longest pause before an attempt; the first is a tenth of a millisecond, and each is twice the one before.
const MAX_PAUSE: Duration = Duration::from_millis(50);
/// How often a change may ask for more rows: its own bucket, one to split, and then all.
const MAX_ROUNDS: usize = 8;
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
        let hash = usize::try_from(xxhash_rust::xxh3::xxh3_64(key.id()) % 1_024).unwrap_or(0);
        Some(self.0.get(hash)?.lock().await)
    }
}

/// A number's record while it is being changed.
#[derive(Debug)]
pub(super) struct NumberRecord {
    pub(super) number: E164,
    pub(super) state: NumberState,
    pub(super) version: Option<Version>,
    pub(super) rows: Rows,
}

/// Why a change did not go through.
#[derive(Debug)]
pub(super) enum Stop {
    /// Rows are missing; nothing was changed.
    Rows(Missing),
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

/// Changes of one number, in order; they are written together.
#[derive(Debug)]
pub(super) struct NumberJob<I> {
    pub(super) number: E164,
    pub(super) items: Vec<I>,
}

/// One number's job under way.
struct Work<'a, I, T> {
    job: &'a NumberJob<I>,
    record: NumberRecord,
    answers: Vec<Result<T, ServiceError>>,
    write: bool,
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

    /// Changes one number.
    pub(super) async fn change_number<T>(
        &self,
        number: E164,
        who: (&Actor, &str),
        change: impl Fn(&mut NumberRecord) -> Result<Done<T>, Stop>,
    ) -> Result<T, ServiceError> {
        let _turn = self.turns.take(&RecordKey::number(number)).await;
        let jobs = [NumberJob {
            number,
            items: vec![()],
        }];
        let mut answers = self.change_numbers(&jobs, who, |record, ()| change(record)).await;
        answers
            .pop()
            .and_then(|mut answers| answers.pop())
            .unwrap_or(Err(ServiceError::Internal))
    }

    /// Changes many numbers; answers in the order of the jobs and their items. `jobs` name each number once.
    pub(super) async fn change_numbers<I, T>(
        &self,
        jobs: &[NumberJob<I>],
        who: (&Actor, &str),
        change: impl Fn(&mut NumberRecord, &I) -> Result<Done<T>, Stop>,
    ) -> Vec<Vec<Result<T, ServiceError>>> {
        let mut answers: Vec<Vec<Result<T, ServiceError>>> = jobs.iter().map(|_| Vec::new()).collect();
        let mut pending: Vec<usize> = (0..jobs.len()).collect();
        for attempt in 0..MAX_ATTEMPTS {
            let turn: Vec<&NumberJob<I>> = pending.iter().filter_map(|place| jobs.get(*place)).collect();
            let outcome = self.attempt(&turn, who, &change).await;
            let mut again = Vec::new();
            for (place, outcome) in pending.iter().zip(outcome) {
                match (outcome, answers.get_mut(*place)) {
                    (Some(outcome), Some(answer)) => *answer = outcome,
                    _ => again.push(*place),
                }
            }
            pending = again;
            if pending.is_empty() {
                return answers;
            }
            self.metrics.commit_retry();
            tokio::time::sleep(pause(attempt)).await;
        }
        for place in pending {
            if let (Some(answer), Some(job)) = (answers.get_mut(place), jobs.get(place)) {
                *answer = refuse_all(job, &ServiceError::Exhausted { retry_after: MAX_PAUSE });
            }
        }
        answers
    }

    /// One attempt at all jobs: for each its answers, or none if somebody else was faster.
    async fn attempt<I, T>(
        &self,
        jobs: &[&NumberJob<I>],
        who: (&Actor, &str),
        change: &impl Fn(&mut NumberRecord, &I) -> Result<Done<T>, Stop>,
    ) -> Vec<Option<Vec<Result<T, ServiceError>>>> {
        let refuse = |error: ServiceError| jobs.iter().map(|job| Some(refuse_all(job, &error))).collect();
        if let Err(error) = self.check_writable() {
            return refuse(error);
        }
        let mut works = match self.read_numbers(jobs).await {
            Ok(works) => works,
            Err(error) => return refuse(error),
        };
        if let Err(error) = self.apply(&mut works, change).await {
            return refuse(error);
        }
        self.commit_numbers(works, who).await
    }

    /// Reads the records, and of each the first bucket: for most numbers that is all there is.
    async fn read_numbers<'a, I, T>(&self, jobs: &[&'a NumberJob<I>]) -> Result<Vec<Work<'a, I, T>>, ServiceError> {
        let keys: Vec<Key> = jobs
            .iter()
            .flat_map(|job| {
                let bucket = Key::Bucket(BucketKey {
                    number: job.number,
                    bucket: 0,
                });
                [Key::Record(RecordKey::number(job.number)), bucket]
            })
            .collect();
        let found = self.store.read(&keys).await?;
        let mut works = Vec::with_capacity(jobs.len());
        for (job, pair) in jobs.iter().zip(found.chunks(2)) {
            let [record, bucket] = pair else {
                return Err(ServiceError::Internal);
            };
            let (version, state) = match record {
                Some(stored) => (Some(stored.version), codec::number::decode(&stored.bytes)?),
                None => (None, NumberState::default()),
            };
            let mut rows = Rows::unloaded(state.buckets);
            if state.buckets > 0 {
                rows.load(
                    0,
                    bucket
                        .as_ref()
                        .map_or(Ok(Vec::new()), |bucket| codec::rows::decode(&bucket.bytes))?,
                );
            }
            let record = NumberRecord {
                number: job.number,
                state,
                version,
                rows,
            };
            works.push(Work {
                job,
                record,
                answers: Vec::with_capacity(job.items.len()),
                write: false,
            });
        }
        Ok(works)
    }

    /// Reads the records with all their rows.
    pub(super) async fn read_all_rows(&self, jobs: &[NumberJob<()>]) -> Result<Vec<NumberRecord>, ServiceError> {
        let jobs: Vec<&NumberJob<()>> = jobs.iter().collect();
        let mut works: Vec<Work<'_, (), ()>> = self.read_numbers(&jobs).await?;
        let need_all = |record: &mut NumberRecord, (): &()| {
            record.rows.need_all()?;
            Ok(Done {
                answer: (),
                write: false,
            })
        };
        self.apply(&mut works, &need_all).await?;
        Ok(works.into_iter().map(|work| work.record).collect())
    }

    /// Runs every job as far as its rows go, reads what is missing for all of them at once, and goes on.
    async fn apply<I, T>(
        &self,
        works: &mut [Work<'_, I, T>],
        change: &impl Fn(&mut NumberRecord, &I) -> Result<Done<T>, Stop>,
    ) -> Result<(), ServiceError> {
        let mut open: Vec<usize> = (0..works.len()).collect();
        for _ in 0..MAX_ROUNDS {
            let mut wanted: Vec<(usize, BucketKey)> = Vec::new();
            for place in std::mem::take(&mut open) {
                let Some(work) = works.get_mut(place) else { continue };
                if let Some(missing) = work.advance(change) {
                    let number = work.record.number;
                    let buckets = work
                        .record
                        .rows
                        .missing(missing)
                        .map(|bucket| BucketKey { number, bucket });
                    wanted.extend(buckets.map(|key| (place, key)));
                    open.push(place);
                }
            }
            if open.is_empty() {
                return Ok(());
            }
            let keys: Vec<Key> = wanted.iter().map(|(_, key)| Key::Bucket(*key)).collect();
            for ((place, key), stored) in wanted.iter().zip(self.store.read(&keys).await?) {
                let rows = stored.map_or(Ok(Vec::new()), |stored| codec::rows::decode(&stored.bytes))?;
                if let Some(work) = works.get_mut(*place) {
                    work.record.rows.load(key.bucket, rows);
                }
            }
        }
        Err(ServiceError::Internal)
    }

    async fn commit_numbers<I, T>(
        &self,
        works: Vec<Work<'_, I, T>>,
        who: (&Actor, &str),
    ) -> Vec<Option<Vec<Result<T, ServiceError>>>> {
        let now = self.clock.now();
        let mut commits: BTreeMap<Shard, (ShardCommit, Vec<usize>)> = BTreeMap::new();
        for (place, work) in works.iter().enumerate().filter(|(_, work)| work.write) {
            let key = RecordKey::number(work.record.number);
            let shard = key.shard();
            let empty = || {
                (
                    ShardCommit {
                        shard,
                        records: Vec::new(),
                        buckets: Vec::new(),
                    },
                    Vec::new(),
                )
            };
            let (commit, places) = commits.entry(shard).or_insert_with(empty);
            let state = codec::number::encode(&work.record.state);
            commit
                .records
                .push(record_write(key, work.record.version, state, who, now));
            commit.buckets.extend(bucket_writes(&work.record));
            places.push(place);
        }
        let (commits, places): (Vec<_>, Vec<_>) = commits.into_values().unzip();
        let outcomes = self.commit(commits).await;
        let mut fates: BTreeMap<usize, Fate> = BTreeMap::new();
        for (places, outcome) in places.iter().zip(outcomes) {
            match outcome {
                Ok(versions) => fates.extend(places.iter().copied().zip(versions.into_iter().map(Fate::Written))),
                Err(CommitError::Conflict { .. }) => fates.extend(places.iter().map(|place| (*place, Fate::Again))),
                Err(CommitError::Store(error)) => {
                    let error = ServiceError::from(error);
                    fates.extend(places.iter().map(|place| (*place, Fate::Failed(error.clone()))));
                }
            }
        }
        self.conclude(works, fates)
    }

    fn conclude<I, T>(
        &self,
        works: Vec<Work<'_, I, T>>,
        mut fates: BTreeMap<usize, Fate>,
    ) -> Vec<Option<Vec<Result<T, ServiceError>>>> {
        let mut written = Vec::new();
        let mut answers = Vec::with_capacity(works.len());
        for (place, work) in works.into_iter().enumerate() {
            answers.push(match fates.remove(&place) {
                None => Some(work.answers),
                Some(Fate::Again) => None,
                Some(Fate::Failed(error)) => Some(refuse_all(work.job, &error)),
                Some(Fate::Written(version)) => {
                    let NumberRecord { number, state, .. } = work.record;
                    written.push(Applied::Number(number, version, Box::new(state)));
                    Some(work.answers)
                }
            });
        }
        self.follower.applied(written);
        answers
    }

    async fn commit(&self, commits: Vec<ShardCommit>) -> Vec<Result<Vec<Version>, CommitError>> {
        if commits.is_empty() {
            return Vec::new();
        }
        let began = crate::clock::monotonic();
        let outcomes = self.store.commit(commits).await;
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

    /// Changes one case, or creates it.
    pub(super) async fn change_case<T>(
        &self,
        id: &CaseId,
        mutation: &Mutation,
        change: impl Fn(Option<Case>, Version) -> Result<(Case, Done<T>), ServiceError>,
    ) -> Result<T, ServiceError> {
        let key = RecordKey::case(id);
        let _turn = self.turns.take(&key).await;
        let who = (&mutation.actor, mutation.request.as_str());
        for attempt in 0..MAX_ATTEMPTS {
            self.check_writable()?;
            let found = self.store.read(&[Key::Record(key.clone())]).await?.pop().flatten();
            let version = found.as_ref().map(|stored| stored.version);
            let case = found.map(|stored| codec::case::decode(&stored.bytes)).transpose()?;
            let (case, done) = change(case, version.unwrap_or(0))?;
            if !done.write {
                return Ok(done.answer);
            }
            let write = record_write(key.clone(), version, codec::case::encode(&case), who, self.clock.now());
            let commit = ShardCommit {
                shard: key.shard(),
                records: vec![write],
                buckets: Vec::new(),
            };
            match self.commit(vec![commit]).await.pop() {
                Some(Ok(versions)) => {
                    let version = versions.first().copied().unwrap_or(0);
                    self.follower
                        .applied(vec![Applied::Case(id.clone(), version, Box::new(case))]);
                    return Ok(done.answer);
                }
                Some(Err(CommitError::Conflict { .. })) => tokio::time::sleep(pause(attempt)).await,
                Some(Err(CommitError::Store(error))) => return Err(error.into()),
                None => return Err(ServiceError::Internal),
            }
        }
        Err(ServiceError::Exhausted { retry_after: MAX_PAUSE })
    }
}

/// What became of a number's record.
enum Fate {
    Written(Version),
    Again,
    Failed(ServiceError),
}

impl<I, T> Work<'_, I, T> {
    /// Runs the items that are left, as far as the rows go.
    fn advance(&mut self, change: &impl Fn(&mut NumberRecord, &I) -> Result<Done<T>, Stop>) -> Option<Missing> {
        while let Some(item) = self.job.items.get(self.answers.len()) {
            match change(&mut self.record, item) {
                Ok(done) => {
                    self.write |= done.write;
                    self.answers.push(Ok(done.answer));
                }
                Err(Stop::Refused(error)) => self.answers.push(Err(error)),
                Err(Stop::Rows(missing)) => return Some(missing),
            }
        }
        None
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

    /// The request as records remember it.
    pub(super) fn fingerprint(&self, content: &str) -> Fingerprint {
        Fingerprint::new(&self.request, content.as_bytes())
    }
}

fn refuse_all<I, T>(job: &NumberJob<I>, error: &ServiceError) -> Vec<Result<T, ServiceError>> {
    job.items.iter().map(|_| Err(error.clone())).collect()
}

fn record_write(
    key: RecordKey,
    expected: Option<Version>,
    state: Bytes,
    (actor, request): (&Actor, &str),
    at: Timestamp,
) -> RecordWrite {
    let header = Header {
        nonce: random(),
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

fn bucket_writes(record: &NumberRecord) -> impl Iterator<Item = BucketWrite> {
    record.rows.changed().map(|(bucket, rows)| {
        let bytes = (!rows.is_empty()).then(|| codec::rows::encode(rows));
        BucketWrite {
            key: BucketKey {
                number: record.number,
                bucket,
            },
            bytes,
        }
    })
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
