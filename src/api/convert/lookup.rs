//! Questions and answers.

use std::time::Duration;

use super::decision::MAX_LANGUAGE_CHARS;
use super::{FieldReader, kinds, shown};
use crate::decision_log::LoggedDecision;
use crate::domain::decision::MAX_NAME_BYTES;
use crate::domain::display::Display;
use crate::domain::ids::RequestId;
use crate::domain::kinds::{Attestation, Verstat};
use crate::domain::language::Language;
use crate::domain::policy::SipTreatment;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::service::{LookupInput, LookupOutcome, LookupRole, ServiceError};
use crate::wire::v1;

/// The most cases in one answer.
const MAX_CASES: usize = 20;
/// The longest budget, in milliseconds.
const MAX_BUDGET_MS: u32 = 10_000;

/// A question, and its time budget if it has one.
#[derive(Debug)]
pub(in crate::api) struct TimedQuestion {
    pub(in crate::api) input: LookupInput,
    pub(in crate::api) budget: Option<Duration>,
}

/// Reads a question.
pub(in crate::api) fn question(request: v1::LookupRequest, viewer: TenantId) -> Result<TimedQuestion, ServiceError> {
    let mut fields = FieldReader::default();
    let number = fields.number("number", request.number);
    let default_region = fields.region("default_region", &request.default_region);
    let attestation = fields.code("attestation", request.attestation, Attestation::from_code);
    let verstat = fields.code("verstat", request.verstat, Verstat::from_code);
    let orig_id = fields.name("orig_id", request.orig_id, MAX_NAME_BYTES);
    let ingress = fields.name("ingress", request.ingress, MAX_NAME_BYTES);
    let event_time = fields.recent_time("event_time", request.event_time);
    fields.length("language", &request.language, MAX_LANGUAGE_CHARS);
    if request.budget_ms > MAX_BUDGET_MS {
        fields.refuse("budget_ms", format!("must be at most {MAX_BUDGET_MS}"));
    }
    let role = fields
        .code("role", request.role, kinds::lookup_role)
        .unwrap_or_default();
    let view = v1::View::try_from(request.view);
    if view.is_err() {
        fields.refuse("view", "is not a value that this server knows");
    }
    fields.optional("request_id", &request.request_id, RequestId::parse);
    let budget = (request.budget_ms > 0).then(|| Duration::from_millis(request.budget_ms.into()));
    let input = LookupInput {
        viewer,
        number,
        default_region,
        called_number: request.called_number,
        role,
        attestation,
        verstat,
        orig_id,
        ingress,
        call_id: request.call_id,
        event_time,
        language: Language::of_tag(&request.language),
        full: view != Ok(v1::View::Basic),
        record_event: request.record_event.unwrap_or(true),
        network: None,
    };
    fields.finish(Some(TimedQuestion { input, budget }))
}

/// Shows an answer; without `full` only the fields that decide the call.
pub(in crate::api) fn answer(
    mut outcome: LookupOutcome,
    input: &LookupInput,
    model: &str,
    request_id: String,
) -> v1::LookupResponse {
    let score = &outcome.score;
    let value = shown::score_value(score.verdict.value, score.verdict.level);
    let would = outcome.would.take();
    let basic = v1::LookupResponse {
        number: Some(shown::number_info(&outcome.identity)),
        risk_score: value,
        risk_level: score.verdict.level.code().into(),
        action: outcome.decision.action.code().into(),
        basis: outcome.decision.basis.code().into(),
        sip: outcome.sip.take().map(sip),
        cache_ttl: Some(outcome.decision.ttl.into()),
        decision_id: std::mem::take(&mut outcome.decision_id),
        request_id,
        caller_name: std::mem::take(&mut outcome.caller_name),
        would_action: would.as_ref().map_or(0, |would| would.action.code().into()),
        would_basis: would.as_ref().map_or(0, |would| would.basis.code().into()),
        would_sip: would.and_then(|would| would.sip).map(sip),
        ..v1::LookupResponse::default()
    };
    if !input.full {
        return basic;
    }
    let (category, category_confidence) = shown::category(score);
    shown::sort_by_progress(&mut outcome.cases, |(_, case)| case);
    let cases = outcome.cases.iter().take(MAX_CASES);
    v1::LookupResponse {
        confidence: score.verdict.confidence,
        number_score: outcome.number_value,
        category,
        category_confidence,
        impersonated_brand: shown::brand(score),
        reasons: shown::reasons(&score.reasons),
        cases: cases.map(|(link, case)| shown::case_summary(link, case)).collect(),
        report_count: outcome.facts.report_count,
        reporter_count: outcome.facts.reporter_count,
        first_reported: outcome.facts.first_reported.and_then(shown::time),
        last_reported: outcome.facts.last_reported.and_then(shown::time),
        spoof_suspected: score.verdict.spoof_suspected,
        owner_protected: score.verdict.owner_protected,
        advice: outcome.advice.take().map(|text| v1::Advice {
            language: input.language.tag().to_owned(),
            text,
        }),
        data_as_of: shown::time(outcome.data_as_of),
        stale: outcome.stale,
        model_version: model.to_owned(),
        owner: outcome.owner.as_ref().and_then(shown::known_owner),
        display: outcome.display.take().map(display),
        ..basic
    }
}

fn display(shown: Display) -> v1::Display {
    v1::Display {
        short_name: shown.short_name,
        class: shown.class.code().into(),
        severity: shown.severity.into(),
        sentence: shown.sentence,
    }
}

/// An answer as the decision log takes it.
pub(in crate::api) fn logged<'a>(
    outcome: &'a LookupOutcome,
    input: &'a LookupInput,
    model: &'a str,
    time: Timestamp,
    latency: Duration,
) -> LoggedDecision<'a> {
    let verdict = &outcome.score.verdict;
    LoggedDecision {
        time,
        decision_id: &outcome.decision_id,
        number: outcome.identity.e164,
        region: outcome.identity.region,
        about_to_dial: input.role == LookupRole::AboutToDial,
        is_call: input.record_event,
        call_id: &input.call_id,
        action: outcome.decision.action,
        basis: outcome.decision.basis,
        would: outcome.would.as_ref().map(|would| (would.action, would.basis)),
        score: shown::score_value(verdict.value, verdict.level),
        level: verdict.level,
        reasons: &outcome.score.reasons,
        attestation: input.attestation,
        verstat: input.verstat,
        model,
        stale: outcome.stale,
        latency,
    }
}

fn sip(treatment: SipTreatment) -> v1::SipTreatment {
    v1::SipTreatment {
        code: treatment.code.into(),
        reason_phrase: treatment.reason_phrase.to_owned(),
        reason_header: treatment.reason_header.unwrap_or_default(),
        display_name: treatment.display_name.to_owned(),
        call_info_header: treatment.call_info_header.unwrap_or_default(),
    }
}
