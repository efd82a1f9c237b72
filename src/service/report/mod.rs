//! Reports in: checked, given their weight, and filed.

mod admit;
mod list;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use self::admit::Ticket;
use super::write::{Deadline, Done, NumberJob, NumberRecord, Stop};
use super::{Service, ServiceError};
use crate::domain::actor::Actor;
use crate::domain::brand::Brand;
use crate::domain::evidence::FoldModel;
use crate::domain::ids::{Area, Feed, ImportId, ReportId, ReporterHash};
use crate::domain::kinds::{Attestation, Category, Channel, ReportRole, Source, Verstat};
use crate::domain::report::{Ledger, ReportBody, ReportRow};
use crate::domain::rows::Missing;
use crate::domain::state::Submitted;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::domain::weight::{Standing, is_trusted_feed};
use crate::metrics::ReportOutcome as Counted;
use crate::number::{E164, Region};

pub(super) use admit::SharedBudget;
pub(super) use list::stored_reports;

/// The most reports of one batch.
pub const MAX_BATCH_REPORTS: usize = 5_000;
/// How far ahead of the server's clock a call, or other evidence, may be said to have been.
pub(super) const MAX_AHEAD: Duration = Duration::from_secs(300);

/// A report as a client sends it, its names checked.
#[derive(Clone, Debug)]
pub struct NewReport {
    /// The client's name of it.
    pub report_id: ReportId,
    /// The number, as it is.
    pub number: String,
    /// The region that a national number is of.
    pub default_region: Option<Region>,
    /// The kind of call.
    pub category: Category,
    /// The person says the call was wanted.
    pub not_spam: bool,
    /// Where the report comes from.
    pub source: Source,
    /// Which feed it comes by.
    pub feed: Option<Feed>,
    /// The import it comes with.
    pub import: Option<ImportId>,
    /// The client's name of the reporter; kept as a keyed hash only.
    pub reporter: Option<String>,
    /// Where the reporter is, coarsely.
    pub area: Option<Area>,
    /// The reporter's country.
    pub country: Option<[u8; 2]>,
    /// When the call was; when the report was received if unset.
    pub occurred_at: Option<Timestamp>,
    /// When a trusted feed received it; anybody else's is set to now.
    pub received_at: Option<Timestamp>,
    /// The channel.
    pub channel: Option<Channel>,
    /// The brand impersonated.
    pub brand: Option<Brand>,
    /// How the number met the person.
    pub role: Option<ReportRole>,
    /// Recorded or live.
    pub recorded: Option<bool>,
    /// The call's attestation.
    pub attestation: Option<Attestation>,
    /// The call's verification.
    pub verstat: Option<Verstat>,
    /// What the person wrote.
    pub comment: Option<String>,
    /// Numbers the caller said to dial.
    pub callbacks: Vec<String>,
}

/// What became of a report.
#[derive(Clone, Debug)]
pub struct ReportOutcome {
    /// The number it is about.
    pub number: E164,
    /// The client's name of it.
    pub report_id: ReportId,
    /// What became of it. Never `OtherContent`, which is an error.
    pub submitted: Submitted,
}

/// A report as it is kept.
#[derive(Clone, Debug)]
pub struct StoredReport {
    /// The row.
    pub row: ReportRow,
    /// Whether the same reporter said something later.
    pub superseded: bool,
}

/// A page of a number's reports, newest first.
#[derive(Clone, Debug)]
pub struct ReportList {
    /// The number.
    pub number: E164,
    /// The reports.
    pub reports: Vec<StoredReport>,
    /// Leads to the next page; empty at the end.
    pub next_page_token: String,
}

/// A report ready to be filed.
#[derive(Clone, Debug)]
struct Filing {
    number: E164,
    row: ReportRow,
    /// Whether the report says when the call was.
    timed: bool,
    /// Whether it counts to no quota.
    exempt: bool,
    /// Why it is not taken in, unless it is there already.
    refused: Option<ServiceError>,
    /// What it took of the quotas.
    ticket: Ticket,
}

/// What became of a filing.
#[derive(Clone, Debug)]
struct Filed {
    submitted: Submitted,
    /// When the report of this id came that was there already.
    kept_at: Option<Timestamp>,
}

impl Filing {
    /// One that no quota is asked about.
    fn exempt(number: E164, row: ReportRow, timed: bool) -> Self {
        let row = if timed { row } else { row.timed_by_arrival() };
        Self {
            number,
            row,
            timed,
            exempt: true,
            refused: None,
            ticket: Ticket::default(),
        }
    }
}

impl Service {
    /// Files one report.
    ///
    /// # Errors
    /// If the report is wrong, its id stands for another report, or the store cannot be written.
    pub async fn submit(&self, report: NewReport) -> Result<ReportOutcome, ServiceError> {
        let mut outcomes = self.submit_all(vec![Ok(report)]).await;
        outcomes.pop().unwrap_or(Err(ServiceError::Internal))
    }

