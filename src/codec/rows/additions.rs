//! The fields of a row that were added after the first release.

use super::super::parts::{code, since, write_since};
use super::super::{ByteReader, ByteWriter, DecodeError};
use crate::domain::comment::{CommentFacts, CommentLanguage};
use crate::domain::ids::{ReporterHash, ReporterKeyId, SenderHash};
use crate::domain::kinds::CommentModeration;
use crate::domain::report::{ReportRow, RowState};
use crate::domain::time::Timestamp;

/// The fields that were added after the first release: the arrival, the revision with the facts of the comment, the sender,
/// then the key of the reporter's hash, unless it is that of the store. A field is left out if it and all later ones are as
/// usual, as in most rows. A tombstone never has them.
pub(super) fn write_additions(writer: &mut ByteWriter, row: &ReportRow) {
    let has_newer = !row.unknown_fields.bytes().is_empty();
    let reporter_key = row.body.reporter.map_or(ReporterKeyId::OF_STORE, ReporterHash::key);
    let has_key = has_newer || reporter_key != ReporterKeyId::OF_STORE;
    let has_sender = has_key || row.sender.is_some();
    let has_edition = has_sender || row.revision > 0 || row.comment != CommentFacts::default();
    let has_arrival = has_edition || row.arrived_at != row.received_at;
    if row.state == RowState::Tombstone || !has_arrival {
        return;
    }
    write_since(writer, row.received_at, row.arrived_at);
    if has_edition {
        writer.uint(row.revision.into());
        writer.text(row.comment.language.as_ref().map_or("", CommentLanguage::as_str));
        writer.byte(row.comment.moderation.code());
    }
    if has_sender {
        match row.sender {
            None => writer.byte(NO_SENDER),
            Some(sender) => {
                writer.byte(if row.withdrawn_by_decision {
                    WITHDRAWN_SENDER
                } else {
                    SENDER
                });
                writer.fixed64(sender.raw());
            }
        }
    }
    if has_key {
        writer.uint(reporter_key.raw().into());
    }
}

/// The reporter's hash with its key.
pub(super) fn read_reporter_key(
    reader: &mut ByteReader<'_>,
    state: RowState,
    reporter: Option<ReporterHash>,
) -> Result<Option<ReporterHash>, DecodeError> {
    if state == RowState::Tombstone || reader.remaining().is_empty() {
        return Ok(reporter);
    }
    let key = ReporterKeyId::from_raw(reader.uint32()?);
    Ok(reporter.map(|reporter| ReporterHash::of_key(reporter.raw(), key)))
}

/// The byte before the sender.
const NO_SENDER: u8 = 0;
const SENDER: u8 = 1;
/// The sender of a report that somebody else withdrew.
const WITHDRAWN_SENDER: u8 = 2;

/// The sender, and whether somebody who decides on reports withdrew the report.
pub(super) fn read_sender(
    reader: &mut ByteReader<'_>,
    (state, content): (RowState, u64),
) -> Result<(Option<SenderHash>, bool), DecodeError> {
    if state == RowState::Tombstone {
        return Ok((SenderHash::from_raw(content), false));
    }
    if reader.remaining().is_empty() {
        return Ok((None, false));
    }
    match reader.byte()? {
        NO_SENDER => Ok((None, false)),
        SENDER => Ok((SenderHash::from_raw(reader.fixed64()?), false)),
        WITHDRAWN_SENDER => Ok((SenderHash::from_raw(reader.fixed64()?), true)),
        _ => Err(DecodeError::Range("sender")),
    }
}

/// The revision, and the facts of the comment.
pub(super) fn read_edition(reader: &mut ByteReader<'_>, state: RowState) -> Result<(u32, CommentFacts), DecodeError> {
    if state == RowState::Tombstone || reader.remaining().is_empty() {
        return Ok((0, CommentFacts::default()));
    }
    let revision = u32::try_from(reader.uint()?).map_err(|_| DecodeError::Range("revision"))?;
    let language = match reader.text()? {
        "" => None,
        tag => Some(CommentLanguage::parse(tag).map_err(|_| DecodeError::Range("language"))?),
    };
    let moderation = code(reader, CommentModeration::from_code, "moderation")?;
    Ok((revision, CommentFacts { language, moderation }))
}

pub(super) fn read_arrival(
    reader: &mut ByteReader<'_>,
    state: RowState,
    received_at: Timestamp,
) -> Result<Timestamp, DecodeError> {
    if state == RowState::Tombstone || reader.remaining().is_empty() {
        return Ok(received_at);
    }
    since(reader, received_at)
}
