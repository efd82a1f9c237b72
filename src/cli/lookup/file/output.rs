//! Writes the answers to the numbers of a file, one after the other: nothing waits for the end of the file.

use std::io::{self, Stdout, Write as _};

use serde::Serialize;

use super::AnswerFormat;
use super::lines::Line;
use crate::cli::error::CliError;
use crate::cli::lookup::card::{action, number_text};
use crate::cli::names::name_of;
use crate::cli::{output, time};
use crate::wire::v1::{Action, Basis, Category, LookupResponse, RiskLevel};

/// The header of the CSV.
const COLUMNS: [&str; 15] = [
    "line",
    "number",
    "e164",
    "score",
    "level",
    "action",
    "basis",
    "would_action",
    "would_basis",
    "category",
    "brand",
    "reports",
    "last_reported",
    "cases",
    "error",
];
/// The longest names of actions on calls, and on numbers about to be dialled.
const ACTION_WIDTH: usize = 6;
const DIAL_ACTION_WIDTH: usize = 16;

/// Writes answers to standard output.
pub(super) enum AnswerWriter {
    Table { action_width: usize },
    Csv(Box<csv::Writer<Stdout>>),
    Json,
}

/// A line without an answer, in JSON.
#[derive(Serialize)]
struct Failure<'a> {
    line: u64,
    error: Message<'a>,
}

#[derive(Serialize)]
struct Message<'a> {
    message: &'a str,
}

impl AnswerWriter {
    /// Writes the header.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn new(format: AnswerFormat, about_to_dial: bool) -> Result<Self, CliError> {
        match format {
            AnswerFormat::Table => {
                let action_width = if about_to_dial { DIAL_ACTION_WIDTH } else { ACTION_WIDTH };
                let names = ["number", "score", "level", "action", "reports", "category"];
                output::line(table_line(names, action_width))?;
                Ok(Self::Table { action_width })
            }
            AnswerFormat::Csv => {
                let mut writer = csv::Writer::from_writer(io::stdout());
                writer.write_record(COLUMNS).map_err(failed)?;
                Ok(Self::Csv(Box::new(writer)))
            }
            AnswerFormat::Jsonl => Ok(Self::Json),
        }
    }

    /// Writes the answer to a line.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn answer(&mut self, line: &Line, answer: &LookupResponse) -> Result<(), CliError> {
        let score = answer.risk_score.map(|score| format!("{score:.1}"));
        match self {
            Self::Json => output::json(answer),
            Self::Table { action_width } => {
                let number = number_text(answer).unwrap_or(given(line));
                let reports = match answer.report_count {
                    0 => String::new(),
                    count => output::grouped(count.into()),
                };
                let fields = [
                    output::clean(number),
                    score.unwrap_or_else(|| "-".to_owned()),
                    name_of::<RiskLevel>(answer.risk_level),
                    action(answer),
                    reports,
                    name_of::<Category>(answer.category),
                ];
                output::line(table_line(fields.each_ref().map(String::as_str), *action_width))
            }
            Self::Csv(writer) => {
                let cases: Vec<&str> = answer.cases.iter().map(|case| case.case_id.as_str()).collect();
                let fields = [
                    line.line.to_string(),
                    given(line).to_owned(),
                    number_text(answer).unwrap_or_default().to_owned(),
                    score.unwrap_or_default(),
                    name_of::<RiskLevel>(answer.risk_level),
                    name_of::<Action>(answer.action),
                    name_of::<Basis>(answer.basis),
                    name_of::<Action>(answer.would_action),
                    name_of::<Basis>(answer.would_basis),
                    name_of::<Category>(answer.category),
                    answer.impersonated_brand.clone(),
                    answer.report_count.to_string(),
                    time::shown(answer.last_reported),
                    cases.join(" "),
                    String::new(),
                ];
                writer.write_record(fields).map_err(failed)
            }
        }
    }

    /// Writes a line that has no answer.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn failure(&mut self, line: &Line, reason: &str) -> Result<(), CliError> {
        match self {
            Self::Json => output::json(&Failure {
                line: line.line,
                error: Message { message: reason },
            }),
            Self::Table { .. } => {
                output::line(format!("{:<16}  {}", output::clean(given(line)), output::clean(reason)))
            }
            Self::Csv(writer) => {
                let mut fields = vec![String::new(); COLUMNS.len()];
                if let [number_of_line, number, .., error] = fields.as_mut_slice() {
                    *number_of_line = line.line.to_string();
                    given(line).clone_into(number);
                    reason.clone_into(error);
                }
                writer.write_record(fields).map_err(failed)
            }
        }
    }

    /// Writes what waits in memory.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn flush(&mut self) -> Result<(), CliError> {
        match self {
            Self::Csv(writer) => Ok(writer.flush()?),
            Self::Table { .. } | Self::Json => Ok(io::stdout().flush()?),
        }
    }

    /// Ends the output.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn finish(mut self) -> Result<(), CliError> {
        self.flush()
    }
}

/// The number as the file has it.
fn given(line: &Line) -> &str {
    line.number.as_deref().unwrap_or_default()
}

/// A line of at most 80 columns.
fn table_line([number, score, level, action, reports, category]: [&str; 6], action_width: usize) -> String {
    let line = format!("{number:<16}  {score:>5}  {level:<10}  {action:<action_width$}  {reports:>7}  {category}");
    line.trim_end().to_owned()
}

fn failed(error: csv::Error) -> CliError {
    CliError::Output(error.into())
}
