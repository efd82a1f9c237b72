//! Reads the numbers of a file line by line: CSV with a header, or one number on each line.

use std::io::{self, Read};
use std::path::Path;
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use crate::cli::complaints::file_error;
use crate::cli::error::CliError;
use crate::cli::import::{self, CsvRows, ImportError, Position, Row, SourceFile};
use crate::domain::call::MAX_BATCH_LOOKUPS;
use crate::number::{self, Region};

/// Names of a column of numbers, the surest first, without spaces, hyphens and underscores.
const NAMES: [&str; 14] = [
    "number",
    "e164",
    "phonee164",
    "phonenumber",
    "phone",
    "telephonenumber",
    "telephone",
    "msisdn",
    "callernumber",
    "callerid",
    "caller",
    "cli",
    "companyphonenumber",
    "from",
];
/// Batches that wait to be sent.
const WAITING_MAX: usize = 2;

/// A line of the file.
#[derive(Debug)]
pub(super) struct Line {
    /// Its number in the file; the first line is 1.
    pub(super) line: u64,
    /// The number as written, or why there is none.
    pub(super) number: Result<String, String>,
}

/// Some lines of the file, in order.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) lines: Vec<Line>,
    /// Position in the file after this batch, in bytes.
    pub(super) position_bytes: u64,
}

/// The thread that reads, and its batches.
pub(super) struct Batches {
    /// Closed at the end of the file or at an error.
    pub(super) receiver: mpsc::Receiver<Batch>,
    /// Returns the error of the file.
    pub(super) thread: JoinHandle<Result<(), ImportError>>,
}

/// The lines of an open file.
pub(super) struct NumberLines {
    rows: CsvRows,
    /// The place of the column of numbers.
    place: usize,
    /// The first line, if it is no header.
    first: Option<Line>,
    bytes: u64,
    position: Position,
}

impl NumberLines {
    /// Opens a file and reads its first line.
    ///
    /// # Errors
    /// If the file cannot be read, or if it is not clear which column has the numbers.
    pub(super) fn open(path: &Path, column: Option<&str>, region: Option<Region>) -> Result<Self, CliError> {
        let (content, bytes, position) = content(path).map_err(|source| file_error(path, source))?;
        let mut rows = CsvRows::new(content);
        let (place, first) = match rows.next()? {
            None => (0, None),
            Some(row) => {
                let found = Header::read(&row, column, region).map_err(|problem| CliError::NumberFile {
                    path: path.to_owned(),
                    problem,
                })?;
                let first = (!found.is_header).then(|| line_of(&row, found.place));
                (found.place, first)
            }
        };
        Ok(Self {
            rows,
            place,
            first,
            bytes,
            position,
        })
    }

    /// The size of the file, in bytes; 0 if it is not known.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Starts a thread that reads the lines in batches.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub(super) fn read(self) -> io::Result<Batches> {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let thread = std::thread::Builder::new()
            .name("number-reader".to_owned())
            .spawn(move || self.fill(&sender))?;
        Ok(Batches { receiver, thread })
    }

    fn fill(mut self, sender: &mpsc::Sender<Batch>) -> Result<(), ImportError> {
        let mut lines: Vec<Line> = self.first.take().into_iter().collect();
        // Lines before an error are looked up all the same.
        let end = loop {
            match self.rows.next() {
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
                Ok(Some(row)) => lines.push(line_of(&row, self.place)),
            }
            if lines.len() >= MAX_BATCH_LOOKUPS {
                let batch = Batch {
                    lines: std::mem::take(&mut lines),
                    position_bytes: self.position.bytes(),
                };
                // A dropped receiver wants no more.
                if sender.blocking_send(batch).is_err() {
                    return Ok(());
                }
            }
        };
        let position_bytes = self.position.bytes();
        if !lines.is_empty() {
            // As above.
            let _wanted = sender.blocking_send(Batch { lines, position_bytes });
        }
        end
    }
}

/// The text of the file, its size, and the position in it. Standard input is read as it comes.
fn content(path: &Path) -> io::Result<(Box<dyn Read + Send>, u64, Position)> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin()), 0, Position::default()));
    }
    let source = SourceFile::open(path)?;
    let bytes = source.len();
    let (content, position) = source.read();
    Ok((content, bytes, position))
}

