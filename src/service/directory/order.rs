//! The order of numbers.

use super::Line;
use crate::domain::kinds::NumberSort;
use crate::number::E164;
use crate::shard::Shard;
use crate::store::key;

/// The rank of a number without the value by which is sorted. It comes last in both directions.
pub(super) const LAST: u64 = u64::MAX;

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) struct Order {
    /// The value; none for the order of shards and numbers.
    pub(in crate::service) sort: Option<NumberSort>,
    /// Whether the smallest comes first.
    pub(in crate::service) ascending: bool,
}

/// The place of a number in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::service) struct Place {
    /// Small ranks come first.
    pub(in crate::service) rank: u64,
    /// Orders numbers of the same rank.
    pub(in crate::service) number: E164,
}

impl Order {
    /// The place of a number.
    pub(in crate::service) fn place(self, line: &Line) -> Place {
        let value = match self.sort {
            None => Some(Shard::of_number(line.number).index() as u64),
            Some(NumberSort::Score) => line.score().map(value_of_score),
            Some(NumberSort::LastReported) => {
                let last = line.last_reported();
                last.and_then(|last| u64::try_from(last.millis()).ok())
            }
            Some(NumberSort::ReportCount) => Some(line.reports.into()),
        };
        Place {
            rank: value.map_or(LAST, |value| self.rank(value)),
            number: line.number,
        }
    }

    /// The rank of the numbers with this score, in an order by score.
    pub(super) fn rank_of_score(self, score: f64) -> u64 {
        self.rank(value_of_score(score))
    }

    fn rank(self, value: u64) -> u64 {
        let descending = self.sort.is_some() && !self.ascending;
        if descending {
            (LAST - 1).saturating_sub(value)
        } else {
            value
        }
    }

    /// The place as a page token holds it. Frozen, as tokens outlive releases.
    pub(in crate::service) fn cursor(self, place: Place) -> Vec<u8> {
        let mut cursor = match self.sort {
            None => vec![u8::try_from(place.rank).unwrap_or(u8::MAX)],
            Some(_) => place.rank.to_be_bytes().to_vec(),
        };
        cursor.extend_from_slice(&place.number.digits().to_be_bytes());
        cursor
    }

    /// The place that a page token holds.
    pub(in crate::service) fn place_of(self, cursor: &[u8]) -> Option<Place> {
        let (rank, number) = match self.sort {
            None => cursor
                .split_first()
                .map(|(shard, number)| (u64::from(*shard), number))?,
            Some(_) => {
                let (rank, number) = cursor.split_first_chunk::<8>()?;
                (u64::from_be_bytes(*rank), number)
            }
        };
        let number = key::number_of_id(number)?;
        Some(Place { rank, number })
    }
}

/// The bits of a score: those of floating-point numbers from 0 on are in the order of the numbers.
fn value_of_score(score: f64) -> u64 {
    score.max(0.0).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client may use a page token that another release gave.
    #[test]
    fn cursors_are_frozen_and_read_again() {
        let number = E164::from_digits(14_155_550_199).unwrap();
        let by = |sort| Order { sort, ascending: false };
        let hex = |bytes: Vec<u8>| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
        let place = Place { rank: 7, number };
        let plain = by(None);
        assert_eq!(hex(plain.cursor(place)), "07000000034bbc8df7");
        let sorted = by(Some(NumberSort::Score));
        assert_eq!(hex(sorted.cursor(place)), "0000000000000007000000034bbc8df7");
        for order in [plain, sorted] {
            assert_eq!(order.place_of(&order.cursor(place)), Some(place));
            assert_eq!(order.place_of(b"x"), None);
        }
    }
}
