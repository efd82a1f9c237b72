//! The bytes of case records.

use bytes::Bytes;

use super::number::actor;
use super::parts::{code, name, requests, write_name, write_requests};
use super::rows::brand_name;
use super::{ByteReader, ByteWriter, DecodeError, RecordKind, StoredRecord, UnreadableValue, read_as, rest, written};
use crate::domain::case::{Case, CaseEvent};
use crate::domain::case_history::CaseHistory;
use crate::domain::ids::CaseId;
use crate::domain::kinds::{CaseStatus, Category, Source};
use crate::domain::unknown_fields::UnknownFields;
use crate::shard::Shard;

/// The bytes of a case's record. The steps that are stored apart from the case are not in it, only their count.
#[must_use]
pub fn encode(case: &Case) -> Bytes {
    written(&case.unknown_fields, |writer| {
        write_name(writer, case.id.as_str());
        writer.text(&case.title);
        writer.byte(case.category.code());
        writer.option(case.brand.as_ref(), |writer, brand| writer.text(brand.as_str()));
        writer.text(&case.summary);
        writer.byte(case.status.code());
        writer.text(&case.agency);
        writer.text(&case.agency_reference);
        writer.byte(case.source.code());
        writer.time(case.created_at);
        writer.time(case.updated_at);
        writer.option(case.last_evidence_at, ByteWriter::time);
        writer.list(case.history.inside().iter(), write_event);
        writer.option(case.merged_into.as_ref(), |writer, id| write_name(writer, id.as_str()));
        write_requests(writer, &case.requests);
        write_stored_steps(writer, case);
    })
}

/// The record of a case from its bytes.
///
/// # Errors
/// If they are not a case record, or a newer release wrote them.
pub fn decode(bytes: &[u8]) -> Result<Case, UnreadableValue> {
    read_as("case record", bytes, |reader| record(reader))
}

fn record(reader: &mut ByteReader<'_>) -> Result<Case, DecodeError> {
    let mut case = Case {
        id: name(reader, CaseId::parse, "case id")?,
        title: reader.text()?.into(),
        category: code(reader, Category::from_code, "category")?,
        brand: reader.option(brand_name)?,
        summary: reader.text()?.into(),
        status: code(reader, CaseStatus::from_code, "case status")?,
        agency: reader.text()?.into(),
        agency_reference: reader.text()?.into(),
        source: code(reader, Source::from_code, "source")?,
        created_at: reader.time()?,
        updated_at: reader.time()?,
        last_evidence_at: reader.option(ByteReader::time)?,
        history: CaseHistory::new(0, reader.list(event)?),
        merged_into: reader.option(|reader| name(reader, CaseId::parse, "case id"))?,
        requests: requests(reader)?,
        unknown_fields: UnknownFields::default(),
    };
    if !reader.remaining().is_empty() {
        case.history = CaseHistory::new(reader.uint32()?, case.history.inside().to_vec());
    }
    case.unknown_fields = rest(reader);
    Ok(case)
}

/// The field that was added after the first release: the count of the steps that are stored apart from the case. If there are
/// none, the record ends before it.
fn write_stored_steps(writer: &mut ByteWriter, case: &Case) {
    let stored = case.history.stored();
    if stored > 0 || !case.unknown_fields.bytes().is_empty() {
        writer.uint(u64::from(stored));
    }
}

pub(super) fn write_event(writer: &mut ByteWriter, event: &CaseEvent) {
    writer.time(event.at);
    writer.text(event.actor.as_str());
    writer.option(event.from, |writer, status| writer.byte(status.code()));
    writer.byte(event.to.code());
    writer.text(&event.note);
    writer.text(&event.agency);
}

pub(super) fn event(reader: &mut ByteReader<'_>) -> Result<CaseEvent, DecodeError> {
    Ok(CaseEvent {
        at: reader.time()?,
        actor: actor(reader)?,
        from: reader.option(|reader| code(reader, CaseStatus::from_code, "case status"))?,
        to: code(reader, CaseStatus::from_code, "case status")?,
        note: reader.text()?.into(),
        agency: reader.text()?.into(),
    })
}

impl StoredRecord for Case {
    type Id = CaseId;
    const KIND: RecordKind = RecordKind::Case;
    const NAME: &'static str = "case";

    fn shard(id: &CaseId) -> Shard {
        Shard::of_case(id)
    }

    fn id_bytes(id: &CaseId) -> Bytes {
        Bytes::copy_from_slice(id.as_str().as_bytes())
    }

    fn id_from_bytes(bytes: &[u8]) -> Option<CaseId> {
        CaseId::parse(std::str::from_utf8(bytes).ok()?).ok()
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

    const CODEC: Codec<Case> = Codec { encode, decode };

    proptest! {
        #[test]
        fn round_trips(case in samples::case()) {
            prop_assert_eq!(decode(&encode(&case)).unwrap(), case);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, is_ours: bool) {
            CODEC.takes_any_bytes(bytes, is_ours);
        }

        #[test]
        fn a_damaged_record_is_read_without_a_panic(case in samples::case(), place: prop::sample::Index, value: u8) {
            CODEC.takes_a_damaged(&case, &place, value);
        }
    }

    #[test]
    fn a_newer_release_is_refused_or_carried_through() {
        CODEC.respects_a_newer_release(&samples::full_case(), |case| &case.unknown_fields);
    }

    /// A change of these bytes makes every existing store unreadable.
    #[test]
    fn the_bytes_are_frozen() {
        assert_eq!(samples::hex(&encode(&samples::full_case())), FROZEN);
    }

    /// The first release held the whole history in the record.
    #[test]
    fn a_record_with_its_history_inside_is_read() {
        let first_release = Case {
            history: CaseHistory::new(0, samples::full_case().history.inside().to_vec()),
            unknown_fields: UnknownFields::default(),
            ..samples::full_case()
        };
        let (bytes, newer) = FROZEN.split_at(FROZEN.len() - "03ee".len());
        assert_eq!((&*samples::hex(&encode(&first_release)), newer), (bytes, "03ee"));
        assert_eq!(decode(&encode(&first_release)).unwrap(), first_release);
        assert_eq!(first_release.history.len(), 1);
    }

    const FROZEN: &str = "\
        0106632d311b506f702d7570732074686174206e616d65204d6963726f736f66740101094d6963726f736f66741d5477\
        6f2063616c6c2063656e747265732c206f6e65207363726970742e0b0343424907323032332f3137088080f4f6905dc0\
        84b1f7905d0180d89dbd895d018080f4f6905d03616e610101020c6669727374207265706f7274034342490106632d32\
        0107000000000000000000000000000000090000000000000003ee";
}
