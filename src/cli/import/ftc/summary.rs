//! What an import did, in the end.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::send::Sent;
use crate::cli::error::CliError;
use crate::cli::import::progress::per_second;
use crate::cli::output;

/// What an import did.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    /// By which it can be taken back.
    pub(super) import_id: String,
    /// The data set.
    pub(super) feed: &'static str,
    /// Whether the whole file was taken.
    pub(super) complete: bool,
    /// Rows that were answered or rejected.
    pub(super) rows: u64,
    /// Reports that were new.
    pub(super) accepted: u64,
    /// Reports that the server had.
    pub(super) already_known: u64,
    /// Reports that had been withdrawn.
    pub(super) withdrawn: u64,
    /// Reports of calls before their number was given to a new owner: not kept.
    pub(super) before_reset: u64,
    /// Rows that were not taken.
    pub(super) rejected: u64,
    /// How many of each reason.
    pub(super) rejected_by_reason: BTreeMap<String, u64>,
    /// Subjects that are not on the list: their reports count, and name no category.
    pub(super) unknown_subjects: BTreeMap<String, u64>,
    /// How long it took.
    pub(super) seconds: f64,
    /// Rows a second.
    pub(super) rows_per_second: u64,
}

impl Summary {
    /// Adds what became of a batch.
    pub(super) fn add(&mut self, sent: &Sent) {
        self.rows += sent.rows;
        self.accepted += sent.accepted;
        self.already_known += sent.already_known;
        self.withdrawn += sent.withdrawn;
        self.before_reset += sent.before_reset;
    }

    /// Notes how long it took.
    pub(super) fn took(&mut self, elapsed: Duration) {
        self.seconds = elapsed.as_secs_f64();
        self.rows_per_second = per_second(self.rows, elapsed);
    }

    /// Prints it.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub(super) fn print(&self, json: bool) -> Result<(), CliError> {
        if json {
            return output::json(self);
        }
        let mut table = output::card();
        let counts = [
            ("rows", self.rows),
            ("accepted", self.accepted),
            ("already known", self.already_known),
            ("withdrawn before", self.withdrawn),
            ("before a reset", self.before_reset),
            ("rejected", self.rejected),
        ];
        for (name, count) in counts {
            output::add_cell(&mut table, name, output::figure(output::grouped(count)));
        }
        output::add_cell(&mut table, "seconds", output::figure(format!("{:.1}", self.seconds)));
        output::add_cell(
            &mut table,
            "rows a second",
            output::figure(output::grouped(self.rows_per_second)),
        );
        output::line(table.trim_fmt())?;
        if !self.unknown_subjects.is_empty() {
            output::line("\nsubjects that are not on the list; their reports name no category:")?;
        }
        for (subject, count) in &self.unknown_subjects {
            output::line(format!("{:>11}  {}", output::grouped(*count), output::clean(subject)))?;
        }
        output::line(format!(
            "\nfeed {}, import {}\nto take it back: ringwarden report withdraw --import {}",
            self.feed, self.import_id, self.import_id
        ))
    }
}
