//! The erasure of a number: everything that is stored of it, except what lists of the operator say.
//!
//! The order is such that an erasure that is interrupted can be repeated: first the cases are told that a number was
//! erased; then record, rows and notes go in one step, with the event; then what points to the number from elsewhere; at
//! last what the audit log and the change log say of it.

use std::collections::BTreeSet;

use super::Numbers;
use crate::codec;
use crate::domain::audit::{AuditChange, AuditMethod, AuditSubject};
use crate::domain::case::Case;
use crate::domain::ids::{CaseId, ListId, ReporterHash};
use crate::domain::kinds::CaseRole;
use crate::domain::list::Pattern;
use crate::domain::report::{ReportRow, RowState};
use crate::domain::reporter::ReporterState;
use crate::domain::reporter_table::is_part;
use crate::domain::requests::Seen;
use crate::metrics::ErasureLabel;
use crate::number::{E164, Region};
use crate::service::ServiceError;
use crate::service::content::{Method, RequestContent};
use crate::service::identity::read_number;
use crate::service::writer::{Author, Done, Mutation, NumberRecord, Outcome, Request, Stay, Told, WholeNumber};
use crate::store::{Shard, SideKey, key};

/// Tries while other writers change the number.
const MAX_TRIES: u32 = 12;
/// Buckets read at a time while looking for reports that name the number as their call-back number.
const BUCKETS_AT_A_TIME: usize = 2_000;
/// Reporters whose state is changed in one step.
const REPORTERS_AT_A_TIME: usize = 500;
/// An erasure gets the time of so many changes, since it reads all reports: ten minutes with the default write timeout.
const ITEMS_READ: usize = 300_000;
/// Digits of a number by which it is found in a reason, however it is written.
const TOLD_DIGITS: usize = 7;

/// How a number is erased.
#[derive(Clone, Debug, Default)]
pub struct EraseInput {
    /// Why.
    pub reason: String,
    /// Whether to erase it though it is linked to an open case.
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
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
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
    /// If the request is wrong or stale, the number is linked to an open case and this is not overridden, or the store
    /// cannot be read or written. What was erased until then stays erased, and a repetition erases the rest.
    pub async fn erase(
        &self,
        text: &str,
        region: Option<Region>,
        input: &EraseInput,
        mutation: &Mutation,
    ) -> Result<Erased, ServiceError> {
        let number = read_number("number", text, region)?;
        let content = erasure(number, input);
        let deadline = self.writer.deadline(ITEMS_READ);
        let request = self
            .writer
            .recall(&mutation.scoped_request(), &content, deadline)
            .await?;
        let work = async {
            if request.is_done() {
                return Ok(ErasedCounts::of(request.figures()));
            }
            self.erase_all(number, input, mutation, &request).await
        };
        let outcome = |counts: &ErasedCounts| Outcome::Done(counts.figures());
        // On the heap: the future is large.
        let counts = self.writer.carry_out(&request, Box::pin(work), outcome).await?;
        Ok(Erased {
            number,
            counts: counts.or(ErasedCounts::of(request.figures())),
            open_cases: Vec::new(),
            lists: self.lists_naming(number),
        })
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
        mutation.check(Seen::New, whole.version.unwrap_or(0))?;
        let mut counts = ErasedCounts::of_record(&whole, self.writer.notes_of(number).len());
        counts.mentions = self.numbers_naming(number).await?.len().try_into().unwrap_or(u32::MAX);
        counts.events = self.writer.redact_events(number, false).await?;
        Ok(Erased {
            number,
            counts,
            open_cases: self.open_cases(&whole),
            lists: self.lists_naming(number),
        })
    }

    async fn erase_all(
        &self,
        number: E164,
        input: &EraseInput,
        mutation: &Mutation,
        request: &Request<'_>,
    ) -> Result<ErasedCounts, ServiceError> {
        let reason = without_number(&input.reason, number);
        let author = mutation.author(AuditMethod::EraseNumber, &reason);
        let (rows, mut counts) = self.erase_record(number, input, mutation, (author, request)).await?;
        let noted = counts;
        let after_a_change = ServiceError::after_a_change;
        let kept = self.writer.note(request, false, |figures| {
            *figures = ErasedCounts::of(figures).or(noted).figures();
        });
        kept.await.map_err(after_a_change)?;
        self.erase_claims(number, &rows).await.map_err(after_a_change)?;
        counts.mentions = self.erase_mentions(number, mutation).await.map_err(after_a_change)?;
        counts.events = self.writer.redact_events(number, true).await.map_err(after_a_change)?;
        self.writer.forget_log_of(number).await.map_err(after_a_change)?;
        Ok(counts)
    }

