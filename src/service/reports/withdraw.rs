//! Withdrawals: of one report, or of all reports of an import or a reporter.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Reports, Sender};
use crate::codec;
use crate::domain::audit::{AuditMethod, AuditSubject, RequestedBy};
use crate::domain::ids::{ReportId, ReporterHash, RequestId, SenderHash};
use crate::domain::report::{Party, ReportRow, RowState};
use crate::domain::reporter::ReporterState;
use crate::domain::state::{Withdrawal, Withdrawn};
use crate::domain::time::Timestamp;
use crate::number::{E164, Region};
use crate::service::ServiceError;
use crate::service::content::{Method, RequestContent};
use crate::service::identity::read_number;
use crate::service::writer::{Author, Done, NumberJob, Request, WriteDeadline, scoped};
use crate::store::{Shard, SideKey, key};

/// Numbers whose reports are withdrawn in one step of a bulk withdrawal.
const WITHDRAWN_AT_A_TIME: usize = 500;
/// Buckets read at a time while looking for the reports of an import.
pub(super) const BUCKETS_AT_A_TIME: usize = 2_000;

/// The result of a withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithdrawOutcome {
    /// Whether the report was known.
    pub was_known: bool,
}

/// The result of a bulk withdrawal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BulkWithdrawn {
    /// Numbers that had such reports.
    pub numbers: u32,
    /// Reports that were withdrawn.
    pub reports: u32,
}

/// How far a bulk withdrawal has come: the figures that the memory of requests keeps of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    /// The first shards that it has finished.
    shards: u32,
    taken: BulkWithdrawn,
}

impl Progress {
    fn of(figures: &[u32]) -> Self {
        let figure = |place: usize| figures.get(place).copied().unwrap_or(0);
        Self {
            shards: figure(0),
            taken: BulkWithdrawn {
                numbers: figure(1),
                reports: figure(2),
            },
        }
    }

    /// Counts the reports that were withdrawn from one number.
    fn count(&mut self, reports: u32) {
        self.taken.numbers = self.taken.numbers.saturating_add(u32::from(reports > 0));
        self.taken.reports = self.taken.reports.saturating_add(reports);
    }

    /// Adds a step to the figures: another instance may work on the same request.
    fn add_to(&self, figures: &mut Vec<u32>) {
        let before = Self::of(figures);
        *figures = vec![
            before.shards.max(self.shards),
            before.taken.numbers.saturating_add(self.taken.numbers),
            before.taken.reports.saturating_add(self.taken.reports),
        ];
    }
}

/// The reports that a bulk withdrawal takes. The moment is fixed when the request is first noted, and kept with the memory
/// of requests: a repetition takes no report that arrived later.
#[derive(Clone, Copy)]
struct Selected<'a> {
    what: &'a Withdrawal,
    arrived_by: Timestamp,
}

/// The content of a request to withdraw all reports of an import or a reporter.
pub(in crate::service) fn withdrawal(what: &Withdrawal, reason: &str) -> RequestContent {
    let mut content = RequestContent::of(Method::WithdrawReports);
    match what {
        Withdrawal::Import(import) => content.code(1).text(import.as_str()),
        Withdrawal::Reporter(reporter) => content.code(2).hash(reporter.raw().into()),
    };
    content.text(reason);
    content
}

/// The withdrawal of one report from one number.
struct Taken {
    /// Whether the report was stored: a tombstone is no report.
    was_known: bool,
    /// The call-back numbers of the report.
    callbacks: Vec<E164>,
    /// The sender of the report.
    sender: Option<SenderHash>,
    /// Its reporter, if they have no live report on the number any more.
    silent: Option<ReporterHash>,
}

impl Taken {
    const fn nothing() -> Self {
        Self {
            was_known: false,
            callbacks: Vec::new(),
            sender: None,
            silent: None,
        }
    }
}

/// The state of a row, as an audit event tells it.
const fn state_name(state: RowState) -> &'static str {
    match state {
        RowState::Live => "counted",
        RowState::Withdrawn => "withdrawn",
        RowState::Tombstone => "unknown",
    }
}

