//! Which connections are open, and which of them are idle.
//!
//! A connection is idle while it has no call in progress and no answer that the client has yet to take. A request over
//! HTTP is no call in progress while its body does not arrive. An answer stops counting if the client takes nothing of it
//! for some seconds. When all places are taken, and when the server shuts down, idle connections are closed. The
//! connection itself decides last: if a call begins before it sees the request to close, it stays open.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::Context;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

/// How long a connection must be idle before it may be closed: the request of a client that has just connected is on its
/// way, and bytes that have just arrived may be a request. At a shutdown, the time that a client has to close its idle connections itself.
const IDLE_MIN: Duration = Duration::from_millis(250);
/// How long no byte of a body must have arrived before its request no longer counts as a call in progress. Longer than a
/// network takes to send a lost packet again.
const BODY_PAUSE_MAX: Duration = Duration::from_secs(1);
/// The longest time that bytes which keep arriving, but make no request, keep a connection open.
const NO_REQUEST_MAX: Duration = Duration::from_secs(1);
/// The time after which an answer that the client does not take no longer counts as a call in progress.
const UNREAD_MAX: Duration = Duration::from_secs(10);
/// Bytes written at once that may be a few HTTP/2 frames of control, such as answers to pings. More are part of an answer.
const CONTROL_BYTES: usize = 64;
/// Pause between two looks at the connections.
const RECHECK: Duration = Duration::from_millis(50);

/// The open connections of one address. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct OpenConnections(Arc<Registry>);

#[derive(Debug)]
struct Registry {
    /// One permit for each connection that may be open.
    permits: Arc<Semaphore>,
    /// By the numbers that they got when they were accepted.
    open: Mutex<HashMap<u64, ConnectionUsage>>,
    next: AtomicU64,
}

/// The place of one open connection. Dropping it makes room for another one.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    usage: ConnectionUsage,
    connections: OpenConnections,
    _permit: OwnedSemaphorePermit,
}

/// How one connection is used. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionUsage(Arc<Usage>);

#[derive(Debug)]
struct Usage {
    opened: Instant,
    /// Calls in progress.
    calls: AtomicUsize,
    /// Those of them that wait for the body of their request.
    waiting: AtomicUsize,
    /// Those of them whose answer waits for the client: the connection does not ask for the next part of it.
    untaken: AtomicUsize,
    /// Whether the client has yet to take bytes that are written.
    blocked: AtomicBool,
    /// Milliseconds from `opened` to the last end of a call or write.
    active_ms: AtomicU64,
    /// Milliseconds from `opened` to the last bytes that arrived.
    heard_ms: AtomicU64,
    /// The same for the first of these bytes: those before them are older than `IDLE_MIN`, or than `active_ms`.
    heard_from_ms: AtomicU64,
    /// When the bytes arrived that were read last.
    arrived: Mutex<Option<std::time::Instant>>,
    /// Milliseconds from `opened` to the last time that a part of an answer was ready, or that the client took some.
    taken_ms: AtomicU64,
    /// Set to ask the connection to close.
    closing: AtomicBool,
    task: AtomicWaker,
}

/// A call in progress. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Call {
    usage: ConnectionUsage,
    /// Whether the client has yet to take the last part of the answer.
    is_untaken: bool,
}

/// A call that waits for the body of its request, until this is dropped.
#[derive(Debug)]
pub(crate) struct BodyWait(ConnectionUsage);

