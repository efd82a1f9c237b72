//! Numbers: the dossier, statuses, the list, the reset.

use super::report::Senders;
use super::{FieldReader, note, report, shown};
use crate::api::RequestContext;
use crate::domain::kinds::StatusKind;
use crate::domain::score::Score;
use crate::domain::status::{MAX_REASON_CHARS, StatusEntry};
use crate::domain::time::Timestamp;
use crate::number::Region;
use crate::service::{
    Dossier, DossierLink, EraseInput, Erased, Expiry, ForCalls, Mutation, NumberChanged, Overruled, ServiceError,
    StatusInput,
};
use crate::wire::v1;

/// The most cases of another tenant that a dossier names.
const MAX_ACCEPTED_CASES: usize = 20;

/// A number as the client writes it, with the region of a national number.
#[derive(Debug)]
pub(in crate::api) struct NumberText {
    pub(in crate::api) text: String,
    pub(in crate::api) region: Option<Region>,
}

/// Reads the number of a request.
pub(in crate::api) fn named(request: v1::GetNumberRequest) -> Result<NumberText, ServiceError> {
    let mut fields = FieldReader::default();
    let named = fields.named(request.number, &request.default_region);
    fields.finish(Some(named))
}

/// Reads the status to set.
pub(in crate::api) fn new_status(
    request: v1::SetNumberStatusRequest,
    context: &RequestContext,
) -> Result<(NumberText, StatusInput, Mutation), ServiceError> {
    let mut fields = FieldReader::default();
    let named = fields.named(request.number, &request.default_region);
    let kind = fields.required_code("kind", request.kind, StatusKind::from_code);
    if request.reason.trim().is_empty() {
        fields.refuse("reason", "must not be empty");
    }
    let reason = fields.prose("reason", request.reason, MAX_REASON_CHARS);
    let expires_at = fields.time("expires_at", request.expires_at);
    let valid_for = request.valid_for.and_then(|time| fields.span("valid_for", &time));
    if request.expires_at.is_some() && request.valid_for.is_some() {
        fields.refuse("valid_for", "must not be set together with `expires_at`");
    }
    let mutation = fields.mutation(context, &request.actor, &request.request_id, request.expected_version);
    let input = kind.map(|kind| StatusInput {
        kind,
        reason,
        expiry: expires_at.map(Expiry::At).or(valid_for.map(Expiry::After)),
    });
    fields.finish(input.zip(mutation).map(|(input, mutation)| (named, input, mutation)))
}

/// The status to clear.
#[derive(Debug)]
pub(in crate::api) struct Clearance {
    pub(in crate::api) named: NumberText,
    /// None: all statuses.
    pub(in crate::api) kind: Option<StatusKind>,
    pub(in crate::api) reason: String,
    pub(in crate::api) mutation: Mutation,
}

/// Reads the status to clear.
pub(in crate::api) fn clearance(
    request: v1::ClearNumberStatusRequest,
    context: &RequestContext,
) -> Result<Clearance, ServiceError> {
    use v1::clear_number_status_request::Target;
    let mut fields = FieldReader::default();
    let named = fields.named(request.number, &request.default_region);
    let kind = match request.target {
        Some(Target::Kind(code)) => fields.required_code("kind", code, StatusKind::from_code),
        Some(Target::All(true)) => None,
        Some(Target::All(false)) => {
            fields.refuse("all", "must be true or unset");
            None
        }
        None => {
            fields.refuse("target", "must be a kind or all");
            None
        }
    };
    let reason = fields.prose("reason", request.reason, MAX_REASON_CHARS);
    let mutation = fields.mutation(context, &request.actor, &request.request_id, request.expected_version);
    fields.finish(mutation.map(|mutation| Clearance {
        named,
        kind,
        reason,
        mutation,
    }))
}

/// A reset of a number.
#[derive(Debug)]
pub(in crate::api) struct Reset {
    pub(in crate::api) named: NumberText,
    pub(in crate::api) before: Option<Timestamp>,
    pub(in crate::api) reason: String,
    pub(in crate::api) mutation: Mutation,
}

