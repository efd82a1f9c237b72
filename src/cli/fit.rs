//! `fit`: the scoring model from complaints, written to a file.

use std::path::PathBuf;

use clap::Args;

use super::complaints::{self, file_error};
use super::error::CliError;
use super::{output, shared};
use crate::domain::day::Day;
use crate::domain::model::ScoreModel;
use crate::fit::{self, FitPlan};
use crate::replay::Half;

/// What to fit on, and where to.
#[derive(Args, Debug)]
pub struct FitArgs {
    /// Complaints in the columns of the FTC, plain or gzip
    complaints: PathBuf,
    /// Legitimate numbers: a CSV file with the number in its first column
    #[arg(long, value_name = "FILE")]
    legitimate: PathBuf,
    /// First day to fit on; what came before is only known
    #[arg(long, value_name = "DATE", value_parser = shared::day)]
    from: Day,
    /// Last day to fit on; nothing later is looked at
    #[arg(long, value_name = "DATE", value_parser = shared::day)]
    to: Day,
    /// Use the legitimate numbers of one half of the exchanges only, so that the other half can test
    #[arg(long, value_name = "0|1", value_parser = clap::value_parser!(u8).range(0..=1))]
    half: Option<u8>,
    /// Which samples are drawn: the same seed gives the same model
    #[arg(long, value_name = "N")]
    seed: u64,
    /// Where to write the model
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(args: &FitArgs) -> Result<(), CliError> {
    let mut complaints = complaints::load(&args.complaints)?;
    complaints.forget_after(args.to);
    let legitimate = complaints::legitimate(&args.legitimate)?;
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
        "{}: loss {:.4}, {:.4} of a model that knows nothing; {} calls, {} legitimate numbers",
        model.version,
        fitted.loss,
        fitted.loss / fitted.loss_without,
        output::grouped(fitted.calls),
        output::grouped(fitted.legitimate_numbers)
    ))
}
