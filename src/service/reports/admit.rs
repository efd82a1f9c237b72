//! Checks before a report is filed: whether a quota is used up, and the trust in its reporter.
//!
//! The reporter's state is written before the number. After a crash between the two, the report is counted but not
//! stored; its retry is not counted again. A report that is already stored is never refused because of a quota. Only
//! the number's record shows whether it is stored, so a refusal is only marked here.

use std::collections::BTreeMap;

use super::Reports;
use super::filing::{Filing, FilingOutcome, Ticket};
use crate::clock::Pace;
use crate::domain::day::Day;
use crate::domain::day_use::DayUse;
use crate::domain::ids::ReporterHash;
use crate::domain::quota::{Budget, Share, TenantDay, UseChanges};
use crate::domain::reporter::{Claim, Claimed, QuotaOutcome, QuotaSlot, ReportPlace, ReporterState};
use crate::domain::state::Submitted;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::domain::weight::ReporterTrust;
use crate::service::writer::{Done, WriteDeadline};
use crate::service::{Quota, ServiceError};
use crate::store::SideKey;

/// The pace of the lines about quotas that could not be given back: during an outage, each batch may meet one.
static NOT_GIVEN_BACK: Pace = Pace::new();

/// A reporter, and the places of their reports in the batch.
type OfReporter = (ReporterHash, Vec<usize>);

/// The result of a batch for one reporter: the trust in them, and an item for each report.
struct Admission {
    trust: ReporterTrust,
    /// For each report: how it was counted, and the change that its claim made.
    items: Vec<(QuotaOutcome, Claimed)>,
}

impl Reports {
    /// Takes quota for every report and sets its weight. Marks the reports that exceed a quota: they are refused unless
    /// they are already stored. Returns the share taken of the tenant's quota.
    pub(super) async fn admit(
        &self,
        filings: &mut [Result<Filing, ServiceError>],
        principal: Option<u64>,
        (now, deadline): (Timestamp, WriteDeadline),
    ) -> Share {
        let share = self.admit_to_tenant(filings, principal, (now, deadline)).await;
        self.admit_reporters(filings, now, deadline).await;
        share
    }

