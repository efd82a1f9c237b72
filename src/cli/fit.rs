//! `fit`: fits the scoring model to complaints, or corrects a model by recent ones, and writes it to a file.

use std::path::PathBuf;

use clap::Args;

use super::complaints::{self, file_error};
use super::error::CliError;
use super::{legitimate, output, shared};
use crate::domain::day::Day;
use crate::domain::model::ScoreModel;
use crate::fit::{self, FitPlan, RecalibrationPlan};
use crate::replay::{Half, ReplayProgress};

/// Arguments of `fit`.
#[derive(Args, Debug)]
pub struct FitArgs {
    #[command(flatten)]
    pub(super) plan: shared::NumberingPlan,
    /// CSV file of FTC complaints, in three or eight columns, plain or gzip
    complaints: PathBuf,
    /// CSV file of legitimate numbers, with a column `number` and optionally a column `kind`; may be repeated
    #[arg(long, value_name = "FILE", required = true)]
    legitimate: Vec<PathBuf>,
    /// First day to fit on, as YYYY-MM-DD; complaints of earlier days are evidence only
    #[arg(long, value_name = "DATE", value_parser = shared::day)]
    from: Day,
    /// Last day to fit on, as YYYY-MM-DD; later complaints are not used
    #[arg(long, value_name = "DATE", value_parser = shared::day)]
    to: Day,
    /// Correct the points of this model by the calls of these days, instead of fitting a model
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["half", "seed"])]
    recalibrate: Option<PathBuf>,
    /// Use only this half of the legitimate numbers, split by exchange; the other half is for the test
    #[arg(long, value_name = "0|1", value_parser = clap::value_parser!(u8).range(0..=1))]
    half: Option<u8>,
    /// Seed of the random samples; the same seed gives the same model
    #[arg(long, value_name = "N", required_unless_present = "recalibrate")]
    seed: Option<u64>,
    /// File to write the model to
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(args: &FitArgs) -> Result<(), CliError> {
    let start = args.recalibrate.as_deref().map(complaints::model).transpose()?;
    let mut complaints = complaints::load(&args.complaints)?;
    complaints.forget_after(args.to);
    let legitimate = legitimate::read(&args.legitimate)?;
    let (from, to) = complaints::period(&args.complaints, &complaints, Some(args.from), Some(args.to))?;
    let bar = complaints::bar("fitting");
    let progress: ReplayProgress<'_> = &mut |known, of| complaints::advance(&bar, known as u64, of as u64);
    let made = if let Some(start) = &start {
        if let Some(days) = fit::days_needed(start) {
            complaints.forget_before(from.plus(-days));
        }
        let plan = RecalibrationPlan {
            complaints: &complaints,
            legitimate: &legitimate,
            from,
            to,
        };
        fit::recalibrate(&plan, start, progress)
    } else {
        let plan = FitPlan {
            complaints: &complaints,
            legitimate: &legitimate,
            from,
            to,
            half: args.half.and_then(Half::from_index),
            seed: args.seed.unwrap_or_default(),
        };
        fit::fit(&plan, &ScoreModel::default(), progress)
    };
    bar.finish_and_clear();
    let model = made?;
    std::fs::write(&args.out, model.to_json() + "\n").map_err(|source| file_error(&args.out, source))?;
    say(&model)
}

/// Prints the result of a fit or of a recalibration.
fn say(model: &ScoreModel) -> Result<(), CliError> {
    let Some(fitted) = &model.fitted else { return Ok(()) };
    if let Some(corrected) = &fitted.recalibrated {
        return output::note(format!(
            "{}: the points of {} times {:.3}, the intercept then plus {:.3}",
            model.version, corrected.of, corrected.slope, corrected.intercept
        ));
    }
    if model.toll_free.is_none() {
        output::note("too few toll-free numbers to fit on: the model has no part for them")?;
    }
    output::note(format!(
        "{}: loss {:.4}, {:.4} of the loss of a model without evidence; {} calls, {} legitimate numbers",
        model.version,
        fitted.loss,
        fitted.loss / fitted.loss_without,
        output::grouped(fitted.calls),
        output::grouped(fitted.legitimate_numbers)
    ))
}
