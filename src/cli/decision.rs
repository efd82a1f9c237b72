//! `decision`: shows what was answered for a call, and why, by the decision id of the answer.

use clap::Args;

use super::connect::Remote;
use super::error::CliError;
use super::lookup::card;
use super::names::name_of;
use super::{output, time};
use crate::wire::v1::lookup_service_client::LookupServiceClient;
use crate::wire::v1::{
    Action, Attestation, Basis, CaseRole, CaseStatus, DecidedCase, DecidedEntry, Decision, GetDecisionRequest,
    ListKind, LookupRole, NumberStatus, RiskLevel, StatusKind, Verstat,
};

/// Arguments of `decision`.
#[derive(Args, Debug)]
pub struct DecisionArgs {
    /// Decision id from the answer or from the SIP header
    #[arg(value_name = "DECISION_ID")]
    decision_id: String,
    /// Language of all sentences, as a tag such as de [default: en]
    #[arg(long, value_name = "TAG", default_value = "", hide_default_value = true)]
    language: String,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: DecisionArgs) -> Result<(), CliError> {
    let mut client = LookupServiceClient::new(args.remote.connect().await?);
    let request = GetDecisionRequest {
        decision_id: args.decision_id,
        language: args.language,
    };
    let decision = client.get_decision(request).await?.into_inner();
    if args.remote.json {
        return output::json(&decision);
    }
    if !decision.sentence.is_empty() {
        output::paragraph(&decision.sentence)?;
        output::line("")?;
    }
    output::show(&summary(&decision))?;
    card::print_reasons(&decision.reasons)?;
    print_cases(&decision.cases)?;
    print_statuses(&decision.statuses)?;
    print_remarks(&decision.remarks)
}

fn summary(decision: &Decision) -> comfy_table::Table {
    let mut card = output::card();
    output::add(&mut card, "decided", time::shown(decision.decided_at));
    output::add(&mut card, "number", &decision.number);
    let direction = match decision.role() {
        LookupRole::AboutToDial => "about to be dialled",
        LookupRole::Calling | LookupRole::Unspecified => "calling",
    };
    output::add(&mut card, "direction", direction);
    let level = name_of::<RiskLevel>(decision.risk_level);
    let risk = match decision.risk_score {
        Some(score) => format!("{score:.1} {level}"),
        None => level,
    };
    output::add_cell(&mut card, "risk", output::by_level(risk, decision.risk_level()));
    let (action, basis) = (name_of::<Action>(decision.action), name_of::<Basis>(decision.basis));
    output::add_cell(
        &mut card,
        "action",
        output::by_action(format!("{action}, by {basis}"), decision.action()),
    );
    card::add_would(&mut card, decision.would_action, decision.would_basis);
    if let Some(entry) = &decision.entry {
        output::add(&mut card, "by list", by_list(entry));
    }
    output::add(&mut card, "attestation", name_of::<Attestation>(decision.attestation));
    output::add(&mut card, "verstat", name_of::<Verstat>(decision.verstat));
    if decision.spoof_suspected {
        output::add(&mut card, "spoofed", "suspected");
    }
    output::add(&mut card, "arrived", time::shown(decision.event_time));
    output::add(&mut card, "orig id", &decision.orig_id);
    output::add(&mut card, "ingress", &decision.ingress);
    output::add(&mut card, "model", &decision.model_version);
    card
}

/// The entry in one line: the list, the pattern, and where the entry comes from.
fn by_list(entry: &DecidedEntry) -> String {
    let kind = name_of::<ListKind>(entry.kind);
    let mut parts = vec![format!("{} ({kind}): {}", entry.list_id, entry.number)];
    if !entry.organisation.is_empty() {
        parts.push(format!("owner {}", entry.organisation));
    }
    parts.push(format!("source {}", entry.source));
    if !entry.requester.is_empty() {
        parts.push(format!("requested by {}", entry.requester));
    }
    parts.push(format!("entered {}", time::shown(entry.entered_at)));
    parts.join(", ")
}

fn print_cases(cases: &[DecidedCase]) -> Result<(), CliError> {
    if cases.is_empty() {
        return Ok(());
    }
    let mut table = output::new_table([
        "case",
        "title",
        "status then",
        "status now",
        "role",
        "linked (UTC)",
        "counted",
    ]);
    for decided in cases {
        let case = decided.case.clone().unwrap_or_default();
        table.add_row([
            output::text(&case.case_id),
            output::text(&case.title),
            output::text(name_of::<CaseStatus>(decided.status_then)),
            output::text(name_of::<CaseStatus>(case.status)),
            output::text(name_of::<CaseRole>(case.role)),
            output::text(time::column(decided.linked_at)),
            output::text(if decided.counted { "yes" } else { "" }),
        ]);
    }
    output::section(&table)
}

fn print_statuses(statuses: &[NumberStatus]) -> Result<(), CliError> {
    if statuses.is_empty() {
        return Ok(());
    }
    let mut table = output::new_table(["status", "set by", "set (UTC)", "ends (UTC)", "reason"]);
    for status in statuses {
        table.add_row([
            output::text(name_of::<StatusKind>(status.kind)),
            output::text(&status.actor),
            output::text(time::column(status.set_at)),
            output::text(time::column(status.expires_at)),
            output::text(&status.reason),
        ]);
    }
    output::section(&table)
}

fn print_remarks(remarks: &[String]) -> Result<(), CliError> {
    if remarks.is_empty() {
        return Ok(());
    }
    output::line("")?;
    remarks.iter().try_for_each(|remark| output::paragraph(remark))
}
