//! The traffic of callers, as the queries show it. Kept in bounded memory, and lost when the process ends.
//!
//! For each caller: the count of distinct numbers called in the last minute and hour, sequential dialling, the time of
//! the first call, signatures and outcomes of calls, and, after a burst, the count of callers that call the number
//! back. [`crate::domain::traffic`] defines the signs that follow.
//!
//! **Numbers are not kept.** The module keeps fingerprints of callers, called numbers and calls under a key of this
//! process (`fingerprint`): 64 bits for a caller, and 32 bits for a called number in the window of its caller. About a called
//! number nothing else is kept, unless it is itself a caller with a recent burst; then its callers are counted in a
//! bitmap of 128 bits.
//!
//! **Tenants.** A tenant sees the calls of its own queries and outcomes only: the tenant is part of every fingerprint. The
//! tables are common, so the busiest tenant has most of the entries.
//!
//! **Errors.** Calls are counted exactly. Distinct numbers are exact up to 128 a minute, and in the hour for callers with at
//! most 8 events. Above that they are estimates, with a standard error of 3 % up to 1,000 a minute, of 2 % up to 500 an hour
//! and of 3 % up to 5,000 an hour (`sketch`). Counts saturate at 7,100 a minute and 15,600 an hour. The count of those who call
//! back saturates at 600; its standard error is 7 % at 20. Windows slide in sixths (`window_slices`), so a minute is 50 to 60
//! seconds long and an hour 50 to 60 minutes.
//!
//! **Memory.** A light caller, with at most 8 events in the hour, takes 136 bytes, a heavy caller 4.5 kB. With the
//! default [`TrafficLimits`] that is 40 MB when all tables are full, and very little at the start. A full table drops the
//! entry that was used longest ago (`cache`); callers with few calls never displace callers with many. Counting
//! allocates no memory once the tables have grown. A dropped caller is a new caller the next time.
//!
//! **Emergency calls.** The callers of emergency services are kept apart (`emergency`), by tenant, for as long as an
//! emergency centre may call back. Their memory follows from a stated rate of calls, and a flood of one tenant takes no place
//! from another. Callers that are forgotten early are counted.
//!
//! **Locks.** Callers are spread over 64 locks by their fingerprint. A call takes the lock of its caller and then the
//! lock of the called number, never both at once. Counting takes 0.2 µs for a caller in the processor's cache and about
//! 0.5 µs for another; each lock is held for less than that.

mod cache;
mod counted_calls;
mod emergency;
mod fingerprint;
mod heavy;
mod latest_called;
mod light;
mod shard;
mod sketch;
mod sliding;
mod window_slices;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::domain::call::Signing;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::domain::traffic::{CallOutcome, CallerTraffic, Thresholds};
use crate::number::E164;
use emergency::EmergencyCaller;
use fingerprint::{CallMessage, Fingerprinter};
use light::CallerEvent;
use shard::CallerShard;

/// The number of locks, and of the parts of every table.
const SHARDS: usize = 64;

/// The most entries of each kind. Each limit is split over 64 locks and rounded down, to at least one entry for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrafficLimits {
    /// Callers with few calls, 136 bytes each.
    pub callers: usize,
    /// Callers with many calls, 4.5 kB each.
    pub heavy_callers: usize,
    /// Recently counted calls, to recognise repeated lookups; about 36 bytes each. Two generations of up to this many
    /// are kept, which covers one to two minutes. If more calls arrive in a minute, they are remembered for a shorter
    /// time.
    pub recent_calls: usize,
    /// Emergency calls in a second, of all tenants together, up to which every caller is remembered for
    /// [`Thresholds::emergency_callback`]: 48 bytes for each call in this time.
    pub emergency_calls_per_second: usize,
}

/// A call in a lookup.
#[derive(Clone, Copy, Debug)]
pub struct CallEvent<'a> {
    /// The tenant that asks. The call counts for it alone.
    pub tenant: TenantId,
    /// The caller.
    pub caller: E164,
    /// The called number, if it is known and a number.
    pub called: Option<E164>,
    /// The name that the switch gave the call (SIP Call-ID). If it is empty, every lookup counts as a call.
    pub call_id: &'a str,
    /// The signature of the call.
    pub signing: Signing,
    /// Whether it is a call to emergency services from the network of the tenant. False if the party that tells of the call
    /// cannot vouch for it.
    pub is_emergency: bool,
}

/// The traffic of all callers, as seen by this process.
pub struct Observer {
    thresholds: Thresholds,
    fingerprinter: Fingerprinter,
    shards: Box<[Mutex<CallerShard>]>,
    /// Callers of emergency services that were forgotten early.
    emergency_evictions: AtomicU64,
}

impl TrafficLimits {
    /// The defaults: 40 MB in total.
    pub const DEFAULT: Self = Self {
        callers: 100_000,
        heavy_callers: 4_096,
        recent_calls: 131_072,
        emergency_calls_per_second: 20,
    };
}

