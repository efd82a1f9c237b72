//! Reads complaints and models from files, for commands that replay complaints without a server.

use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::error::CliError;
use super::import::{SourceFile, ftc};
use super::output;
use crate::domain::day::Day;
use crate::domain::kinds::Category;
use crate::domain::model::ScoreModel;
use crate::domain::time::Timestamp;
use crate::number::E164;
use crate::replay::Complaints;
use crate::wire;
use crate::wire::v1::{Report, ReportRole};

/// The progress bar counts complaints, not days: early days have few complaints.
const TEMPLATE: &str = "{msg:>8} {wide_bar} {percent:>3} %  {eta} left";

/// Reads a file of FTC complaints, in either layout, plain or gzip, by the rules of the import. Shows the progress, and
/// prints how many rows were rejected.
pub(super) fn load(path: &Path) -> Result<Complaints, CliError> {
    let source = SourceFile::open(path).map_err(|source| file_error(path, source))?;
    let (bytes, bar) = (source.len(), bar("reading"));
    let (content, position) = source.read();
    let mut reader = ftc::ComplaintReader::new(content, "", false)?;
    let (mut complaints, mut rejected) = (Complaints::default(), 0u64);
    while let Some(row) = reader.next_row()? {
        match row {
            Ok(filed) => {
                let report = filed.report;
                if !is_complaint(&report) {
                    continue;
                }
                let number = report.number.parse::<E164>().ok();
                let times = time(report.occurred_at).zip(time(report.received_at));
                if let (Some(number), Some(times)) = (number, times) {
                    let category = u8::try_from(report.category).ok().and_then(Category::from_code);
                    complaints.push(
                        number,
                        times,
                        category.unwrap_or(Category::Unspecified),
                        &report.reporter_area,
                    );
                }
            }
            Err(_) => rejected += 1,
        }
        advance(&bar, position.bytes(), bytes);
    }
    bar.finish_and_clear();
    complaints.sort();
    if rejected > 0 {
        let rows = complaints.rows().len() as u64;
        output::note(format!(
            "{} complaints; {} rows rejected",
            output::grouped(rows),
            output::grouped(rejected)
        ))?;
    }
    Ok(complaints)
}

/// The first and the last day to use: the given days, or else the days of the first and the last call.
pub(super) fn period(
    path: &Path,
    complaints: &Complaints,
    from: Option<Day>,
    to: Option<Day>,
) -> Result<(Day, Day), CliError> {
    let days = || complaints.rows().iter().map(|row| Day::of(row.occurred_at));
    let (Some(first), Some(last)) = (days().min(), days().max()) else {
        return Err(CliError::NoComplaints { path: path.to_owned() });
    };
    let (from, to) = (from.unwrap_or(first), to.unwrap_or(last));
    if from > last || to < first || from > to {
        return Err(CliError::NoComplaints { path: path.to_owned() });
    }
    Ok((from, to))
}

/// Reads a model file.
pub(super) fn model(path: &Path) -> Result<ScoreModel, CliError> {
    let text = std::fs::read_to_string(path).map_err(|source| file_error(path, source))?;
    ScoreModel::from_json(&text).map_err(|source| CliError::Model {
        path: path.to_owned(),
        source,
    })
}

/// A progress bar. It is hidden if standard error is not a terminal.
pub(super) fn bar(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}

/// Updates a progress bar.
pub(super) fn advance(bar: &ProgressBar, done: u64, of: u64) {
    if !bar.is_hidden() {
        bar.set_length(of.max(1));
        bar.set_position(done);
    }
}

/// The error for a file that cannot be read or written.
pub(super) fn file_error(path: &Path, source: std::io::Error) -> CliError {
    CliError::File {
        path: path.to_owned(),
        source,
    }
}

/// Whether a report complains about a call of its number. In an export, some say that the call was wanted, and some name a
/// number that a victim was told to call.
fn is_complaint(report: &Report) -> bool {
    !report.not_spam && report.role() != ReportRole::ToldToCall
}

fn time(at: Option<wire::Timestamp>) -> Option<Timestamp> {
    at.map(|at| Timestamp::from_secs(at.seconds))
}
