//! `report`: files reports, takes them back, lists them.

pub(super) mod list;
mod submit;
mod withdraw;

use clap::{Args, Subcommand};

use super::error::CliError;

/// A report to file, or a command on reports.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true
)]
pub struct ReportArgs {
    #[command(subcommand)]
    command: Option<ReportCommand>,
    #[command(flatten)]
    submit: Option<submit::SubmitArgs>,
}

#[derive(Debug, Subcommand)]
enum ReportCommand {
    /// Take back one report, or all of an import or a reporter
    Withdraw(withdraw::WithdrawArgs),
    /// List the reports on a number, latest first
    List(list::ListArgs),
}

pub(super) async fn run(args: ReportArgs) -> Result<(), CliError> {
    match (args.command, args.submit) {
        (Some(ReportCommand::Withdraw(args)), _) => withdraw::run(args).await,
        (Some(ReportCommand::List(args)), _) => list::run(args).await,
        (None, Some(args)) => Box::pin(submit::run(args)).await,
        // Without any argument clap shows the help instead.
        (None, None) => Ok(()),
    }
}
