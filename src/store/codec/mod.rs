//! The bytes of everything stored, shared by all stores.
//!
//! A value is one byte of major version, then its fields in a fixed order. A release may add fields at the end: an
//! older one keeps them as a [`Tail`] and writes them back. A change that an older release must not read raises the
//! major version, which older releases refuse.

pub mod bytes;
pub mod case;
pub mod entry;
mod evidence;
pub mod list;
pub mod meta;
pub mod number;
mod parts;
pub mod reporter;
pub mod rows;
#[cfg(test)]
mod samples;
pub mod tenant;

pub use bytes::{DecodeError, Reader, Writer};

use super::error::StoreError;
use crate::domain::tail::Tail;

/// The major version of this release's codecs.
const MAJOR: u8 = 1;

fn begin(writer: &mut Writer) {
    writer.byte(MAJOR);
}

fn check_major(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    match reader.byte()? {
        MAJOR => Ok(()),
        found => Err(DecodeError::NewerMajor { found, known: MAJOR }),
    }
}

fn rest(reader: &mut Reader<'_>) -> Tail {
    Tail::new(reader.remaining())
}

fn unreadable(what: &'static str) -> impl Fn(DecodeError) -> StoreError {
    move |error| StoreError::Unreadable {
        what,
        cause: error.to_string(),
    }
}
