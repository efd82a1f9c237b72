//! Exponential decay: a report of yesterday counts more than one of last year.

use super::time::Timestamp;

/// The share of a weight that is left `age_days` later, with this half-life in days.
#[must_use]
pub fn remaining(age_days: f64, half_life_days: f64) -> f64 {
    (-age_days / half_life_days).exp2()
}

/// The share left at `now` of a weight that was whole at `then`. It is whole if `then` is after `now`.
#[must_use]
pub fn remaining_at(then: Timestamp, now: Timestamp, half_life_days: f64) -> f64 {
    remaining(now.days_since(then), half_life_days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_life_halves() {
        assert!((remaining(3.0, 3.0) - 0.5).abs() < 1e-15);
        assert!((remaining(0.0, 3.0) - 1.0).abs() < 1e-15);
        assert!((remaining(60.0, 30.0) - 0.25).abs() < 1e-15);
    }
}
