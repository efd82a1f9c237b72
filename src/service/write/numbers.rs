//! Changing numbers, one or many at a time.

use std::collections::BTreeMap;

use super::{Deadline, Done, Lanes, MAX_ATTEMPTS, MAX_PAUSE, Stop, pause, record_write};
use crate::codec;
use crate::domain::actor::Actor;
use crate::domain::evidence::FoldModel;
use crate::domain::rows::Rows;
use crate::domain::state::NumberState;
use crate::domain::tenant::TenantId;
use crate::follow::Committed;
use crate::number::E164;
use crate::service::{Service, ServiceError};
use crate::store::{BucketKey, BucketWrite, CommitError, RecordKey, Shard, ShardCommit, StoredKey, Version};

/// How often a change may ask for more rows: its own bucket, one to split, and then all.
const MAX_ROUNDS: usize = 8;

/// A number's record while it is being changed.
#[derive(Debug)]
pub(in crate::service) struct NumberRecord {
    pub(in crate::service) number: E164,
    pub(in crate::service) state: NumberState,
    pub(in crate::service) version: Option<Version>,
    pub(in crate::service) rows: Rows,
}

/// Changes of one number, in order; they are written together.
#[derive(Debug)]
pub(in crate::service) struct NumberJob<I> {
    pub(in crate::service) number: E164,
    pub(in crate::service) items: Vec<I>,
}

/// One number's job under way.
struct Work<'a, I, T> {
    job: &'a NumberJob<I>,
    record: NumberRecord,
    answers: Vec<Result<T, ServiceError>>,
    write: bool,
}

impl Service {
    /// Changes one number.
    pub(in crate::service) async fn change_number<T>(
        &self,
        number: E164,
        who: (&Actor, &str),
        deadline: Deadline,
        change: impl Fn(&mut NumberRecord) -> Result<Done<T>, Stop>,
    ) -> Result<T, ServiceError> {
        let _turn = deadline.wait(self.turns.take(&record_key(number))).await?;
        let jobs = [NumberJob {
            number,
            items: vec![()],
        }];
        let mut answers = self
            .change_numbers(&jobs, who, deadline, |record, ()| change(record))
            .await;
        answers
            .pop()
            .and_then(|mut answers| answers.pop())
            .unwrap_or(Err(ServiceError::Internal))
    }