impl OpenConnections {
    pub(super) fn new(max: usize) -> Self {
        Self(Arc::new(Registry {
            permits: Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS))),
            open: Mutex::new(HashMap::new()),
            next: AtomicU64::new(0),
        }))
    }

    /// A place for a connection. If all are taken, closes the connection that has been idle for the longest time.
    pub(super) async fn place(&self) -> Place {
        loop {
            let wait = timeout(RECHECK, Arc::clone(&self.0.permits).acquire_owned());
            if let Ok(Ok(permit)) = wait.await {
                return self.take(permit);
            }
            self.close_longest_idle();
        }
    }

    fn take(&self, permit: OwnedSemaphorePermit) -> Place {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        let usage = ConnectionUsage::new();
        self.0.open.lock().insert(number, usage.clone());
        Place {
            number,
            usage,
            connections: self.clone(),
            _permit: permit,
        }
    }

    fn close_longest_idle(&self) {
        let open = self.0.open.lock();
        let ends = |usage: &ConnectionUsage| usage.is_closing() && usage.closable_for().is_some();
        if open.values().any(ends) {
            return; // its place is about to be free
        }
        let idle = open.values().filter_map(|usage| Some((usage.closable_for()?, usage)));
        if let Some((_, usage)) = idle.max_by_key(|(time, _)| *time) {
            usage.close();
        }
    }

    /// Closes each connection soon after its last call has ended. Completes when no connection is open. Leaves the clients
    /// the time to close their connections themselves first, as the protocol tells them to.
    pub(crate) async fn close_when_idle(&self) {
        let begin = Instant::now() + IDLE_MIN;
        loop {
            {
                let open = self.0.open.lock();
                if open.is_empty() {
                    return;
                }
                if Instant::now() >= begin {
                    let idle = open.values().filter(|usage| usage.closable_for().is_some());
                    idle.for_each(ConnectionUsage::close);
                }
            }
            sleep(RECHECK).await;
        }
    }
}

impl Place {
    pub(super) fn usage(&self) -> &ConnectionUsage {
        &self.usage
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.0.open.lock().remove(&self.number);
    }
}

impl ConnectionUsage {
    fn new() -> Self {
        Self(Arc::new(Usage {
            opened: Instant::now(),
            calls: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            untaken: AtomicUsize::new(0),
            blocked: AtomicBool::new(false),
            active_ms: AtomicU64::new(0),
            heard_ms: AtomicU64::new(0),
            heard_from_ms: AtomicU64::new(0),
            arrived: Mutex::new(None),
            taken_ms: AtomicU64::new(0),
            closing: AtomicBool::new(false),
            task: AtomicWaker::new(),
        }))
    }

    /// Counts a call until the returned value is dropped.
    pub(crate) fn begin_call(&self) -> Call {
        self.0.calls.fetch_add(1, Ordering::AcqRel);
        Call {
            usage: self.clone(),
            is_untaken: false,
        }
    }

    /// Says that a call waits for the body of its request, until the returned value is dropped.
    pub(crate) fn wait_for_body(&self) -> BodyWait {
        self.0.waiting.fetch_add(1, Ordering::AcqRel);
        BodyWait(self.clone())
    }

    /// Notes that bytes have arrived.
    pub(super) fn heard(&self) {
        let now = self.millis();
        let before = self.0.heard_ms.swap(now, Ordering::AcqRel);
        let is_first = self.0.heard_from_ms.load(Ordering::Acquire) < self.0.active_ms.load(Ordering::Acquire);
        if is_first || now.saturating_sub(before) >= millis(IDLE_MIN) {
            self.0.heard_from_ms.store(now, Ordering::Release);
        }
    }

    /// Notes when the bytes arrived that were just read.
    pub(super) fn arrived(&self, at: std::time::Instant) {
        *self.0.arrived.lock() = Some(at);
    }

    /// When the bytes arrived that were read last. For HTTP/1, whose service is called when a head has been read, these are
    /// the last bytes of the head. An HTTP/2 connection may have read bytes of other requests since, so the request itself
    /// may have arrived earlier, and not later.
    pub(crate) fn last_arrival(&self) -> Option<std::time::Instant> {
        *self.0.arrived.lock()
    }

    /// Notes how many bytes were written; `None` if the client has yet to take some before.
    pub(super) fn wrote(&self, bytes: Option<usize>) {
        self.0.blocked.store(bytes.is_none(), Ordering::Release);
        if bytes.is_some() {
            self.active_now();
        }
        if bytes.is_some_and(|bytes| bytes > CONTROL_BYTES) {
            self.taken_now();
        }
    }

