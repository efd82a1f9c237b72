//! Linking numbers to cases, and unlinking them.

use std::collections::BTreeMap;

use super::{Cases, LinkInput, LinkOutcome, UnlinkInput};
use crate::domain::audit::{AuditMethod, AuditSubject};
use crate::domain::case::{CaseLink, MAX_LINKS};
use crate::domain::ids::CaseId;
use crate::domain::kinds::CaseRole;
use crate::domain::requests::Fingerprint;
use crate::domain::state::NumberState;
use crate::number::{E164, Region};
use crate::service::ServiceError;
use crate::service::content::{Method, RequestContent};
use crate::service::identity::read_decided_number;
use crate::service::writer::{Done, JobOutcome, Mutation, NumberJob, NumberRecord, Outcome, Stop};
use crate::store::Version;

/// The figures that the memory of requests keeps for each item of a batch; 0 stands for an item that is not done.
const UNCHANGED: u32 = 1;
const CHANGED: u32 = 2;

/// The items of a batch, each with its number.
type Items<'a, I> = Vec<Result<(E164, &'a I), ServiceError>>;

impl Cases {
    /// Links numbers to a case; one result for each.
    ///
    /// # Errors
    /// If there is no such case, the request id was used for another request, or the store cannot be written.
    pub async fn link_numbers(
        &self,
        id: &CaseId,
        links: &[Result<LinkInput, ServiceError>],
        mutation: &Mutation,
    ) -> Result<Vec<Result<LinkOutcome, ServiceError>>, ServiceError> {
        let id = self.writer.named_case(id).await?;
        let now = self.writer.now();
        let items = read(links, |input| (&input.number, input.default_region));
        let content = linking(&id, &items);
        self.change_links(
            &items,
            &content,
            (mutation, AuditMethod::LinkNumbers, ""),
            |record, input| {
                let wanted = CaseLink {
                    case: id.clone(),
                    role: input.role,
                    confidence: input.confidence,
                    source: input.source,
                    from: input.from,
                    to: input.to,
                    linked_at: now,
                    actor: mutation.actor.clone(),
                };
                let content = (self.writer.request_key(), &input.content());
                let fingerprint = mutation.link_fingerprint(Method::Link, &id, Some(input.role), content);
                if !self.is_new(mutation, input.expected_version, record, fingerprint)? {
                    return Ok(Done::unchanged(false));
                }
                let created = record.state.links.iter().all(|link| link.key() != wanted.key());
                if created && record.state.links.len() >= MAX_LINKS {
                    let text = format!("the number is already linked to {MAX_LINKS} cases");
                    return Err(ServiceError::Precondition(text).into());
                }
                record.state.set_link(wanted);
                record.told.related = Some(AuditSubject::Case(id.clone()));
                record.state.requests.remember(fingerprint);
                Ok(Done::written(created))
            },
        )
        .await
    }

    /// Unlinks numbers from a case, in one role or in all; one result for each.
    ///
    /// # Errors
    /// If there is no such case, the request id was used for another request, or the store cannot be written.
    pub async fn unlink_numbers(
        &self,
        id: &CaseId,
        numbers: &[Result<UnlinkInput, ServiceError>],
        reason: &str,
        mutation: &Mutation,
    ) -> Result<Vec<Result<LinkOutcome, ServiceError>>, ServiceError> {
        let id = self.writer.named_case(id).await?;
        let items = read(numbers, |input| (&input.number, input.default_region));
        let content = unlinking(&id, &items, reason);
        self.change_links(
            &items,
            &content,
            (mutation, AuditMethod::UnlinkNumbers, reason),
            |record, input| {
                let content = RequestContent::of(Method::Unlink);
                let content = (self.writer.request_key(), &content);
                let fingerprint = mutation.link_fingerprint(Method::Unlink, &id, input.role, content);
                if !self.is_new(mutation, input.expected_version, record, fingerprint)? {
                    return Ok(Done::unchanged(false));
                }
                let was_linked = record.state.remove_link(&id, input.role);
                // A number that was not linked needs no write, so its record stays as it is: the index shows it as the
                // record of the version that was read.
                if was_linked {
                    record.told.related = Some(AuditSubject::Case(id.clone()));
                    record.state.requests.remember(fingerprint);
                }
                Ok(Done {
                    answer: was_linked,
                    write: was_linked,
                })
            },
        )
        .await
    }

    /// Whether one number's link has to be changed; each number has its own expected version.
    fn is_new(
        &self,
        mutation: &Mutation,
        expected_version: Option<Version>,
        record: &NumberRecord,
        fingerprint: Fingerprint,
    ) -> Result<bool, ServiceError> {
        let seen = record.state.requests.seen(fingerprint);
        mutation.check_version(expected_version, seen, self.writer.version_of(record))
    }

