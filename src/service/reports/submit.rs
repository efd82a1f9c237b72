//! Submitting reports: admission by quotas, filing, and the rows of call-back numbers.

use std::sync::Arc;

use super::filing::{Filing, FilingOutcome};
use super::{NewReport, ReportOutcome, Reports};
use crate::domain::identity::PrincipalId;
use crate::domain::ids::SenderHash;
use crate::domain::kinds::ReportRole;
use crate::domain::report::{ReportBody, ReportRow};
use crate::domain::state::Submitted;
use crate::metrics::ReportOutcomeLabel;
use crate::number::E164;
use crate::service::ServiceError;

impl Reports {
    /// Files one report.
    ///
    /// # Errors
    /// If the report is not valid, its id was used for another report, or the store cannot be written.
    pub async fn submit(&self, report: NewReport) -> Result<ReportOutcome, ServiceError> {
        let mut outcomes = self.submit_all(vec![Ok(report)]).await;
        outcomes.pop().unwrap_or(Err(ServiceError::Internal))
    }

    /// Files many reports independently of each other. The error of a report that could not be read is its result.
    pub async fn submit_all(
        &self,
        reports: Vec<Result<NewReport, ServiceError>>,
    ) -> Vec<Result<ReportOutcome, ServiceError>> {
        self.submit_all_of(None, reports).await
    }

    /// The same, out of the part of the tenant's quota that this principal may use.
    pub async fn submit_all_of(
        &self,
        principal: Option<&PrincipalId>,
        reports: Vec<Result<NewReport, ServiceError>>,
    ) -> Vec<Result<ReportOutcome, ServiceError>> {
        let now = self.writer.now();
        let deadline = self.writer.deadline(reports.len());
        let mut filings: Vec<Result<Filing, ServiceError>> = Vec::with_capacity(reports.len());
        let reporters = self.reporters_of(&reports, deadline).await;
        for report in reports {
            filings.push(report.and_then(|report| {
                let reporters = reporters.as_ref().map_err(Clone::clone)?;
                self.filing(report, reporters, now)
            }));
            tokio::task::consume_budget().await; // other requests have their turn
        }
        let share = self
            .admit(&mut filings, principal.map(PrincipalId::hash64), (now, deadline))
            .await;
        let bands = self.bands_before(&filings, now);
        let filed = self.file(&filings, deadline).await;
        self.count_bands(&bands, &filed);
        self.settle(&filings, &filed, (share, now), deadline).await;
        let senders: Vec<Option<SenderHash>> = filed
            .iter()
            .map(|filed| filed.as_ref().ok().and_then(|filed| filed.stored_sender))
            .collect();
        let named = kept_callbacks(&filings, &filed);
        let mut outcomes: Vec<Result<ReportOutcome, ServiceError>> = filings
            .iter()
            .zip(filed)
            .map(|(filing, filed)| outcome_of(filing.as_ref(), filed))
            .collect();
        let callbacks = callback_filings(
            (&self.content_key, self.writer.callback_key()),
            &filings,
            &outcomes,
            (senders.as_slice(), named.as_slice()),
        );
        if !callbacks.is_empty() {
            let (places, filings): (Vec<usize>, Vec<_>) = callbacks.into_iter().unzip();
            let filed = self.file(&filings, deadline).await;
            for ((place, filing), filed) in places.into_iter().zip(&filings).zip(filed) {
                // The report is done when its call-back numbers are; a retry with the same id completes it.
                if let (Err(error), Some(whole)) = (outcome_of(filing.as_ref(), filed), outcomes.get_mut(place)) {
                    *whole = Err(error);
                }
            }
        }
        for outcome in &outcomes {
            self.writer.metrics().reports(counted_as(outcome), 1);
        }
        outcomes
    }
}

/// The answer to the client for one filing.
fn outcome_of(
    filing: Result<&Filing, &ServiceError>,
    filed: Result<FilingOutcome, ServiceError>,
) -> Result<ReportOutcome, ServiceError> {
    let (filing, filed) = (filing.map_err(Clone::clone)?, filed?);
    let submitted = filed.submitted;
    if submitted == Submitted::OtherContent {
        return Err(match filed.kept_revision {
            Some(stored) => ServiceError::ReportMismatch {
                made_id: filing.made_id.then(|| filing.row.id.clone()),
                stored,
                sent: filing.row.revision,
            },
            // It is the report of another principal: that its id is taken is all that can be said.
            None => ServiceError::ContentMismatch { field: "report_id" },
        });
    }
    Ok(ReportOutcome {
        number: filing.number,
        report_id: filing.row.id.clone(),
        submitted,
    })
}

