//! Daily quotas of reports, for one reporter and for one tenant, and quotas of requests.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use super::day::Day;
use super::day_use::DayUse;
use super::unknown_fields::UnknownFields;

/// The most reports a day; none means no limit. Trusted feeds that name no reporter are exempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// For one reporter; at most [`Quotas::MAX_REPORTER_DAILY`], since each report is remembered.
    pub reporter_daily: Option<u32>,
    /// For one tenant.
    pub tenant_daily: Option<u64>,
    /// For one principal, out of the quota of its tenant.
    pub principal_daily: Option<u64>,
    /// The most of a tenant's quota that an instance leases in advance. Unused units are lost when the instance ends.
    pub lease: u64,
}

impl Quotas {
    /// The defaults of the scoring model.
    pub const DEFAULT: Self = Self {
        reporter_daily: Some(20),
        tenant_daily: Some(100_000),
        principal_daily: Some(25_000),
        lease: 1_000,
    };

    /// The highest quota of a reporter.
    pub const MAX_REPORTER_DAILY: u32 = 1_000;
}

/// The most units in a second; none means no limit. A unit is a lookup, a report or another request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestQuotas {
    /// Lookups and call outcomes of one principal.
    pub lookups: Option<NonZeroU32>,
    /// Reports of one principal, and their call-back numbers.
    pub reports: Option<NonZeroU32>,
    /// Other requests of one principal.
    pub other: Option<NonZeroU32>,
    /// Requests of one network without an accepted credential.
    pub unauthenticated: Option<NonZeroU32>,
}

impl RequestQuotas {
    /// Quotas that no honest client uses up: the first is twice what one processor answers.
    pub const DEFAULT: Self = Self {
        lookups: NonZeroU32::new(20_000),
        reports: NonZeroU32::new(5_000),
        other: NonZeroU32::new(200),
        unauthenticated: NonZeroU32::new(50),
    };
    /// The highest value of a quota.
    pub const MAX: u32 = 1_000_000;
}

impl Default for RequestQuotas {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The part of a tenant's daily quota that is leased to instances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantDay {
    /// The day.
    pub day: Day,
    /// Reports leased to instances.
    pub leased: u64,
    /// What instances have told of the use of principals, when they last leased units.
    pub used: DayUse,
    /// Fields of a newer release, kept unread.
    pub unknown_fields: UnknownFields,
}

impl TenantDay {
    /// Leases part of the quota of `daily` reports: a tenth of the remaining quota, at most [`Quotas::lease`], so that
    /// few units are unused in instances when the quota ends; but at least `wanted`, if the quota has as many. 0 means
    /// that the quota of the day is used up.
    pub fn lease(&mut self, today: Day, wanted: u64, daily: u64, quotas: &Quotas) -> u64 {
        let (day, new) = self.day.counted_on(today);
        self.day = day;
        if new {
            self.leased = 0;
            self.used = DayUse::default();
        }
        let left = daily.saturating_sub(self.leased);
        let block = (left / 10).min(quotas.lease);
        let given = block.max(wanted).min(left);
        self.leased = self.leased.saturating_add(given);
        given
    }

    /// Adds what an instance tells of the use of principals today.
    pub fn tell(&mut self, changes: &UseChanges) {
        for (principal, units) in changes {
            self.used.add(*principal, *units);
        }
    }
}

/// What one instance tells of the use of principals: the change since the last time, by the hashes of their ids.
pub type UseChanges = BTreeMap<u64, i64>;

/// Units of quota: reports that may be accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// The day of the quota.
    pub day: Day,
    /// The number of reports.
    pub units: u64,
    /// The hash of the principal that has them; none without principals.
    pub principal: Option<u64>,
}

/// The units of quota that an instance has leased and not used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    day: Day,
    left: u64,
    /// Whether the store has no more units for that day, so that it is not asked again.
    dry: bool,
    /// What principals have used, as far as this instance knows: here, and elsewhere when units were last leased.
    used: DayUse,
    /// What the store has yet to be told of this.
    untold: UseChanges,
}

