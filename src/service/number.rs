//! What analysts see and say of a number.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::lookup::{Identity, RecordFacts};
use super::report::{StoredReport, stored_reports};
use super::write::{Done, Mutation, NumberRecord, Stop};
use super::{PageRequest, Service, ServiceError, page};
use crate::domain::case::{Case, Link};
use crate::domain::ids::CaseId;
use crate::domain::kinds::{Category, RiskLevel, Source, StatusKind};
use crate::domain::score::Score;
use crate::domain::status::{MAX_REASON_CHARS, StatusEntry, Statuses};
use crate::domain::time::Timestamp;
use crate::number::{self, E164, Region};
use crate::store::{Shard, Version, key};

/// Reports that a dossier shows.
const LATEST_REPORTS: usize = 20;
/// Numbers looked at for one page of a list: with a rare filter a page may be short, and its token leads on.
const MAX_SCANNED: usize = 20_000;
/// Numbers taken from the index at a time.
const NUMBERS_AT_A_TIME: usize = 1_000;
/// The longest that an ALLOWED may hold: a number changes hands.
const MAX_ALLOWED: Duration = Duration::from_secs(366 * 86_400);

/// Everything known of one number.
#[derive(Clone, Debug)]
pub struct Dossier {
    /// What the number is.
    pub identity: Identity,
    /// The score now.
    pub score: Score,
    /// What analysts said and still holds.
    pub statuses: Vec<StatusEntry>,
    /// The cases it hangs on.
    pub links: Vec<DossierLink>,
    /// Live reports by category.
    pub categories: BTreeMap<Category, u32>,
    /// Live reports by source.
    pub sources: BTreeMap<Source, u32>,
    /// Counts and times.
    pub facts: RecordFacts,
    /// Reports that said the call was wanted.
    pub not_spam_count: u32,
    /// The newest reports.
    pub latest: Vec<StoredReport>,
    /// The record's version; 0 if there is none.
    pub version: Version,
}

/// A number's link with its case.
#[derive(Clone, Debug)]
pub struct DossierLink {
    /// The link.
    pub link: Link,
    /// The case, or the one it was merged into.
    pub case: Arc<Case>,
}

/// A status to be set.
#[derive(Clone, Debug)]
pub struct StatusInput {
    /// Which.
    pub kind: StatusKind,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

/// Which numbers a list shows.
#[derive(Clone, Debug, Default)]
pub struct NumberFilter {
    /// Those whose E.164 digits start so.
    pub prefix: String,
    /// Those whose score is at least this.
    pub min_score: Option<f64>,
    /// Those that have this status.
    pub status: Option<StatusKind>,
    /// Those linked to this case.
    pub case: Option<CaseId>,
}

/// A line of a list.
#[derive(Clone, Debug)]
pub struct NumberRow {
    /// The number.
    pub number: E164,
    /// Its score now.
    pub score: Option<f64>,
    /// Its level.
    pub level: RiskLevel,
    /// Its category, where one stands out.
    pub category: Option<Category>,
    /// Counts and times.
    pub facts: RecordFacts,
    /// Statuses that hold.
    pub statuses: Vec<StatusKind>,
    /// Its cases.
    pub cases: Vec<CaseId>,
}

/// A page of numbers, in the order of shards and numbers.
#[derive(Clone, Debug)]
pub struct NumberList {
    /// The numbers.
    pub numbers: Vec<NumberRow>,
    /// Leads to the next page; empty at the end.
    pub next_page_token: String,
}

impl Service {
    /// The dossier of a number.
    ///
    /// # Errors
    /// If the number cannot be read, or its reports cannot be read from the store.
    pub async fn dossier(&self, text: &str, region: Option<Region>) -> Result<Dossier, ServiceError> {
        let number = self.number("number", text, region)?;
        let record = self.read_whole(number).await?;
        let reports = stored_reports(&record)?;
        let now = self.clock.now();
        Ok(self.index.look_up(number, now, |known| {
            let links = known.cases.iter().map(|(link, case)| DossierLink {
                link: (*link).clone(),
                case: Arc::clone(case),
            });
            Dossier {
                identity: Identity::of(&number::describe(number), true),
                score: known.score(),
                statuses: known.state.statuses.at(now).cloned().collect(),
                links: links.collect(),
                categories: tally(&reports, |report| report.row.body.category),
                sources: tally(&reports, |report| report.row.body.source),
                facts: RecordFacts::of(known),
                not_spam_count: known.state.evidence.not_spam_reports,
                latest: reports.iter().take(LATEST_REPORTS).cloned().collect(),
                version: record.version.unwrap_or(0),
            }
        }))
    }

