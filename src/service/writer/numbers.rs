//! Changing numbers, one or many at a time: in lanes, in attempts, shard by shard.

use std::collections::BTreeMap;

use super::locks::Lanes;
use super::number_job::{JobOutcome, NumberJob, NumberRecord};
use super::work::{Work, bucket_writes, record_key};
use super::{
    Author, Changed, Done, MAX_ATTEMPTS, Mutation, Outcome, Request, Stop, WriteDeadline, Writer, overtaken, pause,
    record_write,
};
use crate::codec;
use crate::domain::audit::AuditMethod;
use crate::domain::state::NumberState;
use crate::follow::Committed;
use crate::number::E164;
use crate::service::ServiceError;
use crate::store::{BucketWrite, CommitError, MAX_COMMIT_ITEMS, Shard, ShardCommit, Version};

/// From this many items on, further numbers of a shard are written in another commit: a number whose reporter table is
/// built writes a thousand items.
const FULL_COMMIT_ITEMS: usize = MAX_COMMIT_ITEMS / 2;

/// The outcome of one attempt at a job; none if another writer was faster.
type Attempted<T> = Option<JobOutcome<T>>;

/// The author of changes, and their deadline.
#[derive(Clone, Copy)]
struct Order<'a> {
    author: Author<'a>,
    deadline: WriteDeadline,
}

/// The outcome of one attempt for a number's record.
enum Fate {
    Written(Version),
    Again,
    Failed(ServiceError),
}

impl Writer {
    /// The version of a number's record, as the tenant sees it; 0 if there is no record.
    pub(in crate::service) fn version_of(&self, record: &NumberRecord) -> Version {
        self.shown_version::<NumberState>(&record.number, record.version.unwrap_or(0))
    }

    /// Changes one number; returns the answer of the change and the version of the record.
    pub(in crate::service) async fn change_number<T>(
        &self,
        number: E164,
        author: Author<'_>,
        deadline: WriteDeadline,
        change: impl Fn(&mut NumberRecord) -> Result<Done<T>, Stop>,
    ) -> Result<(T, Version), ServiceError> {
        let _turn = deadline.wait(self.turns.take(&record_key(self.tenant, number))).await?;
        let jobs = [NumberJob {
            number,
            items: vec![()],
        }];
        let mut outcomes = self
            .change_numbers(&jobs, author, deadline, |record, ()| change(record))
            .await;
        let mut outcome = outcomes.pop().ok_or(ServiceError::Internal)?;
        let answer = outcome.answers.pop().unwrap_or(Err(ServiceError::Internal))?;
        Ok((answer, outcome.version))
    }

    /// Changes a number once for a request, however often the request is sent. There is no answer of the change if it
    /// was made before. `figures` are those of the answer that the memory of requests keeps.
    pub(in crate::service) async fn mutate_number<T>(
        &self,
        number: E164,
        request: &Request<'_>,
        (mutation, method, reason): (&Mutation, AuditMethod, &str),
        change: impl Fn(&mut NumberRecord) -> Result<T, Stop>,
        figures: impl Fn(&T) -> Vec<u32>,
    ) -> Result<Changed<NumberState, Option<T>>, ServiceError> {
        let fingerprint = request.fingerprint();
        let change = |record: &mut NumberRecord| {
            let seen = record.state.requests.seen(fingerprint);
            if request.is_done() || !mutation.check(seen, self.version_of(record))? {
                return Ok(Done::unchanged((None, record.state.clone())));
            }
            let answer = change(record)?;
            record.state.requests.remember(fingerprint);
            record.state.evidence_version = self.fold().evidence_version();
            Ok(Done::written((Some(answer), record.state.clone())))
        };
        let author = mutation.author(method, reason);
        // On the heap: with the memory of requests, the future would be too large for the stack.
        let work = Box::pin(self.change_number(number, author, request.deadline(), change));
        let outcome = |((answer, _), _): &((Option<T>, NumberState), Version)| {
            Outcome::Done(answer.as_ref().map(&figures).unwrap_or_default())
        };
        let ((answer, record), version) = self.carry_out(request, work, outcome).await?;
        Ok(Changed {
            answer,
            version: self.shown_version::<NumberState>(&number, version),
            record,
        })
    }

    /// Changes many numbers; the outcomes are in the order of the jobs. `jobs` name each number once.
    pub(in crate::service) async fn change_numbers<I, T>(
        &self,
        jobs: &[NumberJob<I>],
        author: Author<'_>,
        deadline: WriteDeadline,
        change: impl Fn(&mut NumberRecord, &I) -> Result<Done<T>, Stop>,
    ) -> Vec<JobOutcome<T>> {
        let order = Order { author, deadline };
        let mut outcomes: Vec<Attempted<T>> = jobs.iter().map(|_| None).collect();
        if let [_] = jobs {
            self.change_some(jobs, vec![0], &mut outcomes, order, &change).await;
        } else {
            let mut by_lane: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
            for (place, job) in jobs.iter().enumerate() {
                let lane = Lanes::of(Shard::of_number(job.number));
                by_lane.entry(lane).or_default().push(place);
            }
            for (lane, places) in by_lane {
                // Past the deadline the changes are refused without a lane.
                let _lane = deadline.wait(self.lanes.take(lane)).await;
                self.change_some(jobs, places, &mut outcomes, order, &change).await;
            }
        }
        let given_up = |job: &NumberJob<I>| JobOutcome::refused(job, &overtaken());
        let all = jobs.iter().zip(outcomes);
        all.map(|(job, outcome)| outcome.unwrap_or_else(|| given_up(job)))
            .collect()
    }

