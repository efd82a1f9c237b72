//! Linking numbers to cases, and unlinking them.

use std::collections::BTreeMap;

use super::{Cases, LinkInput, LinkOutcome, UnlinkInput};
use crate::domain::case::{CaseLink, MAX_LINKS};
use crate::domain::ids::CaseId;
use crate::domain::requests::Fingerprint;
use crate::number::{E164, Region};
use crate::service::ServiceError;
use crate::service::content::{Method, RequestContent};
use crate::service::identity::read_number;
use crate::service::writer::{Author, Done, Mutation, NumberJob, NumberRecord, Stop};
use crate::store::Version;

impl Cases {
    /// Links numbers to a case; one result for each.
    ///
    /// # Errors
    /// If there is no such case.
    pub async fn link_numbers(
        &self,
        id: &CaseId,
        links: &[Result<LinkInput, ServiceError>],
        mutation: &Mutation,
    ) -> Result<Vec<Result<LinkOutcome, ServiceError>>, ServiceError> {
        let id = self.writer.named_case(id).await?;
        let now = self.writer.now();
        self.change_links(
            links,
            mutation.author(""),
            |input| (&input.number, input.default_region),
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
                let fingerprint = mutation.link_fingerprint(Method::Link, &id, Some(input.role), &input.content());
                if !is_new(mutation, input.expected_version, record, fingerprint)? {
                    return Ok(Done::unchanged(false));
                }
                let created = record.state.links.iter().all(|link| link.key() != wanted.key());
                if created && record.state.links.len() >= MAX_LINKS {
                    let text = format!("the number is already linked to {MAX_LINKS} cases");
                    return Err(ServiceError::Precondition(text).into());
                }
                record.state.set_link(wanted);
                record.state.requests.remember(fingerprint);
                Ok(Done::written(created))
            },
        )
        .await
    }

    /// Unlinks numbers from a case, in one role or in all; one result for each.
    ///
    /// # Errors
    /// If there is no such case.
    pub async fn unlink_numbers(
        &self,
        id: &CaseId,
        numbers: &[Result<UnlinkInput, ServiceError>],
        reason: &str,
        mutation: &Mutation,
    ) -> Result<Vec<Result<LinkOutcome, ServiceError>>, ServiceError> {
        let id = self.writer.named_case(id).await?;
        self.change_links(
            numbers,
            mutation.author(reason),
            |input| (&input.number, input.default_region),
            |record, input| {
                let content = RequestContent::of(Method::Unlink);
                let fingerprint = mutation.link_fingerprint(Method::Unlink, &id, input.role, &content);
                if !is_new(mutation, input.expected_version, record, fingerprint)? {
                    return Ok(Done::unchanged(false));
                }
                let was_linked = record.state.remove_link(&id, input.role);
                // A number that was not linked needs no write, so its record stays as it is: the index shows it as the
                // record of the version that was read.
                if was_linked {
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

    /// Changes the links of many numbers: `change` returns whether the link was made or removed.
    async fn change_links<I>(
        &self,
        inputs: &[Result<I, ServiceError>],
        author: Author<'_>,
        number_of: impl Fn(&I) -> (&String, Option<Region>),
        change: impl Fn(&mut NumberRecord, &I) -> Result<Done<bool>, Stop>,
    ) -> Result<Vec<Result<LinkOutcome, ServiceError>>, ServiceError> {
        let mut results: Vec<Result<LinkOutcome, ServiceError>> = Vec::with_capacity(inputs.len());
        let mut by_number: BTreeMap<E164, Vec<(usize, &I)>> = BTreeMap::new();
        for (place, input) in inputs.iter().enumerate() {
            let number = input.as_ref().map_err(Clone::clone).and_then(|input| {
                let (text, region) = number_of(input);
                Ok((read_number("number", text, region)?, input))
            });
            if let Ok((number, input)) = &number {
                by_number.entry(*number).or_default().push((place, input));
            }
            results.push(number.map(|(number, _)| LinkOutcome {
                number,
                changed: false,
                version: 0,
            }));
        }
        let jobs: Vec<_> = by_number
            .into_iter()
            .map(|(number, items)| NumberJob { number, items })
            .collect();
        let deadline = self.writer.deadline(inputs.len());
        let outcomes = self
            .writer
            .change_numbers(&jobs, author, deadline, |record, (_, input)| {
                let done = change(record, input)?;
                if done.write {
                    record.state.evidence_version = self.writer.fold().evidence_version();
                }
                Ok(done)
            });
        for (job, outcome) in jobs.iter().zip(outcomes.await) {
            for ((place, _), answer) in job.items.iter().zip(outcome.answers) {
                if let Some(result) = results.get_mut(*place) {
                    *result = answer.map(|changed| LinkOutcome {
                        number: job.number,
                        changed,
                        version: outcome.version,
                    });
                }
            }
        }
        Ok(results)
    }
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

/// Whether one number's link has to be changed; each number has its own expected version.
fn is_new(
    mutation: &Mutation,
    expected_version: Option<Version>,
    record: &NumberRecord,
    fingerprint: Fingerprint,
) -> Result<bool, ServiceError> {
    let seen = record.state.requests.seen(fingerprint);
    mutation.check_version(expected_version, seen, record.version.unwrap_or(0))
}
