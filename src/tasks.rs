//! The tasks of a running server: how they start, how they are asked to end, and how long that may take.
//!
//! All tasks are spawned here (clippy refuses `tokio::spawn` elsewhere), so shutdown can wait for all of them. If a
//! task that the server cannot do without ends, the server shuts down. A restarted instance is better than an instance
//! that answers from an index that no longer follows the store.
//!
//! A shutdown has two steps. It is announced: the server still answers, and says that it is not ready any more. Then it
//! is requested: the tasks end.

mod heavy;
pub mod polls;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, warn};

use crate::clock::monotonic;

pub(crate) use heavy::HandedOver;
pub use heavy::Heavy;

/// A handle on the tasks of one server. Clones share the same tasks.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    /// Counts the tasks that have been spawned and have not ended.
    tracker: TaskTracker,
    /// Cancelled when shutdown is announced or requested.
    announced: CancellationToken,
    /// Cancelled by the first request for shutdown.
    shutdown: CancellationToken,
    /// Set when a task ended that should have run as long as the server.
    failed: Arc<AtomicBool>,
    /// Where heavy work runs.
    heavy: Heavy,
}

impl Tasks {
    /// A set without tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A set without tasks, whose heavy work runs there.
    #[must_use]
    pub fn with_heavy(heavy: Heavy) -> Self {
        Self {
            heavy,
            ..Self::default()
        }
    }

    /// Where heavy work runs.
    #[must_use]
    pub fn heavy(&self) -> &Heavy {
        &self.heavy
    }

    /// Spawns a task that runs as long as the server. It must end soon after [`Tasks::shutdown_requested`] completes,
    /// and not before. If it panics or ends too early, this is logged and the server shuts down.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(self.watched(name, task));
    }

    /// As [`Tasks::spawn`], with the heavy work.
    pub fn spawn_heavy(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn_on(self.watched(name, task), &self.heavy.handle());
    }

    /// A task after whose end the server shuts down.
    fn watched(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let tasks = self.clone();
        async move {
            let panicked = AssertUnwindSafe(task).catch_unwind().await.is_err();
            if panicked || !tasks.shutdown.is_cancelled() {
                error!(
                    task = name,
                    panicked, "a task ended unexpectedly: the server shuts down"
                );
                tasks.failed.store(true, Ordering::Release);
                tasks.request_shutdown();
            }
        }
    }

    /// Spawns a task that may end at any time, such as the task of one connection. If it panics, this is logged and the
    /// server goes on. Shutdown waits for this task, too.
    pub fn spawn_job(&self, name: &'static str, job: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(async move {
            if AssertUnwindSafe(job).catch_unwind().await.is_err() {
                error!(task = name, "a job panicked");
            }
        });
    }

    /// Announces that the server will shut down: it should no longer say that it is ready.
    pub fn announce_shutdown(&self) {
        self.announced.cancel();
    }

    /// Completes when shutdown is announced or requested; at once if it has been before.
    pub fn shutdown_announced(&self) -> impl Future<Output = ()> + Send + 'static {
        self.announced.clone().cancelled_owned()
    }

    /// Asks every task to end. May be called more than once.
    pub fn request_shutdown(&self) {
        self.announced.cancel();
        self.shutdown.cancel();
    }

    /// Whether the server shuts down because a task ended that it cannot do without.
    #[must_use]
    pub fn have_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Completes when shutdown is requested; at once if it has been requested before.
    pub fn shutdown_requested(&self) -> impl Future<Output = ()> + Send + 'static {
        self.shutdown.clone().cancelled_owned()
    }

    /// Asks every task to end and waits until all have ended, or until `deadline` has passed. Returns whether all tasks
    /// ended.
    pub async fn drain(&self, deadline: Duration) -> bool {
        self.request_shutdown();
        self.tracker.close();
        let all_ended = tokio::time::timeout(deadline, self.tracker.wait()).await.is_ok();
        if !all_ended {
            warn!(
                tasks = self.tracker.len(),
                deadline_ms = deadline.as_millis(),
                "tasks still run at the deadline"
            );
        }
        all_ended
    }
}

/// Runs work that goes on when nobody waits for its result any more, such as an erasure whose client has left. Gives none if
/// the work panicked, or the runtime ended first: work that must not be lost notes in the store what is left to do.
pub(crate) fn go_on<F>(work: F) -> impl Future<Output = Option<F::Output>>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let running = TaskTracker::new().spawn(work);
    async move { running.await.ok() }
}

