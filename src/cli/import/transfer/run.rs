//! Runs an import: sends a few batches at a time, and counts the answers.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use super::batch::{self, Batches};
use super::send::{Sender, Sent};
use super::summary::TransferSummary;
use super::{ReportReader, Transfer};
use crate::cli::error::CliError;
use crate::cli::import::ImportError;
use crate::cli::import::progress::ImportProgress;
use crate::cli::import::rejects::Rejects;
use crate::cli::interrupts::Interrupts;
use crate::cli::output;
use crate::domain::report::MAX_BATCH_REPORTS;
use crate::wire::v1::report_service_client::ReportServiceClient;

/// Maximum size of the answer to a batch, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// Sends all reports of a file, and prints the result. Returns the latest time at which a report was filed, in seconds since
/// 1970, if the file says so.
///
/// # Errors
/// If the file cannot be read, if the server refuses a batch, or if the user presses Ctrl-C or sends SIGTERM.
pub(in crate::cli::import) async fn run<R: ReportReader>(
    transfer: Transfer<'_, R>,
    rejects: &mut Rejects,
) -> Result<Option<i64>, CliError> {
    let Transfer { common, args, .. } = transfer;
    let mut summary = TransferSummary {
        import_id: transfer.import_id,
        feed: transfer.feed,
        ..TransferSummary::default()
    };
    let channel = common.remote.connect().await?;
    let progress = ImportProgress::new(transfer.file_bytes);
    let sender = Sender {
        client: ReportServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX),
        progress: progress.clone(),
        stop: CancellationToken::new(),
    };
    let size = usize::try_from(args.batch).unwrap_or(MAX_BATCH_REPORTS);
    let batches = batch::read(transfer.reader, transfer.position, (size, args.revision))?;
    let running = Running {
        sender,
        concurrency: args.concurrency.into(),
        summary: &mut summary,
        rejects,
    };
    let end = Box::pin(running.run(batches)).await;

    summary.took(progress.elapsed());
    progress.finish();
    summary.complete = end.is_ok();
    summary.rejected = rejects.total();
    summary.rejected_by_reason.clone_from(rejects.by_reason());
    rejects.finish()?;
    summary.print(common.remote.json)?;
    end?;
    check_withdrawn(&summary, args.revision)?;
    rejects.check_share(summary.rows, args.min_accepted)?;
    Ok(summary.newest_filed)
}

/// Says that withdrawn reports do not count, and how they would.
///
/// # Errors
/// If no report of the file counts.
fn check_withdrawn(summary: &TransferSummary, revision: u32) -> Result<(), CliError> {
    let reports = ImportError::Withdrawn {
        withdrawn: summary.withdrawn,
        revision: revision.saturating_add(1),
    };
    match (summary.withdrawn, summary.accepted + summary.already_known) {
        (0, _) => Ok(()),
        (_, 0) => Err(reports.into()),
        (_, _) => output::note(format!("{reports}; {}", reports.next_step().unwrap_or_default())),
    }
}

/// A running import.
struct Running<'a> {
    sender: Sender,
    /// Number of batches that are sent at the same time.
    concurrency: usize,
    summary: &'a mut TransferSummary,
    rejects: &'a mut Rejects,
}

impl Running<'_> {
    /// Sends batches until the file ends, a batch fails, or a signal asks to end. Then it waits for the batches that
    /// have been sent, and sends no others. A second signal ends the import at once.
    async fn run(mut self, batches: Batches) -> Result<(), CliError> {
        let Batches { mut receiver, thread } = batches;
        let mut on_their_way = FuturesUnordered::new();
        let mut end: Result<(), CliError> = Ok(());
        let mut is_open = true;
        let mut interrupts = Interrupts::catch()?;
        while is_open || !on_their_way.is_empty() {
            let has_room = on_their_way.len() < self.concurrency;
            tokio::select! {
                biased;
                () = interrupts.next() => {
                    if end.is_err() {
                        break;
                    }
                    self.stop(&mut end, ImportError::Interrupted.into());
                    is_open = false;
                }
                Some(answered) = on_their_way.next(), if !on_their_way.is_empty() => {
                    if let Err(error) = self.take(answered) {
                        self.stop(&mut end, error);
                        is_open = false;
                    }
                }
                batch = receiver.recv(), if is_open && has_room => match batch {
                    Some(batch) => on_their_way.push(self.sender.clone().send(batch)),
                    None => is_open = false,
                },
            }
        }
        // The thread ends when the receiver is dropped.
        drop(receiver);
        match thread.join() {
            Ok(Ok(unknown)) => self.summary.unknown_subjects = unknown,
            Ok(Err(fault)) => end = end.and(Err(fault.into())),
            Err(_panic) => end = end.and(Err(ImportError::ReaderPanicked.into())),
        }
        end
    }

    /// Counts a batch. A batch that failed counts as far as the server answered it.
    fn take(&mut self, (sent, end): (Sent, Result<(), ImportError>)) -> Result<(), CliError> {
        self.summary.add(&sent);
        sent.rejects.iter().try_for_each(|reject| self.rejects.add(reject))?;
        end?;
        self.sender.progress.advance(sent.position_bytes, self.summary.rows);
        Ok(())
    }

    /// Keeps the first reason to end, and cancels all retries.
    fn stop(&self, end: &mut Result<(), CliError>, reason: CliError) {
        self.sender.stop.cancel();
        if end.is_ok() {
            *end = Err(reason);
        }
    }
}
