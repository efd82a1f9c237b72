//! Listing the reports of one reporter, newest first.
//!
//! The reporter's state says where their latest reports are. Reports from before the release that keeps these places are
//! not found, nor those that the reporter made earlier than the last 500.

use std::collections::{BTreeMap, BTreeSet};

use super::admit::side_key;
use super::list::bytes_of;
use super::{Reports, StoredReport, stored_reports};
use crate::domain::report::ReportRow;
use crate::domain::reporter::{ReportPlace, ReporterState};
use crate::number::E164;
use crate::service::content::{Method, RequestContent};
use crate::service::page::PageTexts;
use crate::service::{PageRequest, ServiceError};

/// A page of a reporter's reports, newest first.
#[derive(Clone, Debug)]
pub struct ReporterReports {
    /// The reports, each with its number. There may be fewer than asked for, since reports may have been deleted.
    pub reports: Vec<(E164, StoredReport)>,
    /// Leads to the next page; empty at the end.
    pub next_page_token: String,
    /// The most reports on all pages.
    pub at_most: usize,
}

impl Reports {
    /// A page of the reports of a reporter, the latest arrival first.
    ///
    /// # Errors
    /// If the page is wrong, or the store cannot be read.
    pub async fn of_reporter(
        &self,
        name: &str,
        include_withdrawn: bool,
        page: &PageRequest,
    ) -> Result<ReporterReports, ServiceError> {
        let reporter = self.reporter_hash(name).await?;
        let limit = page.limit()?;
        let mut scope = RequestContent::of(Method::ListReporterReports);
        scope.hash(reporter.raw().into()).flag(include_withdrawn);
        let after = page.cursor(&self.page_key, &scope)?;
        let state: ReporterState = self
            .writer
            .read_side_record(&side_key(self.writer.tenant(), reporter))
            .await?;
        let mut places = state.reports;
        places.sort_unstable_by_key(|place| std::cmp::Reverse(cursor_of(place)));
        let start = match after {
            Some(after) => places.partition_point(|place| cursor_of(place).as_slice() >= after.as_slice()),
            None => 0,
        };
        let rest = places.get(start..).unwrap_or_default();
        let shown = rest.get(..limit).unwrap_or(rest);
        let found = self.stored_at(shown, &places).await?;
        let (mut reports, mut read, mut texts) = (Vec::new(), 0, PageTexts::default());
        for place in shown {
            let report = found.get(&(place.number, place.id_hash));
            let is_theirs = |report: &&StoredReport| report.row.body.reporter == Some(reporter);
            let is_wanted = |report: &&StoredReport| include_withdrawn || report.row.is_live();
            if let Some(report) = report.filter(is_theirs).filter(is_wanted) {
                if !texts.fits(bytes_of(report)) {
                    break;
                }
                reports.push((place.number, report.clone()));
            }
            read += 1;
        }
        let last = rest.get(..read).and_then(<[_]>::last).filter(|_| rest.len() > read);
        Ok(ReporterReports {
            reports,
            next_page_token: self.page_key.next(&scope, last.map(cursor_of)),
            at_most: places.len(),
        })
    }

    /// The reports at these places. `all` are the places of all reports of the reporter: a later report on the same number
    /// may count in place of an earlier one.
    async fn stored_at(
        &self,
        shown: &[ReportPlace],
        all: &[ReportPlace],
    ) -> Result<BTreeMap<(E164, u64), StoredReport>, ServiceError> {
        let numbers: BTreeSet<E164> = shown.iter().map(|place| place.number).collect();
        let wanted = all.iter().filter(|place| numbers.contains(&place.number));
        let wanted: Vec<(E164, u64)> = wanted.map(|place| (place.number, place.id_hash)).collect();
        let mut rows: BTreeMap<E164, Vec<ReportRow>> = BTreeMap::new();
        for ((number, _), row) in wanted.iter().zip(self.writer.rows_by_id(&wanted).await?) {
            rows.entry(*number).or_default().extend(row);
        }
        let mut found = BTreeMap::new();
        for (number, rows) in rows {
            for report in stored_reports(rows) {
                found.insert((number, report.row.id.hash64()), report);
            }
        }
        Ok(found)
    }
}

/// The sort key of a report in the list, newest first: a larger key comes earlier.
fn cursor_of(place: &ReportPlace) -> Vec<u8> {
    let mut cursor = place.at.millis().to_be_bytes().to_vec();
    cursor.extend_from_slice(&place.number.digits().to_be_bytes());
    cursor.extend_from_slice(&place.id_hash.to_be_bytes());
    cursor
}
