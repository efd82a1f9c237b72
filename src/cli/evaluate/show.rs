//! Prints the figures of an evaluation for people: tables and a few sentences.

use super::super::error::CliError;
use super::super::output;
use super::categories;
use crate::evaluate::{Figures, RepeatReportFigures};

/// Prints all figures.
pub(super) fn figures(figures: &Figures) -> Result<(), CliError> {
    categories::totals(figures)?;
    output::line("")?;
    stopped(figures)?;
    output::line("")?;
    legitimate(figures)?;
    output::line("")?;
    complaints(figures)?;
    output::line("")?;
    categories::categories(figures)?;
    output::line("")?;
    lists(figures)?;
    output::line("")?;
    kinds(figures)?;
    output::line("")?;
    reliability(figures)?;
    output::line("")?;
    months(figures)?;
    output::line("")?;
    figures.again_in_7d.as_ref().map_or(Ok(()), again)?;
    sums(figures)
}

/// The share of unwanted calls that are stopped, for each share of legitimate numbers that are flagged.
fn stopped(figures: &Figures) -> Result<(), CliError> {
    let mut table = output::new_table([
        "legitimate flagged",
        "threshold",
        "calls stopped",
        "95 % interval",
        "random flagged",
    ]);
    for (name, stopped) in &figures.stopped_at_flagged {
        let share: f64 = name.parse().unwrap_or_default();
        let threshold = figures.threshold_at.get(name).copied().unwrap_or_default();
        let [low, high] = figures
            .stopped_at_flagged_interval
            .get(name)
            .copied()
            .unwrap_or_default();
        let random = figures.random_flagged_at.get(name).copied().unwrap_or_default();
        table.add_row([
            output::figure(percent(share)),
            output::figure(format!("{threshold:.2}")),
            output::figure(percent(*stopped)),
            output::figure(format!("{} to {}", percent(low), percent(high))),
            output::figure(percent(random)),
        ]);
    }
    output::table(&table, "nothing was scored")
}

/// Legitimate numbers labelled and blocked, by kind: the worst kind first.
fn legitimate(figures: &Figures) -> Result<(), CliError> {
    let mut table = output::new_table([
        "legitimate numbers",
        "numbers",
        "labelled",
        "95 % interval",
        "blocked",
        "95 % interval",
    ]);
    let interval = |[low, high]: [f64; 2]| output::figure(format!("{} to {}", percent(low), percent(high)));
    for (name, kind) in figures.kinds_worst_first() {
        table.add_row([
            output::text(name),
            output::figure(output::grouped(kind.numbers as u64)),
            output::figure(percent(kind.labelled)),
            interval(kind.interval.labelled),
            output::figure(percent(kind.blocked)),
            interval(kind.interval.blocked),
        ]);
    }
    output::table(&table, "there are no legitimate numbers")
}

/// Complaint calls labelled and blocked.
fn complaints(figures: &Figures) -> Result<(), CliError> {
    let mut table = output::new_table(["complaint calls", "share of calls", "labelled", "blocked"]);
    for (name, calls) in &figures.complaint_calls {
        table.add_row([
            output::text(name),
            output::figure(percent(calls.share)),
            output::figure(percent(calls.labelled)),
            output::figure(percent(calls.blocked)),
        ]);
    }
    output::table(&table, "")
}

/// The same for simple lists of numbers, as a baseline.
fn lists(figures: &Figures) -> Result<(), CliError> {
    let mut table = output::new_table(["list", "legitimate flagged", "calls stopped"]);
    for (name, baseline) in &figures.baselines {
        table.add_row([
            output::text(name),
            output::figure(percent(baseline.flagged)),
            output::figure(percent(baseline.stopped)),
        ]);
    }
    output::table(&table, "")
}

/// The share of calls that are stopped, by what was known about the number.
fn kinds(figures: &Figures) -> Result<(), CliError> {
    let mut table = output::new_table(["numbers", "share of calls", "stopped at 0.2 %"]);
    for (name, kind) in &figures.by_kind {
        table.add_row([
            output::text(name),
            output::figure(percent(kind.share)),
            output::figure(percent(kind.stopped)),
        ]);
    }
    output::table(&table, "")
}

/// The reliability of the scores: the mean score of each band against the observed share of unwanted calls.
fn reliability(figures: &Figures) -> Result<(), CliError> {
    let mut table = output::new_table([
        "scores",
        "calls",
        "legitimate",
        "mean score",
        "should be",
        "95 % interval",
        "",
    ]);
    for band in &figures.reliability {
        let [low, high] = band.interval;
        table.add_row([
            output::text(format!("{} to {}", band.from, band.to)),
            output::figure(percent(band.share_of_calls)),
            output::figure(percent(band.share_of_legitimate)),
            output::figure(format!("{:.1}", band.mean_score)),
            output::figure(format!("{:.1}", band.posterior)),
            output::figure(format!("{low:.1} to {high:.1}")),
            output::text(if band.is_reliable() { "" } else { "off" }),
        ]);
    }
    output::table(
        &table,
        "no band has enough legitimate numbers to measure the reliability",
    )
}

/// The calibration of each month.
fn months(figures: &Figures) -> Result<(), CliError> {
    let mut table = output::new_table([
        "month",
        "complaint calls",
        "mean score",
        "should be",
        "slope",
        "intercept",
    ]);
    let value = |value: Option<f64>, decimals: usize| {
        output::figure(value.map_or_else(|| "too few".to_owned(), |value| format!("{value:.decimals$}")))
    };
    for (name, month) in &figures.calibration_by_month {
        table.add_row([
            output::text(name),
            output::figure(output::grouped(month.complaint_calls)),
            output::figure(format!("{:.1}", month.mean_score)),
            value(month.posterior, 1),
            value(month.slope, 2),
            value(month.intercept, 2),
        ]);
    }
    output::table(&table, "")
}

/// How well the score predicts that a number is reported again.
fn again(again: &RepeatReportFigures) -> Result<(), CliError> {
    output::line(format!(
        "reported again in 7 days ({} of {} numbers): area under the curve {:.3}, log loss {:.4} ({:.3} of the base), \
         Brier score {:.4}",
        percent(again.rate),
        output::grouped(again.count),
        again.auc,
        again.log_loss,
        again.log_loss / again.base_log_loss,
        again.brier
    ))
}

/// How soon numbers reach a score of 80, and how much was scored.
fn sums(figures: &Figures) -> Result<(), CliError> {
    let days = figures
        .time_to_80_days
        .map_or_else(|| "-".to_owned(), |days| days.to_string());
    output::line(format!(
        "numbers that reached 80: {} of the newly reported ones, half of them within {days} days; {} of legitimate \
         number-days are above 80",
        percent(figures.reached_80),
        percent(figures.legitimate_over_80)
    ))?;
    output::line(format!(
        "{} days, {} complaint calls, {} legitimate number-days; model {}",
        figures.days,
        output::grouped(figures.complaints),
        output::grouped(figures.legitimate_number_days as u64),
        figures.models.join(" and ")
    ))
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}
