//! One number's job in progress: its record, the loaded rows, and the answers so far.

use super::audit::NumberTold;
use super::number_job::{NumberJob, NumberRecord};
use super::{Done, Stop, Writer};
use crate::codec::{self, UnreadableValue};
use crate::domain::evidence::FoldModel;
use crate::domain::report::ReportRow;
use crate::domain::reporter_table::is_subtotal;
use crate::domain::rows::LoadedRows;
use crate::domain::state::NumberState;
use crate::domain::tenant::TenantId;
use crate::number::E164;
use crate::service::ServiceError;
use crate::store::{BucketKey, BucketWrite, RecordKey, Stored, StoredKey, Version};

/// The most times that a job may ask for more rows. A change asks for its bucket, one to split, its parts of the reporter
/// table, and then all.
const MAX_ROUNDS: usize = 8;

/// One number's job in progress.
pub(super) struct Work<'a, I, T> {
    pub(super) job: &'a NumberJob<I>,
    pub(super) record: NumberRecord,
    pub(super) answers: Vec<Result<T, ServiceError>>,
    /// Whether the record has changed.
    pub(super) write: bool,
    /// The record before the change, for its audit event; none if there will be no event.
    pub(super) before: Option<Box<NumberState>>,
}

impl Writer {
    /// The records as the index has them, with no rows loaded.
    pub(super) fn known_numbers<'a, I, T>(&self, jobs: &[&'a NumberJob<I>]) -> Vec<Work<'a, I, T>> {
        let known = |job: &&'a NumberJob<I>| {
            let (version, state) = self.index.record(job.number).unzip();
            Work::new(job, version, state.unwrap_or_default())
        };
        jobs.iter().map(known).collect()
    }

    /// Reads the records and the first bucket of each; most numbers have no other bucket. A job whose record or bucket
    /// cannot be read is refused.
    pub(super) async fn read_numbers<'a, I, T>(
        &self,
        jobs: &[&'a NumberJob<I>],
    ) -> Result<Vec<Work<'a, I, T>>, ServiceError> {
        let keys: Vec<StoredKey> = jobs
            .iter()
            .flat_map(|job| {
                let bucket = StoredKey::Bucket(bucket_key(self.tenant, job.number, 0));
                [StoredKey::Record(record_key(self.tenant, job.number)), bucket]
            })
            .collect();
        let found = self.store.read(&keys).await?;
        let mut works = Vec::with_capacity(jobs.len());
        for (job, pair) in jobs.iter().zip(found.chunks(2)) {
            let [record, bucket] = pair else {
                return Err(ServiceError::Internal);
            };
            let work = Work::decode(job, record.as_ref(), bucket.as_ref());
            works.push(work.unwrap_or_else(|error| Work::refused(job, &error)));
            tokio::task::consume_budget().await;
        }
        Ok(works)
    }

    /// Runs every job until rows are missing, reads the missing rows of all jobs together, and continues. A job with
    /// rows that cannot be read is refused; the others go on.
    pub(super) async fn apply<I, T>(
        &self,
        works: &mut [Work<'_, I, T>],
        change: &impl Fn(&mut NumberRecord, &I) -> Result<Done<T>, Stop>,
    ) -> Result<(), ServiceError> {
        let mut open: Vec<usize> = (0..works.len()).collect();
        for _ in 0..MAX_ROUNDS {
            let mut wanted: Vec<(usize, BucketKey)> = Vec::new();
            for place in std::mem::take(&mut open) {
                let Some(work) = works.get_mut(place) else { continue };
                if let Some(buckets) = work.advance(self.fold(), change).await {
                    let number = work.record.number;
                    wanted.extend(
                        buckets
                            .into_iter()
                            .map(|bucket| (place, bucket_key(self.tenant, number, bucket))),
                    );
                    open.push(place);
                }
            }
            if open.is_empty() {
                return Ok(());
            }
            let keys: Vec<StoredKey> = wanted.iter().map(|(_, key)| StoredKey::Bucket(*key)).collect();
            for ((place, key), stored) in wanted.iter().zip(self.store.read(&keys).await?) {
                let Some(work) = works.get_mut(*place) else { continue };
                if let Err(unreadable) = load(&mut work.record.rows, key.bucket, stored.as_ref()) {
                    *work = Work::refused(work.job, &unreadable.into());
                }
            }
        }
        tracing::error!(rounds = MAX_ROUNDS, "a change asks for rows again and again");
        Err(ServiceError::Internal)
    }
}

