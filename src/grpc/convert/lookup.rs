//! Questions and answers.

use super::{Fields, kinds, shown};
use crate::domain::ids::RequestId;
use crate::service::{LookupInput, LookupOutcome, ServiceError};
use crate::wire::v1;

/// The most questions of one batch.
pub(in crate::grpc) const MAX_BATCH_LOOKUPS: usize = 1_000;
/// The most cases of one answer.
const MAX_CASES: usize = 20;

/// Reads a question.
pub(in crate::grpc) fn input(request: v1::LookupRequest) -> Result<LookupInput, ServiceError> {
    let mut fields = Fields::default();
    let number = fields.number("number", request.number);
    let default_region = fields.region("default_region", &request.default_region);
    let role = fields
        .code("role", request.role, kinds::lookup_role)
        .unwrap_or_default();
    let view = v1::View::try_from(request.view);
    if view.is_err() {
        fields.refuse("view", "is a value that this server does not know");
    }
    fields.optional("request_id", &request.request_id, RequestId::parse);
    fields.finish(Some(LookupInput {
        number,
        default_region,
        role,
        full: view != Ok(v1::View::Basic),
    }))
}

/// Shows an answer; only what decides over the call unless `full`.
pub(in crate::grpc) fn answer(
    mut outcome: LookupOutcome,
    full: bool,
    model: &str,
    request_id: String,
) -> v1::LookupResponse {
    let score = &outcome.score;
    let value = shown::score_value(score.verdict.value, score.verdict.level);
    let basic = v1::LookupResponse {
        number: Some(shown::number_info(&outcome.identity)),
        risk_score: value,
        risk_level: score.verdict.level.code().into(),
        action: outcome.decision.action.code().into(),
        basis: outcome.decision.basis.code().into(),
        cache_ttl: Some(outcome.decision.ttl.into()),
        request_id,
        ..v1::LookupResponse::default()
    };
    if !full {
        return basic;
    }
    let (category, category_confidence) = shown::category(score);
    shown::furthest_first(&mut outcome.cases, |(_, case)| case);
    let cases = outcome.cases.iter().take(MAX_CASES);
    v1::LookupResponse {
        confidence: score.verdict.confidence,
        number_score: value,
        category,
        category_confidence,
        impersonated_brand: shown::brand(score),
        reasons: shown::reasons(&score.reasons),
        cases: cases.map(|(link, case)| shown::case_summary(link, case)).collect(),
        report_count: outcome.facts.report_count,
        reporter_count: outcome.facts.reporter_count,
        first_reported: outcome.facts.first_reported.and_then(shown::time),
        last_reported: outcome.facts.last_reported.and_then(shown::time),
        data_as_of: shown::time(outcome.data_as_of),
        stale: outcome.stale,
        model_version: model.to_owned(),
        ..basic
    }
}
