//! Analysts' decisions on a number: its statuses, and the reset of its history.

use std::time::Duration;

use super::Numbers;
use crate::domain::audit::AuditMethod;
use crate::domain::kinds::StatusKind;
use crate::domain::state::NumberState;
use crate::domain::status::{StatusEntry, Statuses};
use crate::domain::time::Timestamp;
use crate::number::{E164, Region};
use crate::service::ServiceError;
use crate::service::content::{Method, RequestContent};
use crate::service::identity::read_decided_number;
use crate::service::writer::{Changed, Mutation, NumberRecord, Stop};
use crate::store::Version;

/// The longest validity of ALLOWED: numbers change hands.
const MAX_ALLOWED: Duration = Duration::from_secs(366 * 86_400);

/// A status to be set.
#[derive(Clone, Debug)]
pub struct StatusInput {
    /// Its kind.
    pub kind: StatusKind,
    /// The reason.
    pub reason: String,
    /// When it expires.
    pub expiry: Option<Expiry>,
}

/// When a status expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// At this moment.
    At(Timestamp),
    /// So long after it is set. A repeated request names the same time, and so it is the same request.
    After(Duration),
}

/// A number after a change, as it was committed.
#[derive(Clone, Debug)]
pub struct NumberChanged<T> {
    /// The number.
    pub number: E164,
    /// The answer of the change; none if the request was already done.
    pub answer: Option<T>,
    /// The statuses of the record, also expired ones.
    pub statuses: Statuses,
    /// The version of the record.
    pub version: Version,
}

impl Numbers {
    /// Sets a status. REASSIGNED removes the reports of calls before now; they cannot be restored. Returns how many it
    /// removed.
    ///
    /// # Errors
    /// If the request is wrong, stale, or the store cannot be written.
    pub async fn set_status(
        &self,
        text: &str,
        region: Option<Region>,
        input: &StatusInput,
        mutation: &Mutation,
    ) -> Result<NumberChanged<u32>, ServiceError> {
        let number = read_decided_number("number", text, region)?;
        let now = self.writer.now();
        let (content, deadline) = (input.content(number), self.writer.deadline(1));
        let request = self
            .writer
            .recall(&mutation.scoped_request(), &content, deadline)
            .await?;
        if request.is_new() {
            check_status(input, now)?;
        }
        let set = |record: &mut NumberRecord| {
            let dropped = if input.kind == StatusKind::Reassigned {
                record.state.reset(&mut record.rows, now, self.writer.fold())?
            } else {
                0
            };
            record.state.statuses.set(input.entry(mutation, now));
            tell_dropped(record, dropped);
            Ok(dropped)
        };
        let made = (mutation, AuditMethod::SetNumberStatus, input.reason.as_str());
        let changed = self
            .writer
            .mutate_number(number, &request, made, set, |dropped| vec![*dropped]);
        let mut changed = NumberChanged::of(number, changed.await?);
        changed.answer = changed.answer.or(request.figures().first().copied());
        Ok(changed)
    }

    /// Clears one status, or all of them, also if there are none.
    ///
    /// # Errors
    /// If the request is wrong, stale, the number does not have the status, or the store cannot be written.
    pub async fn clear_status(
        &self,
        text: &str,
        region: Option<Region>,
        kind: Option<StatusKind>,
        reason: &str,
        mutation: &Mutation,
    ) -> Result<NumberChanged<()>, ServiceError> {
        let number = read_decided_number("number", text, region)?;
        let (content, deadline) = (clearance(number, kind, reason), self.writer.deadline(1));
        let request = self
            .writer
            .recall(&mutation.scoped_request(), &content, deadline)
            .await?;
        let clear = |record: &mut NumberRecord| {
            let is_cleared = record.state.statuses.clear(kind);
            match kind.filter(|_| !is_cleared) {
                Some(kind) => Err(Stop::Refused(no_status(kind))),
                None => Ok(()),
            }
        };
        let changed = self.writer.mutate_number(
            number,
            &request,
            (mutation, AuditMethod::ClearNumberStatus, reason),
            clear,
            no_figures,
        );
        Ok(NumberChanged::of(number, changed.await?))
    }

