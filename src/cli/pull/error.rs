//! Why a pull failed. Each of these is an alarm.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::cli::error::CliError;
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
    /// The first day is after the last one.
    #[error("--from {from} is after the last day, {last}")]
    FromAfterLast {
        /// The first day.
        from: Day,
        /// The last day: that of `--to`, or yesterday.
        last: Day,
    },
    /// The state cannot be read, or is not the state of a pull. It is left as it is.
    #[error("cannot read the state {}: {problem}", path.display())]
    StateUnreadable {
        /// Path of the file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The state, or a lock beside it, cannot be written.
    #[error("cannot write the state {}: {problem}", path.display())]
    StateUnwritable {
        /// Path of the file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Another run pulls the same source with the same state.
    #[error("another pull of the source {name} is running: it has locked {}", lock.display())]
    Running {
        /// Name of the source.
        name: String,
        /// Path of the lock.
        lock: PathBuf,
    },
    /// The file of metrics belongs to another source.
    #[error("the file of metrics {} belongs to another source", path.display())]
    MetricsOfOther {
        /// Path of the file.
        path: PathBuf,
    },
    /// The state has taken days that are not over yet.
    #[error("the state of the source {name} is ahead of the clock: it has {day}, but yesterday was {yesterday}")]
    Ahead {
        /// Name of the source.
        name: String,
        /// The newest day in the state.
        day: Day,
        /// Yesterday, by the clock of this machine.
        yesterday: Day,
    },
    /// So many days are due that the clock or the state is probably wrong.
    #[error("{days} days of the source {name} are due, from {from} on: the clock or the state is probably wrong")]
    TooManyDays {
        /// Name of the source.
        name: String,
        /// Number of days.
        days: i64,
        /// The first day.
        from: Day,
    },
    /// A signal asked the command to end.
    #[error("interrupted")]
    Interrupted,
    /// The thread that fetches files panicked. The panic was printed before.
    #[error("fetching the file failed unexpectedly")]
    FetcherPanicked,
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
    /// The file is too large when it is unpacked.
    #[error("{url} has more than {max} bytes when it is unpacked")]
    TooLargeUnpacked {
        /// The address.
        url: String,
        /// The largest size.
        max: u64,
    },
    /// The file is damaged: a compressed file that ends too early, or a workbook that cannot be read.
    #[error("{url} is damaged: {problem}")]
    Damaged {
        /// The address.
        url: String,
        /// What is wrong.
        problem: String,
    },
    /// The file of a day has the content of another day.
    #[error("the file of the source {name} for {day} is the same as that for {other}")]
    SameFile {
        /// Name of the source.
        name: String,
        /// The day that was asked for.
        day: Day,
        /// The day that has the same file.
        other: Day,
    },
    /// The file of a day has old reports only.
    #[error("the file of the source {name} for {day} is old: its newest report was filed on {newest}")]
    OldContent {
        /// Name of the source.
        name: String,
        /// The day that was asked for.
        day: Day,
        /// The day on which the newest report was filed.
        newest: Day,
    },
    /// The file of a day cannot be used. Other days were taken all the same.
    #[error("the file of the source {name} for {day} was not taken: {problem}")]
    NotTaken {
        /// Name of the source.
        name: String,
        /// The first such day.
        day: Day,
        /// What is wrong with the file.
        #[source]
        problem: Box<CliError>,
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
    /// The source has never had a file.
    #[error("the source {name} has never had a file at {url}: {missing} days since {since}, weekends not counted")]
    NeverDelivered {
        /// Name of the source.
        name: String,
        /// The address, with `{date}` in place of the day.
        url: String,
        /// The first day that was asked for.
        since: Day,
        /// Number of days.
        missing: usize,
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
        missing: usize,
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
    /// Whether an argument is wrong, so that nothing was asked for.
    pub(in crate::cli) fn is_usage(&self) -> bool {
        matches!(self, Self::NoMap | Self::NoDate | Self::FromAfterLast { .. })
    }

    /// Whether the fault is that of one file: those of other days may be right. A server may redirect a missing file to its
    /// start page.
    pub(super) fn is_of_one_file(&self) -> bool {
        matches!(
            self,
            Self::Status { .. }
                | Self::Moved { .. }
                | Self::GaveUp { .. }
                | Self::Redirect { .. }
                | Self::TooLarge { .. }
                | Self::TooLargeUnpacked { .. }
                | Self::Damaged { .. }
                | Self::Empty { .. }
                | Self::WebPage { .. }
                | Self::SameFile { .. }
                | Self::OldContent { .. }
        )
    }

    /// What the user can do.
    pub(in crate::cli) fn next_step(&self) -> Option<String> {
        let step = match self {
            Self::NoMap => "name all columns with --map number=COLUMN,...",
            Self::FromAfterLast { .. } => "days begin at midnight in UTC, and a day has a file when it is over",
            Self::NoDate => "leave them out, or write {date} into the address",
            Self::StateUnreadable { .. } => {
                "correct or remove the file, which nothing has changed; without it, give --from with the day after the \
                 last one that was taken"
            }
            Self::StateUnwritable { .. } => {
                "look at the disk and the permissions; the next run takes the same days again"
            }
            Self::Running { .. } => "wait until it ends",
            Self::MetricsOfOther { .. } => {
                "give each source a --metrics-file of its own; remove the file if the source has a new name"
            }
            Self::Ahead { .. } | Self::TooManyDays { .. } => {
                "correct the clock of this machine; if the clock is right, give --from once, with the first day to take"
            }
            Self::Moved { .. } => "check that the new address belongs to the same party, then give it to the command",
            Self::Redirect { .. } => "ask the party that publishes the file for its address",
            Self::Status { .. } | Self::WebPage { .. } | Self::Empty { .. } => {
                "look at the address with a browser: the party may have moved its files"
            }
            Self::GaveUp { .. } => "the next run asks again",
            Self::Interrupted => "the next run goes on with the same day",
            Self::TooLarge { .. } => "check the file, then allow its size with --max-bytes",
            Self::TooLargeUnpacked { .. } => {
                "check the file: it may be made to fill disks; then allow its size with --max-unpacked-bytes"
            }
            Self::Damaged { .. } => "look at the page of the source; the next run fetches the file again",
            Self::NotTaken { problem, .. } => return problem.next_step(),
            Self::SameFile { .. } | Self::OldContent { .. } => {
                "look at the page of the source: it may repeat an old file; the next run fetches the file again"
            }
            Self::NeverDelivered { .. } => {
                "check the address with a browser; --missing-days allows more days, and --every-day belongs to sources with \
                 files on weekends"
            }
            Self::Missing { .. } => {
                "look at the page of the source: files may come late, or have moved; --missing-days allows more days"
            }
            Self::Unchanged { .. } => "look at the page of the source; --unchanged-days allows more days",
            Self::File { .. } | Self::FetcherPanicked => return None,
        };
        Some(step.to_owned())
    }
}
