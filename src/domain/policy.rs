//! From a score to an action, the rule that decided it, and how long the answer may be kept.

use std::time::Duration;

use super::kinds::{Action, Basis, RiskLevel, StatusKind};
use super::score::Verdict;

/// Thresholds and lifetimes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// A score from here on labels the call.
    pub label_from: f64,
    /// A score from here on blocks it.
    pub block_from: f64,
    /// How long a deterministic answer may be kept.
    pub deterministic_ttl: Duration,
    /// How long a high score may be kept.
    pub high_ttl: Duration,
    /// How long a clean or unknown answer may be kept.
    pub clean_ttl: Duration,
}

impl Policy {
    /// The defaults: label from 60, block from 80.
    pub const DEFAULT: Self = Self {
        label_from: 60.0,
        block_from: 80.0,
        deterministic_ttl: Duration::from_secs(3_600),
        high_ttl: Duration::from_secs(120),
        clean_ttl: Duration::from_secs(60),
    };

    /// What to do about a number that is scored; `about_to_dial` if it is to be called rather than calling.
    #[must_use]
    pub fn decide(&self, score: &Verdict, about_to_dial: bool) -> Decision {
        let decision = self.decide_incoming(score);
        if !about_to_dial {
            return decision;
        }
        // A number about to be dialled is not refused: the person is warned. A number that never originates calls may
        // well be dialled, since it is a bank's hotline more often than not.
        let warn = !matches!(score.status, Some(StatusKind::DoNotOriginate | StatusKind::Allowed))
            && (score.case_floor || !matches!(decision.action, Action::Allow));
        let action = if warn && decision.basis != Basis::Protected {
            Action::WarnBeforeDial
        } else {
            Action::Allow
        };
        Decision { action, ..decision }
    }

    fn decide_incoming(&self, score: &Verdict) -> Decision {
        let by = |action, basis, ttl| Decision { action, basis, ttl };
        match score.status {
            Some(StatusKind::Protected) => by(Action::Allow, Basis::Protected, self.deterministic_ttl),
            Some(StatusKind::DoNotOriginate) => by(Action::Block, Basis::Dno, self.deterministic_ttl),
            Some(StatusKind::Blocked) => by(Action::Block, Basis::Analyst, self.high_ttl),
            Some(StatusKind::Allowed) => by(Action::Allow, Basis::Analyst, self.clean_ttl),
            Some(
                StatusKind::VerifiedBusiness
                | StatusKind::SpoofedVictim
                | StatusKind::Reassigned
                | StatusKind::UnderDispute,
            )
            | None => self.decide_by_score(score),
        }
    }

    fn decide_by_score(&self, score: &Verdict) -> Decision {
        let Some(value) = score.value.filter(|_| score.level != RiskLevel::Unknown) else {
            return Decision {
                action: Action::Allow,
                basis: Basis::NoEvidence,
                ttl: self.clean_ttl,
            };
        };
        let trusted = score.level == RiskLevel::Trusted; // whoever proved who it is is warned about, not blocked
        let (action, ttl) = if value >= self.block_from && !trusted {
            (Action::Block, self.high_ttl)
        } else if value >= self.label_from {
            (Action::Label, self.high_ttl)
        } else {
            (Action::Allow, self.clean_ttl)
        };
        Decision {
            action,
            basis: Basis::Analytics,
            ttl,
        }
    }

    /// What to do about a number that cannot exist.
    #[must_use]
    pub fn impossible(&self) -> Decision {
        Decision {
            action: Action::Block,
            basis: Basis::InvalidNumber,
            ttl: self.deterministic_ttl,
        }
    }

    /// What to do about an emergency number or a short code: never blocked.
    #[must_use]
    pub fn service_number(&self) -> Decision {
        Decision {
            action: Action::Allow,
            basis: Basis::Protected,
            ttl: self.deterministic_ttl,
        }
    }

    /// What to do about a caller without a number: nothing is known.
    #[must_use]
    pub fn anonymous(&self) -> Decision {
        Decision {
            action: Action::Allow,
            basis: Basis::NoEvidence,
            ttl: self.clean_ttl,
        }
    }
}

/// What is advised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The action.
    pub action: Action,
    /// The rule that decided.
    pub basis: Basis,
    /// How long the answer may be kept.
    pub ttl: Duration,
}
