//! The sentences beside a caller on a screen.

use serde::Deserialize;

use super::Words;
use crate::domain::language::Language;

/// The sentences; `domain::display` chooses one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::domain) struct ScreenWords {
    pub(in crate::domain) trusted: Box<str>,
    pub(in crate::domain) owner: Box<str>,
    pub(in crate::domain) clean: Box<str>,
    pub(in crate::domain) unknown: Box<str>,
    pub(in crate::domain) always: Box<str>,
    pub(in crate::domain) network_allows: Box<str>,
    pub(in crate::domain) network_warns: Box<str>,
    pub(in crate::domain) suspect: Box<str>,
    pub(in crate::domain) few_reports: Box<str>,
    pub(in crate::domain) near: Box<str>,
    pub(in crate::domain) near_unwanted: Box<str>,
    pub(in crate::domain) fraud: Box<str>,
    pub(in crate::domain) fraud_kind: Box<str>,
    pub(in crate::domain) unwanted: Box<str>,
    pub(in crate::domain) unwanted_kind: Box<str>,
    pub(in crate::domain) dial_fraud: Box<str>,
    pub(in crate::domain) dial_fraud_kind: Box<str>,
    pub(in crate::domain) dial_unwanted: Box<str>,
    pub(in crate::domain) dial_near: Box<str>,
    pub(in crate::domain) spoofed: Box<str>,
    pub(in crate::domain) spoof_possible: Box<str>,
    pub(in crate::domain) never_calls: Box<str>,
    pub(in crate::domain) invalid: Box<str>,
    pub(in crate::domain) unknown_length: Box<str>,
}

/// The sentences of a language.
pub(in crate::domain) fn screen(language: Language) -> &'static ScreenWords {
    &Words::of(language).display
}
