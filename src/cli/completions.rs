//! `completions`: prints a script with which a shell completes commands and flags.

use std::io::Write as _;

use clap::{Args, Command};
use clap_complete::Shell;

use super::error::CliError;

/// Arguments of `completions`.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// Shell that will use the script
    shell: Shell,
}

/// Prints the script for `command`, the whole tree of commands.
pub(super) fn run(args: &CompletionsArgs, mut command: Command) -> Result<(), CliError> {
    // Write to memory first: the generator panics if its writer fails, and a closed pipe fails.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "ringwarden", &mut script);
    std::io::stdout().lock().write_all(&script)?;
    Ok(())
}
