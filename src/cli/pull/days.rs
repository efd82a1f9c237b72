//! Which days have a file, and how many missing days are an alarm.
//!
//! The FTC publishes on weekdays, and not on public holidays. So Saturdays and Sundays may be missing without a word, and
//! so may one weekday in a row: two holidays in a row are rare, and a file that is two working days late is worth a look.

use crate::domain::day::Day;

/// Whether a day is a Saturday or a Sunday.
pub(super) fn is_weekend(day: Day) -> bool {
    // 1970-01-01 was a Thursday, so 0 is Monday here.
    (day.number() + 3).rem_euclid(7) >= 5
}

/// Days without a file, one after the other.
#[derive(Debug, Default)]
pub(super) struct MissingDays {
    /// First and last day, and number of days that count; none if the last day had a file.
    current: Option<(Day, Day, u32)>,
    /// The first row of days that was too long.
    alarm: Option<(Day, Day, u32)>,
    /// Number of all days that count.
    total: u32,
}

impl MissingDays {
    /// A day without a file. `counts` is false on a day on which none is expected.
    pub(super) fn miss(&mut self, day: Day, counts: bool, allowed: u32) {
        if !counts {
            return;
        }
        let (from, _, before) = self.current.unwrap_or((day, day, 0));
        let row = (from, day, before + 1);
        self.current = Some(row);
        self.total += 1;
        let is_same = self.alarm.is_some_and(|(first, ..)| first == from);
        if row.2 > allowed && (self.alarm.is_none() || is_same) {
            self.alarm = Some(row);
        }
    }

    /// A day with a file.
    pub(super) fn take(&mut self) {
        self.current = None;
    }

    /// First day, last day and number of days of a row that is too long.
    pub(super) fn alarm(&self) -> Option<(Day, Day, u32)> {
        self.alarm
    }

    /// Number of missing days.
    pub(super) fn total(&self) -> u32 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn weekends_are_known() {
        let weekend: Vec<bool> = (23..=30)
            .map(|date| is_weekend(day(&format!("2026-11-{date}"))))
            .collect();
        // 23 November 2026 is a Monday.
        assert_eq!(weekend, [false, false, false, false, false, true, true, false]);
    }

    #[test]
    fn only_a_row_of_missing_days_is_an_alarm() {
        let mut missing = MissingDays::default();
        missing.miss(day("2026-11-26"), true, 1);
        missing.take();
        missing.miss(day("2026-11-28"), false, 1);
        missing.miss(day("2026-11-30"), true, 1);
        assert_eq!((missing.alarm(), missing.total()), (None, 2));
        missing.miss(day("2026-12-01"), true, 1);
        missing.miss(day("2026-12-02"), true, 1);
        assert_eq!(missing.alarm(), Some((day("2026-11-30"), day("2026-12-02"), 3)));
    }
}
