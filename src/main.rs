//! The program: arguments, runtime, exit code. No logic.

use std::process::ExitCode;

use clap::Parser as _;
use ringwarden::cli::args::Cli;
use ringwarden::cli::{self, CliError};

/// An import allocates and frees millions of small values on all threads. With the allocator of the C library, a
/// quarter of the time goes into that. mimalloc is built without transparent huge pages (`no_thp`): every thread starts
/// some pages of its own, and with huge pages each of them counts as 2 MiB of resident memory, even when the store is
/// empty.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Maximum number of threads for blocking work, such as reading from disk. Without this limit, loading a store starts
/// ten times as many threads, and each of them takes memory.
const MAX_BLOCKING_THREADS: usize = 16;

/// Exit code of a command that ran and failed.
const FAILED: u8 = 1;

/// Exit code for arguments that are not valid.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        // clap reports `--help` and `--version` as errors, too.
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
    // If standard error is closed, the exit code is the only message.
    let _written = error.write(&mut anstream::stderr().lock());
    ExitCode::from(if error.is_usage() { USAGE } else { FAILED })
}
