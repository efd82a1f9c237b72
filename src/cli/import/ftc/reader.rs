//! Reads a file of FTC complaints into reports: the pure layer, without a server.

use std::collections::BTreeMap;
use std::io::Read;

use super::layout::{Columns, Layout};
use super::row::RowParser;
use crate::cli::import::identity::Identities;
use crate::cli::import::rows::{self, CsvRows, Row};
use crate::cli::import::transfer::ReportReader;
use crate::cli::import::{FiledReport, ImportError, Reject, RowFault};

/// Reads a file row by row.
pub struct ComplaintReader {
    rows: CsvRows,
    columns: Columns,
    parser: RowParser,
    identities: Identities,
    import_id: String,
    keeps_rows: bool,
}

impl ComplaintReader {
    /// Reads the header.
    ///
    /// # Errors
    /// If the text cannot be read, or if its header has no such columns.
    pub fn new(content: Box<dyn Read + Send>, import_id: &str, keeps_rows: bool) -> Result<Self, ImportError> {
        let mut rows = CsvRows::new(content);
        let columns = match rows.next()? {
            Some(row) => Columns::of_header(row.record)?,
            None => Columns::of_header(&csv::ByteRecord::new())?,
        };
        let layout = columns.layout;
        Ok(Self {
            rows,
            columns,
            parser: RowParser::new(layout),
            identities: Identities::new(layout.feed()),
            import_id: import_id.to_owned(),
            keeps_rows,
        })
    }

    /// The layout of the columns.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.columns.layout
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// If the text cannot be read, if a row is too long, or if the file has too many different rows.
    pub fn next_row(&mut self) -> Result<Option<Result<FiledReport, Reject>>, ImportError> {
        let Some(Row { line, record, fault }) = self.rows.next()? else {
            return Ok(None);
        };
        let row = || self.keeps_rows.then(|| rows::as_line(record));
        let fields = || self.columns.fields(record).ok_or(RowFault::Columns);
        let fields = fault.map_or_else(fields, Err);
        let parsed = fields.and_then(|fields| {
            let mut report = self.parser.parse(&fields)?;
            if let Some(exported) = &self.columns.exported {
                exported.apply(record, &fields, &mut report)?;
            }
            Ok((report, fields))
        });
        match parsed {
            // Equal rows have equal faults, so rejected rows need no number of occurrence.
            Err(fault) => Ok(Some(Err(Reject {
                line,
                fault,
                row: row(),
            }))),
            Ok((mut report, fields)) => {
                // The rows of an export have ids.
                if report.report_id.is_empty() {
                    report.report_id = self.identities.next(fields)?;
                }
                report.import_id.clone_from(&self.import_id);
                Ok(Some(Ok(FiledReport {
                    line,
                    report,
                    row: row(),
                })))
            }
        }
    }

    /// The unknown subjects in the file, with their counts.
    #[must_use]
    pub fn into_unknown_subjects(self) -> BTreeMap<String, u64> {
        self.parser.into_subjects().into_unknown()
    }
}

impl ReportReader for ComplaintReader {
    fn next_row(&mut self) -> Result<Option<Result<FiledReport, Reject>>, ImportError> {
        Self::next_row(self)
    }

    fn into_unknown_subjects(self) -> BTreeMap<String, u64> {
        Self::into_unknown_subjects(self)
    }
}
