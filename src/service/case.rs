//! Fraud cases: created, found, changed, and numbers hung on them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::write::{Done, Mutation, NumberJob, NumberRecord, Stop};
use super::{PageRequest, Service, ServiceError, Violation, page};
use crate::domain::brand::Brand;
use crate::domain::case::{
    Case, CaseEvent, Link, MAX_AGENCY_CHARS, MAX_LINKS, MAX_TEXT_CHARS, MAX_TITLE_CHARS, may_start,
};
use crate::domain::ids::CaseId;
use crate::domain::kinds::{CaseRole, CaseStatus, Category, Source};
use crate::domain::requests::Requests;
use crate::domain::tail::Tail;
use crate::domain::time::Timestamp;
use crate::number::{E164, Region};
use crate::store::{Version, key};

/// The most numbers linked or unlinked in one request.
const MAX_NUMBERS: usize = 1_000;

/// A case to be created.
#[derive(Clone, Debug)]
pub struct NewCase {
    /// Its name; derived from the request if unset.
    pub id: Option<CaseId>,
    /// One line that says what it is.
    pub title: String,
    /// The kind of fraud.
    pub category: Category,
    /// The brand impersonated.
    pub brand: Option<Brand>,
    /// What is known.
    pub summary: String,
    /// Where it starts.
    pub status: CaseStatus,
    /// The agency that has it.
    pub agency: String,
    /// The agency's reference.
    pub agency_reference: String,
    /// Where it comes from.
    pub source: Source,
    /// The latest evidence in it.
    pub last_evidence_at: Option<Timestamp>,
}

/// Fields of a case to be changed; those unset stay.
#[derive(Clone, Debug, Default)]
pub struct CaseChange {
    /// The title.
    pub title: Option<String>,
    /// The kind of fraud.
    pub category: Option<Category>,
    /// The brand; `Some(None)` takes it away.
    pub brand: Option<Option<Brand>>,
    /// What is known.
    pub summary: Option<String>,
    /// The agency.
    pub agency: Option<String>,
    /// The agency's reference.
    pub agency_reference: Option<String>,
    /// Where it comes from.
    pub source: Option<Source>,
    /// The latest evidence in it.
    pub last_evidence_at: Option<Timestamp>,
}

/// A step in the life of a case.
#[derive(Clone, Debug)]
pub struct TransitionInput {
    /// Where to.
    pub to: CaseStatus,
    /// Why.
    pub note: String,
    /// The agency involved.
    pub agency: String,
}

/// A number to be linked.
#[derive(Clone, Debug)]
pub struct LinkInput {
    /// The number, as it is.
    pub number: String,
    /// The region that a national number is of.
    pub default_region: Option<Region>,
    /// What the number is in the case.
    pub role: CaseRole,
    /// How sure the analyst is, 0 to 1.
    pub confidence: f64,
    /// Where the link comes from.
    pub source: Source,
    /// From when the number played its part.
    pub from: Option<Timestamp>,
    /// Until when.
    pub to: Option<Timestamp>,
    /// The version of the number's record that the client read.
    pub expected_version: Option<Version>,
}

/// A number to be unlinked.
#[derive(Clone, Debug)]
pub struct UnlinkInput {
    /// The number, as it is.
    pub number: String,
    /// The region that a national number is of.
    pub default_region: Option<Region>,
    /// In which role; in all if unset.
    pub role: Option<CaseRole>,
    /// The version of the number's record that the client read.
    pub expected_version: Option<Version>,
}

/// What became of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkOutcome {
    /// The number.
    pub number: E164,
    /// Whether the link was made, or taken away, by this request.
    pub changed: bool,
    /// The version of the number's record now.
    pub version: Version,
}

/// A case as it is shown.
#[derive(Clone, Debug)]
pub struct CaseDetails {
    /// The case.
    pub case: Arc<Case>,
    /// Its version.
    pub version: Version,
    /// How many numbers are linked to it.
    pub member_count: usize,
}

/// Which cases a list shows.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// Those of this status.
    pub status: Option<CaseStatus>,
    /// Those of this category.
    pub category: Option<Category>,
    /// Those that impersonate this brand.
    pub brand: Option<Brand>,
    /// Those whose title holds this, without regard to case.
    pub query: String,
}

/// A page of cases, in the order of their ids.
#[derive(Clone, Debug)]
pub struct CaseList {
    /// The cases.
    pub cases: Vec<CaseDetails>,
    /// Leads to the next page; empty at the end.
    pub next_page_token: String,
}

