//! From the facts about a number to a score, with its reasons.
//!
//! Terms add up in log-odds, so each reason has its points, and the score is `100 * sigma(sum of the terms + prior)`.
//! Floors and caps come after the sum; a reason gives the step by which they moved it. A score of 80 means: if one call
//! in ten is unwanted, four in five calls with this score are.
//!
//! [`ScoreModel::weigh`] computes the sum, for every lookup; [`ScoreModel::explain`] adds the texts, on request.

mod bounds;
mod call_signing;
mod cases;
mod category;
mod neighbours;
mod owner;
mod range_only;
mod rate;
mod reason;
mod unproven;
mod withheld;

use std::sync::Arc;

use super::brand::Brand;
use super::call::{LedgerView, Signing};
use super::case::{Case, CaseLink};
use super::decay::remaining_at;
use super::evidence::DecayedEvidence;
use super::feature::Features;
use super::kinds::{Category, OwnerCalls, RiskLevel, StatusKind};
use super::language::Language;
use super::model::ScoreModel;
use super::origin::Origin;
use super::range::Neighbourhood;
use super::reason_code::ReasonCode;
use super::state::NumberState;
use super::time::Timestamp;
use super::traffic::Signs;
use crate::number::E164;

pub use category::CategoryPrior;
use reason::Points;
pub use reason::Reason;
pub use withheld::Withheld;

/// From this score on the level is CRITICAL.
const CRITICAL_FROM: f64 = 80.0;

/// The input of a score.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The record of the number; blank if there is none.
    pub state: &'a NumberState,
    /// The cases it is linked to, with their links. A merged case is given as its successor.
    pub cases: &'a [(&'a CaseLink, Arc<Case>)],
    /// Its neighbourhood.
    pub neighbourhood: Neighbourhood,
    /// The number.
    pub number: E164,
    /// How the call was signed; [`Signing::NotGiven`] scores the number itself.
    pub call: Signing,
    /// Whether the known owner of the number calls from it, by a list; none if no list names the owner.
    pub owner: Option<OwnerCalls>,
    /// The signs in its latest calls; none if the number itself is scored.
    pub signs: Signs,
    /// The moment to score at.
    pub now: Timestamp,
}

/// The score and the facts that actions rest on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// 0 to 100, higher is worse; none if nothing is known or the number is not scored.
    pub value: Option<f64>,
    /// The level.
    pub level: RiskLevel,
    /// How much evidence there is, 0 to 1; it says nothing about the risk.
    pub confidence: f64,
    /// The strongest status that holds for the call in question.
    pub status: Option<StatusKind>,
    /// Whether a contributing case sets a floor: then calls from the number, and dialling it, get a warning at least.
    pub case_floor: bool,
    /// Whether spoofing is suspected: the owner signs the number's calls, and nobody signed for this one.
    pub spoof_suspected: bool,
    /// Whether the number's owner is thought to be a victim of spoofing: an analyst says so, or many strangers call the
    /// number back after its burst.
    pub owner_protected: bool,
    /// Why the evidence must not block the call, if it must not: then a score that would block labels.
    pub withheld: Option<Withheld>,
    /// Whether the score rests on the neighbourhood alone: not on the number's own reports, cases or calls.
    pub range_only: bool,
    /// Whether all evidence of the number itself is that of unproven reporters who are too few to label it.
    pub few_unproven: bool,
}

/// The weighed evidence of a number, without reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// The score.
    pub verdict: Verdict,
    /// The log-odds of the evidence; without prior, cases, "not spam" and analysts.
    pub evidence_log_odds: f64,
    /// The inputs of the fitted terms.
    pub features: Features,
    decayed: DecayedEvidence,
    /// Whether a block would rest on unproven reporters who have not reported the number for long.
    rests_on_unproven: bool,
    /// Points of everything that is not a fitted term.
    extra: Points,
}

/// How much of an explanation is wanted. Words cost more than the score itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The codes and points of the reasons.
    Codes,
    /// The same, each with a sentence for people in this language.
    Sentences(Language),
}

/// A score in full.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The score.
    pub verdict: Verdict,
    /// Its reasons, by weight.
    pub reasons: Vec<Reason>,
    /// The kind of call, where one stands out.
    pub category: Option<(Category, f64)>,
    /// The brand impersonated most.
    pub brand: Option<Brand>,
}

impl Verdict {
    /// The score of a text that is not a number, or of a number that is never scored.
    pub const NOT_SCORED: Self = Self {
        value: None,
        level: RiskLevel::NotScored,
        confidence: 0.0,
        status: None,
        case_floor: false,
        spoof_suspected: false,
        owner_protected: false,
        withheld: None,
        range_only: false,
        few_unproven: false,
    };
}

impl Score {
    /// A score without reasons.
    #[must_use]
    pub const fn unexplained(verdict: Verdict) -> Self {
        Self {
            verdict,
            reasons: Vec::new(),
            category: None,
            brand: None,
        }
    }
}

