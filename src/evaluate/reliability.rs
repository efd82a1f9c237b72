//! Whether scores are reliable: if one call in ten is unwanted, four in five calls with a score of 80 are
//! unwanted.

use serde::Serialize;

use super::rank::ratio;
use super::samples::{ScoredSample, ScoredSamples, calls};

/// Width of a band of scores.
const WIDTH: f64 = 10.0;
/// Count of bands.
pub(super) const BANDS: usize = 10;
/// A band with fewer legitimate number-days is left out.
const DAYS_MIN: usize = 30;
/// A band with fewer legitimate numbers is left out too.
const NUMBERS_MIN: usize = 10;
/// The largest difference, in points, between a score and its target that still counts as correct.
pub(super) const TOLERANCE: f64 = 5.0;

/// One band of scores.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Band {
    /// Lowest score of the band.
    pub from: f64,
    /// Scores of the band are below this.
    pub to: f64,
    /// The band's share of all complaint calls.
    pub share_of_calls: f64,
    /// The band's share of all legitimate number-days.
    pub share_of_legitimate: f64,
    /// Count of legitimate number-days.
    pub legitimate_number_days: usize,
    /// Count of legitimate numbers.
    pub legitimate_numbers: usize,
    /// Mean score of the band, weighted as the prior mixes calls.
    pub mean_score: f64,
    /// The target of the mean score: the percentage of complaint calls among the calls with such a score, at the prior.
    pub posterior: f64,
    /// The 95 % interval of `posterior` over exchanges and days.
    pub interval: [f64; 2],
}

impl Band {
    /// Whether the mean score is within 5 points of the target, or inside its interval.
    #[must_use]
    pub fn is_reliable(&self) -> bool {
        let [low, high] = self.interval;
        (self.mean_score - self.posterior).abs() <= TOLERANCE || (low..=high).contains(&self.mean_score)
    }
}

/// The band of a score.
#[must_use]
pub(super) fn band_of(score: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "scores lie between 0 and 100"
    )]
    let band = (score / WIDTH) as usize;
    band.min(BANDS - 1)
}

/// The percentage of complaint calls, from a share of all complaint calls and a share of all legitimate calls.
#[must_use]
pub(super) fn posterior(prior: f64, share_of_calls: f64, share_of_legitimate: f64) -> f64 {
    let (bad, good) = (prior * share_of_calls, (1.0 - prior) * share_of_legitimate);
    100.0 * bad / (bad + good)
}

/// The bands with enough legitimate numbers. `intervals` are those of all bands.
#[must_use]
pub(super) fn bands(samples: &ScoredSamples, prior: f64, intervals: &[[f64; 2]; BANDS]) -> Vec<Band> {
    let mut bands = Vec::new();
    for (place, interval) in intervals.iter().enumerate() {
        let within = |samples: &[ScoredSample]| -> Vec<ScoredSample> {
            samples
                .iter()
                .filter(|sample| band_of(sample.score) == place)
                .copied()
                .collect()
        };
        let (bad, good) = (within(&samples.complaints), within(&samples.legitimate));
        let mut numbers: Vec<_> = good.iter().map(|sample| sample.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        if good.len() < DAYS_MIN || numbers.len() < NUMBERS_MIN {
            continue;
        }
        let share_of_calls = ratio(calls(&bad), calls(&samples.complaints));
        let share_of_legitimate = ratio(good.len() as u64, samples.legitimate.len() as u64);
        let (bad_part, good_part) = (prior * share_of_calls, (1.0 - prior) * share_of_legitimate);
        #[expect(clippy::cast_precision_loss, reason = "ten bands")]
        let from = place as f64 * WIDTH;
        bands.push(Band {
            from,
            to: from + WIDTH,
            share_of_calls,
            share_of_legitimate,
            legitimate_number_days: good.len(),
            legitimate_numbers: numbers.len(),
            mean_score: (bad_part * mean(&bad) + good_part * mean(&good)) / (bad_part + good_part),
            posterior: posterior(prior, share_of_calls, share_of_legitimate),
            interval: *interval,
        });
    }
    bands
}

/// The mean score of calls.
fn mean(samples: &[ScoredSample]) -> f64 {
    let sum: f64 = samples
        .iter()
        .map(|sample| sample.score * f64::from(sample.calls))
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^53")]
    let calls = calls(samples).max(1) as f64;
    sum / calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_and_posteriors() {
        assert_eq!([0.0, 9.99, 10.0, 79.9, 100.0].map(band_of), [0, 0, 1, 7, 9]);
        // Four in five, if the share of calls is 36 times the share of legitimate numbers, at a prior of one in ten.
        assert!((posterior(0.1, 0.36, 0.01) - 80.0).abs() < 1e-9);
    }
}
