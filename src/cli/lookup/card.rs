//! Prints one answer to a lookup, with its reasons and cases, for people.

use comfy_table::Table;

use crate::cli::error::CliError;
use crate::cli::names::name_of;
use crate::cli::{output, time};
use crate::wire::v1::{
    Action, Basis, CaseRole, CaseStatus, CaseSummary, Category, KnownOwner, LineType, LookupResponse, NumberInfo,
    OwnerCalls, Reason, RiskLevel, Validity,
};

pub(super) fn print(answer: &LookupResponse) -> Result<(), CliError> {
    output::show(&summary(answer))?;
    print_reasons(&answer.reasons)?;
    print_cases(&answer.cases)?;
    if let Some(advice) = &answer.advice {
        output::line("")?;
        output::paragraph(&advice.text)?;
    }
    if answer.decision_id.is_empty() {
        return Ok(());
    }
    // It is long, and only needed to ask about this decision later.
    let mut decision = output::card();
    output::add(&mut decision, "decision", &answer.decision_id);
    output::section(&decision)
}

/// The number in E.164, if the server could parse it.
pub(super) fn number_text(answer: &LookupResponse) -> Option<&str> {
    let number = answer.number.as_ref()?;
    Some(number.e164.as_str()).filter(|text| !text.is_empty())
}

/// Prints reasons, each with the points that it adds to the score.
pub(in crate::cli) fn print_reasons(reasons: &[Reason]) -> Result<(), CliError> {
    if reasons.is_empty() {
        return Ok(());
    }
    let mut table = output::new_table(["points", "reason", "detail"]);
    for reason in reasons {
        table.add_row([
            output::figure(format!("{:+.2}", reason.points)),
            output::text(&reason.code),
            output::text(&reason.detail),
        ]);
    }
    output::section(&table)
}

/// Adds the lines about the number itself to a card.
pub(in crate::cli) fn add_number(card: &mut Table, number: &NumberInfo) {
    let shown = if number.international_format.is_empty() {
        &number.e164
    } else {
        &number.international_format
    };
    output::add(card, "number", shown);
    let line_type = match name_of::<LineType>(number.line_type) {
        name if name == "UNKNOWN" => String::new(),
        name => name,
    };
    let facts = [number.region.clone(), line_type, name_of::<Validity>(number.validity)];
    let facts: Vec<String> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
    output::add(card, "plan", facts.join(", "));
}

/// Adds the line about the owner of the number, with the origin of the claim.
pub(in crate::cli) fn add_owner(card: &mut Table, owner: &KnownOwner) {
    let brand = match owner.brand.as_str() {
        "" => String::new(),
        brand => format!(" ({brand})"),
    };
    let calls = match owner.calls() {
        OwnerCalls::Never => "places no calls from it",
        OwnerCalls::Signed => "signs all its calls",
        OwnerCalls::Yes => "calls or may call from it",
        // Also a value of a newer server, which this client does not know.
        OwnerCalls::Unspecified => "unknown whether it calls",
    };
    let origin = format!("{}, {}", owner.source, time::shown(owner.as_of));
    output::add(
        card,
        "owner",
        format!("{}{brand}: {calls} ({origin})", owner.organisation),
    );
}

/// The action of an answer, with the one that the operator does not carry out.
pub(super) fn action(answer: &LookupResponse) -> String {
    let action = name_of::<Action>(answer.action);
    match name_of::<Action>(answer.would_action) {
        would if would.is_empty() => action,
        would => format!("{action}, would {would}"),
    }
}

/// Adds the line about a decision that the operator does not carry out.
pub(in crate::cli) fn add_would(card: &mut Table, action: i32, basis: i32) {
    let (action, basis) = (name_of::<Action>(action), name_of::<Basis>(basis));
    if !action.is_empty() {
        output::add(card, "would be", format!("{action}, by {basis}"));
    }
}

/// A table of cases, each with its status and the role of the number in it.
pub(in crate::cli) fn cases_table<'a>(cases: impl IntoIterator<Item = &'a CaseSummary>) -> Table {
    let mut table = output::new_table(["case", "title", "status", "agency", "category", "brand", "role"]);
    for case in cases {
        table.add_row([
            output::text(&case.case_id),
            output::text(&case.title),
            output::text(name_of::<CaseStatus>(case.status)),
            output::text(&case.agency),
            output::text(name_of::<Category>(case.category)),
            output::text(&case.impersonated_brand),
            output::text(name_of::<CaseRole>(case.role)),
        ]);
    }
    table
}

/// A category and its probability.
pub(in crate::cli) fn category(category: i32, probability: f64) -> String {
    match name_of::<Category>(category) {
        name if name.is_empty() => name,
        name => format!("{name} ({:.0} %)", probability * 100.0),
    }
}

fn print_cases(cases: &[CaseSummary]) -> Result<(), CliError> {
    if cases.is_empty() {
        return Ok(());
    }
    output::section(&cases_table(cases))
}

