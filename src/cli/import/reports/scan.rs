//! Looks at the whole file before anything is sent.

use csv::ByteRecord;
use xxhash_rust::xxh3::Xxh3;

use super::dates::DatesFound;
use super::field::Field;
use super::values::{UnknownValues, Values};
use crate::cli::import::mapping::Header;
use crate::cli::import::mapping_error::MappingError;
use crate::cli::import::rows::{CsvRows, Row};
use crate::cli::import::{ImportError, RowFault};

/// Bytes after each field and each row in the hash of all rows.
const UNIT_SEPARATOR: u8 = 0x1f;
const RECORD_SEPARATOR: u8 = 0x1e;

/// Number of rows in the preview.
const SHOWN_ROWS: usize = 3;

/// What the rows of a file show.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Number of all rows.
    pub(super) rows: u64,
    /// The first rows.
    pub(super) first: Vec<ByteRecord>,
    /// The forms of the dates.
    pub(super) dates: DatesFound,
    /// Values that mean no category.
    pub(super) unknown: UnknownValues,
    /// Number of rows without a time.
    pub(super) undated: u64,
    /// The 128-bit XXH3 of the fields of all rows: the same in every encoding and compression.
    pub(super) content: u128,
}

/// The columns of the file, and its first row.
///
/// # Errors
/// If the file cannot be read, or is empty.
pub(super) fn header(mut rows: CsvRows, no_header: bool) -> Result<(Header, ByteRecord), ImportError> {
    let Some(row) = rows.next()? else {
        return Err(MappingError::Empty.into());
    };
    if matches!(row.fault, Some(RowFault::NotUtf8 { .. })) {
        return Err(MappingError::NotUtf8 { line: row.line }.into());
    }
    Ok((Header::of(row.record, no_header), row.record.clone()))
}

/// Reads all rows.
///
/// # Errors
/// If the file cannot be read, or has a row that is not UTF-8.
pub(super) fn scan(
    mut rows: CsvRows,
    columns: &[(Field, usize)],
    values: &Values,
    no_header: bool,
) -> Result<Scan, ImportError> {
    let mut scan = Scan::default();
    let mut content = Xxh3::new();
    if !no_header {
        rows.next()?;
    }
    while let Some(Row { line, record, fault }) = rows.next()? {
        scan.rows += 1;
        for field in record {
            content.update(field);
            content.update(&[UNIT_SEPARATOR]);
        }
        content.update(&[RECORD_SEPARATOR]);
        match fault {
            Some(RowFault::NotUtf8 { .. }) => return Err(MappingError::NotUtf8 { line }.into()),
            // The row is rejected later.
            Some(_) => continue,
            None => {}
        }
        if scan.first.len() < SHOWN_ROWS {
            scan.first.push(record.clone());
        }
        let mut is_dated = false;
        for (field, place) in columns {
            let text = record.get(*place).unwrap_or_default();
            let text = str::from_utf8(text).unwrap_or_default().trim();
            if matches!(field, Field::OccurredAt | Field::ReceivedAt) {
                is_dated |= !text.is_empty();
                scan.dates.add(text, line);
            } else if *field == Field::Category && values.category(text).is_none() {
                scan.unknown.add(text);
            }
        }
        scan.undated += u64::from(!is_dated);
    }
    scan.content = content.digest128();
    Ok(scan)
}
