//! Filing: rows are written to the records of their numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Reports;
use super::filing::{Filing, FilingOutcome};
use crate::domain::actor::Actor;
use crate::domain::audit::Via;
use crate::domain::erased::ErasedNumber;
use crate::domain::evidence::FoldModel;
use crate::domain::report::{ReportRow, RowState};
use crate::domain::rows::Missing;
use crate::domain::state::Submitted;
use crate::number::E164;
use crate::service::ServiceError;
use crate::service::writer::{Author, Done, NumberJob, NumberRecord, Stop, WriteDeadline};

impl Reports {
    /// Files reports, those of one number together; the outcomes are in the order of the filings.
    pub(super) async fn file(
        &self,
        filings: &[Result<Filing, ServiceError>],
        deadline: WriteDeadline,
    ) -> Vec<Result<FilingOutcome, ServiceError>> {
        let mut by_number: BTreeMap<E164, Vec<(usize, &Filing)>> = BTreeMap::new();
        for (place, filing) in filings.iter().enumerate() {
            if let Ok(filing) = filing {
                by_number.entry(filing.number).or_default().push((place, filing));
            }
        }
        let jobs: Vec<_> = by_number
            .into_iter()
            .map(|(number, items)| NumberJob { number, items })
            .collect();
        let (actor, request, reason) = author_of(&jobs);
        let author = Author {
            actor: &actor,
            request: &request,
            reason: &reason,
            via: &Via::default(),
            method: None, // the rows themselves say when and from whom they came; one that counts again makes an event of its own
        };
        let fold = self.writer.fold();
        let erased = jobs
            .iter()
            .filter_map(|job| Some((job.number, self.writer.erased(job.number)?)));
        let erased: BTreeMap<E164, Arc<ErasedNumber>> = erased.collect();
        let of_job: BTreeMap<E164, &NumberJob<_>> = jobs.iter().map(|job| (job.number, job)).collect();
        let outcomes = self
            .writer
            .change_numbers(&jobs, author, deadline, |record, (_, filing)| {
                let erased = erased
                    .get(&record.number)
                    .map(|erased| (self.writer.erased_key(), &**erased));
                let answer = file_one(record, filing, erased, fold).map_err(|stop| match stop {
                    Stop::Rows(missing) => missing_for_all(record, missing, of_job.get(&record.number).copied(), fold),
                    stop @ (Stop::Buckets(_) | Stop::Refused(_)) => stop,
                })?;
                let write = record.rows.changed().next().is_some();
                Ok(Done { answer, write })
            })
            .await;
        let mut filed: Vec<Result<FilingOutcome, ServiceError>> = filings
            .iter()
            .map(|filing| match filing {
                Ok(_) => Err(ServiceError::Internal),
                Err(error) => Err(error.clone()),
            })
            .collect();
        for (job, outcome) in jobs.iter().zip(outcomes) {
            for ((place, _), answer) in job.items.iter().zip(outcome.answers) {
                if let Some(filed) = filed.get_mut(*place) {
                    *filed = answer;
                }
            }
        }
        filed
    }
}