/// How long the workers of the runtime wait for each other in [`on_every_worker`].
const MEETING_TIMEOUT: Duration = Duration::from_millis(200);

/// Runs a job on every worker thread of the runtime, and waits for all of them. A worker that is busy with something else
/// for long may be left out. Only for a program that starts: the workers do nothing else meanwhile.
pub async fn on_every_worker(job: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static) {
    let workers = Handle::current().metrics().num_workers();
    let (job, met) = (Arc::new(job), Arc::new(AtomicUsize::new(0)));
    let tracker = TaskTracker::new();
    for _ in 0..workers {
        let (job, met) = (Arc::clone(&job), Arc::clone(&met));
        tracker.spawn(async move {
            // A worker that waits here without giving way takes no second task, so each one has its own.
            let deadline = monotonic() + MEETING_TIMEOUT;
            met.fetch_add(1, Ordering::AcqRel);
            while met.load(Ordering::Acquire) < workers && monotonic() < deadline {
                std::thread::yield_now();
            }
            job().await;
        });
    }
    tracker.close();
    tracker.wait().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn tasks_end_when_asked_to() {
        let tasks = Tasks::new();
        tasks.spawn("waits", tasks.shutdown_requested());
        assert!(tasks.drain(LONG).await);
    }

    #[tokio::test]
    async fn a_task_that_does_not_end_is_given_up_at_the_deadline() {
        let tasks = Tasks::new();
        tasks.spawn("hangs", std::future::pending());
        assert!(!tasks.drain(SOON).await);
    }

    #[tokio::test]
    async fn a_panic_shuts_the_server_down() {
        let tasks = Tasks::new();
        tasks.spawn("panics", async { panic!("on purpose") });
        assert!(!tasks.have_failed());
        tokio::time::timeout(LONG, tasks.shutdown_requested()).await.unwrap();
        assert!(tasks.have_failed());
        assert!(tasks.drain(LONG).await);
    }

    #[tokio::test]
    async fn a_shutdown_is_announced_before_it_is_requested() {
        let tasks = Tasks::new();
        tasks.announce_shutdown();
        tasks.shutdown_announced().await;
        assert!(futures_util::poll!(std::pin::pin!(tasks.shutdown_requested())).is_pending());
        let other = Tasks::new();
        other.request_shutdown();
        other.shutdown_announced().await;
        assert!(!other.have_failed());
    }

    #[tokio::test]
    async fn an_early_end_shuts_the_server_down() {
        let tasks = Tasks::new();
        tasks.spawn("ends", async {});
        tokio::time::timeout(LONG, tasks.shutdown_requested()).await.unwrap();
    }

    #[tokio::test]
    async fn a_job_may_end_or_panic_and_the_server_goes_on() {
        let tasks = Tasks::new();
        tasks.spawn_job("ends", async {});
        tasks.spawn_job("panics", async { panic!("on purpose") });
        let shutdown = tokio::time::timeout(SOON, tasks.shutdown_requested()).await;
        assert!(shutdown.is_err(), "a job shut the server down");
        assert!(tasks.drain(LONG).await);
    }

    #[tokio::test]
    async fn shutdown_waits_for_jobs() {
        let tasks = Tasks::new();
        let requested = tasks.shutdown_requested();
        let (done, is_done) = tokio::sync::oneshot::channel();
        tasks.spawn_job("finishes its call", async move {
            requested.await;
            tokio::time::sleep(SOON).await;
            done.send(()).unwrap();
        });
        assert!(tasks.drain(LONG).await);
        is_done.await.unwrap();
    }

    #[tokio::test]
    async fn work_goes_on_when_nobody_waits_for_it() {
        let (begin, begun) = tokio::sync::oneshot::channel::<()>();
        let (done, is_done) = tokio::sync::oneshot::channel();
        let work = go_on(async move {
            begun.await.unwrap();
            done.send(7).unwrap();
        });
        drop(work);
        begin.send(()).unwrap();
        assert_eq!(is_done.await.unwrap(), 7);
        assert_eq!(go_on(async { 8 }).await, Some(8));
        let panicked: Option<()> = go_on(async { panic!("on purpose") }).await;
        assert_eq!(panicked, None);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn every_worker_runs_the_job() {
        let seen = Arc::new(std::sync::Mutex::new(std::collections::HashSet::new()));
        let kept = Arc::clone(&seen);
        on_every_worker(move || {
            kept.lock().unwrap().insert(std::thread::current().id());
            std::future::ready(()).boxed()
        })
        .await;
        assert_eq!(seen.lock().unwrap().len(), 4);
    }
}
