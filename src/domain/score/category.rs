//! The category of a call, and the brand it impersonates.

use super::Subject;
use crate::domain::brand::Brand;
use crate::domain::evidence::{DecayedEvidence, UnprovenStep};
use crate::domain::kinds::Category;
use crate::domain::model::ScoreModel;
use crate::domain::origin::Origin;

/// How common each category is around the number, in shares of 1.
pub type CategoryPrior = Vec<(Category, f64)>;

impl ScoreModel {
    /// `(n_k + s p_k) / (sum n + s)`, with the prior p of the block and of all numbers. A category is named only where
    /// it stands out in the number's own reports: neighbours accuse nobody of a kind of fraud. Once
    /// unproven reporters label the number, it is the category that more than half of them name, unless others name one, too.
    pub(super) fn category(
        &self,
        subject: &Subject<'_>,
        decayed: &DecayedEvidence,
        prior: &CategoryPrior,
    ) -> Option<(Category, f64)> {
        let case = self.holding_case(subject).map(|case| case.category);
        if let Some(category) = case.filter(|category| *category != Category::Unspecified) {
            return Some((category, 1.0));
        }
        if subject.origin() == Some(Origin::Owner) {
            return None; // most reports are of calls that others made in the owner's name
        }
        let evidence = &subject.state.evidence;
        if decayed.step >= UnprovenStep::Several {
            let majority = evidence.majority_category();
            let is_named = |proven| majority.is_some_and(|(category, _)| category == proven);
            if evidence.proven.categories.iter().all(|(proven, _)| is_named(*proven)) {
                return majority;
            }
        }
        let mut masses: Vec<(Category, f64)> = Vec::new();
        let mut total = 0.0;
        for (category, mass) in evidence.categories(decayed) {
            total += mass;
            match masses.iter_mut().find(|(known, _)| *known == category) {
                Some((_, sum)) => *sum += mass,
                None => masses.push((category, mass)),
            }
        }
        let strength = self.rules.category_prior_strength;
        let prior_of = |category| {
            let known = prior.iter().find(|(known, _)| *known == category);
            known.map_or(0.0, |(_, share)| *share)
        };
        masses
            .into_iter()
            .map(|(category, mass)| (category, (mass + strength * prior_of(category)) / (total + strength)))
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
            .filter(|(_, share)| *share >= self.rules.category_shown_from)
    }

    /// The brand that most reports name, of those that somebody else than unproven reporters names, or enough of them: two
    /// different ones, and more than half of them once they label the number. A brand that only unproven reporters name comes
    /// after those of the canonical list if it is not there: it may be any text.
    pub(super) fn brand(&self, subject: &Subject<'_>, decayed: &DecayedEvidence) -> Option<Brand> {
        let case = self.holding_case(subject).and_then(|case| case.brand.clone());
        let is_owners = subject.origin() == Some(Origin::Owner);
        case.or_else(|| {
            let evidence = &subject.state.evidence;
            let is_believed = |brand: &Brand| {
                let is_proven = evidence.proven.brands.iter().any(|known| known.brand == *brand);
                let is_enough = || match decayed.step {
                    UnprovenStep::Few => true,
                    UnprovenStep::Several | UnprovenStep::Many => evidence.is_majority_brand(brand),
                };
                !is_owners && (is_proven || (evidence.is_named_by_several(brand) && is_enough()))
            };
            let is_known = |brand: &Brand| {
                brand.is_canonical() || evidence.proven.brands.iter().any(|known| known.brand == *brand)
            };
            evidence.leading_brand(decayed, is_believed, is_known).cloned()
        })
    }
}
