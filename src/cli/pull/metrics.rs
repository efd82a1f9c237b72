//! The metrics of a pull, as a text for the textfile collector of node_exporter.

use std::fmt::Write as _;
use std::path::Path;

use super::PullError;
use super::state::{self, SourceState};

/// What a run shows.
#[derive(Debug)]
pub(super) struct PullFigures<'a> {
    /// Name of the source.
    pub(super) name: &'a str,
    /// The state after the run; none if it could not be read.
    pub(super) source: Option<&'a SourceState>,
    /// Whether the run ended without an alarm.
    pub(super) is_success: bool,
    /// Time of this run, in seconds since 1970.
    pub(super) run_at: i64,
    /// Number of days without a file that are asked for again.
    pub(super) missing_days: u64,
    /// Number of files imported in this run.
    pub(super) files: u32,
}

/// A figure: name, type, meaning, value.
type Figure = (&'static str, &'static str, &'static str, i64);

impl PullFigures<'_> {
    /// Replaces the file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(super) fn write(&self, path: &Path) -> Result<(), PullError> {
        state::replace(path, self.text().trim_end(), true).map_err(|source| PullError::File {
            path: path.to_owned(),
            source,
        })
    }

    fn figures(&self) -> Vec<Figure> {
        let mut figures = vec![
            (
                "success",
                "gauge",
                "Whether the last pull ended without an alarm.",
                i64::from(self.is_success),
            ),
            (
                "last_run_timestamp_seconds",
                "gauge",
                "Time of the last pull.",
                self.run_at,
            ),
            (
                "files",
                "gauge",
                "Files that the last pull imported.",
                self.files.into(),
            ),
        ];
        let Some(source) = self.source else { return figures };
        let last_day = source.last_day.map(|last| last.0.start().millis() / 1_000);
        let data_at = last_day.or(source.changed_at);
        figures.extend([
            (
                "has_data",
                "gauge",
                "Whether a file of the source was ever imported.",
                i64::from(data_at.is_some()),
            ),
            (
                "last_data_timestamp_seconds",
                "gauge",
                "Start of the last day that had a file, or the last change of the file; time of the first pull if no file \
                 ever came.",
                data_at.or(source.first_asked_at).unwrap_or(self.run_at),
            ),
            (
                "missing_days",
                "gauge",
                "Days without a file that are asked for again, weekends not counted.",
                count(self.missing_days),
            ),
            (
                "given_up_days_total",
                "counter",
                "Days without a file that are not asked for any more, weekends not counted.",
                count(source.given_up_days),
            ),
        ]);
        figures.extend(source.succeeded_at.map(|at| {
            let help = "Time of the last pull without an alarm.";
            ("last_success_timestamp_seconds", "gauge", help, at)
        }));
        figures
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (name, kind, help, value) in self.figures() {
            let source = self.name;
            // Writing to a String does not fail.
            let _written = writeln!(
                text,
                "# HELP ringwarden_pull_{name} {help}\n# TYPE ringwarden_pull_{name} {kind}\n\
                 ringwarden_pull_{name}{{source=\"{source}\"}} {value}"
            );
        }
        text
    }
}

/// Checks that a file of metrics does not belong to another source, whose figures would be lost.
///
/// # Errors
/// [`PullError::MetricsOfOther`].
pub(super) fn check_owner(path: &Path, name: &str) -> Result<(), PullError> {
    // A file that cannot be read is replaced, or the error comes when it is written.
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let label = format!("{{source=\"{name}\"}} ");
    let is_other = |line: &str| line.starts_with("ringwarden_pull_") && !line.contains(&label);
    if text.lines().any(is_other) {
        return Err(PullError::MetricsOfOther { path: path.to_owned() });
    }
    Ok(())
}

fn count(figure: u64) -> i64 {
    i64::try_from(figure).unwrap_or(i64::MAX)
}
