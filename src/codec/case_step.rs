//! The bytes of the steps of cases.

use bytes::Bytes;

use super::case::{event, write_event};
use super::parts::{name, write_name};
use super::{ByteReader, DecodeError, RecordKind, StoredRecord, UnreadableValue, read_as, rest, written};
use crate::domain::case_history::CaseStep;
use crate::domain::ids::{CaseId, half_hash};
use crate::shard::Shard;

/// The key of a step: the shard of its case, a hash of the case's id, which is too long for the id of a record, and its
/// number. So the steps of one case follow each other in their order, in one shard with the case itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseStepKey {
    /// The shard of the case.
    pub shard: Shard,
    /// The first half of the BLAKE3 hash of the case's id.
    pub case: u128,
    /// The number of the step.
    pub number: u32,
}

impl CaseStepKey {
    /// The key of the step of a case with this number.
    #[must_use]
    pub fn of(case: &CaseId, number: u32) -> Self {
        Self {
            shard: Shard::of_case(case),
            case: half_hash(case.as_str()),
            number,
        }
    }
}

/// The bytes of a step.
#[must_use]
pub fn encode(step: &CaseStep) -> Bytes {
    written(&step.unknown_fields, |writer| {
        write_name(writer, step.case.as_str());
        writer.uint(u64::from(step.number));
        write_event(writer, &step.event);
    })
}

/// A step from its bytes.
///
/// # Errors
/// If they are not a step of a case, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<CaseStep, UnreadableValue> {
    read_as("step of a case", bytes, |reader| record(reader))
}

fn record(reader: &mut ByteReader<'_>) -> Result<CaseStep, DecodeError> {
    Ok(CaseStep {
        case: name(reader, CaseId::parse, "case id")?,
        number: reader.uint32()?,
        event: event(reader)?,
        unknown_fields: rest(reader),
    })
}

/// An id is the shard (one byte), the hash of the case's id (sixteen bytes, big-endian) and the number of the step (four
/// bytes, big-endian).
impl StoredRecord for CaseStep {
    type Id = CaseStepKey;
    const KIND: RecordKind = RecordKind::CaseStep;
    const NAME: &'static str = "step";

    fn shard(key: &CaseStepKey) -> Shard {
        key.shard
    }

    fn id_bytes(key: &CaseStepKey) -> Bytes {
        let mut bytes = vec![key.shard.byte()];
        bytes.extend_from_slice(&key.case.to_be_bytes());
        bytes.extend_from_slice(&key.number.to_be_bytes());
        Bytes::from(bytes)
    }

    fn id_from_bytes(bytes: &[u8]) -> Option<CaseStepKey> {
        let (shard, rest) = bytes.split_first()?;
        let (case, number) = rest.split_first_chunk::<16>()?;
        Some(CaseStepKey {
            shard: Shard::new(*shard),
            case: u128::from_be_bytes(*case),
            number: u32::from_be_bytes(number.try_into().ok()?),
        })
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
    use super::super::samples::{self, hex};
    use super::super::{MAX_ID_BYTES, MAX_VALUE_BYTES};
    use super::*;
    use crate::domain::case::{CaseEvent, MAX_AGENCY_CHARS, MAX_TEXT_CHARS};
    use crate::domain::unknown_fields::UnknownFields;
    use proptest::prelude::*;

    const CODEC: Codec<CaseStep> = Codec { encode, decode };

    fn step() -> CaseStep {
        let case = samples::full_case();
        CaseStep {
            case: case.id,
            number: 299,
            event: case.history.last().unwrap().clone(),
            unknown_fields: UnknownFields::new(&[0xee]),
        }
    }

    proptest! {
        #[test]
        fn round_trips(step in samples::case_step()) {
            prop_assert_eq!(decode(&encode(&step)).unwrap(), step.clone());
            let key = CaseStepKey::of(&step.case, step.number);
            let bytes = CaseStep::id_bytes(&key);
            prop_assert!(bytes.len() <= MAX_ID_BYTES);
            prop_assert_eq!(CaseStep::id_from_bytes(&bytes), Some(key));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, is_ours: bool) {
            CODEC.takes_any_bytes(bytes.clone(), is_ours);
            if let Some(key) = CaseStep::id_from_bytes(&bytes) {
                prop_assert_eq!(&CaseStep::id_bytes(&key)[..], &bytes[..]);
            }
        }

        #[test]
        fn a_damaged_step_is_read_without_a_panic(step in samples::case_step(), place: prop::sample::Index, value: u8) {
            CODEC.takes_a_damaged(&step, &place, value);
        }
    }

    #[test]
    fn a_newer_release_is_refused_or_carried_through() {
        CODEC.respects_a_newer_release(&step(), |step| &step.unknown_fields);
    }

    #[test]
    fn the_longest_step_can_be_stored() {
        let longest = CaseStep {
            event: CaseEvent {
                note: "\u{1F4DE}".repeat(MAX_TEXT_CHARS).into(),
                agency: "\u{1F4DE}".repeat(MAX_AGENCY_CHARS).into(),
                ..step().event
            },
            ..step()
        };
        assert!(encode(&longest).len() <= MAX_VALUE_BYTES);
    }

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen() {
        assert_eq!(hex(&encode(&step())), FROZEN);
        assert_eq!(
            hex(&CaseStep::id_bytes(&CaseStepKey::of(&step().case, 299))),
            FROZEN_KEY
        );
    }

    const FROZEN: &str = "0106632d31ab028080f4f6905d03616e610101020c6669727374207265706f727403434249ee";
    const FROZEN_KEY: &str = "0c1f71444d053be47c35db047e091396df0000012b";
}
