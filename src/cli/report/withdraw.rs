//! `report withdraw`: withdraws one report, or all reports of an import or of a reporter.

use clap::Args;

use crate::cli::connect::{self, Remote};
use crate::cli::error::CliError;
use crate::cli::output;
use crate::cli::shared::InRegion;
use crate::wire::v1::report_service_client::ReportServiceClient;
use crate::wire::v1::withdraw_reports_request::Selector;
use crate::wire::v1::{WithdrawReportRequest, WithdrawReportsRequest};

/// Arguments of `report withdraw`.
#[derive(Args, Debug)]
pub(super) struct WithdrawArgs {
    /// Number of the report, in any usual notation
    #[arg(required_unless_present_any = ["import", "reporter"], conflicts_with_all = ["import", "reporter"], requires = "id")]
    number: Option<String>,
    /// Id of the report
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// Withdraw every report of this import
    #[arg(long, value_name = "ID", conflicts_with = "reporter")]
    import: Option<String>,
    /// Withdraw every report of this reporter
    #[arg(long, value_name = "NAME")]
    reporter: Option<String>,
    /// Reason; the change log keeps it, for the last 1,024 changes of the number's shard
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Id of this request; it is safe to repeat a request with the same id [default: random]
    #[arg(long, value_name = "ID", conflicts_with = "number")]
    request_id: Option<String>,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: WithdrawArgs) -> Result<(), CliError> {
    let selector = match (args.import, args.reporter) {
        (Some(import), _) => Selector::ImportId(import),
        (None, Some(reporter)) => Selector::ReporterId(reporter),
        (None, None) => {
            let request = WithdrawReportRequest {
                number: args.number.unwrap_or_default(),
                default_region: args.region.for_wire(),
                report_id: args.id.unwrap_or_default(),
                reason: args.reason.unwrap_or_default(),
            };
            return one(request, &args.remote).await;
        }
    };
    let request = WithdrawReportsRequest {
        selector: Some(selector),
        request_id: connect::request_id(args.request_id)?,
        reason: args.reason.unwrap_or_default(),
    };
    many(request, &args.remote).await
}

async fn one(request: WithdrawReportRequest, remote: &Remote) -> Result<(), CliError> {
    let client = ReportServiceClient::new(remote.connect().await?);
    let answer = connect::change_named("the report id", &request.report_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.withdraw_report(request).await }
    })
    .await?;
    if remote.json {
        return output::json(&answer);
    }
    output::line(if answer.was_known {
        "withdrawn"
    } else {
        "no report has this id; if it arrives later, it will not count"
    })
}

async fn many(request: WithdrawReportsRequest, remote: &Remote) -> Result<(), CliError> {
    let client = ReportServiceClient::new(remote.connect().await?);
    let answer = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.withdraw_reports(request).await }
    })
    .await?;
    if remote.json {
        return output::json(&answer);
    }
    let (reports, numbers) = (
        output::grouped(answer.reports.into()),
        output::grouped(answer.numbers.into()),
    );
    output::line(format!("{reports} reports on {numbers} numbers withdrawn"))
}
