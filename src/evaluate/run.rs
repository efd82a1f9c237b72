//! The replay itself.

use std::sync::Arc;

use hashbrown::HashMap;
use rayon::prelude::*;

use super::complaint_categories;
use super::figures::{Beside, Figures};
use super::repeat_reports::RepeatReportTally;
use super::samples::{ComplaintHistory, ScoredSample, ScoredSamples};
use super::{AGAIN_DAYS, AGAIN_SEEN_DAYS, RANDOM_NUMBERS};
use crate::domain::day::Day;
use crate::domain::kinds::Action;
use crate::domain::model::ScoreModel;
use crate::domain::policy::{Facts, Policy};
use crate::number::E164;
use crate::replay::{ComplaintCalls, ComplaintDays, Complaints, Half, LegitimateNumber, ReplayHistory, ReplayProgress};
use crate::shard::Shard;

/// Shards that are counted together. Each count takes a megabyte.
const SHARDS_TOGETHER: usize = 16;
/// A number with at least this score would be blocked.
const BLOCKED_FROM: f64 = 80.0;

/// One model for all numbers, or one for each half of the numbers.
#[derive(Clone, Debug)]
pub enum Models {
    /// One model for all numbers.
    One(Arc<ScoreModel>),
    /// Cross-fit: a number is scored by the model that was fitted without the legitimate numbers of its half.
    CrossFit {
        /// For numbers of half 0. Fitted with half 1.
        zero: Arc<ScoreModel>,
        /// For numbers of half 1. Fitted with half 0.
        one: Arc<ScoreModel>,
    },
}

/// The inputs of an evaluation.
#[derive(Debug)]
pub struct EvaluationPlan<'a> {
    /// The complaints, sorted.
    pub complaints: &'a Complaints,
    /// Legitimate numbers with their kinds.
    pub legitimate: &'a [LegitimateNumber],
    /// The first day to score.
    pub from: Day,
    /// The last day to score.
    pub to: Day,
    /// The delay of complaints in days. 0 means that all complaints of the day before are known.
    pub lag_days: i64,
    /// The models to evaluate.
    pub models: Models,
    /// Whether scores that rest only on the neighbourhood are capped, as in lookups. The cap limits the action, not the
    /// meaning of a score, and a tenant may lift it. So a model is measured without the cap.
    pub as_served: bool,
    /// The thresholds of the actions that are counted.
    pub policy: Policy,
    /// Whether a single report may block a call.
    pub single_report_blocks: bool,
}

impl Models {
    /// The model that defines the evidence and the ranges for all of them.
    #[must_use]
    pub fn base(&self) -> &Arc<ScoreModel> {
        match self {
            Self::One(model) | Self::CrossFit { zero: model, .. } => model,
        }
    }

    /// The model that scores a number.
    #[must_use]
    pub fn of(&self, number: E164) -> &ScoreModel {
        match self {
            Self::One(model) => model,
            Self::CrossFit { zero, one } => match Half::of(number) {
                Half::Zero => zero,
                Half::One => one,
            },
        }
    }

    /// The same models without the cap on scores that rest only on the neighbourhood.
    fn uncapped(&self) -> Self {
        let lift = |model: &Arc<ScoreModel>| {
            let mut model = ScoreModel::clone(model);
            model.rules.range_only_most = 100.0;
            model.rules.range_few_most = 100.0;
            Arc::new(model)
        };
        match self {
            Self::One(model) => Self::One(lift(model)),
            Self::CrossFit { zero, one } => Self::CrossFit {
                zero: lift(zero),
                one: lift(one),
            },
        }
    }

    fn versions(&self) -> Vec<String> {
        match self {
            Self::One(model) => vec![model.version.clone()],
            Self::CrossFit { zero, one } => vec![zero.version.clone(), one.version.clone()],
        }
    }
}

/// Replays the complaints and scores every day of the plan. Returns the sorted samples and the figures.
#[must_use]
pub fn run(plan: &EvaluationPlan<'_>, progress: ReplayProgress<'_>) -> (ScoredSamples, Figures) {
    let mut replay = Replay::new(plan);
    let calls = plan.complaints.calls();
    let within = |call: &ComplaintCalls| (plan.from..=plan.to).contains(&call.day);
    let mut days = 0;
    for calls in calls
        .chunk_by(|a, b| a.day == b.day)
        .filter(|calls| calls.first().is_some_and(within))
    {
        if let Some(call) = calls.first() {
            replay.day(call.day, calls);
            progress(replay.history.known(), plan.complaints.rows().len());
            days += 1;
        }
    }
    replay.finish(days)
}