    /// Files many reports, each on its own; one that could not be read is passed through as its error.
    pub async fn submit_all(
        &self,
        reports: Vec<Result<NewReport, ServiceError>>,
    ) -> Vec<Result<ReportOutcome, ServiceError>> {
        let now = self.clock.now();
        let deadline = self.deadline(reports.len());
        let mut filings: Vec<Result<Filing, ServiceError>> =
            reports.into_iter().map(|report| self.filing(report?, now)).collect();
        let share = self.admit(&mut filings, now, deadline).await;
        let filed = self.file(&filings, deadline).await;
        self.settle(&filings, &filed, (share, now), deadline).await;
        let mut outcomes: Vec<Result<ReportOutcome, ServiceError>> = filings
            .iter()
            .zip(filed)
            .map(|(filing, filed)| told(filing.as_ref(), filed))
            .collect();
        let callbacks = callback_filings(&filings, &outcomes);
        if !callbacks.is_empty() {
            let (places, filings): (Vec<usize>, Vec<_>) = callbacks.into_iter().unzip();
            let filed = self.file(&filings, deadline).await;
            for ((place, filing), filed) in places.into_iter().zip(&filings).zip(filed) {
                // The report is done when its call-back numbers are; a retry with the same id completes it.
                if let (Err(error), Some(whole)) = (told(filing.as_ref(), filed), outcomes.get_mut(place)) {
                    *whole = Err(error);
                }
            }
        }
        for outcome in &outcomes {
            self.metrics.reports(counted_as(outcome), 1);
        }
        outcomes
    }

    /// The reporter that a client's name stands for.
    #[must_use]
    pub fn reporter(&self, name: &str) -> ReporterHash {
        ReporterHash::keyed(&self.keys.reporter, TenantId::DEFAULT.as_str(), name)
    }

    /// Checks a report against the clock. Its weight is that of a stranger until its reporter is asked about.
    fn filing(&self, report: NewReport, now: Timestamp) -> Result<Filing, ServiceError> {
        let number = self.number("number", &report.number, report.default_region)?;
        let callbacks = self.callbacks(&report, number)?;
        let trusted = is_trusted_feed(report.source) && report.reporter.is_none();
        let received_at = report.received_at.filter(|_| trusted).unwrap_or(now);
        let occurred_at = report.occurred_at.unwrap_or(received_at);
        let timed = report.occurred_at.is_some();
        for (field, moment) in [("occurred_at", occurred_at), ("received_at", received_at)] {
            if moment > now.plus(MAX_AHEAD) {
                return Err(ServiceError::field(
                    field,
                    "lies more than 5 minutes ahead of the server's clock",
                ));
            }
            if moment < Timestamp::EARLIEST {
                return Err(ServiceError::field(field, "must not be before the year 2000"));
            }
        }
        let reporter = report.reporter.as_deref().map(|name| self.reporter(name));
        let standing = reporter.map(|_| Standing::default());
        let weight = self.index.model().fold.weights.weight(report.source, standing);
        let body = ReportBody {
            category: report.category,
            not_spam: report.not_spam,
            source: report.source,
            role: report.role,
            channel: report.channel,
            recorded: report.recorded,
            brand: report.brand,
            ledger: Ledger::of(report.attestation, report.verstat),
            reporter,
            area: report.area,
            country: report.country,
            occurred_at,
            feed: report.feed,
            comment: report.comment.map(String::into_boxed_str),
            callbacks,
        };
        let row = ReportRow::accepted(report.report_id, body, weight, received_at, report.import);
        Ok(Filing {
            exempt: trusted,
            ..Filing::exempt(number, row, timed)
        })
    }

    fn callbacks(&self, report: &NewReport, number: E164) -> Result<Vec<E164>, ServiceError> {
        let mut callbacks = BTreeSet::new();
        for (place, text) in report.callbacks.iter().enumerate() {
            let field = format!("callback_numbers[{place}]");
            callbacks.insert(self.number(&field, text, report.default_region)?);
        }
        callbacks.remove(&number);
        Ok(callbacks.into_iter().collect())
    }

    async fn file(
        &self,
        filings: &[Result<Filing, ServiceError>],
        deadline: Deadline,
    ) -> Vec<Result<Filed, ServiceError>> {
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
        let (actor, request) = who_files(&jobs);
        let fold = &self.index.model().fold;
        let of_job: BTreeMap<E164, &NumberJob<_>> = jobs.iter().map(|job| (job.number, job)).collect();
        let answers = self
            .change_numbers(&jobs, (&actor, &request), deadline, |record, (_, filing)| {
                let answer = file_one(record, filing, fold).map_err(|stop| match stop {
                    Stop::Rows(missing) => missing_for_all(record, missing, of_job.get(&record.number).copied()),
                    stop @ (Stop::Buckets(_) | Stop::Refused(_)) => stop,
                })?;
                let write = record.rows.changed().next().is_some();
                Ok(Done { answer, write })
            })
            .await;
        let mut outcomes: Vec<Result<Filed, ServiceError>> = filings
            .iter()
            .map(|filing| match filing {
                Ok(_) => Err(ServiceError::Internal),
                Err(error) => Err(error.clone()),
            })
            .collect();
        for (job, answers) in jobs.iter().zip(answers) {
            for ((place, _), answer) in job.items.iter().zip(answers) {
                if let Some(outcome) = outcomes.get_mut(*place) {
                    *outcome = answer;
                }
            }
        }
        outcomes
    }
}

