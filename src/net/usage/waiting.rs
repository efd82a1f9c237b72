//! The calls of a connection that HTTP/2 has taken up, until they begin, and lookups until their answers are written: when
//! their bytes arrived, and how many there are.
//!
//! HTTP/2 tells no stream when a call begins, and calls begin in tasks of their own, so only about in the order in which they
//! were taken up. So each call that begins marks the first entry without a mark. The arrivals of neighbours differ little, and
//! a place is given back by the stream to which it belongs. A call that is taken for another one can hold a place for as long
//! as places count.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::ConnectionUsage;
use crate::net::arrival::CallArrival;
use crate::net::call_limit::Taken;

/// Calls of one connection that may wait to begin. HTTP/2 takes up fewer.
const MAX_WAITING: usize = 1 << 10;
/// The longest time for which a call is remembered. If HTTP/2 refuses one by itself, that of another one may be left over.
const REMEMBERED: Duration = Duration::from_secs(30);
/// These calls, in the order in which they were taken up.
pub(super) type WaitingCalls = Mutex<VecDeque<WaitingCall>>;

/// A call that HTTP/2 has taken up, and that has not begun, or a lookup that is not answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaitingCall {
    stream: u32,
    arrived: CallArrival,
    /// Its place in the limit of calls. Without one, the call says nothing of whether the server is late.
    place: Option<Taken>,
    /// Whether a lookup that has begun has marked it.
    has_begun: bool,
    /// Whether its client has reset it. HTTP/2 hands it over all the same.
    is_reset: bool,
}

/// A call that begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun {
    /// When its bytes arrived, at the latest.
    pub(crate) arrived: Instant,
    /// The lookup that waits on until it is answered.
    pub(crate) lookup: Option<WaitingLookup>,
}

/// A lookup of a connection that waits for its answer: its stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitingLookup(u32);

impl ConnectionUsage {
    /// Notes that a call begins whose client waits for `timeout`, if it tells. A lookup counts until it is answered.
    pub(crate) fn begins(&self, now: Instant, timeout: Option<Duration>, is_lookup: bool) -> Begun {
        let call = self.next_begins(now, is_lookup);
        let arrived = call.map(|call| call.arrived.at_latest);
        let arrived = arrived.or_else(|| self.last_arrival()).unwrap_or(now);
        if let Some(calls) = &self.0.limits.calls
            && let Some((call, place)) = call.and_then(|call| Some((call, call.place?)))
        {
            if !is_lookup || call.is_reset {
                calls.gone(place);
            }
            if self.0.is_known.load(Ordering::Relaxed) {
                // While the client takes nothing, nothing is read from it: that wait is its own.
                let since = call.arrived.at.max(self.last_blocked());
                let waited = now.saturating_duration_since(since);
                calls.began(self.0.number, waited, timeout, now);
            }
        }
        let lookup = call.filter(|_| is_lookup).map(|call| WaitingLookup(call.stream));
        Begun { arrived, lookup }
    }

    /// Marks the next call that begins. It is taken away if nothing more is to be known of it.
    fn next_begins(&self, now: Instant, is_lookup: bool) -> Option<WaitingCall> {
        let mut waiting = self.0.waiting_calls.lock();
        let is_old = |call: &WaitingCall| now.saturating_duration_since(call.arrived.at) > REMEMBERED;
        while waiting.front().is_some_and(is_old) {
            waiting.pop_front();
        }
        let next = waiting.iter().position(|call| !call.has_begun)?;
        let call = waiting.get_mut(next)?;
        if !is_lookup || call.is_reset {
            return waiting.remove(next);
        }
        call.has_begun = true;
        Some(*call)
    }

    /// Notes that a call of this connection was let in. Only calls of such connections say whether the server is late: a
    /// stranger could make its own calls late.
    pub(crate) fn known(&self) {
        self.0.is_known.store(true, Ordering::Relaxed);
    }

    /// Notes a call that HTTP/2 takes up, and its place if it has one.
    pub(in crate::net) fn taken_up(&self, stream: u32, arrived: CallArrival, place: Option<Taken>) {
        let mut waiting = self.0.waiting_calls.lock();
        if waiting.len() == MAX_WAITING {
            self.give_back(place);
            return;
        }
        waiting.push_back(WaitingCall {
            stream,
            arrived,
            place,
            has_begun: false,
            is_reset: false,
        });
    }

    /// Whether a call waits to begin, or a lookup for its answer.
    pub(in crate::net) fn has_waiting(&self, now: Instant) -> bool {
        let calls = self.0.limits.calls.as_ref();
        let waiting = self.0.waiting_calls.lock();
        let mut places = waiting.iter().filter_map(|call| call.place);
        calls.is_some_and(|calls| places.any(|place| calls.counts(place, now)))
    }

    /// Notes that a call was answered. As a rule it has begun; if it has no mark, it has marked another one, which is still to
    /// begin.
    pub(in crate::net) fn answered(&self, stream: u32) {
        let mut waiting = self.0.waiting_calls.lock();
        let Some(answered) = waiting.iter().position(|call| call.stream == stream) else {
            return;
        };
        let call = waiting.remove(answered);
        if call.is_some_and(|call| !call.has_begun)
            && let Some(marked) = waiting.iter_mut().find(|call| call.has_begun)
        {
            marked.has_begun = false;
        }
        self.give_back(call.and_then(|call| call.place));
    }

    /// Notes that the client has reset a call. Nobody waits for a lookup that has begun. Another call waits to begin all the
    /// same.
    pub(in crate::net) fn reset(&self, stream: u32) {
        let mut waiting = self.0.waiting_calls.lock();
        let Some(reset) = waiting.iter().position(|call| call.stream == stream) else {
            return;
        };
        if let Some(call) = waiting.get_mut(reset).filter(|call| !call.has_begun) {
            call.is_reset = true;
            return;
        }
        let place = waiting.remove(reset).and_then(|call| call.place);
        self.give_back(place);
    }

    /// Notes that the server waits for the rest of the request. What its client decides takes no place from others.
    pub(crate) fn waits_for_client(&self, WaitingLookup(stream): WaitingLookup) {
        let mut waiting = self.0.waiting_calls.lock();
        let call = waiting.iter_mut().find(|call| call.stream == stream);
        self.give_back(call.and_then(|call| call.place.take()));
    }

    /// Forgets the calls that wait: their connection has ended.
    pub(in crate::net) fn forget_waiting(&self) {
        for call in self.0.waiting_calls.lock().drain(..) {
            self.give_back(call.place);
        }
    }

    fn give_back(&self, place: Option<Taken>) {
        if let Some((calls, place)) = self.0.limits.calls.as_ref().zip(place) {
            calls.gone(place);
        }
    }
}
