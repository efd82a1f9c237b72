//! The command line: client commands that use gRPC to talk to a running server, and a few commands that need no server.
//!
//! Every command prints tables and sentences for people or, with `--json`, the messages of the API as JSON for
//! programs, one document per line. Every change has a request id, which is random if it is not given. So a change
//! without an answer can be sent again, and is made only once.

mod access;
pub mod args;
mod audit;
mod case;
mod certificate;
mod complaints;
mod completions;
mod confirm;
mod connect;
mod data_out;
mod decision;
mod demo;
mod doctor;
pub mod emergency_cfg;
mod error;
mod evaluate;
mod fit;
mod health;
pub mod import;
mod import_error;
mod interrupts;
mod key;
mod layout;
mod legitimate;
mod list;
mod lookup;
mod model;
mod names;
mod normalize;
mod note;
mod number;
mod output;
mod paging;
mod parse;
mod pull;
mod reached;
mod report;
mod search;
mod serve;
mod share;
mod shared;
mod status;
mod text;
mod time;

pub use connect::Remote;
pub use doctor::DoctorError;
pub use error::CliError;
pub use parse::{UsageError, parse};
pub use pull::PullError;

use std::path::Path;

use crate::app;
use args::{Cli, ClientCommand, Command};
use clap::{CommandFactory as _, Parser as _};

/// Runs a command.
///
/// # Errors
/// If the command fails; see [`CliError`].
pub async fn execute(command: Command) -> Result<(), CliError> {
    match command {
        Command::Serve(args) => Box::pin(serve::run(args)).await,
        Command::Demo(args) => Box::pin(demo::run(args, run_line)).await,
        Command::Client(command) => {
            if let Some(file) = numbering_plan(&command) {
                app::extend_numbering_plan(file)?;
            }
            run(command).await
        }
    }
}

/// The file of newer ranges for a command that reads numbers itself.
fn numbering_plan(command: &ClientCommand) -> Option<&Path> {
    match command {
        ClientCommand::Import(args) => args.plan.file(),
        ClientCommand::Pull(args) => args.plan.file(),
        ClientCommand::Normalize(args) => args.plan.file(),
        ClientCommand::Evaluate(args) => args.plan.file(),
        ClientCommand::Fit(args) => args.plan.file(),
        ClientCommand::Lookup(_)
        | ClientCommand::Decision(_)
        | ClientCommand::Report(_)
        | ClientCommand::Number(_)
        | ClientCommand::Search(_)
        | ClientCommand::Case(_)
        | ClientCommand::Note(_)
        | ClientCommand::Audit(_)
        | ClientCommand::Key(_)
        | ClientCommand::Share(_)
        | ClientCommand::List(_)
        | ClientCommand::Health(_)
        | ClientCommand::Doctor(_)
        | ClientCommand::Model(_)
        | ClientCommand::EmergencyCfg(_)
        | ClientCommand::Completions(_) => None,
    }
}

/// Runs a client command.
///
/// # Errors
/// If the command fails; see [`CliError`].
async fn run(command: ClientCommand) -> Result<(), CliError> {
    // The futures of the larger commands are boxed, so that the future of this function stays small.
    match command {
        ClientCommand::Lookup(args) => Box::pin(lookup::run(args)).await,
        ClientCommand::Decision(args) => Box::pin(decision::run(args)).await,
        ClientCommand::Report(args) => Box::pin(report::run(*args)).await,
        ClientCommand::Number(args) => Box::pin(number::run(args)).await,
        ClientCommand::Search(args) => Box::pin(search::run(args)).await,
        ClientCommand::Case(args) => Box::pin(case::run(args)).await,
        ClientCommand::Note(args) => Box::pin(note::run(args)).await,
        ClientCommand::Audit(args) => Box::pin(audit::run(args)).await,
        ClientCommand::Key(args) => Box::pin(key::run(args)).await,
        ClientCommand::Share(args) => Box::pin(share::run(args)).await,
        ClientCommand::Import(args) => Box::pin(import::run(args)).await,
        ClientCommand::Pull(args) => Box::pin(pull::run(args)).await,
        ClientCommand::List(args) => Box::pin(list::run(args)).await,
        ClientCommand::Health(args) => health::run(args).await,
        ClientCommand::Doctor(args) => Box::pin(doctor::run(args)).await,
        ClientCommand::Normalize(args) => normalize::run(&args),
        ClientCommand::Evaluate(args) => evaluate::run(&args),
        ClientCommand::Fit(args) => fit::run(&args),
        ClientCommand::Model(args) => model::run(&args),
        ClientCommand::EmergencyCfg(args) => emergency_cfg::run(&args),
        ClientCommand::Completions(args) => completions::run(&args, Cli::command()),
    }
}

/// Parses and runs the command line of a client command. The line begins with the name of the program.
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
