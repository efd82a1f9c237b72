//! Which decisions are logged.

use super::entry::LoggedDecision;
use crate::domain::kinds::Action;

/// 2^32.
const HASHES: f64 = 4_294_967_296.0;

/// Chooses a share of the allowed calls. Every other decision is logged, since those are few and are what people look at.
#[derive(Debug)]
pub(super) struct Sampler {
    share: f64,
    key: [u8; 32],
}

impl Sampler {
    pub(super) fn new(share: f64, key: &[u8; 32]) -> Self {
        Self {
            share,
            key: blake3::derive_key("ringwarden 2026 sample of decisions", key),
        }
    }

    /// The share of decisions like this one that are logged; none if this one is left out.
    pub(super) fn share(&self, decision: &LoggedDecision<'_>) -> Option<f64> {
        let is_allowed = decision.action == Action::Allow && decision.would.is_none();
        if !is_allowed || self.share >= 1.0 {
            return Some(1.0);
        }
        (f64::from(self.hash(decision)) / HASHES < self.share).then_some(self.share)
    }

    /// A hash of the call, so that all questions about one call are logged, or none of them. Callers do not know the key, so
    /// they cannot choose a Call-ID that is never logged. A question without a Call-ID is a call of its own.
    fn hash(&self, decision: &LoggedDecision<'_>) -> u32 {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        if decision.call_id.is_empty() {
            let number = decision.number.map_or(0, crate::number::E164::digits);
            hasher.update(&number.to_le_bytes());
            hasher.update(&decision.time.millis().to_le_bytes());
        } else {
            hasher.update(decision.call_id.as_bytes());
        }
        let [a, b, c, d, ..] = *hasher.finalize().as_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::kinds::{Basis, RiskLevel};
    use crate::domain::time::Timestamp;

    fn decision(call_id: &str) -> LoggedDecision<'_> {
        LoggedDecision {
            time: Timestamp::from_secs(1),
            decision_id: "",
            number: None,
            region: None,
            about_to_dial: false,
            is_call: true,
            call_id,
            action: Action::Allow,
            basis: Basis::NoEvidence,
            would: None,
            score: None,
            level: RiskLevel::Unknown,
            reasons: &[],
            attestation: None,
            verstat: None,
            model: "m",
            stale: false,
            latency: Duration::ZERO,
        }
    }

    #[test]
    fn a_share_of_allowed_calls_is_chosen_by_the_call() {
        let sampler = Sampler::new(0.25, &[3; 32]);
        let ids: Vec<String> = (0..4_000).map(|number| format!("call-{number}")).collect();
        let chosen = |id: &String| sampler.share(&decision(id));
        let count = ids.iter().filter(|id| chosen(id).is_some()).count();
        // Within six standard deviations of 1,000.
        assert!((836..1_164).contains(&count), "{count}");
        for id in &ids {
            let later = LoggedDecision {
                time: Timestamp::from_secs(9),
                ..decision(id)
            };
            assert_eq!(chosen(id), sampler.share(&later), "{id}");
            assert!(chosen(id).is_none_or(|share| (share - 0.25).abs() < 1e-9));
        }
    }

    #[test]
    fn calls_without_an_id_are_chosen_by_number_and_time() {
        let sampler = Sampler::new(0.5, &[3; 32]);
        let at = |millis| LoggedDecision {
            time: Timestamp::from_millis(millis),
            ..decision("")
        };
        let count = (0..1_000)
            .filter(|millis| sampler.share(&at(*millis)).is_some())
            .count();
        assert!((405..595).contains(&count), "{count}");
    }

    #[test]
    fn what_is_hindered_or_would_be_is_always_logged() {
        let sampler = Sampler::new(0.0, &[3; 32]);
        assert_eq!(sampler.share(&decision("a")), None);
        for decision in [
            LoggedDecision {
                would: Some((Action::Label, Basis::Analytics)),
                ..decision("a")
            },
            LoggedDecision {
                action: Action::Block,
                ..decision("a")
            },
        ] {
            assert_eq!(sampler.share(&decision), Some(1.0));
        }
        assert_eq!(Sampler::new(1.0, &[3; 32]).share(&decision("a")), Some(1.0));
    }
}