    /// Removes the reports of calls before a moment; they cannot be restored. Returns how many it removed.
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
    ) -> Result<NumberChanged<u32>, ServiceError> {
        let number = read_decided_number("number", text, region)?;
        let now = self.writer.now();
        let moment = reset_moment(before, now)?;
        let (content, deadline) = (reset(number, before, reason), self.writer.deadline(1));
        let request = self
            .writer
            .recall(&mutation.scoped_request(), &content, deadline)
            .await?;
        let drop_rows = |record: &mut NumberRecord| {
            let dropped = record.state.reset(&mut record.rows, moment, self.writer.fold())?;
            record.told.tell("reports before", "", &moment.to_string());
            tell_dropped(record, dropped);
            Ok(dropped)
        };
        let changed = self
            .writer
            .mutate_number(
                number,
                &request,
                (mutation, AuditMethod::ResetNumber, reason),
                drop_rows,
                |dropped| vec![*dropped],
            )
            .await?;
        let mut changed = NumberChanged::of(number, changed);
        changed.answer = changed.answer.or(request.figures().first().copied());
        Ok(changed)
    }
}

impl<T> NumberChanged<T> {
    pub(super) fn of(number: E164, changed: Changed<NumberState, Option<T>>) -> Self {
        Self {
            number,
            answer: changed.answer,
            statuses: changed.record.statuses,
            version: changed.version,
        }
    }
}

impl StatusInput {
    /// The content of a request to set the status. The time that a status holds is appended only if it is given.
    pub(in crate::service) fn content(&self, number: E164) -> RequestContent {
        let (moment, after) = match self.expiry {
            Some(Expiry::At(moment)) => (Some(moment), None),
            Some(Expiry::After(after)) => (None, Some(after)),
            None => (None, None),
        };
        let mut content = RequestContent::of(Method::SetStatus);
        content
            .number(number)
            .code(self.kind.code())
            .text(&self.reason)
            .time(moment);
        if let Some(after) = after {
            content.hash(after.as_millis());
        }
        content
    }

    /// The status as it is set at `now`.
    pub(super) fn entry(&self, mutation: &Mutation, now: Timestamp) -> StatusEntry {
        StatusEntry {
            kind: self.kind,
            reason: self.reason.as_str().into(),
            author: mutation.actor.clone(),
            set_at: now,
            expires_at: self.expires_at(now),
        }
    }

    fn expires_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.expiry.map(|expiry| match expiry {
            Expiry::At(moment) => moment,
            Expiry::After(after) => now.plus(after),
        })
    }
}

/// Tells how many reports a change has dropped for good.
fn tell_dropped(record: &mut NumberRecord, dropped: u32) {
    if dropped > 0 {
        record.told.tell("reports", &dropped.to_string(), "0");
    }
}

/// The moment of a reset: no moment stands for now.
pub(super) fn reset_moment(before: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, ServiceError> {
    let moment = before.unwrap_or(now);
    if moment > now {
        return Err(ServiceError::field("before", "must not be in the future"));
    }
    Ok(moment)
}

/// The content of a request to clear a status; no kind stands for all.
pub(in crate::service) fn clearance(number: E164, kind: Option<StatusKind>, reason: &str) -> RequestContent {
    let mut content = RequestContent::of(Method::ClearStatus);
    content
        .number(number)
        .optional_code(kind.map(StatusKind::code))
        .text(reason);
    content
}

/// The content of a request to reset; no moment stands for now.
pub(in crate::service) fn reset(number: E164, before: Option<Timestamp>, reason: &str) -> RequestContent {
    let mut content = RequestContent::of(Method::Reset);
    content.number(number).time(before).text(reason);
    content
}

/// The error for a number that does not have the status to be cleared.
fn no_status(kind: StatusKind) -> ServiceError {
    ServiceError::Precondition(format!("the number has no status {kind}"))
}

/// The answer is read from the record: the memory of requests keeps nothing of it.
fn no_figures((): &()) -> Vec<u32> {
    Vec::new()
}

pub(super) fn check_status(input: &StatusInput, now: Timestamp) -> Result<(), ServiceError> {
    let field = match input.expiry {
        Some(Expiry::After(_)) => "valid_for",
        Some(Expiry::At(_)) | None => "expires_at",
    };
    match input.expires_at(now) {
        Some(end) if end <= now => Err(ServiceError::field(field, "must be in the future")),
        Some(end) if input.kind == StatusKind::Allowed && end > now.plus(MAX_ALLOWED) => Err(ServiceError::field(
            field,
            "must be at most 366 days in the future for ALLOWED",
        )),
        None if input.kind == StatusKind::Allowed => Err(ServiceError::field(
            "expires_at",
            "must be set, or `valid_for`, since the status is ALLOWED: numbers change hands",
        )),
        Some(_) | None => Ok(()),
    }
}
