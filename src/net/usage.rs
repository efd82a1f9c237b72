//! How one connection is used, and whether it is idle.
//!
//! A connection is idle while it has no call in progress and no answer that the client has yet to take. A request over HTTP is
//! no call in progress while its body does not arrive, and a stream is none while its client sends no message. An answer stops
//! counting if the client takes nothing of it for some seconds. When all places are taken, and when the server shuts down, idle
//! connections are closed. The connection itself decides last: if a call begins before it sees the request to close, it stays
//! open.

mod waiting;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::Context;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::time::Instant;

use self::waiting::WaitingCalls;
pub(crate) use self::waiting::{Begun, WaitingLookup};
use super::arrival::ArrivalTimes;
use super::call_limit::CallLimit;
use super::health::HealthCalls;
use super::limits::ConnectionLimits;
use super::memory::{ConnectionMemory, HandedBytes, HeldBytes, OverBudget, Share};
use super::resets::Resets;
use crate::metrics::{DropLabel, EdgeLabel, RefusalLabel};

/// How long a connection must be idle before it may be closed: the request of a client that has just connected is on its way,
/// and bytes that have just arrived may be a request. At a shutdown, the time that a client has to close its idle connections
/// itself.
pub(super) const IDLE_MIN: Duration = Duration::from_millis(250);
/// How long no byte of a body must have arrived before its request no longer counts as a call in progress. Longer than a
/// network takes to send a lost packet again.
const BODY_PAUSE_MAX: Duration = Duration::from_secs(1);
/// How long a stream must be silent before it no longer counts as a call in progress. An open stream costs its client nothing,
/// so those of one client could take all places.
const SILENT_MAX: Duration = Duration::from_secs(5);
/// Calls of one connection that its client has reset, and that are still to be worked off, from which on no more are read.
/// HTTP/2 ends a connection with 580 small messages that nobody has taken.
const RESET_AHEAD: usize = 128;
/// The longest time that bytes which keep arriving, but make no request, keep a connection open.
const NO_REQUEST_MAX: Duration = Duration::from_secs(1);
/// The time after which an answer that the client does not take no longer counts as a call in progress.
const UNREAD_MAX: Duration = Duration::from_secs(10);
/// The time after which a connection is dropped if its client takes nothing of an answer that waits.
const STALLED_MAX: Duration = Duration::from_secs(30);

/// How one connection is used. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionUsage(Arc<Usage>);

#[derive(Debug)]
struct Usage {
    /// The number of the connection, among those of its address of the server.
    number: u64,
    opened: Instant,
    /// Calls in progress.
    calls: AtomicUsize,
    /// Those of them that wait for the body of their request.
    waiting: AtomicUsize,
    /// Those of them that are streams whose client sends no message.
    silent: AtomicUsize,
    /// Those of them whose answer waits for the client: the connection does not ask for the next part of it.
    untaken: AtomicUsize,
    /// Whether the client has yet to take bytes that are written.
    blocked: AtomicBool,
    /// Milliseconds from `opened` to the last time that this was so.
    blocked_ms: AtomicU64,
    /// Milliseconds from `opened` to the last end of a call.
    ended_ms: AtomicU64,
    /// The same, to the last end of a call, or to the last time that the client took some of an answer.
    active_ms: AtomicU64,
    /// Milliseconds from `opened` to the last bytes that arrived.
    heard_ms: AtomicU64,
    /// The same for the first of these bytes: those before them are older than `IDLE_MIN`, or than `active_ms`.
    heard_from_ms: AtomicU64,
    /// When the bytes arrived that were read last.
    arrived: Mutex<Option<ArrivalTimes>>,
    /// The calls that HTTP/2 has taken up, until they begin or are answered.
    waiting_calls: WaitingCalls,
    /// Whether a call was let in.
    is_known: AtomicBool,
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
    health: HealthCalls,
    limits: ConnectionLimits,
    task: AtomicWaker,
}

/// A call. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Call {
    usage: ConnectionUsage,
    number: u64,
    begun: Instant,
    /// Whether the call counts as one in progress, so that its connection is not idle.
    is_in_progress: bool,
    /// Whether there is an answer.
    is_answered: bool,
    /// Whether the client has yet to take the last part of the answer.
    is_untaken: bool,
}

/// A call that waits for the body of its request, until this is dropped.
#[derive(Debug)]
pub(crate) struct BodyWait(ConnectionUsage);

/// A stream whose client sends no message, until this is dropped.
#[derive(Debug)]
pub(crate) struct SilentStream(ConnectionUsage);

