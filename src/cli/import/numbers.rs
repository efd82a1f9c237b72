//! Files of numbers alone: one column of a table, for commands that change many numbers at once.

use std::path::PathBuf;

use clap::Args;

use super::form::columns_of;
use super::mapping::Header;
use super::mapping_error::MappingError;
use super::min_accepted::MinAccepted;
use super::rejects::{Reject, Rejects};
use super::reports::is_header;
use super::row_fault::{self, RowFault};
use super::rows::{self, CsvRows, Row};
use super::source::{FileForm, SourceFile};
use crate::cli::confirm::Confirm;
use crate::cli::error::CliError;
use crate::cli::import_error::ImportError;
use crate::number::{E164, Region};

/// Maximum number of rows: all of them are kept in memory.
const ROWS_MAX: usize = 1_000_000;

/// Fewest digits of a header that is taken for a number. A year or the place of a column has fewer.
const DIGITS_MIN: usize = 7;

/// A file of numbers.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct NumberFileArgs {
    /// File of numbers: CSV, plain or gzip, or XLSX; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "numbers")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// Column of the numbers: a name of the header, or #1 for the first [default: the only column]
    #[arg(long, value_name = "COLUMN", requires = "file")]
    column: Option<String>,
    /// The file has no header: its first line is a row
    #[arg(long, requires = "file")]
    no_header: bool,
    #[command(flatten)]
    form: FileForm,
    /// Write rejected rows to this CSV file: line,reason,row
    #[arg(long, value_name = "FILE", requires = "file")]
    rejects: Option<PathBuf>,
    /// Fail if less than this share of the rows can be taken
    #[arg(long, value_name = "SHARE", default_value = "50%", requires = "file")]
    min_accepted: MinAccepted,
    /// Do not ask whether to go on; required if the command reads a file and does not run at a terminal
    #[arg(long, requires = "file", conflicts_with = "dry_run")]
    yes: bool,
    /// Say what the command would do with the file, and change nothing
    #[arg(long, requires = "file")]
    dry_run: bool,
}

/// The numbers of a file, and its rejected rows.
pub(in crate::cli) struct NumberFile {
    /// The numbers with their lines, each number once.
    pub(in crate::cli) numbers: Vec<(u64, E164)>,
    /// Number of all rows.
    pub(in crate::cli) rows: u64,
    /// The column of the numbers, for messages.
    pub(in crate::cli) column: String,
    rejects: Rejects,
    min_accepted: MinAccepted,
}

impl NumberFileArgs {
    /// How the change is confirmed.
    pub(in crate::cli) fn confirm(&self) -> Confirm {
        Confirm {
            yes: self.yes,
            dry_run: self.dry_run,
        }
    }

    /// Reads the file; none if no file is given. Numbers without a country code are of this region.
    ///
    /// # Errors
    /// If the file cannot be read, has no such column, or has too many rows.
    pub(in crate::cli) fn read(&self, region: Option<Region>) -> Result<Option<NumberFile>, CliError> {
        let Some(path) = &self.file else { return Ok(None) };
        let source = SourceFile::open_as(path, &self.form).map_err(|source| CliError::File {
            path: path.clone(),
            source,
        })?;
        let rejects = Rejects::new(self.rejects.as_deref(), &source)?;
        let mut rows = CsvRows::new(source.read().0);
        let mut file = NumberFile {
            numbers: Vec::new(),
            rows: 0,
            column: String::new(),
            rejects,
            min_accepted: self.min_accepted,
        };
        let first = rows.next()?.ok_or(MappingError::Empty)?;
        let header = Header::of(first.record, self.no_header);
        let place = match &self.column {
            Some(column) => header.place(column)?,
            None if header.names.len() == 1 => 0,
            None => return Err(missing(header.shown().to_owned()).into()),
        };
        if !self.no_header && is_number(first.record.get(place).unwrap_or_default(), region) {
            let met = header.shown().to_owned();
            return Err(MappingError::HeaderIsNumber { met }.into());
        }
        if self.no_header && is_header(first.record, first.record.get(place).unwrap_or_default()) {
            let met = columns_of(first.record);
            return Err(MappingError::RowIsHeader { met }.into());
        }
        file.column = header.name(place);
        let mut seen = std::collections::HashSet::new();
        if self.no_header {
            file.add(&first, place, region, &mut seen)?;
        }
        while let Some(row) = rows.next()? {
            file.add(&row, place, region, &mut seen)?;
        }
        Ok(Some(file))
    }
}

impl NumberFile {
    fn add(
        &mut self,
        row: &Row<'_>,
        place: usize,
        region: Option<Region>,
        seen: &mut std::collections::HashSet<E164>,
    ) -> Result<(), CliError> {
        if self.rows >= ROWS_MAX as u64 {
            return Err(ImportError::TooManyRows { max: ROWS_MAX }.into());
        }
        self.rows += 1;
        let field = row.record.get(place).unwrap_or_default();
        match row
            .fault
            .clone()
            .map_or_else(|| row_fault::number_in(field, region), Err)
        {
            Ok(number) => {
                if seen.insert(number) {
                    self.numbers.push((row.line, number));
                }
                Ok(())
            }
            Err(fault) => self.rejects.add(&Reject {
                line: row.line,
                fault,
                row: self.rejects.keeps_rows().then(|| rows::as_line(row.record)),
            }),
        }
    }

    /// Adds a number that the server has refused.
    ///
    /// # Errors
    /// If the file of rejected rows cannot be written.
    pub(in crate::cli) fn refused(&mut self, line: u64, problem: &str) -> Result<(), CliError> {
        self.rejects.add(&Reject {
            line,
            fault: RowFault::Server(problem.to_owned()),
            row: None,
        })
    }

    /// Number of rejected rows.
    pub(in crate::cli) fn rejected(&self) -> u64 {
        self.rejects.total()
    }

    /// Checks that enough rows can be taken.
    ///
    /// # Errors
    /// If too few rows can be taken.
    pub(in crate::cli) fn check_share(&self) -> Result<(), CliError> {
        Ok(self.rejects.check_share(self.rows, self.min_accepted)?)
    }

    /// Prints the rejected rows on standard error.
    ///
    /// # Errors
    /// If the file of rejected rows or standard error cannot be written, or if too few rows were taken.
    pub(in crate::cli) fn finish(&mut self) -> Result<(), CliError> {
        self.rejects.finish()?;
        self.check_share()
    }
}

/// Whether a field of the header is a telephone number, also one that could not be taken as it is written.
pub(super) fn is_number(field: &[u8], region: Option<Region>) -> bool {
    match row_fault::number_in(field, region) {
        Ok(_) => true,
        Err(RowFault::NoRegion | RowFault::LocalOnly | RowFault::Impossible | RowFault::Decimal) => {
            field.iter().filter(|byte| byte.is_ascii_digit()).count() >= DIGITS_MIN
        }
        Err(_) => false,
    }
}

fn missing(met: String) -> MappingError {
    MappingError::NoNumbers { met }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_is_a_number_is_known() {
        for number in ["+14155550123", "(415) 555-0123", "4155550123.0", "030 901820"] {
            assert!(is_number(number.as_bytes(), None), "{number}");
        }
        assert!(is_number(b"415-555-0123", Some(Region::US)));
        for name in ["phone", "Phone 1", "Rufnummer", "2026", "", "#1", "911"] {
            assert!(!is_number(name.as_bytes(), None), "{name}");
            assert!(!is_number(name.as_bytes(), Some(Region::US)), "{name}");
        }
    }
}
