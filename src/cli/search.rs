//! `search`: finds numbers, cases and brands by a text.

use clap::Args;
use comfy_table::Table;

use super::connect::Remote;
use super::error::CliError;
use super::lookup::card;
use super::paging::{note_part, whole};
use super::shared::InRegion;
use super::{number, output};
use crate::wire::v1::number_service_client::NumberServiceClient;
use crate::wire::v1::{FoundBrand, SearchRequest, SearchResponse};

/// Arguments of `search`.
#[derive(Args, Debug)]
pub struct SearchArgs {
    /// Text: a number or 4 digits of one, a part of a case's id, title or reference, or of a brand's name
    text: String,
    /// Maximum number of numbers, cases and brands to show, each
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: SearchArgs) -> Result<(), CliError> {
    let mut client = NumberServiceClient::new(args.remote.connect().await?);
    let request = SearchRequest {
        text: args.text.clone(),
        default_region: args.region.for_wire(),
        page_size: args.limit,
    };
    let found = client.search(request).await?.into_inner();
    if args.remote.json {
        let totals = ["numberTotal", "caseTotal", "brandTotal"];
        return output::json(&whole(&found, &["numbers", "cases", "brands"], &totals)?);
    }
    print(&found)?;
    note_rest(&found, &args.text)
}

fn print(found: &SearchResponse) -> Result<(), CliError> {
    let sections = [
        number::table(&found.numbers),
        card::cases_table(found.cases.iter()),
        brands_table(&found.brands),
    ];
    let mut sections = sections.iter().filter(|table| !table.is_empty());
    let Some(first) = sections.next() else {
        return output::note("nothing found");
    };
    output::show(first)?;
    sections.try_for_each(output::section)
}

/// Says what is left out, and how to list it.
fn note_rest(found: &SearchResponse, text: &str) -> Result<(), CliError> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let numbers = format!("ringwarden number list --digits {digits} --all");
    note_part(found.numbers.len(), found.number_total, "numbers", &numbers)?;
    let cases = format!("ringwarden case list --query '{}' --all", text.replace('\'', "'\\''"));
    note_part(found.cases.len(), found.case_total, "cases", &cases)?;
    let brands = format!("the same command with --limit {}", found.brand_total);
    note_part(found.brands.len(), found.brand_total, "brands", &brands)
}

fn brands_table(brands: &[FoundBrand]) -> Table {
    let mut table = output::new_table(["brand", "numbers", "cases"]);
    for brand in brands {
        table.add_row([
            output::text(&brand.name),
            output::figure(output::grouped(brand.number_count.into())),
            output::figure(output::grouped(brand.case_count.into())),
        ]);
    }
    table
}
