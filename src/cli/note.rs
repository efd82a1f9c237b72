//! `note`: adds notes to numbers and cases, and lists them.

use std::io::{self, Read as _};

use clap::{Args, Subcommand};
use comfy_table::Table;

use super::connect::{self, Remote};
use super::error::CliError;
use super::shared::{Change, InRegion, Limit};
use super::{output, time};
use crate::wire::v1::note::Subject as Shown;
use crate::wire::v1::note_service_client::NoteServiceClient;
use crate::wire::v1::{AddNoteRequest, ListNotesRequest, Note, add_note_request, list_notes_request};

/// Maximum size of a page of 1,000 notes, in bytes.
const PAGE_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// Maximum size of a text from standard input, in bytes: more than the server accepts.
const TEXT_BYTES_MAX: u64 = 64 * 1_024;

/// A command on notes.
#[derive(Args, Debug)]
pub struct NoteArgs {
    #[command(subcommand)]
    command: NoteCommand,
}

#[derive(Debug, Subcommand)]
enum NoteCommand {
    /// Add a note to a number or a case
    Add(NoteAddArgs),
    /// List the notes on a number or a case, newest first
    List(NoteListArgs),
}

/// The number or the case.
#[derive(Args, Debug)]
#[group(id = "subject", required = true, multiple = false)]
struct SubjectArgs {
    /// Number, in any usual notation
    #[arg(long, value_name = "NUMBER")]
    number: Option<String>,
    /// Id of the case
    #[arg(long, value_name = "ID")]
    case: Option<String>,
}

/// Arguments of `note add`.
#[derive(Args, Debug)]
struct NoteAddArgs {
    #[command(flatten)]
    subject: SubjectArgs,
    /// Text of the note, at most 2,000 characters; - reads it from standard input
    text: String,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    remote: Remote,
}

/// Arguments of `note list`.
#[derive(Args, Debug)]
struct NoteListArgs {
    #[command(flatten)]
    subject: SubjectArgs,
    #[command(flatten)]
    limit: Limit,
    #[command(flatten)]
    region: InRegion,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: NoteArgs) -> Result<(), CliError> {
    match args.command {
        NoteCommand::Add(args) => add(args).await,
        NoteCommand::List(args) => list(args).await,
    }
}

async fn add(args: NoteAddArgs) -> Result<(), CliError> {
    use add_note_request::Subject;
    let client = NoteServiceClient::new(args.remote.connect().await?);
    let number = args.subject.number.map(Subject::Number);
    let request = AddNoteRequest {
        subject: number.or(args.subject.case.map(Subject::CaseId)),
        default_region: args.region.for_wire(),
        text: text(args.text)?,
        actor: args.change.actor(),
        request_id: connect::request_id(args.change.request_id)?,
    };
    let answer = connect::change(&request.request_id, || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.add_note(request).await }
    })
    .await?;
    if args.remote.json {
        return output::json(&answer);
    }
    let note = answer.note.unwrap_or_default();
    let mut card = output::card();
    match &note.subject {
        Some(Shown::E164(number)) => output::add(&mut card, "number", number),
        Some(Shown::CaseId(id)) => output::add(&mut card, "case", id),
        None => {}
    }
    output::add(&mut card, "note", &note.note_id);
    output::add(&mut card, "at", time::shown(note.created_at));
    output::add(&mut card, "by", &note.actor);
    output::add(&mut card, "text", &note.text);
    output::line(card.trim_fmt())
}

async fn list(args: NoteListArgs) -> Result<(), CliError> {
    use list_notes_request::Subject;
    let mut client = NoteServiceClient::new(args.remote.connect().await?).max_decoding_message_size(PAGE_BYTES_MAX);
    let number = args.subject.number.map(Subject::Number);
    let mut request = ListNotesRequest {
        subject: number.or(args.subject.case.map(Subject::CaseId)),
        default_region: args.region.for_wire(),
        ..Default::default()
    };
    let mut notes = Vec::new();
    while let Some(page_size) = args.limit.next_page(notes.len()) {
        request.page_size = page_size;
        let page = client.list_notes(request.clone()).await?.into_inner();
        notes.extend(page.notes);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    if args.remote.json {
        return notes.iter().try_for_each(output::json);
    }
    output::table(&table(&notes), "no notes")
}

/// A table of notes, newest first.
pub(super) fn table(notes: &[Note]) -> Table {
    let mut table = output::new_table(["noted", "by", "note"]);
    for note in notes {
        table.add_row([
            output::text(time::shown(note.created_at)),
            output::text(&note.actor),
            output::text(&note.text),
        ]);
    }
    table
}

/// The text of a note: as given, or from standard input without the line break at its end.
fn text(given: String) -> Result<String, CliError> {
    if given != "-" {
        return Ok(given);
    }
    let mut text = String::new();
    let read = io::stdin().lock().take(TEXT_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|source| CliError::File {
        path: "standard input".into(),
        source,
    })?;
    text.truncate(text.trim_end().len());
    Ok(text)
}
