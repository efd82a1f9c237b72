//! The program: arguments, runtime, exit code. No logic.

use std::process::ExitCode;

use clap::Parser as _;
use ringwarden::cli::args::Cli;
use ringwarden::cli::{self, CliError};

/// Imports make and drop millions of small values on all threads: the allocator of the C library takes a quarter of the
/// time for that. Built without huge pages (`no_thp`): every thread begins some of its own, of which an empty store uses
/// little, but 2 MiB each count as resident.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Threads that wait for the disk in everybody's place. Without a limit the loading of a store starts ten times as many,
/// each with memory of its own.
const MAX_BLOCKING_THREADS: usize = 16;

/// A command that ran and failed.
const FAILED: u8 = 1;

/// Arguments that make no sense.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        // Help and version come this way too.
        Err(error) => return print_usage(&error),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(MAX_BLOCKING_THREADS)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(&CliError::from(error)),
    };
    match runtime.block_on(cli::execute(command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_closed_output() => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn print_usage(error: &clap::Error) -> ExitCode {
    let code = if error.use_stderr() { USAGE } else { 0 };
    match error.print() {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(FAILED),
    }
}

fn fail(error: &CliError) -> ExitCode {
    // When standard error is closed, the exit code alone has to say it.
    let _written = error.write(&mut anstream::stderr().lock());
    ExitCode::from(if error.is_usage() { USAGE } else { FAILED })
}
