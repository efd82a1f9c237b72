//! Complaint calls labelled and blocked as served, by the category that the complaint names.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::legitimate_kinds::ComplaintCallFigures;
use super::run::EvaluationPlan;
use super::samples::ScoredSample;
use super::served::ServedCounts;
use crate::domain::day::Day;
use crate::number::E164;

/// The figures of each category with a complaint call. A call has the action of its number on its day.
#[must_use]
pub(super) fn by_category(
    plan: &EvaluationPlan<'_>,
    samples: &[ScoredSample],
) -> BTreeMap<&'static str, ComplaintCallFigures> {
    let scored: HashMap<(Day, E164), &ScoredSample, foldhash::fast::RandomState> = samples
        .iter()
        .map(|sample| ((sample.day, sample.number), sample))
        .collect();
    let mut counts: BTreeMap<&'static str, ServedCounts> = BTreeMap::new();
    for complaint in plan.complaints.rows() {
        let call = (Day::of(complaint.occurred_at), complaint.number);
        if let Some(sample) = scored.get(&call) {
            counts.entry(complaint.category.name()).or_default().add(sample, 1);
        }
    }
    let all: u64 = counts.values().map(|counts| counts.all).sum();
    let figures = counts
        .iter()
        .map(|(name, counts)| (*name, ComplaintCallFigures::of(counts, all)));
    figures.collect()
}
