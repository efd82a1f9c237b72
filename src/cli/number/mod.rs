//! `number`: shows what is known about numbers, and stores the decisions of analysts on them.

mod decide;
mod erase;
mod export;
mod for_calls;
mod list;
mod show;
mod similar;

use clap::{Args, Subcommand};

use super::error::CliError;
pub(super) use list::table;

/// A command on numbers.
#[derive(Args, Debug)]
pub struct NumberArgs {
    #[command(subcommand)]
    command: NumberCommand,
}

#[derive(Debug, Subcommand)]
enum NumberCommand {
    /// Show everything that is known about a number (its dossier)
    Show(show::NumberShowArgs),
    /// List numbers that have a record
    List(list::NumberListArgs),
    /// List numbers of the same range, brand, case or wording of comments
    Similar(similar::NumberSimilarArgs),
    /// Set a status of a number
    SetStatus(decide::SetStatusArgs),
    /// Clear one status of a number, or all of them
    ClearStatus(decide::ClearStatusArgs),
    /// Delete the reports on calls before a time, because the number has a new owner; this cannot be undone
    Reset(decide::ResetArgs),
    /// Write everything that is stored of a number to a file, for the person whose number it is
    Export(export::ExportArgs),
    /// Erase everything that is stored of a number; this cannot be undone
    Erase(erase::EraseArgs),
}

pub(super) async fn run(args: NumberArgs) -> Result<(), CliError> {
    match args.command {
        NumberCommand::Show(args) => show::run(args).await,
        NumberCommand::List(args) => list::run(args).await,
        NumberCommand::Similar(args) => similar::run(args).await,
        NumberCommand::SetStatus(args) => decide::set_status(args).await,
        NumberCommand::ClearStatus(args) => decide::clear_status(args).await,
        NumberCommand::Reset(args) => decide::reset(args).await,
        NumberCommand::Export(args) => export::run(args).await,
        NumberCommand::Erase(args) => erase::run(args).await,
    }
}
