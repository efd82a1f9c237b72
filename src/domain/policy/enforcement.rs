//! Shadow mode: which decisions of the policy are carried out, and which ones are only reported.

use super::{Decision, Policy};
use crate::domain::kinds::{Action, Basis};

/// The strongest action that is carried out. A stronger one is weakened, and the answer reports it beside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Enforcement {
    /// None: every call is allowed.
    Off,
    /// A label or a warning: a call that would be refused, challenged or sent to voicemail is labelled.
    Label,
    /// Any action.
    #[default]
    Block,
}

/// A decision after enforcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enforced {
    /// The decision that is carried out.
    pub decision: Decision,
    /// The decision of the policy, if it was weakened.
    pub would: Option<Decision>,
}

impl Enforcement {
    /// All values, from the weakest on.
    pub const ALL: &'static [Self] = &[Self::Off, Self::Label, Self::Block];

    /// The place of the value in [`Self::ALL`].
    #[must_use]
    pub const fn position(self) -> usize {
        self as usize
    }

    /// The name of the value in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Label => "label",
            Self::Block => "block",
        }
    }

    /// Weakens a decision of the policy as far as needed. A weakened answer may be kept no longer than an answer of its
    /// own action, so that a change of this setting takes effect soon.
    #[must_use]
    pub fn apply(self, decided: Decision, policy: &Policy) -> Enforced {
        let (action, ttl) = match self {
            Self::Off => (Action::Allow, policy.clean_ttl),
            Self::Label => (at_most_label(decided.action), policy.high_ttl),
            Self::Block => (decided.action, decided.ttl),
        };
        if action == decided.action {
            return Enforced {
                decision: decided,
                would: None,
            };
        }
        Enforced {
            decision: Decision {
                action,
                basis: Basis::Shadow,
                ttl: decided.ttl.min(ttl),
            },
            would: Some(decided),
        }
    }
}

/// The strongest action up to a label or a warning.
const fn at_most_label(action: Action) -> Action {
    match action {
        Action::Allow | Action::Label | Action::WarnBeforeDial => action,
        Action::Challenge | Action::SendToVoicemail | Action::Block => Action::Label,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Every action under every setting: the action that is carried out.
    #[test]
    fn each_action_is_weakened_as_far_as_the_setting_says() {
        use Action::{Allow, Block, Challenge, Label, SendToVoicemail, WarnBeforeDial};
        for (decided, off, label) in [
            (Allow, Allow, Allow),
            (Label, Allow, Label),
            (Challenge, Allow, Label),
            (SendToVoicemail, Allow, Label),
            (Block, Allow, Label),
            (WarnBeforeDial, Allow, WarnBeforeDial),
        ] {
            for (enforcement, expected) in [
                (Enforcement::Off, off),
                (Enforcement::Label, label),
                (Enforcement::Block, decided),
            ] {
                check(enforcement, decided, expected);
            }
        }
    }

    fn check(enforcement: Enforcement, action: Action, expected: Action) {
        let policy = Policy::DEFAULT;
        for basis in Basis::ALL.iter().copied().filter(|basis| *basis != Basis::Shadow) {
            for ttl in [Duration::ZERO, policy.high_ttl, policy.deterministic_ttl] {
                let decided = Decision { action, basis, ttl };
                let enforced = enforcement.apply(decided, &policy);
                assert_eq!(enforced.decision.action, expected, "{enforcement:?} {action} {basis}");
                if expected == action {
                    assert_eq!((enforced.decision, enforced.would), (decided, None));
                    continue;
                }
                assert_eq!(
                    (enforced.decision.basis, enforced.would),
                    (Basis::Shadow, Some(decided))
                );
                let longest = if expected == Action::Allow {
                    policy.clean_ttl
                } else {
                    policy.high_ttl
                };
                assert_eq!(enforced.decision.ttl, ttl.min(longest));
            }
        }
    }

    #[test]
    fn the_default_carries_everything_out() {
        assert_eq!(Enforcement::default(), Enforcement::Block);
    }

    #[test]
    fn values_are_in_their_places() {
        let named: Vec<_> = Enforcement::ALL
            .iter()
            .map(|value| (value.position(), value.name()))
            .collect();
        assert_eq!(named, [(0, "off"), (1, "label"), (2, "block")]);
    }
}
