//! Writes the answers to the numbers of a file, one after the other: nothing waits for the end of the file.

use std::io::{self, Write as _};

use serde::Serialize;

use super::AnswerFormat;
use super::lines::Line;
use crate::cli::data_out::DataOut;
use crate::cli::error::CliError;
use crate::cli::lookup::card::number_text;
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
/// The heads of the columns of the table whose width follows the answers.
const ACTION: &str = "action";
const WOULD: &str = "would";

/// Writes answers to standard output.
pub(super) enum AnswerWriter {
    Table(TableForm),
    Csv(Box<csv::Writer<DataOut>>),
    Json,
}

/// The widths of the columns of the table. They are those of the first answers, since nothing waits for the end of the file.
#[derive(Clone, Copy, Default)]
pub(super) struct TableForm {
    /// Whether the header was written.
    has_header: bool,
    action: usize,
    /// Width of the column of actions that the operator does not carry out; 0 if there are none.
    would: usize,
}

/// A line with its answer, in JSON.
#[derive(Serialize)]
struct Answered<'a> {
    line: u64,
    #[serde(flatten)]
    answer: &'a LookupResponse,
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
    /// Begins the output. The header of a table follows with the first answers.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn new(format: AnswerFormat) -> Result<Self, CliError> {
        match format {
            AnswerFormat::Table => Ok(Self::Table(TableForm::default())),
            AnswerFormat::Csv => {
                let mut writer = csv::Writer::from_writer(DataOut::stdout());
                writer.write_record(COLUMNS).map_err(failed)?;
                Ok(Self::Csv(Box::new(writer)))
            }
            AnswerFormat::Jsonl => Ok(Self::Json),
        }
    }

    /// Makes the columns of a table wide enough for these answers, and writes its header, before the first answers are
    /// written.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn fit<'a>(&mut self, answers: impl Iterator<Item = &'a LookupResponse>) -> Result<(), CliError> {
        let Self::Table(form) = self else { return Ok(()) };
        if form.has_header {
            return Ok(());
        }
        *form = TableForm {
            has_header: true,
            action: ACTION.len(),
            would: 0,
        };
        for answer in answers {
            form.action = form.action.max(name_of::<Action>(answer.action).len());
            form.would = form.would.max(name_of::<Action>(answer.would_action).len());
        }
        if form.would > 0 {
            form.would = form.would.max(WOULD.len());
        }
        output::line(form.line(["number", "score", "level", ACTION, WOULD, "reports", "category"]))
    }

    /// Writes the answer to a line.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn answer(&mut self, line: &Line, answer: &LookupResponse) -> Result<(), CliError> {
        let score = answer.risk_score.map(|score| format!("{score:.1}"));
        match self {
            Self::Json => output::json(&Answered {
                line: line.line,
                answer,
            }),
            Self::Table(form) => {
                let number = number_text(answer).unwrap_or(given(line));
                let reports = match answer.report_count {
                    0 => String::new(),
                    count => output::grouped(count.into()),
                };
                let fields = [
                    output::clean(number),
                    score.unwrap_or_else(|| "-".to_owned()),
                    name_of::<RiskLevel>(answer.risk_level),
                    name_of::<Action>(answer.action),
                    name_of::<Action>(answer.would_action),
                    reports,
                    name_of::<Category>(answer.category),
                ];
                output::line(form.line(fields.each_ref().map(String::as_str)))
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
            Self::Table(_) => output::line(format!("{:<16}  {}", output::clean(given(line)), output::clean(reason))),
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
            Self::Table(_) | Self::Json => Ok(io::stdout().flush()?),
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

impl TableForm {
    /// A line, of at most 80 columns unless there are actions that are not carried out. Such an action has a column of its
    /// own, or stands at the end if the first answers had none.
    fn line(self, [number, score, level, action, would, reports, category]: [&str; 7]) -> String {
        let Self {
            action: action_width,
            would: would_width,
            ..
        } = self;
        let begin = format!("{number:<16}  {score:>5}  {level:<10}  {action:<action_width$}");
        let line = match would_width {
            0 if would.is_empty() || would == WOULD => format!("{begin}  {reports:>7}  {category}"),
            0 => format!("{begin}  {reports:>7}  {category}  {WOULD} {would}"),
            _ => format!("{begin}  {would:<would_width$}  {reports:>7}  {category}"),
        };
        line.trim_end().to_owned()
    }
}

fn failed(error: csv::Error) -> CliError {
    CliError::Output(error.into())
}
