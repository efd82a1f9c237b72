//! Runs an import of complaints of the FTC.

use super::FtcArgs;
use super::reader::ComplaintReader;
use crate::cli::error::CliError;
use crate::cli::import::rejects::Rejects;
use crate::cli::import::transfer::{self, Transfer};

/// Imports a file. Returns the latest time at which a complaint was filed, in seconds since 1970.
///
/// # Errors
/// If the file cannot be read, if the server refuses a batch, or if the user presses Ctrl-C.
pub(in crate::cli) async fn run(args: FtcArgs) -> Result<Option<i64>, CliError> {
    let FtcArgs { common, transfer } = args;
    let mut source = common.open()?;
    let import_id = match &transfer.import_id {
        Some(given) => given.clone(),
        None => source.hash().map_err(|source| common.file_error(source))?,
    };
    let mut rejects = Rejects::new(common.rejects.as_deref(), &source)?;
    let file_bytes = source.len();
    let (content, position) = source.read();
    let reader = ComplaintReader::new(content, &import_id, rejects.keeps_rows())?;
    let transfer = Transfer {
        common: &common,
        args: &transfer,
        import_id,
        feed: reader.layout().feed().to_owned(),
        reader,
        position,
        file_bytes,
    };
    transfer::run(transfer, &mut rejects).await
}
