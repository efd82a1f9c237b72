//! `fit`: fits the scoring model to complaints, and writes it to a file.

use std::path::PathBuf;

use clap::Args;

use super::complaints::{self, file_error};
use super::error::CliError;
use super::{legitimate, output, shared};
use crate::domain::day::Day;
use crate::domain::model::ScoreModel;
use crate::fit::{self, FitPlan};
use crate::replay::Half;

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
    /// Use only this half of the legitimate numbers, split by exchange; the other half is for the test
    #[arg(long, value_name = "0|1", value_parser = clap::value_parser!(u8).range(0..=1))]
    half: Option<u8>,
    /// Seed of the random samples; the same seed gives the same model
    #[arg(long, value_name = "N")]
    seed: u64,
    /// File to write the model to
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(args: &FitArgs) -> Result<(), CliError> {
    let mut complaints = complaints::load(&args.complaints)?;
    complaints.forget_after(args.to);
    let legitimate = legitimate::read(&args.legitimate)?;
    let (from, to) = complaints::period(&args.complaints, &complaints, Some(args.from), Some(args.to))?;
    let plan = FitPlan {
        complaints: &complaints,
        legitimate: &legitimate,
        from,
        to,
        half: args.half.and_then(Half::from_index),
        seed: args.seed,
    };
    let bar = complaints::bar("fitting");
    let fitted = fit::fit(&plan, &ScoreModel::default(), &mut |known, of| {
        complaints::advance(&bar, known as u64, of as u64);
    });
    bar.finish_and_clear();
    let model = fitted?;
    std::fs::write(&args.out, model.to_json() + "\n").map_err(|source| file_error(&args.out, source))?;
    let Some(fitted) = &model.fitted else { return Ok(()) };
    output::note(format!(
        "{}: loss {:.4}, {:.4} of the loss of a model without evidence; {} calls, {} legitimate numbers",
        model.version,
        fitted.loss,
        fitted.loss / fitted.loss_without,
        output::grouped(fitted.calls),
        output::grouped(fitted.legitimate_numbers)
    ))
}
