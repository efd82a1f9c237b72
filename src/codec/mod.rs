//! The bytes of everything stored, the same in all stores; and the list of stored kinds.
//!
//! A value is one byte of major version, then its fields in a fixed order. A release may add fields at the end: an
//! older release keeps them as [`UnknownFields`] and writes them back. A change that an older release must not read
//! raises the major version, which older releases refuse.

pub mod acceptance;
pub mod appended;
pub mod audit;
mod bytes;
pub mod case;
pub mod case_step;
pub mod checksum;
pub mod claim;
pub mod entry;
pub mod erased;
pub mod erasure;
mod evidence;
pub mod key_uses;
mod kind;
mod latest_time;
#[cfg(test)]
mod laws;
pub mod list;
pub mod note;
pub mod number;
mod origins;
mod parts;
pub mod principal;
mod record;
pub mod reporter;
pub mod requests;
pub mod rows;
#[cfg(test)]
mod samples;
pub mod sharing;
pub mod snapshot;
pub mod subtotal;
pub mod tenant;

pub use bytes::{ByteReader, ByteWriter, DecodeError};
pub(crate) use kind::stored_kinds;
pub use kind::{RecordKind, SideKind};
pub use record::{MAX_ID_BYTES, SideRecord, StoredRecord};

use ::bytes::Bytes;

use crate::domain::unknown_fields::UnknownFields;

/// The most bytes of one record, bucket or side record.
pub const MAX_VALUE_BYTES: usize = 4 << 20;

/// A stored value that this release cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored {what} cannot be read: {cause}")]
pub struct UnreadableValue {
    /// The kind of value.
    pub what: &'static str,
    /// The reason.
    pub cause: DecodeError,
}

/// The major version of this release's codecs.
const MAJOR: u8 = 1;

fn begin(writer: &mut ByteWriter) {
    writer.byte(MAJOR);
}

fn check_major(reader: &mut ByteReader<'_>) -> Result<(), DecodeError> {
    match reader.byte()? {
        MAJOR => Ok(()),
        found => Err(DecodeError::NewerMajor { found, known: MAJOR }),
    }
}

fn rest(reader: &mut ByteReader<'_>) -> UnknownFields {
    UnknownFields::new(reader.remaining())
}

fn unreadable(what: &'static str) -> impl Fn(DecodeError) -> UnreadableValue {
    move |cause| UnreadableValue { what, cause }
}

/// The bytes of a value: the version, what `write` writes, and the fields of a newer release at the end.
fn written(unknown_fields: &UnknownFields, write: impl FnOnce(&mut ByteWriter)) -> Bytes {
    let mut writer = ByteWriter::default();
    begin(&mut writer);
    write(&mut writer);
    writer.raw(unknown_fields.bytes());
    Bytes::from(writer.finish())
}

/// Reads a value after its version; `what` names it in the error.
fn read_as<'b, T>(
    what: &'static str,
    bytes: &'b [u8],
    read: impl FnOnce(&mut ByteReader<'b>) -> Result<T, DecodeError>,
) -> Result<T, UnreadableValue> {
    let mut reader = ByteReader::new(bytes);
    let value = check_major(&mut reader).and_then(|()| read(&mut reader));
    value.map_err(unreadable(what))
}
