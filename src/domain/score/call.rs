//! What the call says, beside the number that it shows.
//!
//! How a call was signed adds its points, and decides which of the number's books are read and whether those who vouch
//! for the number vouch for the call. It is never the whole reason of a block: many honest calls come through a gateway.

use super::bounds::{log_odds_of, sigmoid, squeeze};
use super::reason::{Points, ReasonCode};
use super::{Subject, Weighed};
use crate::domain::call::Signing;
use crate::domain::evidence::Standing;
use crate::domain::kinds::StatusKind;
use crate::domain::model::{AttestationOdds, ScoreModel};

impl AttestationOdds {
    /// What the signing of a call adds to the log-odds.
    #[must_use]
    pub const fn of(&self, signing: Signing) -> f64 {
        match signing {
            Signing::A => self.a,
            Signing::B => self.b,
            Signing::C => self.c,
            Signing::Unsigned => self.unsigned,
            Signing::NotGiven => self.not_given,
            Signing::Failed => 0.0, // broken provisioning more often than not: it says nothing
        }
    }
}

impl Subject<'_> {
    /// The strongest status that holds, for this call.
    pub(super) fn status(&self, spoof_suspected: bool) -> Option<StatusKind> {
        let mut held = self.state.statuses.at(self.now).map(|entry| entry.kind);
        held.find(|kind| kind.holds_for(self.call, spoof_suspected))
    }

    /// Whether a status holds, for this call.
    pub(super) fn holds(&self, kind: StatusKind, spoof_suspected: bool) -> bool {
        kind.holds_for(self.call, spoof_suspected) && self.state.statuses.holding(kind, self.now).is_some()
    }
}

impl ScoreModel {
    /// Whether a number whose calls are known to be signed in full now shows on one that is not. Reports tell, good ones
    /// and bad ones, if there are enough and nearly all of them are of authenticated calls; and so do its latest calls.
    pub(super) fn spoof_suspected(&self, subject: &Subject<'_>, standing: &Standing) -> bool {
        let rules = &self.rules;
        let signed = standing.authenticated;
        let by_reports =
            signed >= rules.spoof_seen_from && signed >= rules.spoof_share_from * (signed + standing.unauthenticated);
        matches!(subject.call, Signing::C | Signing::Unsigned) && (by_reports || subject.signs.mostly_signed)
    }

    /// Books what the call itself brings.
    pub(super) fn add_call(&self, subject: &Subject<'_>, weighed: &mut Weighed) {
        let points = self.rules.attestation.of(subject.call);
        weighed.extra.add(ReasonCode::Attestation, points);
        if weighed.verdict.spoof_suspected {
            weighed
                .extra
                .add(ReasonCode::SpoofSuspected, self.rules.spoof_suspected);
        }
        for (code, points) in self.rate(subject, &weighed.verdict) {
            weighed.extra.add(code, points);
        }
    }

    /// A score that the call itself lifted, of a number that has nothing of its own: it is held below `channel_most`,
    /// unless it was above without the call.
    pub(super) fn held_by_channel(&self, log_odds: f64, judged: &Points) -> f64 {
        let lift = judged.get(ReasonCode::Attestation) + judged.get(ReasonCode::SpoofSuspected);
        let (value, without) = (100.0 * sigmoid(log_odds), 100.0 * sigmoid(log_odds - lift));
        if lift > 0.0 {
            squeeze(value, self.rules.channel_most).max(without)
        } else {
            value
        }
    }

    /// A call whose signature failed: whose it is, is not known, so nothing that is known of the number applies, and
    /// without evidence there is no score. Analysts' rules against the number stand, since whoever breaks a signature on
    /// purpose shall not get around them.
    pub(super) fn weigh_failed(&self, weighed: &mut Weighed) {
        if weighed.verdict.status == Some(StatusKind::Blocked) {
            let floor = self.rules.blocked_floor;
            let points = log_odds_of(floor) - self.prior_log_odds();
            weighed.extra.add(ReasonCode::AnalystBlocked, points);
            weighed.verdict.value = Some(floor);
            weighed.verdict.level = super::level(floor, weighed.verdict.status);
        }
    }
}
