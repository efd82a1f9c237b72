//! The record of a decision on a call: all that redress and traceback need afterwards.

use super::kinds::{Action, Attestation, Basis, RiskLevel, Verstat};
use super::reason_code::ReasonCode;
use super::time::Timestamp;
use super::words::Figure;
use crate::number::E164;

/// The most reasons that a record keeps.
pub const MAX_SEALED_REASONS: usize = 12;
/// The most bytes of [`DecisionRecord::orig_id`] and of [`DecisionRecord::ingress`].
pub const MAX_NAME_BYTES: usize = 64;

/// A reason in a decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SealedReason {
    /// The code; none if a later release sealed the id, with a code that this one does not know.
    pub code: Option<ReasonCode>,
    /// The points, to a hundredth.
    pub points: f64,
    /// The quantity that its sentence tells, where it has one. An earlier release sealed none.
    pub figure: Option<Figure>,
}

/// One decision. It is not stored: the client that got the answer holds it, sealed.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionRecord {
    /// When the answer was given.
    pub decided_at: Timestamp,
    /// The number; none if the text held no possible number.
    pub number: Option<E164>,
    /// The score of the call, 0 to 100, to a hundredth.
    pub value: Option<f64>,
    /// The level.
    pub level: RiskLevel,
    /// The action advised.
    pub action: Action,
    /// The rule that decided it.
    pub basis: Basis,
    /// The action and the rule of the policy, if the operator does not carry that action out.
    pub would: Option<(Action, Basis)>,
    /// Whether the number was about to be dialled; otherwise it was calling.
    pub about_to_dial: bool,
    /// The attestation given in the lookup.
    pub attestation: Option<Attestation>,
    /// The verification result given in the lookup.
    pub verstat: Option<Verstat>,
    /// Whether spoofing of the number was suspected.
    pub spoof_suspected: bool,
    /// Whether the score rested on the numbers around this one alone. Ids of earlier releases do not say so.
    pub range_only: bool,
    /// When the call arrived, by the clock of the switch.
    pub event_time: Option<Timestamp>,
    /// The origination id of the call's signature.
    pub orig_id: Box<str>,
    /// Where the call entered the network.
    pub ingress: Box<str>,
    /// The reasons, heaviest first.
    pub reasons: Vec<SealedReason>,
    /// The model that scored.
    pub model_version: Box<str>,
}

/// What a score rested on, as far as the sentence of the decision tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grounds {
    /// Reports on the number and its latest calls, or what is not known.
    Several,
    /// Reports on the number.
    Reports,
    /// Its latest calls.
    Calls,
    /// The numbers around it.
    Neighbours,
    /// A case, above all.
    Case,
}

impl DecisionRecord {
    /// What the score rested on, by the points of the reasons that raised it.
    #[must_use]
    pub fn grounds(&self) -> Grounds {
        let sum = |grounds| -> f64 {
            let raising = self.reasons.iter().filter(|reason| reason.points > 0.0);
            let of_these = raising.filter(|reason| grounds_of(reason) == Some(grounds));
            of_these.map(|reason| reason.points).sum()
        };
        let [reports, calls, case] = [Grounds::Reports, Grounds::Calls, Grounds::Case].map(sum);
        if self.range_only {
            Grounds::Neighbours
        } else if case > 0.0 && case >= reports.max(calls) {
            Grounds::Case
        } else if reports > 0.0 && calls > 0.0 {
            Grounds::Several
        } else if reports > 0.0 {
            Grounds::Reports
        } else if calls > 0.0 {
            Grounds::Calls
        } else if sum(Grounds::Neighbours) > 0.0 {
            Grounds::Neighbours
        } else {
            Grounds::Several
        }
    }
}

/// What a reason is about; none if it is about neither the number nor the numbers around it.
fn grounds_of(reason: &SealedReason) -> Option<Grounds> {
    Some(match reason.code? {
        ReasonCode::RecentReports | ReasonCode::HistoricReports | ReasonCode::ManyReporters => Grounds::Reports,
        ReasonCode::RateBurst
        | ReasonCode::SequentialDialling
        | ReasonCode::ShortCalls
        | ReasonCode::UnansweredCalls
        | ReasonCode::RejectedCalls => Grounds::Calls,
        ReasonCode::CaseLink if reason.figure != Some(Figure::NEAR_CASE) => Grounds::Case,
        ReasonCode::CaseLink
        | ReasonCode::HotRange100
        | ReasonCode::HotRange1000
        | ReasonCode::HotRange10000
        | ReasonCode::RangePattern => Grounds::Neighbours,
        ReasonCode::AnalystBlocked
        | ReasonCode::AnalystAllowed
        | ReasonCode::VerifiedBusiness
        | ReasonCode::NotSpamReports
        | ReasonCode::Attestation
        | ReasonCode::SpoofSuspected
        | ReasonCode::DoNotOriginate
        | ReasonCode::InvalidNumber
        | ReasonCode::ProtectedNumber
        | ReasonCode::TenantRule
        | ReasonCode::TollFree
        | ReasonCode::RangeOnly
        | ReasonCode::UnprovenReporters
        | ReasonCode::UnassignedNumber
        | ReasonCode::EmergencyCall
        | ReasonCode::EmergencyCallback
        | ReasonCode::ProtectedCalled
        | ReasonCode::DeadlineExceeded
        | ReasonCode::RateOnly
        | ReasonCode::UnknownLength
        | ReasonCode::EstablishedNumber
        | ReasonCode::SingleReport
        | ReasonCode::KnownOwner => return None,
    })
}
