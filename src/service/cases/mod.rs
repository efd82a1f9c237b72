//! Fraud cases: created, found, changed, and linked to numbers.

mod edit;
mod link;
mod matching;

#[cfg(test)]
pub(super) use link::{linking, unlinking};

use std::sync::Arc;

use super::content::{Method, RequestContent};
use super::page::{PageKey, count_that_fits, foreign_token};
use super::writer::{Changed, Writer};
use super::{PageRequest, ServiceError};
use crate::domain::brand::Brand;
use crate::domain::case::{Case, CaseLink};
use crate::domain::ids::CaseId;
use crate::domain::kinds::{CaseRole, CaseStatus, Category, Source};
use crate::domain::time::Timestamp;
use crate::number::{E164, Region};
use crate::store::{Version, key};
use matching::{Matching, Totals};

/// A case to be created.
#[derive(Clone, Debug)]
pub struct NewCase {
    /// Its id; derived from the request if unset.
    pub id: Option<CaseId>,
    /// The title, one line.
    pub title: String,
    /// The kind of fraud.
    pub category: Category,
    /// The impersonated brand.
    pub brand: Option<Brand>,
    /// The summary.
    pub summary: String,
    /// The status to start with.
    pub status: CaseStatus,
    /// The agency that works on it.
    pub agency: String,
    /// The agency's reference.
    pub agency_reference: String,
    /// Where it comes from.
    pub source: Source,
    /// The latest evidence in it.
    pub last_evidence_at: Option<Timestamp>,
}

/// Fields of a case to be changed; unset fields stay as they are.
#[derive(Clone, Debug, Default)]
pub struct CaseChange {
    /// The title.
    pub title: Option<String>,
    /// The kind of fraud.
    pub category: Option<Category>,
    /// The brand; `Some(None)` removes it.
    pub brand: Option<Option<Brand>>,
    /// The summary.
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

/// A step of a case from one status to another.
#[derive(Clone, Debug)]
pub struct TransitionInput {
    /// The status to reach.
    pub to: CaseStatus,
    /// The reason for the step.
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
    /// The role of the number in the case.
    pub role: CaseRole,
    /// The analyst's confidence, 0 to 1.
    pub confidence: f64,
    /// The source of the link.
    pub source: Source,
    /// The time from which the number had this role.
    pub from: Option<Timestamp>,
    /// The time until which it had this role.
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
    /// The role; all roles if unset.
    pub role: Option<CaseRole>,
    /// The version of the number's record that the client read.
    pub expected_version: Option<Version>,
}

/// The outcome of linking or unlinking one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkOutcome {
    /// The number.
    pub number: E164,
    /// Whether this request made or removed the link.
    pub changed: bool,
    /// The version of the number's record that was committed.
    pub version: Version,
}

/// A case as it is shown.
#[derive(Clone, Debug)]
pub struct CaseDetails {
    /// The case.
    pub case: Arc<Case>,
    /// Its version.
    pub version: Version,
    /// The number of its members.
    pub member_count: usize,
}

/// A filter for cases.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// Those of this status.
    pub status: Option<CaseStatus>,
    /// Those of this category.
    pub category: Option<Category>,
    /// Those that impersonate this brand.
    pub brand: Option<Brand>,
    /// Cases whose id, title or reference contains this text, in upper or lower case.
    pub query: String,
}

/// A page of cases, in the order of their ids.
#[derive(Clone, Debug)]
pub struct CaseList {
    /// The cases.
    pub cases: Vec<CaseDetails>,
    /// Leads to the next page; empty at the end.
    pub next_page_token: String,
    /// The cases on all pages.
    pub total: usize,
}

/// Fraud cases and their numbers.
pub struct Cases {
    writer: Arc<Writer>,
    page_key: PageKey,
    totals: Totals,
}

impl Cases {
    pub(super) fn new(writer: Arc<Writer>, page_key: PageKey) -> Self {
        Self {
            writer,
            page_key,
            totals: Totals::default(),
        }
    }

    /// A case, or the one it was merged into.
    ///
    /// # Errors
    /// If there is none, or the store cannot say whether there is.
    pub async fn get(&self, id: &CaseId) -> Result<CaseDetails, ServiceError> {
        let (version, case) = self.writer.find_case(id).await?;
        Ok(self.details(self.shown_version(version, &case), case))
    }

