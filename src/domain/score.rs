//! From what is known of a number to a score, with the reasons that make it up.
//!
//! Terms add up in log-odds, so each reason carries its points, and the score is
//! `100 * sigma(sum of the terms + prior)`; floors and caps come after the sum, and a reason says by how much they moved
//! it. What 80 means: if one call in ten is unwanted, four in five calls with this score are.

use std::sync::Arc;

use super::brand::Brand;
use super::case::{Case, Link};
use super::decay::remaining_at;
use super::evidence::Standing;
use super::kinds::{CaseRole, Category, RiskLevel, StatusKind};
use super::model::{RangeWeights, ScoreModel};
use super::state::NumberState;
use super::time::Timestamp;

/// The neighbourhood of a number: decayed counts of *distinct* reported numbers, the number's own share taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Neighbourhood {
    /// In the same block of 100.
    pub q100: f64,
    /// In the same block of 1,000.
    pub q1000: f64,
    /// In the same block of 10,000.
    pub q10000: f64,
    /// Whether a contributing case holds another number of the same block of 100.
    pub case_in_100: bool,
}

/// Everything a score is made of.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The record of the number; a number without one has a blank record.
    pub state: &'a NumberState,
    /// The cases it is linked to, with the link. Merged cases are given as their successor.
    pub cases: &'a [(&'a Link, Arc<Case>)],
    /// What surrounds it.
    pub around: Neighbourhood,
    /// Shares of the categories in the block and overall, as a prior.
    pub category_prior: &'a CategoryPrior,
    /// Whether the number is toll-free.
    pub toll_free: bool,
    /// The moment to score at.
    pub now: Timestamp,
}

/// How common each category is where the number is from, in shares of 1.
pub type CategoryPrior = Vec<(Category, f64)>;

/// Why a score is what it is. The texts are for people; the codes are for programs.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// A stable code, such as `RECENT_REPORTS`.
    pub code: &'static str,
    /// What it adds to or takes from the log-odds.
    pub points: f64,
    /// One sentence.
    pub detail: String,
}

/// The outcome of scoring.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// 0 to 100, higher is worse; none where nothing is known or the number is not one that is scored.
    pub value: Option<f64>,
    /// The level.
    pub level: RiskLevel,
    /// How much evidence there is, 0 to 1; not how bad it looks.
    pub confidence: f64,
    /// What it rests on, by weight.
    pub reasons: Vec<Reason>,
    /// The kind of call, where one stands out.
    pub category: Option<(Category, f64)>,
    /// The brand impersonated most.
    pub brand: Option<Brand>,
    /// The strongest status that holds.
    pub status: Option<StatusKind>,
    /// Whether a contributing case sets a floor: the number may be neither called from nor dialled without warning.
    pub case_floor: bool,
}

impl ScoreModel {
    /// Scores a number.
    #[must_use]
    pub fn score(&self, subject: &Subject<'_>) -> Score {
        let standing = subject.state.evidence.at(subject.now, &self.fold);
        let status = subject.state.statuses.at(subject.now).next().map(|entry| entry.kind);
        let mut score = Score {
            value: None,
            level: RiskLevel::Unknown,
            confidence: self.confidence(&standing, subject.around),
            reasons: Vec::new(),
            category: self.category(subject, &standing),
            brand: self.brand(subject, &standing),
            status,
            case_floor: false,
        };
        if let Some(kind @ (StatusKind::Protected | StatusKind::DoNotOriginate)) = status {
            score.level = RiskLevel::NotScored;
            score.reasons.push(unscored_reason(kind));
            return score;
        }
        if subject.state.is_blank() && subject.around.q10000 < self.unknown_below_range_mass {
            score.category = None;
            return score;
        }
        score.reasons = self.terms(subject, &standing);
        let log_odds = self.reports.intercept
            + self.prior_log_odds()
            + score.reasons.iter().map(|reason| reason.points).sum::<f64>();
        let value = self.bounded(subject, log_odds, &mut score);
        score.reasons.sort_by(|a, b| b.points.abs().total_cmp(&a.points.abs()));
        score.level = level(value, status);
        score.value = Some(value);
        score
    }

    /// Confidence: 0 without evidence, a half at [`ScoreModel::confidence_half_mass`].
    fn confidence(&self, standing: &Standing, around: Neighbourhood) -> f64 {
        let mass = standing.long + standing.not_spam + self.confidence_range_share * around.q10000;
        1.0 - self.confidence_half_mass / (self.confidence_half_mass + mass)
    }

