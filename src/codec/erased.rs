//! The bytes of what is remembered of an erased number.

use bytes::Bytes;

use super::{
    ByteReader, ByteWriter, DecodeError, RecordKind, StoredRecord, UnreadableValue, read_as, rest, rows, written,
};
use crate::domain::erased::ErasedNumber;
use crate::domain::ids::NumberHash;
use crate::shard::Shard;

/// The bytes of a record.
#[must_use]
pub fn encode(erased: &ErasedNumber) -> Bytes {
    written(&erased.unknown_fields, |writer| {
        writer.fixed128(erased.number.raw());
        writer.option(erased.reset_before, ByteWriter::time);
        writer.bytes(&rows::encode(&erased.withdrawn));
    })
}

/// A record from its bytes.
///
/// # Errors
/// If they are not such a record, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<ErasedNumber, UnreadableValue> {
    read_as("record of an erased number", bytes, |reader| {
        Ok(ErasedNumber {
            number: NumberHash::from_raw(reader.fixed128()?),
            reset_before: reader.option(ByteReader::time)?,
            withdrawn: rows::decode(reader.bytes()?).map_err(|_| DecodeError::Range("withdrawn reports"))?,
            unknown_fields: rest(reader),
        })
    })
}

/// An id is the hash of the number, sixteen bytes, big-endian.
impl StoredRecord for ErasedNumber {
    type Id = NumberHash;
    const KIND: RecordKind = RecordKind::ErasedNumber;
    const NAME: &'static str = "erased";

    fn shard(id: &NumberHash) -> Shard {
        Shard::of_erased(*id)
    }

    fn id_bytes(id: &NumberHash) -> Bytes {
        Bytes::copy_from_slice(&id.raw().to_be_bytes())
    }

    fn id_from_bytes(bytes: &[u8]) -> Option<NumberHash> {
        Some(NumberHash::from_raw(u128::from_be_bytes(bytes.try_into().ok()?)))
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
    use crate::domain::ids::{ReportId, SenderHash};
    use crate::domain::report::{ReportRow, RowState};
    use crate::domain::time::Timestamp;
    use crate::domain::unknown_fields::UnknownFields;

    const CODEC: Codec<ErasedNumber> = Codec { encode, decode };

    fn erased() -> ErasedNumber {
        let number = NumberHash::from_raw(0x0102);
        let at = Timestamp::from_secs(1_700_000_000);
        let id = |text: &str| ReportId::parse(text).unwrap().of_erased(&[7; 32], number);
        let withdrawn = ReportRow {
            state: RowState::Withdrawn,
            revision: 3,
            sender: SenderHash::from_raw(5),
            withdrawn_by_decision: true,
            ..ReportRow::tombstone(id("a"), at)
        };
        let never_arrived = ReportRow {
            sender: SenderHash::from_raw(6),
            ..ReportRow::tombstone(id("b"), at)
        };
        ErasedNumber {
            number,
            reset_before: Some(at),
            withdrawn: vec![withdrawn, never_arrived],
            unknown_fields: UnknownFields::new(&[0xee]),
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, is_ours: bool) {
            CODEC.takes_any_bytes(bytes, is_ours);
        }
    }

    #[test]
    fn a_newer_release_is_refused_or_carried_through() {
        CODEC.respects_a_newer_release(&erased(), |erased| &erased.unknown_fields);
    }

    #[test]
    fn ids_are_read_back() {
        let id = erased().number;
        assert_eq!(ErasedNumber::id_from_bytes(&ErasedNumber::id_bytes(&id)), Some(id));
        assert_eq!(ErasedNumber::id_from_bytes(b"short"), None);
    }

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen() {
        assert_eq!(decode(&encode(&erased())).unwrap(), erased());
        assert_eq!(hex(&encode(&erased())), FROZEN);
        assert_eq!(
            hex(&ErasedNumber::id_bytes(&erased().number)),
            "00000000000000000000000000000102"
        );
    }

    const FROZEN: &str = "01020100000000000000000000000000000180a0abfef962600135090041c88c4a4b8430b770069ca272569\
        2e13f0000000000000000000180a0abfef962000000000000030001020500000000000000280a004182f65b86681a06748cc5b7bf5\
        d6930230600000000000000000180a0abfef9620000000000ee";
}
