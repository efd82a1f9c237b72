//! Notes of analysts on numbers and cases: added, and shown.

use std::sync::Arc;

use super::content::{Method, RequestContent};
use super::identity::read_number;
use super::page::{PageKey, foreign_token};
use super::writer::{Done, Mutation, Outcome, Writer};
use super::{PageRequest, ServiceError};
use crate::codec::note::NoteKey;
use crate::domain::audit::AuditMethod;
use crate::domain::ids::CaseId;
use crate::domain::note::{MAX_NOTES, Note, NoteId, NoteSubject};
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::domain::unknown_fields::UnknownFields;
use crate::domain::visibility::SharedThing;
use crate::index::Index;
use crate::number::Region;
use crate::store::Meta;

/// The most notes that are shown with a number or a case.
const LATEST_NOTES: usize = 20;

/// The most bytes of the texts of a page, so that a client with the usual limit of 4 MiB can read the answer. It is more
/// than one text has.
const MAX_PAGE_TEXT: usize = 1_024 * 1_024;

/// The number or case that a client names.
#[derive(Clone)]
pub enum NoteSubjectInput {
    /// A number.
    Number {
        /// The number, as written.
        text: String,
        /// The region of a national number.
        default_region: Option<Region>,
    },
    /// A case.
    Case(CaseId),
}

/// The outcome of adding a note.
#[derive(Clone, Debug)]
pub struct NoteAdded {
    /// The note, as it was first added.
    pub note: Arc<Note>,
    /// Whether this request added it; false for a retry.
    pub created: bool,
}

/// A page of notes, newest first.
#[derive(Clone, Debug)]
pub struct NoteList {
    /// The notes.
    pub notes: Vec<Arc<Note>>,
    /// Leads to the next page; empty at the end.
    pub next_page_token: String,
    /// The notes on all pages.
    pub total: usize,
}

/// Notes on numbers and cases.
pub struct Notes {
    writer: Arc<Writer>,
    page_key: PageKey,
    /// The key of the ids.
    id_key: [u8; 32],
}

impl Notes {
    pub(super) fn new(writer: Arc<Writer>, page_key: PageKey, meta: &Meta) -> Self {
        Self {
            writer,
            page_key,
            id_key: meta.derived_key("ringwarden 2026 ids of notes"),
        }
    }

    /// Adds a note. Its id follows from the request, and it keeps its text, so a retry is recognised even
    /// when the memory of requests has forgotten it.
    ///
    /// # Errors
    /// If the number cannot be read, there is no such case, the request id was used for another text, there are too
    /// many notes, or the store cannot be written.
    pub async fn add(
        &self,
        subject: &NoteSubjectInput,
        text: &str,
        mutation: &Mutation,
    ) -> Result<NoteAdded, ServiceError> {
        let subject = self.subject(subject).await?;
        let id = NoteId::keyed(
            &self.id_key,
            self.writer.tenant().as_str(),
            &subject,
            &mutation.scoped_request(),
        );
        let key = NoteKey::of(&subject, id);
        let created_at = self.writer.now();
        let deadline = self.writer.deadline(1);
        let content = addition(&subject, text);
        let request = self
            .writer
            .recall(&mutation.scoped_request(), &content, deadline)
            .await?;
        let (place, author) = ((&subject, &key), mutation.author(AuditMethod::AddNote, ""));
        let work = self.writer.change_note(place, author, deadline, |found| match found {
            Some(note) if note.subject == subject && *note.text == *text => Ok((note, Done::unchanged(false))),
            Some(_) => Err(ServiceError::ContentMismatch { field: "request_id" }),
            // The note was lost after the request was done. A repetition must not write it.
            None if request.is_done() => Err(ServiceError::NotFound { resource: "note" }),
            None => {
                self.check_room(&subject)?;
                let note = Note {
                    id,
                    subject: subject.clone(),
                    author: mutation.actor.clone(),
                    created_at,
                    text: text.into(),
                    unknown_fields: UnknownFields::default(),
                };
                Ok((note, Done::written(true)))
            }
        });
        let outcome = |_: &_| Outcome::Done(Vec::new());
        let changed = self.writer.carry_out(&request, work, outcome).await?;
        Ok(NoteAdded {
            note: Arc::new(changed.record),
            created: changed.answer,
        })
    }

    /// A page of the notes on a number or case.
    ///
    /// For a `viewer` of another tenant, only the notes that are shared with it.
    ///
    /// # Errors
    /// If the number cannot be read, there is no such case, the store cannot say whether there is, or the page is wrong.
    pub async fn list(
        &self,
        subject: &NoteSubjectInput,
        page: &PageRequest,
        viewer: Option<TenantId>,
    ) -> Result<NoteList, ServiceError> {
        let limit = page.limit()?;
        let subject = self.subject(subject).await?;
        let scope = scope(&subject);
        let before = page
            .cursor(&self.page_key, &scope)?
            .map(|cursor| place_of(&cursor).ok_or_else(foreign_token))
            .transpose()?;
        let index = self.writer.index();
        let (mut notes, total) = match viewer {
            None => {
                let notes = index.notes(&subject, before, limit.saturating_add(1));
                (notes, index.note_count_of(&subject))
            }
            Some(viewer) => {
                let shared = |before| {
                    let mut notes = index.notes(&subject, before, MAX_NOTES);
                    notes.retain(|note| index.shares(&SharedThing::Note(note.id), viewer));
                    notes
                };
                (shared(before), shared(None).len())
            }
        };
        let fit = count_that_fits(&notes).min(limit);
        let more = notes.len() > fit;
        notes.truncate(fit);
        let last = notes.last().filter(|_| more);
        let next_page_token = self.page_key.next(&scope, last.map(|last| cursor_of(last)));
        Ok(NoteList {
            notes,
            next_page_token,
            total,
        })
    }