struct Replay<'a> {
    plan: &'a EvaluationPlan<'a>,
    models: Models,
    history: ReplayHistory<'a>,
    seen: ComplaintDays,
    /// The day of the last complaint.
    last: Option<Day>,
    /// First complaints before this day are already handled. At the start this is the first day of the period, so that
    /// earlier first complaints are left out.
    heard_until: Day,
    samples: ScoredSamples,
    again: RepeatReportTally,
    /// Numbers with a first complaint in the period that have not reached 80, with the day of that complaint.
    below_80: HashMap<E164, Day, foldhash::fast::RandomState>,
    first_complained: usize,
    days_to_80: Vec<i64>,
}

impl<'a> Replay<'a> {
    fn new(plan: &'a EvaluationPlan<'a>) -> Self {
        Self {
            plan,
            models: if plan.as_served {
                plan.models.clone()
            } else {
                plan.models.uncapped()
            },
            history: ReplayHistory::new(plan.complaints, Arc::clone(plan.models.base())),
            seen: ComplaintDays::new(plan.complaints),
            last: plan.complaints.rows().last().map(|row| Day::of(row.received_at)),
            heard_until: plan.from,
            samples: ScoredSamples::default(),
            again: RepeatReportTally::default(),
            below_80: HashMap::default(),
            first_complained: 0,
            days_to_80: Vec::new(),
        }
    }

    /// Scores a day with the knowledge of the evening before, or of `lag_days` days earlier.
    fn day(&mut self, day: Day, calls: &[ComplaintCalls]) {
        let known_until = day.plus(-self.plan.lag_days);
        let mut heard: Vec<E164> = self
            .history
            .advance(known_until.start())
            .iter()
            .map(|row| row.number)
            .collect();
        heard.sort_unstable();
        heard.dedup();
        self.watch(day, known_until, &heard);
        let complaints: Vec<(E164, u32)> = calls.iter().map(|call| (call.number, call.calls)).collect();
        let legitimate: Vec<(E164, u32)> = self.plan.legitimate.iter().map(|known| (known.number, 1)).collect();
        let random = self.history.exchanges().random_numbers(day, RANDOM_NUMBERS);
        let random: Vec<(E164, u32)> = random.into_iter().map(|number| (number, 1)).collect();
        let score = |numbers: &[(E164, u32)]| -> Vec<ScoredSample> {
            let one = |&(number, calls): &(E164, u32)| self.sample(day, known_until, number, calls);
            numbers.par_iter().map(one).collect()
        };
        let (complaints, legitimate, random) = (score(&complaints), score(&legitimate), score(&random));
        self.samples.complaints.extend(complaints);
        self.samples.legitimate.extend(legitimate);
        self.samples.random.extend(random);
        let is_told = self
            .last
            .is_some_and(|last| day.plus(AGAIN_DAYS - 1) <= last.min(self.plan.to));
        if day.is_tuesday() && is_told {
            self.foretell(day, known_until);
        }
    }

    fn sample(&self, day: Day, known_until: Day, number: E164, calls: u32) -> ScoredSample {
        let measured = self.measure(day, number);
        let seen = |days: i64| self.seen.count(number, day.plus(-days), known_until);
        let few = |count: usize| u8::try_from(count).unwrap_or(u8::MAX);
        let (seen_30d, seen_90d) = (few(seen(30)), few(seen(90)));
        let history = if seen_30d > 0 {
            ComplaintHistory::Recent
        } else if self.seen.first(number).is_some_and(|first| first < known_until) {
            ComplaintHistory::Earlier
        } else if number.is_toll_free_shape() {
            ComplaintHistory::NewTollFree
        } else {
            ComplaintHistory::NewGeographic
        };
        ScoredSample {
            day,
            number,
            calls,
            score: rounded(measured.score),
            log_odds: measured.log_odds,
            action: measured.action,
            history,
            seen_30d,
            seen_90d,
            withheld: measured.withheld,
            by_range: measured.by_range,
        }
    }

