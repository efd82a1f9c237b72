//! `report withdraw`: withdraws one report, or all reports of an import or of a reporter.

use clap::Args;

use crate::cli::confirm::{AtTerminal, Confirm};
use crate::cli::connect::{self, Connection, Remote};
use crate::cli::error::CliError;
use crate::cli::output;
use crate::cli::shared::InRegion;
use crate::wire::v1::principal_service_client::PrincipalServiceClient;
use crate::wire::v1::report_service_client::ReportServiceClient;
use crate::wire::v1::withdraw_reports_request::Selector;
use crate::wire::v1::{GetCallerRequest, Role, WithdrawReportRequest, WithdrawReportsRequest, WithdrawReportsResponse};

/// Arguments of `report withdraw`.
#[derive(Args, Debug)]
pub(super) struct WithdrawArgs {
    /// Number of the report, in any usual notation
    #[arg(required_unless_present_any = ["import", "reporter"], conflicts_with_all = ["import", "reporter", "dry_run"], requires = "id")]
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
    /// Principal that sends the reports of this reporter [default: the one of the key in use]
    #[arg(long, value_name = "ID", requires = "reporter")]
    reporter_principal: Option<String>,
    /// Reason; the change log keeps it, for the last 1,024 changes of the number's shard
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Id of this request; it is safe to repeat a request with the same id [default: random]
    #[arg(long, value_name = "ID", conflicts_with = "number")]
    request_id: Option<String>,
    /// Remember an id that is not known: if the report arrives later, it does not count
    #[arg(long, conflicts_with_all = ["import", "reporter"])]
    tombstone: bool,
    #[command(flatten)]
    confirm: Confirm,
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
                withdraw_unknown: args.tombstone,
            };
            return one(request, &args.remote).await;
        }
    };
    let request = WithdrawReportsRequest {
        selector: Some(selector),
        request_id: connect::request_id(args.request_id)?,
        reason: args.reason.unwrap_or_default(),
        dry_run: false,
        reporter_principal_id: args.reporter_principal.unwrap_or_default(),
    };
    many(request, args.confirm, &args.remote).await
}

async fn one(request: WithdrawReportRequest, remote: &Remote) -> Result<(), CliError> {
    let connection = remote.connect().await?;
    let client = ReportServiceClient::new(connection.clone());
    let answer = connect::change_named("the report id", &request.report_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.withdraw_report(request).await }
    })
    .await?;
    if remote.json {
        output::json(&answer)?;
    }
    match (answer.was_known, request.withdraw_unknown) {
        (false, false) => Err(CliError::NoSuchReport {
            may_list: may_list(connection).await,
        }),
        (_, _) if remote.json => Ok(()),
        (true, _) => output::line("withdrawn"),
        (false, true) => output::line("no report has this id; if it arrives later, it will not count"),
    }
}

/// Whether the caller may list the reports of a number, so that an error names a command that works. If the server does not
/// say, it may not.
async fn may_list(connection: Connection) -> bool {
    let asked = PrincipalServiceClient::new(connection)
        .get_caller(GetCallerRequest {})
        .await;
    asked.is_ok_and(|caller| {
        let caller = caller.into_inner();
        caller.open || caller.roles().any(|role| matches!(role, Role::Analyst | Role::Admin))
    })
}

async fn many(request: WithdrawReportsRequest, confirm: Confirm, remote: &Remote) -> Result<(), CliError> {
    let client = ReportServiceClient::new(remote.connect().await?);
    let of_import = matches!(request.selector, Some(Selector::ImportId(_)));
    if !confirm.yes {
        let request = WithdrawReportsRequest {
            dry_run: true,
            ..request.clone()
        };
        let foreseen = client.clone().withdraw_reports(request).await?.into_inner();
        if remote.json && (confirm.dry_run || !foreseen.was_known) {
            output::json(&foreseen)?;
        }
        check_known(&foreseen, of_import)?;
        let all = figures(&foreseen);
        if confirm.dry_run && remote.json {
            return Ok(());
        }
        if confirm.dry_run {
            return output::line(format!("{all} would be withdrawn"));
        }
        if foreseen.reports > 0 {
            let what = format!("this withdraws {all}, which count again only if they are sent with a higher revision");
            confirm.check(&what, &mut AtTerminal)?;
        }
    }
    let answer = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.withdraw_reports(request).await }
    })
    .await?;
    if remote.json {
        output::json(&answer)?;
        return check_known(&answer, of_import);
    }
    check_known(&answer, of_import)?;
    let before = if answer.reports == 0 {
        ": all of them were withdrawn before"
    } else {
        ""
    };
    output::line(format!("{} withdrawn{before}", figures(&answer)))
}

/// # Errors
/// If the store has no report of the import or the reporter.
fn check_known(answer: &WithdrawReportsResponse, of_import: bool) -> Result<(), CliError> {
    match (answer.was_known, of_import) {
        (true, _) => Ok(()),
        (false, true) => Err(CliError::NoSuchImport {
            similar: answer.similar_import_ids.clone(),
        }),
        (false, false) => Err(CliError::NoSuchReporter),
    }
}

fn figures(withdrawn: &WithdrawReportsResponse) -> String {
    let reports = output::counted(withdrawn.reports.into(), "report");
    let numbers = output::counted(withdrawn.numbers.into(), "number");
    format!("{reports} on {numbers}")
}
