//! Reports: submitted, listed, withdrawn. The service counts submitted reports itself.

use std::sync::Arc;

use super::convert::{check_batch, report as convert};
use super::rates::RequestClass;
use super::{Api, ApiError, RequestContext, or_outcome_unknown};
use crate::domain::audit::{AuditMethod, AuditSubject};
use crate::domain::report::MAX_BATCH_REPORTS;
use crate::domain::state::Withdrawal;
use crate::metrics::{EdgeLabel, MutationLabel};
use crate::service::{Foreseen, NewReport, Reports, ServiceError, StoredReport, named_imports, subject_of_number};
use crate::wire::v1;

impl Api {
    /// Stores a report.
    ///
    /// # Errors
    /// If the report is not valid, a quota is used up, or it cannot be stored.
    pub async fn submit_report(
        &self,
        request: v1::SubmitReportRequest,
        context: &RequestContext,
    ) -> Result<v1::SubmitReportResponse, ApiError> {
        let reports = self.reports(context)?;
        let report = request.report.ok_or_else(|| ApiError::field("report", "must be set"))?;
        self.charge(context, RequestClass::Reports, report.callback_numbers.len())?;
        let principal = context.caller.principal().map(|principal| &principal.id);
        // The service gets a report that is not valid too, since it counts all reports.
        let new_reports = vec![convert::new_report(
            report,
            &context.caller,
            &Arc::new(context.sender()),
        )];
        self.record_imports(context, AuditMethod::SubmitReport, &new_reports)
            .await?;
        let submitted = async { Ok(reports.submit_all_of(principal, new_reports).await) };
        let mut outcomes = or_outcome_unknown(submitted).await?;
        let outcome = outcomes.pop().unwrap_or(Err(ServiceError::Internal));
        match outcome {
            Ok(outcome) => Ok(convert::outcome(&outcome)),
            // Over HTTP the body is the report itself.
            Err(error) if context.edge == EdgeLabel::Http => Err(error.into()),
            Err(error) => Err(ApiError::from(error).in_field("report")),
        }
    }

    /// Stores a batch of reports, each with a result of its own.
    ///
    /// # Errors
    /// If the batch is empty or too large, the quota is used up, or the index is being loaded.
    pub async fn batch_submit_reports(
        &self,
        request: v1::BatchSubmitReportsRequest,
        context: &RequestContext,
    ) -> Result<v1::BatchSubmitReportsResponse, ApiError> {
        use v1::batch_submit_result::Result;
        let reports = self.reports(context)?;
        check_batch("reports", request.reports.len(), MAX_BATCH_REPORTS)?;
        self.charge(context, RequestClass::Reports, further_cost(&request.reports))?;
        let sender = Arc::new(context.sender());
        let principal = context.caller.principal().map(|principal| &principal.id);
        let new_reports = request
            .reports
            .into_iter()
            .map(|report| convert::new_report(report, &context.caller, &sender));
        let new_reports: Vec<_> = new_reports.collect();
        self.record_imports(context, AuditMethod::BatchSubmitReports, &new_reports)
            .await?;
        let outcomes = or_outcome_unknown(async { Ok(reports.submit_all_of(principal, new_reports).await) }).await?;
        let mut response = v1::BatchSubmitReportsResponse::default();
        for (position, outcome) in outcomes.into_iter().enumerate() {
            let result = match outcome {
                Ok(outcome) => Result::Response(convert::outcome(&outcome)),
                Err(error) => {
                    let error = ApiError::from(error).in_field(&format!("reports[{position}]"));
                    Result::Error(error.item(context.edge))
                }
            };
            *total_of(&mut response, &result) += 1;
            response.results.push(v1::BatchSubmitResult { result: Some(result) });
        }
        Ok(response)
    }

    /// Withdraws one report.
    ///
    /// # Errors
    /// If the request is not valid, or the change cannot be stored.
    pub async fn withdraw_report(
        &self,
        request: v1::WithdrawReportRequest,
        context: &RequestContext,
    ) -> Result<v1::WithdrawReportResponse, ApiError> {
        let sender = context.sender();
        self.mutate(MutationLabel::WithdrawReport, async {
            let reports = self.reports(context)?;
            let withdrawal = convert::one_withdrawal(request)?;
            let number = (withdrawal.number.as_str(), withdrawal.default_region);
            let (id, reason) = (&withdrawal.report_id, withdrawal.reason.as_str());
            let outcome = reports.withdraw_by(&sender, number, id, reason, withdrawal.withdraw_unknown);
            let was_known = outcome.await?.was_known;
            Ok(v1::WithdrawReportResponse { was_known })
        })
        .await
    }

