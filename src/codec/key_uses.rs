//! The bytes of the last uses of API keys, a side record.

use bytes::Bytes;

use super::{SideKind, SideRecord, UnreadableValue, read_as, rest, written};
use crate::domain::identity::{KeyId, KeyUses, UsePart, UseSlot};
use crate::shard::Shard;

/// The bytes of last uses.
#[must_use]
pub fn encode(uses: &KeyUses) -> Bytes {
    written(&uses.unknown_fields, |writer| {
        writer.list(uses.all(), |writer, (key, slot)| {
            writer.fixed64(key.raw());
            writer.uint(slot.raw().into());
        });
    })
}

/// Last uses from their bytes.
///
/// # Errors
/// If they are not last uses, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<KeyUses, UnreadableValue> {
    read_as("last uses of keys", bytes, |reader| {
        let last = reader.list(|reader| {
            let key = KeyId::from_raw(reader.fixed64()?);
            Ok((key, UseSlot::from_raw(reader.uint32()?)))
        })?;
        Ok(KeyUses::new(last, rest(reader)))
    })
}

impl SideRecord for KeyUses {
    type Id = UsePart;
    const KIND: SideKind = SideKind::KeyUses;
    const NAME: &'static str = "keyuses";

    fn shard(id: &UsePart) -> Shard {
        Shard::new(id.number())
    }

    fn id_bytes(id: &UsePart) -> Bytes {
        Bytes::copy_from_slice(&[id.number()])
    }

    fn encode(&self) -> Bytes {
        encode(self)
    }

    fn decode(bytes: &[u8]) -> Result<Self, UnreadableValue> {
        decode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::MAX_VALUE_BYTES;
    use super::super::laws::Codec;
    use super::super::samples::hex;
    use super::*;
    use crate::domain::identity::MAX_USES;
    use crate::domain::unknown_fields::UnknownFields;

    const CODEC: Codec<KeyUses> = Codec { encode, decode };

    fn sample() -> KeyUses {
        let last = [(7, 2_675_736), (1 << 63, 1)];
        let last = last.map(|(key, slot)| (KeyId::from_raw(key), UseSlot::from_raw(slot)));
        KeyUses::new(last, UnknownFields::new(&[0xee]))
    }

    proptest! {
        #[test]
        fn round_trips(last: Vec<(u64, u32)>, unknown_fields: Vec<u8>) {
            let last = last.into_iter().map(|(key, slot)| (KeyId::from_raw(key), UseSlot::from_raw(slot)));
            let uses = KeyUses::new(last, UnknownFields::new(&unknown_fields));
            prop_assert_eq!(decode(&encode(&uses)).unwrap(), uses);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, is_ours: bool) {
            CODEC.takes_any_bytes(bytes, is_ours);
        }
    }

    #[test]
    fn a_newer_release_is_refused_or_carried_through() {
        CODEC.respects_a_newer_release(&sample(), |uses| &uses.unknown_fields);
    }

    #[test]
    fn the_largest_record_is_stored() {
        let most = u64::try_from(MAX_USES).unwrap();
        let last = (0..most).map(|key| (KeyId::from_raw(key), UseSlot::from_raw(u32::MAX)));
        let uses = KeyUses::new(last, UnknownFields::default());
        assert!(encode(&uses).len() < MAX_VALUE_BYTES);
    }

    /// A change of these bytes makes the last uses of every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen() {
        assert_eq!(
            hex(&encode(&sample())),
            "0102070000000000000098a8a301000000000000008001ee"
        );
        assert_eq!(UsePart::of(KeyId::from_raw(7)).number(), FROZEN_PART);
    }

    const FROZEN_PART: u8 = 60;
}
