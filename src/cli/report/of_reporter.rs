//! `report by`: lists the reports of one reporter.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::connect::Remote;
use crate::cli::error::CliError;
use crate::cli::names::name_of;
use crate::cli::paging::{self, Columns, Paging};
use crate::cli::{output, time};
use crate::wire::v1::report_service_client::ReportServiceClient;
use crate::wire::v1::{Category, CommentModeration, ListReporterReportsRequest, ReportState, StoredReport};

/// Maximum size of a page of 1,000 reports with comments, in bytes.
const PAGE_BYTES_MAX: usize = 32 * 1_024 * 1_024;

/// Arguments of `report by`.
#[derive(Args, Debug)]
pub(super) struct ByArgs {
    /// Name of the reporter, as it was given with the reports
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    reporter: String,
    /// Principal that sends the reports of this reporter [default: the one of the key in use]
    #[arg(long, value_name = "ID")]
    reporter_principal: Option<String>,
    /// List withdrawn reports, too
    #[arg(long)]
    withdrawn: bool,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: ByArgs) -> Result<(), CliError> {
    let mut client = ReportServiceClient::new(args.remote.connect().await?).max_decoding_message_size(PAGE_BYTES_MAX);
    let ask = async |page_size, page_token| {
        let request = ListReporterReportsRequest {
            reporter_id: args.reporter.clone(),
            page_size,
            page_token,
            include_withdrawn: args.withdrawn,
            reporter_principal_id: args.reporter_principal.clone().unwrap_or_default(),
        };
        Ok(client.list_reporter_reports(request).await?.into_inner())
    };
    let listed = args.paging.collect(ask).await?;
    args.paging
        .print(args.remote.json, &listed, ("reports", COLUMNS), table)
}

/// The columns of reports in CSV.
const COLUMNS: Columns<StoredReport> = &[
    ("report_id", |report| paging::free_text(&report.report_id)),
    ("number", |report| report.e164.clone()),
    ("occurred_at", |report| paging::time(report.occurred_at)),
    ("received_at", |report| paging::time(report.received_at)),
    ("category", |report| name_of::<Category>(report.category)),
    ("not_spam", |report| report.not_spam.to_string()),
    ("state", |report| name_of::<ReportState>(report.state)),
    ("brand", |report| paging::free_text(&report.impersonated_brand)),
    ("revision", |report| report.revision.to_string()),
    ("comment", |report| paging::free_text(&report.comment)),
    ("comment_moderation", moderation),
];

fn table(reports: &[StoredReport]) -> comfy_table::Table {
    let mut table = output::new_table([
        "called (UTC)",
        "number",
        "category",
        "state",
        "brand",
        "report",
        "revision",
        "comment",
        "comment is",
    ]);
    for report in reports {
        let category = match name_of::<Category>(report.category) {
            _ if report.not_spam => "NOT SPAM".to_owned(),
            name => name,
        };
        table.add_row([
            output::text(time::column(report.occurred_at)),
            output::text(&report.e164),
            output::text(category),
            output::text(name_of::<ReportState>(report.state)),
            output::text(&report.impersonated_brand),
            output::text(&report.report_id),
            output::figure(report.revision),
            output::text(&report.comment),
            output::text(moderation(report)),
        ]);
    }
    table
}

/// What a moderator decided about the comment of a report; empty if there is no comment.
pub(super) fn moderation(report: &StoredReport) -> String {
    name_of::<CommentModeration>(report.comment_moderation)
}