    /// Withdraws all reports of an import or of a reporter.
    ///
    /// # Errors
    /// If the request is not valid, or the change cannot be stored.
    pub async fn withdraw_reports(
        &self,
        request: v1::WithdrawReportsRequest,
        context: &RequestContext,
    ) -> Result<v1::WithdrawReportsResponse, ApiError> {
        let by = context.requested_by();
        if request.dry_run {
            let reports = self.reports(context)?;
            let (named, ..) = convert::bulk_withdrawal(request, &context.caller)?;
            let selected = selected(reports, named).await.map_err(ApiError::of_a_read)?;
            let foreseen = reports.try_withdraw_all(&selected).await;
            return Ok(convert::bulk_withdrawn(foreseen.map_err(ApiError::of_a_read)?));
        }
        self.mutate(MutationLabel::WithdrawReports, async {
            let reports = self.reports(context)?;
            let (named, request_id, reason) = convert::bulk_withdrawal(request, &context.caller)?;
            let selected = selected(reports, named).await?;
            let withdrawn = reports.withdraw_all(&selected, &request_id, &reason, &by).await?;
            let foreseen = if withdrawn.reports > 0 {
                Foreseen {
                    was_known: true,
                    ..Foreseen::default()
                }
            } else {
                // Nothing was withdrawn: perhaps the id is wrong.
                reports.try_withdraw_all(&selected).await?
            };
            Ok(convert::bulk_withdrawn(Foreseen { withdrawn, ..foreseen }))
        })
        .await
    }

    /// Lists the reports of a number.
    ///
    /// # Errors
    /// If the request is not valid, or the store cannot be read.
    pub async fn list_reports(
        &self,
        request: v1::ListReportsRequest,
        context: &RequestContext,
    ) -> Result<v1::ListReportsResponse, ApiError> {
        let reports = self.reports(context)?;
        let wanted = convert::reports_of(request)?;
        let list = reports.list(
            &wanted.number,
            wanted.default_region,
            wanted.include_withdrawn,
            &wanted.page,
        );
        let subject = subject_of_number(&wanted.number, wanted.default_region)?;
        let recorded = self.record_read(context, AuditMethod::ListReports, Some(subject));
        let (list, ()) = tokio::join!(list, recorded);
        let list = list.map_err(ApiError::of_a_read)?;
        let senders = self.senders(context, list.reports.iter())?;
        Ok(convert::list(&list, &senders))
    }

    /// The principals that sent these reports, by the hashes in their rows, if the caller may see them.
    ///
    /// # Errors
    /// If the index is being loaded.
    pub(super) fn senders<'a>(
        &self,
        context: &RequestContext,
        mut shown: impl Iterator<Item = &'a StoredReport>,
    ) -> Result<convert::Senders, ApiError> {
        if !context.decides() || !shown.any(|report| report.row.sender.is_some()) {
            return Ok(convert::Senders::new());
        }
        let principals = self.0.services.principals.of_tenant(context.caller.tenant());
        Ok(self.reports(context)?.senders(principals))
    }

    /// Records which imports these reports belong to. Without it, nobody would know afterwards who brought them in.
    async fn record_imports(
        &self,
        context: &RequestContext,
        method: AuditMethod,
        reports: &[Result<NewReport, ServiceError>],
    ) -> Result<(), ApiError> {
        let valid = self.reports(context)?;
        let named = named_imports(reports, |report| valid.is_valid(report))?;
        let audit = &self.tenant(context)?.audit;
        Ok(audit.record_imports(&context.requested_by(), method, named).await?)
    }
}

/// The reports that a bulk withdrawal takes, by the hash of a reporter and not their name.
async fn selected(reports: &Reports, named: convert::ReportsToWithdraw) -> Result<Withdrawal, ServiceError> {
    Ok(match named {
        convert::ReportsToWithdraw::Import(import) => Withdrawal::Import(import),
        convert::ReportsToWithdraw::Reporter(name) => Withdrawal::Reporter(reports.reporter_hash(&name).await?),
    })
}

