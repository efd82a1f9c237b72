//! `case`: fraud cases, their status, and the numbers linked to them.

mod edit;
mod link;
mod number_file;
mod read;

use clap::{Args, Subcommand};

use super::error::CliError;

/// A command on cases.
#[derive(Args, Debug)]
pub struct CaseArgs {
    #[command(subcommand)]
    command: CaseCommand,
}

#[derive(Debug, Subcommand)]
enum CaseCommand {
    /// Create a case
    Create(edit::CreateArgs),
    /// Show a case and its numbers
    Show(read::CaseShowArgs),
    /// List cases, latest change first
    List(read::CaseListArgs),
    /// Change the title or other fields of a case
    Update(edit::UpdateArgs),
    /// Move a case to another status
    Transition(edit::TransitionArgs),
    /// Link numbers to a case
    Link(link::LinkArgs),
    /// Unlink numbers from a case
    Unlink(link::UnlinkArgs),
}

pub(super) async fn run(args: CaseArgs) -> Result<(), CliError> {
    match args.command {
        CaseCommand::Create(args) => edit::create(args).await,
        CaseCommand::Show(args) => read::show(args).await,
        CaseCommand::List(args) => read::list(args).await,
        CaseCommand::Update(args) => edit::update(args).await,
        CaseCommand::Transition(args) => edit::transition(args).await,
        CaseCommand::Link(args) => link::link(args).await,
        CaseCommand::Unlink(args) => link::unlink(args).await,
    }
}
