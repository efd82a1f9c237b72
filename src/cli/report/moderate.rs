//! `report moderate`: decides whether others may read the comment of a report.

use clap::Args;

use crate::cli::connect::{self, Remote};
use crate::cli::error::CliError;
use crate::cli::names::{self, name_of};
use crate::cli::output;
use crate::cli::shared::{Change, InRegion};
use crate::wire::v1::report_service_client::ReportServiceClient;
use crate::wire::v1::{CommentModeration, ModerateCommentRequest};

/// Arguments of `report moderate`.
#[derive(Args, Debug)]
pub(super) struct ModerateArgs {
    /// Number of the report, in any usual notation
    number: String,
    /// Id of the report
    #[arg(value_name = "ID")]
    id: String,
    /// Decision: only an APPROVED comment is shown to other tenants
    #[arg(value_parser = names::parser::<CommentModeration>())]
    decision: CommentModeration,
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

pub(super) async fn run(args: ModerateArgs) -> Result<(), CliError> {
    let client = ReportServiceClient::new(args.remote.connect().await?);
    let request = ModerateCommentRequest {
        default_region: args.region.for_wire(),
        number: args.number,
        report_id: args.id,
        moderation: args.decision.into(),
        reason: args.reason.unwrap_or_default(),
        actor: args.change.actor(),
        request_id: connect::request_id(args.change.request_id)?,
        expected_version: args.expected_version,
    };
    let answer = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.moderate_comment(request).await }
    })
    .await?;
    if args.remote.json {
        return output::json(&answer);
    }
    let mut card = output::card();
    output::add(&mut card, "number", &answer.e164);
    output::add(&mut card, "report", &answer.report_id);
    output::add(&mut card, "comment", name_of::<CommentModeration>(answer.moderation));
    output::add(&mut card, "version", answer.version);
    output::line(card.trim_fmt())
}
