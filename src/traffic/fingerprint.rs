//! Fingerprints: the only form in which numbers and calls are kept.
//!
//! They are `SipHash`-1-3 (Aumasson, Bernstein, 2012) under a key that lives as long as the process and is never
//! written. Numbers can be enumerated, so a hash without a key would reveal the number.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;

use crate::domain::tenant::TenantId;
use crate::number::E164;

/// The largest distance between two numbers that are neighbours.
pub(super) const REACH: usize = 4;
/// Marks that there is no fingerprint.
pub(super) const NO_FINGERPRINT: u32 = 0;

/// Makes fingerprints. The same number has another fingerprint in each tenant, so that a tenant's calls count for it alone.
#[derive(Clone)]
pub(super) struct Fingerprinter {
    numbers: SipHasher13,
    calls: SipHasher13,
}

/// Parts the fingerprints of one tenant from those of the others. The default tenant has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TenantSalt(Option<u64>);

/// The kinds of message that count once for each call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum CallMessage {
    Query,
    Outcome,
}

/// Fingerprints of a called number and its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CalledFingerprints {
    /// The fingerprint of the number as a caller.
    pub(super) whole: u64,
    /// The fingerprint of the number as a called number. Never [`NO_FINGERPRINT`].
    pub(super) short: u32,
    /// The same for the numbers one to four before and after it.
    pub(super) neighbours: [u32; 2 * REACH],
}

impl Fingerprinter {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let (halves, _) = key.as_chunks::<16>();
        let hasher = |half: Option<&[u8; 16]>| half.map_or_else(SipHasher13::new, SipHasher13::new_with_key);
        Self {
            numbers: hasher(halves.first()),
            calls: hasher(halves.last()),
        }
    }

    /// The salt of a tenant's fingerprints.
    pub(super) fn salt(&self, tenant: TenantId) -> TenantSalt {
        TenantSalt((tenant != TenantId::DEFAULT).then(|| self.calls.hash(tenant.as_bytes())))
    }

    /// The fingerprint of a caller. It has 64 bits, so that among millions two callers are unlikely to share one.
    pub(super) fn caller(&self, salt: TenantSalt, number: E164) -> u64 {
        self.whole(salt, number.digits())
    }

    /// The fingerprint of a called number. A caller calls few numbers, so 32 bits are enough.
    pub(super) fn dialled(&self, salt: TenantSalt, number: E164) -> CalledFingerprints {
        let whole = self.whole(salt, number.digits());
        let mut neighbours = [NO_FINGERPRINT; 2 * REACH];
        let around = (1..=REACH as u64).flat_map(|far| [number.digits() - far, number.digits() + far]);
        for (fingerprint, digits) in neighbours.iter_mut().zip(around) {
            *fingerprint = short(self.whole(salt, digits));
        }
        CalledFingerprints {
            whole,
            short: short(whole),
            neighbours,
        }
    }

    /// The fingerprint of a call. None if the call has no name.
    pub(super) fn call(&self, told: CallMessage, caller: u64, call_id: &str) -> Option<u64> {
        if call_id.is_empty() {
            return None;
        }
        let mut hasher = self.calls;
        hasher.write_u64(caller);
        hasher.write_u8(told as u8);
        hasher.write(call_id.as_bytes());
        Some(hasher.finish())
    }

    /// The fingerprint of a tenant, apart from those of numbers.
    pub(super) fn tenant(&self, tenant: TenantId) -> u32 {
        short(self.calls.hash(tenant.as_bytes()))
    }

    fn whole(&self, TenantSalt(salt): TenantSalt, digits: u64) -> u64 {
        let Some(salt) = salt else {
            return self.numbers.hash(&digits.to_le_bytes());
        };
        let mut hasher = self.numbers;
        hasher.write_u64(digits);
        hasher.write_u64(salt);
        hasher.finish()
    }
}

fn short(whole: u64) -> u32 {
    u32::try_from(whole >> 32).unwrap_or_default().max(NO_FINGERPRINT + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(digits: u64) -> E164 {
        E164::from_digits(digits).unwrap()
    }

    #[test]
    fn each_half_of_the_key_has_its_own_purpose() {
        let fingerprints = |first: u8, second: u8| {
            let mut key = [first; 32];
            key[16..].fill(second);
            let fingerprints = Fingerprinter::new(&key);
            let caller = fingerprints.caller(TenantSalt(None), number(14_155_550_199));
            (caller, fingerprints.call(CallMessage::Query, 7, "a"))
        };
        let base = fingerprints(1, 2);
        assert_eq!(base, fingerprints(1, 2));
        assert_ne!(base.0, fingerprints(3, 2).0);
        assert_eq!(base.0, fingerprints(1, 3).0);
        assert_ne!(base.1, fingerprints(1, 3).1);
        assert_eq!(base.1, fingerprints(3, 2).1);
    }

    #[test]
    fn fingerprints_agree_for_both_roles_and_for_neighbours() {
        let fingerprints = Fingerprinter::new(&[9; 32]);
        for tenant in ["default", "north"] {
            let salt = fingerprints.salt(TenantId::parse(tenant).unwrap());
            let middle = fingerprints.dialled(salt, number(14_155_550_199));
            assert_eq!(middle.whole, fingerprints.caller(salt, number(14_155_550_199)));
            for far in 1..=9u64 {
                for digits in [14_155_550_199 - far, 14_155_550_199 + far] {
                    let other = fingerprints.dialled(salt, number(digits));
                    assert_eq!(middle.neighbours.contains(&other.short), far <= 4, "{digits}");
                    assert_eq!(other.neighbours.contains(&middle.short), far <= 4, "{digits}");
                }
            }
        }
    }

    #[test]
    fn a_number_has_another_fingerprint_in_each_tenant() {
        let fingerprints = Fingerprinter::new(&[9; 32]);
        let of = |tenant: &str| {
            let salt = fingerprints.salt(TenantId::parse(tenant).unwrap());
            fingerprints.dialled(salt, number(14_155_550_199))
        };
        let (default, north, south) = (of("default"), of("north"), of("south"));
        assert_eq!(
            default.whole,
            fingerprints.caller(TenantSalt(None), number(14_155_550_199))
        );
        assert_eq!(north, of("north"));
        for (one, other) in [(&default, &north), (&north, &south), (&south, &default)] {
            assert_ne!(one.whole, other.whole);
            assert_ne!(one.short, other.short);
        }
    }

    #[test]
    fn a_call_is_identified_by_caller_call_id_and_message() {
        let fingerprints = Fingerprinter::new(&[9; 32]);
        let base = fingerprints.call(CallMessage::Query, 1, "a");
        assert_eq!(base, fingerprints.call(CallMessage::Query, 1, "a"));
        assert_ne!(base, fingerprints.call(CallMessage::Outcome, 1, "a"));
        assert_ne!(base, fingerprints.call(CallMessage::Query, 2, "a"));
        assert_ne!(base, fingerprints.call(CallMessage::Query, 1, "b"));
        assert_eq!(fingerprints.call(CallMessage::Query, 1, ""), None);
    }
}