    /// Sets a status; REASSIGNED drops what was reported before, for good.
    ///
    /// # Errors
    /// If the request is wrong, stale, or the store cannot be written.
    pub async fn set_status(
        &self,
        text: &str,
        region: Option<Region>,
        input: &StatusInput,
        mutation: &Mutation,
    ) -> Result<(E164, Statuses, Version), ServiceError> {
        let number = self.number("number", text, region)?;
        let now = self.clock.now();
        check_status(input, now)?;
        let content = format!("set {:?} {} {:?}", input.kind, input.reason, input.expires_at);
        let statuses = self
            .mutate_number(number, mutation, &content, |record| {
                if input.kind == StatusKind::Reassigned {
                    record.state.reset(&mut record.rows, now, &self.index.model().fold)?;
                }
                record.state.statuses.set(StatusEntry {
                    kind: input.kind,
                    reason: input.reason.as_str().into(),
                    author: mutation.actor.clone(),
                    set_at: now,
                    expires_at: input.expires_at,
                });
                Ok(())
            })
            .await?
            .1;
        Ok((number, statuses, self.version_of(number)))
    }

    /// Clears one status or all.
    ///
    /// # Errors
    /// If the request is wrong, stale, or the store cannot be written.
    pub async fn clear_status(
        &self,
        text: &str,
        region: Option<Region>,
        kind: Option<StatusKind>,
        reason: &str,
        mutation: &Mutation,
    ) -> Result<(E164, Statuses, Version), ServiceError> {
        let number = self.number("number", text, region)?;
        check_reason(reason)?;
        let statuses = self
            .mutate_number(number, mutation, &format!("clear {kind:?} {reason}"), |record| {
                record.state.statuses.clear(kind);
                Ok(())
            })
            .await?
            .1;
        Ok((number, statuses, self.version_of(number)))
    }

    /// Drops the reports of calls before a moment, for good; says how many.
    ///
    /// # Errors
    /// If the request is wrong, stale, or the store cannot be written.
    pub async fn reset(
        &self,
        text: &str,
        region: Option<Region>,
        before: Option<Timestamp>,
        reason: &str,
        mutation: &Mutation,
    ) -> Result<(E164, u32, Version), ServiceError> {
        let number = self.number("number", text, region)?;
        check_reason(reason)?;
        let now = self.clock.now();
        let moment = before.unwrap_or(now);
        if moment > now {
            return Err(ServiceError::field("before", "must not lie ahead"));
        }
        let dropped = self
            .mutate_number(number, mutation, &format!("reset {before:?} {reason}"), |record| {
                Ok(record.state.reset(&mut record.rows, moment, &self.index.model().fold)?)
            })
            .await?
            .0
            .unwrap_or(0);
        Ok((number, dropped, self.version_of(number)))
    }

