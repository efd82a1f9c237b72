//! Notes of analysts on numbers and cases.

use super::convert::note as convert;
use super::convert::total;
use super::sharing::unseen;
use super::{Api, ApiError, RequestContext};
use crate::domain::audit::{AuditMethod, AuditSubject};
use crate::metrics::MutationLabel;
use crate::service::{NoteSubjectInput, ServiceError, subject_of_number};
use crate::wire::v1;

impl Api {
    /// Adds a note to a number or a case.
    ///
    /// # Errors
    /// If the request is not valid, the case does not exist, there are too many notes, or the note cannot be stored.
    pub async fn add_note(
        &self,
        request: v1::AddNoteRequest,
        context: &RequestContext,
    ) -> Result<v1::AddNoteResponse, ApiError> {
        self.mutate(MutationLabel::AddNote, async {
            let notes = self.notes(context)?;
            let (subject, text, mutation) = convert::new_note(request, context)?;
            let added = notes.add(&subject, &text, &mutation).await?;
            Ok(v1::AddNoteResponse {
                note: Some(convert::note(&added.note)),
                created: added.created,
            })
        })
        .await
    }

    /// Lists the notes on a number or a case.
    ///
    /// # Errors
    /// If the request is not valid, the case does not exist, or the index is being loaded.
    pub async fn list_notes(
        &self,
        request: v1::ListNotesRequest,
        context: &RequestContext,
    ) -> Result<v1::ListNotesResponse, ApiError> {
        let named = request.tenant.clone();
        let (subject, page) = convert::wanted(request)?;
        let is_current = self.refresh().await;
        // Checked before the owner is looked for: the answer must not tell whether it exists.
        page.check()?;
        if let NoteSubjectInput::Number { .. } = subject {
            let read = self.tenant(context)?.notes.subject(&subject).await;
            read.map_err(ApiError::of_a_read)?;
        }
        let (services, viewer) = self.owner(&named, None, context, is_current)?;
        let list = match services.notes.list(&subject, &page, viewer).await {
            // Whether another tenant has such a case, or private notes, is not told.
            Ok(list) if viewer.is_some() && list.total == 0 => Err(unseen("note", is_current)),
            Err(ServiceError::NotFound { .. } | ServiceError::Invalid(_) | ServiceError::StoreUnavailable)
                if viewer.is_some() =>
            {
                Err(unseen("note", is_current))
            }
            list => list.map_err(ApiError::of_a_read),
        }?;
        let subject = match &subject {
            NoteSubjectInput::Number { text, default_region } => subject_of_number(text, *default_region)?,
            NoteSubjectInput::Case(id) => AuditSubject::Case(id.clone()),
        };
        let owner = viewer.map(|_| services.tenant());
        self.record_read_of(owner, context, AuditMethod::ListNotes, Some(subject))
            .await;
        Ok(v1::ListNotesResponse {
            notes: convert::notes(&list.notes),
            next_page_token: list.next_page_token,
            total_size: total(list.total),
        })
    }
}
