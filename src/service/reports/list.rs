//! Listing reports: the rows of a number, newest first.

use std::collections::BTreeSet;

use super::{ReportList, Reports, StoredReport};
use crate::domain::report::{ReportRow, RowState};
use crate::number::Region;
use crate::service::content::{Method, RequestContent};
use crate::service::identity::read_number;
use crate::service::page::count_that_fits;
use crate::service::{PageRequest, ServiceError};

impl Reports {
    /// A page of the reports of a number, newest first.
    ///
    /// # Errors
    /// If the request is not valid, or the store cannot be read.
    pub async fn list(
        &self,
        number: &str,
        region: Option<Region>,
        include_withdrawn: bool,
        page: &PageRequest,
    ) -> Result<ReportList, ServiceError> {
        let number = read_number("number", number, region)?;
        let limit = page.limit()?;
        let mut scope = RequestContent::of(Method::ListReports);
        scope.number(number).flag(include_withdrawn);
        let after = page.cursor(&self.page_key, &scope)?;
        let mut reports = stored_reports(self.writer.read_whole(number).await?.rows);
        reports.retain(|report| include_withdrawn || report.row.is_live());
        let total = reports.len();
        let start = match after {
            Some(after) => reports.partition_point(|report| row_cursor(&report.row) >= after),
            None => 0,
        };
        let mut rest = reports.split_off(start.min(reports.len()));
        let fit = count_that_fits(&rest, bytes_of).min(limit);
        let more = rest.len() > fit;
        rest.truncate(fit);
        let last = rest.last().filter(|_| more);
        let next_page_token = self.page_key.next(&scope, last.map(|last| row_cursor(&last.row)));
        Ok(ReportList {
            number,
            reports: rest,
            next_page_token,
            total,
        })
    }
}

/// The rows of a number, newest first, each with whether it is superseded.
pub(in crate::service) fn stored_reports(mut rows: Vec<ReportRow>) -> Vec<StoredReport> {
    rows.sort_unstable_by(|a, b| b.order_key().cmp(&a.order_key()));
    let mut spoken = BTreeSet::new();
    let stored = rows
        .into_iter()
        .filter(|row| row.state != RowState::Tombstone)
        .map(|row| {
            let superseded = row.is_live() && row.body.reporter.is_some_and(|reporter| !spoken.insert(reporter));
            StoredReport { row, superseded }
        });
    stored.collect()
}

/// The bytes of the only long text of a report.
pub(in crate::service) fn bytes_of(report: &StoredReport) -> usize {
    report.row.body.comment.as_ref().map_or(0, |comment| comment.len())
}

/// The sort key of a report in the list, newest first: a larger key comes earlier.
fn row_cursor(row: &ReportRow) -> Vec<u8> {
    let mut cursor = row.body.occurred_at.millis().to_be_bytes().to_vec();
    cursor.extend_from_slice(row.id.as_str().as_bytes());
    cursor
}
