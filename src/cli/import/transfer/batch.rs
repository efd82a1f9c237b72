//! The thread that reads the file and makes batches of reports.

use std::collections::BTreeMap;
use std::io;
use std::thread::JoinHandle;

use prost::Message as _;
use tokio::sync::mpsc;

use super::{FiledReport, ReportReader};
use crate::cli::import::source::Position;
use crate::cli::import::{ImportError, Reject};
use crate::wire::v1::Report;

/// Maximum number of batches that wait to be sent.
const WAITING_MAX: usize = 2;

/// Size of the reports at which a batch is full, in bytes. A server takes 8 MiB by default, and one more row has at most 1 MiB.
const BATCH_BYTES: usize = 4 * 1_024 * 1_024;

/// Some rows of the file, in order.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The reports to send.
    pub(super) reports: Vec<Report>,
    /// For each report, the line at which its row begins.
    pub(super) lines: Vec<u64>,
    /// For each report, its row; empty if rows are not kept.
    pub(super) rows: Vec<Vec<u8>>,
    /// Rejected rows.
    pub(super) rejects: Vec<Reject>,
    /// Size of the encoded reports, in bytes.
    pub(super) report_bytes: usize,
    /// Position in the file after this batch, in bytes.
    pub(super) position_bytes: u64,
}

impl Batch {
    /// The row of a report, if rows are kept.
    pub(super) fn row(&self, index: usize) -> Option<Vec<u8>> {
        self.rows.get(index).cloned()
    }

    /// Adds a report and its row.
    fn push(&mut self, filed: FiledReport) {
        self.report_bytes += filed.report.encoded_len();
        self.reports.push(filed.report);
        self.lines.push(filed.line);
        self.rows.extend(filed.row);
    }

    fn is_full(&self, size: usize) -> bool {
        self.reports.len() >= size || self.rejects.len() >= size || self.report_bytes >= BATCH_BYTES
    }
}

/// The reading thread, and the channel that receives its batches.
pub(super) struct Batches {
    /// Receives the batches. It is closed at the end of the file or at an error. Dropping it ends the thread.
    pub(super) receiver: mpsc::Receiver<Batch>,
    /// Returns the unknown subjects, or the error of the file.
    pub(super) thread: JoinHandle<Result<BTreeMap<String, u64>, ImportError>>,
}

/// Starts to read batches of this size, of reports with this revision.
///
/// # Errors
/// If the thread cannot be started.
pub(super) fn read<R: ReportReader>(
    reader: R,
    position: Position,
    (size, revision): (usize, u32),
) -> io::Result<Batches> {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let thread = std::thread::Builder::new()
        .name("import-reader".to_owned())
        .spawn(move || fill(reader, &position, (size, revision), &sender))?;
    Ok(Batches { receiver, thread })
}

fn fill<R: ReportReader>(
    mut reader: R,
    position: &Position,
    (size, revision): (usize, u32),
    sender: &mpsc::Sender<Batch>,
) -> Result<BTreeMap<String, u64>, ImportError> {
    let mut batch = Batch::default();
    // Rows before the error are sent all the same.
    let end = loop {
        match reader.next_row() {
            Ok(None) => break Ok(()),
            Err(fault) => break Err(fault),
            Ok(Some(Err(reject))) => batch.rejects.push(reject),
            Ok(Some(Ok(mut filed))) => {
                // It is no part of the id of a report, which is made before.
                filed.report.revision = revision;
                batch.push(filed);
            }
        }
        if batch.is_full(size) {
            batch.position_bytes = position.bytes();
            // The receiver was dropped: no more batches are wanted.
            if sender.blocking_send(std::mem::take(&mut batch)).is_err() {
                return Ok(reader.into_unknown_subjects());
            }
        }
    };
    batch.position_bytes = position.bytes();
    // As above: a dropped receiver is not an error.
    let _wanted = sender.blocking_send(batch);
    end.map(|()| reader.into_unknown_subjects())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_of_long_comments_is_full_before_it_is_too_large_for_the_server() {
        let mut batch = Batch::default();
        for line in 0..10_000 {
            let report = Report {
                number: "+14155550123".to_owned(),
                comment: "\u{e4}".repeat(2_000),
                ..Report::default()
            };
            batch.push(FiledReport {
                line,
                report,
                row: None,
            });
            if batch.is_full(10_000) {
                break;
            }
        }
        let encoded = crate::wire::v1::BatchSubmitReportsRequest { reports: batch.reports }.encoded_len();
        assert!((BATCH_BYTES..BATCH_BYTES + 16 * 1_024).contains(&encoded), "{encoded}");
    }
}
