//! The calls of a connection that HTTP/2 has taken up, until they begin: when their bytes arrived, and how many there are.

use std::collections::VecDeque;
use std::time::Instant;

use parking_lot::Mutex;

use super::ConnectionUsage;
use crate::net::call_limit::Taken;

/// Calls of one connection that may wait to begin. HTTP/2 takes up fewer.
const MAX_WAITING: usize = 1 << 10;
/// These calls, in the order in which HTTP/2 hands them over.
pub(super) type WaitingCalls = Mutex<VecDeque<WaitingCall>>;

/// A call that HTTP/2 has taken up, and that has not begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaitingCall {
    stream: u32,
    /// When its bytes arrived.
    arrived: Instant,
    taken: Taken,
}

impl ConnectionUsage {
    /// Notes that a call begins, and says when its bytes arrived.
    pub(crate) fn begins(&self, now: Instant) -> Instant {
        let call = self.0.waiting_calls.lock().pop_front();
        let arrived = call.map(|call| call.arrived).or_else(|| self.last_arrival());
        let arrived = arrived.unwrap_or(now);
        if let Some(calls) = &self.0.limits.calls {
            let taken = call.map(|call| call.taken);
            calls.began(self.0.number, taken, now.saturating_duration_since(arrived), now);
        }
        arrived
    }

    /// Notes a call that HTTP/2 takes up, whose bytes have arrived at this time.
    pub(in crate::net) fn taken_up(&self, stream: u32, arrived: Instant, taken: Taken) {
        let mut waiting = self.0.waiting_calls.lock();
        if waiting.len() < MAX_WAITING {
            waiting.push_back(WaitingCall { stream, arrived, taken });
        }
    }

    /// Whether a call waits to begin.
    pub(in crate::net) fn has_waiting(&self, now: Instant) -> bool {
        let calls = self.0.limits.calls.as_ref();
        let waiting = self.0.waiting_calls.lock();
        calls.is_some_and(|calls| waiting.iter().any(|call| calls.counts(call.taken, now)))
    }

    /// Notes that a call was answered. If it has not begun, HTTP/2 has refused it by itself, and it never will.
    pub(in crate::net) fn answered(&self, stream: u32) {
        self.forget_waiting_if(|call| call.stream == stream);
    }

    /// Forgets the calls that wait: their connection has ended.
    pub(in crate::net) fn forget_waiting(&self) {
        self.forget_waiting_if(|_| true);
    }

    fn forget_waiting_if(&self, is_gone: impl Fn(&WaitingCall) -> bool) {
        let calls = self.0.limits.calls.as_ref();
        self.0.waiting_calls.lock().retain(|call| {
            let gone = is_gone(call);
            if gone {
                calls.into_iter().for_each(|calls| calls.gone(call.taken));
            }
            !gone
        });
    }
}
