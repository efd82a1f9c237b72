//! Notes of analysts on numbers and cases: added, and shown.

use std::sync::Arc;

use super::content::{Method, RequestContent};
use super::identity::read_number;
use super::page::PageKey;
use super::writer::{Done, Mutation, Writer};
use super::{PageRequest, ServiceError};
use crate::codec::note::NoteKey;
use crate::domain::ids::CaseId;
use crate::domain::note::{MAX_NOTES, Note, NoteId, NoteSubject};
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::domain::unknown_fields::UnknownFields;
use crate::index::Index;
use crate::number::Region;

/// The most notes that are shown with a number or a case.
const LATEST_NOTES: usize = 20;

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
}

/// Notes on numbers and cases.
pub struct Notes {
    writer: Arc<Writer>,
    page_key: PageKey,
}

impl Notes {
    pub(super) fn new(writer: Arc<Writer>, page_key: PageKey) -> Self {
        Self { writer, page_key }
    }

    /// Adds a note. Its id follows from the request, and it keeps its text, so a retry is recognised at any time: a
    /// note needs no memory of requests.
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
        let subject = self.subject(subject)?;
        let id = NoteId::derived(TenantId::DEFAULT.as_str(), &subject, &mutation.request);
        let key = NoteKey::of(&subject, id);
        let created_at = self.writer.now();
        let changed = self
            .writer
            .change_record(&key, mutation.author(""), |found: Option<Note>, _| match found {
                Some(note) if *note.text == *text => Ok((note, Done::unchanged(false))),
                Some(_) => Err(ServiceError::AlreadyExists { what: "request_id" }),
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
            })
            .await?;
        Ok(NoteAdded {
            note: Arc::new(changed.record),
            created: changed.answer,
        })
    }

    /// A page of the notes on a number or case.
    ///
    /// # Errors
    /// If the number cannot be read, there is no such case, or the page is wrong.
    pub fn list(&self, subject: &NoteSubjectInput, page: &PageRequest) -> Result<NoteList, ServiceError> {
        let limit = page.limit()?;
        let subject = self.subject(subject)?;
        let scope = scope(&subject);
        let before = page
            .cursor(&self.page_key, &scope)?
            .and_then(|cursor| place_of(&cursor));
        let mut notes = self.writer.index().notes(&subject);
        notes.retain(|note| before.is_none_or(|before| (note.created_at, note.id) < before));
        let more = notes.len() > limit;
        notes.truncate(limit);
        let last = notes.last().filter(|_| more);
        let next_page_token = self.page_key.next(&scope, last.map(|last| cursor_of(last)));
        Ok(NoteList { notes, next_page_token })
    }

    /// The notes that are shown with a case: the newest, at most 20. The id is that of a case which is not merged.
    #[must_use]
    pub fn latest_of_case(&self, id: &CaseId) -> Vec<Arc<Note>> {
        latest(self.writer.index(), &NoteSubject::Case(id.clone()))
    }

    /// What a client names: a number that can exist, or a case that exists. A merged case leads to its successor.
    fn subject(&self, named: &NoteSubjectInput) -> Result<NoteSubject, ServiceError> {
        match named {
            NoteSubjectInput::Number { text, default_region } => {
                read_number("number", text, *default_region).map(NoteSubject::Number)
            }
            NoteSubjectInput::Case(id) => {
                let (_, case) = self
                    .writer
                    .index()
                    .case(id)
                    .ok_or(ServiceError::NotFound { what: "case" })?;
                Ok(NoteSubject::Case(case.id.clone()))
            }
        }
    }

    /// Refuses a note beyond the limit. Requests that add notes at the same moment do not see each other's.
    fn check_room(&self, subject: &NoteSubject) -> Result<(), ServiceError> {
        if self.writer.index().notes(subject).len() < MAX_NOTES {
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
    let mut notes = index.notes(subject);
    notes.truncate(LATEST_NOTES);
    notes
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

/// What a page token of this list is bound to.
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
