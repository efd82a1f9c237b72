//! The 256 shards of a store, and the versions of records. The assignment to shards is frozen: stores outlive releases.

use std::fmt;

use xxhash_rust::xxh3::xxh3_64;

use crate::domain::identity::PrincipalId;
use crate::domain::ids::{CaseId, ListId, NumberHash, ReporterHash};
use crate::domain::request_memory::MemoryPart;
use crate::number::E164;

/// The sequence of the change-log entry that wrote a record. Starts at 1 in every shard.
pub type Version = u64;

/// The number of shards.
pub const SHARDS: usize = 256;

/// The most decimal digits of a `u64`.
const DECIMAL_DIGITS: usize = 20;

/// One of the 256 parts of a store. Each is written and replicated on its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(u8);

impl Shard {
    /// The shard of a number: `xxh3_64` of its E.164 digits less the last four, at least one digit kept, modulo 256.
    /// So a number, its rows, and the blocks around it share one shard.
    #[must_use]
    pub fn of_number(number: E164) -> Self {
        let block = number.len().saturating_sub(4).max(1);
        Self::of_decimal(number.without_last(number.len().saturating_sub(block)))
    }

    /// The shard of a case: `xxh3_64` of its id, modulo 256.
    #[must_use]
    pub fn of_case(id: &CaseId) -> Self {
        Self::of_text(id.as_str())
    }

    /// The shard of a list: `xxh3_64` of its id, modulo 256.
    #[must_use]
    pub fn of_list(id: &ListId) -> Self {
        Self::of_text(id.as_str())
    }

    /// The shard of a principal: `xxh3_64` of its id, modulo 256.
    #[must_use]
    pub fn of_principal(id: &PrincipalId) -> Self {
        Self::of_text(id.as_str())
    }

    /// The shard of what a tenant shares: `xxh3_64` of the bytes of its id, modulo 256.
    #[must_use]
    pub fn of_sharing(id: &[u8]) -> Self {
        Self::of_bytes(id)
    }

    /// The shard of a reporter's state: `xxh3_64` of the hash, eight bytes, big-endian, modulo 256.
    #[must_use]
    pub fn of_reporter(reporter: ReporterHash) -> Self {
        Self::of_bytes(&reporter.raw().to_be_bytes())
    }

    /// The shard of a tenant's quota: `xxh3_64` of its name, modulo 256.
    #[must_use]
    pub fn of_tenant(tenant: &str) -> Self {
        Self::of_text(tenant)
    }

    /// The shard of a part of the memory of requests: its number modulo 256.
    #[must_use]
    pub const fn of_memory_part(part: MemoryPart) -> Self {
        let [low, _] = part.number().to_le_bytes();
        Self(low)
    }

    /// The shard of claims: `xxh3_64` of the bytes of their id, modulo 256.
    #[must_use]
    pub fn of_claim(id: &[u8]) -> Self {
        Self::of_bytes(id)
    }

    /// The shard of what is remembered of an erased number: the last byte of the hash.
    #[must_use]
    pub const fn of_erased(number: NumberHash) -> Self {
        let [.., last] = number.raw().to_be_bytes();
        Self(last)
    }

    /// All shards.
    pub fn all() -> impl ExactSizeIterator<Item = Self> + Clone {
        (0..=u8::MAX).map(Self)
    }

    /// The shard with this index.
    #[must_use]
    pub const fn new(index: u8) -> Self {
        Self(index)
    }

    /// Its index, below [`SHARDS`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Its index as a byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self.0
    }

    /// The shard of the decimal digits of `value`. The digits are written on the stack, since every lookup calls this.
    fn of_decimal(value: u64) -> Self {
        let mut digits = [b'0'; DECIMAL_DIGITS];
        let (mut rest, mut from) = (value, DECIMAL_DIGITS);
        for (place, digit) in digits.iter_mut().enumerate().rev() {
            *digit += u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
            from = place;
            if rest == 0 {
                break;
            }
        }
        Self::of_bytes(digits.get(from..).unwrap_or_default())
    }

    fn of_text(text: &str) -> Self {
        Self::of_bytes(text.as_bytes())
    }

    fn of_bytes(bytes: &[u8]) -> Self {
        let [low, ..] = xxh3_64(bytes).to_le_bytes();
        Self(low)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::requests::Fingerprint;

    #[test]
    fn shards_are_frozen() {
        let shard = |text: &str| Shard::of_number(text.parse().unwrap()).byte();
        // A change of these figures makes every existing store unreadable.
        assert_eq!(
            [
                shard("+13152328257"),
                shard("+13152320000"),
                shard("+14155550199"),
                shard("+4930123456")
            ],
            FROZEN
        );
        assert_eq!(Shard::of_reporter(ReporterHash::from_raw(7)).byte(), FROZEN_REPORTER);
        assert_eq!(Shard::of_tenant("default").byte(), FROZEN_TENANT);
        assert_eq!(Shard::of_case(&CaseId::parse("c-1").unwrap()).byte(), FROZEN_CASE);
        assert_eq!(Shard::of_list(&ListId::parse("dno").unwrap()).byte(), FROZEN_LIST);
        assert_eq!(Shard::of_erased(NumberHash::from_raw(0x0102)).byte(), 2);
        let part = MemoryPart::of(Fingerprint::from_pair((0xabcd_1234, 0)));
        assert_eq!((part.number(), Shard::of_memory_part(part).byte()), FROZEN_MEMORY);
    }

    #[test]
    fn a_number_is_hashed_by_its_digits() {
        for value in [0, 9, 10, 1_415_555, 999_999_999_999_999, u64::MAX] {
            assert_eq!(Shard::of_decimal(value), Shard::of_text(&value.to_string()), "{value}");
        }
    }

    const FROZEN: [u8; 4] = [226, 226, 0, 203];
    const FROZEN_CASE: u8 = 12;
    const FROZEN_LIST: u8 = 199;
    const FROZEN_MEMORY: (u16, u8) = (0x234, 0x34);
    const FROZEN_REPORTER: u8 = 252;
    const FROZEN_TENANT: u8 = 26;
}
