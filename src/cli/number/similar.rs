//! `number similar`: lists numbers that may belong to the same callers.

use clap::Args;
use comfy_table::Table;

use crate::cli::connect::Remote;
use crate::cli::error::CliError;
use crate::cli::names::name_of;
use crate::cli::paging::{self, Columns, Paging};
use crate::cli::shared::InRegion;
use crate::cli::{output, time};
use crate::wire::v1::number_service_client::NumberServiceClient;
use crate::wire::v1::{ListSimilarNumbersRequest, NumberRow, RiskLevel, SimilarNumber, SimilarityKind};

/// Arguments of `number similar`.
#[derive(Args, Debug)]
pub(super) struct NumberSimilarArgs {
    /// Number, in any usual notation
    number: String,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: NumberSimilarArgs) -> Result<(), CliError> {
    let mut client = NumberServiceClient::new(args.remote.connect().await?);
    let ask = async |page_size, page_token| {
        let request = ListSimilarNumbersRequest {
            number: args.number.clone(),
            default_region: args.region.for_wire(),
            page_size,
            page_token,
        };
        Ok(client.list_similar_numbers(request).await?.into_inner())
    };
    let listed = args.paging.collect(ask).await?;
    args.paging
        .print(args.remote.json, &listed, ("similar numbers", COLUMNS), table)
}

/// The columns of similar numbers in CSV.
const COLUMNS: Columns<SimilarNumber> = &[
    ("number", |similar| row(similar).e164),
    ("score", |similar| {
        row(similar)
            .risk_score
            .map_or_else(String::new, |score| format!("{score:.1}"))
    }),
    ("level", |similar| name_of::<RiskLevel>(row(similar).risk_level)),
    ("reports", |similar| row(similar).report_count.to_string()),
    ("last_reported", |similar| paging::time(row(similar).last_reported)),
    ("kinds", |similar| {
        let kinds = similar.similarities.iter().map(|of| name_of::<SimilarityKind>(of.kind));
        kinds.collect::<Vec<_>>().join(" ")
    }),
    ("why", |similar| paging::free_text(&why(similar))),
];

fn table(numbers: &[SimilarNumber]) -> Table {
    let mut table = output::new_table(["number", "score", "level", "reports", "last (UTC)", "why"]);
    for similar in numbers {
        let row = row(similar);
        table.add_row([
            output::text(&row.e164),
            output::score(row.risk_score),
            output::by_level(name_of::<RiskLevel>(row.risk_level), row.risk_level()),
            output::figure(output::grouped(row.report_count.into())),
            output::text(time::column(row.last_reported)),
            output::text(why(similar)),
        ]);
    }
    table
}

fn row(similar: &SimilarNumber) -> NumberRow {
    similar.number.clone().unwrap_or_default()
}

/// The reasons, strongest first.
fn why(similar: &SimilarNumber) -> String {
    let details: Vec<&str> = similar.similarities.iter().map(|of| of.detail.as_str()).collect();
    details.join("; ")
}