    /// A page of the numbers that a filter lets through.
    ///
    /// # Errors
    /// If the filter or the page is wrong.
    pub fn list_numbers(&self, filter: &NumberFilter, page: &PageRequest) -> Result<NumberList, ServiceError> {
        let limit = page.limit()?;
        if !filter.prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ServiceError::field("prefix", "must hold digits only, without +"));
        }
        let list = format!("numbers {filter:?}");
        let mut after = page
            .cursor(&self.keys, &list)?
            .map(|cursor| place_of(&cursor))
            .transpose()?;
        let mut numbers = Vec::new();
        let mut scanned = 0;
        let first = after.map_or(0, |(shard, _)| shard.index());
        for shard in Shard::all().skip(first) {
            let mut last = after.take().filter(|(of, _)| *of == shard).map(|(_, number)| number);
            loop {
                let part = self.index.numbers_of(shard, last, NUMBERS_AT_A_TIME);
                let Some(end) = part.last().copied() else { break };
                for number in part {
                    scanned += 1;
                    numbers.extend(self.number_row(number, filter));
                    if numbers.len() >= limit || scanned >= MAX_SCANNED {
                        let next_page_token = page::seal(&self.keys, &list, &cursor_of(shard, number));
                        return Ok(NumberList {
                            numbers,
                            next_page_token,
                        });
                    }
                }
                last = Some(end);
            }
        }
        Ok(NumberList {
            numbers,
            next_page_token: String::new(),
        })
    }

    pub(super) fn version_of(&self, number: E164) -> Version {
        self.index.look_up(number, self.clock.now(), |known| known.version)
    }

    /// Changes a record once for a request, however often it is sent; gives what the change gave, unless it was done
    /// before, and the statuses as they are now.
    pub(super) async fn mutate_number<T>(
        &self,
        number: E164,
        mutation: &Mutation,
        content: &str,
        change: impl Fn(&mut NumberRecord) -> Result<T, Stop>,
    ) -> Result<(Option<T>, Statuses), ServiceError> {
        let print = mutation.fingerprint(content);
        let who = (&mutation.actor, mutation.request.as_str());
        self.change_number(number, who, self.deadline(1), |record| {
            let seen = record.state.requests.seen(print);
            if !mutation.check(seen, record.version.unwrap_or(0))? {
                return Ok(Done {
                    answer: (None, record.state.statuses.clone()),
                    write: false,
                });
            }
            let answer = change(record)?;
            record.state.requests.remember(print);
            record.state.evidence_version = self.index.model().fold.evidence_version();
            Ok(Done {
                answer: (Some(answer), record.state.statuses.clone()),
                write: true,
            })
        })
        .await
    }

    fn number_row(&self, number: E164, filter: &NumberFilter) -> Option<NumberRow> {
        if !number.digits().to_string().starts_with(&filter.prefix) {
            return None;
        }
        let now = self.clock.now();
        self.index.look_up(number, now, |known| {
            let row = NumberRow {
                number,
                score: known.weighed.verdict.value,
                level: known.weighed.verdict.level,
                category: known.score().category.map(|(category, _)| category),
                facts: RecordFacts::of(known),
                statuses: known.state.statuses.at(now).map(|entry| entry.kind).collect(),
                cases: known.state.links.iter().map(|link| link.case.clone()).collect(),
            };
            let wanted = filter
                .min_score
                .is_none_or(|least| row.score.is_some_and(|score| score >= least))
                && filter.status.is_none_or(|status| row.statuses.contains(&status))
                && filter.case.as_ref().is_none_or(|case| row.cases.contains(case));
            wanted.then_some(row)
        })
    }
}

fn tally<K: Ord>(reports: &[StoredReport], key: impl Fn(&StoredReport) -> K) -> BTreeMap<K, u32> {
    let mut counts = BTreeMap::new();
    for report in reports
        .iter()
        .filter(|report| report.row.is_live() && !report.row.body.not_spam)
    {
        *counts.entry(key(report)).or_default() += 1;
    }
    counts
}

fn check_status(input: &StatusInput, now: Timestamp) -> Result<(), ServiceError> {
    check_reason(&input.reason)?;
    if input.reason.trim().is_empty() {
        return Err(ServiceError::field("reason", "must say why"));
    }
    match input.expires_at {
        Some(end) if end <= now => Err(ServiceError::field("expires_at", "must lie ahead")),
        Some(end) if input.kind == StatusKind::Allowed && end > now.plus(MAX_ALLOWED) => Err(ServiceError::field(
            "expires_at",
            "must lie at most 366 days ahead for ALLOWED",
        )),
        None if input.kind == StatusKind::Allowed => Err(ServiceError::field(
            "expires_at",
            "must be set for ALLOWED: numbers change hands",
        )),
        Some(_) | None => Ok(()),
    }
}

fn check_reason(reason: &str) -> Result<(), ServiceError> {
    if reason.chars().count() > MAX_REASON_CHARS {
        return Err(ServiceError::field(
            "reason",
            format!("must have at most {MAX_REASON_CHARS} characters"),
        ));
    }
    Ok(())
}

fn cursor_of(shard: Shard, number: E164) -> Vec<u8> {
    let mut cursor = vec![shard.byte()];
    cursor.extend_from_slice(&number.digits().to_be_bytes());
    cursor
}

fn place_of(cursor: &[u8]) -> Result<(Shard, E164), ServiceError> {
    let bad = || ServiceError::field("page_token", "is not a token that this list gave");
    let (shard, number) = cursor.split_first().ok_or_else(bad)?;
    Ok((Shard::new(*shard), key::number_of_id(number).ok_or_else(bad)?))
}