/// Whether a party may withdraw a stored report: an own one, or any if it decides on reports.
fn may_withdraw(row: &ReportRow, party: Party) -> bool {
    party.decides || row.sender.is_some() && row.sender == party.sender
}

/// What is done about a report id that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unknown {
    /// A tombstone keeps the report from counting if it arrives.
    Remembered,
    /// Nothing.
    LeftAlone,
}

impl Reports {
    /// Withdraws one report, known or not, for somebody who decides on reports. A report that arrives after its withdrawal does
    /// not count.
    ///
    /// # Errors
    /// As for [`Self::withdraw_by`].
    pub async fn withdraw(
        &self,
        number: &str,
        region: Option<Region>,
        report: &ReportId,
        reason: &str,
        by: &RequestedBy,
    ) -> Result<WithdrawOutcome, ServiceError> {
        let sender = Sender::open(by.clone());
        self.withdraw_by(&sender, (number, region), report, reason, true).await
    }

    /// Withdraws one report. For an id that is unknown to the sender, which may be a mistake, nothing changes, unless it is to
    /// be remembered: then the report does not count if it arrives. A sender that does not decide on reports of others knows
    /// its own reports only.
    ///
    /// # Errors
    /// If the number cannot be read, or the store cannot be written.
    pub async fn withdraw_by(
        &self,
        sender: &Sender,
        (number, region): (&str, Option<Region>),
        report: &ReportId,
        reason: &str,
        remember: bool,
    ) -> Result<WithdrawOutcome, ServiceError> {
        let number = read_number("number", number, region)?;
        let deadline = self.writer.deadline(1);
        let unknown = if remember {
            Unknown::Remembered
        } else {
            Unknown::LeftAlone
        };
        let made = (self.party(sender), &sender.by, reason);
        let taken = self.withdraw_from(number, (report, unknown), made, deadline).await?;
        if let Some(reporter) = taken.silent {
            self.change_claims(reporter, deadline, |state| state.forget(number))
                .await?;
        }
        let digits = number.digits().to_string();
        let of_callback = report.of_callback(&digits, taken.sender);
        let renamed = report.of_callback_of_erased(self.writer.callback_key(), &digits, taken.sender);
        for callback in taken.callbacks {
            // The row has another id if the number was erased and the report came again.
            let of_renamed = (&renamed, Unknown::LeftAlone);
            if self
                .withdraw_from(callback, of_renamed, made, deadline)
                .await?
                .was_known
            {
                continue;
            }
            // The report may have been stored, and the rows of its call-back numbers may be on their way.
            let of_callback = (&of_callback, Unknown::Remembered);
            self.withdraw_from(callback, of_callback, made, deadline).await?;
        }
        Ok(WithdrawOutcome {
            was_known: taken.was_known,
        })
    }

    async fn withdraw_from(
        &self,
        number: E164,
        (id, unknown): (&ReportId, Unknown),
        (party, by, reason): (Party, &RequestedBy, &str),
        deadline: WriteDeadline,
    ) -> Result<Taken, ServiceError> {
        let now = self.writer.now();
        let fold = self.writer.fold();
        let author = Author {
            actor: &by.actor,
            request: id.as_str(),
            reason,
            via: &by.via,
            method: Some(AuditMethod::WithdrawReport),
        };
        let changed = self.writer.change_number(number, author, deadline, |record| {
            let row = record.rows.find(id)?;
            let is_for_others = row.is_some_and(|row| !may_withdraw(row, party));
            if is_for_others || row.is_none() && unknown == Unknown::LeftAlone {
                return Ok(Done::unchanged(Taken::nothing()));
            }
            let was_known = row.is_some_and(|row| row.state != RowState::Tombstone);
            let before = row.map_or("", |row| state_name(row.state));
            let sender = row.and_then(|row| row.sender);
            let body = row.map(|row| row.body.clone());
            let reporter = body.as_ref().and_then(|body| body.reporter);
            if reporter.is_some() {
                record.rows.need_all()?;
            }
            let withdrawn = record.state.withdraw_by(&mut record.rows, (id, now), party, fold)?;
            let speaks = |row: &ReportRow| row.is_live() && row.body.reporter == reporter;
            let silent = match reporter {
                Some(reporter) if !record.rows.all()?.any(speaks) => Some(reporter),
                Some(_) | None => None,
            };
            let answer = Taken {
                was_known,
                callbacks: body.map(|body| body.callbacks).unwrap_or_default(),
                sender,
                silent,
            };
            let after = match withdrawn {
                Withdrawn::Confirmed => "withdrawn for good",
                Withdrawn::TakenBack | Withdrawn::Already | Withdrawn::Unknown => "withdrawn",
            };
            record.told.related = Some(AuditSubject::Report(id.clone()));
            record.told.tell("report", before, after);
            Ok(Done {
                answer,
                write: withdrawn != Withdrawn::Already,
            })
        });
        let (taken, _) = changed.await?;
        Ok(taken)
    }

