//! `number list`: lists numbers that have a record.

use clap::Args;
use comfy_table::Table;

use crate::cli::connect::Remote;
use crate::cli::error::CliError;
use crate::cli::names::{self, name_of};
use crate::cli::paging::{self, Columns, Paging};
use crate::cli::shared;
use crate::cli::{output, time};
use crate::number::Region;
use crate::wire::v1::number_service_client::NumberServiceClient;
use crate::wire::v1::{Category, ListNumbersRequest, NumberRow, NumberSort, RiskLevel, Source, StatusKind};

/// Arguments of `number list`. A number must match all given filters.
#[derive(Args, Debug)]
pub(super) struct NumberListArgs {
    /// Only numbers that begin with these digits, including the country code: an area, a range
    #[arg(long, value_name = "DIGITS", visible_alias = "area")]
    prefix: Option<String>,
    /// Only numbers that contain these digits, 4 to 15
    #[arg(long, value_name = "DIGITS")]
    digits: Option<String>,
    /// Only numbers of this region, such as US
    #[arg(long, value_name = "XX", value_parser = shared::region)]
    region: Option<Region>,
    /// Only numbers of this category
    #[arg(long, value_parser = names::parser::<Category>())]
    category: Option<Category>,
    /// Only numbers whose callers impersonate this brand
    #[arg(long, value_name = "NAME")]
    brand: Option<String>,
    /// Only numbers with a report of this source
    #[arg(long, value_parser = names::parser::<Source>())]
    source: Option<Source>,
    /// Only numbers with this status
    #[arg(long, value_parser = names::parser::<StatusKind>())]
    status: Option<StatusKind>,
    /// Only numbers linked to this case
    #[arg(long, value_name = "ID")]
    case: Option<String>,
    /// Only numbers with this score or a higher one, 0 to 100
    #[arg(long, value_name = "SCORE", value_parser = shared::score)]
    min_score: Option<f64>,
    /// Only numbers with this score or a lower one, 0 to 100
    #[arg(long, value_name = "SCORE", value_parser = shared::score)]
    max_score: Option<f64>,
    /// Only numbers with this text in the comment of a report
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// Order: the highest, latest or most come first
    #[arg(long, default_value = "LAST_REPORTED", value_parser = names::parser::<NumberSort>())]
    sort: NumberSort,
    /// The lowest, earliest or fewest come first
    #[arg(long)]
    ascending: bool,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: NumberListArgs) -> Result<(), CliError> {
    let mut client = NumberServiceClient::new(args.remote.connect().await?);
    let mut request = ListNumbersRequest {
        prefix: args.prefix.as_deref().map(beginning).unwrap_or_default(),
        digits: args.digits.unwrap_or_default(),
        region: args.region.map(|region| region.to_string()).unwrap_or_default(),
        category: args.category.unwrap_or_default().into(),
        impersonated_brand: args.brand.unwrap_or_default(),
        source: args.source.unwrap_or_default().into(),
        status: args.status.unwrap_or_default().into(),
        case_id: args.case.unwrap_or_default(),
        min_score: args.min_score,
        max_score: args.max_score,
        comment: args.comment.unwrap_or_default(),
        sort: args.sort.into(),
        ascending: args.ascending,
        ..Default::default()
    };
    let ask = async |page_size, page_token| {
        (request.page_size, request.page_token) = (page_size, page_token);
        Ok(client.list_numbers(request.clone()).await?.into_inner())
    };
    let listed = args.paging.collect(ask).await?;
    args.paging
        .print(args.remote.json, &listed, ("numbers", COLUMNS), table)
}

/// The beginning of a number without what people write between the digits, such as `+1 (415)`.
fn beginning(text: &str) -> String {
    let is_between = |c: char| c.is_whitespace() || "+()-./".contains(c);
    text.chars().filter(|c| !is_between(*c)).collect()
}

/// The columns of numbers in CSV.
pub(super) const COLUMNS: Columns<NumberRow> = &[
    ("number", |row| row.e164.clone()),
    ("score", |row| {
        row.risk_score.map_or_else(String::new, |score| format!("{score:.1}"))
    }),
    ("level", |row| name_of::<RiskLevel>(row.risk_level)),
    ("category", |row| name_of::<Category>(row.category)),
    ("brand", |row| paging::free_text(&row.impersonated_brand)),
    ("reports", |row| row.report_count.to_string()),
    ("last_reported", |row| paging::time(row.last_reported)),
    ("statuses", |row| statuses(row)),
    ("cases", |row| row.case_ids.join(" ")),
];

/// The statuses of a number, strongest first.
fn statuses(row: &NumberRow) -> String {
    let names: Vec<String> = row.statuses.iter().map(|kind| name_of::<StatusKind>(*kind)).collect();
    names.join(" ")
}

/// A table of numbers.
pub(in crate::cli) fn table(numbers: &[NumberRow]) -> Table {
    let mut table = output::new_table([
        "number",
        "score",
        "level",
        "category",
        "brand",
        "reports",
        "last (UTC)",
        "statuses",
        "cases",
    ]);
    for row in numbers {
        table.add_row([
            output::text(&row.e164),
            output::score(row.risk_score),
            output::by_level(name_of::<RiskLevel>(row.risk_level), row.risk_level()),
            output::text(name_of::<Category>(row.category)),
            output::text(&row.impersonated_brand),
            output::figure(output::grouped(row.report_count.into())),
            output::text(time::column(row.last_reported)),
            output::text(statuses(row)),
            output::text(row.case_ids.join(", ")),
        ]);
    }
    table
}
