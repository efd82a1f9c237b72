//! `number erase`: removes everything that is stored of a number.

use clap::Args;

use crate::cli::confirm::{AtTerminal, Confirm};
use crate::cli::connect::{self, Remote};
use crate::cli::error::CliError;
use crate::cli::names;
use crate::cli::output;
use crate::cli::shared::{Change, InRegion};
use crate::wire::v1::number_service_client::NumberServiceClient;
use crate::wire::v1::{EraseNumberRequest, EraseNumberResponse, StatusKind};

/// Arguments of `number erase`.
#[derive(Args, Debug)]
pub(super) struct EraseArgs {
    /// Number, in any usual notation
    number: String,
    /// Reason; the audit event keeps it, without the number
    #[arg(long, value_name = "TEXT", required_if_eq("override_case", "true"))]
    reason: Option<String>,
    /// Erase the number though it is linked to an open case, or has the status PROTECTED or BLOCKED; the audit event says so
    #[arg(long)]
    override_case: bool,
    /// Erase only if the record of the number has this version [default: any version]
    #[arg(long, value_name = "VERSION")]
    expected_version: Option<u64>,
    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: EraseArgs) -> Result<(), CliError> {
    let client = NumberServiceClient::new(args.remote.connect().await?);
    let request = EraseNumberRequest {
        number: args.number,
        default_region: args.region.for_wire(),
        reason: args.reason.unwrap_or_default(),
        override_open_case: args.override_case,
        actor: args.change.actor(),
        request_id: connect::request_id(args.change.request_id)?,
        expected_version: args.expected_version,
        dry_run: false,
    };
    if !args.confirm.yes {
        let request = EraseNumberRequest {
            dry_run: true,
            ..request.clone()
        };
        let foreseen = client.clone().erase_number(request).await?.into_inner();
        if args.confirm.dry_run {
            print(&foreseen, args.remote.json, "all this would be erased")?;
            return output::note("this was a dry run: nothing was changed");
        }
        let reports = output::counted(foreseen.reports.into(), "report");
        let what = format!(
            "this erases {} with {reports} and all else that is stored of it; nothing can be restored",
            foreseen.e164
        );
        args.confirm.check(&what, &mut AtTerminal)?;
    }
    let answer = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.erase_number(request).await }
    })
    .await?;
    print(&answer, args.remote.json, "all this is erased")
}

fn print(answer: &EraseNumberResponse, json: bool, happened: &str) -> Result<(), CliError> {
    if json {
        return output::json(answer);
    }
    let mut card = output::card();
    output::add(&mut card, "number", &answer.e164);
    for (what, count) in [
        ("reports", answer.reports),
        ("comments", answer.comments),
        ("notes", answer.notes),
        ("statuses", answer.statuses),
        ("links to cases", answer.links),
        ("call-back mentions", answer.mentions),
        ("audit events", answer.audit_events),
    ] {
        output::add(&mut card, what, output::grouped(count.into()));
    }
    output::show(&card)?;
    output::note(happened)?;
    if !answer.open_case_ids.is_empty() {
        let cases = answer.open_case_ids.join(", ");
        output::note(format!(
            "open cases, so it needs --override-case: {}",
            output::clean(&cases)
        ))?;
    }
    if !answer.guarding_statuses.is_empty() {
        let kinds = answer
            .guarding_statuses
            .iter()
            .map(|kind| names::name_of::<StatusKind>(*kind));
        let kinds = kinds.collect::<Vec<_>>().join(" and ");
        output::note(format!("it is {kinds}, so it needs --override-case"))?;
    }
    if !answer.list_ids.is_empty() {
        let lists = answer.list_ids.join(", ");
        output::note(format!(
            "these lists still name it, until you replace them: {}",
            output::clean(&lists)
        ))?;
    }
    Ok(())
}
