//! The figures of an evaluation.

use std::collections::BTreeMap;

use serde::Serialize;

use super::FLAGGED;
use super::bootstrap;
use super::legitimate_kinds::{self, ComplaintCallFigures, LegitimateKindFigures};
use super::months::{self, MonthFigures};
use super::rank::{flagged, ratio, stopped, threshold};
use super::reliability::{self, Band};
use super::repeat_reports::RepeatReportFigures;
use super::samples::{ComplaintHistory, ScoredSample, ScoredSamples, calls};
use super::served::{ServedCounts, ServedShares};
use crate::domain::policy::Policy;
use crate::replay::LegitimateNumber;

/// A score above this blocks a call by default.
const BLOCKED_ABOVE: f64 = 80.0;
/// The share of legitimate number-days flagged at which the calls are split by earlier complaints about their number.
const KINDS_AT: f64 = 0.002;

/// The quality of a model.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// The version of the model. Two versions for a cross-fit.
    pub models: Vec<String>,
    /// Whether scores that rest only on the neighbourhood were capped.
    pub as_served: bool,
    /// The prior of the model: the share of all calls that is unwanted. Some figures need it.
    pub prior: f64,
    /// Count of days that were scored.
    pub days: usize,
    /// Count of complaint calls.
    pub complaints: u64,
    /// Count of legitimate number-days.
    pub legitimate_number_days: usize,
    /// Count of random number-days.
    pub random_number_days: usize,
    /// Share of complaint calls stopped, for each share of legitimate number-days flagged.
    pub stopped_at_flagged: BTreeMap<&'static str, f64>,
    /// Their 95 % intervals over exchanges and days.
    pub stopped_at_flagged_interval: BTreeMap<&'static str, [f64; 2]>,
    /// Share of random numbers flagged at the same thresholds.
    pub random_flagged_at: BTreeMap<&'static str, f64>,
    /// The thresholds.
    pub threshold_at: BTreeMap<&'static str, f64>,
    /// Lists of exact numbers, in the same run.
    pub baselines: BTreeMap<&'static str, BaselineFigures>,
    /// The quality of the prediction that a number is reported again.
    pub again_in_7d: Option<RepeatReportFigures>,
    /// Whether scores mean what they say.
    pub reliability: Vec<Band>,
    /// Days from a number's first complaint until its score is 80 or more: the median of the numbers that reached 80.
    pub time_to_80_days: Option<f64>,
    /// Share of the numbers with a first complaint in the period that reached 80.
    pub reached_80: f64,
    /// Share of legitimate number-days with a score above 80.
    pub legitimate_over_80: f64,
    /// Calls by the earlier complaints about their number.
    pub by_kind: BTreeMap<&'static str, KindFigures>,
    /// The lowest score of a labelled call, in the three figures below.
    pub label_from: f64,
    /// The lowest score of a blocked call.
    pub block_from: f64,
    /// Whether a score that rests on the neighbourhood alone labels a call.
    pub range_label: bool,
    /// Legitimate number-days as served, of all kinds together.
    pub legitimate_numbers: ServedShares,
    /// Legitimate numbers labelled and blocked as served, by kind.
    pub by_legitimate_kind: BTreeMap<String, LegitimateKindFigures>,
    /// Complaint calls labelled and blocked as served.
    pub complaint_calls: BTreeMap<&'static str, ComplaintCallFigures>,
    /// The same by the category of the complaint; `UNSPECIFIED` for complaints that name none.
    pub complaint_calls_by_category: BTreeMap<&'static str, ComplaintCallFigures>,
    /// Whether scores mean the same in every month.
    pub calibration_by_month: BTreeMap<String, MonthFigures>,
}

/// The effect of a list of exact numbers.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct BaselineFigures {
    /// Share of legitimate number-days on the list.
    pub flagged: f64,
    /// Share of complaint calls on the list.
    pub stopped: f64,
}

/// Calls with the same kind of earlier complaints.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct KindFigures {
    /// Share of all complaint calls.
    pub share: f64,
    /// Share of these calls that is stopped if 0.2 % of legitimate number-days are flagged.
    pub stopped: f64,
}

/// The inputs of the figures besides the samples.
#[derive(Debug)]
pub struct Beside<'a> {
    /// The versions of the models.
    pub models: Vec<String>,
    /// Whether scores were capped.
    pub as_served: bool,
    /// Count of days that were scored.
    pub days: usize,
    /// The prior of the models.
    pub prior: f64,
    /// The quality of the prediction that a number is reported again.
    pub again: Option<RepeatReportFigures>,
    /// For each number with a first complaint in the period that reached 80: the days until then.
    pub days_to_80: Vec<i64>,
    /// Count of numbers with a first complaint in the period.
    pub first_complained: usize,
    /// The legitimate numbers with their kinds.
    pub legitimate: &'a [LegitimateNumber],
    /// The complaint calls as served, by category.
    pub categories: BTreeMap<&'static str, ComplaintCallFigures>,
    /// The thresholds of actions.
    pub policy: Policy,
}