    /// Looks a number up as it is served, and once more without the cap if scores are measured without it.
    fn measure(&self, day: Day, number: E164) -> Measured {
        let (index, policy) = (self.history.index(), &self.plan.policy);
        let served = self.plan.models.of(number);
        let mut measured = index.look_up_with(served, number, day.start(), |known| {
            let verdict = known.weighed.verdict;
            let facts = Facts {
                single_report_blocks: self.plan.single_report_blocks,
                ..Facts::of(verdict)
            };
            let (score, action) = (verdict.value.unwrap_or(0.0), policy.decide(&facts).action);
            Measured {
                score,
                log_odds: known.weighed.evidence_log_odds,
                action,
                withheld: action == Action::Label && score >= policy.block_from,
                by_range: action != Action::Allow && verdict.range_only,
            }
        });
        if !self.plan.as_served {
            let value = index.look_up_with(self.models.of(number), number, day.start(), |known| {
                known.weighed.verdict.value
            });
            measured.score = value.unwrap_or(0.0);
        }
        measured
    }

    /// Measures the days from the first complaint to a score of 80. `heard` are the numbers with a complaint since the
    /// last day: only a complaint can raise a score that far.
    fn watch(&mut self, day: Day, known_until: Day, heard: &[E164]) {
        for number in heard {
            let first = self.seen.first(*number).filter(|first| *first >= self.heard_until);
            if let Some(first) = first {
                self.first_complained += 1;
                self.below_80.insert(*number, first);
            }
            let Some(first) = self.below_80.get(number).copied() else {
                continue;
            };
            let model = self.models.of(*number);
            let index = self.history.index();
            let value = index.look_up_with(model, *number, day.start(), |known| known.weighed.verdict.value);
            if value.is_some_and(|value| value >= BLOCKED_FROM) {
                self.below_80.remove(number);
                self.days_to_80.push(day.number() - first.number());
            }
        }
        self.heard_until = known_until.max(self.heard_until);
    }

    /// For each number with a recent complaint, notes the predicted probability of a complaint within a week, and
    /// whether there was one.
    fn foretell(&mut self, day: Day, known_until: Day) {
        let index = self.history.index();
        let shards: Vec<Shard> = Shard::all().collect();
        let of_shards = |shards: &[Shard]| {
            let mut again = RepeatReportTally::default();
            let numbers = shards
                .iter()
                .flat_map(|shard| index.numbers_of(*shard, None, usize::MAX));
            for number in numbers {
                if self.seen.count(number, day.plus(-AGAIN_SEEN_DAYS), known_until) == 0 {
                    continue;
                }
                let model = self.models.of(number);
                let probability =
                    index.look_up_with(model, number, day.start(), |known| model.again_in_7d(&known.weighed));
                let reported = self.seen.count(number, day, day.plus(AGAIN_DAYS)) > 0;
                again.note(probability, reported);
            }
            again
        };
        // Merged in the order of the shards, so that every run gives the same figures to the last digit.
        let noted: Vec<RepeatReportTally> = shards.par_chunks(SHARDS_TOGETHER).map(of_shards).collect();
        noted.iter().for_each(|noted| self.again.merge(noted));
    }

    fn finish(mut self, days: usize) -> (ScoredSamples, Figures) {
        self.samples.sort();
        let beside = Beside {
            models: self.plan.models.versions(),
            as_served: self.plan.as_served,
            days,
            prior: self.plan.models.base().prior,
            again: self.again.figures(),
            days_to_80: self.days_to_80,
            first_complained: self.first_complained,
            legitimate: self.plan.legitimate,
            categories: complaint_categories::by_category(self.plan, &self.samples.complaints),
            policy: self.plan.policy,
        };
        let figures = Figures::new(&self.samples, beside);
        (self.samples, figures)
    }
}

/// The score of a number, its evidence, and the action on its calls.
struct Measured {
    score: f64,
    log_odds: f64,
    action: Action,
    withheld: bool,
    by_range: bool,
}

/// Rounds to six decimals, as files do, so that a reader of the files finds the same thresholds.
fn rounded(score: f64) -> f64 {
    (score * 1e6).round() / 1e6
}
