//! Prints what is labelled and blocked at the served thresholds: of all good numbers and all complaint calls, and of the
//! complaint calls by category.

use super::super::error::CliError;
use super::super::output;
use super::show::percent;
use crate::evaluate::{ComplaintCallFigures, Figures};

/// Good and bad at the thresholds, in three lines.
pub(super) fn totals(figures: &Figures) -> Result<(), CliError> {
    let mut table = output::new_table(["as served", "labelled", "by range", "withheld", "blocked"]);
    let good = figures.legitimate_numbers;
    let mut add = |name: &str, [labelled, by_range, withheld, blocked]: [f64; 4]| {
        table.add_row([
            output::text(name),
            output::figure(percent(labelled)),
            output::figure(percent(by_range)),
            output::figure(percent(withheld)),
            output::figure(percent(blocked)),
        ]);
    };
    add(
        "legitimate number-days",
        [good.labelled, good.by_range, good.withheld, good.blocked],
    );
    if let Some(bad) = figures.complaint_calls.get("all") {
        add(
            "complaint calls",
            [bad.labelled, bad.by_range, bad.withheld, bad.blocked],
        );
    }
    output::table(&table, "nothing was scored")?;
    let range = if figures.range_label {
        ""
    } else {
        "; neighbours alone label nothing (--range-label off)"
    };
    output::line(format!(
        "labelled: a score from {} on, with blocked calls; blocked: from {} on{range}\n\
         by range: labelled or blocked by neighbouring numbers alone\n\
         withheld: the score would block, and only labels: the number is established,\n\
         or it was reported once",
        figures.label_from, figures.block_from
    ))
}

/// Complaint calls by category, the most frequent first.
pub(super) fn categories(figures: &Figures) -> Result<(), CliError> {
    let mut table = output::new_table(["category", "share of calls", "labelled", "withheld", "blocked"]);
    let mut found: Vec<(&str, &ComplaintCallFigures)> = figures
        .complaint_calls_by_category
        .iter()
        .map(|(name, of)| (*name, of))
        .collect();
    found.sort_by(|(_, a), (_, b)| b.share.total_cmp(&a.share));
    for (name, calls) in found {
        table.add_row([
            output::text(name),
            output::figure(percent(calls.share)),
            output::figure(percent(calls.labelled)),
            output::figure(percent(calls.withheld)),
            output::figure(percent(calls.blocked)),
        ]);
    }
    output::table(&table, "there are no complaint calls")
}