impl<'a, I, T> Work<'a, I, T> {
    fn new(job: &'a NumberJob<I>, version: Option<Version>, state: NumberState) -> Self {
        let rows = LoadedRows::unloaded(state.buckets);
        let record = NumberRecord {
            number: job.number,
            state,
            version,
            rows,
            told: NumberTold::default(),
        };
        Self {
            job,
            record,
            answers: Vec::with_capacity(job.items.len()),
            write: false,
            before: None,
        }
    }

    /// The job with the record and the first bucket as the store has them.
    fn decode(
        job: &'a NumberJob<I>,
        record: Option<&Stored>,
        first_bucket: Option<&Stored>,
    ) -> Result<Self, ServiceError> {
        let (version, state) = match record {
            Some(stored) => (Some(stored.version), codec::number::decode(&stored.bytes)?),
            None => (None, NumberState::default()),
        };
        let mut work = Self::new(job, version, state);
        if work.record.state.buckets > 0 {
            let rows = first_bucket
                .map(|bucket| codec::rows::decode(&bucket.bytes))
                .transpose()?;
            work.record.rows.load(0, rows.unwrap_or_default());
        }
        Ok(work)
    }

    /// The job with this error for each item. It writes nothing.
    fn refused(job: &'a NumberJob<I>, error: &ServiceError) -> Self {
        let answers = job.items.iter().map(|_| Err(error.clone())).collect();
        Self {
            answers,
            ..Self::new(job, None, NumberState::default())
        }
    }

    /// Runs the remaining items until rows are missing; returns the missing buckets, if any. Other requests have their turn
    /// after some items: to fold thousands of reports takes long.
    async fn advance(
        &mut self,
        fold: &FoldModel,
        change: &impl Fn(&mut NumberRecord, &I) -> Result<Done<T>, Stop>,
    ) -> Option<Vec<u32>> {
        if self.record.state.rows > 0 && self.record.state.evidence_version != fold.evidence_version() {
            // Evidence of two evidence versions is never mixed.
            if let Err(missing) = self.record.state.refold(&mut self.record.rows, fold) {
                return Some(self.record.rows.missing(missing).collect());
            }
            self.write = true;
        }
        while let Some(item) = self.job.items.get(self.answers.len()) {
            match change(&mut self.record, item) {
                Ok(done) => {
                    self.write |= done.write;
                    self.answers.push(Ok(done.answer));
                }
                Err(Stop::Refused(error)) => self.answers.push(Err(error)),
                Err(Stop::Rows(missing)) => return Some(self.record.rows.missing(missing).collect()),
                Err(Stop::Buckets(buckets)) => return Some(buckets.into_iter().collect()),
            }
            tokio::task::consume_budget().await;
        }
        // Once for the job, and not once for each of its items.
        let folded = self.record.state.fold_added(&mut self.record.rows, fold);
        folded.err().map(|missing| self.record.rows.missing(missing).collect())
    }
}

/// Loads a bucket of rows, or a part of the reporter table, as the store has it.
fn load(rows: &mut LoadedRows, bucket: u32, stored: Option<&Stored>) -> Result<(), UnreadableValue> {
    if is_subtotal(bucket) {
        let subtotal = stored
            .map(|stored| codec::subtotal::decode(&stored.bytes))
            .transpose()?;
        rows.load_subtotal(bucket, subtotal.unwrap_or_default());
    } else {
        let found = stored.map(|stored| codec::rows::decode(&stored.bytes)).transpose()?;
        rows.load(bucket, found.unwrap_or_default());
    }
    Ok(())
}

/// The buckets of a record that have changed, and the changed parts of its reporter table.
pub(super) fn bucket_writes(tenant: TenantId, record: &NumberRecord) -> impl Iterator<Item = BucketWrite> {
    let table = record.rows.table();
    let of_rows = |(bucket, rows): (u32, &[ReportRow])| (bucket, (!rows.is_empty()).then(|| codec::rows::encode(rows)));
    let buckets = record.rows.changed().chain(table.changed_buckets()).map(of_rows);
    let subtotals = table.changed_subtotals();
    let subtotals = subtotals.map(|(part, subtotal)| (part, subtotal.map(codec::subtotal::encode)));
    buckets.chain(subtotals).map(move |(bucket, bytes)| BucketWrite {
        key: bucket_key(tenant, record.number, bucket),
        bytes,
    })
}

/// The key of a number's record.
pub(super) fn record_key(tenant: TenantId, number: E164) -> RecordKey {
    RecordKey::of::<NumberState>(tenant, &number)
}

/// The key of one of its buckets.
pub(super) fn bucket_key(tenant: TenantId, number: E164, bucket: u32) -> BucketKey {
    BucketKey { tenant, number, bucket }
}