/// The call-back numbers of each report that it still has in the store. A retry brings none back that was erased since: all of
/// a new report, and of a known one those that the stored row names.
fn kept_callbacks(
    filings: &[Result<Filing, ServiceError>],
    filed: &[Result<FilingOutcome, ServiceError>],
) -> Vec<Vec<E164>> {
    let of_one = |(filing, filed): (&Result<Filing, ServiceError>, &Result<FilingOutcome, ServiceError>)| {
        let (Ok(filing), Ok(filed)) = (filing, filed) else {
            return Vec::new();
        };
        let is_known = filed.submitted == Submitted::AlreadyKnown;
        let all = filing.row.body.callbacks.iter().copied();
        all.filter(|callback| !is_known || filed.kept_callbacks.contains(callback))
            .collect()
    };
    filings.iter().zip(filed).map(of_one).collect()
}

/// The filings of the call-back numbers of accepted reports, each with the place of its report. They have the sender of the
/// stored report: somebody else may have corrected it.
fn callback_filings(
    (key, of_erased): (&[u8; 32], &[u8; 32]),
    filings: &[Result<Filing, ServiceError>],
    outcomes: &[Result<ReportOutcome, ServiceError>],
    (senders, named): (&[Option<SenderHash>], &[Vec<E164>]),
) -> Vec<(usize, Result<Filing, ServiceError>)> {
    let counts = |outcome: &Result<ReportOutcome, ServiceError>| matches!(outcome, Ok(outcome) if matches!(outcome.submitted, Submitted::Accepted | Submitted::AlreadyKnown | Submitted::Revised));
    let mut all = Vec::new();
    let stored = senders.iter().zip(named);
    for (place, ((filing, outcome), (sender, named))) in filings.iter().zip(outcomes).zip(stored).enumerate() {
        let Ok(filing) = filing else { continue };
        if !counts(outcome) {
            continue;
        }
        for callback in named {
            let body = ReportBody {
                role: Some(ReportRole::ToldToCall),
                callbacks: Vec::new(),
                ..filing.row.body.clone()
            };
            let Filing { row, timed, .. } = filing;
            let id = filing.callback_id(*sender);
            let row = ReportRow {
                arrived_at: row.arrived_at,
                revision: row.revision,
                comment: row.comment.clone(),
                sender: *sender,
                ..ReportRow::accepted(id, body, row.weight, row.received_at, row.import.clone())
            };
            let renamed = filing.renamed_callback_id(of_erased, *sender);
            let filed = Filing::exempt(key, (*callback, row), Arc::clone(&filing.sender), *timed);
            all.push((place, Ok(filed.or_renamed(renamed))));
        }
    }
    all
}

fn counted_as(outcome: &Result<ReportOutcome, ServiceError>) -> ReportOutcomeLabel {
    match outcome.as_ref().map(|outcome| outcome.submitted) {
        Ok(Submitted::Accepted) => ReportOutcomeLabel::Accepted,
        Ok(Submitted::AlreadyKnown) => ReportOutcomeLabel::AlreadyKnown,
        Ok(Submitted::Revised) => ReportOutcomeLabel::Revised,
        Ok(Submitted::Outdated) => ReportOutcomeLabel::Outdated,
        Ok(Submitted::Withdrawn) => ReportOutcomeLabel::Withdrawn,
        Ok(Submitted::BeforeReset) => ReportOutcomeLabel::BeforeReset,
        Ok(Submitted::OtherContent) => ReportOutcomeLabel::Conflict,
        Err(error) => match error {
            ServiceError::ContentMismatch { .. }
            | ServiceError::ReportMismatch { .. }
            | ServiceError::VersionMismatch { .. }
            | ServiceError::Exhausted { .. } => ReportOutcomeLabel::Conflict,
            ServiceError::NotGranted { .. } => ReportOutcomeLabel::NotGranted,
            ServiceError::QuotaExceeded { .. } => ReportOutcomeLabel::OverQuota,
            ServiceError::StoreUnavailable | ServiceError::IndexLoading => ReportOutcomeLabel::Unavailable,
            ServiceError::OutcomeUnknown => ReportOutcomeLabel::OutcomeUnknown,
            ServiceError::Invalid(_)
            | ServiceError::MayNotGrant { .. }
            | ServiceError::NotFound { .. }
            | ServiceError::Precondition(_)
            | ServiceError::TransitionNotAllowed { .. }
            | ServiceError::EvidenceVersionMismatch
            | ServiceError::Internal => ReportOutcomeLabel::Rejected,
        },
    }
}
