//! Reads files of legitimate numbers with their kinds.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use thiserror::Error;

use super::complaints::file_error;
use super::error::CliError;
use super::import::{CsvRows, Row, RowFault, SourceFile};
use crate::number::{self, E164, Region};
use crate::replay::{KindName, KindNameError, LegitimateNumber};

/// Maximum number of legitimate numbers, in all files together.
const NUMBERS_MAX: usize = 1_000_000;
/// Maximum number of kinds, in all files together.
const KINDS_MAX: usize = 64;

/// What is wrong with a file of legitimate numbers.
#[derive(Debug, Error)]
pub enum LegitimateError {
    /// The header names no column of numbers.
    #[error("{}: the header has no column `number`", path.display())]
    NoNumberColumn {
        /// Path of the file.
        path: PathBuf,
    },
    /// A line has no valid number.
    #[error("{}: line {line} has no valid number", path.display())]
    NotANumber {
        /// Path of the file.
        path: PathBuf,
        /// Line in the file; the header is line 1.
        line: u64,
    },
    /// The kind of a line is not a valid name.
    #[error("{}: line {line}: kind {source}", path.display())]
    NotAKind {
        /// Path of the file.
        path: PathBuf,
        /// Line in the file; the header is line 1.
        line: u64,
        /// What is wrong with the name.
        source: KindNameError,
    },
    /// No file has a number. Without one, every threshold would stop all calls and cost nothing.
    #[error("the files of legitimate numbers have no number")]
    NoNumbers,
    /// There are too many numbers.
    #[error("{}: the files have more than {NUMBERS_MAX} numbers", path.display())]
    TooManyNumbers {
        /// Path of the file that has the first number too many.
        path: PathBuf,
    },
    /// There are too many kinds.
    #[error("{}: line {line}: the files have more than {KINDS_MAX} kinds", path.display())]
    TooManyKinds {
        /// Path of the file.
        path: PathBuf,
        /// Line of the first kind too many.
        line: u64,
    },
}

/// Reads legitimate numbers from CSV files, in the order of the files. The header names the columns: `number`, and
/// optionally `kind`; others are skipped. Numbers without a country code are read as numbers of the US. A number counts
/// once, with the kind of its first line.
///
/// # Errors
/// If a file cannot be read, if its header names no numbers, if a line has no valid number or no valid kind, or if there
/// are no numbers, or too many numbers or kinds.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<LegitimateNumber>, CliError> {
    let mut found = Found::default();
    for path in paths {
        found.read(path)?;
    }
    if found.numbers.is_empty() {
        return Err(LegitimateError::NoNumbers.into());
    }
    Ok(found.numbers)
}

#[derive(Default)]
struct Found {
    numbers: Vec<LegitimateNumber>,
    known: HashSet<E164>,
    kinds: HashSet<KindName>,
}

/// The positions of the columns in a header.
struct Columns {
    number: usize,
    kind: Option<usize>,
}

impl Found {
    fn read(&mut self, path: &Path) -> Result<(), CliError> {
        let content = SourceFile::open(path)
            .map_err(|source| file_error(path, source))?
            .read()
            .0;
        let mut rows = CsvRows::new(content);
        let columns = rows.next()?.and_then(|header| Columns::of(header.record));
        let columns = columns.ok_or_else(|| LegitimateError::NoNumberColumn { path: path.to_owned() })?;
        while let Some(row) = rows.next()? {
            let number = columns.number(&row).ok_or_else(|| LegitimateError::NotANumber {
                path: path.to_owned(),
                line: row.line,
            })?;
            let kind = columns.kind(&row).map_err(|source| LegitimateError::NotAKind {
                path: path.to_owned(),
                line: row.line,
                source,
            })?;
            self.add(path, row.line, LegitimateNumber { number, kind })?;
        }
        Ok(())
    }

    fn add(&mut self, path: &Path, line: u64, number: LegitimateNumber) -> Result<(), LegitimateError> {
        let path = path.to_owned();
        if self.kinds.insert(number.kind.clone()) && self.kinds.len() > KINDS_MAX {
            return Err(LegitimateError::TooManyKinds { path, line });
        }
        if self.known.insert(number.number) {
            if self.numbers.len() >= NUMBERS_MAX {
                return Err(LegitimateError::TooManyNumbers { path });
            }
            self.numbers.push(number);
        }
        Ok(())
    }
}

