//! The command line: client commands that talk gRPC to a running server, and a few that need none.
//!
//! Every command prints a table or a sentence for people and, with `--json`, the messages of the API as JSON for
//! programs, one document a line. Every change carries an id, made by chance unless given, so that it can be sent
//! again when no answer came.

pub mod args;
mod case;
mod complaints;
mod completions;
mod connect;
mod decision;
mod demo;
mod error;
mod evaluate;
mod fit;
mod health;
pub mod import;
mod import_error;
mod list;
mod lookup;
mod names;
mod normalize;
mod number;
mod output;
mod report;
mod serve;
mod shared;
mod status;
mod text;
mod time;

pub use connect::Remote;
pub use error::CliError;

use args::{Cli, ClientCommand, Command};
use clap::{CommandFactory as _, Parser as _};

/// Runs a command.
///
/// # Errors
/// Whatever goes wrong; see [`CliError`].
pub async fn execute(command: Command) -> Result<(), CliError> {
    match command {
        Command::Serve(args) => Box::pin(serve::run(args)).await,
        Command::Demo(args) => Box::pin(demo::run(args, run_line)).await,
        Command::Client(command) => run(command).await,
    }
}

/// Runs a client command.
///
/// # Errors
/// Whatever goes wrong; see [`CliError`].
async fn run(command: ClientCommand) -> Result<(), CliError> {
    // The futures of the larger commands are boxed so that this one stays small.
    match command {
        ClientCommand::Lookup(args) => Box::pin(lookup::run(args)).await,
        ClientCommand::Decision(args) => Box::pin(decision::run(args)).await,
        ClientCommand::Report(args) => Box::pin(report::run(args)).await,
        ClientCommand::Number(args) => Box::pin(number::run(args)).await,
        ClientCommand::Case(args) => Box::pin(case::run(args)).await,
        ClientCommand::Import(args) => Box::pin(import::run(args)).await,
        ClientCommand::List(args) => Box::pin(list::run(args)).await,
        ClientCommand::Health(args) => health::run(args).await,
        ClientCommand::Normalize(args) => normalize::run(&args),
        ClientCommand::Evaluate(args) => evaluate::run(&args),
        ClientCommand::Fit(args) => fit::run(&args),
        ClientCommand::Completions(args) => completions::run(&args, Cli::command()),
    }
}

/// Runs a command line of a client command, as a user would type it, with the name of the program in front.
///
/// # Errors
/// If the line is no client command, or the command fails.
async fn run_line(line: Vec<String>) -> Result<(), CliError> {
    let refused = |reason: String| CliError::WrongAnswers(vec![reason]);
    match Cli::try_parse_from(line) {
        Ok(Cli {
            command: Command::Client(command),
        }) => Box::pin(run(command)).await,
        Ok(_) => Err(refused("the demo runs client commands only".to_owned())),
        Err(error) => Err(refused(error.to_string())),
    }
}