fn summary(answer: &LookupResponse) -> Table {
    let mut card = output::card();
    if let Some(number) = &answer.number {
        add_number(&mut card, number);
    }
    if let Some(owner) = &answer.owner {
        add_owner(&mut card, owner);
    }
    let level = answer.risk_level();
    let level_name = name_of::<RiskLevel>(answer.risk_level);
    let risk = match answer.risk_score {
        Some(score) => format!("{score:.1} {level_name}"),
        None => level_name,
    };
    output::add_cell(&mut card, "risk", output::by_level(risk, level));
    if let Some(score) = answer.number_score.filter(|_| answer.number_score != answer.risk_score) {
        output::add(&mut card, "number alone", format!("{score:.1}"));
    }
    let (action, basis) = (name_of::<Action>(answer.action), name_of::<Basis>(answer.basis));
    output::add_cell(
        &mut card,
        "action",
        output::by_action(format!("{action}, by {basis}"), answer.action()),
    );
    add_would(&mut card, answer.would_action, answer.would_basis);
    // An answer in the basic view has no model, and ends here.
    if answer.model_version.is_empty() {
        return card;
    }
    output::add(&mut card, "confidence", format!("{:.2}", answer.confidence));
    output::add(
        &mut card,
        "category",
        category(answer.category, answer.category_confidence),
    );
    output::add(&mut card, "brand", &answer.impersonated_brand);
    output::add(&mut card, "reports", counts(answer.report_count, answer.reporter_count));
    output::add(&mut card, "first", time::shown(answer.first_reported));
    output::add(&mut card, "last", time::shown(answer.last_reported));
    if answer.spoof_suspected {
        output::add(&mut card, "spoofed", "suspected: somebody else may show this number");
    }
    if answer.owner_protected {
        output::add(
            &mut card,
            "victim",
            "probably the owner: others show this number as their caller id",
        );
    }
    output::add(&mut card, "model", &answer.model_version);
    if answer.stale {
        let since = time::shown(answer.data_as_of);
        output::add_cell(&mut card, "stale", output::failure(format!("data as of {since}")));
    }
    card
}

/// The number of reports and of reporters, as text.
pub(in crate::cli) fn counts(reports: u32, reporters: u32) -> String {
    let reports = output::grouped(reports.into());
    match reporters {
        0 => reports,
        some => format!("{reports} from about {} reporters", output::grouped(some.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_shows_the_main_fields() {
        let answer = LookupResponse {
            number: Some(NumberInfo {
                e164: "+14155550199".into(),
                international_format: "+1 415-555-0199".into(),
                region: "US".into(),
                line_type: LineType::FixedLineOrMobile.into(),
                validity: Validity::Valid.into(),
                ..Default::default()
            }),
            risk_score: Some(87.25),
            number_score: Some(87.25),
            risk_level: RiskLevel::Critical.into(),
            action: Action::Block.into(),
            basis: Basis::Analytics.into(),
            category: Category::TechSupportScam.into(),
            category_confidence: 0.81,
            report_count: 1_200,
            reporter_count: 40,
            model_version: "m1".into(),
            stale: true,
            ..Default::default()
        };
        let text = anstream::adapter::strip_str(&summary(&answer).trim_fmt()).to_string();
        for part in [
            "+1 415-555-0199",
            "US, FIXED_LINE_OR_MOBILE, VALID",
            "!! 87.2 CRITICAL",
            "BLOCK, by ANALYTICS",
            "TECH_SUPPORT_SCAM (81 %)",
            "1,200 from about 40 reporters",
            "stale",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(!text.contains("number alone"), "{text}");
    }

    #[test]
    fn a_decision_that_is_not_carried_out_is_a_line_of_its_own() {
        let answer = LookupResponse {
            action: Action::Allow.into(),
            basis: Basis::Shadow.into(),
            would_action: Action::Block.into(),
            would_basis: Basis::Analytics.into(),
            ..Default::default()
        };
        let text = anstream::adapter::strip_str(&summary(&answer).trim_fmt()).to_string();
        assert!(
            text.contains("ALLOW, by SHADOW") && text.contains("BLOCK, by ANALYTICS"),
            "{text}"
        );
    }

    #[test]
    fn an_unknown_value_of_calls_is_not_read_as_yes() {
        let line = |calls: i32| {
            let mut card = output::card();
            let owner = KnownOwner {
                organisation: "First Bank".into(),
                calls,
                ..KnownOwner::default()
            };
            add_owner(&mut card, &owner);
            card.trim_fmt().clone()
        };
        for (calls, words) in [
            (1, "places no calls from it"),
            (2, "signs all its calls"),
            (3, "calls or may call from it"),
            (0, "unknown whether it calls"),
            (99, "unknown whether it calls"),
        ] {
            assert!(line(calls).contains(words), "{calls}: {}", line(calls));
        }
    }

    #[test]
    fn a_basic_answer_shows_only_its_own_fields() {
        let answer = LookupResponse {
            risk_level: RiskLevel::Unknown.into(),
            action: Action::Allow.into(),
            basis: Basis::NoEvidence.into(),
            ..Default::default()
        };
        let text = summary(&answer).trim_fmt();
        assert!(text.contains("UNKNOWN") && !text.contains("reports"), "{text}");
    }
}
