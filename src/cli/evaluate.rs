//! `evaluate`: how good the score is, on complaints played again day by day.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::complaints::{self, file_error};
use super::error::CliError;
use super::output;
use super::shared;
use crate::domain::day::Day;
use crate::domain::model::ScoreModel;
use crate::evaluate::{self, Figures, Kind, Models, Plan, Samples};
use crate::replay::Half;

/// What to replay, and by which model.
#[derive(Args, Debug)]
pub struct EvaluateArgs {
    /// Complaints in the columns of the FTC, plain or gzip
    complaints: PathBuf,
    /// Legitimate numbers: a CSV file with the number in its first column
    #[arg(long, value_name = "FILE")]
    legitimate: PathBuf,
    /// First day to score [default: the day of the first call]
    #[arg(long, value_name = "DATE", value_parser = shared::day)]
    from: Option<Day>,
    /// Last day to score [default: the day of the last call]
    #[arg(long, value_name = "DATE", value_parser = shared::day)]
    to: Option<Day>,
    /// Days that complaints come late
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=365))]
    lag_days: i64,
    /// Score by the model of this file instead of the built-in one
    #[arg(long, value_name = "FILE", conflicts_with = "cross_fit")]
    model: Option<PathBuf>,
    /// Score every number by the model that was fitted without the legitimate numbers of its half
    #[arg(long, value_names = ["FILE0", "FILE1"], num_args = 2)]
    cross_fit: Option<Vec<PathBuf>>,
    /// Keep scores that rest on the neighbourhood alone below 80, as lookups do
    #[arg(long)]
    as_served: bool,
    /// Write every score to this file: date,kind,number,calls,score
    #[arg(long, value_name = "FILE")]
    scores_out: Option<PathBuf>,
    /// Draw reliability, stopped against flagged, and scores into this directory, as SVG
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &EvaluateArgs) -> Result<(), CliError> {
    let models = models(args)?;
    let complaints = complaints::load(&args.complaints)?;
    let legitimate = complaints::legitimate(&args.legitimate)?;
    let (from, to) = complaints::period(&args.complaints, &complaints, args.from, args.to)?;
    let plan = Plan {
        complaints: &complaints,
        legitimate: &legitimate,
        from,
        to,
        lag_days: args.lag_days,
        models,
        as_served: args.as_served,
    };
    let bar = complaints::bar("scoring");
    let (samples, figures) = evaluate::run(&plan, &mut |known, of| {
        complaints::advance(&bar, known as u64, of as u64)
    });
    bar.finish_and_clear();
    if let Some(path) = &args.scores_out {
        write_scores(path, &samples).map_err(|source| file_error(path, source))?;
    }
    if args.json {
        return output::json(&figures);
    }
    show(&figures)
}

/// The figures for people.
fn show(figures: &Figures) -> Result<(), CliError> {
    let mut table = output::new_table([
        "legitimate flagged",
        "threshold",
        "calls stopped",
        "95 % interval",
        "random flagged",
    ]);
    for (name, stopped) in &figures.stopped_at_flagged {
        let [low, high] = figures
            .stopped_at_flagged_interval
            .get(name)
            .copied()
            .unwrap_or_default();
        let share: f64 = name.parse().unwrap_or_default();
        table.add_row([
            output::figure(percent(share)),
            output::figure(format!(
                "{:.2}",
                figures.threshold_at.get(name).copied().unwrap_or_default()
            )),
            output::figure(percent(*stopped)),
            output::figure(format!("{} to {}", percent(low), percent(high))),
            output::figure(percent(
                figures.random_flagged_at.get(name).copied().unwrap_or_default(),
            )),
        ]);
    }
    output::table(&table, "nothing was scored")?;
    let mut table = output::new_table(["list", "legitimate flagged", "calls stopped"]);
    for (name, baseline) in &figures.baselines {
        table.add_row([
            output::text(name),
            output::figure(percent(baseline.flagged)),
            output::figure(percent(baseline.stopped)),
        ]);
    }
    output::line("")?;
    output::table(&table, "")?;
    let mut table = output::new_table(["numbers", "share of calls", "stopped at 0.2 %"]);
    for (name, kind) in &figures.by_kind {
        table.add_row([
            output::text(name),
            output::figure(percent(kind.share)),
            output::figure(percent(kind.stopped)),
        ]);
    }
    output::line("")?;
    output::table(&table, "")?;
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
    output::line("")?;
    output::table(&table, "no band holds enough legitimate numbers to tell")?;
    output::line("")?;
    if let Some(again) = figures.again_in_7d {
        output::line(format!(
            "reported again in 7 days ({} of {} are): area under the curve {:.3}, log loss {:.4} ({:.3} of the base), \
             Brier score {:.4}",
            percent(again.rate),
            output::grouped(again.count),
            again.auc,
            again.log_loss,
            again.log_loss / again.base_log_loss,
            again.brier
        ))?;
    }
    let days = figures
        .time_to_80_days
        .map_or_else(|| "-".to_owned(), |days| days.to_string());
    output::line(format!(
        "numbers that came to 80: {} of those first reported, half of them within {days} days; {} of legitimate \
         number-days lie above 80",
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

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

fn models(args: &EvaluateArgs) -> Result<Models, CliError> {
    if let Some([first, second]) = args.cross_fit.as_deref() {
        return cross_fit(first, second);
    }
    let model = match &args.model {
        Some(path) => complaints::model(path)?,
        None => ScoreModel::default(),
    };
    Ok(Models::One(Arc::new(model)))
}

/// Two models, told apart by the half that each says it was fitted with, in whatever order they are given.
fn cross_fit(first: &Path, second: &Path) -> Result<Models, CliError> {
    let (first, second) = (complaints::model(first)?, complaints::model(second)?);
    let half = |model: &ScoreModel| {
        model
            .fitted
            .as_ref()
            .and_then(|fitted| fitted.half)
            .and_then(Half::from_index)
    };
    let (zero, one) = match (half(&first), half(&second)) {
        (Some(Half::Zero), Some(Half::One)) => (second, first),
        (Some(Half::One), Some(Half::Zero)) => (first, second),
        _ => {
            return Err(CliError::CrossFit(
                "they were not fitted with `--half 0` and `--half 1`",
            ));
        }
    };
    if !zero.sees_as(&one) {
        return Err(CliError::CrossFit("their half-lives differ"));
    }
    Ok(Models::CrossFit {
        zero: Arc::new(zero),
        one: Arc::new(one),
    })
}

fn write_scores(path: &Path, samples: &Samples) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(out, "date,kind,number,calls,score")?;
    for kind in Kind::ALL {
        for sample in samples.of(kind) {
            writeln!(
                out,
                "{},{},{},{},{:.6}",
                sample.day,
                kind.name(),
                sample.number,
                sample.calls,
                sample.score
            )?;
        }
    }
    out.flush()
}
