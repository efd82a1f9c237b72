//! Group commit: one thread writes for all callers, so that those who wait at the same time share an fsync.

use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::timeout;

use super::engine::Engine;
use super::group::CommitGroup;
use crate::store::error::{CommitError, StoreError};
use crate::store::{LogHead, ShardCommit, ShardNotification, Version};

/// Requests that wait for the committer; the next caller waits for a place in the queue.
const MAX_REQUESTS_WAITING: usize = 64;
/// Items (records, buckets and side records) after which a group takes no further request.
const MAX_GROUP_ITEMS: usize = 20_000;
/// The longest that a request waits for a place, and then for its answer. A slow disk needs far less; the engine is
/// known to hang where it should fail.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// The pause between two looks of a closing store whether the committer has ended, within [`MAX_WAIT`].
const CLOSE_POLL: Duration = Duration::from_millis(1);

/// The outcome of each commit of a request, in order.
pub(super) type CommitOutcomes = Vec<Result<Vec<Version>, CommitError>>;

/// The state that the committer shares with the store.
pub(super) struct CommitterState {
    /// The log heads on the disk. Written by the committer only.
    pub(super) heads: RwLock<Vec<LogHead>>,
    /// Why the store takes no more writes, once it does not.
    pub(super) failure: OnceLock<String>,
    /// Notifications of commits that are on the disk.
    pub(super) notifications: broadcast::Sender<ShardNotification>,
}

impl CommitterState {
    /// An error if the store takes no more writes.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match self.failure.get() {
            Some(cause) => Err(StoreError::Unavailable { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    /// Stops all writes from now on. The first cause is kept.
    pub(super) fn fail(&self, error: &StoreError) {
        if self.failure.set(format!("no writes since: {error}")).is_ok() {
            tracing::error!(%error, "the store failed and takes no writes until it is opened again");
        }
    }
}

/// The handle of the committing thread, which ends when this is dropped.
pub(super) struct GroupCommitter {
    queue: Option<mpsc::Sender<CommitRequest>>,
    thread: Option<JoinHandle<()>>,
}

struct CommitRequest {
    commits: Vec<ShardCommit>,
    answer: oneshot::Sender<CommitOutcomes>,
}

impl GroupCommitter {
    /// Starts the thread.
    pub(super) fn start(engine: Arc<Engine>, shared: Arc<CommitterState>) -> Result<Self, StoreError> {
        let (queue, requests) = mpsc::channel(MAX_REQUESTS_WAITING);
        let thread = std::thread::Builder::new().name("committer".into());
        let thread = thread.spawn(move || {
            let _watch = PanicWatch(&shared);
            run(&engine, &shared, requests);
        });
        let thread = thread.map_err(|error| StoreError::Unavailable {
            cause: error.to_string(),
        })?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Sends commits to the thread and waits for their outcomes.
    pub(super) async fn commit(&self, commits: Vec<ShardCommit>) -> Result<CommitOutcomes, StoreError> {
        let unavailable = |cause: &str| StoreError::Unavailable { cause: cause.into() };
        let unknown = |cause: &str| StoreError::OutcomeUnknown { cause: cause.into() };
        let Some(queue) = &self.queue else {
            return Err(unavailable("the store is closed"));
        };
        let (answer, outcomes) = oneshot::channel();
        match timeout(MAX_WAIT, queue.send(CommitRequest { commits, answer })).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(unavailable("the committer has ended")),
            Err(_) => return Err(unavailable("too many writes wait for the disk")),
        }
        match timeout(MAX_WAIT, outcomes).await {
            Ok(Ok(outcomes)) => Ok(outcomes),
            Ok(Err(_)) => Err(unknown("the committer ended half-way")),
            Err(_) => Err(unknown("the disk does not answer")),
        }
    }
}

impl Drop for GroupCommitter {
    /// Waits until the queue is written, at most [`MAX_WAIT`].
    fn drop(&mut self) {
        self.queue = None;
        let Some(thread) = self.thread.take() else {
            return;
        };
        let mut waited = Duration::ZERO;
        while !thread.is_finished() {
            if waited >= MAX_WAIT {
                tracing::error!("the disk does not answer; the waiting writes are given up");
                return;
            }
            std::thread::sleep(CLOSE_POLL);
            waited += CLOSE_POLL;
        }
        if thread.join().is_err() {
            tracing::error!("the committer panicked");
        }
    }
}

/// Marks the store as failed when the thread panics: it would seem ready and write nothing.
struct PanicWatch<'s>(&'s CommitterState);

impl Drop for PanicWatch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let cause = "the committer panicked".into();
            self.0.fail(&StoreError::Unavailable { cause });
        }
    }
}

fn run(engine: &Engine, shared: &CommitterState, mut requests: mpsc::Receiver<CommitRequest>) {
    while let Some(first) = requests.blocking_recv() {
        let mut items = items(&first);
        let mut waiting = vec![first];
        while items < MAX_GROUP_ITEMS {
            let Ok(next) = requests.try_recv() else {
                break;
            };
            items += self::items(&next);
            waiting.push(next);
        }
        commit(engine, shared, waiting);
    }
}

fn items(request: &CommitRequest) -> usize {
    request.commits.iter().map(ShardCommit::items).sum()
}

fn commit(engine: &Engine, shared: &CommitterState, waiting: Vec<CommitRequest>) {
    let heads = shared.heads.read().clone();
    let mut group = CommitGroup::new(engine, &heads);
    let mut answers = Vec::with_capacity(waiting.len());
    for CommitRequest { commits, answer } in waiting {
        let outcomes: CommitOutcomes = commits.into_iter().map(|commit| group.accept(commit)).collect();
        answers.push((answer, outcomes));
    }
    let written = shared.check().and_then(|()| write(engine, shared, group));
    for (answer, mut outcomes) in answers {
        if let Err(error) = &written {
            for outcome in outcomes.iter_mut().filter(|outcome| outcome.is_ok()) {
                *outcome = Err(error.clone().into());
            }
        }
        // A caller that stopped waiting learns the outcome when it sends the same request id again.
        drop(answer.send(outcomes));
    }
}

/// Writes a group, and sends notifications once it is durable.
fn write(engine: &Engine, shared: &CommitterState, group: CommitGroup<'_>) -> Result<(), StoreError> {
    let (batch, moved) = group.finish()?;
    engine.commit(batch).inspect_err(|error| shared.fail(error))?;
    let mut heads = shared.heads.write();
    for (shard, head) in &moved {
        if let Some(place) = heads.get_mut(shard.index()) {
            *place = *head;
        }
    }
    drop(heads);
    for (shard, LogHead { seq, .. }) in moved {
        // An error only means that nobody listens.
        drop(shared.notifications.send(ShardNotification { shard, seq }));
    }
    Ok(())
}
