//! The bytes of audit events. They are no records: they have no version and no change-log entry.

use bytes::Bytes;

use super::number::actor;
use super::parts::{name, write_name};
use super::{ByteReader, ByteWriter, DecodeError, UnreadableValue, begin, read_as};
use crate::domain::audit::{AuditChange, AuditEdge, AuditEvent, AuditMethod, AuditSubject, Via};
use crate::domain::ids::{CaseId, ImportId, ListId, NumberHash, ReportId, ReporterHash, ReporterKeyId};
use crate::domain::note::NoteId;
use crate::number::E164;
use crate::shard::Shard;

/// The integers of the subjects.
const NUMBER: u8 = 1;
const CASE: u8 = 2;
const LIST: u8 = 3;
const NOTE: u8 = 4;
const REPORT: u8 = 5;
const PRINCIPAL: u8 = 6;
const IMPORT: u8 = 7;
const REPORTER: u8 = 8;
const ERASED: u8 = 9;
/// A reporter under another key than that of the store.
const REPORTER_OF_KEY: u8 = 10;

/// The most bytes of one event.
pub const MAX_EVENT_BYTES: usize = 32 << 10;

/// The shard in which events about a thing are. Those about a note or a report are with its number or case.
#[must_use]
pub fn shard_of(subject: &AuditSubject) -> Option<Shard> {
    use super::StoredRecord as _;
    match subject {
        AuditSubject::Number(number) => Some(Shard::of_number(*number)),
        AuditSubject::Case(id) => Some(Shard::of_case(id)),
        AuditSubject::List(id) => Some(crate::domain::list::List::shard(id)),
        AuditSubject::Note(_)
        | AuditSubject::Report(_)
        | AuditSubject::Principal(_)
        | AuditSubject::Import(_)
        | AuditSubject::Reporter(_)
        | AuditSubject::Erased(_) => None,
    }
}

/// The bytes of an event.
#[must_use]
pub fn encode(event: &AuditEvent) -> Bytes {
    let mut writer = ByteWriter::default();
    begin(&mut writer);
    writer.time(event.at);
    writer.byte(event.method.code());
    writer.text(event.actor.as_str());
    writer.byte(event.via.edge.code());
    writer.text(&event.via.credential);
    writer.text(&event.request);
    writer.option(event.subject.as_ref(), write_subject);
    writer.option(event.related.as_ref(), write_subject);
    writer.list(event.changes.iter(), |writer, change| {
        writer.text(&change.field);
        writer.text(&change.old);
        writer.text(&change.new);
    });
    writer.text(&event.reason);
    Bytes::from(writer.finish())
}

/// An event from its bytes. Fields that a newer release appended are passed over.
///
/// # Errors
/// If they are not an event, or a newer release wrote a method or a subject that this one does not know.
pub fn decode(bytes: &[u8]) -> Result<AuditEvent, UnreadableValue> {
    read_as("audit event", bytes, |reader| event(reader))
}

fn event(reader: &mut ByteReader<'_>) -> Result<AuditEvent, DecodeError> {
    let at = reader.time()?;
    let method = AuditMethod::from_code(reader.byte()?).ok_or(DecodeError::Range("method"))?;
    let actor = actor(reader)?;
    let edge = AuditEdge::from_code(reader.byte()?).ok_or(DecodeError::Range("edge"))?;
    let credential = reader.text()?.into();
    Ok(AuditEvent {
        at,
        actor,
        via: Via { edge, credential },
        request: reader.text()?.into(),
        method,
        subject: reader.option(subject)?,
        related: reader.option(subject)?,
        changes: reader.list(|reader| {
            Ok(AuditChange {
                field: reader.text()?.into(),
                old: reader.text()?.into(),
                new: reader.text()?.into(),
            })
        })?,
        reason: reader.text()?.into(),
    })
}

fn write_subject(writer: &mut ByteWriter, subject: &AuditSubject) {
    match subject {
        AuditSubject::Number(number) => {
            writer.byte(NUMBER);
            writer.uint(number.digits());
        }
        AuditSubject::Case(id) => {
            writer.byte(CASE);
            write_name(writer, id.as_str());
        }
        AuditSubject::List(id) => {
            writer.byte(LIST);
            write_name(writer, id.as_str());
        }
        AuditSubject::Note(id) => {
            writer.byte(NOTE);
            writer.fixed128(id.raw());
        }
        AuditSubject::Report(id) => {
            writer.byte(REPORT);
            write_name(writer, id.as_str());
        }
        AuditSubject::Principal(id) => {
            writer.byte(PRINCIPAL);
            writer.text(id);
        }
        AuditSubject::Import(id) => {
            writer.byte(IMPORT);
            write_name(writer, id.as_str());
        }
        AuditSubject::Reporter(hash) if hash.key() == ReporterKeyId::OF_STORE => {
            writer.byte(REPORTER);
            writer.fixed64(hash.raw());
        }
        AuditSubject::Reporter(hash) => {
            writer.byte(REPORTER_OF_KEY);
            writer.uint(hash.key().raw().into());
            writer.fixed64(hash.raw());
        }
        AuditSubject::Erased(hash) => {
            writer.byte(ERASED);
            writer.fixed128(hash.raw());
        }
    }
}

