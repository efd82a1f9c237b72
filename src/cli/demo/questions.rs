//! The questions of the demo, and the expected answers.

use crate::wire::v1::{Action, Basis, LookupResponse, RiskLevel};

/// A question and the expected answer.
#[derive(Debug)]
pub(super) struct DemoQuestion {
    /// The caller, in words.
    pub(super) who: &'static str,
    /// The number as a switch or an app sends it.
    pub(super) asked: &'static str,
    /// The number in E.164; empty if the caller has no number that can be called back.
    e164: &'static str,
    levels: &'static [RiskLevel],
    action: Action,
    basis: Basis,
    /// Words in the title of a case that the answer must name; empty if the answer must not name a case.
    case: &'static str,
}

/// All questions, in the order of the demo.
pub(super) const QUESTIONS: &[DemoQuestion] = &[
    DemoQuestion {
        who: "false Apple support, in an FTC letter",
        asked: "+13152328257",
        e164: "+13152328257",
        levels: &[RiskLevel::Critical],
        action: Action::Block,
        basis: Basis::Analytics,
        case: "FTC Point of No Entry",
    },
    DemoQuestion {
        who: "the same, from a switch",
        asked: "<sip:+1-315-232-8257@h>",
        e164: "+13152328257",
        levels: &[RiskLevel::Critical],
        action: Action::Block,
        basis: Basis::Analytics,
        case: "FTC Point of No Entry",
    },
    DemoQuestion {
        who: "technical support, reported twice",
        asked: "(951) 677-1450",
        e164: "+19516771450",
        levels: &[RiskLevel::Critical],
        action: Action::Block,
        basis: Basis::Analytics,
        case: "",
    },
    DemoQuestion {
        who: "never reported, in a reported range",
        asked: "+19516774300",
        e164: "+19516774300",
        levels: &[RiskLevel::Medium, RiskLevel::High],
        action: Action::Label,
        basis: Basis::Analytics,
        case: "",
    },
    DemoQuestion {
        who: "tech-support fraud in a letter",
        asked: "+17474777195",
        e164: "+17474777195",
        levels: &[RiskLevel::High],
        action: Action::Label,
        basis: Basis::Analytics,
        case: "FTC Point of No Entry",
    },
    DemoQuestion {
        who: "a hospital",
        asked: "+12018333000",
        e164: "+12018333000",
        levels: &[RiskLevel::Unknown, RiskLevel::Low],
        action: Action::Allow,
        basis: Basis::NoEvidence,
        case: "",
    },
    DemoQuestion {
        who: "never reported",
        asked: "212-555-0147",
        e164: "+12125550147",
        levels: &[RiskLevel::Unknown],
        action: Action::Allow,
        basis: Basis::NoEvidence,
        case: "",
    },
    DemoQuestion {
        who: "a number that cannot exist",
        asked: "+999123456789",
        e164: "",
        levels: &[RiskLevel::NotScored],
        action: Action::Block,
        basis: Basis::InvalidNumber,
        case: "",
    },
    DemoQuestion {
        who: "a number one digit short",
        asked: "+1617555012",
        e164: "+1617555012",
        levels: &[RiskLevel::Unknown],
        action: Action::Label,
        basis: Basis::InvalidNumber,
        case: "",
    },
    DemoQuestion {
        who: "a caller that shows 911",
        asked: "911",
        e164: "",
        levels: &[RiskLevel::NotScored],
        action: Action::Allow,
        basis: Basis::NoEvidence,
        case: "",
    },
    DemoQuestion {
        who: "a withheld number",
        asked: "sip:anonymous@anonymous.invalid",
        e164: "",
        levels: &[RiskLevel::NotScored],
        action: Action::Allow,
        basis: Basis::NoEvidence,
        case: "",
    },
];

/// Compares an answer with the expected one. Returns a message for each difference.
pub(super) fn mismatch(question: &DemoQuestion, answer: &LookupResponse) -> Vec<String> {
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
        (case_is_right, "the list of fraud cases"),
    ];
    let wrong = checks.into_iter().filter(|(right, _)| !right);
    wrong
        .map(|(_, what)| format!("{}: {what} differs from the expected answer", question.who))
        .collect()
}
