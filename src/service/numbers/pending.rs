//! The comments that wait for a moderator, of all numbers: a queue in which the oldest come first.
//!
//! A moderator reads what was said of one number at once, so the comments of a number stand together, and the numbers are in
//! the order of their oldest comment. A page reads the rows of as many numbers as it shows comments, at most.

use futures_util::future::join_all;

use super::Numbers;
use crate::domain::comment::is_pending;
use crate::domain::ids::ReportId;
use crate::domain::time::Timestamp;
use crate::number::E164;
use crate::service::content::{Method, RequestContent};
use crate::service::directory::{PendingPage, PendingPlace};
use crate::service::page::{PageTexts, foreign_token};
use crate::service::reports::{StoredReport, bytes_of, stored_reports};
use crate::service::{PageRequest, ServiceError};
use crate::store::key;

/// Numbers whose comments are read at a time.
const READ_AT_A_TIME: usize = 16;

/// A page of the queue.
#[derive(Clone, Debug)]
pub struct PendingList {
    /// The reports with the comments, each with its number. There may be fewer than asked for, since comments may have been
    /// decided on meanwhile.
    pub reports: Vec<(E164, StoredReport)>,
    /// Leads to the next page; empty at the end.
    pub next_page_token: String,
    /// The comments on all pages.
    pub total: u64,
}

/// The place of a comment among those of its number: its arrival, and then the id of its report.
type Within = (Timestamp, ReportId);

/// The end of a page: the number, and unless all of its comments were shown, the last of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct End {
    place: PendingPlace,
    within: Option<Within>,
}

impl Numbers {
    /// A page of the comments that wait for a moderator.
    ///
    /// # Errors
    /// If the page is not valid, or the store cannot be read.
    pub async fn pending_comments(&self, page: &PageRequest) -> Result<PendingList, ServiceError> {
        let limit = page.limit()?;
        let scope = RequestContent::of(Method::ListPendingComments);
        let after = page
            .cursor(&self.page_key, &scope)?
            .map(|cursor| End::read(&cursor).ok_or_else(foreign_token))
            .transpose()?;
        let from = after.as_ref().map(|end| end.place);
        // One more, since the first may be the number at which the page before ended.
        let numbers = self.directory.read(move |directory| directory.pending(from, limit + 1));
        let PendingPage { places, more, comments } = numbers.await?;
        let (mut reports, mut end, mut texts) = (Vec::new(), None, PageTexts::default());
        let is_shown = |place: &PendingPlace| {
            after
                .as_ref()
                .is_some_and(|end| end.place == *place && end.within.is_none())
        };
        let left: Vec<PendingPlace> = places.into_iter().filter(|place| !is_shown(place)).collect();
        'read: for part in left.chunks(READ_AT_A_TIME) {
            let rows = join_all(part.iter().map(|(_, number)| self.writer.rows_as_indexed(*number))).await;
            for (place, rows) in part.iter().zip(rows) {
                let begin = after.as_ref().filter(|end| end.place == *place);
                let begin = begin.and_then(|end| end.within.as_ref());
                let waiting = waiting(rows?, begin);
                let room = waiting.iter().take(limit - reports.len());
                let fit = room.take_while(|report| texts.fits(bytes_of(report))).count();
                if fit == 0 && !waiting.is_empty() {
                    break 'read;
                }
                let is_cut = waiting.len() > fit;
                let shown = waiting.into_iter().take(fit);
                reports.extend(shown.map(|report| (place.1, report)));
                let last = reports.last().filter(|_| is_cut);
                end = Some(End {
                    place: *place,
                    within: last.map(|(_, report)| within(report)),
                });
                if is_cut {
                    break 'read;
                }
            }
        }
        let has_more = more
            || end
                .as_ref()
                .is_some_and(|end| end.within.is_some() || left.last() != Some(&end.place));
        let cursor = end.filter(|_| has_more).map(|end| end.cursor());
        Ok(PendingList {
            reports,
            next_page_token: self.page_key.next(&scope, cursor),
            total: comments,
        })
    }
}

/// The reports of a number whose comments wait, the oldest arrival first, after one of them.
fn waiting(rows: Vec<crate::domain::report::ReportRow>, after: Option<&Within>) -> Vec<StoredReport> {
    let mut waiting = stored_reports(rows);
    waiting.retain(|report| is_pending(&report.row) && after.is_none_or(|after| within(report) > *after));
    waiting.sort_by_cached_key(within);
    waiting
}

fn within(report: &StoredReport) -> Within {
    (report.row.arrived_at, report.row.id.clone())
}

impl End {
    /// The end as a page token holds it. Frozen, as tokens outlive releases.
    fn cursor(&self) -> Vec<u8> {
        let (oldest, number) = self.place;
        let mut cursor = oldest.millis().to_be_bytes().to_vec();
        cursor.extend_from_slice(&number.digits().to_be_bytes());
        if let Some((arrived, id)) = &self.within {
            cursor.extend_from_slice(&arrived.millis().to_be_bytes());
            cursor.extend_from_slice(id.as_str().as_bytes());
        }
        cursor
    }

    fn read(cursor: &[u8]) -> Option<Self> {
        let (oldest, rest) = cursor.split_first_chunk::<8>()?;
        let (number, rest) = rest.split_at_checked(8)?;
        let place = (
            Timestamp::from_millis(i64::from_be_bytes(*oldest)),
            key::number_of_id(number)?,
        );
        if rest.is_empty() {
            return Some(Self { place, within: None });
        }
        let (arrived, id) = rest.split_first_chunk::<8>()?;
        let id = ReportId::parse(std::str::from_utf8(id).ok()?).ok()?;
        let within = Some((Timestamp::from_millis(i64::from_be_bytes(*arrived)), id));
        Some(Self { place, within })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client may use a page token that another release gave.
    #[test]
    fn ends_are_frozen_and_read_again() {
        let place = (Timestamp::from_secs(5), E164::from_digits(14_155_550_199).unwrap());
        let whole = End { place, within: None };
        let id = ReportId::parse("r1").unwrap();
        let cut = End {
            within: Some((Timestamp::from_secs(7), id)),
            ..whole.clone()
        };
        for (end, frozen) in [
            (&whole, "0000000000001388000000034bbc8df7"),
            (&cut, "0000000000001388000000034bbc8df70000000000001b587231"),
        ] {
            let cursor = end.cursor();
            let hex: String = cursor.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, frozen);
            assert_eq!(End::read(&cursor).as_ref(), Some(end));
        }
        assert_eq!(End::read(b"x"), None);
    }
}
