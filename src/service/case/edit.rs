//! Creating cases, changing their fields, and taking them through their life.

use super::{CaseChange, CaseDetails, NewCase, TransitionInput};
use crate::domain::case::{Case, CaseEvent, MAX_AGENCY_CHARS, MAX_TEXT_CHARS, MAX_TITLE_CHARS, may_start};
use crate::domain::ids::CaseId;
use crate::domain::requests::Requests;
use crate::domain::tail::Tail;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::service::report::MAX_AHEAD;
use crate::service::write::{Done, Mutation};
use crate::service::{Service, ServiceError, Violation};

impl Service {
    /// Creates a case.
    ///
    /// # Errors
    /// If the request is wrong, the name is taken, or the store cannot be written.
    pub async fn create_case(&self, new: &NewCase, mutation: &Mutation) -> Result<CaseDetails, ServiceError> {
        let now = self.clock.now();
        check_new(new, now)?;
        let id = new
            .id
            .clone()
            .unwrap_or_else(|| CaseId::derived(TenantId::DEFAULT.as_str(), &mutation.request));
        let print = mutation.fingerprint(&format!("create {new:?}"));
        self.change_case(&id, mutation, |found, version| match found {
            Some(case) => {
                let again = !mutation.check(case.requests.seen(print), version)?;
                if again {
                    Ok((
                        case,
                        Done {
                            answer: (),
                            write: false,
                        },
                    ))
                } else {
                    Err(taken())
                }
            }
            None => {
                let mut case = created(id.clone(), new, mutation, now);
                case.requests.remember(print);
                Ok((
                    case,
                    Done {
                        answer: (),
                        write: true,
                    },
                ))
            }
        })
        .await?;
        self.case_details(&id)
    }

    /// Changes fields of a case.
    ///
    /// # Errors
    /// If there is no such case, the request is wrong or stale, or the store cannot be written.
    pub async fn update_case(
        &self,
        id: &CaseId,
        change: &CaseChange,
        mutation: &Mutation,
    ) -> Result<CaseDetails, ServiceError> {
        let now = self.clock.now();
        check_change(change, now)?;
        self.mutate_case(id, mutation, &format!("update {change:?}"), |case| {
            change.apply(case);
            case.updated_at = now;
            Ok(())
        })
        .await
    }

    /// Takes a case a step further in its life.
    ///
    /// # Errors
    /// If there is no such case, its life does not allow the step, the request is stale, or the store cannot be written.
    pub async fn transition_case(
        &self,
        id: &CaseId,
        input: &TransitionInput,
        mutation: &Mutation,
    ) -> Result<CaseDetails, ServiceError> {
        check_lengths(&[
            ("note", &input.note, MAX_TEXT_CHARS),
            ("agency", &input.agency, MAX_AGENCY_CHARS),
        ])?;
        let event = CaseEvent {
            at: self.clock.now(),
            actor: mutation.actor.clone(),
            from: None,
            to: input.to,
            note: input.note.as_str().into(),
            agency: input.agency.as_str().into(),
        };
        self.mutate_case(id, mutation, &format!("transition {input:?}"), |case| {
            case.transition(event.clone())
                .map_err(|error| ServiceError::Precondition(error.to_string()))
        })
        .await
    }

    async fn mutate_case(
        &self,
        id: &CaseId,
        mutation: &Mutation,
        content: &str,
        change: impl Fn(&mut Case) -> Result<(), ServiceError>,
    ) -> Result<CaseDetails, ServiceError> {
        let id = self.case_details(id)?.case.id.clone();
        let print = mutation.fingerprint(content);
        self.change_case(&id, mutation, |found, version| {
            let mut case = found.ok_or(ServiceError::NotFound { what: "case" })?;
            if !mutation.check(case.requests.seen(print), version)? {
                return Ok((
                    case,
                    Done {
                        answer: (),
                        write: false,
                    },
                ));
            }
            change(&mut case)?;
            case.requests.remember(print);
            Ok((
                case,
                Done {
                    answer: (),
                    write: true,
                },
            ))
        })
        .await?;
        self.case_details(&id)
    }
}

impl CaseChange {
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
        history: vec![event],
        merged_into: None,
        requests: Requests::default(),
        tail: Tail::default(),
    }
}

fn taken() -> ServiceError {
    ServiceError::AlreadyExists { what: "case_id" }
}

fn check_new(new: &NewCase, now: Timestamp) -> Result<(), ServiceError> {
    if new.title.trim().is_empty() {
        return Err(ServiceError::field("title", "must not be empty"));
    }
    if !may_start(new.status) {
        return Err(ServiceError::field("status", "a case cannot start closed or merged"));
    }
    check_evidence(new.last_evidence_at, now)?;
    check_lengths(&[
        ("title", &new.title, MAX_TITLE_CHARS),
        ("summary", &new.summary, MAX_TEXT_CHARS),
        ("agency", &new.agency, MAX_AGENCY_CHARS),
        ("agency_reference", &new.agency_reference, MAX_AGENCY_CHARS),
    ])
}

fn check_change(change: &CaseChange, now: Timestamp) -> Result<(), ServiceError> {
    if change.title.as_ref().is_some_and(|title| title.trim().is_empty()) {
        return Err(ServiceError::field("title", "must not be empty"));
    }
    check_evidence(change.last_evidence_at, now)?;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    check_lengths(&[
        ("title", &text(&change.title), MAX_TITLE_CHARS),
        ("summary", &text(&change.summary), MAX_TEXT_CHARS),
        ("agency", &text(&change.agency), MAX_AGENCY_CHARS),
        ("agency_reference", &text(&change.agency_reference), MAX_AGENCY_CHARS),
    ])
}

/// Evidence that lies ahead would never age.
fn check_evidence(last_at: Option<Timestamp>, now: Timestamp) -> Result<(), ServiceError> {
    if last_at.is_some_and(|last_at| last_at > now.plus(MAX_AHEAD)) {
        let problem = "lies more than 5 minutes ahead of the server's clock";
        return Err(ServiceError::field("last_evidence_at", problem));
    }
    Ok(())
}

/// Checks texts against their limits, in characters; names all that are too long.
fn check_lengths(texts: &[(&str, &str, usize)]) -> Result<(), ServiceError> {
    let violations: Vec<Violation> = texts
        .iter()
        .filter(|(_, text, most)| text.chars().count() > *most)
        .map(|(field, _, most)| Violation::new(*field, format!("must have at most {most} characters")))
        .collect();
    if violations.is_empty() {
        Ok(())
    } else {
        Err(ServiceError::Invalid(violations))
    }
}