/// The result of reading the first line.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    /// Whether the line is a header.
    is_header: bool,
    /// The place of the column of numbers.
    place: usize,
}

impl Header {
    fn read(row: &Row<'_>, column: Option<&str>, region: Option<Region>) -> Result<Self, String> {
        let fields: Vec<String> = row
            .record
            .iter()
            .map(|field| String::from_utf8_lossy(field).trim().to_owned())
            .collect();
        let place_of = |wanted: &str| fields.iter().position(|field| plain(field) == plain(wanted));
        let columns = || import::columns_of(row.record);
        if let Some(column) = column {
            if let Some(place) = place_of(column) {
                return Ok(Self { is_header: true, place });
            }
            let position = column
                .parse::<usize>()
                .ok()
                .and_then(|position| position.checked_sub(1));
            let place = position.filter(|place| *place < fields.len());
            let place = place.ok_or_else(|| format!("there is no column {column:?}; the columns are {}", columns()))?;
            let has_digits = fields
                .get(place)
                .is_some_and(|field| field.contains(|c: char| c.is_ascii_digit()));
            return Ok(Self {
                is_header: !has_digits,
                place,
            });
        }
        if let Some(place) = NAMES.iter().find_map(|name| place_of(name)) {
            return Ok(Self { is_header: true, place });
        }
        match fields.as_slice() {
            [only] => Ok(Self {
                is_header: !only.contains(|c: char| c.is_ascii_digit()) && number::parse(only, region).is_err(),
                place: 0,
            }),
            _ => Err(format!(
                "name the column of the numbers with --column; the columns are {}",
                columns()
            )),
        }
    }
}

/// A name in lower case, without spaces, hyphens and underscores.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'));
    letters.flat_map(char::to_lowercase).collect()
}

fn line_of(row: &Row<'_>, place: usize) -> Line {
    let number = match (&row.fault, row.record.get(place)) {
        (Some(fault), _) => Err(fault.to_string()),
        (None, None) => Err("the line has no such column".to_owned()),
        (None, Some(field)) => match String::from_utf8_lossy(field).trim() {
            "" => Err("no number".to_owned()),
            text if text.starts_with('@') => Err("this is no number".to_owned()),
            text => Ok(text.to_owned()),
        },
    };
    Line { line: row.line, number }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, column: Option<&str>) -> Result<Vec<String>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let lines = NumberLines::open(file.path(), column, None).map_err(|error| error.to_string())?;
        let mut batches = lines.read().unwrap();
        let mut found = Vec::new();
        while let Some(batch) = batches.receiver.blocking_recv() {
            for Line { line, number } in batch.lines {
                found.push(format!(
                    "{line} {}",
                    number.unwrap_or_else(|reason| format!("({reason})"))
                ));
            }
        }
        batches.thread.join().unwrap().unwrap();
        Ok(found)
    }

    #[test]
    fn a_header_is_recognised() {
        let wanted = ["2 +14155550199", "4 (no number)"];
        for text in [
            "number\n+14155550199\n\n\"\"\n",
            "Name;Phone Number\nx;+14155550199\n\ny;\n",
            "Unsere Liste\n+14155550199\n\n\" \"\n",
        ] {
            assert_eq!(read(text, None).unwrap(), wanted, "{text}");
        }
        assert_eq!(
            read("+14155550199\n@x\n", None).unwrap(),
            ["1 +14155550199", "2 (this is no number)"]
        );
        assert_eq!(read("anonymous\n", None).unwrap(), ["1 anonymous"]);
        assert!(read("", None).unwrap().is_empty());
    }

    #[test]
    fn the_column_is_chosen_by_name_or_position() {
        let text = "a,b\n1,+14155550199\n2\n";
        let wanted = ["2 +14155550199", "3 (the line has no such column)"];
        assert_eq!(read(text, Some("B")).unwrap(), wanted);
        assert_eq!(read(text, Some("2")).unwrap(), wanted);
        let said = read(text, None).unwrap_err();
        assert!(said.contains("--column; the columns are a, b"), "{said}");
        let said = read(text, Some("c")).unwrap_err();
        assert!(said.contains("no column \"c\"; the columns are a, b"), "{said}");
        assert_eq!(
            read("x,+14155550199\n", Some("2")).unwrap(),
            ["1 +14155550199"],
            "no header"
        );
    }
}