    /// Changes the numbers at these places of `jobs`. Tries again while other writers are faster.
    async fn change_some<I, T>(
        &self,
        jobs: &[NumberJob<I>],
        mut pending: Vec<usize>,
        outcomes: &mut [Attempted<T>],
        order: Order<'_>,
        change: &impl Fn(&mut NumberRecord, &I) -> Result<Done<T>, Stop>,
    ) {
        for attempt in 0..MAX_ATTEMPTS {
            if order.deadline.has_passed() {
                return;
            }
            let turn: Vec<&NumberJob<I>> = pending.iter().filter_map(|place| jobs.get(*place)).collect();
            let attempted = self.attempt(&turn, attempt == 0, order, change).await;
            for (place, outcome) in pending.iter().zip(attempted) {
                if let Some(known) = outcomes.get_mut(*place) {
                    *known = outcome;
                }
            }
            pending.retain(|place| outcomes.get(*place).is_some_and(Option::is_none));
            if pending.is_empty() {
                return;
            }
            self.metrics.commit_retry();
            tokio::time::sleep(pause(attempt)).await;
        }
    }

    /// One attempt at all jobs.
    async fn attempt<I, T>(
        &self,
        jobs: &[&NumberJob<I>],
        first: bool,
        order: Order<'_>,
        change: &impl Fn(&mut NumberRecord, &I) -> Result<Done<T>, Stop>,
    ) -> Vec<Attempted<T>> {
        let refuse = |error: ServiceError| jobs.iter().map(|job| Some(JobOutcome::refused(job, &error))).collect();
        if let Err(error) = self.check_writable() {
            return refuse(error);
        }
        let computed = async {
            // The index holds every record of a store that no other process writes to, so records need not be read.
            // Versions guard this too.
            let known = first && !self.store.is_shared() && self.follower.freshness().is_ready();
            let mut works = if known {
                self.known_numbers(jobs)
            } else {
                self.read_numbers(jobs).await?
            };
            if order.author.method.is_some() {
                for work in &mut works {
                    work.before = Some(Box::new(work.record.state.clone()));
                }
            }
            self.apply(&mut works, change).await?;
            Ok(works)
        };
        match order.deadline.wait(computed).await.flatten() {
            Ok(works) => self.commit_numbers(works, order).await,
            Err(error) => refuse(error),
        }
    }

    async fn commit_numbers<I, T>(&self, works: Vec<Work<'_, I, T>>, order: Order<'_>) -> Vec<Attempted<T>> {
        let now = self.clock.now();
        let mut commits: Vec<(ShardCommit, Vec<usize>)> = Vec::new();
        let mut open: BTreeMap<Shard, usize> = BTreeMap::new();
        for (place, work) in works.iter().enumerate().filter(|(_, work)| work.write) {
            let key = record_key(self.tenant, work.record.number);
            let shard = key.shard();
            let buckets: Vec<BucketWrite> = bucket_writes(self.tenant, &work.record).collect();
            let last = open.get(&shard).and_then(|at| commits.get(*at));
            if last.is_none_or(|(commit, _)| commit.items() + buckets.len() >= FULL_COMMIT_ITEMS) {
                open.insert(shard, commits.len());
                commits.push((ShardCommit::empty(shard), Vec::new()));
            }
            let Some((commit, places)) = open.get(&shard).and_then(|at| commits.get_mut(*at)) else {
                continue;
            };
            let state = codec::number::encode(&work.record.state);
            let write = record_write(key, work.record.version, state, order.author, now);
            commit.records.push(write);
            commit.buckets.extend(buckets);
            let event = self.event_of_number(order.author, now, &work.record, work.before.as_deref());
            commit.events.extend(event);
            places.push(place);
            tokio::task::consume_budget().await; // other requests have their turn
        }
        let (commits, places): (Vec<_>, Vec<_>) = commits.into_iter().unzip();
        let outcomes = self.commit(commits, order.deadline).await;
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

    /// Writes the records to the index, and sets the outcome of each job.
    fn conclude<I, T>(&self, works: Vec<Work<'_, I, T>>, mut fates: BTreeMap<usize, Fate>) -> Vec<Attempted<T>> {
        let mut shown = Vec::new();
        let mut outcomes = Vec::with_capacity(works.len());
        for (place, work) in works.into_iter().enumerate() {
            let NumberRecord {
                number, state, version, ..
            } = work.record;
            let version = match fates.remove(&place) {
                None => version,
                Some(Fate::Written(version)) => Some(version),
                Some(Fate::Again) => {
                    outcomes.push(None);
                    continue;
                }
                Some(Fate::Failed(error)) => {
                    outcomes.push(Some(JobOutcome::refused(work.job, &error)));
                    continue;
                }
            };
            shown.extend(version.map(|version| Committed {
                id: number,
                version,
                record: state,
            }));
            outcomes.push(Some(JobOutcome {
                answers: work.answers,
                version: version.unwrap_or(0),
            }));
        }
        self.follower.applied(self.tenant, shown);
        outcomes
    }
}
