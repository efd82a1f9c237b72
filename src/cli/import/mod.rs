//! `import`: loads files of reports, cases and list entries into a running server.
//!
//! An import can be run again, also after it ended early: reports and cases are named by their content, so that the
//! server counts nothing twice, and a list is replaced whole.

pub mod cases;
mod fault;
pub mod ftc;
pub mod list;
mod progress;
mod rejects;
mod rows;
mod source;

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub use fault::Fault;
pub use rejects::Reject;
pub use source::Source;

pub use super::import_error::ImportError;

use super::connect::Remote;
use super::error::CliError;

/// The format of the file, and the file.
#[derive(Args, Debug)]
pub struct ImportArgs {
    #[command(subcommand)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Format {
    /// Do-Not-Call complaints of the US Federal Trade Commission, in three or eight columns
    Ftc(ftc::FtcArgs),
    /// Fraud cases from published letters: phone_e164,category,call_date,case_doc
    Cases(cases::CasesArgs),
    /// A list, in the place of the one of the same name: number,source,date,requester,expires and, for prefixes, action
    List(list::ImportListArgs),
}

/// What imports of every format take.
#[derive(Args, Debug)]
struct Common {
    /// The file, plain or gzip; - for standard input
    file: PathBuf,
    /// Write the rows that were not taken to this file: line, reason, row
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: ImportArgs) -> Result<(), CliError> {
    match args.format {
        Format::Ftc(args) => Box::pin(ftc::run(args)).await,
        Format::Cases(args) => Box::pin(cases::run(args)).await,
        Format::List(args) => Box::pin(list::run(args)).await,
    }
}
