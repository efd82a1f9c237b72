//! The weeks in which a number was reported.

use crate::domain::day::Day;
use crate::domain::time::Timestamp;

/// Days of a week. Week 0 begins on 1970-01-01, a Thursday.
const WEEK_DAYS: i64 = 7;

/// The weeks with a report of a call, in the 32 weeks up to the latest of them.
///
/// Six bytes. Two sets are merged in any order and grouping with the same result. A longer history would not help: a
/// number is judged by its last [`Self::WINDOW_WEEKS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WeekSet {
    /// The latest week, counted from 1970; 0 while the set is empty.
    newest: u16,
    /// Bit i stands for the week `newest - i`. Bit 0 is set unless the set is empty.
    bits: u32,
}

impl WeekSet {
    /// How many weeks count when a number is judged: half a year.
    pub const WINDOW_WEEKS: u32 = 26;

    /// The set without a week.
    pub const EMPTY: Self = Self { newest: 0, bits: 0 };

    /// The set with the week of one moment.
    #[must_use]
    pub fn of(moment: Timestamp) -> Self {
        Self {
            newest: week_of(moment),
            bits: 1,
        }
    }

    /// The set with the latest week, counted from 1970, and the bits of it and of the weeks before: bit i stands for i
    /// weeks before.
    ///
    /// None if the latest week itself is missing, unless the set is empty.
    #[must_use]
    pub fn from_parts(newest: u16, bits: u32) -> Option<Self> {
        let is_sound = bits & 1 == 1 || (newest, bits) == (0, 0);
        is_sound.then_some(Self { newest, bits })
    }

    /// The latest week, counted from 1970; 0 if the set is empty.
    #[must_use]
    pub const fn newest(self) -> u16 {
        self.newest
    }

    /// The bits of the latest week and those before: bit i stands for i weeks before.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.bits
    }

    /// Whether there is no week in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// The weeks of both sets, as far back as 32 weeks before the latest.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return if self.is_empty() { other } else { self };
        }
        let (later, earlier) = if self.newest < other.newest {
            (other, self)
        } else {
            (self, other)
        };
        let between = u32::from(later.newest - earlier.newest);
        Self {
            newest: later.newest,
            bits: later.bits | earlier.bits.checked_shl(between).unwrap_or_default(),
        }
    }

    /// How many of the last `weeks` weeks up to the one of `now` are in the set. Weeks after `now` do not count.
    #[must_use]
    pub fn count_of_last(self, weeks: u32, now: Timestamp) -> u32 {
        // Bit i stands for `ago + i` weeks before the week of `now`: the bits from -ago to weeks - ago are counted.
        let ago = i64::from(week_of(now)) - i64::from(self.newest);
        let counted = low_bits(i64::from(weeks) - ago) & !low_bits(-ago);
        (self.bits & counted).count_ones()
    }
}

/// The lowest `count` bits; none if it is below 1, all if it is above 31.
fn low_bits(count: i64) -> u32 {
    let count = u32::try_from(count.max(0)).unwrap_or(u32::MAX);
    1u32.checked_shl(count).map_or(u32::MAX, |bit| bit - 1)
}

/// The week of a moment, counted from 1970.
fn week_of(moment: Timestamp) -> u16 {
    let week = Day::of(moment).number().div_euclid(WEEK_DAYS).max(0);
    u16::try_from(week).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn week(week: i64) -> Timestamp {
        Day::from_number(2_600 * WEEK_DAYS + week * WEEK_DAYS).start()
    }

    fn set(weeks: &[i64]) -> WeekSet {
        weeks
            .iter()
            .fold(WeekSet::default(), |set, &at| set.union(WeekSet::of(week(at))))
    }

    #[test]
    fn weeks_are_counted_once_and_only_in_the_window() {
        let reported = set(&[0, 0, 3, 20, 26, 40]);
        assert_eq!(reported.count_of_last(26, week(40)), 3);
        assert_eq!(reported.count_of_last(26, week(45)), 3, "week 20 is the first of 26");
        assert_eq!(reported.count_of_last(26, week(46)), 2);
        assert_eq!(reported.count_of_last(26, week(25)), 1, "later weeks do not count");
        assert_eq!(reported.count_of_last(26, week(90)), 0);
        assert_eq!(WeekSet::default().count_of_last(26, week(0)), 0);
    }

    #[test]
    fn a_week_ends_on_wednesday() {
        let wednesday = Timestamp::from_secs(1_607_558_400); // 2020-12-10T00:00:00Z, a Thursday
        assert_ne!(week_of(wednesday), week_of(Timestamp::from_secs(1_607_558_399)));
        assert_eq!(
            week_of(wednesday),
            week_of(Timestamp::from_secs(1_607_558_400 + 7 * 86_400 - 1))
        );
        assert_eq!(week_of(Timestamp::from_millis(-1)), 0);
    }

    #[test]
    fn parts_without_their_latest_week_are_refused() {
        assert_eq!(WeekSet::from_parts(0, 0), Some(WeekSet::default()));
        assert_eq!(WeekSet::from_parts(7, 0), None);
        assert_eq!(WeekSet::from_parts(7, 2), None);
        assert_eq!(WeekSet::from_parts(7, 3).map(WeekSet::bits), Some(3));
    }

    proptest! {
        #[test]
        fn merging_is_commutative_and_associative(
            a in prop::collection::vec(0..90i64, 0..9),
            b in prop::collection::vec(0..90i64, 0..9),
            c in prop::collection::vec(0..90i64, 0..9),
        ) {
            let (a, b, c) = (set(&a), set(&b), set(&c));
            prop_assert_eq!(a.union(b), b.union(a));
            prop_assert_eq!(a.union(b).union(c), a.union(b.union(c)));
            prop_assert_eq!(a.union(a), a);
        }

        #[test]
        fn weeks_are_counted_as_a_plain_set_counts_them(
            mut weeks in prop::collection::vec(0..90i64, 0..40),
            later in 0..30i64,
        ) {
            let now = weeks.iter().max().copied().unwrap_or_default() + later;
            let found = set(&weeks).count_of_last(WeekSet::WINDOW_WEEKS, week(now));
            weeks.sort_unstable();
            weeks.dedup();
            let wanted = weeks.iter().filter(|&&at| now - at < i64::from(WeekSet::WINDOW_WEEKS)).count();
            prop_assert_eq!(usize::try_from(found).unwrap(), wanted);
        }
    }
}
