//! Decisions of the past.

use super::{FieldReader, shown};
use crate::domain::language::Language;
use crate::domain::reason_code::ReasonCode;
use crate::domain::words::remark;
use crate::service::{DecidedCase, DecidedEntry, ExplainedDecision, ServiceError};
use crate::wire::v1;

/// The most characters of a language tag.
pub(super) const MAX_LANGUAGE_CHARS: usize = 64;
/// The most cases in one answer.
const MAX_CASES: usize = 20;
/// The code of a reason of a past decision that this release does not know.
const UNKNOWN_CODE: &str = "UNKNOWN";

/// Reads the language of a request.
pub(in crate::api) fn language(tag: &str) -> Result<Language, ServiceError> {
    let mut fields = FieldReader::default();
    fields.length("language", tag, MAX_LANGUAGE_CHARS);
    fields.finish(Some(Language::of_tag(tag)))
}

/// Shows a decision of the past.
pub(in crate::api) fn decision(told: ExplainedDecision, decision_id: String, language: Language) -> v1::Decision {
    let record = told.record;
    let reasons = record
        .reasons
        .iter()
        .zip(told.details)
        .map(|(reason, detail)| v1::Reason {
            code: reason.code.map_or(UNKNOWN_CODE, ReasonCode::name).to_owned(),
            points: reason.points,
            detail,
        });
    let role = if record.about_to_dial {
        v1::LookupRole::AboutToDial
    } else {
        v1::LookupRole::Calling
    };
    let mut cases = told.cases;
    cases.sort_by_key(|case| !case.counted); // the case that counted comes first
    v1::Decision {
        decision_id,
        decided_at: shown::time(record.decided_at),
        number: record.number.map(|number| number.to_string()).unwrap_or_default(),
        risk_score: shown::score_value(record.value, record.level),
        risk_level: record.level.code().into(),
        action: record.action.code().into(),
        basis: record.basis.code().into(),
        reasons: reasons.collect(),
        model_version: record.model_version.into(),
        role: role.into(),
        attestation: record.attestation.map_or(0, |attestation| attestation.code().into()),
        verstat: record.verstat.map_or(0, |verstat| verstat.code().into()),
        spoof_suspected: record.spoof_suspected,
        event_time: record.event_time.and_then(shown::time),
        orig_id: record.orig_id.into(),
        ingress: record.ingress.into(),
        would_action: record.would.map_or(0, |(action, _)| action.code().into()),
        would_basis: record.would.map_or(0, |(_, basis)| basis.code().into()),
        sentence: told.sentence,
        language: language.tag().to_owned(),
        cases: cases.iter().take(MAX_CASES).map(case).collect(),
        entry: told.entry.as_ref().map(entry),
        statuses: told.statuses.iter().map(shown::status).collect(),
        remarks: told.remarks.iter().map(|change| remark(language, change)).collect(),
        as_of: told.as_of.and_then(shown::time),
    }
}

fn case(decided: &DecidedCase) -> v1::DecidedCase {
    let case = match &decided.link {
        Some(link) => shown::case_summary(link, &decided.case),
        None => shown::case_alone(&decided.case),
    };
    v1::DecidedCase {
        case: Some(case),
        linked_at: decided.link.as_ref().and_then(|link| shown::time(link.linked_at)),
        status_then: decided.status_then.map_or(0, |status| status.code().into()),
        counted: decided.counted,
    }
}

fn entry(decided: &DecidedEntry) -> v1::DecidedEntry {
    let DecidedEntry { list, entry } = decided;
    let requester = entry.origin.requester.as_ref();
    let owner = entry.owner.as_ref();
    v1::DecidedEntry {
        list_id: list.id.as_str().to_owned(),
        kind: list.kind.code().into(),
        number: entry.pattern.to_string(),
        source: entry.origin.source.as_str().to_owned(),
        requester: requester.map(|name| name.as_str().to_owned()).unwrap_or_default(),
        entered_at: shown::time(entry.entered_at),
        expires_at: entry.expires_at.and_then(shown::time),
        replaced_at: shown::time(list.replaced_at),
        organisation: owner
            .map(|owner| owner.organisation.as_str().to_owned())
            .unwrap_or_default(),
    }
}