    fn terms(&self, subject: &Subject<'_>, standing: &Standing) -> Vec<Reason> {
        let mut reasons = Vec::with_capacity(8);
        let mut add = |code, points: f64, detail: String| {
            if points.abs() >= 0.005 {
                reasons.push(Reason { code, points, detail });
            }
        };
        add(
            "RECENT_REPORTS",
            self.reports.short * standing.short.ln_1p(),
            recent_text(standing),
        );
        add(
            "HISTORIC_REPORTS",
            self.reports.long * standing.long.ln_1p(),
            historic_text(subject.state),
        );
        add(
            "MANY_REPORTERS",
            self.reports.areas * self.recent_areas(subject, standing).ln_1p(),
            areas_text(standing),
        );
        let (around, weights) = (subject.around, self.range_weights(subject.toll_free));
        add(
            "HOT_RANGE_100",
            weights.q100 * around.q100.ln_1p(),
            range_text(around.q100, "100"),
        );
        add(
            "HOT_RANGE_1000",
            weights.q1000 * around.q1000.ln_1p(),
            range_text(around.q1000, "1,000"),
        );
        add(
            "HOT_RANGE_10000",
            weights.q10000 * around.q10000.ln_1p(),
            range_text(around.q10000, "10,000"),
        );
        let cases = self.case_points(subject);
        add("CASE_LINK", cases, case_text(subject));
        if self.holding_case(subject).is_none() {
            let points = -(self.not_spam * standing.not_spam.ln_1p()).min(self.not_spam_most);
            add("NOT_SPAM_REPORTS", points, not_spam_text(subject.state));
        }
        if subject
            .state
            .statuses
            .holding(StatusKind::VerifiedBusiness, subject.now)
            .is_some()
        {
            add(
                "VERIFIED_BUSINESS",
                self.verified_business,
                "The owner is a business that proved who it is.".to_owned(),
            );
        }
        reasons
    }

    /// The victims' areas, faded out since the last report: the map of areas has no window of its own.
    fn recent_areas(&self, subject: &Subject<'_>, standing: &Standing) -> f64 {
        standing.areas
            * remaining_at(
                subject.state.evidence.as_of,
                subject.now,
                self.reports.areas_half_life_days,
            )
    }

    fn range_weights(&self, toll_free: bool) -> &RangeWeights {
        if toll_free {
            &self.toll_free_ranges
        } else {
            &self.ranges
        }
    }

    /// What contributing cases bring: the link's role, its confidence, and its age.
    fn case_points(&self, subject: &Subject<'_>) -> f64 {
        let linked: f64 = subject
            .cases
            .iter()
            .filter(|(link, case)| raises(link, case))
            .map(|(link, case)| {
                let role = match link.role {
                    CaseRole::CallerId => self.cases.caller_id,
                    CaseRole::Callback | CaseRole::TestLine | CaseRole::MuleContact => self.cases.other_role,
                    CaseRole::SpoofedVictim => 0.0,
                };
                let dated = case
                    .last_evidence_at
                    .map_or(link.dated_at(subject.now), |last| last.max(link.dated_at(subject.now)));
                role * link.confidence * (-subject.now.days_since(dated) / self.cases.half_life_days).exp2()
            })
            .sum();
        let neighbour = if subject.around.case_in_100 && subject.cases.is_empty() {
            self.cases.neighbour
        } else {
            0.0
        };
        (linked + neighbour).min(self.cases.most)
    }

    /// Applies the caps and floors, in the order of their strength, each with its reason.
    fn bounded(&self, subject: &Subject<'_>, log_odds: f64, score: &mut Score) -> f64 {
        let mut value = 100.0 * sigmoid(log_odds);
        let own_mass = subject.state.evidence.at(subject.now, &self.fold).long;
        let own = own_mass >= self.own_mass_from || subject.cases.iter().any(|(link, case)| raises(link, case));
        if !own && value > self.range_only_most {
            let text = "Most of this is about other numbers of the same block.";
            lift(&mut score.reasons, "HOT_RANGE_10000", value, self.range_only_most, text);
            value = self.range_only_most;
        }
        score.case_floor = self.case_floor(subject);
        if score.case_floor && value < self.cases.floor_score {
            lift(
                &mut score.reasons,
                "CASE_LINK",
                value,
                self.cases.floor_score,
                &case_text(subject),
            );
            value = self.cases.floor_score;
        }
        // The stronger status is applied last, and so wins.
        if subject
            .state
            .statuses
            .holding(StatusKind::Allowed, subject.now)
            .is_some()
            && value > self.allowed_most
        {
            let text = "An analyst vouches for the number.";
            lift(&mut score.reasons, "ANALYST_ALLOWED", value, self.allowed_most, text);
            value = self.allowed_most;
        }
        if subject
            .state
            .statuses
            .holding(StatusKind::Blocked, subject.now)
            .is_some()
            && value < self.blocked_floor
        {
            lift(
                &mut score.reasons,
                "ANALYST_BLOCKED",
                value,
                self.blocked_floor,
                "An analyst blocked the number.",
            );
            value = self.blocked_floor;
        }
        value
    }

