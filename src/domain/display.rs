//! What a screen shows beside a caller: a short name, a colour class, a severity and a sentence.
//!
//! It follows the action that is enforced: a call that is let through accuses nobody. A number of a known owner, or one that
//! an analyst vouches for, gets no accusation from what people report of calls that others make in its name.

use super::kinds::{Action, Basis, Category, RiskLevel};
use super::language::Language;
use super::words::{self, fill};

stable_enum! {
    /// The class of colours in which a screen shows a caller.
    DisplayClass {
        /// No colour of its own: nothing is known, or nothing speaks for or against the caller.
        Neutral = 1 "NEUTRAL",
        /// Green: the number is trusted.
        Trusted = 2 "TRUSTED",
        /// Yellow: a reason to be careful.
        Caution = 3 "CAUTION",
        /// Red: fraud is likely, the caller ID is false, or the call is refused.
        Danger = 4 "DANGER",
    }
}

/// What a screen shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Display {
    /// The name of the owner or of the kind of call, as calling name delivery carries it: ASCII, at most 15 characters.
    /// Empty if the screen shows the number alone.
    pub short_name: String,
    /// The class of its colours.
    pub class: DisplayClass,
    /// How loud the screen is, 0 to 3: nothing to say, a hint, a warning, a severe warning.
    pub severity: u8,
    /// One sentence in the language of the lookup. Empty if there is nothing to say.
    pub sentence: String,
}

/// The facts that the display follows from.
#[derive(Clone, Copy, Debug)]
pub struct DisplayFacts<'a> {
    /// The action that is enforced.
    pub action: Action,
    /// The rule that decided.
    pub basis: Basis,
    /// The level of the score.
    pub level: RiskLevel,
    /// The category of the calls.
    pub category: Option<Category>,
    /// Whether the number is about to be dialled.
    pub about_to_dial: bool,
    /// Whether the number is one that cannot exist, and not only one of an unknown length.
    pub impossible: bool,
    /// The label of a hindered call, at most 15 characters; empty for any other.
    pub label: &'static str,
    /// The name of the owner to show for the call, at most 15 characters; empty if none may be shown.
    pub caller_name: &'a str,
    /// The owner of the number in a sentence; empty if none is known.
    pub owner: &'a str,
    /// How sure it is that another party shows the number; none if nothing says so.
    pub spoofing: Option<Spoofing>,
    /// Whether the score rests on the numbers around this one alone.
    pub range_only: bool,
    /// Whether all that is known of the number itself are reports of unproven people, too few to label it.
    pub few_unproven: bool,
    /// The language of the sentence.
    pub language: Language,
}

/// How sure it is that another party than the owner shows the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spoofing {
    /// The owner is known, and nothing says who placed the call.
    Possible,
    /// The signature, or its absence, speaks against the owner.
    Likely,
}

/// What a screen shows for an answer.
#[must_use]
pub fn display(facts: &DisplayFacts<'_>) -> Display {
    if facts.action == Action::Allow {
        allowed(facts)
    } else {
        hindered(facts)
    }
}

/// A caller that is let through. What is reported of the number shows at most as a hint, and never for a known owner.
fn allowed(facts: &DisplayFacts<'_>) -> Display {
    let words = words::screen(facts.language);
    let is_judged = matches!(facts.basis, Basis::Analytics | Basis::NoEvidence);
    let is_owned = !facts.owner.is_empty();
    let (class, severity, sentence) = match facts.level {
        _ if facts.basis == Basis::Protected => (DisplayClass::Neutral, 0, words.always.to_string()),
        _ if facts.basis == Basis::TenantPolicy => (DisplayClass::Neutral, 0, words.network_allows.to_string()),
        RiskLevel::Trusted if is_owned => (DisplayClass::Trusted, 0, with_owner(&words.owner, facts)),
        RiskLevel::Trusted => (DisplayClass::Trusted, 0, words.trusted.to_string()),
        _ if is_owned && facts.spoofing.is_none() => (DisplayClass::Neutral, 0, with_owner(&words.owner, facts)),
        RiskLevel::Medium | RiskLevel::High | RiskLevel::Critical if is_judged && !is_owned => hint(facts),
        RiskLevel::Medium | RiskLevel::High | RiskLevel::Critical => (DisplayClass::Neutral, 0, String::new()),
        RiskLevel::Low => (DisplayClass::Neutral, 0, words.clean.to_string()),
        RiskLevel::Unknown | RiskLevel::NotScored => (DisplayClass::Neutral, 0, words.unknown.to_string()),
    };
    Display {
        short_name: facts.caller_name.to_owned(),
        class,
        severity,
        sentence,
    }
}

