//! A brand's own number beside the fraud that uses its name.
//!
//! A letter of the FTC names a number whose callers claimed to be the Social Security Administration, and an analyst blocks
//! it. Other fraudsters show the number of the administration itself, so people complain about that number too. The
//! administration must still get through: a list of known owners names it, and the signature of a call decides.

use std::path::Path;

use comfy_table::Cell;

use super::{DAY, OWNERS, line};
use crate::cli::connect::Connection;
use crate::cli::output::heading;
use crate::cli::shared::PATIENCE_MS;
use crate::cli::{CliError, names, output};
use crate::domain::time::Timestamp;
use crate::wire;
use crate::wire::v1::lookup_service_client::LookupServiceClient;
use crate::wire::v1::report_service_client::ReportServiceClient;
use crate::wire::v1::{
    Action, Attestation, Basis, BatchSubmitReportsRequest, Category, LookupRequest, LookupResponse, Report, ReportRole,
    Source, Verstat, View,
};

/// The organisation whose name and number fraudsters use.
const BRAND: &str = "Social Security Administration";
/// Its number for the public; see the packaged list of known owners.
const OWN_NUMBER: &str = "+18007721213";
/// A number of false callers from it, named in a letter of the FTC.
const FRAUD: &str = "+12065934830";
/// The complaints about the organisation's number. They are made up: the complaints that the FTC published hold 66 about
/// this number in 2020, but none on the day of the demo.
const COMPLAINTS: u32 = 60;
/// The time between two of them.
const MINUTES_APART: i64 = 20;

/// A call, and the expected answer.
struct SignedCall {
    who: &'static str,
    number: &'static str,
    attestation: Attestation,
    verstat: Verstat,
    action: Action,
    basis: Basis,
    is_spoof_suspected: bool,
    /// Words that the advice has; empty if there must be no advice.
    advice: &'static str,
}

/// All calls, in the order of the table.
const CALLS: [SignedCall; 4] = [
    SignedCall {
        who: "false Social Security in an FTC letter",
        number: FRAUD,
        attestation: Attestation::Unspecified,
        verstat: Verstat::Unspecified,
        action: Action::Block,
        basis: Basis::Analyst,
        is_spoof_suspected: false,
        advice: "authority",
    },
    SignedCall {
        who: "Social Security, signed A",
        number: OWN_NUMBER,
        attestation: Attestation::A,
        verstat: Verstat::Passed,
        action: Action::Allow,
        basis: Basis::KnownOwner,
        is_spoof_suspected: false,
        advice: "",
    },
    SignedCall {
        who: "its number, unsigned",
        number: OWN_NUMBER,
        attestation: Attestation::None,
        verstat: Verstat::NoValidation,
        action: Action::Label,
        basis: Basis::Analytics,
        is_spoof_suspected: true,
        advice: "belongs to Social Security Administration",
    },
    SignedCall {
        who: "its number, signed C by a gateway",
        number: OWN_NUMBER,
        attestation: Attestation::C,
        verstat: Verstat::Passed,
        action: Action::Label,
        basis: Basis::KnownOwner,
        is_spoof_suspected: true,
        advice: "belongs to Social Security Administration",
    },
];

/// Tells this part of the demo. Returns a message for each wrong answer.
pub(super) async fn tell(
    (url, channel): (&str, &Connection),
    place: &Path,
    run_line: &impl AsyncFn(Vec<String>) -> Result<(), CliError>,
) -> Result<Vec<String>, CliError> {
    heading("The fraud in a brand's name: ringwarden number set-status +12065934830 BLOCKED")?;
    let reason = "a letter of the FTC names it";
    let blocked = ["number", "set-status", FRAUD, "BLOCKED", "--reason", reason];
    run_line(line(url, &blocked)).await?;
    heading("The brand's own number: ringwarden import list --kind known-owner owners.csv")?;
    let file = place.join("owners.csv");
    std::fs::write(&file, OWNERS)?;
    let file = file.to_string_lossy();
    let import = ["import", "list", "--kind", "known-owner", "--list-id", "owners", &file];
    run_line(line(url, &import)).await?;
    complain(channel).await?;
    heading(&format!(
        "The fraud, and three calls with the owner's number, after {COMPLAINTS} made-up complaints"
    ))?;
    ask_all(channel).await
}

