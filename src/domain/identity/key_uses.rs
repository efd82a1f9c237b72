//! When API keys were last used at any instance. The times are coarse, so that a key in constant use is seldom written.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use super::KeyId;
use crate::domain::time::Timestamp;
use crate::domain::unknown_fields::UnknownFields;

/// The parts over which the keys of a store are spread, so that a record stays small.
const PARTS: u8 = 64;
/// The most keys of a part. The key whose use is oldest is dropped first.
pub const MAX_USES: usize = 1_024;
/// The seconds of a slot: ten minutes.
const SLOT_SECS: i64 = 600;

/// A stretch of ten minutes, counted from 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UseSlot(u32);

impl UseSlot {
    /// The slot of a moment.
    #[must_use]
    pub fn of(moment: Timestamp) -> Self {
        Self(u32::try_from(moment.millis().div_euclid(SLOT_SECS * 1_000)).unwrap_or(0))
    }

    /// A slot from its stored number.
    #[must_use]
    pub const fn from_raw(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn raw(self) -> u32 {
        self.0
    }

    /// Its first moment.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Timestamp::from_secs(i64::from(self.0) * SLOT_SECS)
    }
}

/// The part of the record that has a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsePart(u8);

impl UsePart {
    /// The part of a key: `xxh3_64` of its id, eight bytes, big-endian, modulo 64.
    #[must_use]
    pub fn of(key: KeyId) -> Self {
        let [low, ..] = xxh3_64(&key.raw().to_be_bytes()).to_le_bytes();
        Self(low % PARTS)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// The last uses of the keys of one part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyUses {
    last: BTreeMap<KeyId, UseSlot>,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

impl KeyUses {
    /// From what a store kept.
    #[must_use]
    pub fn new(last: impl IntoIterator<Item = (KeyId, UseSlot)>, unknown_fields: UnknownFields) -> Self {
        let mut uses = Self {
            last: BTreeMap::new(),
            unknown_fields,
        };
        for (key, slot) in last {
            uses.note(key, slot);
        }
        uses
    }

    /// Notes a use; says whether it is later than the one that was known.
    pub fn note(&mut self, key: KeyId, slot: UseSlot) -> bool {
        if self.last.get(&key).is_some_and(|known| *known >= slot) {
            return false;
        }
        self.last.insert(key, slot);
        if self.last.len() > MAX_USES {
            let oldest = self.last.iter().min_by_key(|(_, slot)| **slot).map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                self.last.remove(&oldest);
            }
        }
        true
    }

    /// The last use of a key, if one is known.
    #[must_use]
    pub fn last(&self, key: KeyId) -> Option<UseSlot> {
        self.last.get(&key).copied()
    }

    /// All keys with their last uses, by key.
    pub fn all(&self) -> impl ExactSizeIterator<Item = (KeyId, UseSlot)> {
        self.last.iter().map(|(key, slot)| (*key, *slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn slot(number: u32) -> UseSlot {
        UseSlot::from_raw(number)
    }

    #[test]
    fn a_slot_is_ten_minutes() {
        let noon = Timestamp::from_secs(1_605_441_600);
        let of = |secs: i64| UseSlot::of(Timestamp::from_secs(1_605_441_600 + secs));
        assert_eq!((of(0), of(599)), (UseSlot::of(noon), UseSlot::of(noon)));
        assert_eq!(of(600).raw(), of(0).raw() + 1);
        assert_eq!(of(599).start(), noon);
        assert_eq!(UseSlot::of(Timestamp::from_secs(-1)), slot(0));
    }

    #[test]
    fn only_a_later_use_counts() {
        let (mut uses, key) = (KeyUses::default(), KeyId::from_raw(1));
        assert!(uses.note(key, slot(5)) && !uses.note(key, slot(5)) && !uses.note(key, slot(4)));
        assert!(uses.note(key, slot(6)));
        assert_eq!((uses.last(key), uses.last(KeyId::from_raw(2))), (Some(slot(6)), None));
    }

    #[test]
    fn the_oldest_use_makes_room() {
        let mut uses = KeyUses::default();
        let most = u64::try_from(MAX_USES).unwrap();
        for n in 0..=most {
            uses.note(KeyId::from_raw(n), slot(u32::try_from(1_000 + (n + 7) % most).unwrap()));
        }
        assert_eq!(uses.all().len(), MAX_USES);
        assert_eq!(uses.last(KeyId::from_raw(most - 7)), None, "it had slot 1000");
    }
}