impl ScoreModel {
    /// Scores a number, or a call that shows it.
    #[must_use]
    pub fn weigh(&self, subject: &Subject<'_>) -> Weighed {
        let subject = &subject.as_judged();
        let (decayed, neighbourhood) = if subject.call.is_attributable() {
            let decayed = subject.state.evidence.at(subject.now, &self.fold, subject.view());
            (self.believed(subject, decayed), subject.neighbourhood)
        } else {
            (DecayedEvidence::nothing(subject.now), Neighbourhood::default())
        };
        let spoof_suspected = self.spoof_suspected(subject, &decayed);
        let features = self.features(subject, &decayed, &neighbourhood);
        let mut weighed = Weighed {
            verdict: Verdict {
                value: None,
                level: RiskLevel::Unknown,
                confidence: self.confidence(&decayed, &neighbourhood),
                status: subject.status(spoof_suspected),
                case_floor: false,
                spoof_suspected,
                owner_protected: subject.is_owner_protected(),
                withheld: None,
                range_only: false,
                few_unproven: false,
            },
            evidence_log_odds: self.evidence_log_odds(&features),
            features,
            decayed,
            rests_on_unproven: false,
            extra: Points::default(),
        };
        if let Some(StatusKind::Protected | StatusKind::DoNotOriginate) = weighed.verdict.status {
            weighed.verdict.level = RiskLevel::NotScored;
        } else if !subject.call.is_attributable() {
            self.weigh_failed(subject, &mut weighed);
        } else if self.is_known(subject, &weighed.decayed) {
            self.add_call(subject, &mut weighed);
            self.add_judgements(subject, &mut weighed);
            let value = self.bounded(subject, &mut weighed);
            weighed.verdict.level = level(value, subject, weighed.verdict.status);
            weighed.verdict.value = Some(value);
            weighed.verdict.withheld = self.withheld(subject, &weighed);
            weighed.verdict.range_only = self.is_range_only(subject, &weighed);
            weighed.verdict.few_unproven = self.has_few_unproven_alone(subject, &weighed);
        }
        weighed
    }

    /// The score in full, with its reasons. `prior` is how common each category is around the number.
    #[must_use]
    pub fn explain(&self, subject: &Subject<'_>, weighed: &Weighed, prior: &CategoryPrior, detail: Detail) -> Score {
        let subject = &subject.as_judged();
        let is_attributable = subject.call.is_attributable();
        let is_known = is_attributable && self.is_known(subject, &weighed.decayed);
        Score {
            verdict: weighed.verdict,
            reasons: self.reasons(subject, weighed, detail),
            category: is_known
                .then(|| self.category(subject, &weighed.decayed, prior))
                .flatten(),
            brand: is_attributable.then(|| self.brand(subject, &weighed.decayed)).flatten(),
        }
    }

    /// The probability that a number reported in the last 180 days is reported again within seven.
    #[must_use]
    pub fn again_in_7d(&self, weighed: &Weighed) -> f64 {
        let terms: f64 = self.again.terms.iter().map(|term| term.points(&weighed.features)).sum();
        let toll_free = if weighed.features.is_toll_free() {
            self.again.toll_free
        } else {
            0.0
        };
        let log_odds = self.again.intercept + self.again.slope * weighed.evidence_log_odds + toll_free + terms;
        1.0 / (1.0 + (-log_odds).exp())
    }

    /// Whether anything is known that can support a score; of reports, only the ledgers that are read count.
    fn is_known(&self, subject: &Subject<'_>, decayed: &DecayedEvidence) -> bool {
        let state = subject.state;
        let own = match subject.view() {
            LedgerView::All => !state.evidence.is_empty(),
            LedgerView::Authenticated | LedgerView::AuthenticatedOnly | LedgerView::Unauthenticated => {
                decayed.long > 0.0 || decayed.not_spam > 0.0
            }
        };
        let said = !state.statuses.is_empty() || !state.links.is_empty();
        own || said
            || subject.origin() == Some(Origin::Owner)
            || self.is_mass_calling(subject)
            || subject.neighbourhood.ten_thousand.short >= self.rules.unknown_below_range_mass
    }

    pub(super) fn features(
        &self,
        subject: &Subject<'_>,
        decayed: &DecayedEvidence,
        neighbourhood: &Neighbourhood,
    ) -> Features {
        // The count of areas decays with the time since the last report: their map does not decay by itself.
        let left = decayed
            .last_at
            .map_or(0.0, |last| remaining_at(last, decayed.at, self.areas_half_life_days));
        Features::new(subject.number, decayed, decayed.areas * left, neighbourhood)
    }

    /// Confidence: 0 without evidence, a half at `confidence_half_mass`.
    fn confidence(&self, decayed: &DecayedEvidence, neighbourhood: &Neighbourhood) -> f64 {
        let rules = &self.rules;
        let mass = decayed.long + decayed.not_spam + rules.confidence_range_share * neighbourhood.ten_thousand.short;
        1.0 - rules.confidence_half_mass / (rules.confidence_half_mass + mass)
    }

    /// Adds the judgements, which are not fitted terms: cases, "not spam".
    fn add_judgements(&self, subject: &Subject<'_>, weighed: &mut Weighed) {
        weighed.extra.add(ReasonCode::CaseLink, self.case_points(subject));
        if self.holding_case(subject).is_none() {
            let points = (self.rules.not_spam * weighed.decayed.not_spam.ln_1p()).min(self.rules.not_spam_most);
            weighed.extra.add(ReasonCode::NotSpamReports, -points);
        }
    }
}

/// The level of a score.
fn level(value: f64, subject: &Subject<'_>, status: Option<StatusKind>) -> RiskLevel {
    match value {
        _ if status == Some(StatusKind::Allowed) => RiskLevel::Trusted,
        value if value < 60.0 && subject.origin() == Some(Origin::Owner) => RiskLevel::Trusted,
        value if value < 20.0 => RiskLevel::Low,
        value if value < 60.0 => RiskLevel::Medium,
        value if value < CRITICAL_FROM => RiskLevel::High,
        _ => RiskLevel::Critical,
    }
}
