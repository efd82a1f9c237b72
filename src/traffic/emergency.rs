//! The callers of emergency services, whom an emergency centre may call back.
//!
//! The size follows from a rate of calls and the time for which they are remembered, so that at this rate no caller is
//! forgotten early. Above it, the tenant with the most callers in a set loses one of them: a tenant that reports more calls
//! than all others together takes no place from a tenant with few, and the bytes do not depend on the count of tenants.

use std::time::Duration;

use crate::domain::time::Timestamp;

/// The most callers in a set. A set that holds half of them on average overflows once in some ten thousand sets.
const WAYS: usize = 32;
/// The places for each call that is remembered, since callers fill the sets unevenly.
const PLACES_PER_CALL: usize = 2;

/// Some of the callers of emergency services. Keys are fingerprints under a secret key, so nobody can choose their set.
#[derive(Debug)]
pub(super) struct EmergencyCallers {
    sets: Box<[Vec<EmergencyCaller>]>,
    /// How long a caller is remembered.
    window: Duration,
}

/// A caller of emergency services: 24 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct EmergencyCaller {
    /// The fingerprint of its number.
    pub(super) caller: u64,
    /// The fingerprint of the tenant whose network the call came from.
    pub(super) tenant: u32,
    /// Whether the call was fully attested. A flood of forged calls seldom is, so it displaces its like first.
    pub(super) is_attested: bool,
    /// The time of its latest call.
    pub(super) called_at: Timestamp,
}

impl EmergencyCallers {
    /// One of `parts` parts of a memory for so many calls a second, each remembered for `window`.
    pub(super) fn new(calls_per_second: usize, window: Duration, parts: usize) -> Self {
        let seconds = usize::try_from(window.as_secs().max(1)).unwrap_or(usize::MAX);
        let places = calls_per_second.saturating_mul(seconds).saturating_mul(PLACES_PER_CALL);
        let sets = (places / parts).div_ceil(WAYS).max(1);
        Self {
            sets: vec![Vec::new(); sets].into_boxed_slice(),
            window,
        }
    }

    /// Remembers a call. Returns whether another caller was forgotten before its time.
    pub(super) fn remember(&mut self, new: EmergencyCaller) -> bool {
        let (place, window) = (self.place(new.caller), self.window);
        let Some(set) = self.sets.get_mut(place) else {
            return false;
        };
        let is_same = |old: &&mut EmergencyCaller| (old.caller, old.tenant) == (new.caller, new.tenant);
        if let Some(known) = set.iter_mut().find(is_same) {
            known.called_at = known.called_at.max(new.called_at);
            known.is_attested |= new.is_attested;
            return false;
        }
        if set.len() < WAYS {
            set.push(new);
            return false;
        }
        let victim = expired(set, new.called_at, window);
        let is_early = victim.is_none();
        let victim = victim.unwrap_or_else(|| victim_of_the_largest(set, new.tenant));
        if let Some(old) = set.get_mut(victim) {
            *old = new;
        }
        is_early
    }

    /// Whether a number called emergency services so recently that a call to it may come from their centre.
    pub(super) fn is_remembered(&self, number: u64, now: Timestamp) -> bool {
        let set = self.sets.get(self.place(number)).map(Vec::as_slice).unwrap_or_default();
        set.iter()
            .any(|known| known.caller == number && known.called_at.until(now) < self.window)
    }

    fn place(&self, caller: u64) -> usize {
        // Multiply and shift instead of divide, by all bits: some of them have chosen the part.
        let wide = u128::from(caller) * self.sets.len() as u128;
        usize::try_from(wide >> 64).unwrap_or_default()
    }
}

/// The place of a caller whose time is over.
fn expired(set: &[EmergencyCaller], now: Timestamp, window: Duration) -> Option<usize> {
    set.iter().position(|old| old.called_at.until(now) >= window)
}