    /// Deletes the record with its rows and notes, after its cases were told. Returns the rows.
    async fn erase_record(
        &self,
        number: E164,
        input: &EraseInput,
        mutation: &Mutation,
        (author, request): (Author<'_>, &Request<'_>),
    ) -> Result<(Vec<ReportRow>, ErasedCounts), ServiceError> {
        for _ in 0..MAX_TRIES {
            self.writer.refresh().await;
            let whole = self.writer.read_whole(number).await?;
            let notes = self.writer.notes_of(number).len();
            if request.is_new() {
                mutation.check(Seen::New, whole.version.unwrap_or(0))?;
            } else if whole.version.is_none() && notes == 0 {
                // An earlier try has deleted it, and has written the event.
                return Ok((Vec::new(), ErasedCounts::default()));
            }
            let open = self.open_cases(&whole);
            if let Some(case) = open.first().filter(|_| !input.override_open_case) {
                self.writer.metrics().erasure(ErasureLabel::Refused);
                return Err(ServiceError::Precondition(format!(
                    "the number is linked to the open case {case}: to erase it all the same, set \
                     `override_open_case` and a reason"
                )));
            }
            self.tell_cases(&whole, request, mutation, author).await?;
            let counts = ErasedCounts::of_record(&whole, notes);
            let told = Told {
                subject: Some(AuditSubject::Erased(self.writer.hash_of(number))),
                related: open.first().cloned().map(AuditSubject::Case),
                changes: told(counts, &open),
            };
            let deadline = self.writer.deadline(whole.rows.len());
            let deleted = self.writer.delete_number((number, &whole), author, told, deadline);
            if deleted.await? == Stay::Gone {
                self.writer.metrics().erasure(match open.first() {
                    None => ErasureLabel::Erased,
                    Some(_) => ErasureLabel::Overridden,
                });
                return Ok((whole.rows, counts));
            }
        }
        Err(ServiceError::Exhausted {
            retry_after: std::time::Duration::from_secs(1),
        })
    }

    /// Tells each case of the number that one of its numbers was erased; once for the request.
    async fn tell_cases(
        &self,
        whole: &WholeNumber,
        request: &Request<'_>,
        mutation: &Mutation,
        author: Author<'_>,
    ) -> Result<(), ServiceError> {
        let now = self.writer.now();
        // The version that is expected is that of the number.
        let mutation = Mutation {
            expected_version: None,
            ..mutation.clone()
        };
        let mut linked: Vec<(CaseId, CaseRole)> = Vec::new();
        for link in &whole.state.links {
            let id = self.writer.named_case(&link.case).await?;
            if !linked.iter().any(|(known, _)| *known == id) {
                linked.push((id, link.role));
            }
        }
        for (id, role) in linked {
            let made = (&mutation, AuditMethod::EraseNumber, author.reason);
            let tell = |case: &mut Case| {
                case.tell_erasure(now, &mutation.actor, role);
                Ok(())
            };
            self.writer.tell_case(&id, request, made, tell).await?;
        }
        Ok(())
    }

    /// Takes the number out of what is kept of its reporters.
    async fn erase_claims(&self, number: E164, rows: &[ReportRow]) -> Result<(), ServiceError> {
        let reporters: BTreeSet<ReporterHash> = rows.iter().filter_map(|row| row.body.reporter).collect();
        let keys: Vec<SideKey> = reporters
            .iter()
            .map(|reporter| SideKey::of::<ReporterState>(self.writer.tenant(), reporter))
            .collect();
        for keys in keys.chunks(REPORTERS_AT_A_TIME) {
            let deadline = self.writer.deadline(keys.len());
            let erased = self
                .writer
                .change_side_records(keys, deadline, |_, state: &mut ReporterState| Done {
                    answer: (),
                    write: state.erase(number),
                });
            erased.await.into_iter().collect::<Result<Vec<()>, _>>()?;
        }
        Ok(())
    }