    /// Whether the connection should close now. If not, wakes its task when it should.
    pub(super) fn poll_closing(&self, cx: &Context<'_>) -> bool {
        self.0.task.register(cx.waker());
        if !self.is_closing() {
            return false;
        }
        let idle = self.closable_for().is_some();
        self.0.closing.store(idle, Ordering::Release);
        idle
    }

    fn is_closing(&self) -> bool {
        self.0.closing.load(Ordering::Acquire)
    }

    fn close(&self) {
        self.0.closing.store(true, Ordering::Release);
        self.0.task.wake();
    }

    /// The time since the connection became idle for long enough to be closed. `None` if it must stay open.
    fn closable_for(&self) -> Option<Duration> {
        let (calls, waiting, untaken) = (
            self.0.calls.load(Ordering::Acquire),
            self.0.waiting.load(Ordering::Acquire),
            self.0.untaken.load(Ordering::Acquire),
        );
        if calls > waiting + untaken {
            return None;
        }
        let active = self.0.active_ms.load(Ordering::Acquire);
        let heard = self.0.heard_ms.load(Ordering::Acquire);
        let heard_from = self.0.heard_from_ms.load(Ordering::Acquire);
        let (since, patience) = if untaken > 0 {
            (self.0.taken_ms.load(Ordering::Acquire), UNREAD_MAX)
        } else if calls > 0 {
            (active.max(heard), BODY_PAUSE_MAX)
        } else {
            let maybe_request = heard.min(heard_from.saturating_add(millis(NO_REQUEST_MAX)));
            (active.max(maybe_request), IDLE_MIN)
        };
        let time = self.0.opened.elapsed().saturating_sub(Duration::from_millis(since));
        if self.0.blocked.load(Ordering::Acquire) && time < UNREAD_MAX {
            return None;
        }
        time.checked_sub(patience)
    }

    fn active_now(&self) {
        self.0.active_ms.store(self.millis(), Ordering::Release);
    }

    fn taken_now(&self) {
        self.0.taken_ms.store(self.millis(), Ordering::Release);
    }

