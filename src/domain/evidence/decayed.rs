//! Evidence at one moment, for one kind of call: the input of scoring.

use super::{Evidence, FoldModel, LedgerTotals};
use crate::domain::bitmap::DistinctCount;
use crate::domain::call::{Ledger, LedgerView};
use crate::domain::decay::remaining_at;
use crate::domain::time::Timestamp;

/// [`Evidence`] at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DecayedEvidence {
    /// The moment.
    pub at: Timestamp,
    /// Mass of reports, short half-life.
    pub short: f64,
    /// Mass of reports, long half-life.
    pub long: f64,
    /// Mass of "not spam".
    pub not_spam: f64,
    /// Reports that may count for more than their capped mass: those of unproven reporters only once they are many.
    pub reports: u32,
    /// About how many distinct areas the victims are in.
    pub areas: f64,
    /// The earliest call reported.
    pub first_at: Option<Timestamp>,
    /// The latest call reported.
    pub last_at: Option<Timestamp>,
    /// Mass of all reports of authenticated calls, good or bad; of unproven reporters only once they are many.
    pub authenticated: f64,
    /// The same for unauthenticated calls.
    pub unauthenticated: f64,
    pub(super) long_factor: f64,
    pub(super) unproven_share: f64,
    /// The part of `short` and `long` from unproven reporters while they are few.
    held: Held,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Held {
    short: f64,
    long: f64,
}

impl DecayedEvidence {
    /// The standing without evidence.
    #[must_use]
    pub fn nothing(at: Timestamp) -> Self {
        Self { at, ..Self::default() }
    }

    /// The same without complaints of unproven reporters, if there are any and these reporters are still few.
    #[must_use]
    pub fn without_unproven(&self) -> Option<Self> {
        (self.held.long > 0.0).then(|| Self {
            short: self.short - self.held.short,
            long: self.long - self.held.long,
            held: Held::default(),
            ..*self
        })
    }
}

impl Evidence {
    /// The sum of the ledgers of `view` at `now`, with the cap on unproven reporters applied.
    #[must_use]
    pub fn at(&self, now: Timestamp, model: &FoldModel, view: LedgerView) -> DecayedEvidence {
        let released = self.unproven_released(&model.weights, view);
        let cap = |mass: f64| {
            if released {
                mass
            } else {
                mass.min(model.weights.unproven_cap)
            }
        };
        let left = Left {
            short: remaining_at(self.as_of, now, model.short_days),
            long: remaining_at(self.as_of, now, model.long_days),
            not_spam: remaining_at(self.as_of, now, model.not_spam_days),
        };
        let factor = model.unknown_ledger_factor;
        let proven = left.of(self.proven.totals_for(view, factor));
        let unproven = left.of(self.unproven.totals_for(view, factor));
        // The masses of categories and brands from unproven reporters are cut by the same share as their total.
        let unproven_share = if unproven.long > 0.0 {
            cap(unproven.long) / unproven.long
        } else {
            0.0
        };
        let (reports, areas, first_at, last_at) = if released {
            (
                proven.reports.saturating_add(unproven.reports),
                proven.areas.union(unproven.areas),
                proven.first_at.into_iter().chain(unproven.first_at).min(),
                proven.last_at.max(unproven.last_at),
            )
        } else {
            (proven.reports, proven.areas, proven.first_at, proven.last_at)
        };
        let added = Held {
            short: cap(unproven.short),
            long: cap(unproven.long),
        };
        DecayedEvidence {
            at: now,
            short: proven.short + added.short,
            long: proven.long + added.long,
            not_spam: proven.not_spam + cap(unproven.not_spam),
            reports,
            areas: DistinctCount::estimate(areas),
            first_at,
            last_at,
            authenticated: self.said(Ledger::Authenticated, &left, released),
            unauthenticated: self.said(Ledger::Unauthenticated, &left, released),
            long_factor: left.long,
            unproven_share,
            held: if released { Held::default() } else { added },
        }
    }

    /// The mass of all reports in one ledger, good or bad.
    fn said(&self, ledger: Ledger, left: &Left, released: bool) -> f64 {
        let said = |totals: &LedgerTotals| totals.long * left.long + totals.not_spam * left.not_spam;
        let proven = said(self.proven.totals(ledger));
        if released {
            proven + said(self.unproven.totals(ledger))
        } else {
            proven
        }
    }
}

/// The shares of the sums that are left after decay.
struct Left {
    short: f64,
    long: f64,
    not_spam: f64,
}

impl Left {
    fn of(&self, totals: LedgerTotals) -> LedgerTotals {
        LedgerTotals {
            short: totals.short * self.short,
            long: totals.long * self.long,
            not_spam: totals.not_spam * self.not_spam,
            ..totals
        }
    }
}