    /// Takes the number out of the reports on other numbers that name it as their call-back number.
    async fn erase_mentions(&self, number: E164, mutation: &Mutation) -> Result<u32, ServiceError> {
        let mut count = 0u32;
        for other in self.numbers_naming(number).await? {
            // The change log says that the other number changed, and not why.
            let author = Author {
                method: None,
                reason: "",
                ..mutation.author(AuditMethod::EraseNumber, "")
            };
            let erase = |record: &mut NumberRecord| {
                let mut changed = false;
                record.rows.change_all(|row| {
                    let before = row.body.callbacks.len();
                    row.body.callbacks.retain(|callback| *callback != number);
                    let hit = row.body.callbacks.len() != before;
                    changed |= hit;
                    hit
                })?;
                Ok(Done {
                    answer: (),
                    write: changed,
                })
            };
            let deadline = self.writer.deadline(1);
            self.writer.change_number(other, author, deadline, erase).await?;
            count = count.saturating_add(1);
        }
        Ok(count)
    }

    /// The numbers whose reports name a number as their call-back number. Reads all reports of the store.
    async fn numbers_naming(&self, number: E164) -> Result<BTreeSet<E164>, ServiceError> {
        let mut numbers = BTreeSet::new();
        for shard in Shard::all() {
            let mut after = None;
            loop {
                let found = self.writer.scan_rows(shard, after, BUCKETS_AT_A_TIME).await?;
                for (id, stored) in &found.items {
                    if key::bucket_of_id(id).is_some_and(is_part) {
                        continue; // of a reporter table, which has no call-back numbers
                    }
                    let rows = codec::rows::decode(&stored.bytes)?;
                    if rows.iter().any(|row| row.body.callbacks.contains(&number)) {
                        numbers.extend(key::number_of_id(id));
                    }
                }
                after = found.next;
                tokio::task::yield_now().await;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(numbers)
    }

    fn open_cases(&self, whole: &WholeNumber) -> Vec<CaseId> {
        let mut open = Vec::new();
        for link in &whole.state.links {
            if let Some((_, case)) = self.writer.index().case(&link.case)
                && case.is_open()
                && !open.contains(&case.id)
            {
                open.push(case.id.clone());
            }
        }
        open
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

/// The content of a request to erase.
pub(in crate::service) fn erasure(number: E164, input: &EraseInput) -> RequestContent {
    let mut content = RequestContent::of(Method::EraseNumber);
    content
        .number(number)
        .text(&input.reason)
        .flag(input.override_open_case);
    content
}

/// What the event tells.
fn told(counts: ErasedCounts, overridden: &[CaseId]) -> Vec<AuditChange> {
    let figures = [
        ("reports", counts.reports),
        ("comments", counts.comments),
        ("notes", counts.notes),
        ("statuses", counts.statuses),
        ("links", counts.links),
    ];
    let figures = figures.into_iter().filter(|(_, count)| *count > 0);
    let figures = figures.map(|(field, count)| AuditChange::new(field, &count.to_string(), "0"));
    let cases = overridden.iter();
    let cases = cases.map(|id| AuditChange::new("open case overridden", "", id.as_str()));
    figures.chain(cases).collect()
}

/// A text without a number, in whichever notation: the reason of an erasure must not keep what was erased.
fn without_number(text: &str, number: E164) -> String {
    let digits = number.digits().to_string();
    let last = digits
        .get(digits.len().saturating_sub(TOLD_DIGITS)..)
        .unwrap_or(&digits);
    let mut kept = String::with_capacity(text.len());
    let mut run = String::new();
    for char in text.chars().chain(['\0']) {
        if char.is_ascii_digit() || !run.is_empty() && " -.()/".contains(char) || char == '+' {
            run.push(char);
            continue;
        }
        let said: String = run.chars().filter(char::is_ascii_digit).collect();
        if said.contains(last) {
            kept.push_str("(the number)");
            if run.ends_with(' ') {
                kept.push(' ');
            }
        } else {
            kept.push_str(&run);
        }
        run.clear();
        kept.push(char);
    }
    kept.pop(); // the end mark
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_keeps_no_form_of_the_number() {
        let number = E164::from_digits(14_155_550_199).unwrap();
        for (said, kept) in [
            (
                "the owner of +1 (415) 555-0199 asked",
                "the owner of (the number) asked",
            ),
            ("14155550199", "(the number)"),
            ("call 555 0199 or 555 0123", "call (the number)or 555 0123"),
            ("ticket 4711, 2026-11-30", "ticket 4711, 2026-11-30"),
            ("", ""),
        ] {
            let found = without_number(said, number);
            assert!(!found.contains("0199"), "{found}");
            if !said.contains("or") {
                assert_eq!(found, kept);
            }
        }
    }

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
