//! The runtimes of heavy work, which is everything but lookups and probes, and of batches of lookups.
//!
//! Lookups have a runtime of their own, so that no report, list or page of an analyst keeps a worker from answering a call.
//! The workers of heavy work also have a lower priority: if both want a processor, the operating system gives it to a lookup
//! first. What waits for the store, follows it or loads the index runs here, too.
//!
//! A batch of lookups is as long as a thousand lookups, and its message must be read and its answer be written in one go. So
//! its workers have the lower priority, too. They are not those of heavy work: a batch does not wait for an import.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::context::TokioContext;

/// The most threads for heavy work that blocks, such as reading from disk.
const MAX_BLOCKING_THREADS: usize = 16;

/// How much lower the priority of the workers is, in steps of `nice`. With 5, a thread gets about a third of the time of a
/// lookup's if both are always busy. With much less, a thread that holds a lock of the index might wait for a processor for
/// so long that lookups wait for the lock.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

/// Where heavy work and batches of lookups run. Clones share the runtimes, which end when the last of them is dropped. The
/// default has none: the work runs on the runtime of the caller, as tests and commands want it.
#[derive(Clone, Debug, Default)]
pub struct Heavy(Option<Arc<OwnRuntimes>>);

/// The runtime of heavy work, and that of batches of lookups.
#[derive(Debug)]
struct OwnRuntimes {
    work: OwnRuntime,
    batches: OwnRuntime,
}

/// A runtime that may be dropped in asynchronous code.
#[derive(Debug)]
struct OwnRuntime {
    handle: Handle,
    /// None after its end.
    runtime: Mutex<Option<Runtime>>,
}

impl OwnRuntime {
    /// Starts a runtime with so many workers of this name.
    fn start(name: &str, workers: usize) -> io::Result<Self> {
        let lower_priority = priority_below_this();
        let runtime = Builder::new_multi_thread()
            .worker_threads(workers.max(1))
            .max_blocking_threads(MAX_BLOCKING_THREADS)
            .thread_name(name)
            .on_thread_start(lower_priority)
            .enable_all()
            .build()?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Mutex::new(Some(runtime)),
        })
    }

    fn take(&self) -> Option<Runtime> {
        self.runtime.lock().take()
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.get_mut().take() {
            runtime.shutdown_background();
        }
    }
}

impl Heavy {
    /// Starts a runtime with so many workers for heavy work, and one with as many for batches of lookups.
    ///
    /// # Errors
    /// If the machine has no thread left.
    pub fn start(workers: usize) -> io::Result<Self> {
        Ok(Self(Some(Arc::new(OwnRuntimes {
            work: OwnRuntime::start("heavy", workers)?,
            batches: OwnRuntime::start("batches", workers)?,
        }))))
    }

    /// Ends the runtimes at the end of the process: waits for what blocks the threads of heavy work, such as a commit on its
    /// way to the disk, for this time at most.
    pub async fn end(&self, within: Duration) {
        let Some(own) = &self.0 else { return };
        let (work, batches) = (own.work.take(), own.batches.take());
        let ending = tokio::task::spawn_blocking(move || {
            // Nothing blocks a batch.
            if let Some(batches) = batches {
                batches.shutdown_background();
            }
            if let Some(work) = work {
                work.shutdown_timeout(within);
            }
        });
        ending.await.ok();
    }

