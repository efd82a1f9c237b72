//! Carries an erasure out, step by step.

use std::sync::Arc;
use std::time::Duration;

use super::{EraseInput, ErasedCounts, erasure};
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditChange, AuditMethod, AuditSubject, MAX_TEXT_BYTES, Via, text_without};
use crate::domain::case::Case;
use crate::domain::erasure::BegunErasure;
use crate::domain::ids::{CaseId, RequestId};
use crate::domain::kinds::{CaseRole, StatusKind};
use crate::domain::requests::Seen;
use crate::domain::state::NumberState;
use crate::metrics::ErasureLabel;
use crate::number::E164;
use crate::service::ServiceError;
use crate::service::writer::{Author, Erasing, Mutation, Outcome, Request, Stay, Told, WholeNumber, Writer};

/// Tries while the statuses or links of the number change.
const MAX_TRIES: u32 = 12;
/// An erasure gets the time of so many changes, since it reads all reports: ten minutes with the default write timeout.
const ITEMS_READ: usize = 300_000;
/// An erasure that began so long ago is completed, in case its server has ended.
const PATIENCE: Duration = Duration::from_secs(600);

/// Erases numbers of one tenant.
pub(super) struct Eraser {
    pub(super) writer: Arc<Writer>,
}

impl Eraser {
    /// Erases a number, and counts what was removed.
    pub(super) async fn erase(
        &self,
        number: E164,
        input: &EraseInput,
        mutation: &Mutation,
    ) -> Result<ErasedCounts, ServiceError> {
        let content = erasure(number, input);
        let deadline = self.writer.deadline(ITEMS_READ);
        let request = self
            .writer
            .recall(&mutation.scoped_request(), &content, deadline)
            .await?;
        let work = async {
            if request.is_done() {
                return Ok(ErasedCounts::of(request.figures()));
            }
            self.erase_all(number, input, mutation, &request).await
        };
        let outcome = |counts: &ErasedCounts| Outcome::Done(counts.figures());
        // On the heap: the future is large.
        let counts = self.writer.carry_out(&request, Box::pin(work), outcome).await?;
        Ok(counts.or(ErasedCounts::of(request.figures())))
    }