    fn millis(&self) -> u64 {
        millis(self.0.opened.elapsed())
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Call {
    /// Notes whether the client has yet to take a part of the answer.
    pub(super) fn untaken(&mut self, is_untaken: bool) {
        if self.is_untaken || is_untaken {
            self.usage.taken_now();
        }
        if self.is_untaken == is_untaken {
            return;
        }
        self.is_untaken = is_untaken;
        let untaken = &self.usage.0.untaken;
        if is_untaken {
            untaken.fetch_add(1, Ordering::AcqRel);
        } else {
            untaken.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.untaken(false);
        self.usage.active_now();
        self.usage.0.calls.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for BodyWait {
    fn drop(&mut self) {
        self.0.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    async fn places<const N: usize>(connections: &OpenConnections) -> [Place; N] {
        let mut places = Vec::new();
        for _ in 0..N {
            places.push(connections.place().await);
        }
        places.try_into().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_idle_connection_makes_room() {
        let connections = OpenConnections::new(3);
        let [first, second, third] = places(&connections).await;
        sleep(IDLE_MIN).await;
        let call = first.usage().begin_call();
        third.usage().wrote(Some(1));
        let mut further = std::pin::pin!(connections.place());
        assert!(timeout(4 * RECHECK, &mut further).await.is_err());
        let closing = [&first, &second, &third].map(|place| place.usage().is_closing());
        assert_eq!(closing, [false, true, false]);
        drop(second);
        drop((further.await, call));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_begins_first_keeps_its_connection() {
        let connections = OpenConnections::new(1);
        let [place] = places(&connections).await;
        let cx = Context::from_waker(Waker::noop());
        sleep(IDLE_MIN).await;
        place.usage().close();
        let call = place.usage().begin_call();
        assert!(!place.usage().poll_closing(&cx));
        drop(call);
        sleep(IDLE_MIN).await;
        assert!(!place.usage().poll_closing(&cx), "the request to close was taken back");
        place.usage().close();
        assert!(place.usage().poll_closing(&cx));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_arrive_is_no_call_in_progress() {
        let connections = OpenConnections::new(1);
        let [place] = places(&connections).await;
        let usage = place.usage();
        let _call = usage.begin_call();
        let wait = usage.wait_for_body();
        for _ in 0..4 {
            sleep(BODY_PAUSE_MAX * 3 / 4).await;
            assert_eq!(usage.closable_for(), None, "bytes still arrive");
            usage.heard();
        }
        sleep(BODY_PAUSE_MAX).await;
        assert!(usage.closable_for().is_some());
        drop(wait);
        assert_eq!(usage.closable_for(), None, "the call is being answered");
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_that_may_be_a_request_keep_their_connection_for_a_while() {
        let connections = OpenConnections::new(1);
        let [place] = places(&connections).await;
        let cx = Context::from_waker(Waker::noop());
        sleep(100 * IDLE_MIN).await;
        place.usage().heard();
        place.usage().close();
        assert!(!place.usage().poll_closing(&cx), "the bytes have not been read yet");
        assert!(place.usage().closable_for().is_none());
        sleep(IDLE_MIN).await;
        assert!(place.usage().closable_for().is_some());
        let begin = Instant::now();
        while place.usage().closable_for().is_none() || begin.elapsed().is_zero() {
            place.usage().heard();
            sleep(RECHECK).await;
        }
        let kept = begin.elapsed();
        let most = NO_REQUEST_MAX + IDLE_MIN;
        assert!((most..most + 2 * RECHECK).contains(&kept), "{kept:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_of_which_nothing_is_taken_stops_counting() {
        let connections = OpenConnections::new(1);
        let [place] = places(&connections).await;
        let usage = place.usage();
        let mut call = usage.begin_call();
        sleep(2 * UNREAD_MAX).await;
        assert!(usage.closable_for().is_none(), "the handler takes its time");
        call.untaken(true);
        // The client answers pings, and so does the server.
        for _ in 0..9 {
            sleep(UNREAD_MAX / 10).await;
            usage.heard();
            usage.wrote(Some(17));
        }
        assert!(usage.closable_for().is_none(), "the client may be slow");
        usage.wrote(Some(CONTROL_BYTES + 1));
        sleep(UNREAD_MAX / 2).await;
        assert!(usage.closable_for().is_none(), "the client takes some");
        sleep(UNREAD_MAX / 2).await;
        assert!(usage.closable_for().is_some());
        let further = usage.begin_call();
        assert!(usage.closable_for().is_none(), "another call is in progress");
        drop(further);
        assert!(usage.closable_for().is_some());
        call.untaken(false);
        assert!(usage.closable_for().is_none(), "the client takes the answer");
        drop(call);
        assert!(usage.closable_for().is_none());
        sleep(IDLE_MIN).await;
        assert!(usage.closable_for().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_shutdown_waits_for_calls_and_for_answers_that_are_being_taken() {
        let connections = OpenConnections::new(3);
        let [silent, calling, reading] = places(&connections).await;
        let call = calling.usage().begin_call();
        reading.usage().wrote(None);
        let mut end = std::pin::pin!(connections.close_when_idle());
        assert!(timeout(4 * IDLE_MIN, &mut end).await.is_err());
        let closing = [&silent, &calling, &reading].map(|place| place.usage().is_closing());
        assert_eq!(closing, [true, false, false]);
        drop((silent, call));
        assert!(timeout(UNREAD_MAX, &mut end).await.is_err());
        assert!(calling.usage().is_closing() && reading.usage().is_closing());
        drop((calling, reading));
        end.await;
    }
}
