//! Sends a batch until the server has answered every report in it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

use super::batch::Batch;
use crate::cli::connect::{Connection, is_unanswered, pause_before};
use crate::cli::import::progress::ImportProgress;
use crate::cli::import::{ImportError, Reject, RowFault};
use crate::cli::status::{is_too_large, sentence};
use crate::wire::v1::batch_submit_result::Result as Submitted;
use crate::wire::v1::report_service_client::ReportServiceClient;
use crate::wire::v1::{BatchSubmitReportsRequest, BatchSubmitResult, ItemError, Report, SubmitOutcome};

/// Maximum number of attempts without an answer. With the pauses between them, they take about 90 seconds.
const ATTEMPTS_MAX: u32 = 12;

/// Longest delay asked for by the server after which a report is sent again. A report that must wait longer, as for the next
/// day of a quota, is a rejected row: the others go on.
const DELAY_MAX: Duration = Duration::from_mins(1);

/// The result of a batch.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) rows: u64,
    pub(super) position_bytes: u64,
    pub(super) accepted: u64,
    pub(super) already_known: u64,
    pub(super) withdrawn: u64,
    pub(super) before_reset: u64,
    pub(super) rejects: Vec<Reject>,
    /// The latest time at which a report of the batch was filed, in seconds since 1970.
    pub(super) newest_filed: Option<i64>,
}

/// Sends batches to one server.
#[derive(Clone)]
pub(super) struct Sender {
    pub(super) client: ReportServiceClient<Connection>,
    pub(super) progress: ImportProgress,
    /// Cancelled when the import must end. Then no report is sent again.
    pub(super) stop: CancellationToken,
}

impl Sender {
    /// Sends a batch. Sends reports without an answer again, with the same ids. Returns also the result of a batch that
    /// failed: some of its reports may be stored.
    pub(super) async fn send(mut self, mut batch: Batch) -> (Sent, Result<(), ImportError>) {
        let mut sent = Sent {
            rejects: std::mem::take(&mut batch.rejects),
            newest_filed: newest_filed(&batch.reports),
            ..Sent::default()
        };
        sent.rows = sent.rejects.len() as u64;
        let end = self.send_all(&batch, &mut sent).await;
        if end.is_ok() {
            sent.position_bytes = batch.position_bytes;
        }
        (sent, end)
    }

    /// # Errors
    /// If the server refuses the batch, if it does not answer any attempt, or if the import must end.
    async fn send_all(&mut self, batch: &Batch, sent: &mut Sent) -> Result<(), ImportError> {
        let mut pending: Vec<usize> = (0..batch.reports.len()).collect();
        let mut attempts = 0;
        while !pending.is_empty() {
            attempts += 1;
            let count = pending.len();
            let unanswered = match self.submit(batch, &pending).await {
                Ok(results) => sent.take(batch, &mut pending, results)?,
                Err(status) => Some(status),
            };
            let Some(status) = unanswered else {
                return Ok(());
            };
            if !may_be_sent_again(&status) || is_too_large(&status) {
                return Err(ImportError::Refused(Box::new(status)));
            }
            if pending.len() < count {
                attempts = 1;
            }
            if attempts >= ATTEMPTS_MAX {
                return Err(ImportError::GaveUp {
                    attempts,
                    status: Box::new(status),
                });
            }
            self.pause(attempts, &status).await?;
        }
        Ok(())
    }

    async fn submit(&mut self, batch: &Batch, pending: &[usize]) -> Result<Vec<BatchSubmitResult>, Status> {
        let reports: Vec<Report> = pending
            .iter()
            .filter_map(|&index| batch.reports.get(index).cloned())
            .collect();
        let answer = self
            .client
            .batch_submit_reports(BatchSubmitReportsRequest { reports })
            .await?;
        Ok(answer.into_inner().results)
    }

    async fn pause(&self, attempts: u32, status: &Status) -> Result<(), ImportError> {
        let pause = pause_before(attempts, status);
        let note = format!("{}; sending again in {}", sentence(status), seconds(pause));
        // If standard error is closed, the import goes on without notes.
        let _written = self.progress.note(&note);
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = self.stop.cancelled() => Err(ImportError::Interrupted),
        }
    }
}

fn newest_filed(reports: &[Report]) -> Option<i64> {
    let filed = reports.iter().filter_map(|report| report.received_at.as_ref());
    filed.map(|at| at.seconds).max()
}

impl Sent {
    /// Counts results. Reports that may be sent again stay in `pending`. Returns the first error of these reports.
    fn take(
        &mut self,
        batch: &Batch,
        pending: &mut Vec<usize>,
        results: Vec<BatchSubmitResult>,
    ) -> Result<Option<Status>, ImportError> {
        if results.len() != pending.len() {
            return Err(ImportError::WrongAnswer {
                sent: pending.len(),
                got: results.len(),
            });
        }
        let mut unanswered = None;
        let mut again = Vec::new();
        for (&index, result) in pending.iter().zip(results) {
            let (error, must_wait) = match result.result {
                Some(Submitted::Response(response)) => {
                    self.count(response.outcome());
                    continue;
                }
                Some(Submitted::Error(error)) => {
                    let must_wait = must_wait_long(&error);
                    let message = without_places(&error.message);
                    (Status::new(Code::from_i32(error.code), message), must_wait)
                }
                None => (Status::unknown("no result"), false),
            };
            if may_be_sent_again(&error) && !must_wait {
                again.push(index);
                unanswered.get_or_insert(error);
            } else {
                self.rejects.push(Reject {
                    line: batch.lines.get(index).copied().unwrap_or_default(),
                    fault: RowFault::Server(sentence(&error)),
                    row: batch.row(index),
                });
            }
        }
        self.rows += (pending.len() - again.len()) as u64;
        *pending = again;
        Ok(unanswered)
    }

