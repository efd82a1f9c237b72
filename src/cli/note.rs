//! `note`: adds notes to numbers and cases, and lists them.

use std::io::{self, Read};

use clap::{Args, Subcommand};
use comfy_table::Table;

use super::connect::{self, Remote};
use super::error::CliError;
use super::paging::{self, Columns, Paging};
use super::shared::{Change, InRegion};
use super::{output, time};
use crate::wire::v1::note::Subject as Shown;
use crate::wire::v1::note_service_client::NoteServiceClient;
use crate::wire::v1::{AddNoteRequest, ListNotesRequest, Note, add_note_request, list_notes_request};

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
    /// Text of the note, at most 2,000 characters; - reads it from standard input. Put -- before a text that begins
    /// with -
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
    /// Tenant that shares its notes with yours [default: your own]
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    #[command(flatten)]
    paging: Paging,
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
    let outcome = if answer.created {
        "added"
    } else {
        "was there already, from an earlier try"
    };
    output::add(&mut card, "outcome", outcome);
    output::show(&card)
}

async fn list(args: NoteListArgs) -> Result<(), CliError> {
    use list_notes_request::Subject;
    let mut client = NoteServiceClient::new(args.remote.connect().await?);
    let number = args.subject.number.map(Subject::Number);
    let mut request = ListNotesRequest {
        subject: number.or(args.subject.case.map(Subject::CaseId)),
        default_region: args.region.for_wire(),
        tenant: args.tenant.unwrap_or_default(),
        ..Default::default()
    };
    let ask = async |page_size, page_token| {
        (request.page_size, request.page_token) = (page_size, page_token);
        Ok(client.list_notes(request.clone()).await?.into_inner())
    };
    let listed = args.paging.collect(ask).await?;
    args.paging.print(args.remote.json, &listed, ("notes", COLUMNS), table)
}

/// The columns of notes in CSV.
const COLUMNS: Columns<Note> = &[
    ("note_id", |note| note.note_id.clone()),
    ("created_at", |note| paging::time(note.created_at)),
    ("actor", |note| paging::free_text(&note.actor)),
    ("text", |note| paging::free_text(&note.text)),
];

/// A table of notes, newest first.
pub(super) fn table(notes: &[Note]) -> Table {
    let mut table = output::new_table(["noted (UTC)", "by", "note"]);
    for note in notes {
        table.add_row([
            output::text(time::column(note.created_at)),
            output::text(&note.actor),
            output::text(&note.text),
        ]);
    }
    table
}

/// The text of a note: as given, or from standard input.
fn text(given: String) -> Result<String, CliError> {
    if given != "-" {
        return Ok(given);
    }
    read_text(io::stdin().lock()).map_err(|source| CliError::File {
        path: "standard input".into(),
        source,
    })
}

/// A text without the line break at its end. Of a text that is longer than any note, it reads the beginning, which the
/// server refuses for its length.
fn read_text(input: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    let length = input.take(TEXT_BYTES_MAX).read_to_end(&mut bytes)?;
    if length as u64 == TEXT_BYTES_MAX {
        // The last character may be cut.
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    let text =
        String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_loses_the_line_break_at_its_end_only() {
        for (input, text) in [
            ("a b \n", "a b "),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            ("", ""),
            ("é", "é"),
        ] {
            assert_eq!(read_text(input.as_bytes()).unwrap(), text);
        }
        assert!(read_text(&b"a\xff"[..]).is_err());
    }

    #[test]
    fn the_beginning_of_an_endless_text_is_too_long_for_a_note() {
        // The limit is inside a character of two bytes.
        let long = format!("a{}", "é".repeat(50_000));
        assert!(read_text(long.as_bytes()).unwrap().chars().count() > 2_000);
        let blanks = format!("a{}b", " ".repeat(100_000));
        assert!(read_text(blanks.as_bytes()).unwrap().chars().count() > 2_000);
    }
}
