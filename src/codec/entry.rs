//! The bytes of a change-log entry: a header, and after it the record's new state.
//!
//! The nonce has a fixed place at the start of the header, so that a store can read it without the rest.

use bytes::Bytes;

use super::{ByteReader, ByteWriter, DecodeError, RecordKind, UnreadableValue, unreadable};
use crate::domain::actor::Actor;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::shard::Version;

/// The major version of entries.
const MAJOR: u8 = 1;

/// The header of a change-log entry: which record changed, when, by whom, and on which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryHeader {
    /// Random; differs from that of another entry with the same sequence number, written after a store lost its last
    /// entries.
    pub nonce: u64,
    /// The tenant of the record.
    pub tenant: TenantId,
    /// The kind of the record.
    pub kind: RecordKind,
    /// Its id within the table.
    pub id: Bytes,
    /// Whether the record was deleted.
    pub deleted: bool,
    /// The time of the write.
    pub at: Timestamp,
    /// The actor who asked for the write.
    pub actor: Actor,
    /// The request's id, or the report's; empty if it had none.
    pub request: Box<str>,
    /// The reason given for the change; empty if none was.
    pub reason: Box<str>,
}

/// A change-log entry as stores hold it: the bytes of the header and of the new state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawLogEntry {
    /// Its sequence number in the shard's log: contiguous, from 1.
    pub seq: Version,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A change-log entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its sequence number, which is the record's version.
    pub seq: Version,
    /// The header.
    pub header: EntryHeader,
    /// The whole new state of the record; none if it was deleted.
    pub state: Option<Bytes>,
}

/// The bytes of a header.
#[must_use]
pub fn encode_header(header: &EntryHeader) -> Bytes {
    let mut fields = ByteWriter::default();
    fields.byte(header.kind as u8);
    fields.bytes(&header.id);
    fields.byte(u8::from(header.deleted));
    fields.time(header.at);
    fields.text(header.actor.as_str());
    fields.text(&header.request);
    fields.text(&header.reason);
    fields.text(header.tenant.as_str());
    let mut writer = ByteWriter::default();
    writer.byte(MAJOR);
    writer.fixed64(header.nonce);
    writer.bytes(&fields.finish()); // with its length, so that a newer release's fields are passed over
    Bytes::from(writer.finish())
}

/// The nonce of an entry or header, without reading the rest.
#[must_use]
pub fn nonce(bytes: &[u8]) -> Option<u64> {
    let mut reader = ByteReader::new(bytes);
    reader.byte().ok()?;
    reader.fixed64().ok()
}

/// An entry from the bytes that a store kept.
///
/// # Errors
/// If they are not an entry, or a newer release wrote them.
pub fn decode(raw: &RawLogEntry) -> Result<LogEntry, UnreadableValue> {
    let read = || -> Result<LogEntry, DecodeError> {
        let mut reader = ByteReader::new(&raw.bytes);
        let found = reader.byte()?;
        if found != MAJOR {
            return Err(DecodeError::NewerMajor { found, known: MAJOR });
        }
        let nonce = reader.fixed64()?;
        let header = header(nonce, &mut ByteReader::new(reader.bytes()?))?;
        let state = raw.bytes.slice_ref(reader.remaining());
        let state = (!header.deleted).then_some(state);
        Ok(LogEntry {
            seq: raw.seq,
            header,
            state,
        })
    };
    read().map_err(unreadable("change-log entry"))
}

fn header(nonce: u64, fields: &mut ByteReader<'_>) -> Result<EntryHeader, DecodeError> {
    let kind = RecordKind::from_code(fields.byte()?).ok_or(DecodeError::Range("record kind"))?;
    let id = Bytes::copy_from_slice(fields.bytes()?);
    let deleted = fields.byte()? == 1;
    let at = fields.time()?;
    let actor = Actor::parse(fields.text()?).map_err(|_| DecodeError::Range("actor"))?;
    let request = fields.text()?.into();
    let reason = fields.text()?.into();
    let tenant = TenantId::parse(fields.text()?).map_err(|_| DecodeError::Range("tenant"))?;
    Ok(EntryHeader {
        nonce,
        tenant,
        kind,
        id,
        deleted,
        at,
        actor,
        request,
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::hex;
    use super::*;

    const FROZEN: &str =
        "01efcdab8967452301260203632d3100904e03616e610272310e612077726f6e6720696d706f72740764656661756c74";

    #[test]
    fn round_trips_with_its_state() {
        let header = EntryHeader {
            nonce: 0x0123_4567_89ab_cdef,
            tenant: TenantId::DEFAULT,
            kind: RecordKind::Case,
            id: Bytes::from_static(b"c-1"),
            deleted: false,
            at: Timestamp::from_secs(5),
            actor: Actor::parse("ana").unwrap(),
            request: "r1".into(),
            reason: "a wrong import".into(),
        };
        let mut bytes = encode_header(&header).to_vec();
        // A change of these bytes makes every existing store unreadable.
        assert_eq!(hex(&bytes), FROZEN);
        assert_eq!(nonce(&bytes), Some(header.nonce));
        bytes.extend_from_slice(b"state");
        let entry = decode(&RawLogEntry {
            seq: 4,
            bytes: Bytes::from(bytes),
        })
        .unwrap();
        assert_eq!(
            entry,
            LogEntry {
                seq: 4,
                header,
                state: Some(Bytes::from_static(b"state"))
            }
        );
        assert!(
            decode(&RawLogEntry {
                seq: 4,
                bytes: Bytes::from_static(b"\x01xx")
            })
            .is_err()
        );
    }
}
