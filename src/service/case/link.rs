//! Hanging numbers on cases, and taking them off.

use std::collections::BTreeMap;

use super::{LinkInput, LinkOutcome, UnlinkInput};
use crate::domain::case::{Link, MAX_LINKS};
use crate::domain::ids::CaseId;
use crate::domain::requests::Fingerprint;
use crate::number::{E164, Region};
use crate::service::write::{Done, Mutation, NumberJob, NumberRecord, Stop};
use crate::service::{Service, ServiceError};
use crate::store::Version;

/// The most numbers linked or unlinked in one request.
const MAX_NUMBERS: usize = 1_000;

impl Service {
    /// Links numbers to a case, a result each.
    ///
    /// # Errors
    /// If there is no such case, or there are too many numbers.
    pub async fn link_numbers(
        &self,
        id: &CaseId,
        links: &[Result<LinkInput, ServiceError>],
        mutation: &Mutation,
    ) -> Result<Vec<Result<LinkOutcome, ServiceError>>, ServiceError> {
        let id = self.open_case(id, "links", links.len())?;
        let now = self.clock.now();
        self.change_links(
            links,
            mutation,
            |input| (&input.number, input.default_region),
            |record, input| {
                let wanted = Link {
                    case: id.clone(),
                    role: input.role,
                    confidence: input.confidence,
                    source: input.source,
                    from: input.from,
                    to: input.to,
                    linked_at: now,
                    actor: mutation.actor.clone(),
                };
                let print = mutation.fingerprint_of(
                    &format!("{id} {}", input.role),
                    &format!(
                        "link {} {} {:?} {:?}",
                        input.confidence, input.source, input.from, input.to
                    ),
                );
                if !one_link(mutation, input.expected_version, record, print)? {
                    return Ok((false, false));
                }
                let created = record.state.links.iter().all(|link| link.key() != wanted.key());
                if created && record.state.links.len() >= MAX_LINKS {
                    let text = format!("the number hangs on {MAX_LINKS} cases already");
                    return Err(ServiceError::Precondition(text).into());
                }
                record.state.set_link(wanted);
                record.state.requests.remember(print);
                Ok((created, true))
            },
        )
        .await
    }

    /// Unlinks numbers from a case, in one role or in all, a result each.
    ///
    /// # Errors
    /// If there is no such case, or there are too many numbers.
    pub async fn unlink_numbers(
        &self,
        id: &CaseId,
        numbers: &[Result<UnlinkInput, ServiceError>],
        mutation: &Mutation,
    ) -> Result<Vec<Result<LinkOutcome, ServiceError>>, ServiceError> {
        let id = self.open_case(id, "numbers", numbers.len())?;
        self.change_links(
            numbers,
            mutation,
            |input| (&input.number, input.default_region),
            |record, input| {
                let print = mutation.fingerprint_of(&format!("{id} {:?}", input.role), "unlink");
                if !one_link(mutation, input.expected_version, record, print)? {
                    return Ok((false, false));
                }
                let was_linked = record.state.remove_link(&id, input.role);
                record.state.requests.remember(print);
                Ok((was_linked, was_linked))
            },
        )
        .await
    }

    /// Changes the links of many numbers: `change` says what to answer and whether to write.
    async fn change_links<I>(
        &self,
        inputs: &[Result<I, ServiceError>],
        mutation: &Mutation,
        number_of: impl Fn(&I) -> (&String, Option<Region>),
        change: impl Fn(&mut NumberRecord, &I) -> Result<(bool, bool), Stop>,
    ) -> Result<Vec<Result<LinkOutcome, ServiceError>>, ServiceError> {
        let mut results: Vec<Result<LinkOutcome, ServiceError>> = Vec::with_capacity(inputs.len());
        let mut by_number: BTreeMap<E164, Vec<(usize, &I)>> = BTreeMap::new();
        for (place, input) in inputs.iter().enumerate() {
            let number = input.as_ref().map_err(Clone::clone).and_then(|input| {
                let (text, region) = number_of(input);
                Ok((self.number("number", text, region)?, input))
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
        let who = (&mutation.actor, mutation.request.as_str());
        let answers = self
            .change_numbers(&jobs, who, self.deadline(inputs.len()), |record, (_, input)| {
                let (answer, write) = change(record, input)?;
                if write {
                    record.state.evidence_version = self.index.model().fold.evidence_version();
                }
                Ok(Done { answer, write })
            })
            .await;
        for (job, answers) in jobs.iter().zip(answers) {
            let version = self.version_of(job.number);
            for ((place, _), answer) in job.items.iter().zip(answers) {
                if let Some(result) = results.get_mut(*place) {
                    *result = answer.map(|changed| LinkOutcome {
                        number: job.number,
                        changed,
                        version,
                    });
                }
            }
        }
        Ok(results)
    }

    /// The case that numbers are to hang on, or the one it was merged into.
    fn open_case(&self, id: &CaseId, field: &str, numbers: usize) -> Result<CaseId, ServiceError> {
        if numbers == 0 || numbers > MAX_NUMBERS {
            return Err(ServiceError::field(
                field,
                format!("must hold 1 to {MAX_NUMBERS} numbers"),
            ));
        }
        Ok(self.case_details(id)?.case.id.clone())
    }
}

/// Whether one number's link is to be changed; each number has its own expected version.
fn one_link(
    mutation: &Mutation,
    expected_version: Option<Version>,
    record: &NumberRecord,
    print: Fingerprint,
) -> Result<bool, ServiceError> {
    let own = Mutation {
        expected_version,
        ..mutation.clone()
    };
    own.check(record.state.requests.seen(print), record.version.unwrap_or(0))
}