impl Budget {
    /// How many units to ask the store for, so that `wanted` can be taken; none if the store has no more.
    pub fn short_of(&mut self, today: Day, wanted: u64) -> Option<u64> {
        self.turn(today);
        let short = wanted.saturating_sub(self.left);
        (short > 0 && !self.dry).then_some(short)
    }

    /// Takes up to `wanted` units for a principal, or for nobody in particular.
    pub fn take(&mut self, today: Day, wanted: u64, principal: Option<u64>) -> Share {
        self.turn(today);
        let units = self.left.min(wanted);
        self.left -= units;
        self.note(principal, i64::try_from(units).unwrap_or(i64::MAX));
        Share {
            day: self.day,
            units,
            principal,
        }
    }

    /// What a principal has used of the day.
    pub fn used_by(&mut self, today: Day, principal: u64) -> u64 {
        self.turn(today);
        self.used.of(principal)
    }

    /// What the store has yet to be told of the use of principals, if these units are taken next.
    pub fn untold(&mut self, today: Day, ahead: Share) -> UseChanges {
        self.turn(today);
        let mut untold = self.untold.clone();
        if let Some(principal) = ahead.principal {
            *untold.entry(principal).or_default() += i64::try_from(ahead.units).unwrap_or(i64::MAX);
        }
        untold
    }

    /// Takes over what all instances have told the store, which has been told everything of this one, and of `ahead` too, which
    /// is not taken yet.
    pub fn told(&mut self, today: Day, used: DayUse, ahead: Share) {
        self.turn(today);
        self.used = used;
        self.untold.clear();
        self.note(
            ahead.principal,
            i64::try_from(ahead.units).unwrap_or(i64::MAX).saturating_neg(),
        );
    }

    fn note(&mut self, principal: Option<u64>, units: i64) {
        if let Some(principal) = principal
            && units != 0
        {
            self.used.add(principal, units);
            *self.untold.entry(principal).or_default() += units;
        }
    }

    /// Adds the units that the store leased; 0 means that it has no more.
    pub fn put(&mut self, today: Day, given: u64) {
        self.turn(today);
        self.left = self.left.saturating_add(given);
        self.dry = given == 0;
    }

    /// Gives back units that were taken and not used, if they are of the same day.
    pub fn give_back(&mut self, unused: Share) {
        if unused.day == self.day {
            self.left = self.left.saturating_add(unused.units);
            self.note(
                unused.principal,
                i64::try_from(unused.units).unwrap_or(i64::MAX).saturating_neg(),
            );
        }
    }

