//! Evidence at one moment, as one kind of call sees it: the numbers that scoring reads.

use super::{Book, Evidence, FoldModel};
use crate::domain::bitmap::DistinctCount;
use crate::domain::call::View;
use crate::domain::decay::remaining_at;
use crate::domain::report::Ledger;
use crate::domain::time::Timestamp;

/// [`Evidence`] at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    /// The moment.
    pub at: Timestamp,
    /// Mass of reports, short half-life.
    pub short: f64,
    /// Mass of reports, long half-life.
    pub long: f64,
    /// Mass of "not spam".
    pub not_spam: f64,
    /// Reports that may count for more than their capped mass: those of the unproven only once they are many.
    pub reports: u32,
    /// About how many distinct areas the victims are in.
    pub areas: f64,
    /// The earliest call reported.
    pub first_at: Option<Timestamp>,
    /// The latest.
    pub last_at: Option<Timestamp>,
    /// How much anybody said of authenticated calls, good or bad; of the unproven, only once they are many.
    pub authenticated: f64,
    /// The same of unauthenticated ones.
    pub unauthenticated: f64,
    pub(super) long_factor: f64,
    pub(super) unproven_share: f64,
    /// What of `short` and `long` comes from the unproven while they are few.
    held: Held,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Held {
    short: f64,
    long: f64,
}

impl Standing {
    /// Of nothing.
    #[must_use]
    pub fn nothing(at: Timestamp) -> Self {
        Self { at, ..Self::default() }
    }

    /// The same without complaints of the unproven, if there are any and the unproven are still few.
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
    /// What the books that `view` holds come to at `now`, with the cap on the unproven applied.
    #[must_use]
    pub fn at(&self, now: Timestamp, model: &FoldModel, view: View) -> Standing {
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
        let proven = left.of(self.proven.seen(view, factor));
        let unproven = left.of(self.unproven.seen(view, factor));
        // The unproven share of categories and brands is cut by as much as their mass is.
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
        Standing {
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

    /// How much was said in one book, good or bad.
    fn said(&self, ledger: Ledger, left: &Left, released: bool) -> f64 {
        let said = |book: &Book| book.long * left.long + book.not_spam * left.not_spam;
        let proven = said(self.proven.book(ledger));
        if released {
            proven + said(self.unproven.book(ledger))
        } else {
            proven
        }
    }
}

/// The shares that are left of sums.
struct Left {
    short: f64,
    long: f64,
    not_spam: f64,
}

impl Left {
    fn of(&self, book: Book) -> Book {
        Book {
            short: book.short * self.short,
            long: book.long * self.long,
            not_spam: book.not_spam * self.not_spam,
            ..book
        }
    }
}