impl Figures {
    /// Computes the figures of sorted samples.
    #[must_use]
    pub fn new(samples: &ScoredSamples, beside: Beside<'_>) -> Self {
        let intervals = bootstrap::intervals(samples, beside.prior);
        let at = |share| threshold(&samples.legitimate, share);
        let by_share = |figure: &dyn Fn(f64) -> f64| FLAGGED.map(|(name, share)| (name, figure(at(share)))).into();
        let names = FLAGGED.map(|(name, _)| name);
        Self {
            models: beside.models,
            as_served: beside.as_served,
            prior: beside.prior,
            days: beside.days,
            complaints: calls(&samples.complaints),
            legitimate_number_days: samples.legitimate.len(),
            random_number_days: samples.random.len(),
            stopped_at_flagged: by_share(&|threshold| stopped(&samples.complaints, threshold)),
            stopped_at_flagged_interval: names.into_iter().zip(intervals.stopped).collect(),
            random_flagged_at: by_share(&|threshold| flagged(&samples.random, threshold)),
            threshold_at: by_share(&|threshold| threshold),
            baselines: baselines(samples),
            again_in_7d: beside.again,
            reliability: reliability::bands(samples, beside.prior, &intervals.posterior),
            time_to_80_days: median(beside.days_to_80.clone()),
            reached_80: ratio(beside.days_to_80.len() as u64, beside.first_complained as u64),
            legitimate_over_80: flagged(&samples.legitimate, BLOCKED_ABOVE),
            by_kind: by_kind(&samples.complaints, at(KINDS_AT)),
            label_from: beside.policy.label_from,
            block_from: beside.policy.block_from,
            range_label: beside.policy.range_label,
            legitimate_numbers: ServedCounts::of(&samples.legitimate).shares(),
            by_legitimate_kind: legitimate_kinds::by_legitimate_kind(&samples.legitimate, beside.legitimate),
            complaint_calls: legitimate_kinds::complaint_calls(&samples.complaints),
            complaint_calls_by_category: beside.categories,
            calibration_by_month: months::calibration_by_month(samples, beside.prior),
        }
    }
}

impl Figures {
    /// The figures by kind of legitimate number: the kind with the most blocked first, then by the share labelled.
    #[must_use]
    pub fn kinds_worst_first(&self) -> Vec<(&str, &LegitimateKindFigures)> {
        let named = self.by_legitimate_kind.iter();
        let mut kinds: Vec<_> = named.map(|(name, of)| (name.as_str(), of)).collect();
        kinds.sort_by(|(_, a), (_, b)| {
            let by_blocked = b.blocked.total_cmp(&a.blocked);
            by_blocked.then(b.labelled.total_cmp(&a.labelled))
        });
        kinds
    }
}

fn baselines(samples: &ScoredSamples) -> BTreeMap<&'static str, BaselineFigures> {
    type IsListed = fn(&ScoredSample) -> bool;
    let lists: [(&str, IsListed); 4] = [
        ("seen_30d_1", |sample| sample.seen_30d >= 1),
        ("seen_30d_2", |sample| sample.seen_30d >= 2),
        ("seen_30d_3", |sample| sample.seen_30d >= 3),
        ("seen_90d_1", |sample| sample.seen_90d >= 1),
    ];
    let figures = lists.map(|(name, listed)| {
        let good = samples.legitimate.iter().filter(|sample| listed(sample)).count();
        let bad: Vec<ScoredSample> = samples
            .complaints
            .iter()
            .filter(|sample| listed(sample))
            .copied()
            .collect();
        let figures = BaselineFigures {
            flagged: ratio(good as u64, samples.legitimate.len() as u64),
            stopped: ratio(calls(&bad), calls(&samples.complaints)),
        };
        (name, figures)
    });
    figures.into()
}

fn by_kind(complaints: &[ScoredSample], threshold: f64) -> BTreeMap<&'static str, KindFigures> {
    let all = calls(complaints);
    let figures = ComplaintHistory::ALL.map(|history| {
        let those: Vec<ScoredSample> = complaints
            .iter()
            .filter(|sample| sample.history == history)
            .copied()
            .collect();
        let figures = KindFigures {
            share: ratio(calls(&those), all),
            stopped: stopped(&those, threshold),
        };
        (history.name(), figures)
    });
    figures.into()
}

#[expect(clippy::cast_precision_loss, reason = "days of a few years")]
fn median(mut days: Vec<i64>) -> Option<f64> {
    days.sort_unstable();
    let middle = days.len() / 2;
    let high = *days.get(middle)? as f64;
    if days.len() % 2 == 1 {
        return Some(high);
    }
    Some(f64::midpoint(high, *days.get(middle.checked_sub(1)?)? as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::E164;

    fn sample(history: ComplaintHistory, calls: u32, score: f64) -> ScoredSample {
        ScoredSample {
            day: "2020-11-03".parse().unwrap(),
            number: E164::from_digits(14_155_550_199).unwrap(),
            calls,
            score,
            log_odds: 0.0,
            action: crate::domain::kinds::Action::Allow,
            history,
            seen_30d: 0,
            seen_90d: 0,
            withheld: false,
            by_range: false,
        }
    }

    #[test]
    fn kinds_share_the_calls() {
        let calls = [
            sample(ComplaintHistory::Recent, 3, 90.0),
            sample(ComplaintHistory::Recent, 1, 50.0),
            sample(ComplaintHistory::NewGeographic, 4, 50.1),
            sample(ComplaintHistory::NewTollFree, 2, 10.0),
        ];
        let kinds = by_kind(&calls, 50.0);
        let of = |name: &str| (kinds[name].share, kinds[name].stopped);
        assert_eq!(of("seen_30d"), (0.4, 0.75));
        assert_eq!(of("seen_earlier"), (0.0, 0.0));
        assert_eq!(of("new_geographic"), (0.4, 1.0));
        assert_eq!(of("new_toll_free"), (0.2, 0.0));
    }

    #[test]
    fn medians() {
        assert_eq!(median(Vec::new()), None);
        assert_eq!(median(vec![3, 1, 2]), Some(2.0));
        assert_eq!(median(vec![4, 1, 2, 3]), Some(2.5));
    }
}
