//! Invalid requests about notes.

use ringwarden::wire::v1;
use ringwarden::wire::v1::{add_note_request, list_notes_request};
use tonic::Code;

use super::{Call, NUMBER, Row, done};

/// The note that is there.
pub(super) fn known() -> v1::AddNoteRequest {
    v1::AddNoteRequest {
        subject: number(NUMBER),
        text: "asked the carrier".into(),
        actor: "ana".into(),
        request_id: "known-note".into(),
        ..v1::AddNoteRequest::default()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as the field of the request has it")]
fn number(text: &str) -> Option<add_note_request::Subject> {
    Some(add_note_request::Subject::Number(text.into()))
}

#[expect(clippy::unnecessary_wraps, reason = "as the field of the request has it")]
fn case(id: &str) -> Option<add_note_request::Subject> {
    Some(add_note_request::Subject::CaseId(id.into()))
}

fn add(change: impl FnOnce(&mut v1::AddNoteRequest)) -> Call {
    let mut request = v1::AddNoteRequest {
        request_id: "hostile".into(),
        ..known()
    };
    change(&mut request);
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move { done(server.notes().add_note(request).await).map(drop) })
    })
}

fn list(change: impl FnOnce(&mut v1::ListNotesRequest)) -> Call {
    let mut request = v1::ListNotesRequest {
        subject: Some(list_notes_request::Subject::Number(NUMBER.into())),
        ..v1::ListNotesRequest::default()
    };
    change(&mut request);
    Box::new(move |server| {
        let request = request.clone();
        Box::pin(async move { done(server.notes().list_notes(request).await).map(drop) })
    })
}

pub(super) fn rows() -> Vec<Row> {
    let row = |name: &str, fields: &[&str], call| Row::new(name, Code::InvalidArgument, fields, call);
    vec![
        row(
            "note without anything",
            &["subject", "text", "actor", "request_id"],
            add(|note| *note = v1::AddNoteRequest::default()),
        ),
        row(
            "note on an empty number",
            &["number"],
            add(|note| note.subject = number(" ")),
        ),
        row(
            "note on garbage",
            &["number"],
            add(|note| note.subject = number("garbage 31523282")),
        ),
        row(
            "note on an emergency number",
            &["number"],
            add(|note| note.subject = number("911")),
        ),
        row(
            "note of an unknown region",
            &["default_region"],
            add(|note| note.default_region = "ZZ9".into()),
        ),
        row(
            "note on a case id with a space",
            &["case_id"],
            add(|note| note.subject = case("a b")),
        ),
        row(
            "note on a case, with an unknown region",
            &["default_region"],
            add(|note| {
                note.subject = case("known");
                note.default_region = "ZZ9".into();
            }),
        ),
        Row::new(
            "note on no case",
            Code::NotFound,
            &[],
            add(|note| note.subject = case("nowhere")),
        ),
        row("blank note", &["text"], add(|note| note.text = " \n\t".into())),
        row(
            "note of 2,001 characters",
            &["text"],
            add(|note| note.text = "é".repeat(2_001)),
        ),
        row(
            "note with a control character",
            &["text"],
            add(|note| note.text = "a\u{1b}[31m".into()),
        ),
        row("note of nobody", &["actor"], add(|note| note.actor = " ".into())),
        row(
            "note without a request id",
            &["request_id"],
            add(|note| note.request_id.clear()),
        ),
        Row::new(
            "another note under the same request id",
            Code::AlreadyExists,
            &[],
            add(|note| {
                note.request_id = known().request_id;
                note.text = "asked the owner".into();
            }),
        ),
        row("notes on nothing", &["subject"], list(|list| list.subject = None)),
        row(
            "notes on garbage",
            &["number"],
            list(|list| list.subject = Some(list_notes_request::Subject::Number("garbage".into()))),
        ),
        row(
            "notes of an unknown region",
            &["default_region"],
            list(|list| list.default_region = "ZZ9".into()),
        ),
        row(
            "notes on a malformed case id",
            &["case_id"],
            list(|list| list.subject = Some(list_notes_request::Subject::CaseId(String::new()))),
        ),
        Row::new(
            "notes on no case",
            Code::NotFound,
            &[],
            list(|list| list.subject = Some(list_notes_request::Subject::CaseId("nowhere".into()))),
        ),
        row(
            "1,001 notes in a page",
            &["page_size"],
            list(|list| list.page_size = 1_001),
        ),
        row(
            "notes after a made-up token",
            &["page_token"],
            list(|list| list.page_token = "00".repeat(40)),
        ),
    ]
}
