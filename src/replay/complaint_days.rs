//! The days of the complaints of each number, for baselines and labels. No model may see them.

use super::complaints::Complaints;
use crate::domain::day::Day;
use crate::number::E164;

/// All complaints, by number and day of arrival.
#[derive(Debug)]
pub struct ComplaintDays(Vec<(E164, Day)>);

impl ComplaintDays {
    /// Reads them from a file of complaints.
    #[must_use]
    pub fn new(complaints: &Complaints) -> Self {
        let mut days: Vec<(E164, Day)> = complaints
            .rows()
            .iter()
            .map(|row| (row.number, Day::of(row.received_at)))
            .collect();
        days.sort_unstable();
        Self(days)
    }

    /// The count of complaints about a number in the days `from..to`.
    #[must_use]
    pub fn count(&self, number: E164, from: Day, before: Day) -> usize {
        let place = |day| self.0.partition_point(|known| *known < (number, day));
        place(before).saturating_sub(place(from))
    }

    /// The day of the first complaint about a number.
    #[must_use]
    pub fn first(&self, number: E164) -> Option<Day> {
        let place = self.0.partition_point(|(known, _)| *known < number);
        self.0
            .get(place)
            .filter(|(known, _)| *known == number)
            .map(|(_, day)| *day)
    }
}