impl ConnectionUsage {
    /// The usage of a connection that has just been accepted; `watches` are those of all connections.
    pub(super) fn new(number: u64, limits: ConnectionLimits, watches: Arc<AtomicUsize>) -> Self {
        let memory = ConnectionMemory::new(limits.memory.clone(), Some((limits.edge, limits.metrics.clone())));
        Self(Arc::new(Usage {
            number,
            opened: Instant::now(),
            calls: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            silent: AtomicUsize::new(0),
            untaken: AtomicUsize::new(0),
            blocked: AtomicBool::new(false),
            blocked_ms: AtomicU64::new(0),
            ended_ms: AtomicU64::new(0),
            active_ms: AtomicU64::new(0),
            heard_ms: AtomicU64::new(0),
            heard_from_ms: AtomicU64::new(0),
            arrived: Mutex::new(None),
            waiting_calls: WaitingCalls::default(),
            is_known: AtomicBool::new(false),
            taken_ms: AtomicU64::new(0),
            untaken_since: Mutex::new(Vec::new()),
            closing: AtomicBool::new(false),
            dropped: AtomicBool::new(false),
            resets: Mutex::new(Resets::default()),
            next_call: AtomicU64::new(0),
            memory,
            health: HealthCalls::new(watches, limits.max),
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
        self.refused(RefusalLabel::Unfinished);
    }

    /// Counts a request whose client no longer waits for the answer.
    pub(crate) fn too_late(&self) {
        self.refused(RefusalLabel::Late);
    }

    /// Counts a request that is refused before it is handled.
    pub(super) fn refused(&self, reason: RefusalLabel) {
        let limits = &self.0.limits;
        limits.metrics.request_refused(limits.edge, reason);
    }

    /// The connection among all of the process: the edge, and the number of the connection there.
    pub(crate) fn connection(&self) -> (EdgeLabel, u64) {
        (self.0.limits.edge, self.0.number)
    }

    /// The limit of calls while more come than are answered; `None` if the connection does not speak HTTP/2.
    pub(super) fn call_limit(&self) -> Option<Arc<CallLimit>> {
        self.0.limits.calls.clone()
    }

    pub(super) fn health(&self) -> &HealthCalls {
        &self.0.health
    }

    /// Counts a call as one in progress until the returned value is dropped.
    pub(crate) fn begin_call(&self) -> Call {
        self.0.calls.fetch_add(1, Ordering::AcqRel);
        self.call(true)
    }

    /// A call that is cut off when its connection must end, since nothing is lost then: a health check, or reflection.
    pub(crate) fn begin_passing_call(&self) -> Call {
        self.call(false)
    }

    fn call(&self, is_in_progress: bool) -> Call {
        Call {
            usage: self.clone(),
            number: self.0.next_call.fetch_add(1, Ordering::Relaxed),
            begun: Instant::now(),
            is_in_progress,
            is_answered: false,
            is_untaken: false,
        }
    }

    /// Says that a call waits for the body of its request, until the returned value is dropped.
    pub(crate) fn wait_for_body(&self) -> BodyWait {
        self.0.waiting.fetch_add(1, Ordering::AcqRel);
        BodyWait(self.clone())
    }

    /// Says that a stream waits for the next message of its client, until the returned value is dropped.
    pub(crate) fn silent_stream(&self) -> SilentStream {
        self.active_now();
        self.0.silent.fetch_add(1, Ordering::AcqRel);
        SilentStream(self.clone())
    }

    /// Whether so many calls are in progress that no more are to be read. HTTP/2 limits those that the client has not reset;
    /// here the others count too. They end soon, as nobody waits for them.
    pub(super) fn is_crowded(&self) -> bool {
        let most = self.0.limits.streams.saturating_add(RESET_AHEAD);
        self.0.calls.load(Ordering::Acquire) >= most
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
    pub(super) fn arrived(&self, at: ArrivalTimes) {
        *self.0.arrived.lock() = Some(at);
    }

    /// When the bytes arrived that were read last.
    pub(super) fn last_arrived(&self) -> Option<ArrivalTimes> {
        *self.0.arrived.lock()
    }

    /// Counts a call that is not taken up, since more calls come than are answered. Its connection is not idle.
    pub(super) fn not_taken_up(&self) {
        self.refused(RefusalLabel::Overload);
        self.active_now();
        self.0.ended_ms.store(self.millis(), Ordering::Release);
    }

    /// Counts a call that its client has reset before it was read.
    pub(super) fn reset_unread(&self) {
        self.refused(RefusalLabel::Late);
        self.reset_after(Duration::ZERO);
    }

    /// Counts a call that its client has reset at this age.
    fn reset_after(&self, age: Duration) {
        if self.0.resets.lock().is_too_many(age, self.0.opened.elapsed()) {
            self.drop_for(DropLabel::RapidResets);
        }
    }

    /// When the first of the bytes arrived that were read last. For HTTP/1, whose service is called when a head has been read,
    /// these are the last bytes of the head.
    pub(crate) fn last_arrival(&self) -> Option<std::time::Instant> {
        self.last_arrived().map(|arrived| arrived.first)
    }

    /// Notes whether the client has yet to take bytes before it gets more. Bytes that were written make no connection
    /// active: they may be answers to pings.
    pub(super) fn blocked(&self, is_blocked: bool) {
        if self.0.blocked.swap(is_blocked, Ordering::AcqRel) || is_blocked {
            self.0.blocked_ms.store(self.millis(), Ordering::Release);
        }
    }

    /// The last time at which the client had yet to take bytes, or the opening of the connection.
    fn last_blocked(&self) -> std::time::Instant {
        let millis = self.0.blocked_ms.load(Ordering::Acquire);
        self.0.opened.into_std() + Duration::from_millis(millis)
    }

    /// Notes that bytes of an answer were sent, or that the client has given them up.
    pub(super) fn took(&self) {
        self.active_now();
        self.taken_now();
    }

    /// Whether the connection should close now. If not, wakes its task when it should.
    pub(super) fn poll_closing(&self, cx: &Context<'_>) -> bool {
        self.0.task.register(cx.waker());
        if self.is_dropped() {
            return true;
        }
        if !self.is_closing() {
            return false;
        }
        let idle = self.closable_for().is_some();
        self.0.closing.store(idle, Ordering::Release);
        idle
    }

    pub(super) fn is_closing(&self) -> bool {
        self.0.closing.load(Ordering::Acquire)
    }

    /// Asks the connection to close if it is idle.
    pub(super) fn close(&self) {
        self.0.closing.store(true, Ordering::Release);
        self.0.task.wake();
    }

    /// Ends the connection, with or without calls in progress.
    pub(super) fn drop_for(&self, reason: DropLabel) {
        if !self.0.dropped.swap(true, Ordering::AcqRel) {
            self.0.limits.count(reason);
        }
        self.0.task.wake();
    }

    /// Whether the connection must end, with or without calls in progress.
    pub(super) fn is_dropped(&self) -> bool {
        self.0.dropped.load(Ordering::Acquire)
    }

    /// Whether the client takes nothing of an answer that waits. Bytes that are written to the connection do not count for
    /// an answer that is not among them.
    pub(super) fn is_stalled(&self) -> bool {
        let before = self.millis().saturating_sub(millis(STALLED_MAX));
        let is_blocked = self.0.blocked.load(Ordering::Acquire) && self.0.taken_ms.load(Ordering::Acquire) < before;
        is_blocked || self.0.untaken_since.lock().iter().any(|(_, since)| *since < before)
    }

    /// The time since the last call ended; `None` if one is in progress, or if its answer is still being sent. Other
    /// bytes of the client do not count, such as its answers to the pings of the server.
    pub(super) fn idle_for(&self) -> Option<Duration> {
        if self.0.calls.load(Ordering::Acquire) > 0 || self.0.blocked.load(Ordering::Acquire) {
            return None;
        }
        let since = Duration::from_millis(self.0.ended_ms.load(Ordering::Acquire));
        Some(self.0.opened.elapsed().saturating_sub(since))
    }

    /// The time since the connection became idle for long enough to be closed. `None` if it must stay open.
    pub(super) fn closable_for(&self) -> Option<Duration> {
        let (calls, waiting, silent, untaken) = (
            self.0.calls.load(Ordering::Acquire),
            self.0.waiting.load(Ordering::Acquire),
            self.0.silent.load(Ordering::Acquire),
            self.0.untaken.load(Ordering::Acquire),
        );
        if calls > waiting + silent + untaken {
            return None;
        }
        let active = self.0.active_ms.load(Ordering::Acquire);
        let heard = self.0.heard_ms.load(Ordering::Acquire);
        let heard_from = self.0.heard_from_ms.load(Ordering::Acquire);
        let (since, patience) = if untaken > 0 {
            (self.0.taken_ms.load(Ordering::Acquire), UNREAD_MAX)
        } else if silent > 0 {
            // Not what is heard: it may be answers to pings.
            (active, SILENT_MAX)
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
        if !self.is_in_progress {
            return;
        }
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

    /// Counts bytes of the answer that the connection has taken over, until the returned value is dropped.
    pub(super) fn hand(&self, bytes: usize) -> HandedBytes {
        self.usage.0.memory.hand(bytes)
    }

    /// How the connection of the call is used.
    pub(super) const fn usage(&self) -> &ConnectionUsage {
        &self.usage
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.untaken(false);
        self.usage.active_now();
        self.usage.0.ended_ms.store(self.usage.millis(), Ordering::Release);
        if self.is_in_progress {
            self.usage.0.calls.fetch_sub(1, Ordering::AcqRel);
        }
        if !self.is_answered {
            self.usage.reset_after(self.begun.elapsed());
        }
    }
}

impl Drop for BodyWait {
    fn drop(&mut self) {
        self.0.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for SilentStream {
    fn drop(&mut self) {
        self.0.0.silent.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests;