    /// Changes many numbers; answers in the order of the jobs and their items. `jobs` name each number once.
    pub(in crate::service) async fn change_numbers<I, T>(
        &self,
        jobs: &[NumberJob<I>],
        who: (&Actor, &str),
        deadline: Deadline,
        change: impl Fn(&mut NumberRecord, &I) -> Result<Done<T>, Stop>,
    ) -> Vec<Vec<Result<T, ServiceError>>> {
        let mut answers: Vec<Vec<Result<T, ServiceError>>> = jobs.iter().map(|_| Vec::new()).collect();
        if let [_] = jobs {
            self.change_some(jobs, vec![0], &mut answers, (who, deadline), &change)
                .await;
            return answers;
        }
        let mut by_lane: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, job) in jobs.iter().enumerate() {
            by_lane
                .entry(Lanes::of(Shard::of_number(job.number)))
                .or_default()
                .push(place);
        }
        for (lane, places) in by_lane {
            // Past the deadline the changes are refused without a lane.
            let _lane = deadline.wait(self.lanes.take(lane)).await;
            self.change_some(jobs, places, &mut answers, (who, deadline), &change)
                .await;
        }
        answers
    }

    /// Changes the numbers in these places of `jobs`, as often as it takes while others are faster.
    async fn change_some<I, T>(
        &self,
        jobs: &[NumberJob<I>],
        mut pending: Vec<usize>,
        answers: &mut [Vec<Result<T, ServiceError>>],
        (who, deadline): ((&Actor, &str), Deadline),
        change: &impl Fn(&mut NumberRecord, &I) -> Result<Done<T>, Stop>,
    ) {
        for attempt in 0..MAX_ATTEMPTS {
            if deadline.has_passed() {
                break;
            }
            let turn: Vec<&NumberJob<I>> = pending.iter().filter_map(|place| jobs.get(*place)).collect();
            let outcome = self.attempt(&turn, attempt == 0, (who, deadline), change).await;
            let mut again = Vec::new();
            for (place, outcome) in pending.iter().zip(outcome) {
                match (outcome, answers.get_mut(*place)) {
                    (Some(outcome), Some(answer)) => *answer = outcome,
                    _ => again.push(*place),
                }
            }
            pending = again;
            if pending.is_empty() {
                return;
            }
            self.metrics.commit_retry();
            tokio::time::sleep(pause(attempt)).await;
        }
        for place in pending {
            if let (Some(answer), Some(job)) = (answers.get_mut(place), jobs.get(place)) {
                *answer = refuse_all(job, &ServiceError::Exhausted { retry_after: MAX_PAUSE });
            }
        }
    }

    /// One attempt at all jobs: for each its answers, or none if somebody else was faster.
    async fn attempt<I, T>(
        &self,
        jobs: &[&NumberJob<I>],
        first: bool,
        (who, deadline): ((&Actor, &str), Deadline),
        change: &impl Fn(&mut NumberRecord, &I) -> Result<Done<T>, Stop>,
    ) -> Vec<Option<Vec<Result<T, ServiceError>>>> {
        let refuse = |error: ServiceError| jobs.iter().map(|job| Some(refuse_all(job, &error))).collect();
        if let Err(error) = self.check_writable() {
            return refuse(error);
        }
        let computed = async {
            // What nobody else writes to, the index holds in full: then records need not be read. Versions guard it too.
            let known = first && !self.store.is_shared() && self.follower.freshness().is_ready();
            let mut works = if known {
                self.known_numbers(jobs)
            } else {
                self.read_numbers(jobs).await?
            };
            self.apply(&mut works, change).await?;
            Ok(works)
        };
        match deadline.wait(computed).await.flatten() {
            Ok(works) => self.commit_numbers(works, who, deadline).await,
            Err(error) => refuse(error),
        }
    }

    /// The records as the index has them, with no rows loaded.
    fn known_numbers<'a, I, T>(&self, jobs: &[&'a NumberJob<I>]) -> Vec<Work<'a, I, T>> {
        let known = |job: &&'a NumberJob<I>| {
            let (version, state) = self.index.record(job.number).unzip();
            Work::new(job, version, state.unwrap_or_default())
        };
        jobs.iter().map(known).collect()
    }

    /// Reads the records, and of each the first bucket: for most numbers that is all there is.
    async fn read_numbers<'a, I, T>(&self, jobs: &[&'a NumberJob<I>]) -> Result<Vec<Work<'a, I, T>>, ServiceError> {
        let keys: Vec<StoredKey> = jobs
            .iter()
            .flat_map(|job| {
                let bucket = StoredKey::Bucket(bucket_key(job.number, 0));
                [StoredKey::Record(record_key(job.number)), bucket]
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
            let mut work = Work::new(job, version, state);
            if work.record.state.buckets > 0 {
                let rows = bucket
                    .as_ref()
                    .map(|bucket| codec::rows::decode(&bucket.bytes))
                    .transpose()?;
                work.record.rows.load(0, rows.unwrap_or_default());
            }
            works.push(work);
        }
        Ok(works)
    }

    /// Reads the records with all their rows.
    pub(in crate::service) async fn read_all_rows(
        &self,
        jobs: &[NumberJob<()>],
    ) -> Result<Vec<NumberRecord>, ServiceError> {
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
                if let Some(buckets) = work.advance(&self.index.model().fold, change) {
                    let number = work.record.number;
                    wanted.extend(buckets.into_iter().map(|bucket| (place, bucket_key(number, bucket))));
                    open.push(place);
                }
            }
            if open.is_empty() {
                return Ok(());
            }
            let keys: Vec<StoredKey> = wanted.iter().map(|(_, key)| StoredKey::Bucket(*key)).collect();
            for ((place, key), stored) in wanted.iter().zip(self.store.read(&keys).await?) {
                let rows = stored.map_or(Ok(Vec::new()), |stored| codec::rows::decode(&stored.bytes))?;
                if let Some(work) = works.get_mut(*place) {
                    work.record.rows.load(key.bucket, rows);
                }
            }
        }
        tracing::error!(rounds = MAX_ROUNDS, "a change asks for rows again and again");
        Err(ServiceError::Internal)
    }

    async fn commit_numbers<I, T>(
        &self,
        works: Vec<Work<'_, I, T>>,
        who: (&Actor, &str),
        deadline: Deadline,
    ) -> Vec<Option<Vec<Result<T, ServiceError>>>> {
        let now = self.clock.now();
        let mut commits: BTreeMap<Shard, (ShardCommit, Vec<usize>)> = BTreeMap::new();
        for (place, work) in works.iter().enumerate().filter(|(_, work)| work.write) {
            let key = record_key(work.record.number);
            let shard = key.shard();
            let (commit, places) = commits
                .entry(shard)
                .or_insert_with(|| (ShardCommit::empty(shard), Vec::new()));
            let state = codec::number::encode(&work.record.state);
            commit
                .records
                .push(record_write(key, work.record.version, state, who, now));
            commit.buckets.extend(bucket_writes(&work.record));
            places.push(place);
        }
        let (commits, places): (Vec<_>, Vec<_>) = commits.into_values().unzip();
        let outcomes = self.commit(commits, deadline).await;
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
        let mut shown = Vec::new();
        let mut answers = Vec::with_capacity(works.len());
        for (place, work) in works.into_iter().enumerate() {
            let NumberRecord {
                number, state, version, ..
            } = work.record;
            let version = match fates.remove(&place) {
                None => version,
                Some(Fate::Written(version)) => Some(version),
                Some(Fate::Again) => {
                    answers.push(None);
                    continue;
                }
                Some(Fate::Failed(error)) => {
                    answers.push(Some(refuse_all(work.job, &error)));
                    continue;
                }
            };
            shown.extend(version.map(|version| Committed {
                id: number,
                version,
                record: state,
            }));
            answers.push(Some(work.answers));
        }
        self.follower.applied(shown);
        answers
    }
}

