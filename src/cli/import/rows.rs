//! Reads the rows of a CSV file, each of limited length (RFC 4180). A byte-order mark and all kinds of line ends are
//! accepted. Columns are separated by commas, semicolons, tabs or bars: the separator that is most frequent in the header. A
//! first line `sep=;`, which Excel reads and writes, names another separator and is no row.
//!
//! A quotation mark that is not closed would make the rest of the file one field. So a row goes on over the end of a
//! line only if its quotation marks are right in the end. If not, its first line alone is a broken row, and the next
//! line is read as if nothing had happened.
//!
//! The text must be UTF-8. Other bytes would be read as other letters, so a row with them is at fault.

use std::io::{BufRead, BufReader, Read};

use bytes::Bytes;
use csv::ByteRecord;

use super::form::column_name;
use super::row_fault::RowFault;
use crate::cli::import_error::{ImportError, ROW_BYTES_MAX};

/// Size of the read buffer, in bytes.
const BUFFER_BYTES: usize = 64 * 1_024;

/// The separators of columns. The first one is taken if none is in the header.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads rows one by one.
pub(in crate::cli) struct CsvRows {
    content: BufReader<Box<dyn Read + Send>>,
    /// Lines that were read for a broken row, and are read again.
    put_back: Bytes,
    /// The lines of the row.
    text: Vec<u8>,
    record: ByteRecord,
    /// The first row.
    header: Option<ByteRecord>,
    /// Line at which the last row began; the header is line 1.
    line: u64,
    /// Lines read before the next row.
    lines_read: u64,
    /// Known after the header.
    separator: Option<u8>,
}

/// A row of a file.
pub(in crate::cli) struct Row<'a> {
    /// Line at which it begins.
    pub(in crate::cli) line: u64,
    /// Its fields. A broken row has one: the line as it is.
    pub(in crate::cli) record: &'a ByteRecord,
    /// Why the row as a whole cannot be used: [`RowFault::Quote`] or [`RowFault::NotUtf8`].
    pub(in crate::cli) fault: Option<RowFault>,
}

/// Where the quotation marks of the lines of a row end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    /// All are closed: the row is complete.
    Closed,
    /// One is open at the end: the row may go on in the next line.
    Open,
    /// One is followed by something else than a separator.
    Broken,
}

impl CsvRows {
    /// The rows of a text, including the header.
    pub(in crate::cli) fn new(content: Box<dyn Read + Send>) -> Self {
        Self {
            content: BufReader::with_capacity(BUFFER_BYTES, content),
            put_back: Bytes::new(),
            text: Vec::new(),
            record: ByteRecord::new(),
            header: None,
            line: 0,
            lines_read: 0,
            separator: None,
        }
    }

    /// The next row; `None` at the end. Empty lines are skipped.
    ///
    /// # Errors
    /// If the text cannot be read, or if a line is too long.
    pub(in crate::cli) fn next(&mut self) -> Result<Option<Row<'_>>, ImportError> {
        let first_line = loop {
            self.text.clear();
            if !self.read_line()? {
                return Ok(None);
            }
            if self.lines_read == 1 && self.text.starts_with(BYTE_ORDER_MARK) {
                self.text.drain(..BYTE_ORDER_MARK.len());
            }
            if self.lines_read == 1
                && let Some(separator) = named_separator(&self.text)
            {
                self.separator = Some(separator);
                continue;
            }
            if !without_end(&self.text).is_empty() {
                break self.text.len();
            }
        };
        let separator = *self.separator.get_or_insert_with(|| separator_of(&self.text));
        self.line = self.lines_read;
        let mut quotes = quotes(&self.text, separator, false);
        while quotes == Quotes::Open {
            let read = self.text.len();
            quotes = if read as u64 > ROW_BYTES_MAX || !self.read_line()? {
                Quotes::Broken
            } else {
                self::quotes(self.text.get(read..).unwrap_or_default(), separator, true)
            };
        }
        self.record.clear();
        if quotes == Quotes::Broken {
            let mut rest = self.text.split_off(first_line);
            rest.extend_from_slice(&self.put_back);
            self.put_back = rest.into();
            self.lines_read = self.line;
            self.record.push_field(without_end(&self.text));
        } else {
            split(without_end(&self.text), separator, &mut self.record);
        }
        let header = self.header.get_or_insert_with(|| self.record.clone());
        let fault = if quotes == Quotes::Broken {
            Some(RowFault::Quote)
        } else {
            not_utf8(&self.record, header)
        };
        Ok(Some(Row {
            line: self.line,
            record: &self.record,
            fault,
        }))
    }

    /// Appends the next line with its end to the text of the row; false at the end of the file.
    fn read_line(&mut self) -> Result<bool, ImportError> {
        let before = self.text.len();
        if self.put_back.is_empty() {
            self.read_line_of_file()?;
        } else {
            let end = end_of_line(&self.put_back).unwrap_or(self.put_back.len());
            self.text.extend_from_slice(&self.put_back.split_to(end));
        }
        let has_line = self.text.len() > before;
        self.lines_read += u64::from(has_line);
        Ok(has_line)
    }

    fn read_line_of_file(&mut self) -> Result<(), ImportError> {
        let from = self.text.len();
        loop {
            let read = self.content.fill_buf().map_err(|source| ImportError::Read {
                line: self.line,
                source,
            })?;
            if read.is_empty() {
                return Ok(());
            }
            // A carriage return may end the buffer: the line feed after it belongs to the same line.
            if self.text.len() > from && self.text.ends_with(b"\r") {
                if read.starts_with(b"\n") {
                    self.text.push(b'\n');
                    self.content.consume(1);
                }
                return Ok(());
            }
            let end = end_of_line(read);
            let taken = read.get(..end.unwrap_or(read.len())).unwrap_or_default();
            self.text.extend_from_slice(taken);
            let (count, is_whole) = (taken.len(), taken.ends_with(b"\n"));
            self.content.consume(count);
            if is_whole {
                return Ok(());
            }
            if (self.text.len() - from) as u64 > ROW_BYTES_MAX {
                return Err(ImportError::RowTooLong { after: self.line });
            }
        }
    }
}

