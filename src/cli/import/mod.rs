//! `import`: imports files of reports, cases and list entries into a running server.
//!
//! An import can be run again, also after it stopped early. The ids of reports and cases are made from their content,
//! so that the server counts nothing twice. A list is always replaced as a whole.

pub mod cases;
mod date;
mod form;
pub mod ftc;
pub mod list;
mod min_accepted;
mod progress;
mod rejects;
mod row_fault;
mod rows;
mod source;

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub use rejects::Reject;
pub use row_fault::RowFault;
pub use source::{Position, SourceFile};

pub use super::import_error::ImportError;

pub(super) use form::columns_of;
use min_accepted::MinAccepted;
pub(super) use rows::{CsvRows, Row};

use super::connect::Remote;
use super::error::CliError;
use super::shared::NumberingPlan;

/// The format of the file, and the file.
#[derive(Args, Debug)]
pub struct ImportArgs {
    #[command(subcommand)]
    format: ImportFormat,
    #[command(flatten)]
    pub(super) plan: NumberingPlan,
}

#[derive(Debug, Subcommand)]
enum ImportFormat {
    /// Import Do-Not-Call complaints of the US Federal Trade Commission (CSV, three or eight columns)
    Ftc(ftc::FtcArgs),
    /// Import fraud cases from published letters (CSV: phone_e164,category,call_date,case_doc)
    Cases(cases::CasesArgs),
    /// Replace a list (CSV: number,source,date,requester,expires; for tenant-prefix action; for known-owner organisation,brand,calls)
    List(list::ImportListArgs),
}

/// Arguments of all formats.
#[derive(Args, Debug)]
struct Common {
    /// File to import, plain or gzip; - for standard input
    file: PathBuf,
    /// Write rejected rows to this CSV file: line,reason,row
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: ImportArgs) -> Result<(), CliError> {
    match args.format {
        ImportFormat::Ftc(args) => Box::pin(ftc::run(args)).await,
        ImportFormat::Cases(args) => Box::pin(cases::run(args)).await,
        ImportFormat::List(args) => Box::pin(list::run(args)).await,
    }
}
