//! `number show`: prints the dossier of a number.

use clap::Args;
use comfy_table::{Cell, Table};

use super::for_calls;
use crate::cli::connect::Remote;
use crate::cli::error::CliError;
use crate::cli::lookup::card;
use crate::cli::names::name_of;
use crate::cli::note;
use crate::cli::paging;
use crate::cli::report;
use crate::cli::shared::InRegion;
use crate::cli::{output, time};
use crate::wire::v1::number_service_client::NumberServiceClient;
use crate::wire::v1::{
    Category, GetNumberRequest, NumberDossier, NumberScore, NumberStatus, RiskLevel, Source, StatusKind,
};

/// Arguments of `number show`.
#[derive(Args, Debug)]
pub(super) struct NumberShowArgs {
    /// Number, in any usual notation
    number: String,
    /// Show at most this many of the latest reports; `report list` shows all
    #[arg(long, value_name = "N", default_value_t = 20)]
    reports: usize,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: NumberShowArgs) -> Result<(), CliError> {
    let mut client = NumberServiceClient::new(args.remote.connect().await?);
    let request = GetNumberRequest {
        number: args.number,
        default_region: args.region.for_wire(),
    };
    let mut dossier = client.get_number(request).await?.into_inner();
    if args.remote.json {
        return output::json(&dossier);
    }
    dossier.latest_reports.truncate(args.reports);
    print(&dossier)
}

fn print(dossier: &NumberDossier) -> Result<(), CliError> {
    output::show(&summary(dossier))?;
    if let Some(score) = &dossier.score {
        card::print_reasons(&score.reasons)?;
    }
    if let Some(told) = &dossier.for_calls {
        for_calls::print(told)?;
    }
    let cases = dossier.links.iter().filter_map(|link| link.case.as_ref());
    let sections = [
        statuses_table(&dossier.statuses),
        card::cases_table(cases),
        note::table(&dossier.notes),
        report::list::table(&dossier.latest_reports),
    ];
    for section in sections.iter().filter(|table| !table.is_empty()) {
        output::section(section)?;
    }
    note_rest(dossier)
}

/// Says how many notes and reports the dossier leaves out.
fn note_rest(dossier: &NumberDossier) -> Result<(), CliError> {
    let number = dossier.number.as_ref().map_or("", |number| &number.e164);
    let notes = format!("ringwarden note list --number {number} --all");
    paging::note_part(dossier.notes.len(), dossier.note_count, "notes", &notes)?;
    let reports = format!("ringwarden report list {number} --withdrawn --all");
    let total = dossier.stored_report_count;
    paging::note_part(dossier.latest_reports.len(), total, "reports", &reports)
}

/// A table of statuses, strongest first.
pub(super) fn statuses_table(statuses: &[NumberStatus]) -> Table {
    let mut table = output::new_table(["status", "since (UTC)", "until (UTC)", "by", "reason"]);
    for status in statuses {
        table.add_row([
            output::text(name_of::<StatusKind>(status.kind)),
            output::text(time::column(status.set_at)),
            output::text(time::column(status.expires_at)),
            output::text(&status.actor),
            output::text(&status.reason),
        ]);
    }
    table
}

fn summary(dossier: &NumberDossier) -> Table {
    let mut table = output::card();
    if let Some(number) = &dossier.number {
        card::add_number(&mut table, number);
    }
    if let Some(owner) = &dossier.owner {
        card::add_owner(&mut table, owner);
    }
    if let Some(score) = &dossier.score {
        add_score(&mut table, score);
    }
    output::add(
        &mut table,
        "reports",
        card::counts(dossier.report_count, dossier.reporter_count),
    );
    if dossier.not_spam_count > 0 {
        output::add(&mut table, "not spam", output::grouped(dossier.not_spam_count.into()));
    }
    let categories = dossier.category_counts.iter().map(|item| {
        let name = name_of::<Category>(item.category);
        let name = if name.is_empty() {
            "no category".to_owned()
        } else {
            name
        };
        (name, item.count)
    });
    output::add(&mut table, "by category", tally(categories));
    let sources = dossier
        .source_counts
        .iter()
        .map(|item| (name_of::<Source>(item.source), item.count));
    output::add(&mut table, "by source", tally(sources));
    output::add(&mut table, "first", time::shown(dossier.first_reported));
    output::add(&mut table, "last", time::shown(dossier.last_reported));
    output::add(&mut table, "version", dossier.version);
    table
}

fn add_score(table: &mut Table, score: &NumberScore) {
    output::add_cell(table, "risk", risk(score));
    output::add(table, "confidence", format!("{:.2}", score.confidence));
    output::add(
        table,
        "category",
        card::category(score.category, score.category_confidence),
    );
    output::add(table, "brand", &score.impersonated_brand);
    output::add(table, "model", &score.model_version);
}

/// The score with its level.
pub(super) fn risk(score: &NumberScore) -> Cell {
    let level = name_of::<RiskLevel>(score.risk_level);
    let risk = match score.number_score {
        Some(value) => format!("{value:.1} {level}"),
        None => level,
    };
    output::by_level(risk, score.risk_level())
}

fn tally(counts: impl Iterator<Item = (String, u32)>) -> String {
    let parts: Vec<String> = counts
        .map(|(name, count)| format!("{name} {}", output::grouped(count.into())))
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::wire::v1::CategoryCount;

    use super::*;

    #[test]
    fn a_dossier_counts_by_category() {
        let dossier = NumberDossier {
            report_count: 1_003,
            category_counts: vec![
                CategoryCount {
                    category: Category::Phishing.into(),
                    count: 1_000,
                },
                CategoryCount { category: 0, count: 3 },
            ],
            ..Default::default()
        };
        let text = summary(&dossier).trim_fmt();
        assert!(text.contains("PHISHING 1,000, no category 3"), "{text}");
    }
}
