//! `number`: what is known about numbers, and what analysts decide about them.

mod decide;
mod list;
mod show;

use clap::{Args, Subcommand};

use super::error::CliError;

/// A command on numbers.
#[derive(Args, Debug)]
pub struct NumberArgs {
    #[command(subcommand)]
    command: NumberCommand,
}

#[derive(Debug, Subcommand)]
enum NumberCommand {
    /// Show everything known about a number
    Show(show::ShowArgs),
    /// List numbers that have a record
    List(list::ListArgs),
    /// Give a number a status
    SetStatus(decide::SetStatusArgs),
    /// Take one status of a number, or all
    ClearStatus(decide::ClearStatusArgs),
    /// Drop the reports of calls before a time, for good: the number has a new owner
    Reset(decide::ResetArgs),
}

pub(super) async fn run(args: NumberArgs) -> Result<(), CliError> {
    match args.command {
        NumberCommand::Show(args) => show::run(args).await,
        NumberCommand::List(args) => list::run(args).await,
        NumberCommand::SetStatus(args) => decide::set_status(args).await,
        NumberCommand::ClearStatus(args) => decide::clear_status(args).await,
        NumberCommand::Reset(args) => decide::reset(args).await,
    }
}