    /// Drops the units of another day.
    fn turn(&mut self, today: Day) {
        let (day, new) = self.day.counted_on(today);
        if new {
            *self = Self {
                day,
                left: 0,
                dry: false,
                used: DayUse::default(),
                untold: UseChanges::new(),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TODAY: Day = Day::from_number(20_000);
    const TOMORROW: Day = Day::from_number(20_001);

    #[test]
    fn leases_shrink_as_the_quota_comes_to_its_end() {
        let mut note = TenantDay::default();
        let quotas = Quotas::DEFAULT;
        let mut lease = |wanted| note.lease(TODAY, wanted, 10_000, &quotas);
        assert_eq!([lease(1), lease(1), lease(5_000), lease(1)], [1_000, 900, 5_000, 310]);
        let rest: Vec<u64> = std::iter::from_fn(|| Some(lease(1)).filter(|given| *given > 0)).collect();
        assert_eq!(rest.iter().sum::<u64>(), 2_790);
        assert_eq!(rest.last(), Some(&1));
        assert_eq!((lease(5), note.leased), (0, 10_000));
    }

    #[test]
    fn a_new_day_resets_the_lease() {
        let mut note = TenantDay::default();
        let quotas = Quotas::DEFAULT;
        assert_eq!(note.lease(TODAY, 50, 50, &quotas), 50);
        assert_eq!(note.lease(TODAY, 1, 50, &quotas), 0);
        assert_eq!(note.lease(TOMORROW, 50, 50, &quotas), 50);
        // The clock of another instance is behind.
        assert_eq!(note.lease(TODAY, 50, 50, &quotas), 0);
        assert_eq!(note.day, TOMORROW);
    }

    #[test]
    fn a_budget_is_spent_given_back_and_forgotten_at_midnight() {
        let mut budget = Budget::default();
        let of = |day, units| Share {
            day,
            units,
            principal: None,
        };
        assert_eq!(budget.take(TODAY, 3, None), of(TODAY, 0));
        assert_eq!(budget.short_of(TODAY, 7), Some(7));
        budget.put(TODAY, 10);
        assert_eq!(budget.short_of(TODAY, 7), None);
        assert_eq!(budget.take(TODAY, 7, None), of(TODAY, 7));
        budget.give_back(of(TODAY, 2));
        assert_eq!(budget.short_of(TODAY, 9), Some(4));
        assert_eq!(budget.take(TODAY, 9, None), of(TODAY, 5));
        budget.put(TODAY, 0);
        assert_eq!(budget.short_of(TODAY, 1), None, "the store has no more");
        assert_eq!(budget.short_of(TOMORROW, 1), Some(1));
        budget.give_back(of(TODAY, 2));
        assert_eq!(
            budget.take(TOMORROW, 1, None),
            of(TOMORROW, 0),
            "units of yesterday are lost"
        );
    }

    #[test]
    fn instances_tell_each_other_what_principals_use() {
        const ONE: u64 = 1;
        let mut day = TenantDay::default();
        let mut lease = |budget: &mut Budget, today, wanted| {
            let given = day.lease(today, wanted, 1_000, &Quotas::DEFAULT);
            day.tell(&budget.untold(today, Share::default()));
            budget.put(today, given);
            budget.told(today, day.used.clone(), Share::default());
        };
        let (mut here, mut there) = (Budget::default(), Budget::default());
        lease(&mut here, TODAY, 100);
        let share = here.take(TODAY, 90, Some(ONE));
        here.give_back(Share { units: 20, ..share });
        assert_eq!((here.used_by(TODAY, ONE), there.used_by(TODAY, ONE)), (70, 0));
        lease(&mut here, TODAY, 100);
        lease(&mut there, TODAY, 10);
        assert_eq!(there.used_by(TODAY, ONE), 70);
        assert!(here.untold(TODAY, Share::default()).is_empty());
        there.take(TODAY, 5, Some(ONE));
        here.give_back(Share { units: 10, ..share });
        lease(&mut there, TODAY, 10);
        lease(&mut here, TODAY, 10);
        assert_eq!((here.used_by(TODAY, ONE), there.used_by(TODAY, ONE)), (65, 75));
        assert_eq!(here.used_by(TOMORROW, ONE), 0);
        lease(&mut here, TOMORROW, 10);
        assert_eq!(here.used_by(TOMORROW, ONE), 0);
    }

    proptest! {
        /// In any order of taking, using and losing leases, the total leased never exceeds the quota.
        #[test]
        fn never_more_than_the_quota(daily in 0u64..5_000, wants in prop::collection::vec(1u64..700, 0..60), lease in 1u64..2_000) {
            let quotas = Quotas { lease, ..Quotas::DEFAULT };
            let mut note = TenantDay::default();
            let mut given = 0;
            for wanted in wants {
                let left = daily - given;
                let one = note.lease(TODAY, wanted, daily, &quotas);
                prop_assert!(one >= wanted.min(left) && one <= left);
                prop_assert!(one <= wanted.max(lease));
                given += one;
            }
            prop_assert_eq!(note.leased, given);
        }
    }
}