    fn count(&mut self, outcome: SubmitOutcome) {
        match outcome {
            SubmitOutcome::AlreadyKnown | SubmitOutcome::Outdated => self.already_known += 1,
            SubmitOutcome::Withdrawn => self.withdrawn += 1,
            SubmitOutcome::BeforeReset => self.before_reset += 1,
            // An unknown outcome is not an error, so the report counts as stored.
            SubmitOutcome::Accepted | SubmitOutcome::Revised | SubmitOutcome::Unspecified => self.accepted += 1,
        }
    }
}

/// Whether the same reports may be sent again: the error is temporary.
fn may_be_sent_again(status: &Status) -> bool {
    is_unanswered(status) || matches!(status.code(), Code::ResourceExhausted | Code::Aborted)
}

/// Whether the server asks for a delay that is too long to wait for.
fn must_wait_long(error: &ItemError) -> bool {
    let seconds = error.retry_after.as_ref().map_or(0, |delay| delay.seconds);
    u64::try_from(seconds).is_ok_and(|seconds| seconds > DELAY_MAX.as_secs())
}

/// The message of an error without the places of reports in the batch: `reports[17].number` becomes `number`. The line of
/// the file says which report it is, and equal reasons can be counted.
fn without_places(message: &str) -> String {
    let mut parts = message.split("reports[");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once("].") {
            Some((place, rest)) if place.bytes().all(|byte| byte.is_ascii_digit()) => text.push_str(rest),
            _ => {
                text.push_str("reports[");
                text.push_str(part);
            }
        }
    }
    text
}

fn seconds(pause: Duration) -> String {
    format!("{:.1} s", pause.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use crate::wire::v1::SubmitReportResponse;

    use super::*;

    fn outcome(outcome: SubmitOutcome) -> BatchSubmitResult {
        let response = SubmitReportResponse {
            outcome: outcome.into(),
            ..Default::default()
        };
        BatchSubmitResult {
            result: Some(Submitted::Response(response)),
        }
    }

    fn failure(code: Code) -> BatchSubmitResult {
        let error = ItemError {
            code: code.into(),
            field: String::new(),
            message: "so".to_owned(),
            retry_after: None,
        };
        BatchSubmitResult {
            result: Some(Submitted::Error(error)),
        }
    }

    #[test]
    fn only_what_may_succeed_later_is_sent_again() {
        let batch = Batch {
            lines: vec![2, 3, 4, 5, 6],
            ..Batch::default()
        };
        let mut sent = Sent::default();
        let mut pending = vec![0, 1, 2, 3, 4];
        let results = vec![
            outcome(SubmitOutcome::Accepted),
            failure(Code::InvalidArgument),
            failure(Code::Unavailable),
            outcome(SubmitOutcome::AlreadyKnown),
            failure(Code::ResourceExhausted),
        ];
        let unanswered = sent.take(&batch, &mut pending, results).unwrap();
        assert_eq!(unanswered.unwrap().code(), Code::Unavailable);
        assert_eq!(pending, [2, 4]);
        assert_eq!((sent.accepted, sent.already_known, sent.rejects.len()), (1, 1, 1));
        assert_eq!(sent.rejects[0].line, 3);

        let rest = vec![outcome(SubmitOutcome::Withdrawn), outcome(SubmitOutcome::Accepted)];
        assert!(sent.take(&batch, &mut pending, rest).unwrap().is_none());
        assert_eq!((sent.accepted, sent.withdrawn, pending.len()), (2, 1, 0));
    }

    #[test]
    fn a_report_that_must_wait_for_the_next_day_is_rejected_and_the_others_go_on() {
        let batch = Batch {
            lines: vec![2, 3, 4],
            ..Batch::default()
        };
        let waiting = |seconds| {
            let error = ItemError {
                code: Code::ResourceExhausted.into(),
                message: "over the quota".to_owned(),
                retry_after: Some(Duration::from_secs(seconds).into()),
                ..ItemError::default()
            };
            BatchSubmitResult {
                result: Some(Submitted::Error(error)),
            }
        };
        let mut sent = Sent::default();
        let mut pending = vec![0, 1, 2];
        let results = vec![waiting(43_200), waiting(1), outcome(SubmitOutcome::Accepted)];
        assert!(sent.take(&batch, &mut pending, results).unwrap().is_some());
        assert_eq!(pending, [1]);
        assert_eq!((sent.rows, sent.accepted, sent.rejects.len()), (2, 1, 1));
        assert_eq!(
            sent.rejects[0].fault,
            RowFault::Server("over the quota (RESOURCE_EXHAUSTED)".to_owned())
        );
    }

    #[test]
    fn reasons_do_not_name_places_in_the_batch() {
        for (message, expected) in [
            ("reports[17].number: must not be empty", "number: must not be empty"),
            (
                "reports[0].occurred_at: is in the future; reports[0].callback_numbers[1]: is no number",
                "occurred_at: is in the future; callback_numbers[1]: is no number",
            ),
            ("the quota of reports[] is used up", "the quota of reports[] is used up"),
        ] {
            assert_eq!(without_places(message), expected);
        }
    }

    #[test]
    fn results_that_are_missing_are_an_error() {
        let mut pending = vec![0, 1];
        let wrong = Sent::default().take(&Batch::default(), &mut pending, vec![outcome(SubmitOutcome::Accepted)]);
        assert!(matches!(wrong, Err(ImportError::WrongAnswer { sent: 2, got: 1 })));
    }
}