    /// Changes the links of many numbers, each once for the request: `change` returns whether the link was made or
    /// removed. A repetition does only the items that failed before.
    async fn change_links<I>(
        &self,
        items: &Items<'_, I>,
        content: &RequestContent,
        (mutation, method, reason): (&Mutation, AuditMethod, &str),
        change: impl Fn(&mut NumberRecord, &I) -> Result<Done<bool>, Stop>,
    ) -> Result<Vec<Result<LinkOutcome, ServiceError>>, ServiceError> {
        let deadline = self.writer.deadline(items.len());
        let request = self
            .writer
            .recall(&mutation.scoped_request(), content, deadline)
            .await?;
        let mut by_number: BTreeMap<E164, Vec<(usize, &I)>> = BTreeMap::new();
        for (place, item) in items.iter().enumerate() {
            if let Ok((number, input)) = item {
                by_number.entry(*number).or_default().push((place, *input));
            }
        }
        let jobs: Vec<_> = by_number
            .into_iter()
            .map(|(number, items)| NumberJob { number, items })
            .collect();
        let author = mutation.author(method, reason);
        let work = async {
            let outcomes = self
                .writer
                .change_numbers(&jobs, author, deadline, |record, (place, input)| {
                    match request.figures().get(*place) {
                        Some(&CHANGED) => return Ok(Done::unchanged(true)),
                        Some(&UNCHANGED) => return Ok(Done::unchanged(false)),
                        Some(_) | None => {}
                    }
                    let done = change(record, input)?;
                    if done.write {
                        record.state.evidence_version = self.writer.fold().evidence_version();
                    }
                    Ok(done)
                });
            let version = |number: E164, version| self.writer.shown_version::<NumberState>(&number, version);
            Ok(results(items, &jobs, outcomes.await, version))
        };
        self.writer
            .carry_out(&request, work, |results: &Vec<_>| outcome(results))
            .await
    }
}

/// Reads the numbers of a batch.
fn read<I>(inputs: &[Result<I, ServiceError>], number_of: impl Fn(&I) -> (&String, Option<Region>)) -> Items<'_, I> {
    let read = inputs.iter().map(|input| {
        let input = input.as_ref().map_err(Clone::clone)?;
        let (text, region) = number_of(input);
        Ok((read_decided_number("number", text, region)?, input))
    });
    read.collect()
}

/// One result for each item, in their order.
fn results<I>(
    items: &Items<'_, I>,
    jobs: &[NumberJob<(usize, &I)>],
    outcomes: Vec<JobOutcome<bool>>,
    version: impl Fn(E164, Version) -> Version,
) -> Vec<Result<LinkOutcome, ServiceError>> {
    let unanswered = |item: &Result<_, ServiceError>| match item {
        Ok(_) => Err(ServiceError::Internal),
        Err(error) => Err(error.clone()),
    };
    let mut results: Vec<Result<LinkOutcome, ServiceError>> = items.iter().map(unanswered).collect();
    for (job, outcome) in jobs.iter().zip(outcomes) {
        for ((place, _), answer) in job.items.iter().zip(outcome.answers) {
            if let Some(result) = results.get_mut(*place) {
                *result = answer.map(|changed| LinkOutcome {
                    number: job.number,
                    changed,
                    version: version(job.number, outcome.version),
                });
            }
        }
    }
    results
}

/// What the memory of requests keeps of a batch.
fn outcome(results: &[Result<LinkOutcome, ServiceError>]) -> Outcome {
    let figure = |result: &Result<LinkOutcome, ServiceError>| match result {
        Ok(done) if done.changed => CHANGED,
        Ok(_) => UNCHANGED,
        Err(_) => 0,
    };
    let figures: Vec<u32> = results.iter().map(figure).collect();
    let changed_nothing =
        |result: &Result<_, ServiceError>| result.as_ref().is_err_and(ServiceError::has_changed_nothing);
    if results.iter().all(changed_nothing) {
        Outcome::Nothing
    } else if figures.contains(&0) {
        Outcome::Partly(figures)
    } else {
        Outcome::Done(figures)
    }
}

/// The content of a request to link numbers. An item whose number cannot be read changes nothing, so its other fields do not
/// count.
pub(in crate::service) fn linking(case: &CaseId, items: &Items<'_, LinkInput>) -> RequestContent {
    let mut content = RequestContent::of(Method::LinkNumbers);
    content.text(case.as_str());
    for item in items {
        match item {
            Ok((number, input)) => content
                .flag(true)
                .number(*number)
                .code(input.role.code())
                .part(&input.content()),
            Err(_) => content.flag(false),
        };
    }
    content
}

/// The content of a request to unlink numbers; no role stands for all roles.
pub(in crate::service) fn unlinking(case: &CaseId, items: &Items<'_, UnlinkInput>, reason: &str) -> RequestContent {
    let mut content = RequestContent::of(Method::UnlinkNumbers);
    content.text(case.as_str()).text(reason);
    for item in items {
        match item {
            Ok((number, input)) => content
                .flag(true)
                .number(*number)
                .code(input.role.map_or(0, CaseRole::code)),
            Err(_) => content.flag(false),
        };
    }
    content
}

impl LinkInput {
    /// The content of a link, apart from the number, the case and the role.
    pub(in crate::service) fn content(&self) -> RequestContent {
        let mut content = RequestContent::of(Method::Link);
        content
            .float(self.confidence)
            .code(self.source.code())
            .time(self.from)
            .time(self.to);
        content
    }
}
