//! Reads the rows of a CSV file, each of limited length (RFC 4180). A byte-order mark and both kinds of line ends are
//! accepted.

use std::fmt;
use std::io::{self, Read};

use csv::{ByteRecord, ReaderBuilder};

use crate::cli::import_error::{ImportError, ROW_BYTES_MAX};

/// Size of the read buffer, in bytes.
const BUFFER_BYTES: usize = 64 * 1_024;

/// Reads rows one by one.
pub(super) struct CsvRows {
    reader: csv::Reader<RowText>,
    record: ByteRecord,
    /// Line at which the last row began; the header is line 1.
    line: u64,
    /// Number of line ends that the CSV reader counts with a row: 0 if rows end with a carriage return, because the
    /// reader reads the line feed after it with the next row; else 1. Known after the first row.
    counted_with_row: Option<u64>,
}

impl CsvRows {
    /// The rows of a text, including the header.
    pub(super) fn new(content: Box<dyn Read + Send>) -> Self {
        let text = RowText {
            content,
            left: 0,
            ends_line: true,
            completes_line: false,
        };
        Self {
            reader: ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .buffer_capacity(BUFFER_BYTES)
                .from_reader(text),
            record: ByteRecord::new(),
            line: 0,
            counted_with_row: None,
        }
    }

    /// The next row and the line at which it begins; `None` at the end. Empty lines are skipped.
    ///
    /// # Errors
    /// If the text cannot be read, or if a row is too long.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &ByteRecord)>, ImportError> {
        self.reader.get_mut().left = ROW_BYTES_MAX;
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                self.line = self.begin();
                Ok(Some((self.line, &self.record)))
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// The line at which the current row begins. The position of the CSV reader cannot be used directly: it counts
    /// empty lines before the row, and the rest of the previous line end, as part of the row.
    fn begin(&mut self) -> u64 {
        let inside = self.record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
        let last = self.reader.position().line().saturating_sub(inside);
        let counted = *self
            .counted_with_row
            .get_or_insert_with(|| last.saturating_sub(1).min(1));
        self.reader.get_mut().completes_line = counted == 1;
        last.saturating_sub(counted)
    }

    fn failed(&self, error: csv::Error) -> ImportError {
        // The CSV reader accepts any number of columns and any bytes here, so only reading can fail.
        let source = if error.is_io_error()
            && let csv::ErrorKind::Io(source) = error.into_kind()
        {
            source
        } else {
            io::Error::from(io::ErrorKind::InvalidData)
        };
        if source.get_ref().is_some_and(|inner| inner.is::<RowTooLong>()) {
            return ImportError::RowTooLong { after: self.line };
        }
        ImportError::Read {
            line: self.line,
            source,
        }
    }
}

/// Writes a row as one line of CSV, without a line end.
pub(super) fn as_line(record: &ByteRecord) -> String {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    // Writing to memory does not fail.
    let _written = writer.write_byte_record(record);
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

/// The rest of the text, with a limit for the current row.
struct RowText {
    content: Box<dyn Read + Send>,
    /// Number of bytes that may still be read for the current row.
    left: u64,
    /// Whether the last byte read was a line feed.
    ends_line: bool,
    /// Whether to add a line end to a last line without one, so that it is counted like the other lines.
    completes_line: bool,
}

impl Read for RowText {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, RowTooLong));
        }
        let read = self.content.read(buffer)?;
        self.left = self.left.saturating_sub(read as u64);
        if let Some(last) = buffer.get(..read).and_then(<[u8]>::last) {
            self.ends_line = *last == b'\n';
        } else if self.completes_line
            && !self.ends_line
            && let Some(first) = buffer.first_mut()
        {
            *first = b'\n';
            self.ends_line = true;
            return Ok(1);
        }
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

    fn rows(text: &str) -> CsvRows {
        CsvRows::new(Box::new(io::Cursor::new(text.to_owned())))
    }

    fn lines(text: &str) -> Vec<u64> {
        let mut rows = rows(text);
        let next = || Some(rows.next().unwrap()?.0);
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn rows_know_their_lines() {
        for end in ["\n", "\r\n"] {
            for last in ["", end] {
                let text = format!("h{end}a{end}{end}\"x{end}y\",2{end}b{last}");
                assert_eq!(lines(&text), [1, 2, 4, 6], "{text:?}");
            }
        }
        assert!(lines("").is_empty());
        assert_eq!(lines("h"), [1]);
    }

    #[test]
    fn marks_and_line_ends_are_no_content() {
        let mut rows = rows("\u{feff}a,b\r\n\"x\ny\",2\r\n3");
        assert_eq!(rows.next().unwrap().unwrap().1, vec!["a", "b"]);
        let (_, row) = rows.next().unwrap().unwrap();
        assert_eq!((&row[0], as_line(row).as_str()), (b"x\ny".as_slice(), "\"x\ny\",2"));
        assert_eq!(rows.next().unwrap().unwrap().1, vec!["3"]);
        assert!(rows.next().unwrap().is_none());
    }

    #[test]
    fn an_unclosed_quotation_mark_ends_the_import() {
        let mut rows = rows(&format!("a,b\n\"{}", "x".repeat(3 * 1_024 * 1_024)));
        rows.next().unwrap();
        assert!(matches!(rows.next(), Err(ImportError::RowTooLong { after: 1 })));
    }
}
