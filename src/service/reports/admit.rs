//! What is asked before a report is filed: whether the quotas let it in, and what its reporter's word weighs.
//!
//! The reporter's note is written first, and then the number: a crash between the two leaves a report counted that is
//! not there, and its retry finds itself counted. A report that is there already is never refused for a quota: that it
//! is there is seen when its number is read, so a refusal is only marked here.

use std::collections::BTreeMap;

use super::Reports;
use super::filing::{Filing, FilingOutcome, Ticket};
use crate::domain::day::Day;
use crate::domain::ids::ReporterHash;
use crate::domain::quota::{Share, TenantDay};
use crate::domain::reporter::{Claim, Claimed, QuotaOutcome, QuotaSlot, ReporterState};
use crate::domain::state::Submitted;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::domain::weight::ReporterTrust;
use crate::service::writer::{Done, WriteDeadline};
use crate::service::{Quota, ServiceError};
use crate::store::SideKey;

/// A reporter's reports of one batch, by their places.
type OfReporter = (ReporterHash, Vec<usize>);

/// What a reporter's note says of their reports.
struct Admission {
    trust: ReporterTrust,
    /// Of each report: how it was counted, and what its claim changed.
    items: Vec<(QuotaOutcome, Claimed)>,
}

impl Reports {
    /// Asks the quotas, and gives every report its weight. Marks what is refused unless it is there already; says what
    /// was taken of the tenant's quota.
    pub(super) async fn admit(
        &self,
        filings: &mut [Result<Filing, ServiceError>],
        now: Timestamp,
        deadline: WriteDeadline,
    ) -> Share {
        let share = self.admit_to_tenant(filings, now, deadline).await;
        self.admit_reporters(filings, now, deadline).await;
        share
    }

    /// Gives back what reports took that turned out to be there already, or were not taken in.
    pub(super) async fn settle(
        &self,
        filings: &[Result<Filing, ServiceError>],
        filed: &[Result<FilingOutcome, ServiceError>],
        (share, now): (Share, Timestamp),
        deadline: WriteDeadline,
    ) {
        let both = || {
            filings
                .iter()
                .zip(filed)
                .filter_map(|(filing, filed)| Some((filing.as_ref().ok()?, filed)))
        };
        let unused = both()
            .filter(|(filing, filed)| filing.ticket.unit && took_nothing(filed))
            .count();
        if unused > 0 {
            let units = unused as u64;
            self.budget.lock().await.give_back(Share { units, ..share });
        }
        let mut back: BTreeMap<ReporterHash, Vec<(&Filing, GiveBack)>> = BTreeMap::new();
        for (filing, filed) in both() {
            if let (Some(reporter), Ok(filed)) = (filing.row.body.reporter, filed) {
                let give_back = GiveBack::of(filing.ticket, filed, Day::of(now));
                if give_back.is_any() {
                    back.entry(reporter).or_default().push((filing, give_back));
                }
            }
        }
        let (reporters, back): (Vec<_>, Vec<_>) = back.into_iter().unzip();
        let keys: Vec<SideKey> = reporters.into_iter().map(side_key).collect();
        let outcomes = self
            .writer
            .change_side_records(&keys, deadline, |place, note: &mut ReporterState| {
                let mut write = false;
                // The latest first, as it may have taken the place of the one before.
                for (filing, give_back) in back.get(place).into_iter().flatten().rev() {
                    write |= give_back.slot.is_some_and(|slot| note.uncount(slot));
                    write |= note.unclaim(filing.claim(now), give_back.claimed);
                }
                Done { answer: (), write }
            })
            .await;
        if let Some(error) = outcomes.into_iter().find_map(Result::err) {
            // The reports are filed and answered; a reporter is left with a little less of the day's quota.
            tracing::warn!(%error, "a count of a report that was there already could not be taken back");
        }
    }