/// The place of the caller that goes before its time: of the tenant with the most callers, counting the new one; of its
/// calls first those that were not attested, and then the oldest.
fn victim_of_the_largest(set: &[EmergencyCaller], newcomer: u32) -> usize {
    let callers_of = |tenant: u32| {
        let callers = set.iter().filter(|old| old.tenant == tenant).count();
        callers + usize::from(tenant == newcomer)
    };
    let rank = |old: &EmergencyCaller| {
        (
            callers_of(old.tenant),
            !old.is_attested,
            std::cmp::Reverse(old.called_at),
        )
    };
    let victim = set.iter().enumerate().max_by_key(|(_, old)| rank(old));
    victim.map_or(0, |(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(3_600);
    const START: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn key(n: u64) -> u64 {
        n.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    fn call(n: u64, tenant: u32, secs: u64) -> EmergencyCaller {
        EmergencyCaller {
            caller: key(n),
            tenant,
            is_attested: false,
            called_at: START.plus(Duration::from_secs(secs)),
        }
    }

    fn flood(memory: &mut EmergencyCallers, tenant: u32, callers: std::ops::Range<u64>, secs: u64) -> usize {
        callers.filter(|n| memory.remember(call(*n, tenant, secs))).count()
    }

    fn remembered(memory: &EmergencyCallers, callers: std::ops::Range<u64>, secs: u64) -> usize {
        let now = START.plus(Duration::from_secs(secs));
        callers.filter(|n| memory.is_remembered(key(*n), now)).count()
    }

    #[test]
    fn a_caller_takes_the_documented_bytes() {
        assert!(size_of::<EmergencyCaller>() <= 24);
    }

    #[test]
    fn at_the_stated_rate_nobody_is_forgotten_early_for_hours() {
        let mut memory = EmergencyCallers::new(20, WINDOW, 1);
        let mut early = 0;
        for second in 0..4 * 3_600 {
            early += flood(&mut memory, 1, 20 * second..20 * (second + 1), second);
        }
        let last_hour = 3 * 20 * 3_600..4 * 20 * 3_600;
        let known = remembered(&memory, last_hour, 4 * 3_600 - 1);
        // One set in ten thousand overflows.
        assert!(
            early <= 100 && known >= 20 * 3_600 - 100,
            "{early} early, {known} known"
        );
        assert!(memory.sets.iter().all(|set| set.len() <= WAYS));
    }

    #[test]
    fn the_flood_of_a_tenant_takes_no_place_of_another() {
        let mut memory = EmergencyCallers::new(1, WINDOW, 1);
        flood(&mut memory, 1, 0..1_000, 0);
        let early = flood(&mut memory, 2, 10_000..1_000_000, 1);
        assert!(early > 900_000, "{early}");
        assert_eq!(remembered(&memory, 0..1_000, 1), 1_000);
        // The callers that come later have their place too.
        flood(&mut memory, 3, 2_000..2_500, 2);
        assert_eq!(remembered(&memory, 2_000..2_500, 2), 500);
        assert_eq!(remembered(&memory, 0..1_000, 2), 1_000);
    }

    #[test]
    fn within_a_tenant_calls_that_nobody_attested_go_first() {
        let mut memory = EmergencyCallers::new(1, WINDOW, 1);
        for n in 0..1_000 {
            memory.remember(EmergencyCaller {
                is_attested: true,
                ..call(n, 1, 0)
            });
        }
        flood(&mut memory, 1, 10_000..200_000, 1);
        assert_eq!(remembered(&memory, 0..1_000, 1), 1_000);
    }

    #[test]
    fn those_whose_time_is_over_go_without_being_counted() {
        let mut memory = EmergencyCallers::new(1, WINDOW, 1);
        flood(&mut memory, 1, 0..100_000, 0);
        assert_eq!(flood(&mut memory, 2, 100_000..103_000, 3_600), 0);
        assert_eq!(remembered(&memory, 100_000..103_000, 3_600), 3_000);
        assert_eq!(remembered(&memory, 0..100_000, 3_600), 0);
    }

    #[test]
    fn a_caller_of_two_tenants_is_remembered_until_both_are_over() {
        let mut memory = EmergencyCallers::new(1, WINDOW, 1);
        memory.remember(call(1, 1, 0));
        memory.remember(call(1, 2, 1_800));
        memory.remember(call(1, 2, 900)); // late
        assert_eq!(remembered(&memory, 1..2, 3_600), 1);
        assert_eq!(remembered(&memory, 1..2, 5_400), 0);
    }
}
