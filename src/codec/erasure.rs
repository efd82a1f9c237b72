//! The bytes of the erasures in progress of a shard, a side record.

use bytes::Bytes;

use super::{ByteReader, DecodeError, SideKind, SideRecord, UnreadableValue, read_as, rest, written};
use crate::domain::erasure::{BegunErasure, Erasures, SealedNumber};
use crate::domain::requests::Fingerprint;
use crate::shard::Shard;

/// The bytes of erasures.
#[must_use]
pub fn encode(erasures: &Erasures) -> Bytes {
    written(&erasures.unknown_fields, |writer| {
        writer.list(erasures.all.iter(), |writer, erasure| {
            let (id, content) = erasure.request.pair();
            writer.fixed128(id);
            writer.fixed64(content);
            writer.fixed64(erasure.number.raw());
            writer.time(erasure.begun_at);
            writer.byte(u8::from(erasure.is_deleted));
        });
    })
}

/// Erasures from their bytes.
///
/// # Errors
/// If they are not erasures, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<Erasures, UnreadableValue> {
    read_as("list of erasures", bytes, |reader| {
        Ok(Erasures {
            all: reader.list(erasure)?,
            unknown_fields: rest(reader),
        })
    })
}

fn erasure(reader: &mut ByteReader<'_>) -> Result<BegunErasure, DecodeError> {
    Ok(BegunErasure {
        request: Fingerprint::from_pair((reader.fixed128()?, reader.fixed64()?)),
        number: SealedNumber::from_raw(reader.fixed64()?),
        begun_at: reader.time()?,
        is_deleted: match reader.byte()? {
            0 => false,
            1 => true,
            _ => return Err(DecodeError::Range("flag")),
        },
    })
}

impl SideRecord for Erasures {
    type Id = Shard;
    const KIND: SideKind = SideKind::Erasures;
    const NAME: &'static str = "erasures";

    fn shard(id: &Shard) -> Shard {
        *id
    }

    fn id_bytes(id: &Shard) -> Bytes {
        Bytes::copy_from_slice(&[id.byte()])
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

    use super::super::laws::Codec;
    use super::super::samples::hex;
    use super::*;
    use crate::domain::time::Timestamp;
    use crate::domain::unknown_fields::UnknownFields;

    const CODEC: Codec<Erasures> = Codec { encode, decode };

    fn erasures(all: Vec<((u128, u64), u64, i64, bool)>, newer: &[u8]) -> Erasures {
        let all = all
            .into_iter()
            .map(|(request, number, begun_at, is_deleted)| BegunErasure {
                request: Fingerprint::from_pair(request),
                number: SealedNumber::from_raw(number),
                begun_at: Timestamp::from_millis(begun_at),
                is_deleted,
            });
        Erasures {
            all: all.collect(),
            unknown_fields: UnknownFields::new(newer),
        }
    }

    fn full() -> Erasures {
        erasures(
            vec![((7, 9), 5, 1_700_000_000_123, true), ((8, 10), 6, -1, false)],
            &[0xee],
        )
    }

    proptest! {
        #[test]
        fn round_trips(all: Vec<((u128, u64), u64, i64, bool)>, newer: Vec<u8>) {
            let erasures = erasures(all, &newer);
            prop_assert_eq!(decode(&encode(&erasures)).unwrap(), erasures);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, is_ours: bool) {
            CODEC.takes_any_bytes(bytes, is_ours);
        }
    }

    #[test]
    fn a_newer_release_is_refused_or_carried_through() {
        CODEC.respects_a_newer_release(&full(), |erasures| &erasures.unknown_fields);
    }

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen() {
        assert_eq!(hex(&encode(&full())), FROZEN);
    }

    const FROZEN: &str = "\
        0102\
        0700000000000000000000000000000009000000000000000500000000000000f6a1abfef96201\
        080000000000000000000000000000000a0000000000000006000000000000000100ee";
}