    /// Takes as many of the tenant's quota as there are reports that count to it.
    async fn admit_to_tenant(
        &self,
        filings: &mut [Result<Filing, ServiceError>],
        now: Timestamp,
        deadline: WriteDeadline,
    ) -> Share {
        let Some(daily) = self.quotas.tenant_daily else {
            return Share::default();
        };
        let wanted = filings.iter().flatten().filter(|filing| !filing.exempt).count() as u64;
        if wanted == 0 {
            return Share::default();
        }
        let taken = self.take_share(wanted, daily, Day::of(now), deadline).await;
        let mut left = taken.as_ref().map_or(0, |share| share.units);
        for filing in filings.iter_mut().flatten().filter(|filing| !filing.exempt) {
            match &taken {
                Err(error) => filing.refused = Some(error.clone()),
                Ok(_) if left > 0 => {
                    left -= 1;
                    filing.ticket.unit = true;
                }
                Ok(_) => filing.refused = Some(used_up(Quota::Tenant, now)),
            }
        }
        taken.unwrap_or_default()
    }

    /// Takes up to `wanted` of what this instance holds of the tenant's quota, after it has fetched more if it has too
    /// little. Nobody else takes meanwhile: who waits is then served from what was fetched.
    async fn take_share(
        &self,
        wanted: u64,
        daily: u64,
        today: Day,
        deadline: WriteDeadline,
    ) -> Result<Share, ServiceError> {
        let mut budget = deadline.wait(self.budget.lock()).await?;
        if let Some(short) = budget.short_of(today, wanted) {
            let given = self.lease(short, daily, today, deadline).await?;
            budget.put(today, given);
        }
        Ok(budget.take(today, wanted))
    }

    async fn lease(&self, short: u64, daily: u64, today: Day, deadline: WriteDeadline) -> Result<u64, ServiceError> {
        let keys = [SideKey::of::<TenantDay>(TenantId::DEFAULT, &TenantId::DEFAULT)];
        let lease = |_: usize, note: &mut TenantDay| {
            let answer = note.lease(today, short, daily, &self.quotas);
            let write = answer > 0;
            Done { answer, write }
        };
        let mut leased = self.writer.change_side_records(&keys, deadline, lease).await;
        leased.pop().unwrap_or(Err(ServiceError::Internal)).map_err(not_filed)
    }

    /// Counts reports in their reporters' quotas, notes what they claim, and weighs them by what earlier claims proved.
    async fn admit_reporters(
        &self,
        filings: &mut [Result<Filing, ServiceError>],
        now: Timestamp,
        deadline: WriteDeadline,
    ) {
        let groups = by_reporter(filings);
        if groups.is_empty() {
            return;
        }
        let keys: Vec<SideKey> = groups.iter().map(|(reporter, _)| side_key(*reporter)).collect();
        let admissions = {
            let filings = &*filings;
            let admit = |place: usize, note: &mut ReporterState| {
                let places = groups.get(place).map_or(&[][..], |(_, places)| places);
                let items = places.iter().filter_map(|place| filings.get(*place)?.as_ref().ok());
                self.admit_reporter(note, items, now)
            };
            self.writer.change_side_records(&keys, deadline, admit).await
        };
        for ((_, places), admission) in groups.iter().zip(admissions) {
            let admission = admission.map_err(not_filed);
            for (nth, place) in places.iter().enumerate() {
                let Some(Ok(filing)) = filings.get_mut(*place) else {
                    continue;
                };
                match &admission {
                    Ok(admission) => self.enter(filing, admission, nth, now),
                    Err(error) => filing.refused = Some(error.clone()),
                }
            }
        }
    }

