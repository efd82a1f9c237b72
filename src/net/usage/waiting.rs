//! The calls of a connection that HTTP/2 has taken up, until they begin, and lookups until their answers are written: when
//! their bytes arrived, and how many there are.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Instant;

use parking_lot::Mutex;

use super::ConnectionUsage;
use crate::net::call_limit::Taken;

/// Calls of one connection that may wait to begin. HTTP/2 takes up fewer.
const MAX_WAITING: usize = 1 << 10;
/// These calls, in the order in which they were taken up. Calls begin in tasks of their own, so about in this order.
pub(super) type WaitingCalls = Mutex<VecDeque<WaitingCall>>;

/// A call that HTTP/2 has taken up, and that has not begun, or a lookup that is not answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaitingCall {
    stream: u32,
    /// When its bytes arrived.
    arrived: Instant,
    /// Its place in the limit of calls. Without one, the call says nothing of whether the server is late.
    place: Option<Taken>,
    /// Whether it is a lookup that has begun, and waits for its answer.
    has_begun: bool,
}

/// A call that begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun {
    /// When its bytes arrived.
    pub(crate) arrived: Instant,
    /// The lookup that waits on until it is answered.
    pub(crate) lookup: Option<WaitingLookup>,
}

/// A lookup of a connection that waits for its answer: its stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitingLookup(u32);

impl ConnectionUsage {
    /// Notes that a call begins. A lookup counts until it is answered.
    pub(crate) fn begins(&self, now: Instant, is_lookup: bool) -> Begun {
        let call = self.next_begins(is_lookup);
        let arrived = call.map(|call| call.arrived).or_else(|| self.last_arrival());
        let arrived = arrived.unwrap_or(now);
        if let Some(calls) = &self.0.limits.calls
            && let Some(place) = call.and_then(|call| call.place)
        {
            if !is_lookup {
                calls.gone(place);
            }
            if self.0.is_known.load(Ordering::Relaxed) {
                calls.began(self.0.number, now.saturating_duration_since(arrived), now);
            }
        }
        let lookup = call.filter(|_| is_lookup).map(|call| WaitingLookup(call.stream));
        Begun { arrived, lookup }
    }

    fn next_begins(&self, is_lookup: bool) -> Option<WaitingCall> {
        let mut waiting = self.0.waiting_calls.lock();
        let next = waiting.iter().position(|call| !call.has_begun)?;
        if !is_lookup {
            return waiting.remove(next);
        }
        let call = waiting.get_mut(next)?;
        call.has_begun = true;
        Some(*call)
    }

    /// Notes that a call of this connection was let in. Only calls of such connections say whether the server is late: a
    /// stranger could make its own calls late.
    pub(crate) fn known(&self) {
        self.0.is_known.store(true, Ordering::Relaxed);
    }

    /// Notes a call that HTTP/2 takes up, whose bytes have arrived at this time, and its place if it has one.
    pub(in crate::net) fn taken_up(&self, stream: u32, arrived: Instant, place: Option<Taken>) {
        let counts = |call: &WaitingCall| {
            let calls = self.0.limits.calls.as_ref();
            calls
                .zip(call.place)
                .is_some_and(|(calls, place)| calls.counts(place, arrived))
        };
        let mut waiting = self.0.waiting_calls.lock();
        // A lookup that its client has reset leaves its entry behind if it has begun by the mark of another one.
        while waiting.front().is_some_and(|call| call.has_begun && !counts(call)) {
            waiting.pop_front();
        }
        if waiting.len() < MAX_WAITING {
            waiting.push_back(WaitingCall {
                stream,
                arrived,
                place,
                has_begun: false,
            });
        }
    }

    /// Whether a call waits to begin, or a lookup for its answer.
    pub(in crate::net) fn has_waiting(&self, now: Instant) -> bool {
        let calls = self.0.limits.calls.as_ref();
        let waiting = self.0.waiting_calls.lock();
        let mut places = waiting.iter().filter_map(|call| call.place);
        calls.is_some_and(|calls| places.any(|place| calls.counts(place, now)))
    }

    /// Notes that a call was answered. Its entry goes, whether or not it has its own mark: each call that begins marks one entry,
    /// and each answer takes one away.
    pub(in crate::net) fn answered(&self, stream: u32) {
        self.forget_if(|call| call.stream == stream);
    }

    /// Notes that the client has reset a call. If it has not begun, HTTP/2 hands it over all the same.
    pub(in crate::net) fn reset(&self, stream: u32) {
        self.forget_if(|call| call.stream == stream && call.has_begun);
    }

    /// Notes that the server waits for the rest of the request. What its client decides takes no place from others.
    pub(crate) fn waits_for_client(&self, WaitingLookup(stream): WaitingLookup) {
        self.reset(stream);
    }

    /// Forgets the calls that wait: their connection has ended.
    pub(in crate::net) fn forget_waiting(&self) {
        self.forget_if(|_| true);
    }

    fn forget_if(&self, is_gone: impl Fn(&WaitingCall) -> bool) {
        let calls = self.0.limits.calls.as_ref();
        self.0.waiting_calls.lock().retain(|call| {
            let is_gone = is_gone(call);
            let place = call.place.filter(|_| is_gone);
            if let Some((calls, place)) = calls.zip(place) {
                calls.gone(place);
            }
            !is_gone
        });
    }
}
