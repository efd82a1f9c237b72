//! Which connections are open, and which of them are idle.
//!
//! A connection is idle while it has no call in progress and no answer that the client has yet to take. A request over
//! HTTP is no call in progress while its body does not arrive. An answer stops counting if the client takes nothing of it
//! for some seconds. When all places are taken, and when the server shuts down, idle connections are closed. The
//! connection itself decides last: if a call begins before it sees the request to close, it stays open.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::Context;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

use super::limits::{ConnectionLimits, network_of};
use super::memory::{ConnectionMemory, HeldBytes, OverBudget, Share};
use super::resets::Resets;
use crate::metrics::{DropLabel, RefusalLabel};

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
/// The time after which a connection is dropped if its client takes nothing of an answer that waits.
const STALLED_MAX: Duration = Duration::from_secs(30);
/// Pause between two looks for connections that must be dropped.
const DROP_CHECK: Duration = Duration::from_secs(1);
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
    open: Mutex<HashMap<u64, Open>>,
    next: AtomicU64,
    limits: ConnectionLimits,
}

/// An open connection, and the network of its client.
#[derive(Debug)]
struct Open {
    usage: ConnectionUsage,
    network: Option<IpAddr>,
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
    /// When the answers were made that the client has yet to take, in milliseconds from `opened`, by their calls.
    untaken_since: Mutex<Vec<(u64, u64)>>,
    /// Set to ask the connection to close if it is idle.
    closing: AtomicBool,
    /// Set if the connection must end, with or without calls in progress.
    dropped: AtomicBool,
    resets: Mutex<Resets>,
    next_call: AtomicU64,
    memory: ConnectionMemory,
    limits: ConnectionLimits,
    task: AtomicWaker,
}

/// A call in progress. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Call {
    usage: ConnectionUsage,
    number: u64,
    begun: Instant,
    /// Whether there is an answer.
    is_answered: bool,
    /// Whether the client has yet to take the last part of the answer.
    is_untaken: bool,
}

/// A call that waits for the body of its request, until this is dropped.
#[derive(Debug)]
pub(crate) struct BodyWait(ConnectionUsage);

impl OpenConnections {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        Self(Arc::new(Registry {
            permits: Arc::new(Semaphore::new(limits.max.min(Semaphore::MAX_PERMITS))),
            open: Mutex::new(HashMap::new()),
            next: AtomicU64::new(0),
            limits,
        }))
    }

    /// A place for a connection from this address. If all are taken, closes the connection that has been idle for the
    /// longest time. `None` if the address has as many connections as it may, and none of them is idle.
    pub(super) async fn place(&self, address: IpAddr) -> Option<Place> {
        let network = network_of(address);
        if !self.has_room_for(network) {
            self.0.limits.count(DropLabel::AddressLimit);
            return None;
        }
        loop {
            let wait = timeout(RECHECK, Arc::clone(&self.0.permits).acquire_owned());
            if let Ok(Ok(permit)) = wait.await {
                return Some(self.take(permit, network));
            }
            self.close_longest_idle(|_| true);
        }
    }

    /// Whether a network may have a further connection. If it has as many as it may, its longest idle one makes room: it
    /// ends at once, so the new one need not wait.
    fn has_room_for(&self, network: IpAddr) -> bool {
        let most = self.0.limits.per_address;
        let is_of = |open: &Open| open.network == Some(network);
        if most == 0 || self.0.open.lock().values().filter(|open| is_of(open)).count() < most {
            return true;
        }
        self.close_longest_idle(is_of)
    }

    fn take(&self, permit: OwnedSemaphorePermit, network: IpAddr) -> Place {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        let usage = ConnectionUsage::new(self.0.limits.clone());
        let open = Open {
            usage: usage.clone(),
            network: Some(network),
        };
        self.0.open.lock().insert(number, open);
        self.0.limits.opened(1);
        Place {
            number,
            usage,
            connections: self.clone(),
            _permit: permit,
        }
    }

    /// Closes the longest idle connection among some. Whether one ends.
    fn close_longest_idle(&self, among: impl Fn(&Open) -> bool) -> bool {
        let mut open = self.0.open.lock();
        let ends = |usage: &ConnectionUsage| usage.is_closing() && usage.closable_for().is_some();
        if open.values().any(|open| among(open) && ends(&open.usage)) {
            return true; // its place is about to be free
        }
        let idle = open.values_mut().filter(|open| among(open));
        let idle = idle.filter_map(|open| Some((open.usage.closable_for()?, open)));
        let Some((_, open)) = idle.max_by_key(|(time, _)| *time) else {
            return false;
        };
        self.0.limits.count(DropLabel::Evicted);
        open.network = None; // it no longer counts for its network
        open.usage.close();
        true
    }

    /// Drops connections whose clients take nothing of an answer that waits, and those that have been idle for too long.
    /// Never completes.
    pub(crate) async fn drop_idle_and_stalled(&self) -> std::convert::Infallible {
        loop {
            sleep(DROP_CHECK).await;
            for open in self.0.open.lock().values() {
                if open.usage.is_stalled() {
                    open.usage.drop_for(DropLabel::SlowReader);
                } else if open
                    .usage
                    .idle_for()
                    .is_some_and(|time| time >= self.0.limits.idle_timeout)
                {
                    open.usage.drop_for(DropLabel::Idle);
                }
            }
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
                    let idle = open.values().filter(|open| open.usage.closable_for().is_some());
                    idle.for_each(|open| open.usage.close());
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
        let ended = self.connections.0.open.lock().remove(&self.number);
        drop(ended);
        self.connections.0.limits.opened(-1);
    }
}

