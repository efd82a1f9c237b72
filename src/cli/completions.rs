//! `completions`: a script that teaches a shell the commands.

use std::io::Write as _;

use clap::{Args, Command};
use clap_complete::Shell;

use super::error::CliError;

/// Which shell.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell to write the script for
    shell: Shell,
}

/// Writes the script for `command`, the whole tree of commands.
pub(super) fn run(args: &CompletionsArgs, mut command: Command) -> Result<(), CliError> {
    // Into memory first: the generator panics when its writer fails, as a closed pipe does.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "ringwarden", &mut script);
    std::io::stdout().lock().write_all(&script)?;
    Ok(())
}
