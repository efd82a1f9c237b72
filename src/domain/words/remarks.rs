//! Differences between a decision of the past and what is stored now.

use serde::Deserialize;

use super::Words;
use super::fill::fill;
use crate::domain::ids::{CaseId, ListId};
use crate::domain::kinds::StatusKind;
use crate::domain::language::Language;
use crate::domain::time::Timestamp;

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// All that is looked up is as of this moment.
    AsOf(Timestamp),
    /// The case was linked to the number later.
    CaseLater(CaseId, Timestamp),
    /// The status of the case changed later.
    CaseChanged(CaseId, Timestamp),
    /// The case was closed later.
    CaseClosed(CaseId, Timestamp),
    /// The case was merged into another.
    CaseMerged(CaseId, CaseId),
    /// The case counted, and is not linked to the number any more.
    CaseUnlinked(CaseId),
    /// A case counted that is not stored any more.
    CaseGone,
    /// A list entry decided that does not exist any more.
    EntryGone,
    /// The list was replaced later.
    EntryLater(ListId, Timestamp),
    /// A status decided that does not hold any more.
    StatusGone,
    /// A status was set later.
    StatusLater(StatusKind, Timestamp),
}

/// The sentences.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RemarkWords {
    as_of: Box<str>,
    case_later: Box<str>,
    case_changed: Box<str>,
    case_closed: Box<str>,
    case_merged: Box<str>,
    case_unlinked: Box<str>,
    case_gone: Box<str>,
    entry_gone: Box<str>,
    entry_later: Box<str>,
    status_gone: Box<str>,
    status_later: Box<str>,
}

/// The remark in one sentence. Times are in UTC.
#[must_use]
pub fn remark(language: Language, remark: &Remark) -> String {
    let words = &Words::of(language).remarks;
    let case =
        |text: &str, case: &CaseId, at: Timestamp| fill(text, &[("case", case.as_str()), ("date", &at.minute())]);
    match remark {
        Remark::AsOf(at) => fill(&words.as_of, &[("date", &at.minute())]),
        Remark::CaseLater(id, at) => case(&words.case_later, id, *at),
        Remark::CaseChanged(id, at) => case(&words.case_changed, id, *at),
        Remark::CaseClosed(id, at) => case(&words.case_closed, id, *at),
        Remark::CaseMerged(id, other) => {
            let values = [("case", id.as_str()), ("other", other.as_str())];
            fill(&words.case_merged, &values)
        }
        Remark::CaseUnlinked(id) => fill(&words.case_unlinked, &[("case", id.as_str())]),
        Remark::CaseGone => words.case_gone.to_string(),
        Remark::EntryGone => words.entry_gone.to_string(),
        Remark::EntryLater(id, at) => {
            let values = [("list", id.as_str()), ("date", &at.minute())];
            fill(&words.entry_later, &values)
        }
        Remark::StatusGone => words.status_gone.to_string(),
        Remark::StatusLater(kind, at) => {
            let values = [("status", kind.name()), ("date", &at.minute())];
            fill(&words.status_later, &values)
        }
    }
}
