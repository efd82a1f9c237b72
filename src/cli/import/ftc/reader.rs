//! A file of FTC complaints as reports: the pure layer, without a server.

use std::collections::BTreeMap;
use std::io::Read;

use super::identity::Identities;
use super::layout::Layout;
use super::row::RowParser;
use crate::cli::import::rows::{self, Rows};
use crate::cli::import::{ImportError, Reject};
use crate::wire::v1::Report;

/// A row that is a report.
#[derive(Debug)]
pub struct Filed {
    /// Where it begins in the file; the header is line 1.
    pub line: u64,
    /// The report.
    pub report: Report,
    /// The row, if rows are kept.
    pub row: Option<String>,
}

/// Reads a file row by row.
pub struct Reader {
    rows: Rows,
    layout: Layout,
    parser: RowParser,
    identities: Identities,
    import_id: String,
    keeps_rows: bool,
}

impl Reader {
    /// Reads the header.
    ///
    /// # Errors
    /// If the text cannot be read, or its header names other columns.
    pub fn new(content: Box<dyn Read + Send>, import_id: &str, keeps_rows: bool) -> Result<Self, ImportError> {
        let mut rows = Rows::new(content);
        let layout = match rows.next()? {
            Some((_, header)) => Layout::of_header(header)?,
            None => Layout::of_header(&csv::ByteRecord::new())?,
        };
        Ok(Self {
            rows,
            layout,
            parser: RowParser::new(layout),
            identities: Identities::new(layout.feed()),
            import_id: import_id.to_owned(),
            keeps_rows,
        })
    }

    /// How the columns are laid out.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// If the text cannot be read, a row is too long, or there are more rows than can be kept in mind.
    pub fn next_row(&mut self) -> Result<Option<Result<Filed, Reject>>, ImportError> {
        let Some((line, record)) = self.rows.next()? else {
            return Ok(None);
        };
        let row = || self.keeps_rows.then(|| rows::as_line(record));
        match self.parser.parse(record) {
            // Equal rows have equal faults, so that rejected rows need no count.
            Err(fault) => Ok(Some(Err(Reject {
                line,
                fault,
                row: row(),
            }))),
            Ok(mut report) => {
                report.report_id = self.identities.next(record)?;
                report.import_id.clone_from(&self.import_id);
                Ok(Some(Ok(Filed {
                    line,
                    report,
                    row: row(),
                })))
            }
        }
    }

    /// The subjects met that are not on the list, with their counts.
    #[must_use]
    pub fn into_unknown_subjects(self) -> BTreeMap<String, u64> {
        self.parser.into_subjects().into_unknown()
    }
}
