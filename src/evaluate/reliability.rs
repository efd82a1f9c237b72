//! Whether a score means what it says: if one call in ten is unwanted, four in five calls with a score of 80 are.

use serde::Serialize;

use super::rank::ratio;
use super::samples::{Sample, Samples, calls};

/// Bands of scores, each this wide.
const WIDTH: f64 = 10.0;
/// How many bands there are.
pub(super) const BANDS: usize = 10;
/// A band with fewer legitimate number-days tells nothing.
const DAYS_MIN: usize = 30;
/// Nor does one with fewer legitimate numbers.
const NUMBERS_MIN: usize = 10;
/// A score this close to what it should be says what it means, points.
pub(super) const TOLERANCE: f64 = 5.0;

/// One band of scores.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Band {
    /// Scores from here.
    pub from: f64,
    /// Scores below this.
    pub to: f64,
    /// Share of all complaint calls.
    pub share_of_calls: f64,
    /// Share of all legitimate number-days.
    pub share_of_legitimate: f64,
    /// Legitimate number-days.
    pub legitimate_number_days: usize,
    /// Legitimate numbers.
    pub legitimate_numbers: usize,
    /// What the scores of the band say on average, weighted as the prior mixes calls.
    pub mean_score: f64,
    /// What they should say, of 100: how many of the calls with such a score are complaint calls, at the prior.
    pub posterior: f64,
    /// The 95 % interval of `posterior` over exchanges and days.
    pub interval: [f64; 2],
}

impl Band {
    /// Whether it says what it should: within 5 points, or inside the interval.
    #[must_use]
    pub fn is_reliable(&self) -> bool {
        let [low, high] = self.interval;
        (self.mean_score - self.posterior).abs() <= TOLERANCE || (low..=high).contains(&self.mean_score)
    }
}

/// Which band a score lies in.
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

/// How many in 100 calls are complaint calls, where a share of all of them meets a share of legitimate ones.
#[must_use]
pub(super) fn posterior(prior: f64, share_of_calls: f64, share_of_legitimate: f64) -> f64 {
    let (bad, good) = (prior * share_of_calls, (1.0 - prior) * share_of_legitimate);
    100.0 * bad / (bad + good)
}

/// The bands that hold enough legitimate numbers to tell. `intervals` are those of all bands.
#[must_use]
pub(super) fn bands(samples: &Samples, prior: f64, intervals: &[[f64; 2]; BANDS]) -> Vec<Band> {
    let mut bands = Vec::new();
    for (place, interval) in intervals.iter().enumerate() {
        let within = |samples: &[Sample]| -> Vec<Sample> {
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
fn mean(samples: &[Sample]) -> f64 {
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
        // Four in five, where calls are 36 times as frequent as legitimate ones at a prior of one in ten.
        assert!((posterior(0.1, 0.36, 0.01) - 80.0).abs() < 1e-9);
    }
}
