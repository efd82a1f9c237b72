//! The bytes of a change-log entry: a header, and behind it the record's post-state.
//!
//! The header starts with the nonce at a fixed place, so that a store can read it without knowing the rest.

use bytes::Bytes;

use super::{DecodeError, Kind, Reader, UnreadableValue, Writer, unreadable};
use crate::domain::actor::Actor;
use crate::domain::time::Timestamp;
use crate::shard::Version;

/// The major version of entries.
const MAJOR: u8 = 1;

/// What a change-log entry says of a write: what changed, who did it, when, and on whose request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Random; tells this entry from one that took its place after a store lost its tail.
    pub nonce: u64,
    /// What kind of record.
    pub kind: Kind,
    /// Its id within the table.
    pub id: Bytes,
    /// Whether the record was deleted.
    pub deleted: bool,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: Actor,
    /// The request's id, or the report's; empty if it had none.
    pub request: Box<str>,
}

/// A change-log entry as stores hold it: header and post-state in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEntry {
    /// Its place in the shard's log: contiguous, from 1.
    pub seq: Version,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A change-log entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log, which is the record's version.
    pub seq: Version,
    /// What it says of the write.
    pub header: Header,
    /// The record's whole post-state; none if it was deleted.
    pub state: Option<Bytes>,
}

/// The bytes of a header.
#[must_use]
pub fn encode_header(header: &Header) -> Bytes {
    let mut fields = Writer::default();
    fields.byte(header.kind as u8);
    fields.bytes(&header.id);
    fields.byte(u8::from(header.deleted));
    fields.time(header.at);
    fields.text(header.actor.as_str());
    fields.text(&header.request);
    let mut writer = Writer::default();
    writer.byte(MAJOR);
    writer.fixed64(header.nonce);
    writer.bytes(&fields.finish()); // with its length, so that a newer release's fields are passed over
    Bytes::from(writer.finish())
}

/// The nonce of an entry or header, without reading the rest.
#[must_use]
pub fn nonce(bytes: &[u8]) -> Option<u64> {
    let mut reader = Reader::new(bytes);
    reader.byte().ok()?;
    reader.fixed64().ok()
}

/// An entry from the bytes that a store kept.
///
/// # Errors
/// If they are not an entry, or a newer release's.
pub fn decode(raw: &RawEntry) -> Result<Entry, UnreadableValue> {
    let read = || -> Result<Entry, DecodeError> {
        let mut reader = Reader::new(&raw.bytes);
        let found = reader.byte()?;
        if found != MAJOR {
            return Err(DecodeError::NewerMajor { found, known: MAJOR });
        }
        let nonce = reader.fixed64()?;
        let header = header(nonce, &mut Reader::new(reader.bytes()?))?;
        let state = raw.bytes.slice_ref(reader.remaining());
        let state = (!header.deleted).then_some(state);
        Ok(Entry {
            seq: raw.seq,
            header,
            state,
        })
    };
    read().map_err(unreadable("change-log entry"))
}

fn header(nonce: u64, fields: &mut Reader<'_>) -> Result<Header, DecodeError> {
    Ok(Header {
        nonce,
        kind: Kind::from_code(fields.byte()?).ok_or(DecodeError::Range("record kind"))?,
        id: Bytes::copy_from_slice(fields.bytes()?),
        deleted: fields.byte()? == 1,
        at: fields.time()?,
        actor: Actor::parse(fields.text()?).map_err(|_| DecodeError::Range("actor"))?,
        request: fields.text()?.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_with_its_state() {
        let header = Header {
            nonce: 0x0123_4567_89ab_cdef,
            kind: Kind::Case,
            id: Bytes::from_static(b"c-1"),
            deleted: false,
            at: Timestamp::from_secs(5),
            actor: Actor::parse("ana").unwrap(),
            request: "r1".into(),
        };
        let mut bytes = encode_header(&header).to_vec();
        assert_eq!(nonce(&bytes), Some(header.nonce));
        bytes.extend_from_slice(b"state");
        let entry = decode(&RawEntry {
            seq: 4,
            bytes: Bytes::from(bytes),
        })
        .unwrap();
        assert_eq!(
            entry,
            Entry {
                seq: 4,
                header,
                state: Some(Bytes::from_static(b"state"))
            }
        );
        assert!(
            decode(&RawEntry {
                seq: 4,
                bytes: Bytes::from_static(b"\x01xx")
            })
            .is_err()
        );
    }
}
