//! `model show`: writes a scoring model as the file that `--model` reads.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::complaints::{self, file_error};
use super::data_out::DataOut;
use super::error::CliError;
use super::output;
use crate::domain::model::ScoreModel;

/// Arguments of `model`.
#[derive(Args, Debug)]
pub struct ModelArgs {
    #[command(subcommand)]
    command: ModelCommand,
}

#[derive(Debug, Subcommand)]
enum ModelCommand {
    /// Write the built-in model, or the model of a file, as the file that --model reads
    Show(ShowArgs),
}

/// Arguments of `model show`.
#[derive(Args, Debug)]
struct ShowArgs {
    /// File of the model [default: the built-in model]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Print the main facts of the model instead of its file
    #[arg(long)]
    summary: bool,
}

pub(super) fn run(args: &ModelArgs) -> Result<(), CliError> {
    let ModelCommand::Show(args) = &args.command;
    let Some(path) = &args.model else {
        return if args.summary {
            summary(&ScoreModel::default())
        } else {
            write(ScoreModel::BUILT_IN_FILE)
        };
    };
    let model = complaints::model(path)?;
    if args.summary {
        return summary(&model);
    }
    write(&std::fs::read_to_string(path).map_err(|source| file_error(path, source))?)
}

/// Writes the file byte for byte.
fn write(text: &str) -> Result<(), CliError> {
    let mut out = DataOut::stdout();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

fn summary(model: &ScoreModel) -> Result<(), CliError> {
    let mut card = output::card();
    output::add(&mut card, "model", &model.version);
    output::add(&mut card, "prior", model.prior);
    let terms = format!("{} terms, {} tables", model.terms.len(), model.tables.len());
    output::add(&mut card, "evidence", terms);
    let toll_free = match &model.toll_free {
        Some(part) => format!("{} terms, {} tables", part.terms.len(), part.tables.len()),
        None => "as other numbers".to_owned(),
    };
    output::add(&mut card, "toll-free numbers", toll_free);
    if let Some(fitted) = &model.fitted {
        output::add(&mut card, "fitted on", format!("{} to {}", fitted.from, fitted.to));
        output::add(&mut card, "complaint calls", output::grouped(fitted.calls));
        output::add(
            &mut card,
            "legitimate numbers",
            output::grouped(fitted.legitimate_numbers),
        );
        if let Some(corrected) = &fitted.recalibrated {
            let days = format!("{}, on {} to {}", corrected.of, corrected.from, corrected.to);
            output::add(&mut card, "recalibrated from", days);
        }
    }
    let rules = &model.rules;
    output::add(
        &mut card,
        "neighbours alone",
        format!("below {}", rules.range_only_most),
    );
    output::add(
        &mut card,
        "established number",
        format!("reports in {} of the last 26 weeks", rules.established_weeks),
    );
    output::show(&card)
}
