//! Creating cases, changing their fields, and moving them from status to status.

use super::{CaseChange, CaseDetails, Cases, NewCase, TransitionInput};
use crate::domain::audit::AuditMethod;
use crate::domain::brand::Brand;
use crate::domain::case::{Case, CaseEvent, TransitionError, may_start, needs_agency};
use crate::domain::case_history::CaseHistory;
use crate::domain::ids::CaseId;
use crate::domain::kinds::{Category, Source};
use crate::domain::requests::Requests;
use crate::domain::time::Timestamp;
use crate::domain::unknown_fields::UnknownFields;
use crate::service::ServiceError;
use crate::service::content::{Method, RequestContent};
use crate::service::reports::MAX_AHEAD;
use crate::service::writer::{Done, Mutation, Outcome};

impl Cases {
    /// Creates a case.
    ///
    /// # Errors
    /// If the request is not valid, the id is taken, or the store cannot be written.
    pub async fn create(&self, new: &NewCase, mutation: &Mutation) -> Result<CaseDetails, ServiceError> {
        let now = self.writer.now();
        let deadline = self.writer.deadline(1);
        let request = self
            .writer
            .recall(&mutation.scoped_request(), &new.content(), deadline)
            .await?;
        if request.is_new() {
            check_new(new, now)?;
        }
        let id = new
            .id
            .clone()
            .unwrap_or_else(|| CaseId::derived(self.writer.tenant().as_str(), &mutation.scoped_request()));
        let fingerprint = request.fingerprint();
        let is_known = |case: &Case, version| -> Result<bool, ServiceError> {
            Ok(request.is_done() || !mutation.check(case.requests.seen(fingerprint), version)?)
        };
        let author = mutation.author(AuditMethod::CreateCase, "");
        let work = Box::pin(
            self.writer
                .change_case(&id, author, deadline, |found, version| match found {
                    Some(case) if is_known(&case, version)? => Ok((case, Done::unchanged(()))),
                    Some(_) => Err(taken()),
                    None if request.is_done() => Err(ServiceError::NotFound { resource: "case" }),
                    None => {
                        let mut case = created(id.clone(), new, mutation, now);
                        case.requests.remember(fingerprint);
                        Ok((case, Done::written(())))
                    }
                }),
        );
        let outcome = |_: &_| Outcome::Done(Vec::new());
        Ok(self.committed(self.writer.carry_out(&request, work, outcome).await?))
    }

    /// Changes fields of a case.
    ///
    /// # Errors
    /// If there is no such case, the request is not valid, its expected version is old, or the store cannot be written.
    pub async fn update(
        &self,
        id: &CaseId,
        change: &CaseChange,
        mutation: &Mutation,
    ) -> Result<CaseDetails, ServiceError> {
        let now = self.writer.now();
        let id = self.writer.named_case(id).await?; // a merged case leads to its successor
        let (content, deadline) = (change.content(&id), self.writer.deadline(1));
        let request = self
            .writer
            .recall(&mutation.scoped_request(), &content, deadline)
            .await?;
        if request.is_new() {
            check_evidence(change.last_evidence_at, now)?;
        }
        let changed = self
            .writer
            .mutate_case(&id, &request, (mutation, AuditMethod::UpdateCase, ""), |case| {
                change.apply(case);
                case.updated_at = now;
                Ok(())
            });
        Ok(self.committed(changed.await?))
    }

    /// Moves a case to another status.
    ///
    /// # Errors
    /// If there is no such case, its status does not allow the step, the expected version is old, or the store cannot
    /// be written.
    pub async fn transition(
        &self,
        id: &CaseId,
        input: &TransitionInput,
        mutation: &Mutation,
    ) -> Result<CaseDetails, ServiceError> {
        let event = CaseEvent {
            at: self.writer.now(),
            actor: mutation.actor.clone(),
            from: None,
            to: input.to,
            note: input.note.as_str().into(),
            agency: input.agency.as_str().into(),
        };
        let id = self.writer.named_case(id).await?;
        let (content, deadline) = (input.content(&id), self.writer.deadline(1));
        let request = self
            .writer
            .recall(&mutation.scoped_request(), &content, deadline)
            .await?;
        let made = (mutation, AuditMethod::TransitionCase, input.note.as_str());
        let changed = self.writer.mutate_case(&id, &request, made, |case| {
            case.transition(event.clone()).map_err(refused_step)
        });
        Ok(self.committed(changed.await?))
    }
}