impl Api {
    /// Lists the reports of a reporter.
    ///
    /// # Errors
    /// If the request is not valid, or the store cannot be read.
    pub async fn list_reporter_reports(
        &self,
        request: v1::ListReporterReportsRequest,
        context: &RequestContext,
    ) -> Result<v1::ListReporterReportsResponse, ApiError> {
        let reports = self.reports(context)?;
        let wanted = convert::of_reporter(request, &context.caller)?;
        let list = reports.of_reporter(&wanted.name, wanted.include_withdrawn, &wanted.page);
        let reporter = reports.reporter_hash(&wanted.name).await.map_err(ApiError::of_a_read)?;
        let subject = AuditSubject::Reporter(reporter);
        let recorded = self.record_read(context, AuditMethod::ListReporterReports, Some(subject));
        let (list, ()) = tokio::join!(list, recorded);
        let list = list.map_err(ApiError::of_a_read)?;
        let senders = self.senders(context, list.reports.iter().map(|(_, report)| report))?;
        Ok(convert::list_of_reporter(&list, &senders))
    }

    /// Lists the comments that wait for a moderator.
    ///
    /// # Errors
    /// If the page is not valid, the index is being loaded, or the store cannot be read.
    pub async fn list_pending_comments(
        &self,
        request: v1::ListPendingCommentsRequest,
        context: &RequestContext,
    ) -> Result<v1::ListPendingCommentsResponse, ApiError> {
        let numbers = self.numbers(context)?;
        let page = convert::pending(request);
        self.refresh().await;
        let recorded = self.record_read(context, AuditMethod::ListPendingComments, None);
        let (list, ()) = tokio::join!(numbers.pending_comments(&page), recorded);
        let list = list.map_err(ApiError::of_a_read)?;
        let senders = self.senders(context, list.reports.iter().map(|(_, report)| report))?;
        Ok(convert::pending_list(&list, &senders))
    }

    /// Decides whether others may read the comment of a report.
    ///
    /// # Errors
    /// If the request is not valid, there is no such comment, or the change cannot be stored.
    pub async fn moderate_comment(
        &self,
        request: v1::ModerateCommentRequest,
        context: &RequestContext,
    ) -> Result<v1::ModerateCommentResponse, ApiError> {
        self.mutate(MutationLabel::ModerateComment, async {
            let reports = self.reports(context)?;
            let wanted = convert::moderation(request, context)?;
            let number = (wanted.number.as_str(), wanted.default_region);
            let moderated = reports
                .moderate(
                    number,
                    &wanted.report_id,
                    wanted.decided,
                    &wanted.reason,
                    &wanted.mutation,
                )
                .await?;
            Ok(v1::ModerateCommentResponse {
                e164: moderated.number.to_string(),
                report_id: wanted.report_id.as_str().to_owned(),
                moderation: wanted.decided.code().into(),
                version: moderated.version,
            })
        })
        .await
    }
}

/// What a batch costs of the quota besides the request: one unit for each report but the first, and for each call-back number.
fn further_cost(reports: &[v1::Report]) -> usize {
    let callbacks: usize = reports.iter().map(|report| report.callback_numbers.len()).sum();
    callbacks + reports.len().saturating_sub(1)
}

/// The total of the response that counts this result.
fn total_of<'a>(
    response: &'a mut v1::BatchSubmitReportsResponse,
    result: &v1::batch_submit_result::Result,
) -> &'a mut u32 {
    use v1::batch_submit_result::Result;
    match result {
        Result::Response(stored) => match stored.outcome() {
            v1::SubmitOutcome::Accepted => &mut response.accepted,
            v1::SubmitOutcome::AlreadyKnown => &mut response.already_known,
            v1::SubmitOutcome::Withdrawn => &mut response.withdrawn,
            v1::SubmitOutcome::BeforeReset => &mut response.before_reset,
            v1::SubmitOutcome::Revised => &mut response.revised,
            v1::SubmitOutcome::Outdated => &mut response.outdated,
            v1::SubmitOutcome::Unspecified => &mut response.failed,
        },
        Result::Error(_) => &mut response.failed,
    }
}
