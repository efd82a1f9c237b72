//! The program: arguments, runtime, exit code. No logic.

use std::process::ExitCode;

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

/// Exit code for an argument that is not valid, and for a check that could not be made.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let command = match cli::parse() {
        Ok(command) => command,
        // `--help` and `--version` come here, too.
        Err(error) => return ExitCode::from(error.print()),
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

fn fail(error: &CliError) -> ExitCode {
    // If standard error is closed, the exit code is the only message.
    let _written = error.write(&mut anstream::stderr().lock());
    let is_unknown = error.is_usage() || error.is_unchecked();
    ExitCode::from(if is_unknown { USAGE } else { FAILED })
}
