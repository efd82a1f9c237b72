//! Why a pull failed. Each of these is an alarm.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::domain::day::Day;

/// Why a pull failed.
#[derive(Debug, Error)]
pub enum PullError {
    /// The files of the format `reports` need a mapping.
    #[error("--format reports needs --map: a header that changes must be an error, and no new guess")]
    NoMap,
    /// The days do not fit the address.
    #[error("--from and --to need {{date}} in the address")]
    NoDate,
    /// The state cannot be read or written.
    #[error("the state {}: {problem}", path.display())]
    State {
        /// Path of the file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The server answered with an error.
    #[error("{url} is answered with status {status}")]
    Status {
        /// The address.
        url: String,
        /// Status of HTTP.
        status: u16,
    },
    /// The address has moved for good.
    #[error("{url} has moved to {to}")]
    Moved {
        /// The address.
        url: String,
        /// The new address.
        to: String,
    },
    /// A redirection leads nowhere, or to another scheme.
    #[error("{url} redirects to {to}, which is not followed: {problem}")]
    Redirect {
        /// The address.
        url: String,
        /// The address that it names.
        to: String,
        /// Why it is not followed.
        problem: &'static str,
    },
    /// No attempt brought the file.
    #[error("{url} could not be fetched in {attempts} attempts: {problem}")]
    GaveUp {
        /// The address.
        url: String,
        /// Number of attempts.
        attempts: u32,
        /// The problem of the last attempt.
        problem: String,
    },
    /// The file is too large.
    #[error("{url} is larger than {max} bytes")]
    TooLarge {
        /// The address.
        url: String,
        /// The largest size.
        max: u64,
    },
    /// The file is empty.
    #[error("{url} is empty")]
    Empty {
        /// The address.
        url: String,
    },
    /// The answer is a web page.
    #[error("{url} is a web page, not a file")]
    WebPage {
        /// The address.
        url: String,
    },
    /// Too many days have no file.
    #[error("the source {name} has no file from {from} to {to}: {missing} days in a row, weekends not counted")]
    Missing {
        /// Name of the source.
        name: String,
        /// The first day.
        from: Day,
        /// The last day.
        to: Day,
        /// Number of days.
        missing: u32,
    },
    /// The file has not changed for too long.
    #[error("the file of the source {name} has not changed since {since}")]
    Unchanged {
        /// Name of the source.
        name: String,
        /// Day of the last change.
        since: Day,
    },
    /// The downloaded file or the file of metrics cannot be written.
    #[error("cannot write the file {}: {source}", path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// Cause of the error.
        source: io::Error,
    },
}

impl PullError {
    /// What the user can do.
    pub(in crate::cli) fn next_step(&self) -> Option<String> {
        let step = match self {
            Self::NoMap => "name all columns with --map number=COLUMN,...",
            Self::NoDate => "leave them out, or write {date} into the address",
            Self::State { .. } => "correct or remove the file; without it, give --from with the day after the last one",
            Self::Moved { .. } => "check that the new address belongs to the same party, then give it to the command",
            Self::Redirect { .. } => "ask the party that publishes the file for its address",
            Self::Status { .. } | Self::WebPage { .. } | Self::Empty { .. } => {
                "look at the address with a browser: the party may have moved its files"
            }
            Self::GaveUp { .. } => "the next run tries again, from the same day on",
            Self::TooLarge { .. } => "check the file, then allow its size with --max-bytes",
            Self::Missing { .. } => {
                "look at the page of the source: files may come late, or have moved; --missing-days allows more days"
            }
            Self::Unchanged { .. } => "look at the page of the source; --unchanged-days allows more days",
            Self::File { .. } => return None,
        };
        Some(step.to_owned())
    }
}