    /// Gives back the quota of reports that were already stored or were not accepted.
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
        let unused = both().filter(|(_, filed)| took_nothing(filed));
        let units: u64 = unused.map(|(filing, _)| filing.ticket.units).sum();
        if units > 0 {
            self.budget.lock().await.give_back(Share { units, ..share });
        }
        let mut back: BTreeMap<ReporterHash, Vec<(&Filing, GiveBack)>> = BTreeMap::new();
        for (filing, filed) in both() {
            if let (Some(reporter), Ok(filed)) = (filing.row.body.reporter, filed) {
                let give_back = GiveBack::of(&filing.ticket, filed, Day::of(now));
                if give_back.is_any() {
                    back.entry(reporter).or_default().push((filing, give_back));
                }
            }
        }
        let (reporters, back): (Vec<_>, Vec<_>) = back.into_iter().unzip();
        let keys: Vec<SideKey> = reporters
            .into_iter()
            .map(|reporter| side_key(self.writer.tenant(), reporter))
            .collect();
        let outcomes = self
            .writer
            .change_side_records(&keys, deadline, |place, state: &mut ReporterState| {
                let mut write = false;
                // The latest first, since its claim may have replaced the one before.
                for (filing, give_back) in back.get(place).into_iter().flatten().rev() {
                    for slot in &give_back.slots {
                        write |= state.uncount(*slot);
                    }
                    write |= state.unclaim(filing.claim(now), give_back.claimed);
                }
                Done { answer: (), write }
            })
            .await;
        if let Some(error) = outcomes.into_iter().find_map(Result::err) {
            // The reports are filed all the same; the reporter only has a little less quota today.
            if let Some(left_out) = NOT_GIVEN_BACK.line() {
                tracing::warn!(%error, left_out, "the quota of a report that was already stored could not be given back");
            }
        }
    }

    /// Takes units of the tenant's quota for each report that counts towards it: all that the report costs, or none.
    async fn admit_to_tenant(
        &self,
        filings: &mut [Result<Filing, ServiceError>],
        principal: Option<u64>,
        (now, deadline): (Timestamp, WriteDeadline),
    ) -> Share {
        let Some(daily) = self.quotas.tenant_daily else {
            return Share::default();
        };
        let counted = filings.iter().flatten().filter(|filing| !filing.exempt);
        let wanted: u64 = counted.map(Filing::cost).sum();
        if wanted == 0 {
            return Share::default();
        }
        let taken = self
            .take_share((wanted, principal), daily, Day::of(now), deadline)
            .await;
        let mut left = taken.as_ref().map_or(0, |(share, _)| share.units);
        for filing in filings.iter_mut().flatten().filter(|filing| !filing.exempt) {
            let cost = filing.cost();
            match &taken {
                Err(error) => filing.refused = Some(error.clone()),
                Ok(_) if left >= cost => {
                    left -= cost;
                    filing.ticket.units = cost;
                }
                Ok((_, used_up)) => filing.refused = Some(over(*used_up, now)),
            }
        }
        let taken = taken.map(|(share, _)| share).unwrap_or_default();
        if left > 0 {
            self.budget.lock().await.give_back(Share { units: left, ..taken });
        }
        taken
    }

    /// Takes up to `wanted` units from this instance's part of the tenant's quota, and fetches more units first if
    /// there are too few. Holds the lock while it fetches, so that requests that wait are served from the same fetch. A
    /// principal gets no more than its part. Also returns the quota that is used up if there were too few units.
    async fn take_share(
        &self,
        (wanted, principal): (u64, Option<u64>),
        daily: u64,
        today: Day,
        deadline: WriteDeadline,
    ) -> Result<(Share, Quota), ServiceError> {
        let room = |budget: &mut Budget| {
            let of_one = principal.zip(self.quotas.principal_daily);
            of_one.map_or(u64::MAX, |(principal, most)| {
                most.saturating_sub(budget.used_by(today, principal))
            })
        };
        let mut budget = deadline.wait(self.budget.lock()).await?;
        let allowed = wanted.min(room(&mut budget));
        if let Some(short) = budget.short_of(today, allowed) {
            // The store is told of them now, else many instances might each give a principal all of its part.
            let ahead = Share {
                day: today,
                units: allowed,
                principal,
            };
            let untold = budget.untold(today, ahead);
            let (given, used) = self.lease(short, &untold, (daily, today), deadline).await?;
            budget.put(today, given);
            budget.told(today, used, ahead);
        }
        // The store may have told of the use at other instances.
        let allowed = allowed.min(room(&mut budget));
        let share = budget.take(today, allowed, principal);
        let is_of_principal = allowed < wanted && share.units == allowed;
        Ok((
            share,
            if is_of_principal {
                Quota::Principal
            } else {
                Quota::Tenant
            },
        ))
    }

    /// Leases units, and tells the store what principals have used here. Returns the units, and what principals have used
    /// everywhere.
    async fn lease(
        &self,
        short: u64,
        untold: &UseChanges,
        (daily, today): (u64, Day),
        deadline: WriteDeadline,
    ) -> Result<(u64, DayUse), ServiceError> {
        let keys = [SideKey::of::<TenantDay>(self.writer.tenant(), &self.writer.tenant())];
        let lease = |_: usize, day: &mut TenantDay| {
            let given = day.lease(today, short, daily, &self.quotas);
            day.tell(untold);
            let write = given > 0 || !untold.is_empty();
            let answer = (given, day.used.clone());
            Done { answer, write }
        };
        let mut leased = self.writer.change_side_records(&keys, deadline, lease).await;
        leased.pop().unwrap_or(Err(ServiceError::Internal)).map_err(not_filed)
    }

    /// Counts reports in their reporters' quotas, stores their claims, and weighs them by the trust in their reporters.
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
        let keys: Vec<SideKey> = groups
            .iter()
            .map(|(reporter, _)| side_key(self.writer.tenant(), *reporter))
            .collect();
        let admissions = {
            let filings = &*filings;
            let admit = |place: usize, state: &mut ReporterState| {
                let places = groups.get(place).map_or(&[][..], |(_, places)| places);
                let items = places.iter().filter_map(|place| filings.get(*place)?.as_ref().ok());
                self.admit_reporter(state, items, now)
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
        state: &mut ReporterState,
        filings: impl Iterator<Item = &'a Filing>,
        now: Timestamp,
    ) -> Done<Admission> {
        let (today, weights) = (Day::of(now), &self.writer.fold().weights);
        let morning = today.start();
        let trust = state.trust(morning, weights, |number| {
            self.writer.index().ground_truth(number, morning)
        });
        let mut items = Vec::new();
        let mut write = false;
        for filing in filings {
            let counted = match self.quotas.reporter_daily {
                Some(daily) => state.count(&self.slots(filing), today, daily),
                None => QuotaOutcome::Before,
            };
            let claimed = match counted {
                QuotaOutcome::Before | QuotaOutcome::Now(_) => state.claim(filing.claim(now), weights),
                QuotaOutcome::TooMany => Claimed::Again,
            };
            let is_new_place = counted != QuotaOutcome::TooMany && state.note_place(filing.place(now));
            write |= is_new_place || claimed != Claimed::Again || matches!(counted, QuotaOutcome::Now(_));
            items.push((counted, claimed));
        }
        let answer = Admission { trust, items };
        Done { answer, write }
    }

    /// Writes the weight and the quota outcome of report `nth` of a reporter into its filing.
    fn enter(&self, filing: &mut Filing, admission: &Admission, nth: usize, now: Timestamp) {
        let weights = &self.writer.fold().weights;
        filing.row.weight = weights.weight(filing.row.body.source, Some(admission.trust));
        let Some((counted, claimed)) = admission.items.get(nth) else {
            return;
        };
        filing.ticket.claimed = *claimed;
        match counted {
            QuotaOutcome::Now(slots) => {
                let own = self.slot(filing);
                filing.ticket.slot = Some(own).filter(|own| slots.contains(own));
                filing.ticket.callback_slots = slots.iter().copied().filter(|slot| *slot != own).collect();
            }
            QuotaOutcome::Before => {}
            QuotaOutcome::TooMany => filing.refused = Some(over(Quota::Reporter, now)),
        }
    }

    /// The slots of a report: its own, and those of its call-back numbers.
    fn slots(&self, filing: &Filing) -> Vec<QuotaSlot> {
        let id = filing.callback_id(filing.row.sender);
        let callbacks = filing.row.body.callbacks.iter();
        let of_callbacks = callbacks.map(|callback| QuotaSlot::keyed(&self.slot_key, *callback, &id));
        std::iter::once(self.slot(filing)).chain(of_callbacks).collect()
    }

    fn slot(&self, filing: &Filing) -> QuotaSlot {
        QuotaSlot::keyed(&self.slot_key, filing.number, &filing.row.id)
    }
}

