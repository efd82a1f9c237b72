//! The part of a score that comes from the call, beside the number that it shows.
//!
//! The signing of a call adds its points. It also decides which of the number's ledgers are read, and whether statuses
//! in favour of the number hold for the call. It is never the only reason of a block: many honest calls come through a
//! gateway.

use super::bounds::{log_odds_of, sigmoid, squeeze};
use super::reason::Points;
use super::{Subject, Weighed};
use crate::domain::call::Signing;
use crate::domain::evidence::DecayedEvidence;
use crate::domain::kinds::StatusKind;
use crate::domain::model::{AttestationOdds, ScoreModel};
use crate::domain::origin::Origin;
use crate::domain::reason_code::ReasonCode;

impl AttestationOdds {
    /// The points that the signing of a call adds to the log-odds.
    #[must_use]
    pub const fn of(&self, signing: Signing) -> f64 {
        match signing {
            Signing::A => self.a,
            Signing::B => self.b,
            Signing::C => self.c,
            Signing::Unsigned => self.unsigned,
            Signing::NotGiven => self.not_given,
            Signing::Failed => 0.0, // usually broken provisioning: no evidence
        }
    }
}

impl Subject<'_> {
    /// The strongest status that holds for this call.
    pub(super) fn status(&self, spoof_suspected: bool) -> Option<StatusKind> {
        let mut held = self.state.statuses.at(self.now).map(|entry| entry.kind);
        held.find(|kind| self.may_hold(*kind, spoof_suspected))
    }

    /// Whether a status holds for this call.
    pub(super) fn holds(&self, kind: StatusKind, spoof_suspected: bool) -> bool {
        self.may_hold(kind, spoof_suspected) && self.state.statuses.holding(kind, self.now).is_some()
    }

    /// Whether a status of this kind would hold for this call. A call that is not the known owner's looks spoofed, too.
    fn may_hold(&self, kind: StatusKind, spoof_suspected: bool) -> bool {
        let is_of_others = self.origin().is_some_and(Origin::is_spoofed);
        kind.holds_for(self.call, spoof_suspected || is_of_others)
    }
}

impl ScoreModel {
    /// Whether a number whose calls are known to be fully attested is shown by a call that is not. Reports tell this,
    /// good ones and bad ones, if there are enough and nearly all are of authenticated calls; the latest calls tell it,
    /// too.
    pub(super) fn spoof_suspected(&self, subject: &Subject<'_>, decayed: &DecayedEvidence) -> bool {
        let rules = &self.rules;
        let signed = decayed.authenticated;
        let by_reports =
            signed >= rules.spoof_seen_from && signed >= rules.spoof_share_from * (signed + decayed.unauthenticated);
        matches!(subject.call, Signing::C | Signing::Unsigned) && (by_reports || subject.signs.mostly_signed)
    }

    /// Adds the points of the call itself.
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

    /// Caps a score that the call itself raised, of a number without evidence of its own: it stays below
    /// `channel_most`, unless it was above without the call.
    pub(super) fn held_by_channel(&self, log_odds: f64, judged: &Points) -> f64 {
        let lift = judged.get(ReasonCode::Attestation) + judged.get(ReasonCode::SpoofSuspected);
        let (value, without) = (100.0 * sigmoid(log_odds), 100.0 * sigmoid(log_odds - lift));
        if lift > 0.0 {
            squeeze(value, self.rules.channel_most).max(without)
        } else {
            value
        }
    }

    /// A call whose signature failed. Its caller is not known, so the facts about the number do not apply, and without
    /// evidence there is no score. Analysts' statuses against the number still hold: nobody shall avoid them by
    /// breaking a signature.
    pub(super) fn weigh_failed(&self, subject: &Subject<'_>, weighed: &mut Weighed) {
        if weighed.verdict.status == Some(StatusKind::Blocked) {
            let floor = self.rules.blocked_floor;
            let points = log_odds_of(floor) - self.prior_log_odds();
            weighed.extra.add(ReasonCode::AnalystBlocked, points);
            weighed.verdict.value = Some(floor);
            weighed.verdict.level = super::level(floor, subject, weighed.verdict.status);
        }
    }
}
