//! Complaints in memory, 32 bytes each.

use hashbrown::HashMap;

use crate::domain::day::Day;
use crate::domain::ids::Area;
use crate::domain::kinds::Category;
use crate::domain::time::Timestamp;
use crate::number::E164;

/// One complaint.
#[derive(Clone, Copy, Debug)]
pub struct Complaint {
    /// The reported number.
    pub number: E164,
    /// The time of the call.
    pub occurred_at: Timestamp,
    /// The time of arrival. The complaint is known from this time on.
    pub received_at: Timestamp,
    /// The category of the call.
    pub category: Category,
    /// The index of the person's area. 0 means none.
    area: u16,
}

/// All calls of one number on one day that were complained about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComplaintCalls {
    /// The day of the calls.
    pub day: Day,
    /// The number.
    pub number: E164,
    /// The count of complaints.
    pub calls: u32,
}

/// A file of complaints.
#[derive(Debug, Default)]
pub struct Complaints {
    rows: Vec<Complaint>,
    areas: Vec<Area>,
    by_name: HashMap<Box<str>, u16, foldhash::fast::RandomState>,
}

impl Complaints {
    /// Adds a complaint. An area that is not a valid name is left out.
    pub fn push(
        &mut self,
        number: E164,
        (occurred_at, received_at): (Timestamp, Timestamp),
        category: Category,
        area: &str,
    ) {
        let area = self.area(area);
        self.rows.push(Complaint {
            number,
            occurred_at,
            received_at,
            category,
            area,
        });
    }

    /// Sorts the complaints by time of arrival. Those of the same time keep their order.
    pub fn sort(&mut self) {
        self.rows.sort_by_key(|complaint| complaint.received_at);
    }

    /// Drops complaints that arrived, or whose call was, after a day, so that nothing uses the future.
    pub fn forget_after(&mut self, day: Day) {
        self.rows
            .retain(|row| Day::of(row.received_at) <= day && Day::of(row.occurred_at) <= day);
    }

    /// Drops complaints that arrived before a day.
    pub fn forget_before(&mut self, day: Day) {
        self.rows.retain(|row| Day::of(row.received_at) >= day);
    }

    /// All complaints.
    #[must_use]
    pub fn rows(&self) -> &[Complaint] {
        &self.rows
    }

    /// The area of the person who complained.
    #[must_use]
    pub fn area_of(&self, complaint: &Complaint) -> Option<&Area> {
        self.areas.get(usize::from(complaint.area).checked_sub(1)?)
    }

    /// The complaint calls, sorted by day and number.
    #[must_use]
    pub fn calls(&self) -> Vec<ComplaintCalls> {
        let mut calls: Vec<(Day, E164)> = self
            .rows
            .iter()
            .map(|row| (Day::of(row.occurred_at), row.number))
            .collect();
        calls.sort_unstable();
        let same = calls.chunk_by(|a, b| a == b);
        same.filter_map(|same| {
            let (day, number) = *same.first()?;
            let calls = u32::try_from(same.len()).unwrap_or(u32::MAX);
            Some(ComplaintCalls { day, number, calls })
        })
        .collect()
    }

    fn area(&mut self, name: &str) -> u16 {
        if let Some(known) = self.by_name.get(name) {
            return *known;
        }
        let place = u16::try_from(self.areas.len() + 1).ok();
        let (Ok(area), Some(place)) = (Area::parse(name), place) else {
            return 0;
        };
        self.areas.push(area);
        self.by_name.insert(name.into(), place);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_count_every_complaint_about_the_day_of_the_call() {
        let [monday, tuesday] = ["2020-11-02", "2020-11-03"].map(|day| day.parse::<Day>().unwrap());
        let [loud, quiet] = [14_155_550_100, 12_125_550_100].map(|digits| E164::from_digits(digits).unwrap());
        let mut complaints = Complaints::default();
        for (number, called, filed) in [
            (loud, monday, tuesday),
            (quiet, tuesday, tuesday),
            (loud, monday, monday),
            (loud, tuesday, tuesday),
            (loud, monday, tuesday),
        ] {
            complaints.push(number, (called.start(), filed.start()), Category::Unspecified, "");
        }
        complaints.sort();
        let call = |day, number, calls| ComplaintCalls { day, number, calls };
        assert_eq!(
            complaints.calls(),
            [call(monday, loud, 3), call(tuesday, quiet, 1), call(tuesday, loud, 1)]
        );
        complaints.forget_after(monday);
        assert_eq!(complaints.calls(), [call(monday, loud, 1)], "the others came later");
        complaints.forget_before(monday);
        assert_eq!(complaints.rows().len(), 1);
        complaints.forget_before(tuesday);
        assert!(complaints.rows().is_empty());
    }
}
