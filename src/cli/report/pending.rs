//! `report pending`: lists the comments that wait for a moderator, of all numbers.

use clap::Args;

use crate::cli::connect::Remote;
use crate::cli::error::CliError;
use crate::cli::names::name_of;
use crate::cli::paging::{self, Columns, Paging};
use crate::cli::{output, time};
use crate::wire::v1::report_service_client::ReportServiceClient;
use crate::wire::v1::{Category, ListPendingCommentsRequest, StoredReport};

/// Maximum size of a page of 1,000 reports with comments, in bytes.
const PAGE_BYTES_MAX: usize = 32 * 1_024 * 1_024;

/// Arguments of `report pending`.
#[derive(Args, Debug)]
pub(super) struct PendingArgs {
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: PendingArgs) -> Result<(), CliError> {
    let mut client = ReportServiceClient::new(args.remote.connect().await?).max_decoding_message_size(PAGE_BYTES_MAX);
    let ask = async |page_size, page_token| {
        let request = ListPendingCommentsRequest { page_size, page_token };
        Ok(client.list_pending_comments(request).await?.into_inner())
    };
    let listed = args.paging.collect(ask).await?;
    args.paging
        .print(args.remote.json, &listed, ("comments", COLUMNS), table)
}

/// The columns of comments in CSV.
const COLUMNS: Columns<StoredReport> = &[
    ("number", |report| report.e164.clone()),
    ("report_id", |report| paging::free_text(&report.report_id)),
    ("received_at", |report| paging::time(report.received_at)),
    ("category", |report| name_of::<Category>(report.category)),
    ("language", |report| paging::free_text(&report.comment_language)),
    ("comment", |report| paging::free_text(&report.comment)),
];

fn table(reports: &[StoredReport]) -> comfy_table::Table {
    let mut table = output::new_table(["received (UTC)", "number", "report", "category", "language", "comment"]);
    for report in reports {
        table.add_row([
            output::text(time::column(report.received_at)),
            output::text(&report.e164),
            output::text(&report.report_id),
            output::text(name_of::<Category>(report.category)),
            output::text(&report.comment_language),
            output::text(&report.comment),
        ]);
    }
    table
}