impl Columns {
    fn of(header: &ByteRecord) -> Option<Self> {
        let place = |name: &str| {
            let mut fields = header.iter();
            fields.position(|field| text(field).eq_ignore_ascii_case(name))
        };
        Some(Self {
            number: place("number")?,
            kind: place("kind"),
        })
    }

    fn number(&self, row: &Row<'_>) -> Option<E164> {
        let field = row.record.get(self.number);
        let field = field.filter(|_| row.fault != Some(RowFault::Quote))?;
        number::normalize(text(field), Some(Region::US))
            .ok()
            .filter(number::ParsedNumber::has_known_length)?
            .e164()
    }

    fn kind(&self, row: &Row<'_>) -> Result<KindName, KindNameError> {
        let field = self.kind.and_then(|place| row.record.get(place));
        field
            .map(String::from_utf8_lossy)
            .filter(|kind| !kind.trim().is_empty())
            .map_or_else(|| Ok(KindName::unspecified()), |kind| KindName::parse(&kind))
    }
}

/// A field without white space around it; empty if it is not UTF-8.
fn text(field: &[u8]) -> &str {
    str::from_utf8(field).unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// Writes each text to a file, and reads all files.
    fn read_texts(texts: &[&str]) -> Result<Vec<String>, String> {
        let folder = tempfile::TempDir::new().unwrap();
        let write = |(place, text): (usize, &&str)| {
            let path = folder.path().join(format!("{place}.csv"));
            std::fs::write(&path, text).unwrap();
            path
        };
        let paths: Vec<PathBuf> = texts.iter().enumerate().map(write).collect();
        let shown = |legitimate: &LegitimateNumber| format!("{} {}", legitimate.number, legitimate.kind);
        read(&paths)
            .map(|numbers| numbers.iter().map(shown).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_header_names_the_columns() {
        let numbers = read_texts(&[
            "number,source\n2125550123,a\n",
            "Source;KIND;Number\na;Bank;+1 212-555-0124\nb;;+442079460123\nb;school;2125550123\n",
        ]);
        let wanted = [
            "+12125550123 unspecified",
            "+12125550124 bank",
            "+442079460123 unspecified",
        ];
        assert_eq!(numbers.unwrap(), wanted, "a number counts once");
    }

    #[test]
    fn bad_lines_are_named_with_their_file() {
        let good = "number,kind\n2125550123,bank\n";
        for (text, wanted) in [
            ("phone\n2125550124\n", "1.csv: the header has no column `number`"),
            ("", "1.csv: the header has no column `number`"),
            (
                "number,kind\n2125550124,bank\n212,bank\n",
                "1.csv: line 3 has no valid number",
            ),
            ("kind,number\nbank\n", "1.csv: line 2 has no valid number"),
            ("number,kind\n2125550124,a.b\n", "1.csv: line 2: kind must hold letters"),
            (
                "number,kind\n2125550124,toll_free\n",
                "1.csv: line 2: kind must not be one of",
            ),
        ] {
            let said = read_texts(&[good, text]).unwrap_err();
            assert!(said.contains(wanted), "{text:?}: {said}");
        }
    }

    #[test]
    fn files_without_a_number_are_refused() {
        let said = read_texts(&["number,kind\n", "number\n"]).unwrap_err();
        assert_eq!(said, "the files of legitimate numbers have no number");
        assert_eq!(read_texts(&["number,kind\n", "number\n2125550123\n"]).unwrap().len(), 1);
    }

    #[test]
    fn the_count_of_kinds_is_limited() {
        let mut text = "number,kind\n".to_owned();
        for place in 0..KINDS_MAX {
            writeln!(text, "{},k{place}", 2_125_550_100 + place).unwrap();
        }
        assert_eq!(read_texts(&[&text]).unwrap().len(), KINDS_MAX);
        let said = read_texts(&[&text, "number\n2125551100\n"]).unwrap_err();
        assert!(
            said.contains("1.csv: line 2: the files have more than 64 kinds"),
            "{said}"
        );
    }
}