    fn admit_reporter<'a>(
        &self,
        note: &mut ReporterState,
        filings: impl Iterator<Item = &'a Filing>,
        now: Timestamp,
    ) -> Done<Admission> {
        let (today, weights) = (Day::of(now), &self.writer.fold().weights);
        let morning = today.start();
        let trust = note.trust(morning, weights, |number| {
            self.writer.index().ground_truth(number, morning)
        });
        let mut items = Vec::new();
        let mut write = false;
        for filing in filings {
            let counted = match self.quotas.reporter_daily {
                Some(daily) => note.count(self.slot(filing), today, daily),
                None => QuotaOutcome::Before,
            };
            let claimed = match counted {
                QuotaOutcome::Before | QuotaOutcome::Now => note.claim(filing.claim(now), weights),
                QuotaOutcome::TooMany => Claimed::Again,
            };
            write |= claimed != Claimed::Again || counted == QuotaOutcome::Now;
            items.push((counted, claimed));
        }
        let answer = Admission { trust, items };
        Done { answer, write }
    }

    /// Writes into a filing what its reporter's note said of it.
    fn enter(&self, filing: &mut Filing, admission: &Admission, nth: usize, now: Timestamp) {
        let weights = &self.writer.fold().weights;
        filing.row.weight = weights.weight(filing.row.body.source, Some(admission.trust));
        let Some((counted, claimed)) = admission.items.get(nth) else {
            return;
        };
        filing.ticket.claimed = *claimed;
        match counted {
            QuotaOutcome::Now => filing.ticket.slot = Some(self.slot(filing)),
            QuotaOutcome::Before => {}
            QuotaOutcome::TooMany => filing.refused = Some(used_up(Quota::Reporter, now)),
        }
    }

    fn slot(&self, filing: &Filing) -> QuotaSlot {
        QuotaSlot::keyed(&self.slot_key, filing.number, &filing.row.id)
    }
}

/// What of a ticket is to be given back.
struct GiveBack {
    slot: Option<QuotaSlot>,
    claimed: Claimed,
}

impl Filing {
    /// What it claims of its number.
    fn claim(&self, now: Timestamp) -> Claim {
        Claim {
            number: self.number,
            not_spam: self.row.body.not_spam,
            at: now,
        }
    }
}

impl GiveBack {
    /// What was kept today was counted today, by whichever attempt came first; what was kept earlier is not counted
    /// again. What does not count as a report proves nothing of its reporter.
    fn of(ticket: Ticket, filed: &FilingOutcome, today: Day) -> Self {
        let kept_earlier = filed.kept_at.is_some_and(|kept_at| Day::of(kept_at) < today);
        let is_claim = match filed.submitted {
            Submitted::Accepted => true,
            Submitted::AlreadyKnown => !kept_earlier,
            Submitted::Withdrawn | Submitted::BeforeReset | Submitted::OtherContent => false,
        };
        Self {
            slot: ticket.slot.filter(|_| kept_earlier),
            claimed: if is_claim { Claimed::Again } else { ticket.claimed },
        }
    }

    fn is_any(&self) -> bool {
        self.slot.is_some() || self.claimed != Claimed::Again
    }
}

/// The reports that reporters have to answer for, by reporter.
fn by_reporter(filings: &[Result<Filing, ServiceError>]) -> Vec<OfReporter> {
    let mut groups: BTreeMap<ReporterHash, Vec<usize>> = BTreeMap::new();
    for (place, filing) in filings.iter().enumerate() {
        let Ok(filing) = filing else { continue };
        if let (Some(reporter), None) = (filing.row.body.reporter, &filing.refused) {
            groups.entry(reporter).or_default().push(place);
        }
    }
    groups.into_iter().collect()
}

/// Whether a report surely took nothing of the tenant's quota. If the outcome is unknown its retry may find it there,
/// and gives back what it takes then.
fn took_nothing(filed: &Result<FilingOutcome, ServiceError>) -> bool {
    match filed {
        Ok(filed) => filed.submitted != Submitted::Accepted,
        Err(error) => !matches!(error, ServiceError::OutcomeUnknown | ServiceError::Internal),
    }
}

fn used_up(quota: Quota, now: Timestamp) -> ServiceError {
    let retry_after = Day::of(now).left_at(now);
    ServiceError::OverQuota { quota, retry_after }
}

/// The key of a reporter's state.
fn side_key(reporter: ReporterHash) -> SideKey {
    SideKey::of::<ReporterState>(TenantId::DEFAULT, &reporter)
}

/// Whatever became of a note, the report it was for is not filed.
fn not_filed(error: ServiceError) -> ServiceError {
    if matches!(error, ServiceError::OutcomeUnknown) {
        ServiceError::Unavailable
    } else {
        error
    }
}