/// The fault of a row with a field that is not UTF-8.
fn not_utf8(record: &ByteRecord, header: &ByteRecord) -> Option<RowFault> {
    let place = record.iter().position(|field| str::from_utf8(field).is_err())?;
    let column = header
        .get(place)
        .map_or_else(|| format!("column {}", place + 1), column_name);
    Some(RowFault::NotUtf8 { column })
}

/// The place after the first end of a line. For a carriage return at the end, the line feed may be still to come.
fn end_of_line(text: &[u8]) -> Option<usize> {
    let place = text.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
    let is_pair = text.get(place..place + 2) == Some(b"\r\n");
    Some(place + 1 + usize::from(is_pair))
}

fn without_end(text: &[u8]) -> &[u8] {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text)
}

/// The separator that a line such as `sep=;` names.
fn named_separator(line: &[u8]) -> Option<u8> {
    let [name @ .., separator] = without_end(line) else {
        return None;
    };
    let is_separator = separator.is_ascii() && !separator.is_ascii_alphanumeric() && *separator != b'"';
    (is_separator && name.eq_ignore_ascii_case(b"sep=")).then_some(*separator)
}

fn separator_of(header: &[u8]) -> u8 {
    let count = |separator: &u8| header.iter().filter(|byte| *byte == separator).count();
    // Of equally frequent separators, the first one.
    let most = SEPARATORS.iter().rev().max_by_key(|separator| count(separator));
    most.copied().unwrap_or(b',')
}

/// Looks at the quotation marks of a line. `is_quoted` says whether the line begins inside a quotation. Only a mark at
/// the start of a field opens one.
fn quotes(line: &[u8], separator: u8, mut is_quoted: bool) -> Quotes {
    let mut is_start = true;
    let mut bytes = line.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if is_quoted && byte == b'"' {
            match bytes.peek() {
                Some(b'"') => {
                    bytes.next();
                }
                None | Some(b'\r' | b'\n') => is_quoted = false,
                Some(next) if *next == separator => is_quoted = false,
                Some(_) => return Quotes::Broken,
            }
        } else if !is_quoted {
            is_quoted = is_start && byte == b'"';
            is_start = byte == separator;
        }
    }
    if is_quoted { Quotes::Open } else { Quotes::Closed }
}

/// Splits a complete row into its fields.
fn split(text: &[u8], separator: u8, record: &mut ByteRecord) {
    let mut field = Vec::new();
    let mut rest = text;
    loop {
        field.clear();
        if let Some(quoted) = rest.strip_prefix(b"\"") {
            rest = quoted;
            while let Some(mark) = rest.iter().position(|byte| *byte == b'"') {
                let (before, after) = rest.split_at(mark);
                field.extend_from_slice(before);
                rest = after.get(1..).unwrap_or_default();
                let Some(doubled) = rest.strip_prefix(b"\"") else { break };
                field.push(b'"');
                rest = doubled;
            }
        } else {
            let end = rest.iter().position(|byte| *byte == separator).unwrap_or(rest.len());
            let (before, after) = rest.split_at(end);
            field.extend_from_slice(before);
            rest = after;
        }
        record.push_field(&field);
        // After a field there is a separator or the end.
        let Some((_, next)) = rest.split_first() else { return };
        rest = next;
    }
}