fn subject(reader: &mut ByteReader<'_>) -> Result<AuditSubject, DecodeError> {
    match reader.byte()? {
        NUMBER => E164::from_digits(reader.uint()?)
            .map(AuditSubject::Number)
            .ok_or(DecodeError::Range("number")),
        CASE => name(reader, CaseId::parse, "case id").map(AuditSubject::Case),
        LIST => name(reader, ListId::parse, "list id").map(AuditSubject::List),
        NOTE => Ok(AuditSubject::Note(NoteId::from_raw(reader.fixed128()?))),
        REPORT => name(reader, ReportId::parse, "report id").map(AuditSubject::Report),
        PRINCIPAL => Ok(AuditSubject::Principal(reader.text()?.into())),
        IMPORT => name(reader, ImportId::parse, "import id").map(AuditSubject::Import),
        ERASED => Ok(AuditSubject::Erased(NumberHash::from_raw(reader.fixed128()?))),
        REPORTER => Ok(AuditSubject::Reporter(ReporterHash::from_raw(reader.fixed64()?))),
        REPORTER_OF_KEY => {
            let key = ReporterKeyId::from_raw(reader.uint32()?);
            Ok(AuditSubject::Reporter(ReporterHash::of_key(reader.fixed64()?, key)))
        }
        _ => Err(DecodeError::Range("subject of an event")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::hex;
    use super::*;
    use crate::domain::actor::Actor;
    use crate::domain::audit::{MAX_CHANGES, MAX_CREDENTIAL_BYTES, MAX_FIELD_BYTES, MAX_REASON_BYTES, MAX_TEXT_BYTES};
    use crate::domain::time::Timestamp;

    fn sample() -> AuditEvent {
        AuditEvent {
            at: Timestamp::from_millis(1_700_000_000_123),
            actor: Actor::parse("ana").unwrap(),
            via: Via {
                edge: AuditEdge::Http,
                credential: "k1".into(),
            },
            request: "r1".into(),
            method: AuditMethod::LinkNumbers,
            subject: Some(AuditSubject::Number(E164::from_digits(14_155_550_199).unwrap())),
            related: Some(AuditSubject::Case(CaseId::parse("c-1").unwrap())),
            changes: vec![AuditChange::new("link", "", "0.9")],
            reason: "seen".into(),
        }
    }

    #[test]
    fn the_bytes_are_frozen() {
        let bytes = encode(&sample());
        assert_eq!(hex(&bytes), FROZEN);
        assert_eq!(decode(&bytes).unwrap(), sample());
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn every_subject_round_trips() {
        let subjects = [
            AuditSubject::List(ListId::parse("dno").unwrap()),
            AuditSubject::Note(NoteId::from_raw(7)),
            AuditSubject::Report(ReportId::parse("r-1").unwrap()),
            AuditSubject::Principal("p1".into()),
            AuditSubject::Import(ImportId::parse("i-1").unwrap()),
            AuditSubject::Reporter(ReporterHash::from_raw(9)),
            AuditSubject::Reporter(ReporterHash::of_key(9, ReporterKeyId::from_raw(0x1a2b_3c4d))),
            AuditSubject::Erased(NumberHash::from_raw(10)),
        ];
        for subject in subjects {
            let event = AuditEvent {
                subject: Some(subject),
                related: None,
                ..sample()
            };
            assert_eq!(decode(&encode(&event)).unwrap(), event);
        }
    }

    #[test]
    fn the_bytes_of_a_reporter_are_frozen() {
        let bytes = |key| {
            let mut writer = ByteWriter::default();
            let hash = ReporterHash::of_key(9, ReporterKeyId::from_raw(key));
            write_subject(&mut writer, &AuditSubject::Reporter(hash));
            hex(&writer.finish())
        };
        assert_eq!(bytes(0), "080900000000000000");
        assert_eq!(bytes(300), "0aac020900000000000000");
    }

    #[test]
    fn the_largest_event_is_stored() {
        let (field, text) = ("x".repeat(MAX_FIELD_BYTES), "x".repeat(MAX_TEXT_BYTES));
        let event = AuditEvent {
            actor: Actor::parse(&"a".repeat(Actor::MAX_BYTES)).unwrap(),
            via: Via {
                edge: AuditEdge::Grpc,
                credential: "c".repeat(MAX_CREDENTIAL_BYTES).into(),
            },
            request: "r".repeat(1_024).into(),
            changes: vec![AuditChange::new(&field, &text, &text); MAX_CHANGES],
            reason: "y".repeat(MAX_REASON_BYTES).into(),
            ..sample()
        };
        assert!(encode(&event).len() <= MAX_EVENT_BYTES);
    }

    const FROZEN: &str =
        "01f6a1abfef9620703616e6102026b310272310101f79bf2dd34010206632d3101046c696e6b0003302e39047365656e";
}
