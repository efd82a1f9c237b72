//! Reads a number as the store has it now: its record, and all its rows.
//!
//! Rows are moved while they are read: each 32 new rows split a bucket. All buckets of a number are therefore read in
//! one atomic step, some more than the record names, and the record is read again afterwards: it says whether the
//! buckets that were read are all there were. So no row is missing and none comes twice, also while reports arrive all
//! the time.

use super::work::{bucket_key, record_key};
use super::{MAX_ATTEMPTS, Writer, overtaken};
use crate::codec;
use crate::domain::report::ReportRow;
use crate::domain::state::NumberState;
use crate::follow::Committed;
use crate::number::E164;
use crate::service::ServiceError;
use crate::store::{MAX_BUCKETS_AT_ONCE, Stored, StoredKey, Version};

/// Buckets read beyond those that the record names: as many may be split off before the rows are read.
const SPARE_BUCKETS: u32 = 8;

/// Bytes of rows that are decoded where they were read. The rows of a number with thousands of reports take so long that a
/// call would wait.
const DECODED_AT_ONCE: usize = 64 * 1_024;

/// A number as the store has it.
pub(in crate::service) struct WholeNumber {
    /// The version of the record; none if there is no record.
    pub(in crate::service) version: Option<Version>,
    /// The record.
    pub(in crate::service) state: NumberState,
    /// All rows of one moment, which is not before that of the record.
    pub(in crate::service) rows: Vec<ReportRow>,
}

impl Writer {
    /// The version of a number that was read, as the tenant sees it; 0 if there is no record.
    pub(in crate::service) fn version_of_whole(&self, number: E164, whole: &WholeNumber) -> Version {
        self.shown_version::<NumberState>(&number, whole.version.unwrap_or(0))
    }

    /// A number's record and all its rows. Reads again if a large batch has split so many buckets meanwhile that rows may
    /// be missing. The index then has this version or a later one.
    pub(in crate::service) async fn read_whole(&self, number: E164) -> Result<WholeNumber, ServiceError> {
        let (mut version, mut state) = self.read_record(number).await?;
        for _ in 0..MAX_ATTEMPTS {
            let count = state.buckets.saturating_add(SPARE_BUCKETS);
            let rows = self.read_rows(number, count).await?;
            let (version_after, state_after) = self.read_record(number).await?;
            let at_once = usize::try_from(count).is_ok_and(|count| count <= MAX_BUCKETS_AT_ONCE);
            if state_after.buckets > count || !at_once && version_after != version {
                (version, state) = (version_after, state_after);
                continue;
            }
            // If another, empty store has replaced ours, the missing record would look like an unknown number.
            self.store.verify().await?;
            self.follower.applied(
                self.tenant,
                version.map(|version| Committed {
                    id: number,
                    version,
                    record: state.clone(),
                }),
            );
            return Ok(WholeNumber { version, state, rows });
        }
        Err(overtaken())
    }

    /// The same for an erasure, which reports that arrive all the time must not hold up. Of a number with so many rows that
    /// they are not read in one step, some that are moved meanwhile may be missing, or come twice.
    pub(in crate::service) async fn read_to_erase(&self, number: E164) -> Result<WholeNumber, ServiceError> {
        let (version, state) = self.read_record(number).await?;
        let count = state.buckets.saturating_add(SPARE_BUCKETS);
        if usize::try_from(count).is_ok_and(|count| count <= MAX_BUCKETS_AT_ONCE) {
            return self.read_whole(number).await;
        }
        let rows = self.read_rows(number, count).await?;
        self.store.verify().await?;
        Ok(WholeNumber { version, state, rows })
    }

    /// The rows of a number in the buckets that the index knows, and some more. Rows that are moved at the same moment may
    /// be missing, or come twice.
    pub(in crate::service) async fn rows_as_indexed(&self, number: E164) -> Result<Vec<ReportRow>, ServiceError> {
        let Some((_, state)) = self.index.record(number) else {
            return Ok(Vec::new());
        };
        self.read_rows(number, state.buckets.saturating_add(SPARE_BUCKETS))
            .await
    }

    /// The record of a number, blank if there is none.
    pub(super) async fn read_record(&self, number: E164) -> Result<(Option<Version>, NumberState), ServiceError> {
        let key = StoredKey::Record(record_key(self.tenant, number));
        match self.store.read(&[key]).await?.pop().flatten() {
            Some(stored) => Ok((Some(stored.version), codec::number::decode(&stored.bytes)?)),
            None => Ok((None, NumberState::default())),
        }
    }

    /// The rows in the first `count` buckets of a number.
    async fn read_rows(&self, number: E164, count: u32) -> Result<Vec<ReportRow>, ServiceError> {
        let buckets = (0..count).map(|bucket| StoredKey::Bucket(bucket_key(self.tenant, number, bucket)));
        let keys: Vec<StoredKey> = buckets.collect();
        let stored = self.store.read(&keys).await?;
        let bytes: usize = stored.iter().flatten().map(|stored| stored.bytes.len()).sum();
        if bytes <= DECODED_AT_ONCE {
            return decode(&stored);
        }
        let decoded = tokio::task::spawn_blocking(move || decode(&stored)).await;
        decoded.map_err(|_panicked| ServiceError::Internal)?
    }
}

fn decode(buckets: &[Option<Stored>]) -> Result<Vec<ReportRow>, ServiceError> {
    let mut rows = Vec::new();
    for stored in buckets.iter().flatten() {
        rows.append(&mut codec::rows::decode(&stored.bytes)?);
    }
    Ok(rows)
}
