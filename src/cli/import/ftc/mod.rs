//! `import ftc`: imports Do-Not-Call complaints of the FTC, in eight columns or in three.
//!
//! A thread reads and parses the file, and a few batches at a time are sent to the server. Only the table of rows that
//! makes the ids grows with the file (see [`super::identity`]).

mod exported;
mod layout;
mod reader;
mod row;
mod run;
mod subjects;

use clap::Args;

pub use exported::COLUMNS as EXPORTED_COLUMNS;
pub use layout::{EIGHT as EIGHT_COLUMNS, Layout};
pub use reader::ComplaintReader;
pub(in crate::cli) use run::run;
pub(in crate::cli) use subjects::subject_of;

use super::Common;
use super::transfer::TransferArgs;

/// Arguments of `import ftc`.
#[derive(Args, Debug)]
pub struct FtcArgs {
    #[command(flatten)]
    pub(in crate::cli) common: Common,
    #[command(flatten)]
    pub(in crate::cli) transfer: TransferArgs,
}