/// Adds one report to a number's record; the job folds it. A report that is marked as refused is only looked for.
/// `erased` is what is remembered of the number from before its erasure, with its key.
fn file_one(
    record: &mut NumberRecord,
    filing: &Filing,
    erased: Option<(&[u8; 32], &ErasedNumber)>,
    fold: &FoldModel,
) -> Result<FilingOutcome, Stop> {
    let renamed = match &filing.renamed {
        Some(renamed) => record.rows.find(&renamed.id)?.map(|_| &**renamed),
        None => None,
    };
    let filed = renamed.unwrap_or(&filing.row);
    let known = record.rows.find(&filed.id)?;
    let decides = filing.sender.decides;
    if let (None, Some((key, erased))) = (known, erased)
        && let Some(submitted) = filing.all_ids().find_map(|row| erased.withholds(key, row, decides))
    {
        return Ok(FilingOutcome::withheld(submitted));
    }
    let was_withdrawn = known.is_some_and(|known| known.state == RowState::Withdrawn);
    // A report that counts again after its withdrawal takes quota as a new one.
    let kept = known.filter(|known| !known.may_return_as(filed, decides));
    let kept_at = kept.map(|row| row.received_at);
    let told = known.filter(|known| known.is_told_to(filed, decides));
    let kept_revision = told.map(|row| row.revision);
    let known_time = kept.map(|row| row.body.occurred_at);
    let (kept_sender, kept_weight) = kept.map_or((filed.sender, 1.0), |row| (row.sender, row.weight));
    if let (Some(error), None) = (&filing.refused, kept_at) {
        return Err(Stop::Refused(error.clone()));
    }
    let kept_callbacks = kept.map(|row| row.body.callbacks.clone()).unwrap_or_default();
    let mut row = filed.clone();
    let is_as_stored = |known: &ReportRow| known.is_live() && known.revision >= row.revision;
    if known.is_some_and(|known| is_as_stored(known) && known.content == filing.content_without_key) {
        row.content = filing.content_without_key; // a retry of a report that an earlier release stored
    }
    if let (Some(known_time), false) = (known_time, filing.timed) {
        // A correction that names no time is about the call that was reported before.
        row.body.occurred_at = known_time;
    }
    if filing.refused.is_some() {
        // The trust in its reporter is not known then, so a correction must not weigh more than before.
        row.weight = row.weight.min(kept_weight);
    }
    let submitted = record.state.add(&mut record.rows, row, decides, fold)?;
    if was_withdrawn && submitted == Submitted::Accepted {
        let by = filing.sender.by.clone();
        record.told.counts_again(&filed.id, by);
    }
    Ok(FilingOutcome {
        stored_sender: kept_sender,
        submitted,
        kept_at,
        kept_revision,
        kept_callbacks,
    })
}

/// The buckets that all reports of a job need, so that a number reported a hundred times in one batch is read once.
fn missing_for_all(
    record: &NumberRecord,
    missing: Missing,
    job: Option<&NumberJob<(usize, &Filing)>>,
    fold: &FoldModel,
) -> Stop {
    let Some(job) = job else {
        return Stop::Rows(missing);
    };
    let new = job.items.iter().flat_map(|(_, filing)| filing.all_ids());
    let table = record.state.reporter_table(fold);
    let mut buckets: BTreeSet<u32> = record.rows.missing(missing).collect();
    match (missing, table) {
        (Missing::Bucket(_), _) => {
            let coming = u32::try_from(job.items.len()).unwrap_or(u32::MAX);
            buckets.extend(record.rows.needed(new, record.state.rows.saturating_add(coming), table));
        }
        (Missing::Group { buckets: count, .. }, Some(table)) => {
            for group in table.groups(new) {
                buckets.extend(record.rows.missing(Missing::Group { group, buckets: count }));
            }
        }
        (Missing::Group { .. } | Missing::All, _) => {}
    }
    Stop::Buckets(buckets)
}

/// The actor, the request and the reason in the change-log entry of reports. The actor is the feed, or the reporters as a
/// group. A batch is logged under its first report. The reason says if that is a correction.
fn author_of(jobs: &[NumberJob<(usize, &Filing)>]) -> (Actor, String, String) {
    let Some((_, first)) = jobs.first().and_then(|job| job.items.first()) else {
        return (Actor::reporters(), String::new(), String::new());
    };
    let reason = match first.row.revision {
        0 => String::new(),
        revision => format!("revision {revision}"),
    };
    let feed = first
        .row
        .body
        .feed
        .as_ref()
        .and_then(|feed| Actor::parse(feed.as_str()).ok());
    let actor = feed.unwrap_or_else(Actor::reporters);
    (actor, first.row.id.as_str().to_owned(), reason)
}
