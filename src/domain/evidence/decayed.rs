//! Evidence at one moment, for one kind of call: the input of scoring.

use super::{Evidence, FoldModel, LedgerTotals, UnprovenReporters, UnprovenStep, WeekSet};
use crate::domain::bitmap::DistinctCount;
use crate::domain::call::{Ledger, LedgerView};
use crate::domain::day::Day;
use crate::domain::decay::remaining_at;
use crate::domain::time::Timestamp;

/// From this mass of reports of trusted feeds on, reports are not of people alone.
const FEED_MASS: f64 = 0.25;

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
    /// In how many of the last [`WeekSet::WINDOW_WEEKS`] weeks calls were reported; by unproven reporters only once they
    /// are many.
    pub weeks: u32,
    /// Whether the reports that count come from two sources, reporters, areas or days at least: not all from one person
    /// and one call.
    pub independent: bool,
    /// Whether reports of trusted feeds are certainly a part of the mass: otherwise all may be of people, and an old report of
    /// a feed says nothing any more.
    pub from_feed: bool,
    /// Mass of all reports of authenticated calls, good or bad; of unproven reporters only once they are many.
    pub authenticated: f64,
    /// The same for unauthenticated calls.
    pub unauthenticated: f64,
    /// The unproven reporters.
    pub unproven: UnprovenReporters,
    /// How far they are believed in these sums.
    pub step: UnprovenStep,
    pub(super) long_factor: f64,
    pub(super) unproven_share: f64,
    /// The part of `short` and `long` from unproven reporters until they count in full.
    held: Held,
    /// The further part of them that counts when they may label the number.
    further: Held,
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

    /// The same without complaints of unproven reporters, if there are any and these reporters do not count in full.
    #[must_use]
    pub fn without_unproven(&self) -> Option<Self> {
        (self.held.long > 0.0).then(|| Self {
            short: self.short - self.held.short,
            long: self.long - self.held.long,
            held: Held::default(),
            further: Held::default(),
            ..*self
        })
    }

    /// The same with the unproven reporters as people who may label the number. Each of them counts as much as a new
    /// reporter at most. The sums of [`Evidence::at`] leave this to the caller, who knows more of the number.
    #[must_use]
    pub fn with_several(&self) -> Self {
        Self {
            short: self.short + self.further.short,
            long: self.long + self.further.long,
            step: UnprovenStep::Several,
            held: Held {
                short: self.held.short + self.further.short,
                long: self.held.long + self.further.long,
            },
            further: Held::default(),
            ..*self
        }
    }
}

impl Evidence {
    /// The sum of the ledgers of `view` at `now`, with the cap on unproven reporters applied.
    #[must_use]
    pub fn at(&self, now: Timestamp, model: &FoldModel, view: LedgerView) -> DecayedEvidence {
        let reporters = self.unproven_reporters(now, model, view);
        let released = reporters.step(&model.weights) == UnprovenStep::Many;
        self.counting(Some(reporters), released, (now, model, view))
    }

    /// The same without the reports of unproven reporters.
    #[must_use]
    pub fn proven_at(&self, now: Timestamp, model: &FoldModel, view: LedgerView) -> DecayedEvidence {
        self.counting(None, false, (now, model, view))
    }

    /// The same with these unproven reporters as few, however many they are.
    #[must_use]
    pub fn with_few_at(
        &self,
        reporters: UnprovenReporters,
        now: Timestamp,
        model: &FoldModel,
        view: LedgerView,
    ) -> DecayedEvidence {
        self.counting(Some(reporters), false, (now, model, view))
    }

    /// The sums, with these unproven reporters or without any. Released ones count in full.
    fn counting(
        &self,
        reporters: Option<UnprovenReporters>,
        released: bool,
        (now, model, view): (Timestamp, &FoldModel, LedgerView),
    ) -> DecayedEvidence {
        let few = model.weights.unproven_cap;
        let cap = |mass: f64| if released { mass } else { mass.min(few) };
        let left = Left {
            short: remaining_at(self.as_of, now, model.short_days),
            long: remaining_at(self.as_of, now, model.long_days),
            not_spam: remaining_at(self.as_of, now, model.not_spam_days),
        };
        let (weeks, proven, unproven) = self.totals_at(now, model, view, released);
        let unproven = reporters.map_or_else(LedgerTotals::default, |_| unproven);
        let (proven, unproven) = (left.of(proven), left.of(unproven));
        // The masses of categories and brands from unproven reporters are cut by the same share as their total.
        let unproven_share = match unproven.long {
            long if long <= 0.0 => 0.0,
            long => cap(long) / long,
        };
        let counted = if released { proven.and(&unproven, 1.0) } else { proven };
        let added = Held {
            short: cap(unproven.short),
            long: cap(unproven.long),
        };
        let reporters = reporters.unwrap_or_default();
        // A proven person has at most the mass of one report of a feed, so the rest is of feeds.
        let feed = proven.long - f64::from(reporters.proven);
        let several = few.max(f64::from(reporters.named) * model.weights.new_reporter());
        let further = Held {
            short: unproven.short.min(several) - added.short,
            long: unproven.long.min(several) - added.long,
        };
        DecayedEvidence {
            at: now,
            short: proven.short + added.short,
            long: proven.long + added.long,
            not_spam: proven.not_spam + cap(unproven.not_spam),
            reports: counted.reports,
            areas: DistinctCount::estimate(counted.areas),
            first_at: counted.first_at,
            last_at: counted.last_at,
            weeks,
            independent: counted.is_independent(),
            from_feed: proven.sources.has_feed() && feed >= FEED_MASS,
            authenticated: self.said(Ledger::Authenticated, &left, released),
            unauthenticated: self.said(Ledger::Unauthenticated, &left, released),
            unproven: reporters,
            step: if released {
                UnprovenStep::Many
            } else {
                UnprovenStep::Few
            },
            long_factor: left.long,
            unproven_share,
            held: if released { Held::default() } else { added },
            further: if released { Held::default() } else { further },
        }
    }

    /// The weeks with a report that count, and the sums of proven and of unproven reporters. For a call that the owner
    /// signed, reports of unknown signing count less the longer the number is established.
    fn totals_at(
        &self,
        now: Timestamp,
        model: &FoldModel,
        view: LedgerView,
        released: bool,
    ) -> (u32, LedgerTotals, LedgerTotals) {
        let totals = |factor| [&self.proven, &self.unproven].map(|sums| sums.totals_for(view, factor));
        let [proven, unproven] = totals(1.0);
        let weeks = if released {
            proven.weeks.union(unproven.weeks)
        } else {
            proven.weeks
        };
        let weeks = weeks.count_of_last(WeekSet::WINDOW_WEEKS, now);
        if view != LedgerView::Authenticated {
            return (weeks, proven, unproven);
        }
        let [proven, unproven] = totals(model.unknown_when_established.factor(weeks));
        (weeks, proven, unproven)
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

impl LedgerTotals {
    /// Whether the reports come from two sources, reporters, areas or days at least. Only the latest report of a reporter
    /// counts, so two areas are those of two people.
    fn is_independent(&self) -> bool {
        let day = |moment: Option<Timestamp>| moment.map(Day::of);
        self.sources.is_several() || self.areas.bits().count_ones() >= 2 || day(self.first_at) != day(self.last_at)
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
