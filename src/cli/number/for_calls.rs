//! The part of `number show` that shows the answer to calls, if data of other tenants count for the number.

use comfy_table::Table;

use super::show::risk;
use crate::cli::error::CliError;
use crate::cli::lookup::card;
use crate::cli::names::name_of;
use crate::cli::output;
use crate::wire::v1::{AcceptedPart, Action, Basis, NumberForCalls, StatusKind};

pub(super) fn print(told: &NumberForCalls) -> Result<(), CliError> {
    output::section(&summary(told))?;
    if let Some(score) = &told.score {
        card::print_reasons(&score.reasons)?;
    }
    output::section(&parts_table(&told.parts))
}

fn summary(told: &NumberForCalls) -> Table {
    let mut table = output::card();
    output::add(
        &mut table,
        "for calls",
        "with what other tenants share, and this one accepts",
    );
    if let Some(score) = &told.score {
        output::add_cell(&mut table, "risk", risk(score));
        output::add(&mut table, "confidence", format!("{:.2}", score.confidence));
        let category = card::category(score.category, score.category_confidence);
        output::add(&mut table, "category", category);
        output::add(&mut table, "brand", &score.impersonated_brand);
    }
    let (action, basis) = (name_of::<Action>(told.action), name_of::<Basis>(told.basis));
    let action = output::by_action(format!("{action}, by {basis}"), told.action());
    output::add_cell(&mut table, "action", action);
    card::add_would(&mut table, told.would_action, told.would_basis);
    let reports = card::counts(told.report_count, told.reporter_count);
    output::add(&mut table, "reports", reports);
    table
}

/// A table with a row for each other tenant.
fn parts_table(parts: &[AcceptedPart]) -> Table {
    let mut table = output::new_table(["of tenant", "reports", "statuses", "cases", "lists", "range"]);
    for part in parts {
        let statuses: Vec<String> = part.statuses.iter().map(|kind| name_of::<StatusKind>(*kind)).collect();
        let is_so = |is_so: bool, text: &str| if is_so { text.to_owned() } else { String::new() };
        table.add_row([
            output::text(&part.tenant),
            output::figure(output::grouped(part.report_count.into())),
            output::text(statuses.join(", ")),
            output::text(part.case_ids.join(", ")),
            output::text(is_so(part.listed, "one names it")),
            output::text(is_so(part.range, "its reports count")),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use crate::cli::layout;
    use crate::wire::v1::{NumberScore, RiskLevel};

    use super::*;

    #[test]
    fn a_person_sees_the_answer_and_whose_data_it_rests_on() {
        let told = NumberForCalls {
            score: Some(NumberScore {
                number_score: Some(99.8),
                risk_level: RiskLevel::Critical.into(),
                ..NumberScore::default()
            }),
            action: Action::Allow.into(),
            basis: Basis::Shadow.into(),
            would_action: Action::Label.into(),
            would_basis: Basis::Analytics.into(),
            report_count: 3,
            parts: vec![AcceptedPart {
                tenant: "pots".to_owned(),
                report_count: 2,
                statuses: vec![StatusKind::Blocked.into()],
                ..AcceptedPart::default()
            }],
            ..NumberForCalls::default()
        };
        let card = summary(&told).trim_fmt();
        for part in ["99.8 CRITICAL", "ALLOW, by SHADOW", "LABEL, by ANALYTICS", "reports"] {
            assert!(card.contains(part), "{part}: {card}");
        }
        let parts = layout::render(&parts_table(&told.parts), Some(120));
        assert!(parts.contains("pots") && parts.contains("BLOCKED"), "{parts}");
        assert!(!parts.contains("range"), "{parts}");
    }
}
