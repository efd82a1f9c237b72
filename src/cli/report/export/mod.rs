//! `report export`: writes stored reports to a file that `import ftc`, `evaluate` and `fit` read.

mod file;
mod row;

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::time::timeout;
use tonic::Streaming;

use self::file::ExportFile;
use crate::cli::connect::Remote;
use crate::cli::error::CliError;
use crate::cli::shared::InRegion;
use crate::cli::{complaints, names, output, shared};
use crate::domain::day::Day;
use crate::wire::Timestamp;
use crate::wire::v1::report_service_client::ReportServiceClient;
use crate::wire::v1::{ExportReportsRequest, ExportReportsResponse, Source};

/// Maximum size of a message of 1,000 reports with comments, in bytes.
const PART_BYTES_MAX: usize = 32 * 1_024 * 1_024;
/// Maximum time between two messages. The server sends one at least for each 256 numbers that it has read.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Arguments of `report export`.
#[derive(Args, Debug)]
pub(super) struct ExportArgs {
    /// File to write, readable by its owner only; compressed if the name ends with .gz; - for standard output [default: -]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// First day of the calls (UTC), as YYYY-MM-DD [default: no limit]
    #[arg(long, value_name = "DATE", value_parser = shared::day)]
    from: Option<Day>,
    /// Last day of the calls (UTC), as YYYY-MM-DD [default: no limit]
    #[arg(long, value_name = "DATE", value_parser = shared::day)]
    to: Option<Day>,
    /// Only the reports of this number, in any usual notation
    #[arg(long)]
    number: Option<String>,
    /// Only the reports of this source
    #[arg(long, value_parser = names::parser::<Source>())]
    source: Option<Source>,
    /// Only the reports of this import
    #[arg(long, value_name = "ID")]
    import_id: Option<String>,
    /// Write the comments of people, too: personal data
    #[arg(long)]
    comments: bool,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    remote: Remote,
}

/// The counts of a complete export.
#[derive(Debug, Serialize)]
struct Exported {
    reports: u64,
    numbers: u64,
}

/// Exports reports. A regular file gets its name only when it is complete.
///
/// # Errors
/// If the server refuses, if the stream ends early, if the file cannot be written, or if the user presses Ctrl-C.
pub(super) async fn run(args: ExportArgs) -> Result<(), CliError> {
    let mut client = ReportServiceClient::new(args.remote.connect().await?).max_decoding_message_size(PART_BYTES_MAX);
    let parts = client.export_reports(request(&args)).await?.into_inner();
    let path = args.out.as_deref().filter(|path| *path != Path::new("-"));
    let mut file = ExportFile::create(path)?;
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    let exported = tokio::select! {
        biased;
        pressed = &mut interrupt => {
            pressed?;
            Err(CliError::Incomplete("it was interrupted"))
        }
        exported = write(parts, &mut file, args.comments) => exported,
    }?;
    file.finish()?;
    let Some(path) = path else {
        return output::note(format!("{} reports", output::grouped(exported.reports)));
    };
    if args.remote.json {
        return output::json(&exported);
    }
    output::line(format!(
        "{} reports on {} numbers exported to {}",
        output::grouped(exported.reports),
        output::grouped(exported.numbers),
        path.display()
    ))
}

/// Writes all parts. Checks that the stream ends with its total.
async fn write(
    mut parts: Streaming<ExportReportsResponse>,
    file: &mut ExportFile,
    comments: bool,
) -> Result<Exported, CliError> {
    let bar = complaints::bar("exporting");
    file.row(row::header(comments))?;
    let mut exported = Exported { reports: 0, numbers: 0 };
    let mut last_number = String::new();
    let mut total = None;
    loop {
        let part = timeout(SILENCE_MAX, parts.message())
            .await
            .map_err(|_| CliError::Incomplete("the server has sent nothing for a minute"))??;
        let Some(part) = part else { break };
        complaints::advance(&bar, part.numbers_read, part.numbers.max(part.numbers_read));
        for report in &part.reports {
            let stored = report
                .report
                .as_ref()
                .ok_or(CliError::Incomplete("a report is missing"))?;
            if stored.e164 != last_number {
                exported.numbers += 1;
                last_number.clone_from(&stored.e164);
            }
            exported.reports += 1;
            file.row(row::fields(report, stored, comments))?;
        }
        total = part.total;
    }
    bar.finish_and_clear();
    if total != Some(exported.reports) {
        return Err(CliError::Incomplete("the server ended it before the last report"));
    }
    Ok(exported)
}

fn request(args: &ExportArgs) -> ExportReportsRequest {
    let at = |day: Day| Timestamp::from_millis(day.start().millis());
    ExportReportsRequest {
        number: args.number.clone().unwrap_or_default(),
        default_region: args.region.for_wire(),
        from: args.from.map(at),
        before: args.to.map(|day| at(day.plus(1))),
        source: args.source.unwrap_or_default().into(),
        import_id: args.import_id.clone().unwrap_or_default(),
        include_comments: args.comments,
    }
}