    /// Withdraws all stored reports of an import or a reporter that had arrived when the request was first noted, by the clock
    /// of the server. Later reports stay, also if the request is repeated. A reporter's claims are removed, so that they no
    /// longer change the trust in the reporter. Claims of an import stay, since imports seldom name reporters.
    ///
    /// # Errors
    /// If the request id was used for another request, or the store cannot be read or written. Reports withdrawn until
    /// then stay withdrawn: the same request again goes on where it stopped. An error of one number does not stop the
    /// withdrawal from the others; it is returned in the end. The write timeout applies to each 500 numbers, not to the
    /// whole.
    pub async fn withdraw_all(
        &self,
        what: &Withdrawal,
        id: &RequestId,
        reason: &str,
        by: &RequestedBy,
    ) -> Result<BulkWithdrawn, ServiceError> {
        let content = withdrawal(what, reason);
        let scoped = scoped(id, &by.actor, &by.via);
        let mut request = self.writer.recall(&scoped, &content, self.writer.deadline(1)).await?;
        request.end_turn();
        if request.is_done() {
            return Ok(Progress::of(request.figures()).taken);
        }
        let author = Author {
            actor: &by.actor,
            request: id.as_str(),
            reason,
            via: &by.via,
            method: Some(AuditMethod::WithdrawReports),
        };
        let first = self.writer.note(&request, false, |_| {}).await?;
        let selected = Selected {
            what,
            arrived_by: first.noted_at,
        };
        let done_before = Progress::of(&first.figures).shards;
        let mut failed = None;
        for shard in Shard::all().filter(|shard| u32::from(shard.byte()) >= done_before) {
            let step = self.withdraw_in(shard, selected, author, &mut request, &mut failed);
            if let Some(by_other) = step.await? {
                return Ok(by_other);
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        request.renew(self.writer.deadline(1));
        if let Withdrawal::Reporter(reporter) = what {
            let forget_all = |state: &mut ReporterState| !std::mem::take(&mut state.claims).is_empty();
            self.change_claims(*reporter, request.deadline(), forget_all).await?;
        }
        self.leave_the_moment(selected.arrived_by).await;
        let noted = self.writer.note(&request, true, |_| {}).await;
        let noted = noted.map_err(ServiceError::after_a_change)?;
        Ok(Progress::of(&noted.figures).taken)
    }
    /// Withdraws the reports from the numbers of one shard. Keeps the first error that concerns one number only. Returns
    /// the result of the request if another task has finished it meanwhile.
    async fn withdraw_in(
        &self,
        shard: Shard,
        selected: Selected<'_>,
        author: Author<'_>,
        request: &mut Request<'_>,
        failed: &mut Option<ServiceError>,
    ) -> Result<Option<BulkWithdrawn>, ServiceError> {
        let (numbers, unreadable) = self.numbers_with(shard, selected).await?;
        *failed = failed.take().or(unreadable);
        let numbers: Vec<E164> = numbers.into_iter().collect();
        let parts = numbers.chunks(WITHDRAWN_AT_A_TIME);
        let last = parts.len().saturating_sub(1);
        for (place, part) in parts.enumerate() {
            request.renew(self.writer.deadline(1));
            let known = self.writer.note(request, false, |_| {}).await?;
            if known.is_done {
                return Ok(Some(Progress::of(&known.figures).taken));
            }
            let (mut step, error) = self.withdraw_from_all(part, selected, author).await;
            let (of_number, of_store) = error.map_or((None, None), |error| match concerns_one_number(&error) {
                true => (Some(error), None),
                false => (None, Some(error)),
            });
            *failed = failed.take().or(of_number);
            if place == last && failed.is_none() && of_store.is_none() {
                step.shards = u32::from(shard.byte()) + 1;
            }
            request.renew(self.writer.deadline(1));
            let noted = self.writer.note(request, false, |figures| step.add_to(figures)).await;
            let noted = noted.map_err(ServiceError::after_a_change)?;
            if let Some(error) = of_store {
                return Err(error);
            }
            if noted.is_done {
                return Ok(Some(Progress::of(&noted.figures).taken));
            }
        }
        Ok(None)
    }

    /// Waits until the clock shows a later millisecond than `moment`, so that a report that is sent after the answer has
    /// arrived later.
    async fn leave_the_moment(&self, moment: Timestamp) {
        if self.writer.now() <= moment {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Withdraws the reports from these numbers, in one step. Returns what it withdrew, and the first error.
    async fn withdraw_from_all(
        &self,
        numbers: &[E164],
        selected: Selected<'_>,
        author: Author<'_>,
    ) -> (Progress, Option<ServiceError>) {
        let jobs: Vec<_> = numbers
            .iter()
            .map(|number| NumberJob {
                number: *number,
                items: vec![()],
            })
            .collect();
        let fold = self.writer.fold();
        let deadline = self.writer.deadline(jobs.len());
        let outcomes = self
            .writer
            .change_numbers(&jobs, author, deadline, |record, ()| {
                let moment = (selected.what, selected.arrived_by);
                let taken = record.state.withdraw_all(&mut record.rows, moment, fold)?;
                record.told.related = Some(match selected.what {
                    Withdrawal::Import(import) => AuditSubject::Import(import.clone()),
                    Withdrawal::Reporter(reporter) => AuditSubject::Reporter(*reporter),
                });
                record.told.tell("reports withdrawn", "", &taken.to_string());
                Ok(Done {
                    answer: taken,
                    write: taken > 0,
                })
            })
            .await;
        let mut step = Progress::default();
        let mut failed = None;
        for taken in outcomes.into_iter().flat_map(|outcome| outcome.answers) {
            match taken {
                Ok(taken) => step.count(taken),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        (step, failed)
    }

    /// Changes a reporter's claims; `change` returns whether it changed any. The reports of today stay counted in the
    /// quota.
    async fn change_claims(
        &self,
        reporter: ReporterHash,
        deadline: WriteDeadline,
        change: impl Fn(&mut ReporterState) -> bool,
    ) -> Result<(), ServiceError> {
        let keys = [SideKey::of::<ReporterState>(self.writer.tenant(), &reporter)];
        let mut changed = self
            .writer
            .change_side_records(&keys, deadline, |_, state| {
                let write = change(state);
                Done { answer: (), write }
            })
            .await;
        changed.pop().unwrap_or(Err(ServiceError::Internal))
    }

    /// The numbers of a shard that have reports to be withdrawn, and the error of a bucket that cannot be read.
    async fn numbers_with(
        &self,
        shard: Shard,
        selected: Selected<'_>,
    ) -> Result<(BTreeSet<E164>, Option<ServiceError>), ServiceError> {
        let mut numbers = BTreeSet::new();
        let mut unreadable = None;
        let mut after = None;
        loop {
            let found = self.writer.scan_rows(shard, after, BUCKETS_AT_A_TIME).await?;
            for (id, stored) in &found.items {
                match codec::rows::decode(&stored.bytes) {
                    Ok(rows) if rows.iter().any(|row| selected.what.takes(row, selected.arrived_by)) => {
                        numbers.extend(key::number_of_id(id));
                    }
                    Ok(_) => {}
                    Err(error) => unreadable = unreadable.or(Some(ServiceError::from(error))),
                }
            }
            after = found.next;
            if after.is_none() {
                return Ok((numbers, unreadable));
            }
        }
    }
}

/// Whether an error is that of one number, whose rows cannot be read or have reached a limit, and not of the store.
const fn concerns_one_number(error: &ServiceError) -> bool {
    matches!(error, ServiceError::Internal | ServiceError::Precondition(_))
}
