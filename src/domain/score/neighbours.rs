//! How many reported neighbours are enough to label a number that nobody has reported.
//!
//! One or two neighbours may be two mistakes, and they would label a whole block. Three show a pattern in North America,
//! where carriers assign numbers one by one, so that the neighbours of a number belong to others. In other countries a
//! block of 100 or 1,000 is often assigned to one company and its extensions. There, three reported extensions would label
//! the whole company, so a tenth of a block of 100 is asked.

use super::Subject;
use super::bounds::{sigmoid, squeeze};
use crate::domain::evidence::DecayedEvidence;
use crate::domain::model::ScoreModel;
use crate::domain::range::Neighbourhood;

impl ScoreModel {
    /// Whether nothing that counts was reported of the number itself, and too little of its neighbours to label it.
    ///
    /// A neighbour counts 1 at most, and less with time (half-life 60 days). So a sum above 2 takes three of them, and
    /// three remain enough for 35 days.
    pub(super) fn has_few_neighbours(&self, subject: &Subject<'_>, decayed: &DecayedEvidence) -> bool {
        let least = if subject.number.country_code() == 1 {
            self.rules.range_label_from
        } else {
            self.rules.range_label_from_elsewhere
        };
        let most = f64::from(least.saturating_sub(1));
        decayed.last_at.is_none() && subject.neighbourhood.ten_thousand.long <= most
    }

    /// Caps a score that few neighbours raised: it stays below `range_few_most`, unless it was above without them.
    pub(super) fn held_by_few_neighbours(
        &self,
        subject: &Subject<'_>,
        decayed: &DecayedEvidence,
        log_odds: f64,
        value: f64,
    ) -> f64 {
        let most = self.rules.range_few_most;
        if value <= most - 1.0 || !self.has_few_neighbours(subject, decayed) {
            return value;
        }
        let points = |around: &Neighbourhood| self.evidence_log_odds(&self.features(subject, decayed, around));
        let lift = points(&subject.neighbourhood) - points(&Neighbourhood::default());
        let without = 100.0 * sigmoid(log_odds - lift);
        squeeze(value, most).max(without.min(value))
    }
}
