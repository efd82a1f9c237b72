//! Drops reports and comments that are older than their retention. Every instance does it: what one has dropped, the
//! others do not find, and of two that are at it together one commits.

use std::collections::BTreeSet;

use super::Reports;
use super::withdraw::BUCKETS_AT_A_TIME;
use crate::codec;
use crate::domain::actor::Actor;
use crate::domain::audit::Via;
use crate::domain::reporter_table::is_part;
use crate::domain::retention::{Expired, KeptSince};
use crate::metrics::ExpiredLabel;
use crate::number::E164;
use crate::service::ServiceError;
use crate::service::writer::{Author, Done, NumberJob};
use crate::store::{Shard, key};

/// Numbers that lose reports or comments in one step.
const NUMBERS_AT_A_TIME: usize = 100;
/// The expected rows of a number. All of them are read, so each number gets the time of this many items.
const ROWS_EXPECTED: usize = 50;

/// How much was dropped so far, and the first error.
#[derive(Default)]
struct ExpiryRun {
    expired: Expired,
    first_error: Option<ServiceError>,
    is_store_away: bool,
}

impl ExpiryRun {
    fn dropped(&mut self, step: Expired) {
        self.expired.reports = self.expired.reports.saturating_add(step.reports);
        self.expired.texts = self.expired.texts.saturating_add(step.texts);
    }

    fn failed(&mut self, error: ServiceError) {
        tracing::warn!(%error, "some old reports are kept, since they cannot be dropped");
        self.is_store_away |= matches!(error, ServiceError::StoreUnavailable);
        self.first_error.get_or_insert(error);
    }

    /// Whether each further step would wait for a store in vain.
    const fn is_store_away(&self) -> bool {
        self.is_store_away
    }

    fn ended(self) -> (Expired, Result<(), ServiceError>) {
        (self.expired, self.first_error.map_or(Ok(()), Err))
    }
}

impl Reports {
    /// Drops the reports and comments of these shards that are too old, in small steps. A number without other data goes with
    /// its last report. Says how much was dropped, and the first error. A number that cannot be read keeps its reports, and the
    /// others lose theirs; if the store cannot be reached, that is the end.
    pub async fn expire(&self, shards: &[Shard], kept: &KeptSince) -> (Expired, Result<(), ServiceError>) {
        let mut run = ExpiryRun::default();
        let (actor, via) = (Actor::retention(), Via::default());
        if kept.is_everything() {
            return run.ended();
        }
        for shard in shards {
            let numbers: Vec<E164> = match self.numbers_too_old(*shard, kept).await {
                Ok(numbers) => numbers.into_iter().collect(),
                Err(error) => {
                    run.failed(error);
                    Vec::new()
                }
            };
            for some in numbers.chunks(NUMBERS_AT_A_TIME) {
                if run.is_store_away() {
                    break;
                }
                self.expire_some(some, kept, &mut run).await;
                tokio::task::yield_now().await;
            }
            if run.is_store_away() {
                break;
            }
            if let Err(error) = self.writer.expire_erased(*shard, kept, author(&actor, &via)).await {
                run.failed(error);
            }
        }
        run.ended()
    }

    /// The numbers of a shard with a row or a comment that is too old.
    async fn numbers_too_old(&self, shard: Shard, kept: &KeptSince) -> Result<BTreeSet<E164>, ServiceError> {
        let mut numbers = BTreeSet::new();
        let mut after = None;
        loop {
            let found = self.writer.scan_rows(shard, after, BUCKETS_AT_A_TIME).await?;
            for (id, stored) in &found.items {
                if key::bucket_of_id(id).is_some_and(is_part) {
                    continue; // of a reporter table, which is built from the rows
                }
                match codec::rows::decode(&stored.bytes) {
                    Ok(rows) if rows.iter().any(|row| kept.concerns(row)) => numbers.extend(key::number_of_id(id)),
                    Ok(_) => {}
                    // The others are dropped all the same.
                    Err(error) => tracing::warn!(%error, "reports are kept, since they cannot be read"),
                }
            }
            after = found.next;
            tokio::task::yield_now().await;
            if after.is_none() {
                return Ok(numbers);
            }
        }
    }

    async fn expire_some(&self, numbers: &[E164], kept: &KeptSince, run: &mut ExpiryRun) {
        let (actor, via) = (Actor::retention(), Via::default());
        let author = author(&actor, &via);
        let jobs: Vec<_> = numbers
            .iter()
            .map(|number| NumberJob {
                number: *number,
                items: vec![()],
            })
            .collect();
        let deadline = self.writer.deadline(jobs.len().saturating_mul(ROWS_EXPECTED));
        let fold = self.writer.fold();
        let outcomes = self.writer.change_numbers(&jobs, author, deadline, |record, ()| {
            let expired = record.state.expire(&mut record.rows, kept, fold)?;
            Ok(Done {
                write: expired != Expired::default(),
                answer: (expired, record.state.is_left_over()),
            })
        });
        for (job, outcome) in jobs.iter().zip(outcomes.await) {
            for answer in outcome.answers {
                let is_left_over = match answer {
                    Ok((expired, is_left_over)) => {
                        let metrics = self.writer.metrics();
                        metrics.expired(ExpiredLabel::Reports, expired.reports.into());
                        metrics.expired(ExpiredLabel::Comments, expired.texts.into());
                        run.dropped(expired);
                        is_left_over
                    }
                    Err(error) => {
                        run.failed(error);
                        false
                    }
                };
                if is_left_over && let Err(error) = self.drop_left_over(job.number, author).await {
                    run.failed(error);
                }
            }
        }
    }

    /// Deletes the record of a number that has no data any more. If it changes meanwhile, it stays.
    async fn drop_left_over(&self, number: E164, author: Author<'_>) -> Result<(), ServiceError> {
        let whole = self.writer.read_whole(number).await?;
        if whole.version.is_none() || !whole.state.is_left_over() || !self.writer.notes_of(number).is_empty() {
            return Ok(());
        }
        let deadline = self.writer.deadline(1);
        self.writer.delete_number((number, &whole), author, deadline).await?;
        Ok(())
    }
}

/// The author of what is dropped by age. It makes no events.
const fn author<'a>(actor: &'a Actor, via: &'a Via) -> Author<'a> {
    Author {
        actor,
        request: "",
        reason: "",
        via,
        method: None,
    }
}
