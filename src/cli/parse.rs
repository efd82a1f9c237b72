//! Parses the command line of the process.

use std::ffi::OsString;
use std::io::{self, Write as _};

use clap::builder::{OsStr, Resettable};
use clap::{Arg, CommandFactory as _, FromArgMatches as _};
use tracing::Level;

use super::args::{Cli, Command};
use crate::config::LogFormat;
use crate::telemetry::Notice;

/// Exit code for arguments that are not valid.
const USAGE: u8 = 2;
/// Exit code of a command that ran and failed.
const FAILED: u8 = 1;

/// A command line that names no command to run: it is not valid, or it asks for help.
#[derive(Debug)]
pub struct UsageError {
    error: clap::Error,
    format: LogFormat,
}

/// Parses the command line of this process. An empty variable counts as unset.
///
/// # Errors
/// If the line is not valid, or if it asks for help or for the version.
pub fn parse() -> Result<Command, UsageError> {
    let line: Vec<OsString> = std::env::args_os().collect();
    let variable = std::env::var("RINGWARDEN_LOG_FORMAT").ok();
    let format = log_format(&line, variable.as_deref());
    parse_line(line).map_err(|error| UsageError { error, format })
}

impl UsageError {
    /// Prints the error or the help. Returns the exit code.
    #[must_use]
    pub fn print(&self) -> u8 {
        if !self.error.use_stderr() {
            return match self.error.print() {
                Ok(()) => 0,
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => 0, // such as `ringwarden --help | head`
                Err(_) => FAILED,
            };
        }
        // If standard error is closed, the exit code is the only message.
        let _written = match self.format {
            LogFormat::Text => self.error.print(),
            LogFormat::Json => {
                let text = self.error.render().to_string();
                let notice = Notice::new(Level::ERROR, "", text.trim_end());
                io::stderr().write_all(notice.render(LogFormat::Json).as_bytes())
            }
        };
        USAGE
    }
}

fn parse_line(line: Vec<OsString>) -> Result<Command, clap::Error> {
    let mut command = without_empty_variables(Cli::command());
    let mut matches = command.try_get_matches_from_mut(line)?;
    let cli = Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))?;
    Ok(cli.command)
}

/// The same command, in which no argument is read from a variable that is empty.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |arg: &Arg| {
        let value = arg.get_env().and_then(std::env::var_os);
        value.is_some_and(|value| value.is_empty())
    };
    command
        .mut_args(|arg| {
            if is_empty(&arg) {
                arg.env(Resettable::<OsStr>::Reset)
            } else {
                arg
            }
        })
        .mut_subcommands(without_empty_variables)
}

/// The format in which the fault of a command line is told: that of the log, if the line asks for a server.
fn log_format(line: &[OsString], variable: Option<&str>) -> LogFormat {
    let mut words = line.iter().skip(1).map(|word| word.to_string_lossy());
    if words.next().as_deref() != Some("serve") {
        return LogFormat::Text;
    }
    let words: Vec<_> = words.collect();
    let joined = words.iter().find_map(|word| word.strip_prefix("--log-format="));
    let apart = || words.iter().skip_while(|word| *word != "--log-format").nth(1);
    match joined.or_else(|| apart().map(AsRef::as_ref)).or(variable) {
        Some("json") => LogFormat::Json,
        Some(_) | None => LogFormat::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_that_logs_json_is_told_in_json() {
        let format = |line: &str, variable| {
            let line: Vec<_> = line.split(' ').map(OsString::from).collect();
            log_format(&line, variable)
        };
        for line in ["r serve --log-format json --x", "r serve --x --log-format=json"] {
            assert_eq!(format(line, None), LogFormat::Json, "{line}");
            assert_eq!(format(line, Some("text")), LogFormat::Json, "{line}");
        }
        assert_eq!(format("r serve --x", Some("json")), LogFormat::Json);
        for line in [
            "r",
            "r lookup --log-format json",
            "r serve --log-format text",
            "r serve --log-format",
        ] {
            assert_eq!(format(line, None), LogFormat::Text, "{line}");
        }
        assert_eq!(format("r serve --log-format text", Some("json")), LogFormat::Text);
    }
}