/// What its sender is told of a filing.
fn told(
    filing: Result<&Filing, &ServiceError>,
    filed: Result<Filed, ServiceError>,
) -> Result<ReportOutcome, ServiceError> {
    let (filing, submitted) = (filing.map_err(Clone::clone)?, filed?.submitted);
    if submitted == Submitted::OtherContent {
        return Err(ServiceError::AlreadyExists { what: "report_id" });
    }
    Ok(ReportOutcome {
        number: filing.number,
        report_id: filing.row.id.clone(),
        submitted,
    })
}

/// Files one report with a number's record, unless it is refused and not there already.
fn file_one(record: &mut NumberRecord, filing: &Filing, fold: &FoldModel) -> Result<Filed, Stop> {
    let kept_at = record.rows.find(&filing.row.id)?.map(|row| row.received_at);
    if let (Some(error), None) = (&filing.refused, kept_at) {
        return Err(Stop::Refused(error.clone()));
    }
    let submitted = record.state.submit(&mut record.rows, filing.row.clone(), fold)?;
    Ok(Filed { submitted, kept_at })
}

/// The buckets that all reports of a job need, so that a number reported a hundred times in one batch is read once.
fn missing_for_all(record: &NumberRecord, missing: Missing, job: Option<&NumberJob<(usize, &Filing)>>) -> Stop {
    let (Missing::Bucket(_), Some(job)) = (missing, job) else {
        return Stop::Rows(missing);
    };
    let coming = u32::try_from(job.items.len()).unwrap_or(u32::MAX);
    let ids = job.items.iter().map(|(_, filing)| &filing.row.id);
    let mut buckets = record.rows.needed(ids, record.state.rows.saturating_add(coming));
    buckets.extend(record.rows.missing(missing));
    Stop::Buckets(buckets)
}

/// The filings of the call-back numbers of reports that count, with the place of the report.
fn callback_filings(
    filings: &[Result<Filing, ServiceError>],
    outcomes: &[Result<ReportOutcome, ServiceError>],
) -> Vec<(usize, Result<Filing, ServiceError>)> {
    let counts = |outcome: &Result<ReportOutcome, ServiceError>| matches!(outcome, Ok(outcome) if matches!(outcome.submitted, Submitted::Accepted | Submitted::AlreadyKnown));
    let mut all = Vec::new();
    for (place, (filing, outcome)) in filings.iter().zip(outcomes).enumerate() {
        let Ok(filing) = filing else { continue };
        if !counts(outcome) {
            continue;
        }
        for callback in &filing.row.body.callbacks {
            let body = ReportBody {
                role: Some(ReportRole::ToldToCall),
                callbacks: Vec::new(),
                ..filing.row.body.clone()
            };
            let Filing { row, timed, .. } = filing;
            let id = row.id.of_callback(&filing.number.digits().to_string());
            let row = ReportRow::accepted(id, body, row.weight, row.received_at, row.import.clone());
            all.push((place, Ok(Filing::exempt(*callback, row, *timed))));
        }
    }
    all
}

/// Who a change-log entry names for reports: the feed, or whoever reports. A batch is named by its first report.
fn who_files(jobs: &[NumberJob<(usize, &Filing)>]) -> (Actor, String) {
    let Some((_, first)) = jobs.first().and_then(|job| job.items.first()) else {
        return (reporters(), String::new());
    };
    let feed = first
        .row
        .body
        .feed
        .as_ref()
        .and_then(|feed| Actor::parse(feed.as_str()).ok());
    (feed.unwrap_or_else(reporters), first.row.id.as_str().to_owned())
}

pub(super) fn reporters() -> Actor {
    Actor::reporters()
}

fn counted_as(outcome: &Result<ReportOutcome, ServiceError>) -> Counted {
    match outcome.as_ref().map(|outcome| outcome.submitted) {
        Ok(Submitted::Accepted) => Counted::Accepted,
        Ok(Submitted::AlreadyKnown) => Counted::AlreadyKnown,
        Ok(Submitted::Withdrawn) => Counted::Withdrawn,
        Ok(Submitted::BeforeReset) => Counted::BeforeReset,
        Ok(Submitted::OtherContent) => Counted::Conflict,
        Err(error) => match error {
            ServiceError::AlreadyExists { .. } | ServiceError::Stale { .. } | ServiceError::Exhausted { .. } => {
                Counted::Conflict
            }
            ServiceError::OverQuota { .. } => Counted::OverQuota,
            ServiceError::Unavailable | ServiceError::Loading => Counted::Unavailable,
            ServiceError::OutcomeUnknown => Counted::OutcomeUnknown,
            ServiceError::Invalid(_)
            | ServiceError::NotFound { .. }
            | ServiceError::Precondition(_)
            | ServiceError::OtherFold
            | ServiceError::Internal => Counted::Rejected,
        },
    }
}
