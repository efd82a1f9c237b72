//! `evaluate`: measures how good the score is, on complaints that are replayed day by day.

mod categories;
mod served;
mod show;

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::complaints::{self, file_error};
use super::error::CliError;
use super::{legitimate, output, shared};
use crate::app::rewrite_private_file;
use crate::domain::day::Day;
use crate::domain::model::ScoreModel;
use crate::evaluate::{self, EvaluationPlan, Figures, Models, SampleKind, ScoredSamples};
use crate::replay::Half;
use served::Served;

/// Arguments of `evaluate`.
#[derive(Args, Debug)]
pub struct EvaluateArgs {
    #[command(flatten)]
    pub(super) plan: shared::NumberingPlan,
    /// CSV file of FTC complaints, in three or eight columns, plain or gzip
    complaints: PathBuf,
    /// CSV file of legitimate numbers, with a column `number` and optionally a column `kind`; may be repeated
    #[arg(long, value_name = "FILE", required = true)]
    legitimate: Vec<PathBuf>,
    /// First day to score, as YYYY-MM-DD [default: the day of the first call]
    #[arg(long, value_name = "DATE", value_parser = shared::day)]
    from: Option<Day>,
    /// Last day to score, as YYYY-MM-DD [default: the day of the last call]
    #[arg(long, value_name = "DATE", value_parser = shared::day)]
    to: Option<Day>,
    /// Delay, in days, until a complaint is known to the replay
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=365))]
    lag_days: i64,
    /// File of the model to score with [default: the built-in model]
    #[arg(long, value_name = "FILE", conflicts_with = "cross_fit")]
    model: Option<PathBuf>,
    /// Files of two models, fitted with --half 0 and --half 1; each number is scored with the model that was fitted on
    /// the other half
    #[arg(long, value_names = ["FILE0", "FILE1"], num_args = 2)]
    cross_fit: Option<Vec<PathBuf>>,
    /// Keep scores below 80 if they rest only on the neighbourhood, as lookups do
    #[arg(long)]
    as_served: bool,
    #[command(flatten)]
    served: served::ServedArgs,
    /// Write every score to this CSV file: date,kind,number,calls,score
    #[arg(long, value_name = "FILE")]
    scores_out: Option<PathBuf>,
    /// Write plots to this directory as SVG: reliability, stopped against flagged, distribution of scores, kinds
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// Print the figures as JSON instead of tables
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &EvaluateArgs) -> Result<(), CliError> {
    let served = Served::read(&args.served, args.plan.file().is_some())?;
    let models = models(args, &served)?;
    let complaints = complaints::load(&args.complaints)?;
    let legitimate = legitimate::read(&args.legitimate)?;
    let (from, to) = complaints::period(&args.complaints, &complaints, args.from, args.to)?;
    let plan = EvaluationPlan {
        complaints: &complaints,
        legitimate: &legitimate,
        from,
        to,
        lag_days: args.lag_days,
        models,
        as_served: args.as_served,
        policy: served.policy,
        single_report_blocks: served.single_report_blocks,
    };
    let bar = complaints::bar("scoring");
    let (samples, figures) = evaluate::run(&plan, &mut |known, of| {
        complaints::advance(&bar, known as u64, of as u64)
    });
    bar.finish_and_clear();
    if let Some(path) = &args.scores_out {
        write_scores(path, &samples).map_err(|source| file_error(path, source))?;
    }
    if let Some(folder) = &args.plots {
        write_plots(folder, &samples, &figures)?;
    }
    if args.json {
        return output::json(&figures);
    }
    show::figures(&figures)
}

fn models(args: &EvaluateArgs, served: &Served) -> Result<Models, CliError> {
    if let Some([first, second]) = args.cross_fit.as_deref() {
        return cross_fit(first, second, served);
    }
    let model = match args.model.as_ref().or(served.model.as_ref()) {
        Some(path) => complaints::model(path)?,
        None => ScoreModel::default(),
    };
    Ok(Models::One(Arc::new(served.with_prior(model))))
}

/// The two models of a cross-fit, in any order. The half in each model file tells which model is which.
fn cross_fit(first: &Path, second: &Path, served: &Served) -> Result<Models, CliError> {
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
    if !zero.shares_evidence_with(&one) {
        return Err(CliError::CrossFit("they have different half-lives"));
    }
    Ok(Models::CrossFit {
        zero: Arc::new(served.with_prior(zero)),
        one: Arc::new(served.with_prior(one)),
    })
}

fn write_scores(path: &Path, samples: &ScoredSamples) -> std::io::Result<()> {
    let mut out = BufWriter::new(rewrite_private_file(path, None)?);
    writeln!(out, "date,kind,number,calls,score")?;
    for kind in SampleKind::ALL {
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

fn write_plots(folder: &Path, samples: &ScoredSamples, figures: &Figures) -> Result<(), CliError> {
    let plots = evaluate::draw(samples, figures)?;
    std::fs::create_dir_all(folder).map_err(|source| file_error(folder, source))?;
    for plot in plots {
        let path = folder.join(plot.file);
        std::fs::write(&path, plot.svg).map_err(|source| file_error(&path, source))?;
    }
    Ok(())
}