/// Files complaints about calls that showed the number of the organisation. Nobody knows how the calls were signed.
async fn complain(channel: &Connection) -> Result<(), CliError> {
    let report = |n: u32| Report {
        report_id: format!("demo-{n}"),
        number: OWN_NUMBER.to_owned(),
        category: Category::GovernmentImpersonation.into(),
        source: Source::RegulatorFeed.into(),
        role: ReportRole::CalledMe.into(),
        impersonated_brand: BRAND.to_owned(),
        occurred_at: Some(wire::Timestamp::from_millis(called_at(n).millis())),
        ..Report::default()
    };
    let reports = (0..COMPLAINTS).map(report).collect();
    let mut client = ReportServiceClient::new(channel.clone());
    client
        .batch_submit_reports(BatchSubmitReportsRequest { reports })
        .await?;
    Ok(())
}

/// The time of a call: on the day before the demo.
const fn called_at(n: u32) -> Timestamp {
    Timestamp::from_millis(DAY.millis() - (n as i64 + 1) * MINUTES_APART * 60_000)
}

/// Asks about all calls, prints the answers and what the person called is told. Returns a message for each wrong answer.
async fn ask_all(channel: &Connection) -> Result<Vec<String>, CliError> {
    let mut client = LookupServiceClient::new(channel.clone());
    let mut table = output::new_table(["who calls", "score", "action", "by", "spoofed"]);
    let (mut told, mut faults) = (String::new(), Vec::new());
    for call in &CALLS {
        let request = LookupRequest {
            number: call.number.to_owned(),
            attestation: call.attestation.into(),
            verstat: call.verstat.into(),
            default_region: "US".to_owned(),
            view: View::Full.into(),
            budget_ms: PATIENCE_MS,
            ..LookupRequest::default()
        };
        let answer = client.lookup(request).await?.into_inner();
        table.add_row(row(call, &answer));
        if let Some(advice) = answer.advice.as_ref().filter(|_| call.is_spoof_suspected) {
            told = format!("{}: {}", call.who, advice.text);
        }
        faults.extend(mismatch(call, &answer));
    }
    output::show(&table)?;
    output::line("\nThe person called is told, for example:")?;
    output::paragraph(&told)?;
    Ok(faults)
}

fn row(call: &SignedCall, answer: &LookupResponse) -> [Cell; 5] {
    [
        output::text(call.who),
        output::score(answer.risk_score),
        output::by_action(names::name_of::<Action>(answer.action), answer.action()),
        output::text(names::name_of::<Basis>(answer.basis)),
        output::text(if answer.spoof_suspected { "yes" } else { "no" }),
    ]
}

fn owner(answer: &LookupResponse) -> &str {
    answer.owner.as_ref().map_or("", |owner| owner.organisation.as_str())
}

/// Compares an answer with the expected one. Returns a message for each difference.
fn mismatch(call: &SignedCall, answer: &LookupResponse) -> Vec<String> {
    let number = answer.number.as_ref().map(|number| number.e164.as_str());
    let advice = answer.advice.as_ref().map(|advice| advice.text.as_str());
    let is_fraud = call.number == FRAUD;
    let names_brand = answer.cases.iter().any(|case| case.impersonated_brand == BRAND);
    let advice_is_right = match call.advice {
        "" => advice.is_none(),
        words => advice.is_some_and(|advice| advice.contains(words)),
    };
    let checks = [
        (number == Some(call.number), "the number"),
        (answer.action() == call.action, "the action"),
        (answer.basis() == call.basis, "the basis"),
        (
            answer.spoof_suspected == call.is_spoof_suspected,
            "the suspicion of spoofing",
        ),
        (owner(answer) == if is_fraud { "" } else { BRAND }, "the owner"),
        (names_brand == is_fraud, "the brand of the fraud cases"),
        (advice_is_right, "the advice"),
    ];
    let wrong = checks.into_iter().filter(|(right, _)| !right);
    wrong
        .map(|(_, what)| format!("{}: {what} differs from the expected answer", call.who))
        .collect()
}
