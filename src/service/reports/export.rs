//! Exports: all stored reports that a query selects, number by number, in parts of bounded size.
//!
//! The index names the numbers, in the order of the shards and of the numbers. The reports of one number are those of one
//! moment.

use futures_util::stream::{self, StreamExt as _};

use super::{Reports, StoredReport, stored_reports};
use crate::domain::ids::ImportId;
use crate::domain::kinds::Source;
use crate::domain::report::RowState;
use crate::domain::time::Timestamp;
use crate::number::{E164, Region};
use crate::service::ServiceError;
use crate::service::identity::read_number;
use crate::shard::Shard;

/// The most numbers of one part.
const NUMBERS_AT_A_TIME: usize = 256;
/// A part ends with the number that reaches this count of reports.
const REPORTS_AT_A_TIME: usize = 1_000;
/// Numbers that are read at the same time: each needs a few answers of the store, one after the other.
const READ_AT_A_TIME: usize = 16;

/// The reports to export.
#[derive(Clone, Debug, Default)]
pub struct ExportQuery {
    /// The number as the client wrote it, with the region of a number in national form; all numbers if none.
    pub number: Option<(String, Option<Region>)>,
    /// Calls from this time on.
    pub from: Option<Timestamp>,
    /// Calls before this time.
    pub before: Option<Timestamp>,
    /// Reports of this source.
    pub source: Option<Source>,
    /// Reports of this import.
    pub import: Option<ImportId>,
}

/// An export in progress.
#[derive(Debug)]
pub struct Export {
    query: ExportQuery,
    /// The count of numbers to read, at the start.
    pub numbers: u64,
    /// The count of numbers read so far.
    pub numbers_read: u64,
    next: Next,
}

/// Where an export goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// With this number alone.
    Number(E164),
    /// With the numbers of a shard after this one.
    Shard(Shard, Option<E164>),
    /// Nowhere.
    End,
}

impl Export {
    /// Whether all parts were read.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.next == Next::End
    }

    fn selects(&self, report: &StoredReport) -> bool {
        let (row, query) = (&report.row, &self.query);
        let at = row.body.occurred_at;
        row.state == RowState::Live
            && query.from.is_none_or(|from| at >= from)
            && query.before.is_none_or(|before| at < before)
            && query.source.is_none_or(|source| row.body.source == source)
            && query
                .import
                .as_ref()
                .is_none_or(|import| row.import.as_ref() == Some(import))
    }
}

impl Reports {
    /// Begins an export.
    ///
    /// # Errors
    /// If the number of the query cannot exist.
    pub fn export(&self, query: ExportQuery) -> Result<Export, ServiceError> {
        let number = match &query.number {
            Some((text, region)) => Some(read_number("number", text, *region)?),
            None => None,
        };
        let all = || u64::try_from(self.writer.index().number_count()).unwrap_or(u64::MAX);
        Ok(Export {
            numbers: number.map_or_else(all, |_| 1),
            numbers_read: 0,
            next: number.map_or(Next::Shard(Shard::new(0), None), Next::Number),
            query,
        })
    }

    /// The reports of the next numbers, each with its number; perhaps none.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn export_more(&self, export: &mut Export) -> Result<Vec<(E164, StoredReport)>, ServiceError> {
        let (numbers, rest) = match export.next {
            Next::Number(number) => (vec![number], Next::End),
            Next::Shard(shard, after) => {
                let numbers = self.writer.index().numbers_of(shard, after, NUMBERS_AT_A_TIME);
                let rest = match numbers.last() {
                    Some(last) if numbers.len() == NUMBERS_AT_A_TIME => Next::Shard(shard, Some(*last)),
                    Some(_) | None => after_shard(shard),
                };
                (numbers, rest)
            }
            Next::End => return Ok(Vec::new()),
        };
        let mut found = Vec::new();
        let mut left = numbers.len();
        let mut read = stream::iter(numbers)
            .map(|number| async move { (number, self.writer.read_whole(number).await) })
            .buffered(READ_AT_A_TIME);
        export.next = rest;
        while let Some((number, whole)) = read.next().await {
            let mut reports = stored_reports(whole?.rows);
            reports.retain(|report| export.selects(report));
            found.extend(reports.into_iter().rev().map(|report| (number, report)));
            export.numbers_read += 1;
            left -= 1;
            if found.len() >= REPORTS_AT_A_TIME && left > 0 {
                export.next = Next::Shard(Shard::of_number(number), Some(number));
                break;
            }
        }
        Ok(found)
    }
}

fn after_shard(shard: Shard) -> Next {
    let next = shard.byte().checked_add(1).map(Shard::new);
    next.map_or(Next::End, |shard| Next::Shard(shard, None))
}
