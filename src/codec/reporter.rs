//! The bytes of a reporter's state, a side record.
//!
//! A claim takes about ten bytes: the number with "not spam" as its lowest bit, and the time since the claim before. The
//! place of a report takes about 20.

use bytes::Bytes;

use super::parts::{since, write_since};
use super::{ByteReader, ByteWriter, DecodeError, SideKind, SideRecord, UnreadableValue, read_as, rest, written};
use crate::domain::day::Day;
use crate::domain::ids::{ReporterHash, ReporterKeyId};
use crate::domain::reporter::{Claim, QuotaSlot, ReportPlace, ReporterState};
use crate::domain::time::Timestamp;
use crate::number::E164;
use crate::shard::Shard;

/// The bytes of a reporter's state.
#[must_use]
pub fn encode(record: &ReporterState) -> Bytes {
    written(&record.unknown_fields, |writer| {
        let mut before = Timestamp::default();
        writer.list(record.claims.iter(), |writer, claim| {
            writer.uint(claim.number.digits() << 1 | u64::from(claim.not_spam));
            write_since(writer, before, claim.at);
            before = claim.at;
        });
        writer.int(record.day.number());
        writer.list(record.slots.iter(), |writer, slot| writer.fixed64(slot.raw()));
        if !record.reports.is_empty() || !record.unknown_fields.bytes().is_empty() {
            write_places(writer, &record.reports);
        }
    })
}

/// A reporter's state from its bytes.
///
/// # Errors
/// If they are not a reporter's state, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<ReporterState, UnreadableValue> {
    read_as("reporter's state", bytes, |reader| {
        let mut before = Timestamp::default();
        let claims = reader.list(|reader| {
            let claim = claim(reader, before)?;
            before = claim.at;
            Ok(claim)
        })?;
        Ok(ReporterState {
            claims,
            day: Day::from_number(reader.int()?),
            slots: reader.list(|reader| reader.fixed64().map(QuotaSlot::from_raw))?,
            reports: read_places(reader)?,
            unknown_fields: rest(reader),
        })
    })
}

/// The places of reports, which the first release did not keep.
fn write_places(writer: &mut ByteWriter, places: &[ReportPlace]) {
    let mut before = Timestamp::default();
    writer.list(places.iter(), |writer, place| {
        writer.uint(place.number.digits());
        writer.fixed64(place.id_hash);
        write_since(writer, before, place.at);
        before = place.at;
    });
}

fn read_places(reader: &mut ByteReader<'_>) -> Result<Vec<ReportPlace>, DecodeError> {
    if reader.remaining().is_empty() {
        return Ok(Vec::new());
    }
    let mut before = Timestamp::default();
    reader.list(|reader| {
        let place = ReportPlace {
            number: E164::from_digits(reader.uint()?).ok_or(DecodeError::Range("number"))?,
            id_hash: reader.fixed64()?,
            at: since(reader, before)?,
        };
        before = place.at;
        Ok(place)
    })
}

fn claim(reader: &mut ByteReader<'_>, before: Timestamp) -> Result<Claim, DecodeError> {
    let packed = reader.uint()?;
    Ok(Claim {
        number: E164::from_digits(packed >> 1).ok_or(DecodeError::Range("number"))?,
        not_spam: packed & 1 == 1,
        at: since(reader, before)?,
    })
}

impl SideRecord for ReporterState {
    type Id = ReporterHash;
    const KIND: SideKind = SideKind::Reporter;
    const NAME: &'static str = "reporter";

    fn shard(id: &ReporterHash) -> Shard {
        Shard::of_reporter(*id)
    }

    /// The hash, and the name of its key unless it is that of the store.
    fn id_bytes(id: &ReporterHash) -> Bytes {
        let hash = id.raw().to_be_bytes();
        match id.key() {
            ReporterKeyId::OF_STORE => Bytes::copy_from_slice(&hash),
            key => [hash.as_slice(), &key.raw().to_be_bytes()].concat().into(),
        }
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
    use super::super::laws::Codec;
    use super::super::samples;
    use super::*;
    use proptest::prelude::*;

    const CODEC: Codec<ReporterState> = Codec { encode, decode };

    proptest! {
        #[test]
        fn round_trips(record in samples::reporter()) {
            prop_assert_eq!(decode(&encode(&record)).unwrap(), record);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, is_ours: bool) {
            CODEC.takes_any_bytes(bytes, is_ours);
        }
    }

    #[test]
    fn a_full_state_takes_less_than_four_kilobytes() {
        let record = samples::full_reporter();
        let claim = record.claims[0];
        let day_later = |n: u32| Claim {
            at: claim.at.plus(std::time::Duration::from_secs(86_400) * n),
            ..claim
        };
        let full = ReporterState {
            claims: (0..256).map(day_later).collect(),
            slots: (0..20).map(QuotaSlot::from_raw).collect(),
            ..record
        };
        assert!(encode(&full).len() < 4_096, "{} bytes", encode(&full).len());
    }

    #[test]
    fn a_newer_release_is_refused_or_carried_through() {
        CODEC.respects_a_newer_release(&samples::full_reporter(), |record| &record.unknown_fields);
    }

    /// A change of these bytes makes the reporters of every existing store unknown.
    #[test]
    fn the_ids_are_frozen() {
        let id = |key| {
            ReporterState::id_bytes(&ReporterHash::of_key(
                0x0102_0304_0506_0708,
                ReporterKeyId::from_raw(key),
            ))
        };
        assert_eq!(samples::hex(&id(0)), "0102030405060708");
        assert_eq!(samples::hex(&id(0x1a2b_3c4d)), "01020304050607081a2b3c4d");
    }

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen() {
        assert_eq!(samples::hex(&encode(&samples::full_reporter())), FROZEN);
    }

    const FROZEN: &str = "\
        0102ee91b79386018080f4f6905d81dbdddd2480f0b252aea102020300000000000000ffffffffffffffff\
        01f7c8db894307000000000000008080f4f6905dee";
}
