//! `number list`: lists numbers that have a record.

use clap::Args;

use crate::cli::connect::Remote;
use crate::cli::error::CliError;
use crate::cli::names::{self, name_of};
use crate::cli::shared::{self, Limit};
use crate::cli::{output, time};
use crate::wire::v1::number_service_client::NumberServiceClient;
use crate::wire::v1::{Category, ListNumbersRequest, NumberRow, RiskLevel, StatusKind};

/// Arguments of `number list`. A number must match all given filters.
#[derive(Args, Debug)]
pub(super) struct NumberListArgs {
    /// Only numbers that begin with these digits, including the country code
    #[arg(long, value_name = "DIGITS")]
    prefix: Option<String>,
    /// Only numbers with this score or a higher one, 0 to 100
    #[arg(long, value_name = "SCORE", value_parser = shared::score)]
    min_score: Option<f64>,
    /// Only numbers with this status
    #[arg(long, value_parser = names::parser::<StatusKind>())]
    status: Option<StatusKind>,
    /// Only numbers linked to this case
    #[arg(long, value_name = "ID")]
    case: Option<String>,
    #[command(flatten)]
    limit: Limit,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: NumberListArgs) -> Result<(), CliError> {
    let mut client = NumberServiceClient::new(args.remote.connect().await?);
    let mut request = ListNumbersRequest {
        prefix: args.prefix.unwrap_or_default().trim_start_matches('+').to_owned(),
        min_score: args.min_score,
        status: args.status.unwrap_or_default().into(),
        case_id: args.case.unwrap_or_default(),
        ..Default::default()
    };
    let mut numbers = Vec::new();
    while let Some(page_size) = args.limit.next_page(numbers.len()) {
        request.page_size = page_size;
        let page = client.list_numbers(request.clone()).await?.into_inner();
        numbers.extend(page.numbers);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    if args.remote.json {
        return numbers.iter().try_for_each(output::json);
    }
    print(&numbers)
}

fn print(numbers: &[NumberRow]) -> Result<(), CliError> {
    let mut table = output::new_table([
        "number",
        "score",
        "level",
        "category",
        "reports",
        "last (UTC)",
        "statuses",
        "cases",
    ]);
    for row in numbers {
        let statuses: Vec<String> = row.statuses.iter().map(|kind| name_of::<StatusKind>(*kind)).collect();
        table.add_row([
            output::text(&row.e164),
            output::score(row.risk_score),
            output::by_level(name_of::<RiskLevel>(row.risk_level), row.risk_level()),
            output::text(name_of::<Category>(row.category)),
            output::figure(output::grouped(row.report_count.into())),
            output::text(time::column(row.last_reported)),
            output::text(statuses.join(", ")),
            output::text(row.case_ids.join(", ")),
        ]);
    }
    output::table(&table, "no numbers")
}
