//! `lookup --file`: looks up the numbers of a file in batches, and writes the answers in the order of the file.

mod lines;
mod output;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;

use self::lines::{Batch, Line, NumberLines};
use self::output::AnswerWriter;
use super::{ANSWER_BYTES_MAX, LookupArgs, request};
use crate::cli::complaints;
use crate::cli::connect::Connection;
use crate::cli::error::CliError;
use crate::cli::import::ImportError;
use crate::cli::output::note;
use crate::cli::status::with_arguments;
use crate::wire::v1::batch_lookup_result::Result as BatchResult;
use crate::wire::v1::lookup_service_client::LookupServiceClient;
use crate::wire::v1::{BatchLookupRequest, LookupRequest};

/// Bad lines that are named with their reason. Further ones are only counted; CSV and JSON name all.
const NAMED_MAX: usize = 20;

/// The file of numbers, and the form of the answers.
#[derive(Args, Debug)]
pub(super) struct FileArgs {
    /// Look up the numbers of this file, plain or gzip: CSV, or one number on each line; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Column of the numbers: its name in the header, or its position from 1 on [default: found by its name]
    #[arg(long, value_name = "NAME", requires = "file")]
    column: Option<String>,
    /// Form of the answers [default: table, or jsonl with --json]
    #[arg(long, value_enum, requires = "file")]
    format: Option<AnswerFormat>,
}

/// The form of the answers to the numbers of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AnswerFormat {
    /// Lines of fixed width, for people
    Table,
    /// CSV with a header
    Csv,
    /// One JSON document on each line
    Jsonl,
}

/// Looks up all numbers of a file. Lines without a number do not stop it.
///
/// # Errors
/// If the file cannot be read, if the server refuses a batch, or in the end if any line had no answer.
pub(super) async fn run(args: &LookupArgs, path: &Path) -> Result<(), CliError> {
    let format = args.file.format.unwrap_or(if args.remote.json {
        AnswerFormat::Jsonl
    } else {
        AnswerFormat::Table
    });
    let lines = NumberLines::open(path, args.file.column.as_deref(), args.region.region)?;
    let client = LookupServiceClient::new(args.remote.connect().await?).max_decoding_message_size(ANSWER_BYTES_MAX);
    let bar = complaints::bar("looking up");
    if std::io::stdout().is_terminal() {
        // The answers scroll on the same screen.
        bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
    }
    let (file_bytes, batches) = (lines.bytes(), lines.read()?);
    let mut asking = Asking {
        args,
        client,
        writer: AnswerWriter::new(format)?,
        bar,
        total: 0,
        failed: 0,
    };
    let lines::Batches { mut receiver, thread } = batches;
    while let Some(batch) = receiver.recv().await {
        let position = batch.position_bytes;
        asking.ask(batch).await?;
        complaints::advance(&asking.bar, position, file_bytes.max(position));
    }
    asking.bar.finish_and_clear();
    asking.writer.finish()?;
    thread
        .join()
        .map_err(|_panic| CliError::from(ImportError::ReaderPanicked))??;
    match (asking.failed, asking.total) {
        (0, 0) => Err(CliError::NumberFile {
            path: path.to_owned(),
            problem: "the file has no numbers".to_owned(),
        }),
        (0, _) => Ok(()),
        (failed, total) => Err(CliError::Items { failed, total }),
    }
}

/// The batches that were answered so far.
struct Asking<'a> {
    args: &'a LookupArgs,
    client: LookupServiceClient<Connection>,
    writer: AnswerWriter,
    bar: ProgressBar,
    total: usize,
    failed: usize,
}

impl Asking<'_> {
    /// Asks for the numbers of a batch, and writes a line for each of its lines.
    async fn ask(&mut self, batch: Batch) -> Result<(), CliError> {
        let requests: Vec<LookupRequest> = batch
            .lines
            .iter()
            .filter_map(|line| Some(request(self.args, line.number.as_ref().ok()?)))
            .collect();
        let sent = requests.len();
        let results = if requests.is_empty() {
            Vec::new()
        } else {
            let answer = self.client.batch_lookup(BatchLookupRequest { requests }).await?;
            answer.into_inner().results
        };
        if results.len() != sent {
            let got = results.len();
            return Err(ImportError::WrongAnswer { sent, got }.into());
        }
        self.writer
            .fit(results.iter().filter_map(|result| match result.result.as_ref()? {
                BatchResult::Response(answer) => Some(answer),
                BatchResult::Error(_) => None,
            }))?;
        let mut results = results.into_iter();
        for line in &batch.lines {
            self.total += 1;
            let result = match &line.number {
                Ok(_) => results.next().and_then(|result| result.result),
                Err(_) => None,
            };
            match result {
                Some(BatchResult::Response(answer)) => self.writer.answer(line, &answer)?,
                Some(BatchResult::Error(error)) => {
                    // The field names the place in the batch, which nobody knows.
                    let reason = error.message.strip_prefix(&error.field).unwrap_or(&error.message);
                    self.fail(line, &with_arguments(reason.trim_start_matches([':', ' '])))?;
                }
                None => {
                    let reason = line.number.as_ref().err().map_or("no result", String::as_str);
                    self.fail(line, reason)?;
                }
            }
        }
        self.writer.flush()
    }

    fn fail(&mut self, line: &Line, reason: &str) -> Result<(), CliError> {
        self.failed += 1;
        self.writer.failure(line, reason)?;
        match self.failed {
            n if n <= NAMED_MAX => self.bar.suspend(|| note(format!("line {}: {reason}", line.line))),
            n if n == NAMED_MAX + 1 => self.bar.suspend(|| note("further lines have no answer")),
            _ => Ok(()),
        }
    }
}