/// Reads the reset of a number.
pub(in crate::api) fn reset(request: v1::ResetNumberRequest, context: &RequestContext) -> Result<Reset, ServiceError> {
    let mut fields = FieldReader::default();
    let named = fields.named(request.number, &request.default_region);
    let before = fields.time("before", request.before);
    let reason = fields.prose("reason", request.reason, MAX_REASON_CHARS);
    let mutation = fields.mutation(context, &request.actor, &request.request_id, request.expected_version);
    fields.finish(mutation.map(|mutation| Reset {
        named,
        before,
        reason,
        mutation,
    }))
}

/// The erasure of a number.
#[derive(Debug)]
pub(in crate::api) struct Erasure {
    pub(in crate::api) named: NumberText,
    pub(in crate::api) input: EraseInput,
    pub(in crate::api) mutation: Mutation,
}

/// Reads the erasure of a number.
pub(in crate::api) fn erasure(
    request: v1::EraseNumberRequest,
    context: &RequestContext,
) -> Result<Erasure, ServiceError> {
    let mut fields = FieldReader::default();
    let named = fields.named(request.number, &request.default_region);
    if request.override_open_case && request.reason.trim().is_empty() {
        fields.refuse("reason", "must not be empty, since `override_open_case` is set");
    }
    let reason = fields.prose("reason", request.reason, MAX_REASON_CHARS);
    let mutation = fields.mutation(context, &request.actor, &request.request_id, request.expected_version);
    let input = EraseInput {
        reason,
        override_open_case: request.override_open_case,
    };
    fields.finish(mutation.map(|mutation| Erasure { named, input, mutation }))
}

/// Shows what an erasure removed, or would remove.
pub(in crate::api) fn erased(erased: &Erased) -> v1::EraseNumberResponse {
    let counts = erased.counts;
    v1::EraseNumberResponse {
        e164: erased.number.to_string(),
        reports: counts.reports,
        comments: counts.comments,
        notes: counts.notes,
        statuses: counts.statuses,
        links: counts.links,
        mentions: counts.mentions,
        audit_events: counts.events,
        open_case_ids: erased.open_cases.iter().map(|id| id.as_str().to_owned()).collect(),
        list_ids: erased.lists.iter().map(|id| id.as_str().to_owned()).collect(),
        guarding_statuses: erased.guarding.iter().map(|kind| kind.code().into()).collect(),
    }
}

/// Shows the dossier of a number.
pub(in crate::api) fn dossier(mut dossier: Dossier, model: &str, senders: &Senders) -> v1::NumberDossier {
    shown::sort_by_progress(&mut dossier.links, |link| &link.case);
    let categories = dossier.categories.iter().map(|(category, count)| v1::CategoryCount {
        category: category.code().into(),
        count: *count,
    });
    let mut category_counts: Vec<_> = categories.collect();
    category_counts.sort_by_key(|counted| std::cmp::Reverse(counted.count));
    let sources = dossier.sources.iter().map(|(source, count)| v1::SourceCount {
        source: source.code().into(),
        count: *count,
    });
    let mut source_counts: Vec<_> = sources.collect();
    source_counts.sort_by_key(|counted| std::cmp::Reverse(counted.count));
    let latest = dossier.identity.e164.map(|number| {
        let reports = dossier.latest.iter();
        reports.map(|stored| report::stored(number, stored, senders)).collect()
    });
    v1::NumberDossier {
        number: Some(shown::number_info(&dossier.identity)),
        score: Some(score(&dossier.score, model)),
        statuses: dossier.statuses.iter().map(shown::status).collect(),
        links: dossier.links.iter().map(linked_case).collect(),
        category_counts,
        source_counts,
        report_count: dossier.facts.report_count,
        not_spam_count: dossier.not_spam_count,
        reporter_count: dossier.facts.reporter_count,
        first_reported: dossier.facts.first_reported.and_then(shown::time),
        last_reported: dossier.facts.last_reported.and_then(shown::time),
        latest_reports: latest.unwrap_or_default(),
        version: dossier.version,
        notes: note::notes(&dossier.notes),
        owner: dossier.owner.as_ref().and_then(shown::known_owner),
        stored_report_count: super::total(dossier.stored_reports),
        note_count: super::total(dossier.note_count),
        for_calls: None,
    }
}

