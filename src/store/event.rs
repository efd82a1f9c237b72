//! The keys of audit events: ordered by time, within a tenant and a shard.
//!
//! An event is written once, together with the change that it tells of, and is never changed. It has no version and no
//! change-log entry, so no index holds it. Events are read by time, newest first, and dropped by age.

use bytes::Bytes;

pub use crate::codec::audit::MAX_EVENT_BYTES;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::shard::Shard;

/// The most events of one shard that a store gives or drops in one call.
pub const MAX_EVENTS_AT_ONCE: usize = 1_024;

/// The place of an event in time: its millisecond (eight bytes, big-endian), and a number (eight bytes) that tells the
/// events of one millisecond apart. Frozen: stores and page tokens hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId([u8; Self::BYTES]);

impl EventId {
    /// The bytes of an id.
    pub const BYTES: usize = 16;
    /// The place before all events.
    pub const FIRST: Self = Self([0; Self::BYTES]);
    /// The place after all events.
    pub const LAST: Self = Self([u8::MAX; Self::BYTES]);

    /// The id of an event of this moment. A moment before 1970 counts as 1970.
    #[must_use]
    pub fn new(at: Timestamp, tie: u64) -> Self {
        let millis = u64::try_from(at.millis()).unwrap_or(0);
        let mut bytes = [0; Self::BYTES];
        let (time, random) = bytes.split_at_mut(8);
        time.copy_from_slice(&millis.to_be_bytes());
        random.copy_from_slice(&tie.to_be_bytes());
        Self(bytes)
    }

    /// The id with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// Its moment.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        let millis = self.0.first_chunk().copied().map_or(0, u64::from_be_bytes);
        Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }
}

/// The key of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    /// Its shard: that of its subject.
    pub shard: Shard,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its place in time.
    pub id: EventId,
}

/// One event of a commit.
#[derive(Clone, Debug)]
pub struct EventWrite {
    /// Its key, which no other event has.
    pub key: EventKey,
    /// Its bytes.
    pub bytes: Bytes,
}

/// An event as the store holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place in time.
    pub id: EventId,
    /// Its bytes.
    pub bytes: Bytes,
}

/// An event that gets other bytes.
#[derive(Clone, Debug)]
pub struct ReplacedEvent {
    /// Its place in time.
    pub id: EventId,
    /// Its bytes, as they were read.
    pub old: Bytes,
    /// Its new bytes, at most [`MAX_EVENT_BYTES`].
    pub new: Bytes,
}

/// A span of the events of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventSpan {
    /// The tenant.
    pub tenant: TenantId,
    /// The first place, included.
    pub from: EventId,
    /// The end, not included.
    pub before: EventId,
}

/// As 32 hexadecimal digits.
impl std::fmt::Display for EventId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_of_time_and_frozen() {
        let at = Timestamp::from_millis(1_700_000_000_123);
        let id = EventId::new(at, 0x0102_0304_0506_0708);
        assert_eq!(
            id.bytes(),
            b"\x00\x00\x01\x8b\xcf\xe5\x68\x7b\x01\x02\x03\x04\x05\x06\x07\x08"
        );
        assert_eq!((EventId::from_bytes(id.bytes()), id.at()), (Some(id), at));
        assert!(EventId::new(at, u64::MAX) < EventId::new(Timestamp::from_millis(1_700_000_000_124), 0));
        assert!(EventId::FIRST < id && id < EventId::LAST);
        assert_eq!(
            EventId::new(Timestamp::from_millis(-5), 1).at(),
            Timestamp::from_millis(0)
        );
        assert_eq!(EventId::from_bytes(b"short"), None);
    }
}
