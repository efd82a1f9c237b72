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
