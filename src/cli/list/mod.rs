//! `list`: shows lists of numbers, such as do-not-originate lists. `import list` replaces them.

mod read;

use clap::{Args, Subcommand};

use super::error::CliError;

/// A command on lists.
#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(subcommand)]
    command: ListCommand,
}

#[derive(Debug, Subcommand)]
enum ListCommand {
    /// Show a list and its entries
    Show(read::ListShowArgs),
    /// Show all lists, without their entries
    Ls(read::ListLsArgs),
}

pub(super) async fn run(args: ListArgs) -> Result<(), CliError> {
    match args.command {
        ListCommand::Show(args) => read::show(args).await,
        ListCommand::Ls(args) => read::ls(args).await,
    }
}
