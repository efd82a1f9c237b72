//! Group commit: one thread writes for everybody, so that all who wait at once share an fsync.

use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::timeout;

use super::engine::Engine;
use super::group::Group;
use crate::store::error::{CommitError, StoreError};
use crate::store::{Head, Ring, ShardCommit, Version};

/// Requests that wait for the committer; whoever comes then waits for a place.
const MAX_REQUESTS_WAITING: usize = 64;
/// Items (records, buckets and notes) after which a group takes no further request.
const MAX_GROUP_ITEMS: usize = 20_000;
/// How long a request may wait for a place, and then for its answer. Far above what a slow disk needs: the engine is
/// known to hang where it should have failed.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// How often a closing store looks whether the committer has ended, within [`MAX_WAIT`].
const CLOSE_POLL: Duration = Duration::from_millis(1);

/// What became of each commit of a request, in order.
pub(super) type Outcomes = Vec<Result<Vec<Version>, CommitError>>;

/// What the committer tells everybody.
pub(super) struct Shared {
    /// The ends of the logs, of what is on the disk. Written by the committer alone.
    pub(super) heads: RwLock<Vec<Head>>,
    /// Why nothing is written any more, once that is so.
    pub(super) failure: OnceLock<String>,
    /// Rings of commits that are on the disk.
    pub(super) rings: broadcast::Sender<Ring>,
}

impl Shared {
    /// Whether writes are taken.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match self.failure.get() {
            Some(cause) => Err(StoreError::Unavailable { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    /// Takes no writes from now on. The first cause stays.
    pub(super) fn fail(&self, error: &StoreError) {
        if self.failure.set(format!("no writes since: {error}")).is_ok() {
            tracing::error!(%error, "the store failed and takes no writes until it is opened again");
        }
    }
}

/// The way to the committing thread, which ends when this is dropped.
pub(super) struct Committer {
    queue: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

struct Request {
    commits: Vec<ShardCommit>,
    answer: oneshot::Sender<Outcomes>,
}

impl Committer {
    /// Starts the thread.
    pub(super) fn start(engine: Arc<Engine>, shared: Arc<Shared>) -> Result<Self, StoreError> {
        let (queue, requests) = mpsc::channel(MAX_REQUESTS_WAITING);
        let thread = std::thread::Builder::new().name("committer".into());
        let thread = thread.spawn(move || {
            let _watch = Watch(&shared);
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

    /// Has commits written.
    pub(super) async fn commit(&self, commits: Vec<ShardCommit>) -> Result<Outcomes, StoreError> {
        let unavailable = |cause: &str| StoreError::Unavailable { cause: cause.into() };
        let unknown = |cause: &str| StoreError::OutcomeUnknown { cause: cause.into() };
        let Some(queue) = &self.queue else {
            return Err(unavailable("the store is closed"));
        };
        let (answer, outcomes) = oneshot::channel();
        match timeout(MAX_WAIT, queue.send(Request { commits, answer })).await {
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

impl Drop for Committer {
    /// Waits until what was asked is written, but not for ever.
    fn drop(&mut self) {
        self.queue = None;
        let Some(thread) = self.thread.take() else {
            return;
        };
        let mut waited = Duration::ZERO;
        while !thread.is_finished() {
            if waited >= MAX_WAIT {
                tracing::error!("the disk does not answer; what waits for it is given up");
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

/// Makes the store fail where it would otherwise seem ready, and nobody write.
struct Watch<'s>(&'s Shared);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let cause = "the committer panicked".into();
            self.0.fail(&StoreError::Unavailable { cause });
        }
    }
}

fn run(engine: &Engine, shared: &Shared, mut requests: mpsc::Receiver<Request>) {
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

fn items(request: &Request) -> usize {
    request.commits.iter().map(ShardCommit::items).sum()
}

fn commit(engine: &Engine, shared: &Shared, waiting: Vec<Request>) {
    let heads = shared.heads.read().clone();
    let mut group = Group::new(engine, &heads);
    let mut answers = Vec::with_capacity(waiting.len());
    for Request { commits, answer } in waiting {
        let outcomes: Outcomes = commits.into_iter().map(|commit| group.accept(commit)).collect();
        answers.push((answer, outcomes));
    }
    let written = shared.check().and_then(|()| write(shared, group));
    for (answer, mut outcomes) in answers {
        if let Err(error) = &written {
            for outcome in outcomes.iter_mut().filter(|outcome| outcome.is_ok()) {
                *outcome = Err(error.clone().into());
            }
        }
        // Whoever has stopped waiting learns the outcome by asking again with the same id.
        drop(answer.send(outcomes));
    }
}

/// Writes a group, and rings once it is durable.
fn write(shared: &Shared, group: Group<'_>) -> Result<(), StoreError> {
    let (batch, moved) = group.finish()?;
    Engine::commit(batch).inspect_err(|error| shared.fail(error))?;
    let mut heads = shared.heads.write();
    for (shard, head) in &moved {
        if let Some(place) = heads.get_mut(shard.index()) {
            *place = *head;
        }
    }
    drop(heads);
    for (shard, Head { seq, .. }) in moved {
        // Nobody may be listening.
        drop(shared.rings.send(Ring { shard, seq }));
    }
    Ok(())
}