/// What became of a number's record.
enum Fate {
    Written(Version),
    Again,
    Failed(ServiceError),
}

impl<'a, I, T> Work<'a, I, T> {
    fn new(job: &'a NumberJob<I>, version: Option<Version>, state: NumberState) -> Self {
        let rows = Rows::unloaded(state.buckets);
        let record = NumberRecord {
            number: job.number,
            state,
            version,
            rows,
        };
        Self {
            job,
            record,
            answers: Vec::with_capacity(job.items.len()),
            write: false,
        }
    }

    /// Runs the items that are left, as far as the rows go; says which buckets are missing, if any.
    fn advance(
        &mut self,
        fold: &FoldModel,
        change: &impl Fn(&mut NumberRecord, &I) -> Result<Done<T>, Stop>,
    ) -> Option<Vec<u32>> {
        if self.record.state.rows > 0 && self.record.state.evidence_version != fold.evidence_version() {
            // Evidence that another model folded is never mixed with this one's.
            if let Err(missing) = self.record.state.refold(&self.record.rows, fold) {
                return Some(self.record.rows.missing(missing).collect());
            }
            self.write = true;
        }
        while let Some(item) = self.job.items.get(self.answers.len()) {
            match change(&mut self.record, item) {
                Ok(done) => {
                    self.write |= done.write;
                    self.answers.push(Ok(done.answer));
                }
                Err(Stop::Refused(error)) => self.answers.push(Err(error)),
                Err(Stop::Rows(missing)) => return Some(self.record.rows.missing(missing).collect()),
                Err(Stop::Buckets(buckets)) => return Some(buckets.into_iter().collect()),
            }
        }
        None
    }
}

fn refuse_all<I, T>(job: &NumberJob<I>, error: &ServiceError) -> Vec<Result<T, ServiceError>> {
    job.items.iter().map(|_| Err(error.clone())).collect()
}

fn record_key(number: E164) -> RecordKey {
    RecordKey::of::<NumberState>(TenantId::DEFAULT, &number)
}

fn bucket_key(number: E164, bucket: u32) -> BucketKey {
    BucketKey {
        tenant: TenantId::DEFAULT,
        number,
        bucket,
    }
}

fn bucket_writes(record: &NumberRecord) -> impl Iterator<Item = BucketWrite> {
    record.rows.changed().map(|(bucket, rows)| {
        let bytes = (!rows.is_empty()).then(|| codec::rows::encode(rows));
        BucketWrite {
            key: bucket_key(record.number, bucket),
            bytes,
        }
    })
}