/// A hint of what is known of the number. A few new people, or numbers around it, accuse nobody: then the sentence says so,
/// without a colour.
fn hint(facts: &DisplayFacts<'_>) -> (DisplayClass, u8, String) {
    let words = words::screen(facts.language);
    if facts.few_unproven {
        (DisplayClass::Neutral, 0, words.few_reports.to_string())
    } else if facts.range_only {
        (DisplayClass::Neutral, 0, words.near.to_string())
    } else {
        (DisplayClass::Caution, 1, words.suspect.to_string())
    }
}

/// A caller that is labelled, tested or refused, or a number that a person is warned of.
fn hindered(facts: &DisplayFacts<'_>) -> Display {
    let words = words::screen(facts.language);
    let is_refused = facts.action == Action::Block;
    let is_fraud = facts.category.is_some_and(Category::is_fraud);
    let (is_severe, sentence) = match facts.basis {
        Basis::InvalidNumber if is_refused || facts.about_to_dial || facts.impossible => {
            (true, words.invalid.to_string())
        }
        Basis::InvalidNumber => {
            return shown(facts.label, DisplayClass::Caution, 1, words.unknown_length.to_string());
        }
        Basis::Dno => (true, words.never_calls.to_string()),
        Basis::TenantPolicy => (is_refused, words.network_warns.to_string()),
        Basis::Protected
        | Basis::Analyst
        | Basis::Analytics
        | Basis::NoEvidence
        | Basis::FailOpen
        | Basis::KnownOwner
        | Basis::Shadow => match facts.spoofing {
            Some(Spoofing::Likely) => (true, words.spoofed.to_string()),
            Some(Spoofing::Possible) => (is_refused || is_fraud, words.spoof_possible.to_string()),
            None if facts.range_only && facts.about_to_dial => (is_refused, words.dial_near.to_string()),
            None if facts.range_only => (is_refused, words.near_unwanted.to_string()),
            None => (is_refused || is_fraud, accusation(facts, is_fraud)),
        },
    };
    let is_loud = is_refused || (facts.about_to_dial && is_severe);
    let class = if is_severe {
        DisplayClass::Danger
    } else {
        DisplayClass::Caution
    };
    shown(facts.label, class, if is_loud { 3 } else { 2 }, sentence)
}

/// The possible use of the number, never stated as a fact.
fn accusation(facts: &DisplayFacts<'_>, is_fraud: bool) -> String {
    let words = words::screen(facts.language);
    let category = facts
        .category
        .filter(|category| *category != Category::Unspecified && !category.is_wanted());
    let (general, of_kind) = match (facts.about_to_dial, is_fraud) {
        (true, true) => (&words.dial_fraud, &words.dial_fraud_kind),
        (true, false) => return words.dial_unwanted.to_string(),
        (false, true) => (&words.fraud, &words.fraud_kind),
        (false, false) => (&words.unwanted, &words.unwanted_kind),
    };
    let Some(category) = category else {
        return general.to_string();
    };
    let name = &words::category(facts.language, category).name;
    fill(of_kind, &[("category", name)])
}

fn with_owner(text: &str, facts: &DisplayFacts<'_>) -> String {
    fill(text, &[("owner", facts.owner)])
}

