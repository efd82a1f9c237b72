//! `import ftc`: imports Do-Not-Call complaints of the FTC, in eight columns or in three.
//!
//! A thread reads and parses the file, and a few batches at a time are sent to the server. Only the table of rows that
//! makes the ids grows with the file (see [`identity`]).

mod batch;
mod exported;
pub mod identity;
mod layout;
mod reader;
mod row;
mod run;
mod send;
mod subjects;
mod summary;

use clap::Args;

pub use exported::COLUMNS as EXPORTED_COLUMNS;
pub use layout::{EIGHT as EIGHT_COLUMNS, Layout};
pub use reader::{ComplaintReader, ComplaintReport};
pub(super) use run::run;
pub(in crate::cli) use subjects::subject_of;

use super::{Common, MinAccepted};
use crate::domain::report::MAX_BATCH_REPORTS;

/// Maximum number of reports in one batch: the limit of the server.
const BATCH_MAX: u64 = MAX_BATCH_REPORTS as u64;

/// Maximum number of batches that are sent at the same time.
const CONCURRENCY_MAX: i64 = 64;

/// Arguments of `import ftc`.
#[derive(Args, Debug)]
pub struct FtcArgs {
    #[command(flatten)]
    common: Common,
    /// Fail if less than this share of the rows can be taken
    #[arg(long, value_name = "SHARE", default_value = "50%")]
    min_accepted: MinAccepted,
    /// Id of the import, with which it can be withdrawn [default: a hash of the file]
    #[arg(long, value_name = "ID")]
    import_id: Option<String>,
    /// Number of reports in one batch
    #[arg(long, value_name = "N", default_value_t = BATCH_MAX, value_parser = clap::value_parser!(u64).range(1..=BATCH_MAX))]
    batch: u64,
    /// Number of batches that are sent at the same time
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=CONCURRENCY_MAX))]
    concurrency: u16,
}