/// Writes a row as one line of CSV, without a line end. Its bytes are those of the file, also if they are not UTF-8.
pub(super) fn as_line(record: &ByteRecord) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    // Writing to memory does not fail.
    let _written = writer.write_byte_record(record);
    let bytes = writer.into_inner().unwrap_or_default();
    bytes.trim_ascii_end().to_owned()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn rows(text: &str) -> CsvRows {
        CsvRows::new(Box::new(io::Cursor::new(text.to_owned())))
    }

    /// The line of each row, with its fields; broken rows are marked.
    fn read(text: &str) -> Vec<(u64, String)> {
        let mut rows = rows(text);
        let mut all = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let fields: Vec<_> = row.record.iter().map(String::from_utf8_lossy).collect();
            let mark = if row.fault.is_some() { "broken: " } else { "" };
            all.push((row.line, format!("{mark}{}", fields.join("|"))));
        }
        all
    }

    fn lines(text: &str) -> Vec<u64> {
        read(text).into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn rows_know_their_lines() {
        for end in ["\n", "\r\n", "\r"] {
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
        assert_eq!(rows.next().unwrap().unwrap().record, vec!["a", "b"]);
        let row = rows.next().unwrap().unwrap().record;
        assert_eq!(
            (&row[0], as_line(row).as_slice()),
            (b"x\ny".as_slice(), b"\"x\ny\",2".as_slice())
        );
        assert_eq!(rows.next().unwrap().unwrap().record, vec!["3"]);
        assert!(rows.next().unwrap().is_none());
    }

    /// Readers that go on to the end of the file, or name another line: `osiegmar/FastCSV#173`, `cldf/csvw#52`,
    /// `JoshClose/CsvHelper#308`, `adaltas/node-csv#265`.
    #[test]
    fn a_broken_quotation_mark_breaks_its_own_line_only() {
        for (text, wanted) in [
            ("h\n\"1,2\n3,4\n", vec!["h", "broken: \"1,2", "3|4"]),
            ("h\nb,\"C\n\"\",2\nc,3\n", vec!["h", "broken: b,\"C", "|2", "c|3"]),
            ("h\n1,\"a\n2,b\n3,c\n", vec!["h", "broken: 1,\"a", "2|b", "3|c"]),
            ("h\n1,\"a\n2,\"b\"\n3,c", vec!["h", "broken: 1,\"a", "2|b", "3|c"]),
            ("h\n1,\"a\"b\n2,c\n", vec!["h", "broken: 1,\"a\"b", "2|c"]),
            ("h\n\"\n\"\n1,2\n", vec!["h", "\n", "1|2"]),
            ("h\n1,5\" pipe\n2,c\n", vec!["h", "1|5\" pipe", "2|c"]),
            ("h\n1,\"a \"\"b\"\" c\"\n2,\"\"\n", vec!["h", "1|a \"b\" c", "2|"]),
            ("h\n1,\"", vec!["h", "broken: 1,\""]),
            ("\"h\n1,2\n", vec!["broken: \"h", "1|2"]),
        ] {
            let found: Vec<String> = read(text).into_iter().map(|(_, fields)| fields).collect();
            assert_eq!(found, wanted, "{text:?}");
        }
        assert_eq!(lines("h\n1,\"a\n2,b\n\n3,\"c\nd\"\n4,\"\n"), [1, 2, 3, 5, 7]);
    }

    #[test]
    fn a_row_that_is_not_utf8_names_its_column_and_keeps_its_bytes() {
        let text = b"number,source\n1,Andr\xe9\n2,Andr\xc3\xa9\n3,b,\xff\n4,\"\xe9\n5,\x80,\n".to_vec();
        let mut rows = CsvRows::new(Box::new(io::Cursor::new(text)));
        let mut faults = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            faults.push(row.fault.map(|fault| fault.to_string()));
            if row.line == 2 {
                assert_eq!(as_line(row.record), b"1,Andr\xe9");
            }
        }
        let not_utf8 = |column: &str| {
            let column = column.to_owned();
            Some(RowFault::NotUtf8 { column }.to_string())
        };
        let expected = [
            None,
            not_utf8("source"),
            None,
            not_utf8("column 3"),
            Some(RowFault::Quote.to_string()),
            not_utf8("source"),
        ];
        assert_eq!(faults, expected);
    }

    #[test]
    fn the_header_shows_the_separator() {
        for (text, fields) in [
            ("a;b\n1;2,3\n", "1|2,3"),
            ("a\tb\n1\t\"2\t3\"\n", "1|2\t3"),
            ("a,b\n1,2;3\n", "1|2;3"),
            ("a\n1;2\n", "1;2"),
            ("sep=;\r\na,b;c,d\r\n1,2;3\r\n", "1,2|3"),
            ("\u{feff}SEP=\t\na\n1\t2\n", "1|2"),
            ("sep=,\na;b;c\n1;2,3;4\n", "1;2|3;4"),
            ("sep=x\na\n", "a"),
            ("a\nsep=;\n", "sep=;"),
        ] {
            assert_eq!(read(text)[1].1, fields, "{text:?}");
        }
    }

    #[test]
    fn long_rows_are_limited() {
        let long = "x".repeat(3 * 1_024 * 1_024);
        let mut rows = rows(&format!("a,b\n\"{long}"));
        rows.next().unwrap();
        assert!(matches!(rows.next(), Err(ImportError::RowTooLong { after: 1 })));
        // An open mark far before the end of the file breaks one line only.
        let many = "1234567,1234567\n".repeat(200_000);
        let found = read(&format!("a,b\n1,\"2\n{many}"));
        assert_eq!(found.len(), 200_002);
        assert_eq!(found[1], (2, "broken: 1,\"2".to_owned()));
        assert_eq!(found[200_001].0, 200_002);
    }
}
