//! `pull`: fetches files of another party over HTTP, and imports them. It runs once and ends: a timer starts it.
//!
//! A source that dries up must not be silent. So a missing day, an address that moved, a web page in place of a file, and
//! a file that cannot be imported end the command with an error, and the file of metrics says so.
//!
//! [`run`] locks the source, reads its state and writes it back; `daily` and `single` decide what is due; `take` fetches,
//! checks and imports one file.

mod content;
mod daily;
mod days;
mod error;
mod fetch;
mod metrics;
mod run;
mod single;
mod source;
mod state;
mod take;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub use error::PullError;
pub(super) use run::run;

use super::connect::Remote;
use super::import::{FileForm, MeaningArgs, TransferArgs};
use super::shared::{self, NumberingPlan};
use crate::domain::day::Day;
use source::Source;

/// Largest file, in bytes, if the user names no other size.
const BYTES_MAX: u64 = 256 * 1_024 * 1_024;

/// Largest content of a file after it is unpacked, in bytes, if the user names no other size.
const UNPACKED_BYTES_MAX: u64 = 1_024 * 1_024 * 1_024;

/// Longest time for which a day without a file is asked for again, in days.
const LATE_DAYS_MAX: i64 = 90;

/// Arguments of `pull`.
#[derive(Args, Clone, Debug)]
pub struct PullArgs {
    /// Name of the source, and the address of its files: {date} stands for the day, such as 2026-01-31
    #[arg(value_name = "NAME=URL")]
    pulled: Source,
    /// File in which the command remembers what it has taken; several sources may share it
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// How the files are read; reports needs --map
    #[arg(long, value_enum, default_value = "ftc")]
    format: Format,
    /// First day to take [default: the day after the last one taken, or yesterday]
    #[arg(long, value_name = "DAY", value_parser = shared::day)]
    from: Option<Day>,
    /// Last day to take [default: yesterday, in UTC]
    #[arg(long, value_name = "DAY", value_parser = shared::day)]
    to: Option<Day>,
    /// The source has a file on Saturdays and Sundays too
    #[arg(long)]
    every_day: bool,
    /// Number of days in a row, without weekends, that may have no file: public holidays
    #[arg(long, value_name = "DAYS", default_value_t = 1)]
    missing_days: u32,
    /// Number of days for which a day without a file is asked for again, also after later days had a file
    #[arg(long, value_name = "DAYS", default_value_t = 14, value_parser = clap::value_parser!(i64).range(1..=LATE_DAYS_MAX))]
    late_days: i64,
    /// Without {date}: fail if the file has not changed for so many days
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    unchanged_days: u32,
    /// Write metrics to this file, for the textfile collector of node_exporter; each source needs its own
    #[arg(long, value_name = "FILE")]
    metrics_file: Option<PathBuf>,
    #[command(flatten)]
    limits: FetchLimits,
    /// Write rejected rows to this CSV file: line,reason,row; with {date} in the address, one file for each day that has any,
    /// such as rejects.2026-01-31.csv
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    #[command(flatten)]
    form: FileForm,
    #[command(flatten)]
    transfer: TransferArgs,
    #[command(flatten)]
    meaning: MeaningArgs,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    pub(super) plan: NumberingPlan,
}

/// Limits of one file.
#[derive(Args, Clone, Copy, Debug)]
struct FetchLimits {
    /// Largest file that is taken, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = BYTES_MAX)]
    max_bytes: u64,
    /// Largest content that is taken after a file is unpacked, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = UNPACKED_BYTES_MAX)]
    max_unpacked_bytes: u64,
    /// Longest time of one attempt, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// Number of attempts, if the server fails or does not answer
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=20))]
    attempts: u32,
    /// Pause before the second attempt, in milliseconds; each further pause is twice as long, at most 5 minutes
    #[arg(long, value_name = "MS", default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..=300_000))]
    retry_pause: u64,
}

/// The formats of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// As `import ftc`
    Ftc,
    /// As `import reports`
    Reports,
}