impl ConnectionUsage {
    fn new(limits: ConnectionLimits) -> Self {
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
            untaken_since: Mutex::new(Vec::new()),
            closing: AtomicBool::new(false),
            dropped: AtomicBool::new(false),
            resets: Mutex::new(Resets::default()),
            next_call: AtomicU64::new(0),
            memory: ConnectionMemory::new(limits.memory.clone(), Some((limits.edge, limits.metrics.clone()))),
            limits,
            task: AtomicWaker::new(),
        }))
    }

    /// Counts the memory of a request whose head has this many bytes.
    ///
    /// # Errors
    /// If the server, or this connection, holds as much as it may.
    pub(crate) fn hold(&self, share: Share, head_bytes: usize) -> Result<HeldBytes, OverBudget> {
        HeldBytes::begin(&self.0.memory, share, head_bytes)
    }

    /// Counts a request that did not arrive in time.
    pub(crate) fn unfinished(&self) {
        let limits = &self.0.limits;
        limits.metrics.request_refused(limits.edge, RefusalLabel::Unfinished);
    }

    /// Counts a request whose client no longer waits for the answer.
    pub(crate) fn too_late(&self) {
        let limits = &self.0.limits;
        limits.metrics.request_refused(limits.edge, RefusalLabel::Late);
    }

    /// Counts a call until the returned value is dropped.
    pub(crate) fn begin_call(&self) -> Call {
        self.0.calls.fetch_add(1, Ordering::AcqRel);
        Call {
            usage: self.clone(),
            number: self.0.next_call.fetch_add(1, Ordering::Relaxed),
            begun: Instant::now(),
            is_answered: false,
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
        self.0.memory.sent(bytes.unwrap_or_default());
        // Answers to pings make no connection active.
        if bytes.is_some_and(|bytes| bytes > CONTROL_BYTES) {
            self.active_now();
            self.taken_now();
        }
    }

    /// Whether the connection should close now. If not, wakes its task when it should.
    pub(super) fn poll_closing(&self, cx: &Context<'_>) -> bool {
        self.0.task.register(cx.waker());
        if self.0.dropped.load(Ordering::Acquire) {
            return true;
        }
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

    /// Ends the connection, with or without calls in progress.
    fn drop_for(&self, reason: DropLabel) {
        if !self.0.dropped.swap(true, Ordering::AcqRel) {
            self.0.limits.count(reason);
        }
        self.0.task.wake();
    }

    /// Whether the client takes nothing of an answer that waits. Bytes that are written to the connection do not count for
    /// an answer that is not among them.
    fn is_stalled(&self) -> bool {
        let before = self.millis().saturating_sub(millis(STALLED_MAX));
        let is_blocked = self.0.blocked.load(Ordering::Acquire) && self.0.taken_ms.load(Ordering::Acquire) < before;
        is_blocked || self.0.untaken_since.lock().iter().any(|(_, since)| *since < before)
    }

    /// How long no call has been in progress; `None` if one is.
    fn idle_for(&self) -> Option<Duration> {
        if self.0.calls.load(Ordering::Acquire) > 0 || self.0.blocked.load(Ordering::Acquire) {
            return None;
        }
        self.closable_for()
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
            if is_untaken {
                // The client took the part before.
                let mut since = self.usage.0.untaken_since.lock();
                let own = since.iter_mut().find(|(call, _)| *call == self.number);
                own.into_iter().for_each(|own| own.1 = self.usage.millis());
            }
            return;
        }
        self.is_untaken = is_untaken;
        let untaken = &self.usage.0.untaken;
        let mut since = self.usage.0.untaken_since.lock();
        if is_untaken {
            untaken.fetch_add(1, Ordering::AcqRel);
            since.push((self.number, self.usage.millis()));
        } else {
            untaken.fetch_sub(1, Ordering::AcqRel);
            since.retain(|(call, _)| *call != self.number);
        }
    }

    /// Notes that there is an answer. A call that ends without one was reset by its client.
    pub(super) const fn answered(&mut self) {
        self.is_answered = true;
    }

    /// Counts bytes of the answer that the connection has taken over and has yet to send.
    pub(super) fn handed(&self, bytes: usize) {
        self.usage.0.memory.handed(bytes);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.untaken(false);
        self.usage.active_now();
        self.usage.0.calls.fetch_sub(1, Ordering::AcqRel);
        let age = self.begun.elapsed();
        let usage = &self.usage.0;
        if !self.is_answered && usage.resets.lock().is_too_many(age, usage.opened.elapsed()) {
            self.usage.drop_for(DropLabel::RapidResets);
        }
    }
}

impl Drop for BodyWait {
    fn drop(&mut self) {
        self.0.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests;
