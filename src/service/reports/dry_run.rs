//! The dry run of a bulk withdrawal: it counts the reports that would be withdrawn, and writes nothing.

use std::collections::BTreeSet;

use super::{BulkWithdrawn, Reports};
use crate::codec;
use crate::domain::reporter_table::is_part;
use crate::domain::state::Withdrawal;
use crate::service::ServiceError;
use crate::service::reports::withdraw::BUCKETS_AT_A_TIME;
use crate::store::{Shard, key};

impl Reports {
    /// Counts the reports of an import or a reporter that a withdrawal would take now, and their numbers.
    ///
    /// # Errors
    /// If the store cannot be read, or reports cannot be read, which a withdrawal would leave.
    pub async fn try_withdraw_all(&self, what: &Withdrawal) -> Result<BulkWithdrawn, ServiceError> {
        let mut found = BulkWithdrawn::default();
        for shard in Shard::all() {
            let of_shard = self.count_in(shard, what).await?;
            found.numbers = found.numbers.saturating_add(of_shard.numbers);
            found.reports = found.reports.saturating_add(of_shard.reports);
        }
        Ok(found)
    }

    async fn count_in(&self, shard: Shard, what: &Withdrawal) -> Result<BulkWithdrawn, ServiceError> {
        let now = self.writer.now();
        let mut numbers = BTreeSet::new();
        let mut reports = 0;
        let mut after = None;
        loop {
            let page = self.writer.scan_rows(shard, after, BUCKETS_AT_A_TIME).await?;
            // The reporter table of a number has copies of its rows.
            let buckets = page
                .items
                .iter()
                .filter(|(id, _)| !key::bucket_of_id(id).is_some_and(is_part));
            for (id, stored) in buckets {
                let rows = codec::rows::decode(&stored.bytes)?;
                let taken = rows.iter().filter(|row| what.takes(row, now)).count();
                if taken > 0 {
                    numbers.extend(key::number_of_id(id));
                    reports += taken;
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(BulkWithdrawn {
                    numbers: u32::try_from(numbers.len()).unwrap_or(u32::MAX),
                    reports: u32::try_from(reports).unwrap_or(u32::MAX),
                });
            }
        }
    }
}
