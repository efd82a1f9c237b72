//! The rows of a CSV file, of bounded length each (RFC 4180; a byte-order mark and either line end are accepted).

use std::fmt;
use std::io::{self, Read};

use csv::{ByteRecord, ReaderBuilder};

use super::error::ImportError;

/// The longest row, in bytes: an unclosed quotation mark must not draw a whole file into memory.
pub(super) const ROW_BYTES_MAX: u64 = 1_024 * 1_024;

/// Bytes of text read at a time.
const BUFFER_BYTES: usize = 64 * 1_024;

/// Reads rows one by one.
pub(super) struct Rows {
    reader: csv::Reader<Bounded>,
    record: ByteRecord,
    /// Where the last row began; the header is line 1.
    line: u64,
}

impl Rows {
    /// Rows of a text, the header among them.
    pub(super) fn new(content: Box<dyn Read + Send>) -> Self {
        let bounded = Bounded { content, left: 0 };
        Self {
            reader: ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .buffer_capacity(BUFFER_BYTES)
                .from_reader(bounded),
            record: ByteRecord::new(),
            line: 0,
        }
    }

    /// The next row with the line it begins at; `None` at the end. Empty lines are no rows.
    ///
    /// # Errors
    /// If the text cannot be read, or a row is too long.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &ByteRecord)>, ImportError> {
        self.reader.get_mut().left = ROW_BYTES_MAX;
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                self.line = self.record.position().map_or(self.line, csv::Position::line);
                Ok(Some((self.line, &self.record)))
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    fn failed(&self, error: csv::Error) -> ImportError {
        let source = io::Error::from(error);
        if source.get_ref().is_some_and(|inner| inner.is::<RowTooLong>()) {
            return ImportError::RowTooLong { line: self.line + 1 };
        }
        ImportError::Read {
            line: self.line,
            source,
        }
    }
}

/// A row as one line of CSV again, without its end.
pub(super) fn as_line(record: &ByteRecord) -> String {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    // Writing to memory does not fail.
    let _written = writer.write_byte_record(record);
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

/// The rest of a text, of which `left` bytes may be read for the current row.
struct Bounded {
    content: Box<dyn Read + Send>,
    left: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, RowTooLong));
        }
        let read = self.content.read(buffer)?;
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}

#[derive(Debug)]
struct RowTooLong;

impl fmt::Display for RowTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row is too long")
    }
}

impl std::error::Error for RowTooLong {}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Rows {
        Rows::new(Box::new(io::Cursor::new(text.to_owned())))
    }

    #[test]
    fn rows_know_their_lines() {
        let mut rows = rows("\u{feff}a,b\r\n\r\n\"x\ny\",2\r\n3");
        let (line, row) = rows.next().unwrap().unwrap();
        assert_eq!((line, &row[0]), (1, b"a".as_slice()), "without the byte-order mark");
        let (line, row) = rows.next().unwrap().unwrap();
        assert_eq!(
            (line, &row[0], as_line(row)),
            (3, b"x\ny".as_slice(), "\"x\ny\",2".to_owned())
        );
        let (line, row) = rows.next().unwrap().unwrap();
        assert_eq!((line, row.len()), (5, 1));
        assert!(rows.next().unwrap().is_none());
    }

    #[test]
    fn an_unclosed_quotation_mark_ends_the_import() {
        let mut rows = rows(&format!("a,b\n\"{}", "x".repeat(3 * 1_024 * 1_024)));
        rows.next().unwrap();
        assert!(matches!(rows.next(), Err(ImportError::RowTooLong { line: 2 })));
    }
}
