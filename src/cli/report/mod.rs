//! `report`: submits, withdraws and lists reports, and moderates their comments.

mod export;
pub(super) mod list;
mod moderate;
mod of_reporter;
mod pending;
mod submit;
mod withdraw;

use clap::{Args, Subcommand};

use super::error::CliError;

/// A report to submit, or a command on reports.
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
    submit: submit::SubmitArgs,
}

#[derive(Debug, Subcommand)]
enum ReportCommand {
    /// Withdraw one report, or all reports of an import or of a reporter
    Withdraw(withdraw::WithdrawArgs),
    /// List the reports on a number, latest first
    List(list::ReportListArgs),
    /// Export the stored reports to a file that `import ftc`, `evaluate` and `fit` read
    Export(export::ExportArgs),
    /// List the reports of one reporter, latest first
    By(of_reporter::ByArgs),
    /// List the comments that wait for a moderator, of all numbers
    Pending(pending::PendingArgs),
    /// Decide whether others may read the comment of a report
    Moderate(moderate::ModerateArgs),
}

pub(super) async fn run(args: ReportArgs) -> Result<(), CliError> {
    match args.command {
        Some(ReportCommand::Withdraw(args)) => withdraw::run(args).await,
        Some(ReportCommand::List(args)) => list::run(args).await,
        Some(ReportCommand::Export(args)) => Box::pin(export::run(args)).await,
        Some(ReportCommand::By(args)) => of_reporter::run(args).await,
        Some(ReportCommand::Pending(args)) => pending::run(args).await,
        Some(ReportCommand::Moderate(args)) => moderate::run(args).await,
        None => Box::pin(submit::run(args.submit)).await,
    }
}
