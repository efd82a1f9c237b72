//! `report list`: lists the reports on a number.

use clap::Args;

use super::of_reporter::moderation;
use crate::cli::connect::Remote;
use crate::cli::error::CliError;
use crate::cli::names::name_of;
use crate::cli::paging::{self, Columns, Paging};
use crate::cli::shared::InRegion;
use crate::cli::{output, time};
use crate::wire::v1::report_service_client::ReportServiceClient;
use crate::wire::v1::{Category, ListReportsRequest, ReportState, Source, StoredReport};

/// Maximum size of a page of 1,000 reports with comments, in bytes.
const PAGE_BYTES_MAX: usize = 32 * 1_024 * 1_024;

/// Arguments of `report list`.
#[derive(Args, Debug)]
pub(super) struct ReportListArgs {
    /// Number, in any usual notation
    number: String,
    /// List withdrawn reports, too
    #[arg(long)]
    withdrawn: bool,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: ReportListArgs) -> Result<(), CliError> {
    let mut client = ReportServiceClient::new(args.remote.connect().await?).max_decoding_message_size(PAGE_BYTES_MAX);
    let ask = async |page_size, page_token| {
        let request = ListReportsRequest {
            number: args.number.clone(),
            default_region: args.region.for_wire(),
            page_size,
            page_token,
            include_withdrawn: args.withdrawn,
        };
        Ok(client.list_reports(request).await?.into_inner())
    };
    let listed = args.paging.collect(ask).await?;
    args.paging
        .print(args.remote.json, &listed, ("reports", COLUMNS), table)
}

/// The columns of reports in CSV.
const COLUMNS: Columns<StoredReport> = &[
    ("report_id", |report| paging::free_text(&report.report_id)),
    ("occurred_at", |report| paging::time(report.occurred_at)),
    ("received_at", |report| paging::time(report.received_at)),
    ("category", |report| name_of::<Category>(report.category)),
    ("not_spam", |report| report.not_spam.to_string()),
    ("source", |report| name_of::<Source>(report.source)),
    ("state", |report| name_of::<ReportState>(report.state)),
    ("weight", |report| report.weight.to_string()),
    ("area", |report| report.reporter_area.clone()),
    ("brand", |report| paging::free_text(&report.impersonated_brand)),
    ("feed", |report| report.feed.clone()),
    ("comment", |report| paging::free_text(&report.comment)),
];

/// A table of reports, latest call first.
pub(in crate::cli) fn table(reports: &[StoredReport]) -> comfy_table::Table {
    let mut table = output::new_table([
        "called (UTC)",
        "category",
        "source",
        "state",
        "weight",
        "area",
        "brand",
        "feed",
        "report",
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
            output::text(category),
            output::text(name_of::<Source>(report.source)),
            output::text(name_of::<ReportState>(report.state)),
            output::figure(format!("{:.2}", report.weight)),
            output::text(&report.reporter_area),
            output::text(&report.impersonated_brand),
            output::text(&report.feed),
            output::text(&report.report_id),
            output::text(&report.comment),
            output::text(moderation(report)),
        ]);
    }
    table
}
