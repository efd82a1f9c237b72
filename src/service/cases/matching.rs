//! The cases that match a filter, page by page.
//!
//! An answer tells how many cases match in all, and to count them every case is compared with the filter. The totals of the
//! latest filters are kept until a case changes. So each page after the first compares only the cases of the page.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::domain::case::Case;
use crate::domain::ids::CaseId;
use crate::index::Index;
use crate::service::content::RequestContent;
use crate::store::Version;

/// Cases that are compared with a filter at a time: less than a millisecond.
const COMPARED_AT_ONCE: usize = 512;
/// The filters whose totals are kept.
const MAX_TOTALS: usize = 32;

/// The totals of the latest filters, the newest last.
#[derive(Debug, Default)]
pub(super) struct Totals(Mutex<VecDeque<Total>>);

#[derive(Debug)]
struct Total {
    /// The filter, as page tokens are bound to it.
    filter: Vec<u8>,
    /// The generation of the cases that were counted.
    generation: u64,
    count: usize,
}

/// The cases of a page.
#[derive(Debug, Default)]
pub(super) struct Matching {
    /// The first of them after the place where the page begins, with their versions.
    pub(super) found: Vec<(Version, Arc<Case>)>,
    /// How many match in all.
    pub(super) total: usize,
}

impl Totals {
    /// The first `limit` cases after `after` that match a filter, and how many match in all. Other requests have their turn
    /// meanwhile.
    pub(super) async fn matching(
        &self,
        index: &Index,
        (filter, is_match): (&RequestContent, impl Fn(&Case) -> bool),
        (after, limit): (Option<&CaseId>, usize),
    ) -> Matching {
        let generation = index.cases_generation();
        let known = self.get(filter.bytes(), generation);
        let mut page = Matching::default();
        let mut from = known.and(after).cloned();
        'pages: loop {
            let part = index.cases_after(from.as_ref(), COMPARED_AT_ONCE);
            for (version, case) in &part {
                if known.is_some() && page.found.len() >= limit {
                    break 'pages;
                }
                if is_match(case) {
                    page.total = page.total.saturating_add(1);
                    if page.found.len() < limit && after.is_none_or(|after| case.id > *after) {
                        page.found.push((*version, Arc::clone(case)));
                    }
                }
            }
            match part.last() {
                Some((_, last)) if part.len() == COMPARED_AT_ONCE => from = Some(last.id.clone()),
                Some(_) | None => break,
            }
            tokio::task::yield_now().await;
        }
        match known {
            Some(total) => page.total = total,
            // If a case has changed meanwhile, nobody asks for this generation any more.
            None => self.keep(filter.bytes(), generation, page.total),
        }
        page
    }

    fn get(&self, filter: &[u8], generation: u64) -> Option<usize> {
        let totals = self.0.lock();
        let kept = totals.iter().find(|kept| kept.filter == filter)?;
        (kept.generation == generation).then_some(kept.count)
    }

    fn keep(&self, filter: &[u8], generation: u64, count: usize) {
        let mut totals = self.0.lock();
        totals.retain(|kept| kept.filter != filter);
        if totals.len() >= MAX_TOTALS {
            totals.pop_front();
        }
        totals.push_back(Total {
            filter: filter.to_vec(),
            generation,
            count,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::case_history::CaseHistory;
    use crate::domain::kinds::{CaseStatus, Category, Source};
    use crate::domain::requests::Requests;
    use crate::domain::time::Timestamp;
    use crate::domain::unknown_fields::UnknownFields;
    use crate::service::content::Method;
    use std::cell::Cell;

    const CASES: usize = 3_000;

    fn put(index: &Index, version: Version, number: usize) {
        let status = if number.is_multiple_of(2) {
            CaseStatus::Open
        } else {
            CaseStatus::Draft
        };
        let case = Case {
            id: CaseId::parse(&format!("c-{number:04}")).unwrap(),
            title: "".into(),
            category: Category::TechSupportScam,
            brand: None,
            summary: "".into(),
            status,
            agency: "".into(),
            agency_reference: "".into(),
            source: Source::Analyst,
            created_at: Timestamp::from_secs(0),
            updated_at: Timestamp::from_secs(0),
            last_evidence_at: None,
            history: CaseHistory::default(),
            merged_into: None,
            requests: Requests::default(),
            unknown_fields: UnknownFields::default(),
        };
        index.apply(case.id.clone(), version, Some(case));
    }

    #[tokio::test]
    async fn pages_after_the_first_compare_the_cases_of_the_page() {
        let index = Index::new(Arc::default());
        (0..CASES).for_each(|number| put(&index, 1, number));
        let (totals, compared) = (Totals::default(), Cell::new(0));
        let filter = RequestContent::of(Method::ListCases);
        let page = async |after: Option<&CaseId>| {
            compared.set(0);
            let is_open = |case: &Case| {
                compared.set(compared.get() + 1);
                case.status == CaseStatus::Open
            };
            let page = totals.matching(&index, (&filter, is_open), (after, 2)).await;
            (page, compared.get())
        };
        let (mut seen, mut after) = (0, None);
        loop {
            let (page, compared) = page(after.as_ref()).await;
            assert_eq!(page.total, CASES / 2);
            let most = if after.is_none() { CASES } else { 4 };
            assert!(compared <= most, "{compared} cases compared for a page");
            let Some((_, last)) = page.found.last() else { break };
            let expected = [seen * 2, (seen + 1) * 2].map(|number| format!("c-{number:04}"));
            assert_eq!([page.found[0].1.id.as_str(), last.id.as_str()], expected);
            (seen, after) = (seen + 2, Some(last.id.clone()));
        }
        assert_eq!(seen, CASES / 2);
        // A new case is counted at once.
        put(&index, 2, CASES);
        let (first, compared) = page(None).await;
        assert_eq!((first.total, compared), (CASES / 2 + 1, CASES + 1));
    }

    #[test]
    fn only_the_latest_totals_are_kept() {
        let totals = Totals::default();
        for filter in 0..=u8::try_from(MAX_TOTALS).unwrap() {
            totals.keep(&[filter], 1, usize::from(filter));
            totals.keep(&[filter], 2, usize::from(filter));
        }
        assert_eq!(
            (totals.get(&[0], 2), totals.get(&[1], 2), totals.get(&[1], 1)),
            (None, Some(1), None)
        );
    }
}
