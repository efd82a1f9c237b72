//! Fraud cases: created, found, changed, and numbers hung on them.

mod edit;
mod link;

use std::sync::Arc;

use super::{PageRequest, Service, ServiceError, page};
use crate::domain::brand::Brand;
use crate::domain::case::{Case, Link};
use crate::domain::ids::CaseId;
use crate::domain::kinds::{CaseRole, CaseStatus, Category, Source};
use crate::domain::time::Timestamp;
use crate::number::{E164, Region};
use crate::store::{Version, key};

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
}

impl CaseFilter {
    fn lets(&self, case: &Case) -> bool {
        self.status.is_none_or(|status| case.status == status)
            && self.category.is_none_or(|category| case.category == category)
            && self
                .brand
                .as_ref()
                .is_none_or(|brand| case.brand.as_ref().is_some_and(|found| found.is_same(brand)))
            && case.title.to_lowercase().contains(&self.query.to_lowercase())
    }
}
