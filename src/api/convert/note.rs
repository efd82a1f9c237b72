//! Notes on numbers and cases.

use std::sync::Arc;

use super::{FieldReader, page, shown};
use crate::api::RequestContext;
use crate::domain::ids::CaseId;
use crate::domain::note::{MAX_NOTE_CHARS, Note, NoteSubject};
use crate::service::{Mutation, NoteSubjectInput, PageRequest, ServiceError};
use crate::wire::v1;

/// Reads a new note: its subject, its text and the mutation.
pub(in crate::api) fn new_note(
    request: v1::AddNoteRequest,
    context: &RequestContext,
) -> Result<(NoteSubjectInput, String, Mutation), ServiceError> {
    use v1::add_note_request::Subject;
    let mut fields = FieldReader::default();
    let subject = match request.subject {
        Some(Subject::Number(number)) => Some(fields.number_subject(number, &request.default_region)),
        Some(Subject::CaseId(id)) => fields.case_subject(&id, &request.default_region),
        None => fields.no_subject(),
    };
    let is_blank = request.text.trim().is_empty();
    let text = if is_blank {
        fields.refuse("text", "must not be empty");
        request.text
    } else {
        fields.prose("text", request.text, MAX_NOTE_CHARS)
    };
    let mutation = fields.mutation(context, &request.actor, &request.request_id, None);
    fields.finish(
        subject
            .zip(mutation)
            .map(|(subject, mutation)| (subject, text, mutation)),
    )
}

/// Reads the subject and the page of a list of notes.
pub(in crate::api) fn wanted(request: v1::ListNotesRequest) -> Result<(NoteSubjectInput, PageRequest), ServiceError> {
    use v1::list_notes_request::Subject;
    let mut fields = FieldReader::default();
    let subject = match request.subject {
        Some(Subject::Number(number)) => Some(fields.number_subject(number, &request.default_region)),
        Some(Subject::CaseId(id)) => fields.case_subject(&id, &request.default_region),
        None => fields.no_subject(),
    };
    let page = page(request.page_size, request.page_token);
    fields.finish(subject.map(|subject| (subject, page)))
}

/// Shows a note.
pub(in crate::api) fn note(note: &Note) -> v1::Note {
    use v1::note::Subject;
    let subject = match &note.subject {
        NoteSubject::Number(number) => Subject::E164(number.to_string()),
        NoteSubject::Case(id) => Subject::CaseId(id.as_str().to_owned()),
    };
    v1::Note {
        note_id: note.id.to_string(),
        subject: Some(subject),
        text: note.text.to_string(),
        actor: note.author.as_str().to_owned(),
        created_at: shown::time(note.created_at),
    }
}

/// Shows several notes.
pub(in crate::api) fn notes(notes: &[Arc<Note>]) -> Vec<v1::Note> {
    notes.iter().map(|shown| note(shown)).collect()
}

impl FieldReader {
    fn number_subject(&mut self, number: String, default_region: &str) -> NoteSubjectInput {
        NoteSubjectInput::Number {
            text: self.number("number", number),
            default_region: self.region("default_region", default_region),
        }
    }

    fn case_subject(&mut self, id: &str, default_region: &str) -> Option<NoteSubjectInput> {
        self.region("default_region", default_region);
        self.keep("case_id", CaseId::parse(id)).map(NoteSubjectInput::Case)
    }

    fn no_subject(&mut self) -> Option<NoteSubjectInput> {
        self.refuse("subject", "must be a `number` or a `case_id`");
        None
    }
}
