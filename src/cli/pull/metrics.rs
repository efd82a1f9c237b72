//! The metrics of a pull, as a text for the textfile collector of node_exporter.

use std::fmt::Write as _;
use std::path::Path;

use super::PullError;
use super::state;

/// What a run shows.
#[derive(Debug)]
pub(super) struct PullFigures<'a> {
    /// Name of the source.
    pub(super) source: &'a str,
    /// Whether the run ended without an alarm.
    pub(super) is_success: bool,
    /// Time of this run, in seconds since 1970.
    pub(super) run_at: i64,
    /// Time of the last run without an alarm.
    pub(super) succeeded_at: Option<i64>,
    /// Start of the last day that had a file, or time of the last change of the file.
    pub(super) data_at: Option<i64>,
    /// Number of days without a file in this run.
    pub(super) missing_days: u32,
    /// Number of files imported in this run.
    pub(super) files: u32,
}

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

    fn text(&self) -> String {
        let figures = [
            (
                "success",
                "Whether the last pull ended without an alarm.",
                Some(i64::from(self.is_success)),
            ),
            (
                "last_run_timestamp_seconds",
                "Time of the last pull.",
                Some(self.run_at),
            ),
            (
                "last_success_timestamp_seconds",
                "Time of the last pull without an alarm.",
                self.succeeded_at,
            ),
            (
                "last_data_timestamp_seconds",
                "Start of the last day that had a file, or the last change of the file.",
                self.data_at,
            ),
            (
                "missing_days",
                "Days without a file in the last pull.",
                Some(self.missing_days.into()),
            ),
            ("files", "Files that the last pull imported.", Some(self.files.into())),
        ];
        let mut text = String::new();
        for (name, help, value) in figures {
            let Some(value) = value else { continue };
            let source = self.source;
            // Writing to a String does not fail.
            let _written = writeln!(
                text,
                "# HELP ringwarden_pull_{name} {help}\n# TYPE ringwarden_pull_{name} gauge\n\
                 ringwarden_pull_{name}{{source=\"{source}\"}} {value}"
            );
        }
        text
    }
}