/// The part of a ticket that is to be given back.
struct GiveBack {
    slots: Vec<QuotaSlot>,
    claimed: Claimed,
}

impl Filing {
    /// The claim that it makes about its number.
    fn claim(&self, now: Timestamp) -> Claim {
        Claim {
            number: self.number,
            not_spam: self.row.body.not_spam,
            at: now,
        }
    }
}

impl Filing {
    /// Where its row will be.
    fn place(&self, now: Timestamp) -> ReportPlace {
        ReportPlace {
            number: self.number,
            id_hash: self.row.id.hash64(),
            at: now,
        }
    }
}

impl GiveBack {
    /// A report stored today was counted today, by the first attempt, and keeps its slots. A report stored earlier is
    /// not counted again. A submission that does not count gives its claim back, and the slots of its call-back numbers,
    /// since it adds nothing to them.
    fn of(ticket: &Ticket, filed: &FilingOutcome, today: Day) -> Self {
        let kept_earlier = filed.kept_at.is_some_and(|kept_at| Day::of(kept_at) < today);
        let (is_claim, adds_to_callbacks) = match filed.submitted {
            Submitted::Accepted => (true, true),
            // A correction may claim the opposite. It costs nothing that the report did not cost.
            Submitted::Revised => (true, !kept_earlier),
            Submitted::AlreadyKnown => (!kept_earlier, !kept_earlier),
            Submitted::Outdated | Submitted::Withdrawn | Submitted::BeforeReset | Submitted::OtherContent => {
                (false, false)
            }
        };
        let own = ticket.slot.filter(|_| kept_earlier);
        let of_callbacks = ticket.callback_slots.iter().filter(|_| !adds_to_callbacks);
        Self {
            slots: own.into_iter().chain(of_callbacks.copied()).collect(),
            claimed: if is_claim { Claimed::Again } else { ticket.claimed },
        }
    }

    fn is_any(&self) -> bool {
        !self.slots.is_empty() || self.claimed != Claimed::Again
    }
}

/// The reports that are not refused yet, by reporter; reports without a reporter are left out.
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

/// Whether a report certainly used nothing of the tenant's quota. If the outcome is unknown, the report may be stored:
/// a retry then finds it and gives back its own unit.
fn took_nothing(filed: &Result<FilingOutcome, ServiceError>) -> bool {
    match filed {
        Ok(filed) => filed.submitted != Submitted::Accepted,
        Err(error) => !matches!(error, ServiceError::OutcomeUnknown | ServiceError::Internal),
    }
}

fn over(quota: Quota, now: Timestamp) -> ServiceError {
    let retry_after = Day::of(now).left_at(now);
    ServiceError::QuotaExceeded { quota, retry_after }
}

/// The key of a reporter's state.
pub(super) fn side_key(tenant: TenantId, reporter: ReporterHash) -> SideKey {
    SideKey::of::<ReporterState>(tenant, &reporter)
}

/// The error for a report whose side record could not be written. The report is not filed, so its outcome is known.
fn not_filed(error: ServiceError) -> ServiceError {
    if matches!(error, ServiceError::OutcomeUnknown) {
        ServiceError::StoreUnavailable
    } else {
        error
    }
}
