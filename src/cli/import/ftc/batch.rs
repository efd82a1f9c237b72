//! The thread that reads the file and fills batches.

use std::collections::BTreeMap;
use std::io;
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::reader::Reader;
use crate::cli::import::source::Position;
use crate::cli::import::{ImportError, Reject};
use crate::wire::v1::Report;

/// Batches that are read and wait to be sent.
const WAITING_MAX: usize = 2;

/// Some rows of the file, in their order.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// What is to be sent.
    pub(super) reports: Vec<Report>,
    /// For each report where its row begins.
    pub(super) lines: Vec<u64>,
    /// For each report its row, if rows are kept; otherwise nothing.
    pub(super) rows: Vec<String>,
    /// Rows that are not taken.
    pub(super) rejects: Vec<Reject>,
    /// How far the file was read.
    pub(super) position_bytes: u64,
}

impl Batch {
    /// How many rows of the file it stands for.
    pub(super) fn row_count(&self) -> u64 {
        (self.reports.len() + self.rejects.len()) as u64
    }

    /// The row of a report, if rows are kept.
    pub(super) fn row(&self, index: usize) -> Option<String> {
        self.rows.get(index).cloned()
    }

    fn is_full(&self, size: usize) -> bool {
        self.reports.len() >= size || self.rejects.len() >= size
    }
}

/// The thread, and what comes from it.
pub(super) struct Batches {
    /// Closed at the end of the file, or at a fault of it; dropping it ends the thread.
    pub(super) receiver: mpsc::Receiver<Batch>,
    /// Ends with the unknown subjects, or with what is wrong with the file.
    pub(super) thread: JoinHandle<Result<BTreeMap<String, u64>, ImportError>>,
}

/// Begins to read.
///
/// # Errors
/// If the system gives no further thread.
pub(super) fn read(reader: Reader, position: Position, size: usize) -> io::Result<Batches> {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let thread = std::thread::Builder::new()
        .name("import-reader".to_owned())
        .spawn(move || fill(reader, &position, size, &sender))?;
    Ok(Batches { receiver, thread })
}

fn fill(
    mut reader: Reader,
    position: &Position,
    size: usize,
    sender: &mpsc::Sender<Batch>,
) -> Result<BTreeMap<String, u64>, ImportError> {
    let mut batch = Batch::default();
    // What was read before a fault is sent all the same.
    let end = loop {
        match reader.next_row() {
            Ok(None) => break Ok(()),
            Err(fault) => break Err(fault),
            Ok(Some(Err(reject))) => batch.rejects.push(reject),
            Ok(Some(Ok(filed))) => {
                batch.reports.push(filed.report);
                batch.lines.push(filed.line);
                batch.rows.extend(filed.row);
            }
        }
        if batch.is_full(size) {
            batch.position_bytes = position.bytes();
            // Whoever received them went away: nothing more is wanted.
            if sender.blocking_send(std::mem::take(&mut batch)).is_err() {
                return Ok(reader.into_unknown_subjects());
            }
        }
    };
    batch.position_bytes = position.bytes();
    // As above; nothing follows.
    let _wanted = sender.blocking_send(batch);
    end.map(|()| reader.into_unknown_subjects())
}