    /// The notes that are shown with a case: the newest, at most 20. The case must not be merged.
    #[must_use]
    pub fn latest_of_case(&self, id: &CaseId) -> Vec<Arc<Note>> {
        latest(self.writer.index(), &NoteSubject::Case(id.clone()))
    }

    /// How many notes a case has. The case must not be merged.
    #[must_use]
    pub fn count_of_case(&self, id: &CaseId) -> usize {
        self.writer.index().note_count_of(&NoteSubject::Case(id.clone()))
    }

    /// The subject that a client names: a possible number, or a case that exists. A merged case leads to its successor.
    ///
    /// # Errors
    /// If the number cannot be read, there is no such case, or the store cannot say whether there is.
    pub async fn subject(&self, named: &NoteSubjectInput) -> Result<NoteSubject, ServiceError> {
        match named {
            NoteSubjectInput::Number { text, default_region } => {
                read_number("number", text, *default_region).map(NoteSubject::Number)
            }
            NoteSubjectInput::Case(id) => Ok(NoteSubject::Case(self.writer.named_case(id).await?)),
        }
    }

    /// Refuses a note beyond the limit. Other instances may add notes at the same moment that this one does not see.
    fn check_room(&self, subject: &NoteSubject) -> Result<(), ServiceError> {
        if self.writer.index().note_count_of(subject) < MAX_NOTES {
            return Ok(());
        }
        let kind = match subject {
            NoteSubject::Number(_) => "number",
            NoteSubject::Case(_) => "case",
        };
        Err(ServiceError::Precondition(format!(
            "the {kind} has {MAX_NOTES} notes already, which is the limit"
        )))
    }
}

/// The notes that are shown with their subject.
pub(super) fn latest(index: &Index, subject: &NoteSubject) -> Vec<Arc<Note>> {
    index.notes(subject, None, LATEST_NOTES)
}

/// How many of the first notes fit into a page by the bytes of their texts.
fn count_that_fits(notes: &[Arc<Note>]) -> usize {
    let mut bytes = 0_usize;
    let fitting = notes.iter().take_while(|note| {
        bytes = bytes.saturating_add(note.text.len());
        bytes <= MAX_PAGE_TEXT
    });
    fitting.count()
}

/// The input without the number, which is personal data.
impl std::fmt::Debug for NoteSubjectInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number { .. } => f.write_str("Number(..)"),
            Self::Case(id) => f.debug_tuple("Case").field(id).finish(),
        }
    }
}

/// The content of a request to add a note.
pub(super) fn addition(subject: &NoteSubject, text: &str) -> RequestContent {
    let mut content = RequestContent::of(Method::AddNote);
    match subject {
        NoteSubject::Number(number) => content.code(1).number(*number),
        NoteSubject::Case(id) => content.code(2).text(id.as_str()),
    };
    content.text(text);
    content
}

/// The content to which a page token of this list is bound.
fn scope(subject: &NoteSubject) -> RequestContent {
    let mut scope = RequestContent::of(Method::ListNotes);
    match subject {
        NoteSubject::Number(number) => scope.code(1).number(*number),
        NoteSubject::Case(id) => scope.code(2).text(id.as_str()),
    };
    scope
}

fn cursor_of(note: &Note) -> Vec<u8> {
    let mut cursor = note.created_at.millis().to_be_bytes().to_vec();
    cursor.extend_from_slice(&note.id.raw().to_be_bytes());
    cursor
}

fn place_of(cursor: &[u8]) -> Option<(Timestamp, NoteId)> {
    let (millis, id) = cursor.split_first_chunk::<8>()?;
    let id = u128::from_be_bytes(id.try_into().ok()?);
    let millis = i64::from_be_bytes(*millis);
    Some((Timestamp::from_millis(millis), NoteId::from_raw(id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::E164;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A client may use a page token that another release gave.
    #[test]
    fn what_page_tokens_hold_is_frozen() {
        let number = NoteSubject::Number(E164::from_digits(14_155_550_199).unwrap());
        let case = NoteSubject::Case(CaseId::parse("c-1").unwrap());
        assert_eq!(hex(scope(&number).bytes()), SCOPE_OF_NUMBER);
        assert_eq!(hex(scope(&case).bytes()), SCOPE_OF_CASE);
        let note = Note {
            id: NoteId::from_raw(0x0123_4567_89ab_cdef),
            subject: case,
            author: crate::domain::actor::Actor::parse("ana").unwrap(),
            created_at: Timestamp::from_millis(1_700_000_000_123),
            text: "seen".into(),
            unknown_fields: UnknownFields::default(),
        };
        assert_eq!(hex(&cursor_of(&note)), CURSOR);
        assert_eq!(place_of(&cursor_of(&note)), Some((note.created_at, note.id)));
        assert_eq!(place_of(&[0; 23]), None);
    }

    const SCOPE_OF_NUMBER: &str = "450764656661756c7401f79bf2dd34";
    const SCOPE_OF_CASE: &str = "450764656661756c740203632d31";
    const CURSOR: &str = "0000018bcfe5687b00000000000000000123456789abcdef";
}
