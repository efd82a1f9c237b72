//! Parts that several answers show: the identity of a number, a case in one line, times, scores.

use std::sync::Arc;

use crate::domain::case::{Case, CaseLink};
use crate::domain::kinds::{Category, RiskLevel};
use crate::domain::list::{ListEntry, Owner};
use crate::domain::score::{Reason, Score};
use crate::domain::status::StatusEntry;
use crate::domain::time::Timestamp;
use crate::service::Identity;
use crate::wire::{self, v1};

/// The most reasons in one answer.
const MAX_SHOWN_REASONS: usize = 32;

pub(super) fn time(time: Timestamp) -> Option<wire::Timestamp> {
    Some(wire::Timestamp::from_millis(time.millis()))
}

pub(super) fn number_info(identity: &Identity) -> v1::NumberInfo {
    v1::NumberInfo {
        e164: identity.e164.map(|number| number.to_string()).unwrap_or_default(),
        national_format: identity.national_format.clone(),
        international_format: identity.international_format.clone(),
        region: identity
            .region
            .map(|region| region.as_str().to_owned())
            .unwrap_or_default(),
        line_type: identity.line_type.code().into(),
        validity: identity.validity.code().into(),
    }
}

/// The score; none if the level says that there is none.
pub(super) fn score_value(score: Option<f64>, level: RiskLevel) -> Option<f64> {
    score.filter(|_| !matches!(level, RiskLevel::Unknown | RiskLevel::NotScored))
}

pub(super) fn category(score: &Score) -> (i32, f64) {
    let (category, probability) = score.category.unwrap_or((Category::Unspecified, 0.0));
    (category.code().into(), probability)
}

pub(super) fn brand(score: &Score) -> String {
    score
        .brand
        .as_ref()
        .map(|brand| brand.as_str().to_owned())
        .unwrap_or_default()
}

pub(super) fn owner(owner: &Owner) -> v1::Owner {
    v1::Owner {
        organisation: owner.organisation.as_str().to_owned(),
        brand: owner
            .brand
            .as_ref()
            .map_or_else(String::new, |brand| brand.as_str().to_owned()),
        calls: owner.calls.code().into(),
    }
}

pub(super) fn reasons(reasons: &[Reason]) -> Vec<v1::Reason> {
    let shown = reasons.iter().take(MAX_SHOWN_REASONS).map(|reason| v1::Reason {
        code: reason.code.name().to_owned(),
        points: reason.points,
        detail: reason.detail.clone(),
    });
    shown.collect()
}

pub(super) fn case_summary(link: &CaseLink, case: &Case) -> v1::CaseSummary {
    v1::CaseSummary {
        role: link.role.code().into(),
        ..case_alone(case)
    }
}

/// A case that the number is not linked to.
pub(super) fn case_alone(case: &Case) -> v1::CaseSummary {
    v1::CaseSummary {
        case_id: case.id.as_str().to_owned(),
        title: case.title.to_string(),
        status: case.status.code().into(),
        category: case.category.code().into(),
        impersonated_brand: case_brand(case),
        role: 0,
        agency: case.agency.to_string(),
    }
}

pub(super) fn case_brand(case: &Case) -> String {
    case.brand
        .as_ref()
        .map(|brand| brand.as_str().to_owned())
        .unwrap_or_default()
}

/// Sorts cases by status, the most advanced first, and then by id.
pub(super) fn sort_by_progress<T>(items: &mut [T], case: impl Fn(&T) -> &Arc<Case>) {
    items.sort_by(|one, other| {
        let (one, other) = (case(one), case(other));
        (other.status, &one.id).cmp(&(one.status, &other.id))
    });
}

/// The owner of a number, as the entry of a list names it.
pub(super) fn known_owner(entry: &ListEntry) -> Option<v1::KnownOwner> {
    let owner = entry.owner.as_ref()?;
    Some(v1::KnownOwner {
        organisation: owner.organisation.as_str().to_owned(),
        brand: owner
            .brand
            .as_ref()
            .map(|brand| brand.as_str().to_owned())
            .unwrap_or_default(),
        calls: owner.calls.code().into(),
        source: entry.origin.source.as_str().to_owned(),
        as_of: time(entry.entered_at),
        expires_at: entry.expires_at.and_then(time),
    })
}

pub(super) fn status(entry: &StatusEntry) -> v1::NumberStatus {
    v1::NumberStatus {
        kind: entry.kind.code().into(),
        reason: entry.reason.to_string(),
        actor: entry.author.as_str().to_owned(),
        set_at: time(entry.set_at),
        expires_at: entry.expires_at.and_then(time),
    }
}
