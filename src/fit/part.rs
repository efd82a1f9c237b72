//! The two parts of a model: geographic and toll-free numbers are fitted apart.

use super::shape::{self, Shape};
use crate::number::E164;

/// The assumed share of wanted calls that come from toll-free numbers. Complaints do not tell it.
pub(super) const TOLL_FREE_SHARE_OF_WANTED: f64 = 0.05;
/// Points taken off geographic numbers, a judgement: a label on a legitimate call costs more than a missing label on an
/// unwanted one.
const CAUTION: f64 = 0.6;

/// A part of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All numbers but toll-free numbers of North America.
    Geographic,
    /// Toll-free numbers of North America.
    TollFree,
}

impl Part {
    /// Both parts.
    pub(super) const BOTH: [Self; 2] = [Self::Geographic, Self::TollFree];

    /// The part of a number.
    #[must_use]
    pub(super) fn of(number: E164) -> Self {
        if number.is_toll_free_shape() {
            Self::TollFree
        } else {
            Self::Geographic
        }
    }

    /// The terms to fit.
    #[must_use]
    pub(super) fn terms(self) -> Vec<Shape> {
        match self {
            Self::Geographic => shape::geographic_terms(),
            Self::TollFree => shape::toll_free_terms(),
        }
    }

    /// The strength of the ridge that pulls every weight towards 0, relative to the mean loss. For geographic numbers it
    /// only fixes weights for which there is no sample. Few legitimate toll-free numbers have reports, so theirs is
    /// stronger.
    #[must_use]
    pub(super) fn ridge(self) -> f64 {
        match self {
            Self::Geographic => 1e-5,
            Self::TollFree => 2e-3,
        }
    }

    /// Points taken off the sum.
    #[must_use]
    pub(super) fn caution(self) -> f64 {
        match self {
            Self::Geographic => CAUTION,
            Self::TollFree => 0.0,
        }
    }

    /// The logarithm of how much more common the part is among complaint calls than among wanted calls.
    #[must_use]
    pub(super) fn log_odds(self, toll_free_share_of_complaints: f64) -> f64 {
        let (complaints, wanted) = (toll_free_share_of_complaints, TOLL_FREE_SHARE_OF_WANTED);
        match self {
            Self::Geographic => ((1.0 - complaints) / (1.0 - wanted)).ln(),
            Self::TollFree => (complaints / wanted).ln(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The odds of both parts make up all calls: the shares of wanted calls, times these odds, are those of complaint
    /// calls.
    #[test]
    fn the_odds_of_the_parts_turn_wanted_calls_into_complaint_calls() {
        let share = 0.08;
        let toll_free = TOLL_FREE_SHARE_OF_WANTED * Part::TollFree.log_odds(share).exp();
        let geographic = (1.0 - TOLL_FREE_SHARE_OF_WANTED) * Part::Geographic.log_odds(share).exp();
        assert!((toll_free - share).abs() < 1e-12);
        assert!((toll_free + geographic - 1.0).abs() < 1e-12);
        assert_eq!(Part::of(E164::from_digits(18_005_550_199).unwrap()), Part::TollFree);
        assert_eq!(Part::of(E164::from_digits(14_155_550_199).unwrap()), Part::Geographic);
    }
}