fn shown(name: &str, class: DisplayClass, severity: u8, sentence: String) -> Display {
    Display {
        short_name: name.to_owned(),
        class,
        severity,
        sentence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DisplayClass as C;

    fn facts(action: Action, basis: Basis, level: RiskLevel) -> DisplayFacts<'static> {
        DisplayFacts {
            action,
            basis,
            level,
            category: None,
            about_to_dial: false,
            impossible: false,
            label: if action == Action::Allow { "" } else { "SPAM LIKELY" },
            caller_name: "",
            owner: "",
            spoofing: None,
            range_only: false,
            few_unproven: false,
            language: Language::English,
        }
    }

    const CATEGORIES: [Option<Category>; 5] = [
        None,
        Some(Category::Unspecified),
        Some(Category::BankImpersonation),
        Some(Category::Survey),
        Some(Category::Notification),
    ];

    /// Every combination of what the function distinguishes.
    fn every(mut check: impl FnMut(&DisplayFacts<'_>)) {
        for &action in Action::ALL {
            for &basis in Basis::ALL {
                for &level in RiskLevel::ALL {
                    for category in CATEGORIES {
                        for flags in 0..96u8 {
                            let is = |bit: u8| flags & bit != 0;
                            let spoofing = [None, Some(Spoofing::Possible), Some(Spoofing::Likely)];
                            let owner = if is(2) { "First Bank" } else { "" };
                            check(&DisplayFacts {
                                category,
                                about_to_dial: is(1),
                                impossible: false,
                                owner,
                                caller_name: if is(4) && action == Action::Allow { owner } else { "" },
                                range_only: is(8),
                                few_unproven: is(16),
                                spoofing: spoofing[usize::from(flags / 32)],
                                ..facts(action, basis, level)
                            });
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_call_that_is_let_through_accuses_nobody() {
        every(|facts| {
            let shown = display(facts);
            if facts.action != Action::Allow {
                assert!(
                    shown.severity > 0 && matches!(shown.class, C::Caution | C::Danger),
                    "{facts:?}"
                );
                assert!(
                    !shown.sentence.is_empty() && shown.short_name == facts.label,
                    "{facts:?}"
                );
                return;
            }
            assert!(shown.severity <= 1 && shown.class != C::Danger, "{facts:?}: {shown:?}");
            assert_eq!(shown.class == C::Caution, shown.severity == 1, "{facts:?}");
            assert_eq!(shown.short_name, facts.caller_name);
            if !facts.owner.is_empty() || facts.range_only || facts.few_unproven {
                assert_eq!(shown.severity, 0, "{facts:?}: {shown:?}");
                assert!(!shown.sentence.contains("is used"), "{facts:?}: {shown:?}");
            }
            assert!(!shown.sentence.contains("impersonation"), "{facts:?}");
        });
    }

    #[test]
    fn only_a_trusted_level_is_shown_as_trusted() {
        every(|facts| {
            let is_ruled = matches!(facts.basis, Basis::Protected | Basis::TenantPolicy);
            let is_trusted = facts.action == Action::Allow && facts.level == RiskLevel::Trusted && !is_ruled;
            assert_eq!(display(facts).class == C::Trusted, is_trusted, "{facts:?}");
        });
    }

    #[test]
    fn fraud_and_refusals_are_red() {
        every(|facts| {
            let judged = matches!(
                facts.basis,
                Basis::Analytics | Basis::NoEvidence | Basis::Analyst | Basis::KnownOwner
            );
            if facts.action == Action::Allow || !judged {
                return;
            }
            let shown = display(facts);
            let is_near = facts.range_only && facts.spoofing.is_none();
            let is_fraud = facts.category == Some(Category::BankImpersonation) && !is_near;
            let is_spoofed = facts.spoofing == Some(Spoofing::Likely);
            let is_red = is_spoofed || is_fraud || facts.action == Action::Block;
            assert_eq!(shown.class == C::Danger, is_red, "{facts:?}: {shown:?}");
            let is_loud = facts.action == Action::Block || (facts.about_to_dial && is_red);
            assert_eq!(shown.severity, if is_loud { 3 } else { 2 }, "{facts:?}: {shown:?}");
        });
    }

    /// The table of `docs/apps.md`.
    #[test]
    #[expect(clippy::too_many_lines, reason = "one table")]
    fn the_usual_answers_are_this_table() {
        let with = |facts: DisplayFacts<'static>, category| DisplayFacts { category, ..facts };
        let labelled = facts(Action::Label, Basis::Analytics, RiskLevel::High);
        let bank = Some(Category::BankImpersonation);
        let dialled = DisplayFacts {
            about_to_dial: true,
            ..facts(Action::WarnBeforeDial, Basis::Analytics, RiskLevel::High)
        };
        let owned = |level| DisplayFacts {
            owner: "First Bank",
            caller_name: "First Bank",
            ..facts(Action::Allow, Basis::KnownOwner, level)
        };
        for (facts, class, severity, sentence) in [
            (
                facts(Action::Allow, Basis::NoEvidence, RiskLevel::Unknown),
                C::Neutral,
                0,
                "Nothing is known about this number.",
            ),
            (
                facts(Action::Allow, Basis::Analytics, RiskLevel::Low),
                C::Neutral,
                0,
                "Nothing is known that speaks against this number.",
            ),
            (
                facts(Action::Allow, Basis::Analytics, RiskLevel::Medium),
                C::Caution,
                1,
                "There are signs that this number is used for unwanted calls.",
            ),
            (
                DisplayFacts {
                    few_unproven: true,
                    ..facts(Action::Allow, Basis::Analytics, RiskLevel::Medium)
                },
                C::Neutral,
                0,
                "What was reported of this number is not enough for a warning.",
            ),
            (
                DisplayFacts {
                    range_only: true,
                    ..facts(Action::Allow, Basis::Analytics, RiskLevel::Medium)
                },
                C::Neutral,
                0,
                "There are warnings about numbers close to this one, but little is known of this number itself.",
            ),
            (
                DisplayFacts {
                    range_only: true,
                    ..with(labelled, bank)
                },
                C::Caution,
                2,
                "There are warnings about numbers close to this one: it may be used for unwanted calls, too.",
            ),
            (
                DisplayFacts {
                    range_only: true,
                    ..dialled
                },
                C::Caution,
                2,
                "Be careful before you call this number: there are warnings about numbers close to it.",
            ),
            (
                DisplayFacts {
                    spoofing: Some(Spoofing::Possible),
                    ..labelled
                },
                C::Caution,
                2,
                "This call may come from somebody else than the owner of the number.",
            ),
            (
                owned(RiskLevel::Trusted),
                C::Trusted,
                0,
                "This number belongs to First Bank.",
            ),
            (
                owned(RiskLevel::Medium),
                C::Neutral,
                0,
                "This number belongs to First Bank.",
            ),
            (
                facts(Action::Allow, Basis::Analyst, RiskLevel::Trusted),
                C::Trusted,
                0,
                "This number is known and trusted.",
            ),
            (
                facts(Action::Allow, Basis::FailOpen, RiskLevel::Unknown),
                C::Neutral,
                0,
                "Nothing is known about this number.",
            ),
            (labelled, C::Caution, 2, "This number may be used for unwanted calls."),
            (
                with(labelled, Some(Category::Survey)),
                C::Caution,
                2,
                "This number may be used for unwanted calls: Survey.",
            ),
            (
                with(labelled, bank),
                C::Danger,
                2,
                "This number may be used for fraud: Bank impersonation.",
            ),
            (
                facts(Action::Block, Basis::Analytics, RiskLevel::Critical),
                C::Danger,
                3,
                "This number may be used for unwanted calls.",
            ),
            (
                DisplayFacts {
                    spoofing: Some(Spoofing::Likely),
                    ..facts(Action::Label, Basis::KnownOwner, RiskLevel::High)
                },
                C::Danger,
                2,
                "Somebody else probably shows the number of its owner.",
            ),
            (
                facts(Action::Block, Basis::InvalidNumber, RiskLevel::NotScored),
                C::Danger,
                3,
                "No such number is in use.",
            ),
            (
                facts(Action::Label, Basis::InvalidNumber, RiskLevel::Unknown),
                C::Caution,
                1,
                "The length of this number is not known: the number may be new, or false.",
            ),
            (
                with(dialled, bank),
                C::Danger,
                3,
                "Please do not call this number: it may be used for fraud (Bank impersonation).",
            ),
            (
                dialled,
                C::Caution,
                2,
                "Be careful before you call this number: it may be used for unwanted calls.",
            ),
        ] {
            let shown = display(&facts);
            assert_eq!(
                (shown.class, shown.severity, shown.sentence.as_str()),
                (class, severity, sentence)
            );
        }
    }

    #[test]
    fn the_sentence_is_in_the_language_of_the_lookup() {
        every(|facts| {
            let texts: Vec<String> = Language::ALL
                .iter()
                .map(|&language| display(&DisplayFacts { language, ..*facts }).sentence)
                .collect();
            let distinct: std::collections::HashSet<_> = texts.iter().collect();
            assert!(
                texts[0].is_empty() || distinct.len() == Language::ALL.len(),
                "{texts:?}"
            );
        });
    }

    #[test]
    fn integers_and_names_are_frozen() {
        let all: Vec<_> = C::ALL.iter().map(|class| (class.code(), class.name())).collect();
        assert_eq!(all, [(1, "NEUTRAL"), (2, "TRUSTED"), (3, "CAUTION"), (4, "DANGER")]);
    }
}
