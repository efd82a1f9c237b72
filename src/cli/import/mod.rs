//! `import`: imports files of reports, cases and list entries into a running server.
//!
//! An import can be run again, also after it stopped early. The ids of reports and cases are made from their content,
//! so that the server counts nothing twice. A list is always replaced as a whole.

pub mod cases;
mod date;
mod form;
pub mod ftc;
pub mod identity;
pub mod list;
mod mapping;
mod mapping_error;
mod min_accepted;
mod numbers;
mod progress;
mod rejects;
pub mod reports;
mod row_fault;
mod rows;
mod source;
mod transfer;

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub use mapping_error::MappingError;
pub use rejects::Reject;
pub use row_fault::RowFault;
pub use source::{FileForm, Position, SourceFile, TextEncoding, UnknownEncoding};
pub use transfer::FiledReport;

pub use super::import_error::ImportError;

pub(super) use form::columns_of;
pub(super) use ftc::FtcArgs;
use min_accepted::MinAccepted;
pub(super) use numbers::{NumberFile, NumberFileArgs};
pub(super) use progress::ImportProgress;
pub(super) use rejects::REJECTS_HEADER;
pub(super) use reports::{MeaningArgs, ReportsArgs};
pub(super) use rows::{CsvRows, Row};
pub(super) use transfer::TransferArgs;

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
    /// Import reports from any table (CSV or XLSX); its columns are named with --map, or guessed and shown
    Reports(reports::ReportsArgs),
    /// Import Do-Not-Call complaints of the US Federal Trade Commission (CSV, three or eight columns)
    Ftc(ftc::FtcArgs),
    /// Import fraud cases from published letters (CSV: phone_e164,category,call_date,case_doc)
    Cases(cases::CasesArgs),
    /// Replace a list (CSV: number,source,date,requester,expires; for tenant-prefix action; for known-owner
    /// organisation,brand,calls)
    List(list::ImportListArgs),
}

/// Arguments of all formats.
#[derive(Args, Clone, Debug)]
pub(super) struct Common {
    /// File to import: CSV, plain or gzip, or XLSX; - for standard input
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) form: FileForm,
    /// Write rejected rows to this CSV file: line,reason,row
    #[arg(long, value_name = "FILE")]
    pub(super) rejects: Option<PathBuf>,
    #[command(flatten)]
    pub(super) remote: Remote,
}

impl Common {
    /// Opens the file.
    ///
    /// # Errors
    /// If it cannot be read.
    fn open(&self) -> Result<SourceFile, CliError> {
        SourceFile::open_as(&self.file, &self.form).map_err(|source| self.file_error(source))
    }

    /// The error of the file.
    fn file_error(&self, source: std::io::Error) -> CliError {
        CliError::File {
            path: self.file.clone(),
            source,
        }
    }
}

pub(super) async fn run(args: ImportArgs) -> Result<(), CliError> {
    match args.format {
        ImportFormat::Reports(args) => Box::pin(reports::run(args)).await.map(drop),
        ImportFormat::Ftc(args) => Box::pin(ftc::run(args)).await.map(drop),
        ImportFormat::Cases(args) => Box::pin(cases::run(args)).await,
        ImportFormat::List(args) => Box::pin(list::run(args)).await,
    }
}