    /// The view of a case that was just committed.
    fn committed(&self, changed: Changed<Case, ()>) -> CaseDetails {
        self.details(changed.version, Arc::new(changed.record))
    }

    fn shown_version(&self, version: Version, case: &Case) -> Version {
        self.writer.shown_version::<Case>(&case.id, version)
    }

    fn details(&self, version: Version, case: Arc<Case>) -> CaseDetails {
        let member_count = self.writer.index().member_count(&case.id);
        CaseDetails {
            case,
            version,
            member_count,
        }
    }

    /// A page of the numbers of a case, in their order, with their links.
    ///
    /// # Errors
    /// If there is no such case, the store cannot say whether there is, or the page is wrong.
    pub async fn members(
        &self,
        id: &CaseId,
        page: &PageRequest,
    ) -> Result<(Vec<(E164, CaseLink)>, String), ServiceError> {
        let limit = page.limit()?;
        let mut scope = RequestContent::of(Method::ListMembers);
        scope.text(id.as_str());
        let after = page
            .cursor(&self.page_key, &scope)?
            .map(|cursor| key::number_of_id(&cursor).ok_or_else(foreign_token))
            .transpose()?;
        let index = self.writer.index();
        let case = self.get(id).await?.case;
        let mut numbers = index.members(&case.id);
        numbers.retain(|number| after.is_none_or(|after| *number > after));
        let more = numbers.len() > limit;
        numbers.truncate(limit);
        let last = numbers.last().filter(|_| more);
        let cursor = last.map(|last| last.digits().to_be_bytes().to_vec());
        let next = self.page_key.next(&scope, cursor);
        let now = self.writer.now();
        let links = numbers.into_iter().flat_map(|number| {
            let of_case = |link: &CaseLink| link.case == case.id;
            index.look_up(number, now, |known| {
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

    /// A page of the cases that match a filter.
    ///
    /// # Errors
    /// If the page is wrong.
    pub async fn list(&self, filter: &CaseFilter, page: &PageRequest) -> Result<CaseList, ServiceError> {
        let limit = page.limit()?;
        let scope = filter.scope();
        let after = page.cursor(&self.page_key, &scope)?;
        let after = after
            .map(|cursor| case_of(&cursor).ok_or_else(foreign_token))
            .transpose()?;
        let index = self.writer.index();
        let (mut cases, total) = if filter.is_for_all() {
            (index.cases_after(after.as_ref(), limit + 1), index.case_count())
        } else {
            let wanted = (&scope, |case: &Case| filter.matches(case));
            let matching = self.totals.matching(index, wanted, (after.as_ref(), limit + 1));
            let Matching { found, total } = matching.await;
            (found, total)
        };
        let fit = count_that_fits(&cases, |(_, case)| case.text_bytes()).min(limit);
        let more = cases.len() > fit;
        cases.truncate(fit);
        let last = cases.last().filter(|_| more);
        let cursor = last.map(|(_, last)| last.id.as_str().as_bytes().to_vec());
        let next_page_token = self.page_key.next(&scope, cursor);
        let mut details = Vec::with_capacity(cases.len());
        for (version, case) in cases {
            details.push(self.details(self.shown_version(version, &case), case));
            tokio::task::consume_budget().await; // to count the members takes longer with each case
        }
        Ok(CaseList {
            cases: details,
            next_page_token,
            total,
        })
    }
}

/// The id that a page token holds.
fn case_of(cursor: &[u8]) -> Option<CaseId> {
    CaseId::parse(std::str::from_utf8(cursor).ok()?).ok()
}

impl CaseFilter {
    /// The content that a page token of this list is bound to.
    fn scope(&self) -> RequestContent {
        let mut scope = RequestContent::of(Method::ListCases);
        scope
            .optional_code(self.status.map(CaseStatus::code))
            .optional_code(self.category.map(Category::code))
            .optional_text(self.brand.as_ref().map(Brand::as_str))
            .text(&self.query);
        scope
    }

    /// Whether every case matches.
    fn is_for_all(&self) -> bool {
        self.status.is_none() && self.category.is_none() && self.brand.is_none() && self.query.is_empty()
    }

    fn matches(&self, case: &Case) -> bool {
        self.status.is_none_or(|status| case.status == status)
            && self.category.is_none_or(|category| case.category == category)
            && self
                .brand
                .as_ref()
                .is_none_or(|brand| case.brand.as_ref().is_some_and(|found| found.is_same(brand)))
            && case.mentions(&self.query)
    }
}
