//! The bytes of list entries for callers without a number: short codes and withheld numbers.

use std::sync::Arc;

use super::{ByteReader, ByteWriter, DecodeError, EntryOrder, Origins, action, moment, write_moment};
use crate::domain::kinds::Action;
use crate::domain::list::{EntryOrigin, ListEntry, Pattern, ShortCode};
use crate::number::Region;

/// A withheld number.
const ANONYMOUS: u8 = 1;
/// A short code of any region: its digits follow.
const SHORT: u8 = 2;
/// A short code of one region: its digits and the region follow.
const SHORT_OF_REGION: u8 = 3;

pub(super) fn write_words(writer: &mut ByteWriter, entries: &[ListEntry], origins: &Origins<'_>) {
    writer.list(entries.iter(), |writer, entry| {
        match entry.pattern {
            Pattern::Short(code, Some(region)) => {
                writer.byte(SHORT_OF_REGION);
                writer.text(&code.to_string());
                writer.text(region.as_str());
            }
            Pattern::Short(code, None) => {
                writer.byte(SHORT);
                writer.text(&code.to_string());
            }
            // Numbers and prefixes are in the field before.
            Pattern::Anonymous | Pattern::Digits(_) => writer.byte(ANONYMOUS),
        }
        writer.uint(origins.place(&entry.origin));
        write_moment(writer, entry.entered_at);
        writer.option(entry.expires_at, write_moment);
        writer.byte(entry.action.map_or(0, Action::code));
    });
}

/// The entries behind numbers and prefixes; none in the bytes of an older release.
pub(super) fn words(
    reader: &mut ByteReader<'_>,
    origins: &[Arc<EntryOrigin>],
    order: &mut EntryOrder,
) -> Result<Vec<ListEntry>, DecodeError> {
    if reader.remaining().is_empty() {
        return Ok(Vec::new());
    }
    reader.list(|reader| {
        let pattern = pattern(reader)?;
        let place = usize::try_from(reader.uint()?).ok();
        let origin = place.and_then(|place| origins.get(place));
        order.next(ListEntry {
            pattern,
            origin: Arc::clone(origin.ok_or(DecodeError::Range("origin of an entry"))?),
            entered_at: moment(reader)?,
            expires_at: reader.option(moment)?,
            action: action(reader)?,
            owner: None,
        })
    })
}

fn pattern(reader: &mut ByteReader<'_>) -> Result<Pattern, DecodeError> {
    match reader.byte()? {
        ANONYMOUS => Ok(Pattern::Anonymous),
        SHORT => Ok(Pattern::Short(short_code(reader)?, None)),
        SHORT_OF_REGION => Ok(Pattern::Short(short_code(reader)?, Some(region(reader)?))),
        _ => Err(DecodeError::Range("caller of an entry")),
    }
}

fn short_code(reader: &mut ByteReader<'_>) -> Result<ShortCode, DecodeError> {
    ShortCode::parse(reader.text()?).ok_or(DecodeError::Range("short code"))
}

fn region(reader: &mut ByteReader<'_>) -> Result<Region, DecodeError> {
    reader.text()?.parse().map_err(|_| DecodeError::Range("region"))
}
