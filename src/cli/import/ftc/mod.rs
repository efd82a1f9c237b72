//! `import ftc`: Do-Not-Call complaints, in the FTC's eight columns or in three.
//!
//! A thread reads and parses the file; a few batches at a time are on their way to the server; nothing in between
//! grows with the file but what identity needs (see [`identity`]).

mod batch;
pub mod identity;
mod layout;
mod reader;
mod row;
mod run;
mod send;
mod subjects;
mod summary;

use clap::Args;

pub use layout::Layout;
pub use reader::{Filed, Reader};
pub(super) use run::run;

use super::Common;

/// The most reports of one batch, as the server has it.
const BATCH_MAX: i64 = 5_000;

/// The most batches on their way at a time.
const CONCURRENCY_MAX: i64 = 64;

/// Which file, and how to send it.
#[derive(Args, Debug)]
pub struct FtcArgs {
    #[command(flatten)]
    common: Common,
    /// Name of the import, by which it can be taken back [default: a hash of the file]
    #[arg(long, value_name = "ID")]
    import_id: Option<String>,
    /// Reports of one batch
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u16).range(1..=BATCH_MAX))]
    batch: u16,
    /// Batches on their way at a time
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=CONCURRENCY_MAX))]
    concurrency: u16,
}
