//! `decision`: shows what was answered for a call, and why, by the decision id of the answer.

use clap::Args;

use super::connect::Remote;
use super::error::CliError;
use super::lookup::card;
use super::names::name_of;
use super::{output, time};
use crate::wire::v1::lookup_service_client::LookupServiceClient;
use crate::wire::v1::{Action, Attestation, Basis, Decision, GetDecisionRequest, LookupRole, RiskLevel, Verstat};

/// Arguments of `decision`.
#[derive(Args, Debug)]
pub struct DecisionArgs {
    /// Decision id from the answer or from the SIP header
    #[arg(value_name = "DECISION_ID")]
    decision_id: String,
    #[command(flatten)]
    remote: Remote,
}

pub(super) async fn run(args: DecisionArgs) -> Result<(), CliError> {
    let mut client = LookupServiceClient::new(args.remote.connect().await?);
    let request = GetDecisionRequest {
        decision_id: args.decision_id,
    };
    let decision = client.get_decision(request).await?.into_inner();
    if args.remote.json {
        return output::json(&decision);
    }
    output::show(&summary(&decision))?;
    card::print_reasons(&decision.reasons)
}

fn summary(decision: &Decision) -> comfy_table::Table {
    let mut card = output::card();
    output::add(&mut card, "decided", time::shown(decision.decided_at));
    output::add(&mut card, "number", &decision.number);
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
    if decision.role() == LookupRole::AboutToDial {
        output::add(&mut card, "role", "about to be dialled");
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