    /// Completes the erasures that were interrupted; returns how many.
    pub(super) async fn complete_all(&self) -> Result<u32, ServiceError> {
        let now = self.writer.now();
        let (mut completed, mut failed) = (0, None);
        for (number, begun) in self.writer.begun_erasures().await? {
            if begun.begun_at.until(now) < PATIENCE {
                continue;
            }
            match self.complete(number, begun).await {
                Ok(()) => completed += 1,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(completed), Err)
    }

    async fn complete(&self, number: E164, begun: BegunErasure) -> Result<(), ServiceError> {
        let (actor, via) = (Actor::retention(), Via::default());
        let author = Author {
            actor: &actor,
            request: "",
            reason: "",
            via: &via,
            method: Some(AuditMethod::EraseNumber),
        };
        if !begun.is_deleted {
            let whole = self.writer.read_to_erase(number).await?;
            self.writer.remember_erased(number, &whole, author).await?;
            let erasing = Erasing {
                author,
                told: self.told(number, Vec::new(), Vec::new()),
                begun,
                is_exact: false,
                is_continued: true,
            };
            let deadline = self.writer.deadline(whole.rows.len());
            let erased = self.writer.erase_number((number, &whole), &erasing, deadline);
            if erased.await? == Stay::Changed {
                return Err(TOO_BUSY);
            }
        }
        let request = Request::continued(begun.request, self.writer.deadline(ITEMS_READ));
        let counts = self.erase_rest(number, author, &request).await?;
        let kept = self.writer.note(&request, true, |figures| {
            *figures = ErasedCounts::of(figures).or(counts).figures();
        });
        kept.await?;
        Ok(())
    }

    async fn erase_all(
        &self,
        number: E164,
        input: &EraseInput,
        mutation: &Mutation,
        request: &Request<'_>,
    ) -> Result<ErasedCounts, ServiceError> {
        // What tells of an erasure must not keep what was erased.
        let reason = text_without(&input.reason, number);
        let mutation = Mutation {
            request: request_without(&mutation.request, number),
            ..mutation.clone()
        };
        let author = mutation.author(AuditMethod::EraseNumber, &reason);
        let counts = self.erase_record(number, input, &mutation, (author, request)).await?;
        let rest = self.erase_rest(number, author, request).await;
        Ok(counts.or(rest.map_err(ServiceError::after_a_change)?))
    }

    /// Erases what is left when the record is gone.
    async fn erase_rest(
        &self,
        number: E164,
        author: Author<'_>,
        request: &Request<'_>,
    ) -> Result<ErasedCounts, ServiceError> {
        self.erase_claims(number).await?;
        let mentions = self.erase_mentions(number, author).await?;
        let events = self.writer.redact_events(number, true).await?;
        self.writer.forget_log_of(number).await?;
        self.writer.end_erasure(number, request.fingerprint()).await?;
        Ok(ErasedCounts {
            mentions,
            events,
            ..ErasedCounts::default()
        })
    }

    /// Deletes the record with its rows and notes, after its cases were told, and counts them.
    async fn erase_record(
        &self,
        number: E164,
        input: &EraseInput,
        mutation: &Mutation,
        (author, request): (Author<'_>, &Request<'_>),
    ) -> Result<ErasedCounts, ServiceError> {
        for _ in 0..MAX_TRIES {
            self.writer.refresh().await;
            let whole = self.writer.read_to_erase(number).await?;
            let notes = self.writer.notes_of(number).len();
            if request.is_new() {
                mutation.check(Seen::New, self.writer.version_of_whole(number, &whole))?;
            } else if whole.version.is_none() && notes == 0 {
                // An earlier try has deleted it, and has written the event.
                return Ok(ErasedCounts::of(request.figures()));
            }
            let open = self.open_cases(&whole);
            let kept = self.kept(&whole.state, open.first());
            if let Some(error) = kept.as_ref().filter(|_| !input.override_open_case) {
                self.writer.metrics().erasure(ErasureLabel::Refused);
                return Err(error.clone());
            }
            self.tell_cases(&whole, (input, mutation), (author, request)).await?;
            self.erase_derived_comments(number, &whole.rows, author).await?;
            self.writer.remember_erased(number, &whole, author).await?;
            let counts = ErasedCounts::of_record(&whole, notes);
            // Before the deletion, so that a repetition tells them also if this server ends right after it.
            let noted = self.writer.note(request, false, |figures| {
                *figures = ErasedCounts::of(figures).or(counts).figures();
            });
            noted.await?;
            if self.open_cases(&whole) != open {
                continue;
            }
            let kinds = whole.state.statuses.all().map(|status| status.kind).collect();
            let changes = told(counts, kinds, &open);
            let erasing = Erasing {
                author,
                told: self.told(number, changes, open),
                begun: self.writer.begun(number, request.fingerprint()),
                is_exact: request.is_new() && mutation.expected_version.is_some(),
                is_continued: false,
            };
            let deadline = self.writer.deadline(whole.rows.len());
            let erased = self.writer.erase_number((number, &whole), &erasing, deadline);
            if erased.await? == Stay::Gone {
                self.writer.metrics().erasure(match kept {
                    None => ErasureLabel::Erased,
                    Some(_) => ErasureLabel::Overridden,
                });
                return Ok(counts);
            }
        }
        Err(TOO_BUSY)
    }

    /// The error for a number that must not be erased without an override, since others rely on what is stored of it; none for
    /// another number.
    fn kept(&self, state: &NumberState, open: Option<&CaseId>) -> Option<ServiceError> {
        if let Some(case) = open {
            return Some(not_overridden(case));
        }
        let kind = self.guarding(state).into_iter().next()?;
        Some(ServiceError::Precondition(format!(
            "the number has the status {}: to erase it all the same, set `override_open_case` and a reason",
            kind.name()
        )))
    }

    /// The statuses that keep a number from being erased without an override.
    pub(super) fn guarding(&self, state: &NumberState) -> Vec<StatusKind> {
        let kinds = state.statuses.at(self.writer.now()).map(|status| status.kind);
        kinds
            .filter(|kind| matches!(kind, StatusKind::Protected | StatusKind::Blocked))
            .collect()
    }

    /// Tells each case of the number that one of its numbers was erased; once for the request.
    async fn tell_cases(
        &self,
        whole: &WholeNumber,
        (input, mutation): (&EraseInput, &Mutation),
        (author, request): (Author<'_>, &Request<'_>),
    ) -> Result<(), ServiceError> {
        let now = self.writer.now();
        // The version that is expected is that of the number.
        let mutation = Mutation {
            expected_version: None,
            ..mutation.clone()
        };
        let mut linked: Vec<(CaseId, CaseRole)> = Vec::new();
        for link in &whole.state.links {
            let id = self.writer.named_case(&link.case).await?;
            if !linked.iter().any(|(known, _)| *known == id) {
                linked.push((id, link.role));
            }
        }
        for (id, role) in linked {
            let made = (&mutation, AuditMethod::EraseNumber, author.reason);
            let tell = |case: &mut Case| {
                // It may have been opened again since the index was asked.
                if case.is_open() && !input.override_open_case {
                    return Err(not_overridden(&case.id));
                }
                case.tell_erasure(now, &mutation.actor, role);
                Ok(())
            };
            self.writer.tell_case(&id, request, made, tell).await?;
        }
        Ok(())
    }

    /// The open cases that a number is linked to.
    pub(super) fn open_cases(&self, whole: &WholeNumber) -> Vec<CaseId> {
        let mut open = Vec::new();
        for link in &whole.state.links {
            if let Some((_, case)) = self.writer.index().case(&link.case)
                && case.is_open()
                && !open.contains(&case.id)
            {
                open.push(case.id.clone());
            }
        }
        open
    }

    fn told(&self, number: E164, changes: Vec<AuditChange>, open: Vec<CaseId>) -> Told {
        Told {
            subject: Some(AuditSubject::Erased(self.writer.hash_of(number))),
            related: open.into_iter().next().map(AuditSubject::Case),
            changes,
        }
    }
}

/// The error while the statuses or links of a number change all the time.
const TOO_BUSY: ServiceError = ServiceError::Exhausted {
    retry_after: Duration::from_secs(1),
};

fn not_overridden(case: &CaseId) -> ServiceError {
    ServiceError::Precondition(format!(
        "the number is linked to the open case {case}: to erase it all the same, set `override_open_case` and a reason"
    ))
}

/// The id of a request without the number, for the events and the change log.
fn request_without(id: &RequestId, number: E164) -> RequestId {
    let text = text_without(id.as_str(), number);
    if text == id.as_str() {
        return id.clone();
    }
    RequestId::parse(&text.replace(' ', "-")).unwrap_or_else(|_| id.clone())
}

/// The changes in the event: how much was removed, the kinds of the statuses, and all open cases that were overridden.
fn told(counts: ErasedCounts, kinds: Vec<StatusKind>, overridden: &[CaseId]) -> Vec<AuditChange> {
    let figures = [
        ("reports", counts.reports),
        ("comments", counts.comments),
        ("notes", counts.notes),
        ("statuses", counts.statuses),
        ("links", counts.links),
    ];
    let figures = figures.into_iter().filter(|(_, count)| *count > 0);
    let figures = figures.map(|(field, count)| AuditChange::new(field, &count.to_string(), "0"));
    let kinds = kinds.into_iter();
    let kinds = kinds.map(|kind| AuditChange::new("status", kind.name(), ""));
    let cases = joined(overridden).into_iter();
    let cases = cases.map(|ids| AuditChange::new("open case overridden", "", &ids));
    figures.chain(kinds).chain(cases).collect()
}

/// The ids, joined into few texts. No id is cut.
fn joined(ids: &[CaseId]) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for id in ids.iter().map(CaseId::as_str) {
        match texts.last_mut() {
            Some(text) if text.len() + id.len() + 2 <= MAX_TEXT_BYTES => {
                text.push_str(", ");
                text.push_str(id);
            }
            Some(_) | None => texts.push(id.to_owned()),
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::MAX_CHANGES;

    #[test]
    fn the_event_names_all_open_cases_that_were_overridden() {
        let cases: Vec<CaseId> = (0..64)
            .map(|n| CaseId::parse(&format!("{n:02}-{}", "x".repeat(61))).unwrap())
            .collect();
        let counts = ErasedCounts::of(&[1, 1, 1, 1, 1]);
        let changes = told(counts, StatusKind::ALL.to_vec(), &cases);
        assert!(changes.len() <= MAX_CHANGES, "{}", changes.len());
        for case in &cases {
            assert!(
                changes.iter().any(|change| change.new.contains(case.as_str())),
                "{case}"
            );
        }
    }

    #[test]
    fn the_id_of_a_request_is_told_without_the_number() {
        let number = E164::from_digits(14_155_550_199).unwrap();
        let told = |id: &str| {
            request_without(&RequestId::parse(id).unwrap(), number)
                .as_str()
                .to_owned()
        };
        assert_eq!(told("erase-7"), "erase-7");
        assert_eq!(told("erase-14155550199"), "erase-(the-number)");
        assert_eq!(told("4155550199/2"), "(the-number)/2");
    }
}