impl Service {
    /// Creates a case.
    ///
    /// # Errors
    /// If the request is wrong, the name is taken, or the store cannot be written.
    pub async fn create_case(&self, new: &NewCase, mutation: &Mutation) -> Result<CaseDetails, ServiceError> {
        check_new(new)?;
        let id = new
            .id
            .clone()
            .unwrap_or_else(|| CaseId::derived(key::TENANT, &mutation.request));
        let print = mutation.fingerprint(&format!("create {new:?}"));
        let now = self.clock.now();
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

    /// A case, or the one it was merged into.
    ///
    /// # Errors
    /// If there is none.
    pub fn case_details(&self, id: &CaseId) -> Result<CaseDetails, ServiceError> {
        let (version, case) = self.index.case(id).ok_or(ServiceError::NotFound { what: "case" })?;
        let member_count = self.index.members(&case.id).len();
        Ok(CaseDetails {
            case,
            version,
            member_count,
        })
    }

    /// A page of the numbers of a case, in their order, with their links.
    ///
    /// # Errors
    /// If there is no such case, or the page is wrong.
    pub fn case_members(&self, id: &CaseId, page: &PageRequest) -> Result<(Vec<(E164, Link)>, String), ServiceError> {
        let limit = page.limit()?;
        let list = format!("members {id}");
        let after = page
            .cursor(&self.keys, &list)?
            .and_then(|cursor| key::number_of_id(&cursor));
        let case = self.case_details(id)?.case;
        let mut numbers = self.index.members(&case.id);
        numbers.retain(|number| after.is_none_or(|after| *number > after));
        let more = numbers.len() > limit;
        numbers.truncate(limit);
        let last = numbers.last().filter(|_| more);
        let next = last.map_or_else(String::new, |last| {
            page::seal(&self.keys, &list, &last.digits().to_be_bytes())
        });
        let now = self.clock.now();
        let links = numbers.into_iter().flat_map(|number| {
            let of_case = |link: &Link| link.case == case.id;
            self.index.look_up(number, now, |known| {
                known
                    .state
                    .links
                    .iter()
                    .filter(|link| of_case(link))
                    .map(|link| (number, link.clone()))
                    .collect::<Vec<_>>()
            })
        });
        Ok((links.collect(), next))
    }

    /// A page of the cases that a filter lets through.
    ///
    /// # Errors
    /// If the page is wrong.
    pub fn list_cases(&self, filter: &CaseFilter, page: &PageRequest) -> Result<CaseList, ServiceError> {
        let limit = page.limit()?;
        let list = format!("cases {filter:?}");
        let after = page.cursor(&self.keys, &list)?;
        let mut cases = self.index.cases();
        cases.retain(|(_, case)| {
            filter.lets(case) && after.as_deref().is_none_or(|after| case.id.as_str().as_bytes() > after)
        });
        let more = cases.len() > limit;
        cases.truncate(limit);
        let last = cases.last().filter(|_| more);
        let next_page_token = last.map_or_else(String::new, |(_, last)| {
            page::seal(&self.keys, &list, last.id.as_str().as_bytes())
        });
        let details = cases.into_iter().map(|(version, case)| {
            let member_count = self.index.members(&case.id).len();
            CaseDetails {
                case,
                version,
                member_count,
            }
        });
        Ok(CaseList {
            cases: details.collect(),
            next_page_token,
        })
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
        check_change(change)?;
        let now = self.clock.now();
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
                let print = mutation.fingerprint(&format!("link {id} {input:?}"));
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
                let print = mutation.fingerprint(&format!("unlink {id} {:?}", input.role));
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
            .change_numbers(&jobs, who, |record, (_, input)| {
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

impl CaseFilter {
    fn lets(&self, case: &Case) -> bool {
        self.status.is_none_or(|status| case.status == status)
            && self.category.is_none_or(|category| case.category == category)
            && self
                .brand
                .as_ref()
                .is_none_or(|brand| case.brand.as_ref() == Some(brand))
            && case.title.to_lowercase().contains(&self.query.to_lowercase())
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

/// Whether one number's link is to be changed; each number has its own expected version.
fn one_link(
    mutation: &Mutation,
    expected_version: Option<Version>,
    record: &NumberRecord,
    print: crate::domain::requests::Fingerprint,
) -> Result<bool, ServiceError> {
    let own = Mutation {
        expected_version,
        ..mutation.clone()
    };
    own.check(record.state.requests.seen(print), record.version.unwrap_or(0))
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

fn check_new(new: &NewCase) -> Result<(), ServiceError> {
    if new.title.trim().is_empty() {
        return Err(ServiceError::field("title", "must not be empty"));
    }
    if !may_start(new.status) {
        return Err(ServiceError::field("status", "a case cannot start closed or merged"));
    }
    check_lengths(&[
        ("title", &new.title, MAX_TITLE_CHARS),
        ("summary", &new.summary, MAX_TEXT_CHARS),
        ("agency", &new.agency, MAX_AGENCY_CHARS),
        ("agency_reference", &new.agency_reference, MAX_AGENCY_CHARS),
    ])
}

fn check_change(change: &CaseChange) -> Result<(), ServiceError> {
    if change.title.as_ref().is_some_and(|title| title.trim().is_empty()) {
        return Err(ServiceError::field("title", "must not be empty"));
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    check_lengths(&[
        ("title", &text(&change.title), MAX_TITLE_CHARS),
        ("summary", &text(&change.summary), MAX_TEXT_CHARS),
        ("agency", &text(&change.agency), MAX_AGENCY_CHARS),
        ("agency_reference", &text(&change.agency_reference), MAX_AGENCY_CHARS),
    ])
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
