//! The erasure of a number: everything that is stored of it, except what lists of the operator say.
//!
//! The order is such that an erasure that is interrupted is completed: first the cases are told that a number was erased, and
//! the comments go that its reports left at other numbers; then record, rows and notes go, with the event and with a note that
//! the erasure has begun; then what points to the number from elsewhere; at last what the audit log and the change log say of
//! it, and the note. An erasure goes on if its client leaves. If its server ends, another one completes it by the note.

mod elsewhere;
mod eraser;

use std::sync::Arc;

use self::eraser::Eraser;
use super::Numbers;
use crate::domain::ids::{CaseId, ListId};
use crate::domain::kinds::StatusKind;
use crate::domain::list::Pattern;
use crate::domain::report::RowState;
use crate::domain::requests::Seen;
use crate::number::{E164, Region};
use crate::service::ServiceError;
use crate::service::content::{Method, RequestContent};
use crate::service::identity::read_number;
use crate::service::writer::{Mutation, WholeNumber};
use crate::tasks;

/// How a number is erased.
#[derive(Clone, Debug, Default)]
pub struct EraseInput {
    /// Why.
    pub reason: String,
    /// Whether to erase it though it is linked to an open case, or has the status PROTECTED or BLOCKED.
    pub override_open_case: bool,
}

/// What an erasure removed, or would remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// The number.
    pub number: E164,
    /// How much was removed.
    pub counts: ErasedCounts,
    /// The open cases that it is linked to; empty after an erasure.
    pub open_cases: Vec<CaseId>,
    /// The statuses that keep it from being erased without an override; empty after an erasure.
    pub guarding: Vec<StatusKind>,
    /// The lists that name exactly this number: their entries stay, since they are the operator's.
    pub lists: Vec<ListId>,
}

/// How much an erasure removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErasedCounts {
    /// Reports, withdrawn ones included.
    pub reports: u32,
    /// Those of them with a comment.
    pub comments: u32,
    /// Notes.
    pub notes: u32,
    /// Statuses.
    pub statuses: u32,
    /// Links to cases.
    pub links: u32,
    /// Numbers whose reports named it as their call-back number.
    pub mentions: u32,
    /// Audit events that it was taken out of.
    pub events: u32,
}

impl ErasedCounts {
    fn of(figures: &[u32]) -> Self {
        let figure = |place: usize| figures.get(place).copied().unwrap_or(0);
        Self {
            reports: figure(0),
            comments: figure(1),
            notes: figure(2),
            statuses: figure(3),
            links: figure(4),
            mentions: figure(5),
            events: figure(6),
        }
    }

    fn figures(self) -> Vec<u32> {
        vec![
            self.reports,
            self.comments,
            self.notes,
            self.statuses,
            self.links,
            self.mentions,
            self.events,
        ]
    }

    /// What is in the record, the rows and the notes of a number.
    fn of_record(whole: &WholeNumber, notes: usize) -> Self {
        let reports = whole.rows.iter().filter(|row| row.state != RowState::Tombstone);
        Self {
            reports: count(reports.clone().count()),
            comments: count(reports.filter(|row| row.body.comment.is_some()).count()),
            notes: count(notes),
            statuses: count(whole.state.statuses.all().count()),
            links: count(whole.state.links.len()),
            mentions: 0,
            events: 0,
        }
    }

    /// The larger of each: a repetition does not find what an earlier try removed.
    fn or(self, other: Self) -> Self {
        let figures = self.figures().into_iter().zip(other.figures());
        Self::of(&figures.map(|(one, other)| one.max(other)).collect::<Vec<_>>())
    }
}

impl Numbers {
    /// Erases a number. A repeated request tells what the first removed.
    ///
    /// # Errors
    /// If the request is wrong or stale, the number is linked to an open case or has a status that protects or blocks it and
    /// this is not overridden, or the store cannot be read or written. What was erased until then stays erased; a repetition
    /// erases the rest, and so does a server that finds the note of it.
    pub async fn erase(
        &self,
        text: &str,
        region: Option<Region>,
        input: &EraseInput,
        mutation: &Mutation,
    ) -> Result<Erased, ServiceError> {
        let number = read_number("number", text, region)?;
        let eraser = self.eraser();
        let (input, mutation) = (input.clone(), mutation.clone());
        let erased = tasks::go_on(async move { eraser.erase(number, &input, &mutation).await });
        let counts = erased.await.unwrap_or(Err(ServiceError::OutcomeUnknown))?;
        Ok(Erased {
            number,
            counts,
            open_cases: Vec::new(),
            guarding: Vec::new(),
            lists: self.lists_naming(number),
        })
    }

    /// Completes the erasures that were interrupted; returns how many. Those that began a short while ago may still go on
    /// somewhere, and are left alone.
    ///
    /// # Errors
    /// The first error; the others are completed all the same.
    pub async fn complete_erasures(&self) -> Result<u32, ServiceError> {
        self.eraser().complete_all().await
    }

    /// What an erasure would remove now. It writes nothing.
    ///
    /// # Errors
    /// If the request is wrong or stale, or the store cannot be read.
    pub async fn try_erase(
        &self,
        text: &str,
        region: Option<Region>,
        mutation: &Mutation,
    ) -> Result<Erased, ServiceError> {
        let number = read_number("number", text, region)?;
        self.writer.refresh().await;
        let whole = self.writer.read_whole(number).await?;
        mutation.check(Seen::New, self.writer.version_of_whole(number, &whole))?;
        let eraser = self.eraser();
        let mut counts = ErasedCounts::of_record(&whole, self.writer.notes_of(number).len());
        counts.mentions = count(eraser.numbers_naming(number).await?.len());
        counts.events = self.writer.redact_events(number, false).await?;
        Ok(Erased {
            number,
            counts,
            open_cases: eraser.open_cases(&whole),
            guarding: eraser.guarding(&whole.state),
            lists: self.lists_naming(number),
        })
    }

    fn eraser(&self) -> Eraser {
        Eraser {
            writer: Arc::clone(&self.writer),
        }
    }

    /// The lists with an entry for exactly this number.
    fn lists_naming(&self, number: E164) -> Vec<ListId> {
        let pattern = Pattern::number(number);
        let lists = self.writer.index().lists();
        let naming = lists.all().into_iter().map(|(_, list)| list);
        naming
            .filter(|list| list.entries.iter().any(|entry| entry.pattern == pattern))
            .map(|list| list.id.clone())
            .collect()
    }
}

fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The content of a request to erase.
pub(in crate::service) fn erasure(number: E164, input: &EraseInput) -> RequestContent {
    let mut content = RequestContent::of(Method::EraseNumber);
    content
        .number(number)
        .text(&input.reason)
        .flag(input.override_open_case);
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_of_a_request_is_frozen() {
        let input = EraseInput {
            reason: "asked".to_owned(),
            override_open_case: true,
        };
        let content = erasure(E164::from_digits(14_155_550_199).unwrap(), &input);
        let hex: String = content.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "130764656661756c74f79bf2dd340561736b656401");
    }
}
