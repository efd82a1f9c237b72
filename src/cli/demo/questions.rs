//! What the demo asks, and what the answer has to be.

use crate::wire::v1::{Action, Basis, LookupResponse, RiskLevel};

/// A question with its answer.
#[derive(Debug)]
pub(super) struct Question {
    /// Who calls, in words.
    pub(super) who: &'static str,
    /// What the switch or app has.
    pub(super) asked: &'static str,
    /// The number it stands for; empty if it is none that can be called back.
    e164: &'static str,
    levels: &'static [RiskLevel],
    action: Action,
    basis: Basis,
    /// Words of a case's title that must be among the answer's cases; empty if there must be none.
    case: &'static str,
}

/// The questions, in the order of the demo.
pub(super) const QUESTIONS: &[Question] = &[
    Question {
        who: "false Apple support, named in an FTC letter",
        asked: "+13152328257",
        e164: "+13152328257",
        levels: &[RiskLevel::Critical],
        action: Action::Block,
        basis: Basis::Analytics,
        case: "FTC Point of No Entry",
    },
    Question {
        who: "the same, as a switch sends it",
        asked: "\"Apple\" <sip:+1-315-232-8257@carrier.example;user=phone>",
        e164: "+13152328257",
        levels: &[RiskLevel::Critical],
        action: Action::Block,
        basis: Basis::Analytics,
        case: "FTC Point of No Entry",
    },
    Question {
        who: "technical support, reported twice",
        asked: "(951) 677-1450",
        e164: "+19516771450",
        levels: &[RiskLevel::Critical],
        action: Action::Block,
        basis: Basis::Analytics,
        case: "",
    },
    Question {
        who: "never reported, in a hot range",
        asked: "+19516774300",
        e164: "+19516774300",
        levels: &[RiskLevel::Medium, RiskLevel::High],
        action: Action::Label,
        basis: Basis::Analytics,
        case: "",
    },
    Question {
        who: "tech-support fraud in a letter, call of 16 July",
        asked: "+17474777195",
        e164: "+17474777195",
        levels: &[RiskLevel::High],
        action: Action::Label,
        basis: Basis::Analytics,
        case: "FTC Point of No Entry",
    },
    Question {
        who: "a hospital",
        asked: "+12018333000",
        e164: "+12018333000",
        levels: &[RiskLevel::Unknown, RiskLevel::Low],
        action: Action::Allow,
        basis: Basis::NoEvidence,
        case: "",
    },
    Question {
        who: "nobody has reported it",
        asked: "212-555-0147",
        e164: "+12125550147",
        levels: &[RiskLevel::Unknown],
        action: Action::Allow,
        basis: Basis::NoEvidence,
        case: "",
    },
    Question {
        who: "a number that cannot exist",
        asked: "+1999999999999",
        e164: "",
        levels: &[RiskLevel::NotScored],
        action: Action::Block,
        basis: Basis::InvalidNumber,
        case: "",
    },
    Question {
        who: "emergency services",
        asked: "911",
        e164: "",
        levels: &[RiskLevel::NotScored],
        action: Action::Allow,
        basis: Basis::Protected,
        case: "",
    },
    Question {
        who: "a withheld number",
        asked: "sip:anonymous@anonymous.invalid",
        e164: "",
        levels: &[RiskLevel::NotScored],
        action: Action::Allow,
        basis: Basis::NoEvidence,
        case: "",
    },
];

/// What is wrong with an answer, if anything is.
pub(super) fn mismatch(question: &Question, answer: &LookupResponse) -> Vec<String> {
    let number = answer
        .number
        .as_ref()
        .map(|number| number.e164.as_str())
        .unwrap_or_default();
    let titles: Vec<&str> = answer.cases.iter().map(|case| case.title.as_str()).collect();
    let case_is_right = match question.case {
        "" => titles.is_empty(),
        words => titles.iter().any(|title| title.contains(words)),
    };
    let checks = [
        (number == question.e164, "the number"),
        (question.levels.contains(&answer.risk_level()), "the level"),
        (answer.action() == question.action, "the action"),
        (answer.basis() == question.basis, "the basis"),
        (case_is_right, "the fraud cases"),
    ];
    let wrong = checks.into_iter().filter(|(right, _)| !right);
    wrong
        .map(|(_, what)| format!("{}: {what} is not what it should be", question.who))
        .collect()
}
