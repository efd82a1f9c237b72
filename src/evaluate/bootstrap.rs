//! Confidence intervals: how much the figures vary with the exchanges and the days.
//!
//! The numbers of one exchange depend on each other, and so do the calls of one day. So both are resampled: every
//! exchange and every day gets a Poisson weight of mean 1, and the weight of a sample is the product (the pigeonhole
//! bootstrap of Owen, 2007, Annals of Applied Statistics 1). Intervals run from the 2.5th to the 97.5th percentile.

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::FLAGGED;
use super::reliability::{BANDS, band_of, posterior};
use super::samples::{ScoredSample, ScoredSamples};
use crate::domain::day::Day;
use crate::number::E164;

/// The number of draws.
pub(super) const DRAWS: u64 = 200;
/// `exp(-1)`, for Poisson weights of mean 1.
const STOP: f64 = 0.367_879_441_171_442_33;

/// Intervals of the figures.
#[derive(Debug)]
pub(super) struct Intervals {
    /// Of the share of complaint calls stopped, for each of [`FLAGGED`].
    pub stopped: [[f64; 2]; FLAGGED.len()],
    /// Of the posterior of each band of scores.
    pub posterior: [[f64; 2]; BANDS],
}

/// The figures of one draw.
struct BootstrapDraw {
    stopped: [f64; FLAGGED.len()],
    posterior: [f64; BANDS],
}

/// The intervals of the figures of sorted samples, at this prior.
#[must_use]
pub(super) fn intervals(samples: &ScoredSamples, prior: f64) -> Intervals {
    let draws: Vec<BootstrapDraw> = (0..DRAWS)
        .into_par_iter()
        .map(|seed| draw(samples, prior, seed))
        .collect();
    let mut intervals = Intervals {
        stopped: [[0.0; 2]; FLAGGED.len()],
        posterior: [[0.0; 2]; BANDS],
    };
    for (place, interval) in intervals.stopped.iter_mut().enumerate() {
        *interval = percentiles(draws.iter().filter_map(|draw| draw.stopped.get(place).copied()));
    }
    for (place, interval) in intervals.posterior.iter_mut().enumerate() {
        *interval = percentiles(draws.iter().filter_map(|draw| draw.posterior.get(place).copied()));
    }
    intervals
}

fn draw(samples: &ScoredSamples, prior: f64, seed: u64) -> BootstrapDraw {
    let weigh = |sample: &ScoredSample| exchange_weight(sample.number, seed) * day_weight(sample.day, seed);
    let (legitimate, legitimate_bands) = weights(&samples.legitimate, |sample| weigh(sample));
    let (calls, call_bands) = weights(&samples.complaints, |sample| weigh(sample) * f64::from(sample.calls));
    let (all_legitimate, all_calls): (f64, f64) = (legitimate.iter().sum(), calls.iter().sum());
    let mut stopped = [0.0; FLAGGED.len()];
    for (stopped, (_, share)) in stopped.iter_mut().zip(FLAGGED) {
        let threshold = weighted_threshold(&samples.legitimate, &legitimate, share * all_legitimate);
        let above = samples.complaints.partition_point(|sample| sample.score > threshold);
        *stopped = calls.iter().take(above).sum::<f64>() / all_calls.max(f64::MIN_POSITIVE);
    }
    let mut posteriors = [0.0; BANDS];
    for ((value, calls), legitimate) in posteriors.iter_mut().zip(call_bands).zip(legitimate_bands) {
        *value = posterior(prior, calls / all_calls, legitimate / all_legitimate);
    }
    BootstrapDraw {
        stopped,
        posterior: posteriors,
    }
}

/// The weight of every sample and of every band.
fn weights(samples: &[ScoredSample], weigh: impl Fn(&ScoredSample) -> f64) -> (Vec<f64>, [f64; BANDS]) {
    let mut bands = [0.0; BANDS];
    let weights = samples
        .iter()
        .map(|sample| {
            let weight = weigh(sample);
            if let Some(band) = bands.get_mut(band_of(sample.score)) {
                *band += weight;
            }
            weight
        })
        .collect();
    (weights, bands)
}

fn weighted_threshold(sorted: &[ScoredSample], weights: &[f64], allowed: f64) -> f64 {
    let mut sum = 0.0;
    for (sample, weight) in sorted.iter().zip(weights) {
        sum += weight;
        if sum > allowed {
            return sample.score;
        }
    }
    0.0
}

