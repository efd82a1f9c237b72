//! Looks at the whole file before anything is sent.

use csv::ByteRecord;

use super::dates::DatesFound;
use super::field::Field;
use super::values::{UnknownValues, Values};
use crate::cli::import::mapping::Header;
use crate::cli::import::mapping_error::MappingError;
use crate::cli::import::rows::{CsvRows, Row};
use crate::cli::import::{ImportError, RowFault};

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
}

/// The columns of the file.
///
/// # Errors
/// If the file cannot be read, or is empty.
pub(super) fn header(mut rows: CsvRows, no_header: bool) -> Result<Header, ImportError> {
    let Some(row) = rows.next()? else {
        return Err(MappingError::Missing {
            field: Field::Number.name(),
            met: String::new(),
            option: None,
        }
        .into());
    };
    if matches!(row.fault, Some(RowFault::NotUtf8 { .. })) {
        return Err(MappingError::NotUtf8 { line: row.line }.into());
    }
    Ok(Header::of(row.record, no_header))
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
    if !no_header {
        rows.next()?;
    }
    while let Some(Row { line, record, fault }) = rows.next()? {
        scan.rows += 1;
        match fault {
            Some(RowFault::NotUtf8 { .. }) => return Err(MappingError::NotUtf8 { line }.into()),
            // The row is rejected later.
            Some(_) => continue,
            None => {}
        }
        if scan.first.len() < SHOWN_ROWS {
            scan.first.push(record.clone());
        }
        for (field, place) in columns {
            let text = record.get(*place).unwrap_or_default();
            let text = str::from_utf8(text).unwrap_or_default().trim();
            if matches!(field, Field::OccurredAt | Field::ReceivedAt) {
                scan.dates.add(text, line);
            } else if *field == Field::Category && values.category(text).is_none() {
                scan.unknown.add(text);
            }
        }
    }
    Ok(scan)
}
