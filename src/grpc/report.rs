//! Reports in, reports out, and back again. The service counts reports itself.

use tonic::{Request, Response, Status, Streaming};

use super::convert::{check_batch, report as convert};
use super::{Api, error, respond};
use crate::domain::actor::Actor;
use crate::metrics::Mutation;
use crate::service::{MAX_BATCH_REPORTS, ServiceError};
use crate::wire::v1;
use crate::wire::v1::report_service_server::ReportService;

#[tonic::async_trait]
impl ReportService for Api {
    async fn submit_report(
        &self,
        request: Request<v1::SubmitReportRequest>,
    ) -> Result<Response<v1::SubmitReportResponse>, Status> {
        respond(self.submit(request.into_inner()).await)
    }

    async fn batch_submit_reports(
        &self,
        request: Request<v1::BatchSubmitReportsRequest>,
    ) -> Result<Response<v1::BatchSubmitReportsResponse>, Status> {
        respond(self.submit_all(request.into_inner().reports).await)
    }

    async fn submit_call_outcomes(
        &self,
        request: Request<Streaming<v1::CallOutcome>>,
    ) -> Result<Response<v1::SubmitCallOutcomesResponse>, Status> {
        self.count_outcomes(request.into_inner()).await.map(Response::new)
    }

    async fn withdraw_report(
        &self,
        request: Request<v1::WithdrawReportRequest>,
    ) -> Result<Response<v1::WithdrawReportResponse>, Status> {
        self.mutate(Mutation::WithdrawReport, async {
            let service = self.ready()?;
            let what = convert::one_withdrawal(request.into_inner())?;
            let outcome = service
                .withdraw(&what.number, what.default_region, &what.report_id)
                .await?;
            let was_known = outcome.was_known;
            Ok(v1::WithdrawReportResponse { was_known })
        })
        .await
    }

    async fn withdraw_reports(
        &self,
        request: Request<v1::WithdrawReportsRequest>,
    ) -> Result<Response<v1::WithdrawReportsResponse>, Status> {
        self.mutate(Mutation::WithdrawReports, async {
            let service = self.ready()?;
            let (what, request_id) = convert::bulk_withdrawal(request.into_inner(), |name| service.reporter(name))?;
            let who = (&Actor::reporters(), request_id.as_str());
            let taken = service.withdraw_all(&what, who).await?;
            Ok(v1::WithdrawReportsResponse {
                numbers: taken.numbers,
                reports: taken.reports,
            })
        })
        .await
    }

    async fn list_reports(
        &self,
        request: Request<v1::ListReportsRequest>,
    ) -> Result<Response<v1::ListReportsResponse>, Status> {
        respond(self.list_reports_of(request.into_inner()).await)
    }
}

impl Api {
    async fn submit(&self, request: v1::SubmitReportRequest) -> Result<v1::SubmitReportResponse, ServiceError> {
        let service = self.ready()?;
        let report = request
            .report
            .ok_or_else(|| ServiceError::field("report", "must be set"))?;
        let in_report = |fault| error::within("report", fault);
        // A report that cannot be read goes to the service too, which counts it.
        let report = convert::new_report(report);
        let mut outcomes = service.submit_all(vec![report]).await;
        let outcome = outcomes.pop().unwrap_or(Err(ServiceError::Internal));
        outcome.map(|outcome| convert::outcome(&outcome)).map_err(in_report)
    }

    async fn submit_all(&self, reports: Vec<v1::Report>) -> Result<v1::BatchSubmitReportsResponse, ServiceError> {
        let service = self.ready()?;
        check_batch("reports", reports.len(), MAX_BATCH_REPORTS)?;
        let reports = reports.into_iter().map(convert::new_report).collect();
        let outcomes = service.submit_all(reports).await;
        let mut response = v1::BatchSubmitReportsResponse::default();
        for (place, outcome) in outcomes.into_iter().enumerate() {
            use v1::batch_submit_result::Result;
            let result = match outcome {
                Ok(outcome) => Result::Response(convert::outcome(&outcome)),
                Err(fault) => Result::Error(error::item(&error::within(&format!("reports[{place}]"), fault))),
            };
            *count_of(&mut response, &result) += 1;
            response.results.push(v1::BatchSubmitResult { result: Some(result) });
        }
        Ok(response)
    }

    async fn list_reports_of(&self, request: v1::ListReportsRequest) -> Result<v1::ListReportsResponse, ServiceError> {
        let service = self.ready()?;
        let wanted = convert::reports_of(request)?;
        let list = service
            .list_reports(
                &wanted.number,
                wanted.default_region,
                wanted.include_withdrawn,
                &wanted.page,
            )
            .await?;
        Ok(convert::list(&list))
    }
}

/// Where in the answer to a batch a result is counted.
fn count_of<'a>(
    response: &'a mut v1::BatchSubmitReportsResponse,
    result: &v1::batch_submit_result::Result,
) -> &'a mut u32 {
    use v1::batch_submit_result::Result;
    match result {
        Result::Response(kept) => match kept.outcome() {
            v1::SubmitOutcome::Accepted => &mut response.accepted,
            v1::SubmitOutcome::AlreadyKnown => &mut response.already_known,
            v1::SubmitOutcome::Withdrawn => &mut response.withdrawn,
            v1::SubmitOutcome::BeforeReset => &mut response.before_reset,
            v1::SubmitOutcome::Unspecified => &mut response.failed,
        },
        Result::Error(_) => &mut response.failed,
    }
}