impl NewCase {
    /// The content of a request to create. The id is left out if the client gave none: it is derived from the request.
    pub(in crate::service) fn content(&self) -> RequestContent {
        let mut content = RequestContent::of(Method::CreateCase);
        content
            .optional_text(self.id.as_ref().map(CaseId::as_str))
            .text(&self.title)
            .code(self.category.code())
            .optional_text(self.brand.as_ref().map(Brand::as_str))
            .text(&self.summary)
            .code(self.status.code())
            .text(&self.agency)
            .text(&self.agency_reference)
            .code(self.source.code())
            .time(self.last_evidence_at);
        content
    }
}

impl TransitionInput {
    pub(in crate::service) fn content(&self, id: &CaseId) -> RequestContent {
        let mut content = RequestContent::of(Method::TransitionCase);
        content
            .text(id.as_str())
            .code(self.to.code())
            .text(&self.note)
            .text(&self.agency);
        content
    }
}

impl CaseChange {
    /// The content of a request to change fields.
    pub(in crate::service) fn content(&self, id: &CaseId) -> RequestContent {
        let brand = self
            .brand
            .as_ref()
            .map(|brand| brand.as_ref().map_or("", Brand::as_str));
        let mut content = RequestContent::of(Method::UpdateCase);
        content
            .text(id.as_str())
            .optional_text(self.title.as_deref())
            .optional_code(self.category.map(Category::code))
            .optional_text(brand)
            .optional_text(self.summary.as_deref())
            .optional_text(self.agency.as_deref())
            .optional_text(self.agency_reference.as_deref())
            .optional_code(self.source.map(Source::code))
            .time(self.last_evidence_at);
        content
    }

    fn apply(&self, case: &mut Case) {
        let text = |field: &mut Box<str>, value: &Option<String>| {
            if let Some(value) = value {
                *field = value.as_str().into();
            }
        };
        text(&mut case.title, &self.title);
        text(&mut case.summary, &self.summary);
        text(&mut case.agency, &self.agency);
        text(&mut case.agency_reference, &self.agency_reference);
        case.category = self.category.unwrap_or(case.category);
        case.source = self.source.unwrap_or(case.source);
        if let Some(brand) = &self.brand {
            case.brand.clone_from(brand);
        }
        case.last_evidence_at = self.last_evidence_at.or(case.last_evidence_at);
    }
}

fn created(id: CaseId, new: &NewCase, mutation: &Mutation, now: Timestamp) -> Case {
    let event = CaseEvent {
        at: now,
        actor: mutation.actor.clone(),
        from: None,
        to: new.status,
        note: "".into(),
        agency: new.agency.as_str().into(),
    };
    Case {
        id,
        title: new.title.as_str().into(),
        category: new.category,
        brand: new.brand.clone(),
        summary: new.summary.as_str().into(),
        status: new.status,
        agency: new.agency.as_str().into(),
        agency_reference: new.agency_reference.as_str().into(),
        source: new.source,
        created_at: now,
        updated_at: now,
        last_evidence_at: new.last_evidence_at,
        history: CaseHistory::from_iter([event]),
        merged_into: None,
        requests: Requests::default(),
        unknown_fields: UnknownFields::default(),
    }
}

fn taken() -> ServiceError {
    ServiceError::ContentMismatch { field: "case_id" }
}

fn check_new(new: &NewCase, now: Timestamp) -> Result<(), ServiceError> {
    if !may_start(new.status, new.source) {
        let problem = "must be DRAFT or OPEN; a case of source REGULATOR_FEED or LAW_ENFORCEMENT may start later, but \
                       not closed or merged";
        return Err(ServiceError::field("status", problem));
    }
    if needs_agency(new.status) && new.agency.trim().is_empty() {
        return Err(refused_step(TransitionError::AgencyMissing));
    }
    check_evidence(new.last_evidence_at, now)
}

/// The error of a step that was refused: the field that the step lacks, or the steps that are allowed.
fn refused_step(error: TransitionError) -> ServiceError {
    match error {
        TransitionError::NotAllowed { from, to } => ServiceError::TransitionNotAllowed { from, to },
        TransitionError::NoteToReopenMissing | TransitionError::NoteToCloseMissing => {
            ServiceError::field("note", error.to_string())
        }
        TransitionError::AgencyMissing => ServiceError::field("agency", error.to_string()),
    }
}

/// Refuses evidence from the future: it would not decay.
fn check_evidence(last_at: Option<Timestamp>, now: Timestamp) -> Result<(), ServiceError> {
    if last_at.is_some_and(|last_at| last_at > now.plus(MAX_AHEAD)) {
        let problem = "lies more than 5 minutes ahead of the server's clock";
        return Err(ServiceError::field("last_evidence_at", problem));
    }
    Ok(())
}