    /// The contributing case that holds the number most surely, if one does now and with confidence.
    fn holding_case<'a>(&self, subject: &Subject<'a>) -> Option<&'a Case> {
        let holding = subject.cases.iter().filter(|(link, case)| {
            raises(link, case) && link.confidence >= self.cases.floor_confidence && !link.ended_at(subject.now)
        });
        holding
            .max_by(|a, b| a.0.confidence.total_cmp(&b.0.confidence))
            .map(|(_, case)| &**case)
    }

    fn case_floor(&self, subject: &Subject<'_>) -> bool {
        subject.cases.iter().any(|(link, case)| {
            case.contributes()
                && matches!(link.role, CaseRole::CallerId | CaseRole::Callback)
                && link.confidence >= self.cases.floor_confidence
                && !link.ended_at(subject.now)
        })
    }

    /// `(n_k + s p_k) / (sum n + s)`, with the prior p of the block and overall; named only where it stands out
    /// among what was said of the number itself: neighbours accuse nobody of a kind of fraud.
    fn category(&self, subject: &Subject<'_>, standing: &Standing) -> Option<(Category, f64)> {
        let mut masses: Vec<(Category, f64)> = Vec::new();
        let mut total = 0.0;
        for (category, mass) in subject.state.evidence.categories(standing) {
            total += mass;
            match masses.iter_mut().find(|(known, _)| *known == category) {
                Some((_, sum)) => *sum += mass,
                None => masses.push((category, mass)),
            }
        }
        let case = self.holding_case(subject).map(|case| case.category);
        if let Some(category) = case.filter(|category| *category != Category::Unspecified) {
            return Some((category, 1.0));
        }
        let strength = self.category_prior_strength;
        let prior = |category| {
            subject
                .category_prior
                .iter()
                .find(|(known, _)| *known == category)
                .map_or(0.0, |(_, share)| *share)
        };
        masses
            .into_iter()
            .map(|(category, mass)| (category, (mass + strength * prior(category)) / (total + strength)))
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
            .filter(|(_, share)| *share >= self.category_shown_from)
    }

    fn brand(&self, subject: &Subject<'_>, standing: &Standing) -> Option<Brand> {
        let case = self.holding_case(subject).and_then(|case| case.brand.clone());
        case.or_else(|| subject.state.evidence.leading_brand(standing).cloned())
    }
}

/// Whether a link raises the score: its case contributes, and its owner is not a victim.
fn raises(link: &Link, case: &Case) -> bool {
    case.contributes() && link.role.raises()
}

/// The level of a score.
fn level(value: f64, status: Option<StatusKind>) -> RiskLevel {
    if matches!(status, Some(StatusKind::Allowed | StatusKind::VerifiedBusiness)) {
        return RiskLevel::Trusted;
    }
    match value {
        value if value < 20.0 => RiskLevel::Low,
        value if value < 60.0 => RiskLevel::Medium,
        value if value < 80.0 => RiskLevel::High,
        _ => RiskLevel::Critical,
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Log-odds of a score, kept off the ends.
fn log_odds(score: f64) -> f64 {
    let share = (score / 100.0).clamp(1e-6, 1.0 - 1e-6);
    (share / (1.0 - share)).ln()
}

/// Books the step from one score to another to a reason, which is added if it is not there.
fn lift(reasons: &mut Vec<Reason>, code: &'static str, from: f64, to: f64, detail: &str) {
    let points = log_odds(to) - log_odds(from);
    match reasons.iter_mut().find(|reason| reason.code == code) {
        Some(reason) => reason.points += points,
        None => reasons.push(Reason {
            code,
            points,
            detail: detail.to_owned(),
        }),
    }
}

fn unscored_reason(kind: StatusKind) -> Reason {
    let (code, detail) = match kind {
        StatusKind::DoNotOriginate => ("DO_NOT_ORIGINATE", "The owner never places calls from this number."),
        StatusKind::Protected
        | StatusKind::Blocked
        | StatusKind::Allowed
        | StatusKind::VerifiedBusiness
        | StatusKind::SpoofedVictim
        | StatusKind::Reassigned
        | StatusKind::UnderDispute => (
            "PROTECTED_NUMBER",
            "The number serves public safety and is never scored.",
        ),
    };
    Reason {
        code,
        points: 0.0,
        detail: detail.to_owned(),
    }
}

fn recent_text(standing: &Standing) -> String {
    format!(
        "Reported in the last days: {:.1} reports after decay with a half-life of 3 days.",
        standing.short
    )
}

fn historic_text(state: &NumberState) -> String {
    match state.evidence.reports {
        1 => "Reported once.".to_owned(),
        reports => format!("Reported {reports} times."),
    }
}

fn areas_text(standing: &Standing) -> String {
    format!("Its reporters are in about {:.0} areas.", standing.areas)
}

fn range_text(count: f64, size: &str) -> String {
    format!("Other reported numbers among the same {size}: {count:.1}, the older the less they count.")
}

fn not_spam_text(state: &NumberState) -> String {
    format!("{} said the call was wanted.", state.evidence.not_spam_reports)
}

fn case_text(subject: &Subject<'_>) -> String {
    match subject.cases.iter().find(|(link, case)| raises(link, case)) {
        Some((_, case)) => format!("Linked to a fraud case: {}", case.title),
        None => "A number of the same 100 is linked to a fraud case.".to_owned(),
    }
}