impl Default for TrafficLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Observer {
    /// Empty traffic. The key must be random and used only by this process: with the key, numbers could be found by
    /// trying all of them.
    #[must_use]
    pub fn new(thresholds: Thresholds, limits: TrafficLimits, key: [u8; 32]) -> Self {
        Self {
            thresholds,
            fingerprinter: Fingerprinter::new(&key),
            shards: (0..SHARDS)
                .map(|_| Mutex::new(CallerShard::new(&limits, &thresholds, SHARDS)))
                .collect(),
            emergency_evictions: AtomicU64::new(0),
        }
    }

    /// The thresholds from which counts are signs.
    #[must_use]
    pub const fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// Counts a call, and returns the traffic of its caller including this call. A repeated call of the same caller and
    /// name within a minute is not counted again, and returns the same traffic.
    pub fn record(&self, call: &CallEvent<'_>, now: Timestamp) -> CallerTraffic {
        let salt = self.fingerprinter.salt(call.tenant);
        let caller = self.fingerprinter.caller(salt, call.caller);
        let dialled = call.called.map(|called| self.fingerprinter.dialled(salt, called));
        let name = self.fingerprinter.call(CallMessage::Query, caller, call.call_id);
        let (traffic, is_repeated) = {
            let mut shard = self.shard(caller).lock();
            // Before the repetition is looked at: another party may have told of the call first, and cannot vouch for it.
            if call.is_emergency {
                self.remember_emergency(&mut shard, caller, call, now);
            }
            if shard.is_repeated(name, now) {
                (shard.traffic(caller, now), true)
            } else {
                let event = |latest: &[u32]| CallerEvent::call(latest, dialled.as_ref(), call.signing);
                (shard.add(caller, event, now, &self.thresholds), false)
            }
        };
        if let Some(called) = dialled.map(|dialled| dialled.whole)
            && !is_repeated
            && called != caller
        {
            self.shard(called).lock().called_by(called, caller, now);
        }
        CallerTraffic {
            this_call: Some(call.signing),
            ..traffic
        }
    }

    /// The traffic of a caller, as a tenant has seen it. Counts no call and changes nothing.
    #[must_use]
    pub fn traffic_of(&self, tenant: TenantId, caller: E164, now: Timestamp) -> CallerTraffic {
        let caller = self.of_tenant(tenant, caller);
        self.shard(caller).lock().traffic(caller, now)
    }

    /// Counts the outcome of a call for a tenant, and returns whether it did. A repeated outcome of the same caller and call
    /// within a minute is not counted again.
    pub fn record_outcome(&self, tenant: TenantId, outcome: &CallOutcome<'_>, now: Timestamp) -> bool {
        let caller = self.of_tenant(tenant, outcome.caller);
        let name = self.fingerprinter.call(CallMessage::Outcome, caller, outcome.call_id);
        let ending = outcome.ending(&self.thresholds);
        let mut shard = self.shard(caller).lock();
        let is_new = !shard.is_repeated(name, now);
        if is_new {
            shard.add(caller, |_| CallerEvent::end(ending), now, &self.thresholds);
        }
        is_new
    }

    /// Whether a number called emergency services from the network of the tenant so recently that a call to it may come from
    /// their centre, calling back.
    #[must_use]
    pub fn in_callback_window(&self, tenant: TenantId, called: E164, now: Timestamp) -> bool {
        let number = self.of_tenant(tenant, called);
        self.shard(number).lock().emergencies.is_remembered(number, now)
    }

    /// The count of callers of emergency services that were forgotten before their time, since there were more calls than
    /// the limits foresee.
    #[must_use]
    pub fn emergency_evictions(&self) -> u64 {
        self.emergency_evictions.load(Ordering::Relaxed)
    }

    /// Forgets all that a tenant has seen of a number, except a call for help: its window ends by itself.
    pub fn forget(&self, tenant: TenantId, number: E164) {
        let caller = self.of_tenant(tenant, number);
        self.shard(caller).lock().forget(caller);
    }

    /// The count of callers with data. A number that two tenants have seen counts twice.
    #[must_use]
    pub fn callers(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    fn remember_emergency(&self, shard: &mut CallerShard, caller: u64, call: &CallEvent<'_>, now: Timestamp) {
        let is_early = shard.emergencies.remember(EmergencyCaller {
            caller,
            tenant: self.fingerprinter.tenant(call.tenant),
            is_attested: call.signing == Signing::A,
            called_at: now,
        });
        if is_early {
            self.emergency_evictions.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The fingerprint of a number in the traffic of a tenant.
    fn of_tenant(&self, tenant: TenantId, number: E164) -> u64 {
        self.fingerprinter.caller(self.fingerprinter.salt(tenant), number)
    }

    fn shard(&self, number: u64) -> &Mutex<CallerShard> {
        let at = usize::try_from(number % SHARDS as u64).unwrap_or_default();
        #[expect(clippy::indexing_slicing, reason = "there are SHARDS of them")]
        &self.shards[at]
    }
}

/// Leaves out the key.
impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer")
            .field("thresholds", &self.thresholds)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