/// The weight of the exchange of a number in a draw.
pub(super) fn exchange_weight(number: E164, seed: u64) -> f64 {
    let exchange = number.without_last(4);
    poisson(xxh3_64_with_seed(&exchange.to_le_bytes(), 2 * seed))
}

/// The weight of a day in a draw.
pub(super) fn day_weight(day: Day, seed: u64) -> f64 {
    poisson(xxh3_64_with_seed(&day.number().to_le_bytes(), 2 * seed + 1))
}

/// A Poisson variate of mean 1, by inversion of a uniform one.
fn poisson(hash: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "the top 53 bits fit")]
    let uniform = (hash >> 11) as f64 / (1u64 << 53) as f64;
    let (mut count, mut term, mut sum) = (0.0, STOP, STOP);
    while uniform > sum && count < 16.0 {
        count += 1.0;
        term /= count;
        sum += term;
    }
    count
}

/// The 2.5th and the 97.5th percentile.
pub(super) fn percentiles(values: impl Iterator<Item = f64>) -> [f64; 2] {
    // Without this addition, a sum of nothing would be printed as -0.
    let mut values: Vec<f64> = values
        .map(|value| value + 0.0)
        .filter(|value| value.is_finite())
        .collect();
    values.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a few hundred"
        )]
        let place = (share * values.len().saturating_sub(1) as f64).round() as usize;
        values.get(place).copied().unwrap_or_default()
    };
    [at(0.025), at(0.975)]
}

#[cfg(test)]
mod tests {
    use super::super::rank::{stopped, threshold};
    use super::super::samples::ComplaintHistory;
    use super::*;
    use crate::domain::kinds::Action;

    /// Sixty exchanges with different shares of complaints on ten days, each with a complaint call and a legitimate
    /// number.
    fn samples() -> ScoredSamples {
        let mut samples = ScoredSamples::default();
        for place in 0..600u64 {
            let (exchange, day) = (place % 60, i64::try_from(place / 60).unwrap());
            let sample = |score: u64| ScoredSample {
                day: Day::from_number(18_500 + day),
                number: E164::from_digits(14_150_000_000 + exchange * 10_000 + 200).unwrap(),
                calls: 1,
                score: f64::from(u32::try_from(score).unwrap()) / 10.0,
                log_odds: 0.0,
                action: Action::Allow,
                history: ComplaintHistory::Recent,
                seen_30d: 0,
                seen_90d: 0,
                withheld: false,
                by_range: false,
            };
            samples.complaints.push(sample(place * 7_919 % 1_000));
            samples.legitimate.push(sample(place * 104_729 % 600 + exchange));
        }
        samples.sort();
        samples
    }

    #[test]
    fn intervals_hold_what_was_found() {
        let samples = samples();
        let intervals = intervals(&samples, 0.1);
        for ((_, share), [low, high]) in FLAGGED.into_iter().zip(intervals.stopped) {
            let found = stopped(&samples.complaints, threshold(&samples.legitimate, share));
            assert!((low..=high).contains(&found) && low < high, "{low} {found} {high}");
        }
        let share = |samples: &[ScoredSample], band| {
            let within = samples.iter().filter(|sample| band_of(sample.score) == band).count();
            f64::from(u32::try_from(within).unwrap()) / 600.0
        };
        for (band, [low, high]) in intervals.posterior.into_iter().enumerate().take(6) {
            let found = posterior(0.1, share(&samples.complaints, band), share(&samples.legitimate, band));
            assert!((low..=high).contains(&found) && low < high, "{low} {found} {high}");
        }
        let same = super::intervals(&samples, 0.1);
        assert_eq!(same.stopped, intervals.stopped, "the same every time");
    }

    /// Poisson weights of mean 1 have variance 1.
    #[test]
    fn weights_are_of_mean_one() {
        let weights: Vec<f64> = (0..20_000u64)
            .map(|seed| poisson(xxh3_64_with_seed(&seed.to_le_bytes(), 1)))
            .collect();
        let mean = weights.iter().sum::<f64>() / 20_000.0;
        let variance = weights.iter().map(|weight| (weight - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(
            (mean - 1.0).abs() < 0.03 && (variance - 1.0).abs() < 0.05,
            "{mean} {variance}"
        );
    }
}
