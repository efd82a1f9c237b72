//! Lists of numbers, by prefix, score, status and case.

use super::Numbers;
use crate::domain::ids::CaseId;
use crate::domain::kinds::{Category, RiskLevel, StatusKind};
use crate::domain::score::Detail;
use crate::number::E164;
use crate::service::content::{Method, RequestContent};
use crate::service::facts::RecordFacts;
use crate::service::page::foreign_token;
use crate::service::{PageRequest, ServiceError};
use crate::store::{Shard, key};

/// Numbers checked for one page of a list. With a rare filter a page may be short and still have a next page.
const MAX_SCANNED: usize = 20_000;
/// Numbers taken from the index at a time.
const NUMBERS_AT_A_TIME: usize = 1_000;

/// A filter for numbers.
#[derive(Clone, Debug, Default)]
pub struct NumberFilter {
    /// Numbers whose E.164 digits start with these digits.
    pub prefix: String,
    /// Numbers with at least this score.
    pub min_score: Option<f64>,
    /// Numbers with this status.
    pub status: Option<StatusKind>,
    /// Numbers linked to this case.
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
    /// Its category, if one is clearly the most frequent.
    pub category: Option<Category>,
    /// Counts and times.
    pub facts: RecordFacts,
    /// The statuses in force.
    pub statuses: Vec<StatusKind>,
    /// Its cases.
    pub cases: Vec<CaseId>,
}

/// A page of numbers, in the order of shards and numbers.
#[derive(Clone, Debug)]
pub struct NumberList {
    /// The numbers.
    pub numbers: Vec<NumberRow>,
    /// The token of the next page; empty at the end.
    pub next_page_token: String,
}

impl Numbers {
    /// A page of the numbers that match a filter.
    ///
    /// # Errors
    /// If the filter or the page is not valid.
    pub fn list(&self, filter: &NumberFilter, page: &PageRequest) -> Result<NumberList, ServiceError> {
        let limit = page.limit()?;
        let scope = filter.scope();
        let mut after = page
            .cursor(&self.page_key, &scope)?
            .map(|cursor| place_of(&cursor))
            .transpose()?;
        let mut numbers = Vec::new();
        let mut scanned = 0;
        let first = after.map_or(0, |(shard, _)| shard.index());
        for shard in Shard::all().skip(first) {
            let mut last = after.take().filter(|(of, _)| *of == shard).map(|(_, number)| number);
            loop {
                let part = self.writer.index().numbers_of(shard, last, NUMBERS_AT_A_TIME);
                let Some(end) = part.last().copied() else { break };
                for number in part {
                    scanned += 1;
                    numbers.extend(self.row(number, filter));
                    if numbers.len() >= limit || scanned >= MAX_SCANNED {
                        let next_page_token = self.page_key.seal(&scope, &cursor_of(shard, number));
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

    fn row(&self, number: E164, filter: &NumberFilter) -> Option<NumberRow> {
        if !number.digits().to_string().starts_with(&filter.prefix) {
            return None;
        }
        let now = self.writer.now();
        self.writer.index().look_up(number, now, |known| {
            let row = NumberRow {
                number,
                score: known.weighed.verdict.value,
                level: known.weighed.verdict.level,
                category: known.score(Detail::Codes).category.map(|(category, _)| category),
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

impl NumberFilter {
    /// The content that a page token of this list is bound to.
    fn scope(&self) -> RequestContent {
        let mut scope = RequestContent::of(Method::ListNumbers);
        scope
            .text(&self.prefix)
            .optional_float(self.min_score)
            .optional_code(self.status.map(StatusKind::code))
            .optional_text(self.case.as_ref().map(CaseId::as_str));
        scope
    }
}

fn cursor_of(shard: Shard, number: E164) -> Vec<u8> {
    let mut cursor = vec![shard.byte()];
    cursor.extend_from_slice(&number.digits().to_be_bytes());
    cursor
}

fn place_of(cursor: &[u8]) -> Result<(Shard, E164), ServiceError> {
    let (shard, number) = cursor.split_first().ok_or_else(foreign_token)?;
    Ok((Shard::new(*shard), key::number_of_id(number).ok_or_else(foreign_token)?))
}
