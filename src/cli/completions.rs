//! `completions`: a script that teaches a shell the commands.

use std::io::Write as _;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::args::Cli;
use super::error::CliError;

/// Which shell.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell to write the script for
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs) -> Result<(), CliError> {
    // Into memory first: the generator panics when its writer fails, as a closed pipe does.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ringwarden", &mut script);
    std::io::stdout().lock().write_all(&script)?;
    Ok(())
}
