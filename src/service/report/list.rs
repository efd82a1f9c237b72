//! Reports out: the rows of a number, newest first.

use std::collections::BTreeSet;

use super::{ReportList, StoredReport};
use crate::domain::report::{ReportRow, RowState};
use crate::domain::rows::Missing;
use crate::number::E164;
use crate::number::Region;
use crate::service::write::{NumberJob, NumberRecord};
use crate::service::{PageRequest, Service, ServiceError, page};

impl Service {
    /// A page of the reports of a number, newest first.
    ///
    /// # Errors
    /// If the request is wrong, or the store cannot be read.
    pub async fn list_reports(
        &self,
        number: &str,
        region: Option<Region>,
        include_withdrawn: bool,
        page: &PageRequest,
    ) -> Result<ReportList, ServiceError> {
        let number = self.number("number", number, region)?;
        let limit = page.limit()?;
        let list = format!("reports {} {include_withdrawn}", number.digits());
        let after = page.cursor(&self.keys, &list)?;
        let record = self.read_whole(number).await?;
        let mut reports = stored_reports(&record)?;
        reports.retain(|report| include_withdrawn || report.row.is_live());
        let start = match after {
            Some(after) => reports.partition_point(|report| row_cursor(&report.row) >= after),
            None => 0,
        };
        let mut rest = reports.split_off(start.min(reports.len()));
        let more = rest.len() > limit;
        rest.truncate(limit);
        let last = rest.last().filter(|_| more);
        let next_page_token = last.map_or_else(String::new, |last| {
            page::seal(&self.keys, &list, &row_cursor(&last.row))
        });
        Ok(ReportList {
            number,
            reports: rest,
            next_page_token,
        })
    }

    /// A number's record with all its rows.
    pub(in crate::service) async fn read_whole(&self, number: E164) -> Result<NumberRecord, ServiceError> {
        let jobs = [NumberJob {
            number,
            items: vec![()],
        }];
        {
            let record = self.read_all_rows(&jobs).await?.pop();
            // An empty store in the place of ours would say that there is nothing, which is not known.
            self.store.verify().await?;
            record.ok_or(ServiceError::Internal)
        }
    }
}

/// The rows of a record, newest first, each with whether it is superseded.
pub(in crate::service) fn stored_reports(record: &NumberRecord) -> Result<Vec<StoredReport>, ServiceError> {
    let all = |missing: Missing| {
        tracing::error!(%missing, "rows are missing after all were read");
        ServiceError::Internal
    };
    let mut rows: Vec<&ReportRow> = record.rows.all().map_err(all)?.collect();
    rows.sort_unstable_by(|a, b| b.order_key().cmp(&a.order_key()));
    let mut spoken = BTreeSet::new();
    let stored = rows
        .into_iter()
        .filter(|row| row.state != RowState::Tombstone)
        .map(|row| {
            let again = row.is_live() && row.body.reporter.is_some_and(|reporter| !spoken.insert(reporter));
            StoredReport {
                row: row.clone(),
                superseded: again,
            }
        });
    Ok(stored.collect())
}

/// A place in the list of reports, newest first: larger is earlier in the list.
fn row_cursor(row: &ReportRow) -> Vec<u8> {
    let mut cursor = row.body.occurred_at.millis().to_be_bytes().to_vec();
    cursor.extend_from_slice(row.id.as_str().as_bytes());
    cursor
}
