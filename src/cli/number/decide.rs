//! `number set-status`, `clear-status` and `reset`: decisions of analysts on a number.

use crate::wire::Timestamp;
use clap::Args;
use pbjson_types::Duration;

use super::show::statuses_table;
use crate::cli::confirm::{AtTerminal, Confirm};
use crate::cli::connect::{self, Remote};
use crate::cli::error::CliError;
use crate::cli::names;
use crate::cli::shared::{Change, InRegion};
use crate::cli::{output, time};
use crate::wire::v1::clear_number_status_request::Target;
use crate::wire::v1::number_service_client::NumberServiceClient;
use crate::wire::v1::{
    ClearNumberStatusRequest, NumberStatus, ResetNumberRequest, ResetNumberResponse, SetNumberStatusRequest,
    SetNumberStatusResponse, StatusKind,
};

/// The number, and the arguments that all decisions share.
#[derive(Args, Debug)]
struct NumberDecisionArgs {
    /// Number, in any usual notation
    number: String,
    /// Reason; the change log keeps it, for the last 1,024 changes of the number's shard
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Make the change only if the record of the number has this version [default: any version]
    #[arg(long, value_name = "VERSION")]
    expected_version: Option<u64>,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    remote: Remote,
}

/// Arguments of `number set-status`.
#[derive(Args, Debug)]
pub(super) struct SetStatusArgs {
    #[command(flatten)]
    decision: NumberDecisionArgs,
    /// Status to set
    #[arg(value_parser = names::parser::<StatusKind>())]
    kind: StatusKind,
    /// Time at which the status ends; ALLOWED needs it, or --for [default: never]
    #[arg(long, value_name = "TIME", value_parser = time::parse, conflicts_with = "valid_for")]
    expires_at: Option<Timestamp>,
    /// Time for which the status holds, such as 12h, 30d or 8w
    #[arg(long = "for", value_name = "SPAN", value_parser = time::span)]
    valid_for: Option<Duration>,
    #[command(flatten)]
    confirm: Confirm,
}

/// Arguments of `number clear-status`.
#[derive(Args, Debug)]
pub(super) struct ClearStatusArgs {
    #[command(flatten)]
    decision: NumberDecisionArgs,
    /// Status to clear
    #[arg(value_parser = names::parser::<StatusKind>(), required_unless_present = "all", conflicts_with = "all")]
    kind: Option<StatusKind>,
    /// Clear every status
    #[arg(long)]
    all: bool,
}

/// Arguments of `number reset`.
#[derive(Args, Debug)]
pub(super) struct ResetArgs {
    #[command(flatten)]
    decision: NumberDecisionArgs,
    /// Delete reports on calls before this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    before: Option<Timestamp>,
    #[command(flatten)]
    confirm: Confirm,
}

pub(super) async fn set_status(args: SetStatusArgs) -> Result<(), CliError> {
    let decision = args.decision;
    let client = NumberServiceClient::new(decision.remote.connect().await?);
    let request = SetNumberStatusRequest {
        default_region: decision.region.for_wire(),
        actor: decision.change.actor(),
        request_id: connect::request_id(decision.change.request_id)?,
        number: decision.number,
        kind: args.kind.into(),
        reason: decision.reason.unwrap_or_default(),
        expires_at: args.expires_at,
        valid_for: args.valid_for,
        expected_version: decision.expected_version,
        dry_run: false,
    };
    let confirm = args.confirm;
    if confirm.dry_run || !confirm.yes && args.kind == StatusKind::Reassigned {
        let request = SetNumberStatusRequest {
            dry_run: true,
            ..request.clone()
        };
        let foreseen = client.clone().set_number_status(request).await?.into_inner();
        if confirm.dry_run {
            print_status(&foreseen, decision.remote.json, "would be deleted")?;
            return output::note("this was a dry run: nothing was changed");
        }
        ask(confirm, foreseen.reports_dropped, &foreseen.e164)?;
    }
    let answer = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.set_number_status(request).await }
    })
    .await?;
    print_status(&answer, decision.remote.json, "were deleted")
}

pub(super) async fn clear_status(args: ClearStatusArgs) -> Result<(), CliError> {
    let decision = args.decision;
    let client = NumberServiceClient::new(decision.remote.connect().await?);
    let target = match args.kind {
        Some(kind) => Target::Kind(kind.into()),
        None => Target::All(args.all),
    };
    let request = ClearNumberStatusRequest {
        default_region: decision.region.for_wire(),
        actor: decision.change.actor(),
        request_id: connect::request_id(decision.change.request_id)?,
        number: decision.number,
        target: Some(target),
        reason: decision.reason.unwrap_or_default(),
        expected_version: decision.expected_version,
    };
    let answer = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.clear_number_status(request).await }
    })
    .await?;
    if decision.remote.json {
        return output::json(&answer);
    }
    print(&answer.e164, answer.version, &answer.statuses)
}

pub(super) async fn reset(args: ResetArgs) -> Result<(), CliError> {
    let decision = args.decision;
    let client = NumberServiceClient::new(decision.remote.connect().await?);
    let request = ResetNumberRequest {
        default_region: decision.region.for_wire(),
        actor: decision.change.actor(),
        request_id: connect::request_id(decision.change.request_id)?,
        number: decision.number,
        before: args.before,
        reason: decision.reason.unwrap_or_default(),
        expected_version: decision.expected_version,
        dry_run: false,
    };
    let confirm = args.confirm;
    if !confirm.yes {
        let request = ResetNumberRequest {
            dry_run: true,
            ..request.clone()
        };
        let foreseen = client.clone().reset_number(request).await?.into_inner();
        if confirm.dry_run {
            print_reset(&foreseen, decision.remote.json, "reports to delete")?;
            return output::note("this was a dry run: nothing was changed");
        }
        ask(confirm, foreseen.reports_dropped, &foreseen.e164)?;
    }
    let answer = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.reset_number(request).await }
    })
    .await?;
    print_reset(&answer, decision.remote.json, "reports deleted")
}

/// Asks before reports are deleted, if there are any.
fn ask(confirm: Confirm, reports: u32, e164: &str) -> Result<(), CliError> {
    if reports == 0 {
        return Ok(());
    }
    let reports = output::counted(reports.into(), "report");
    let what = format!("this deletes {reports} on {e164}, which cannot be restored");
    confirm.check(&what, &mut AtTerminal)
}

fn print_reset(answer: &ResetNumberResponse, json: bool, deleted: &str) -> Result<(), CliError> {
    if json {
        return output::json(answer);
    }
    let mut card = output::card();
    output::add(&mut card, "number", &answer.e164);
    output::add(&mut card, deleted, output::grouped(answer.reports_dropped.into()));
    output::add(&mut card, "version", answer.version);
    output::show(&card)
}

/// Prints a number whose status was set, or would be set. `happened` says what happened to its reports.
fn print_status(answer: &SetNumberStatusResponse, json: bool, happened: &str) -> Result<(), CliError> {
    if json {
        return output::json(answer);
    }
    print(&answer.e164, answer.version, &answer.statuses)?;
    if answer.reports_dropped > 0 {
        let reports = output::counted(answer.reports_dropped.into(), "report");
        output::note(format!("{reports} {happened}"))?;
    }
    if answer.warning.is_empty() {
        return Ok(());
    }
    output::note(format!("warning: {}", output::clean(&answer.warning)))
}

fn print(e164: &str, version: u64, statuses: &[NumberStatus]) -> Result<(), CliError> {
    output::line(format!("{e164}, version {version}"))?;
    output::table(&statuses_table(statuses), "no status applies")
}