    /// Runs heavy work there. It is cancelled when the returned value is dropped before its end.
    pub(crate) fn hand_over<F>(&self, work: F) -> HandedOver<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        HandedOver(self.handle().spawn(work))
    }

    /// Answers a batch of lookups there. It is cancelled when the returned value is dropped before its end.
    pub(crate) fn hand_over_batch<F>(&self, batch: F) -> HandedOver<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        HandedOver(self.handle_of(|own| &own.batches).spawn(batch))
    }

    /// Runs this future where it is awaited. The tasks that it spawns, and the sockets that it opens, belong to the runtime of
    /// heavy work.
    pub(crate) fn enter<F: Future>(&self, work: F) -> impl Future<Output = F::Output> {
        TokioContext::new(work, self.handle())
    }

    /// The handle of the runtime of heavy work, or of the caller's.
    pub(super) fn handle(&self) -> Handle {
        self.handle_of(|own| &own.work)
    }

    fn handle_of(&self, of: impl FnOnce(&OwnRuntimes) -> &OwnRuntime) -> Handle {
        let own = self.0.as_deref();
        own.map_or_else(Handle::current, |own| of(own).handle.clone())
    }
}

/// Gives a thread a lower priority than that which this thread has now. If the system refuses that, it has the same. What a
/// thread begins with says nothing: it has that of the thread which started it, perhaps a lower one already.
fn priority_below_this() -> impl Fn() + Clone + Send + Sync + 'static {
    #[cfg(target_os = "linux")]
    let lower = rustix::process::getpriority_process(None).map(|own| own + NICE);
    move || {
        #[cfg(target_os = "linux")]
        if let Ok(lower) = lower {
            // Without an id, Linux takes the calling thread, and not its process.
            let _refused = rustix::process::setpriority_process(None, lower);
        }
    }
}

/// Work that was handed over. It gives the work's result, or why there is none: it panicked, or its runtime ended.
#[derive(Debug)]
pub(crate) struct HandedOver<T>(JoinHandle<T>);

impl<T> Future for HandedOver<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T> Drop for HandedOver<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_runs_on_a_thread_of_its_own_until_nobody_waits_for_it() {
        let heavy = Heavy::start(1).unwrap();
        let thread = || std::thread::current().name().map(str::to_owned);
        assert_eq!(
            heavy.hand_over(async move { thread() }).await.unwrap().as_deref(),
            Some("heavy")
        );
        let batch = heavy.hand_over_batch(async move { thread() });
        assert_eq!(batch.await.unwrap().as_deref(), Some("batches"));
        let (guard, dropped) = tokio::sync::oneshot::channel::<()>();
        let work = heavy.hand_over(async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        });
        drop(work);
        assert!(dropped.await.is_err(), "the work went on");
        let panicked = heavy.hand_over(async { panic!("on purpose") }).await;
        assert!(panicked.unwrap_err().is_panic());
    }

    #[tokio::test]
    async fn the_end_waits_for_what_blocks() {
        let heavy = Heavy::start(1).unwrap();
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let work = heavy.hand_over(async move {
            tokio::task::spawn_blocking(move || {
                std::thread::sleep(Duration::from_millis(20));
                sender.send(()).unwrap();
            });
        });
        work.await.unwrap();
        heavy.end(Duration::from_secs(60)).await;
        assert_eq!(receiver.try_recv(), Ok(()));
        assert!(heavy.hand_over(async {}).await.unwrap_err().is_cancelled());
        assert!(heavy.hand_over_batch(async {}).await.unwrap_err().is_cancelled());
        Heavy::default().end(Duration::ZERO).await;
    }

    #[tokio::test]
    async fn without_a_runtime_work_runs_on_that_of_the_caller() {
        let heavy = Heavy::default();
        let here = std::thread::current().id();
        let there = heavy.hand_over(async { std::thread::current().id() }).await.unwrap();
        assert_eq!(here, there);
        assert_eq!(heavy.enter(async { 7 }).await, 7);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn lookups_come_first() {
        let own = rustix::process::getpriority_process(None).unwrap();
        let heavy = Heavy::start(1).unwrap();
        let priority = async || rustix::process::getpriority_process(None).unwrap();
        assert_eq!(heavy.hand_over(priority()).await.unwrap(), (own + NICE).min(19));
        assert_eq!(heavy.hand_over_batch(priority()).await.unwrap(), (own + NICE).min(19));
        assert_eq!(rustix::process::getpriority_process(None).unwrap(), own);
    }
}
