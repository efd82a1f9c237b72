//! A decision in two sentences, for the customer whose call it was.

use serde::Deserialize;

use super::Words;
use crate::domain::decision::Grounds;
use crate::domain::kinds::{Action, Basis};
use crate::domain::language::Language;

/// What is told of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The action.
    pub action: Action,
    /// The rule that decided.
    pub basis: Basis,
    /// Whether the number was about to be dialled.
    pub about_to_dial: bool,
    /// What the score rested on.
    pub grounds: Grounds,
}

/// The sentences: of the action, and of the rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionWords {
    allowed: Box<str>,
    labelled: Box<str>,
    challenged: Box<str>,
    voicemail: Box<str>,
    blocked: Box<str>,
    dial_allowed: Box<str>,
    dial_warned: Box<str>,
    protected: Box<str>,
    never_calls: Box<str>,
    invalid_number: Box<str>,
    unknown_length: Box<str>,
    analyst: Box<str>,
    tenant_policy: Box<str>,
    analytics_against: Box<str>,
    analytics_reports: Box<str>,
    analytics_calls: Box<str>,
    analytics_near: Box<str>,
    analytics_case: Box<str>,
    analytics_for: Box<str>,
    no_evidence: Box<str>,
    fail_open: Box<str>,
    known_owner_against: Box<str>,
    known_owner_for: Box<str>,
    shadow: Box<str>,
}

/// The action, and why, in two sentences without codes and figures.
#[must_use]
pub fn decision(language: Language, told: Told) -> String {
    let words = &Words::of(language).decision;
    format!("{} {}", words.action(told), words.basis(told))
}

impl DecisionWords {
    fn action(&self, told: Told) -> &str {
        match told.action {
            Action::Allow if told.about_to_dial => &self.dial_allowed,
            Action::Allow => &self.allowed,
            _ if told.about_to_dial => &self.dial_warned,
            Action::Label => &self.labelled,
            Action::Challenge => &self.challenged,
            Action::SendToVoicemail => &self.voicemail,
            Action::Block => &self.blocked,
            Action::WarnBeforeDial => &self.dial_warned,
        }
    }

    fn basis(&self, told: Told) -> &str {
        let is_hindered = told.action != Action::Allow;
        match told.basis {
            Basis::Protected => &self.protected,
            Basis::Dno => &self.never_calls,
            Basis::InvalidNumber if told.action == Action::Label => &self.unknown_length,
            // A person is warned of a number that cannot exist, and not of one of an unknown length.
            Basis::InvalidNumber if told.about_to_dial && !is_hindered => &self.unknown_length,
            Basis::InvalidNumber => &self.invalid_number,
            Basis::Analyst => &self.analyst,
            Basis::TenantPolicy => &self.tenant_policy,
            Basis::Analytics if is_hindered => match told.grounds {
                Grounds::Several => &self.analytics_against,
                Grounds::Reports => &self.analytics_reports,
                Grounds::Calls => &self.analytics_calls,
                Grounds::Neighbours => &self.analytics_near,
                Grounds::Case => &self.analytics_case,
            },
            Basis::Analytics => &self.analytics_for,
            Basis::NoEvidence => &self.no_evidence,
            Basis::FailOpen => &self.fail_open,
            Basis::KnownOwner if is_hindered => &self.known_owner_against,
            Basis::KnownOwner => &self.known_owner_for,
            Basis::Shadow => &self.shadow,
        }
    }
}
