//! Thresholds, and the shares above them. *Flagged* means a score strictly above the threshold.

use super::samples::{ScoredSample, calls};

/// The lowest threshold that flags at most this share of the samples. They must be sorted, highest score first.
#[must_use]
pub(super) fn threshold(sorted: &[ScoredSample], share: f64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count is a count"
    )]
    let allowed = (share * sorted.len() as f64).floor() as usize;
    // The first sample that may not be flagged. Samples with the same score are not flagged either.
    sorted.get(allowed).map_or(0.0, |sample| sample.score)
}

/// Share of samples above a threshold.
#[must_use]
pub(super) fn flagged(samples: &[ScoredSample], threshold: f64) -> f64 {
    let above = samples.iter().filter(|sample| sample.score > threshold).count() as u64;
    ratio(above, samples.len() as u64)
}

/// Share of complaint calls above a threshold.
#[must_use]
pub(super) fn stopped(samples: &[ScoredSample], threshold: f64) -> f64 {
    let above = samples.iter().filter(|sample| sample.score > threshold);
    ratio(above.map(|sample| u64::from(sample.calls)).sum(), calls(samples))
}

/// The share of a part in a whole. 0 if the whole is 0.
#[must_use]
pub(super) fn ratio(part: u64, whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^53")]
    let (part, whole) = (part as f64, whole as f64);
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::super::samples::ComplaintHistory;
    use super::*;
    use crate::domain::day::Day;
    use crate::domain::kinds::Action;
    use crate::number::E164;

    fn samples(scores: &[f64]) -> Vec<ScoredSample> {
        let day: Day = "2020-11-03".parse().unwrap();
        let one = |score: &f64| ScoredSample {
            day,
            number: E164::from_digits(14_155_550_199).unwrap(),
            calls: 2,
            score: *score,
            log_odds: 0.0,
            action: Action::Allow,
            history: ComplaintHistory::Recent,
            seen_30d: 0,
            seen_90d: 0,
            withheld: false,
            by_range: false,
        };
        scores.iter().map(one).collect()
    }

    #[test]
    fn no_more_than_the_share_is_flagged() {
        let distinct = samples(&[9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.5]);
        let at = threshold(&distinct, 0.2);
        assert!((at - 7.0).abs() < 1e-12);
        assert!((flagged(&distinct, at) - 0.2).abs() < 1e-12);
        // Samples with the same score are flagged together or not at all.
        let equal = samples(&[9.0, 7.0, 7.0, 7.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        assert!((flagged(&equal, threshold(&equal, 0.2)) - 0.1).abs() < 1e-12);
        assert!((stopped(&equal, threshold(&equal, 0.2)) - 0.1).abs() < 1e-12);
        assert!(flagged(&[], threshold(&[], 0.2)).abs() < 1e-12);
    }
}
