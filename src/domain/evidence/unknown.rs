//! How much complaints about calls of unknown signing count for a call that the owner of the number signed.

use serde::{Deserialize, Serialize};

/// The factor on complaints of unknown signing, for a call with attestation A: 1 for a new number, falling in a straight
/// line to a floor for a number that has been reported for weeks.
///
/// A judgement, since no feed says how the calls were signed. Fraudsters drop a number within days; a number that has been
/// reported for weeks belongs to somebody who keeps it, and complaints are then mostly about calls of others who show it.
/// The owner signs, and others cannot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UnknownWhenEstablished {
    /// Up to this many weeks with a report, of the last 26, the factor is 1.
    pub from_weeks: u32,
    /// From this many weeks on, it is `floor`.
    pub to_weeks: u32,
    /// The least factor, from 0 to 1.
    pub floor: f64,
}

impl UnknownWhenEstablished {
    /// From 2 to 8 weeks the factor falls to a quarter: with 8 weeks a number is established, and three complaints in four
    /// are taken to be about calls of others.
    pub const DEFAULT: Self = Self {
        from_weeks: 2,
        to_weeks: 8,
        floor: 0.25,
    };

    /// The factor for a number with reports in this many of the last weeks.
    #[must_use]
    pub fn factor(&self, weeks: u32) -> f64 {
        let beyond = f64::from(weeks.saturating_sub(self.from_weeks));
        let whole = f64::from(self.to_weeks.saturating_sub(self.from_weeks)).max(1.0);
        1.0 - (1.0 - self.floor) * (beyond / whole).min(1.0)
    }
}

impl Default for UnknownWhenEstablished {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_factor_falls_from_one_to_the_floor() {
        let rule = UnknownWhenEstablished::DEFAULT;
        for (weeks, factor) in [(0, 1.0), (1, 1.0), (2, 1.0), (5, 0.625), (8, 0.25), (26, 0.25)] {
            assert!((rule.factor(weeks) - factor).abs() < 1e-12, "{weeks} weeks");
        }
    }

    proptest! {
        #[test]
        fn the_factor_stays_in_bounds_and_never_rises(from in 0..30u32, to in 0..30u32, floor in 0.0..=1.0f64) {
            let rule = UnknownWhenEstablished { from_weeks: from, to_weeks: to, floor };
            let factors: Vec<f64> = (0..40).map(|weeks| rule.factor(weeks)).collect();
            prop_assert!(factors.iter().all(|factor| (floor - 1e-12..=1.0).contains(factor)));
            prop_assert!(factors.windows(2).all(|pair| pair[1] <= pair[0]));
            prop_assert!((factors[0] - 1.0).abs() < 1e-12);
        }
    }
}
