//! The bytes of a change-log entry: a header, and after it the record's new state.
//!
//! The log keeps 1,024 entries of a shard. So that it does not keep as many copies of a large record, an entry carries a
//! state of at most [`MAX_LOGGED_STATE_BYTES`]. For a larger one it only says that the record changed, and a follower
//! reads the record.
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

/// The integer in place of a kind in an entry whose content is erased. No kind has it.
const NO_KIND: u8 = 0;

/// The most bytes of a state that an entry carries.
pub const MAX_LOGGED_STATE_BYTES: usize = 8 << 10;

/// Where the new state of a record is. The integers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EntryState {
    /// In the entry, after its header.
    Follows = 0,
    /// Nowhere: the record was deleted.
    Deleted = 1,
    /// In the record only, since it is large.
    InRecord = 2,
}

impl EntryState {
    /// The place of this new state; none if the record is deleted.
    #[must_use]
    pub const fn of(state: Option<&Bytes>) -> Self {
        match state {
            None => Self::Deleted,
            Some(state) if state.len() > MAX_LOGGED_STATE_BYTES => Self::InRecord,
            Some(_) => Self::Follows,
        }
    }
}

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
    /// Where the new state is.
    pub state: EntryState,
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
    /// The whole new state of the record, if it follows the header.
    pub state: Option<Bytes>,
}

/// Why an entry is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The entry is whole, and its record is of a kind that this release does not know. A newer release wrote it to the
    /// same store.
    #[error("a change-log entry is of the unknown kind {code}")]
    UnknownKind {
        /// The integer of the kind.
        code: u8,
        /// The entry's nonce.
        nonce: u64,
    },
    /// The entry is whole, and this release does not accept the name of its tenant.
    #[error("the tenant of a change-log entry is not a valid one")]
    UnknownTenant {
        /// The entry's nonce.
        nonce: u64,
    },
    /// The entry is damaged, or has a newer major version.
    #[error(transparent)]
    Unreadable(#[from] UnreadableValue),
}

/// The bytes of a header.
#[must_use]
pub fn encode_header(header: &EntryHeader) -> Bytes {
    let mut fields = ByteWriter::default();
    fields.byte(header.kind as u8);
    fields.bytes(&header.id);
    fields.byte(header.state as u8);
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

/// What stays in the log of an entry whose content is erased: its nonce, so that followers that have read the entry go on
/// behind it. It is of no kind, so a release that does not know blanks passes over it; this one loads the shard again if it
/// has not read the entry.
#[must_use]
pub fn blank(nonce: u64) -> Bytes {
    let mut fields = ByteWriter::default();
    fields.byte(NO_KIND);
    fields.bytes(&[]);
    fields.byte(EntryState::Deleted as u8);
    fields.time(Timestamp::default());
    for _ in ["actor", "request", "reason"] {
        fields.text("");
    }
    fields.text(TenantId::DEFAULT.as_str());
    let mut writer = ByteWriter::default();
    writer.byte(MAJOR);
    writer.fixed64(nonce);
    writer.bytes(&fields.finish());
    Bytes::from(writer.finish())
}

/// Whether the content of an entry is erased ([`blank`]).
#[must_use]
pub fn is_blank(bytes: &[u8]) -> bool {
    fields(bytes).is_ok_and(|(fields, _)| fields.kind == NO_KIND)
}

/// The nonce of an entry or header, without reading the rest.
#[must_use]
pub fn nonce(bytes: &[u8]) -> Option<u64> {
    let mut reader = ByteReader::new(bytes);
    reader.byte().ok()?;
    reader.fixed64().ok()
}

/// Whether the state follows this header in the log. It does after bytes that are no header, too.
#[must_use]
pub fn carries_state(header: &[u8]) -> bool {
    fields(header).map_or(true, |(fields, _)| fields.state != EntryState::InRecord as u8)
}

/// An entry from the bytes that a store kept.
///
/// # Errors
/// [`EntryError::Unreadable`] if they are not a whole entry of this major version; the others if they are, and this
/// release does not know its kind or its tenant.
pub fn decode(raw: &RawLogEntry) -> Result<LogEntry, EntryError> {
    let damaged = |cause| EntryError::from(unreadable("change-log entry")(cause));
    let (fields, state) = fields(&raw.bytes).map_err(damaged)?;
    let nonce = fields.nonce;
    let kind = RecordKind::from_code(fields.kind).ok_or(EntryError::UnknownKind {
        code: fields.kind,
        nonce,
    })?;
    let tenant = std::str::from_utf8(fields.tenant).ok();
    let tenant = tenant.and_then(|name| TenantId::parse(name).ok());
    let tenant = tenant.ok_or(EntryError::UnknownTenant { nonce })?;
    let actor = Actor::parse(fields.actor).map_err(|_| damaged(DecodeError::Range("actor")))?;
    let place = match fields.state {
        1 => EntryState::Deleted,
        2 => EntryState::InRecord,
        _ => EntryState::Follows,
    };
    let state = (place == EntryState::Follows).then(|| raw.bytes.slice_ref(state));
    let header = EntryHeader {
        nonce,
        tenant,
        kind,
        id: Bytes::copy_from_slice(fields.id),
        state: place,
        at: fields.at,
        actor,
        request: fields.request.into(),
        reason: fields.reason.into(),
    };
    let seq = raw.seq;
    Ok(LogEntry { seq, header, state })
}

/// The fields of a header, before kind, tenant and actor are checked.
struct HeaderFields<'a> {
    nonce: u64,
    kind: u8,
    id: &'a [u8],
    state: u8,
    at: Timestamp,
    actor: &'a str,
    request: &'a str,
    reason: &'a str,
    tenant: &'a [u8],
}