/// Shows the answer that calls get.
pub(in crate::api) fn for_calls(told: &ForCalls, model: &str) -> v1::NumberForCalls {
    let answer = &told.answer;
    let would = answer.would.as_ref();
    let parts = told.parts.iter().map(|part| {
        let cases = part.cases.iter().take(MAX_ACCEPTED_CASES);
        v1::AcceptedPart {
            tenant: part.tenant.as_str().to_owned(),
            report_count: part.report_count,
            statuses: part.statuses.iter().map(|kind| kind.code().into()).collect(),
            case_ids: cases.map(|id| id.as_str().to_owned()).collect(),
            listed: part.is_listed,
            range: part.has_range,
        }
    });
    v1::NumberForCalls {
        score: Some(score(&answer.score, model)),
        action: answer.decision.action.code().into(),
        basis: answer.decision.basis.code().into(),
        would_action: would.map_or(0, |would| would.action.code().into()),
        would_basis: would.map_or(0, |would| would.basis.code().into()),
        report_count: answer.facts.report_count,
        reporter_count: answer.facts.reporter_count,
        parts: parts.collect(),
    }
}

/// Shows a number whose status was set, and why the status has no effect, if it has none.
pub(in crate::api) fn status_set(
    kind: StatusKind,
    changed: &NumberChanged<u32>,
    overruled: Option<Overruled>,
    now: Timestamp,
) -> v1::SetNumberStatusResponse {
    let strongest = changed.statuses.at(now).next();
    v1::SetNumberStatusResponse {
        e164: changed.number.to_string(),
        statuses: statuses(changed.statuses.at(now)),
        version: changed.version,
        effective_status: strongest.map_or(0, |entry| entry.kind.code().into()),
        warning: overruled.map_or_else(String::new, |by| warning(kind, by)),
        reports_dropped: changed.answer.unwrap_or(0),
    }
}

fn warning(kind: StatusKind, overruled: Overruled) -> String {
    let mut text = match overruled {
        Overruled::ByStatus(stronger) => {
            format!("{kind} has no effect on calls: the number is also {stronger}, which is stronger and decides.")
        }
        Overruled::BySomeOf(stronger) => format!(
            "{kind} has no effect on the calls that {stronger} holds for: the number is also {stronger}, which is stronger."
        ),
        Overruled::ByList(list) => {
            format!("{kind} has no effect on calls: a list of kind {list} names the number and decides first.")
        }
    };
    // Other kinds of status never decide.
    let decides = !matches!(kind, StatusKind::Reassigned | StatusKind::UnderDispute);
    text += &match overruled {
        Overruled::ByStatus(stronger) if decides => format!(" Clear {stronger} if {kind} is to decide."),
        Overruled::ByList(_) if decides => format!(" Change the list if {kind} is to decide."),
        Overruled::ByStatus(_) | Overruled::ByList(_) | Overruled::BySomeOf(_) => String::new(),
    };
    if kind == StatusKind::Reassigned {
        text.push_str(" Reports of earlier calls were dropped all the same.");
    }
    text
}

/// Shows the statuses in force.
pub(in crate::api) fn statuses<'a>(entries: impl Iterator<Item = &'a StatusEntry>) -> Vec<v1::NumberStatus> {
    entries.map(shown::status).collect()
}

/// Shows the result of a reset.
pub(in crate::api) fn reset_result(changed: &NumberChanged<u32>) -> v1::ResetNumberResponse {
    v1::ResetNumberResponse {
        e164: changed.number.to_string(),
        reports_dropped: changed.answer.unwrap_or(0),
        version: changed.version,
    }
}

impl FieldReader {
    pub(super) fn named(&mut self, number: String, default_region: &str) -> NumberText {
        NumberText {
            text: self.number("number", number),
            region: self.region("default_region", default_region),
        }
    }
}

fn score(score: &Score, model: &str) -> v1::NumberScore {
    let (category, category_confidence) = shown::category(score);
    v1::NumberScore {
        number_score: shown::score_value(score.verdict.value, score.verdict.level),
        risk_level: score.verdict.level.code().into(),
        confidence: score.verdict.confidence,
        category,
        category_confidence,
        impersonated_brand: shown::brand(score),
        reasons: shown::reasons(&score.reasons),
        model_version: model.to_owned(),
    }
}

fn linked_case(linked: &DossierLink) -> v1::LinkedCase {
    let DossierLink { link, case } = linked;
    v1::LinkedCase {
        case: Some(shown::case_summary(link, case)),
        confidence: link.confidence,
        source: link.source.code().into(),
        from: link.from.and_then(shown::time),
        to: link.to.and_then(shown::time),
        linked_at: shown::time(link.linked_at),
        actor: link.actor.as_str().to_owned(),
    }
}
