//! Rejected rows. The first ones are shown, all are counted, and all can be written to a file.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::min_accepted::MinAccepted;
use super::row_fault::RowFault;
use super::source::SourceFile;
use crate::app::rewrite_private_file;
use crate::cli::error::CliError;
use crate::cli::import_error::ImportError;
use crate::cli::output;

/// Maximum number of rows that are shown with their line and reason.
const SHOWN_MAX: usize = 20;

/// Maximum number of different reasons. Further reasons are counted together.
const REASONS_MAX: usize = 100;

/// Number of reasons that are shown if a file has all of them.
const REASONS_SHOWN: usize = 3;

/// The first line of a file of rejected rows.
pub(in crate::cli) const REJECTS_HEADER: &str = "line,reason,row";

/// A rejected row.
#[derive(Debug)]
pub struct Reject {
    /// Line at which the row begins; the header is line 1.
    pub line: u64,
    /// Reason for the rejection.
    pub fault: RowFault,
    /// The row, if rejected rows are written to a file.
    pub row: Option<Vec<u8>>,
}

/// All rejected rows of an import.
#[derive(Default)]
pub(super) struct Rejects {
    file: Option<RejectsFile>,
    first: Vec<(u64, String)>,
    by_reason: BTreeMap<String, u64>,
    total: u64,
}

struct RejectsFile {
    path: PathBuf,
    writer: csv::Writer<File>,
}

impl Rejects {
    /// Collects rejected rows, and writes them to a file if a path is given. Only its owner can read the file, because
    /// it holds telephone numbers.
    ///
    /// # Errors
    /// If the file cannot be written, or is a symbolic link or the imported file itself.
    pub(super) fn new(path: Option<&Path>, source: &SourceFile) -> Result<Self, CliError> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let file = rewrite_private_file(path, source.identity()).map_err(|source| file_error(path, source))?;
        let mut file = RejectsFile {
            path: path.to_owned(),
            writer: csv::Writer::from_writer(file),
        };
        file.write([b"line".as_slice(), b"reason", b"row"])?;
        Ok(Self {
            file: Some(file),
            ..Self::default()
        })
    }

    /// Whether the rows themselves are kept.
    pub(super) fn keeps_rows(&self) -> bool {
        self.file.is_some()
    }

    /// Adds a row.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(super) fn add(&mut self, reject: &Reject) -> Result<(), CliError> {
        let reason = reject.fault.to_string();
        if let Some(file) = &mut self.file {
            let row = reject.row.as_deref().unwrap_or_default();
            file.write([reject.line.to_string().as_bytes(), reason.as_bytes(), row])?;
        }
        self.total += 1;
        if self.first.len() < SHOWN_MAX {
            self.first.push((reject.line, reason.clone()));
        }
        let is_full = self.by_reason.len() >= REASONS_MAX && !self.by_reason.contains_key(&reason);
        let reason = if is_full { "other reasons".to_owned() } else { reason };
        *self.by_reason.entry(reason).or_default() += 1;
        Ok(())
    }

    /// Number of rejected rows.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Checks that enough of these rows were taken. A least share of 0 accepts any file, also one without
    /// rows.
    ///
    /// # Errors
    /// [`ImportError::TooFew`] if none was taken, or less than the share.
    pub(super) fn check_share(&self, rows: u64, min: MinAccepted) -> Result<(), ImportError> {
        let taken = rows.saturating_sub(self.total);
        if min.is_zero() || (taken > 0 && min.is_reached(taken, rows)) {
            return Ok(());
        }
        Err(ImportError::TooFew {
            taken,
            rows,
            min_percent: min.percent(),
            first: self.first.iter().min().cloned(),
        })
    }

    /// Number of rejected rows for each reason.
    pub(super) fn by_reason(&self) -> &BTreeMap<String, u64> {
        &self.by_reason
    }

    /// Finishes the file, and prints the rejected rows and their reasons on standard error.
    ///
    /// # Errors
    /// If the file or standard error cannot be written.
    pub(super) fn finish(&mut self) -> Result<(), CliError> {
        if let Some(file) = &mut self.file {
            file.flush()?;
        }
        if self.total == 0 {
            return Ok(());
        }
        self.first.sort();
        // The file has all rows with their lines.
        let shown = if self.file.is_some() { 1 } else { SHOWN_MAX };
        for (line, reason) in self.first.iter().take(shown) {
            output::note(format!("line {line}: {}", output::clean(reason)))?;
        }
        if self.total > self.first.len().min(shown) as u64 {
            output::note("rejected rows by reason:")?;
            let mut by_count: Vec<_> = self.by_reason.iter().collect();
            by_count.sort_by_key(|(_, count)| Reverse(**count));
            // The file has all reasons.
            let shown = if self.file.is_some() {
                REASONS_SHOWN
            } else {
                REASONS_MAX
            };
            for (reason, count) in by_count.iter().take(shown) {
                output::note(format!("{:>11}  {}", output::grouped(**count), output::clean(reason)))?;
            }
            let others: u64 = by_count.iter().skip(shown).map(|(_, count)| **count).sum();
            if others > 0 {
                output::note(format!("{:>11}  for other reasons", output::grouped(others)))?;
            }
        }
        match &self.file {
            Some(file) => output::note(format!("the rejected rows are in {}", file.path.display())),
            None => output::note("use --rejects FILE to write the rejected rows to a file"),
        }
    }
}

impl RejectsFile {
    fn write(&mut self, fields: [&[u8]; 3]) -> Result<(), CliError> {
        self.writer
            .write_record(fields)
            .map_err(|error| file_error(&self.path, error.into()))
    }

    fn flush(&mut self) -> Result<(), CliError> {
        self.writer.flush().map_err(|error| file_error(&self.path, error))
    }
}

fn file_error(path: &Path, source: io::Error) -> CliError {
    CliError::File {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_and_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rejects.csv");
        let source = directory.path().join("rows.csv");
        std::fs::write(&source, "rows").unwrap();
        let source_file = SourceFile::open(&source).unwrap();
        assert!(Rejects::new(Some(&source), &source_file).is_err());
        assert_eq!(std::fs::read(&source).unwrap(), b"rows");
        let mut rejects = Rejects::new(Some(&path), &source_file).unwrap();
        for line in 1..=1_000 {
            let fault = match line % 2 {
                0 => RowFault::NoNumber,
                _ => RowFault::Server(format!("fault {line}")),
            };
            rejects
                .add(&Reject {
                    line,
                    fault,
                    row: Some(b"a,\"b\"".to_vec()),
                })
                .unwrap();
        }
        rejects.finish().unwrap();
        assert_eq!(rejects.total(), 1_000);
        assert_eq!(rejects.by_reason()["no number"], 500);
        assert_eq!(rejects.by_reason().len(), REASONS_MAX + 1);
        assert_eq!(rejects.by_reason().values().sum::<u64>(), 1_000);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 1_001);
        assert_eq!(text.lines().nth(2).unwrap(), "2,no number,\"a,\"\"b\"\"\"");
    }
}