/// The fields of an entry's header, and the bytes after the header.
fn fields(bytes: &[u8]) -> Result<(HeaderFields<'_>, &[u8]), DecodeError> {
    let mut reader = ByteReader::new(bytes);
    let found = reader.byte()?;
    if found != MAJOR {
        return Err(DecodeError::NewerMajor { found, known: MAJOR });
    }
    let nonce = reader.fixed64()?;
    let mut fields = ByteReader::new(reader.bytes()?);
    let fields = HeaderFields {
        nonce,
        kind: fields.byte()?,
        id: fields.bytes()?,
        state: fields.byte()?,
        at: fields.time()?,
        actor: fields.text()?,
        request: fields.text()?,
        reason: fields.text()?,
        tenant: fields.bytes()?,
    };
    Ok((fields, reader.remaining()))
}

#[cfg(test)]
mod tests {
    use super::super::samples::hex;
    use super::*;

    /// The place of the kind in these headers: after the major version, the nonce, and a length of one byte.
    const KIND_AT: usize = 10;
    const FROZEN: &str =
        "01efcdab8967452301260203632d3100904e03616e610272310e612077726f6e6720696d706f72740764656661756c74";

    const FROZEN_LARGE: &str =
        "01efcdab8967452301260203632d3102904e03616e610272310e612077726f6e6720696d706f72740764656661756c74";

    fn header() -> EntryHeader {
        EntryHeader {
            nonce: 0x0123_4567_89ab_cdef,
            tenant: TenantId::DEFAULT,
            kind: RecordKind::Case,
            id: Bytes::from_static(b"c-1"),
            state: EntryState::Follows,
            at: Timestamp::from_secs(5),
            actor: Actor::parse("ana").unwrap(),
            request: "r1".into(),
            reason: "a wrong import".into(),
        }
    }

    #[test]
    fn round_trips_with_its_state() {
        let header = header();
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
    }

    /// The state of a large record is not in the log.
    #[test]
    fn a_large_state_does_not_follow() {
        let mut header = header();
        let whole = Bytes::from(vec![7; MAX_LOGGED_STATE_BYTES]);
        let large = Bytes::from(vec![7; MAX_LOGGED_STATE_BYTES + 1]);
        assert_eq!(EntryState::of(None), EntryState::Deleted);
        assert_eq!(EntryState::of(Some(&whole)), EntryState::Follows);
        header.state = EntryState::of(Some(&large));
        assert_eq!(header.state, EntryState::InRecord);
        let bytes = encode_header(&header);
        assert!(!carries_state(&bytes) && carries_state(&encode_header(&self::header())));
        assert_eq!(hex(&bytes), FROZEN_LARGE);
        let entry = decode(&RawLogEntry { seq: 4, bytes }).unwrap();
        assert_eq!((entry.header, entry.state), (header, None));
    }

    #[test]
    fn only_an_erased_entry_is_blank() {
        let blank = blank(7);
        assert!(is_blank(&blank));
        assert_eq!(nonce(&blank), Some(7));
        assert!(!is_blank(&encode_header(&header())));
        assert!(!is_blank(&blank[..blank.len() - 1]));
    }

    fn error_of(bytes: Vec<u8>) -> EntryError {
        let bytes = Bytes::from(bytes);
        decode(&RawLogEntry { seq: 4, bytes }).unwrap_err()
    }

    /// A newer release may write entries that this one passes over: it needs their nonce.
    #[test]
    fn an_unknown_kind_or_tenant_is_told_from_damage() {
        let nonce = header().nonce;
        let bytes = encode_header(&header()).to_vec();
        let mut kind = bytes.clone();
        kind[KIND_AT] = 200;
        assert_eq!(error_of(kind.clone()), EntryError::UnknownKind { code: 200, nonce });
        let mut tenant = bytes.clone();
        *tenant.last_mut().unwrap() = b'!';
        assert_eq!(error_of(tenant.clone()), EntryError::UnknownTenant { nonce });
        *tenant.last_mut().unwrap() = 0xff;
        assert_eq!(error_of(tenant), EntryError::UnknownTenant { nonce });

        let damaged = |cause| EntryError::Unreadable(unreadable("change-log entry")(cause));
        for length in 0..bytes.len() {
            assert_eq!(
                error_of(bytes[..length].to_vec()),
                damaged(DecodeError::Short),
                "{length}"
            );
            assert_eq!(
                error_of(kind[..length].to_vec()),
                damaged(DecodeError::Short),
                "{length}"
            );
        }
        let mut newer = bytes;
        newer[0] = 2;
        assert_eq!(error_of(newer), damaged(DecodeError::NewerMajor { found: 2, known: 1 }));
    }
}
