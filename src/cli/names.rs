//! Names of the API's enumerations. Arguments, tables and JSON all use the same upper-case names.

use std::ffi::OsStr;
use std::marker::PhantomData;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::domain::{identity, kinds};
use crate::stable_enum::nearest;
use crate::wire::v1;

/// An enumeration of the API whose values can be shown.
pub(super) trait ShownValue: TryFrom<i32> {
    /// The name without the prefix of the enumeration: `ALLOW` for `ACTION_ALLOW`.
    fn name(self) -> &'static str;
}

/// An enumeration of the API whose values can also be given as arguments.
pub(super) trait NamedValue: ShownValue + Clone + Send + Sync + 'static {
    /// All names, in the order of the values.
    fn names() -> impl Iterator<Item = &'static str>;

    /// The value with this name. Case does not matter, and `-` stands for `_`.
    fn from_name(name: &str) -> Option<Self>;
}

macro_rules! shown {
    ($($name:ident $prefix:literal),+ $(,)?) => { $(
        impl ShownValue for v1::$name {
            fn name(self) -> &'static str {
                let name = self.as_str_name();
                name.strip_prefix($prefix).unwrap_or(name)
            }
        }
    )+ };
}

// The values of the domain have the same integers as those of the API (a test checks their names).
macro_rules! named {
    ($($name:ident),+ $(,)?) => { $(
        impl NamedValue for v1::$name {
            fn names() -> impl Iterator<Item = &'static str> {
                kinds::$name::ALL.iter().map(|value| value.name())
            }

            fn from_name(name: &str) -> Option<Self> {
                let value = kinds::$name::from_name(name)?;
                Self::try_from(i32::from(value.code())).ok()
            }
        }
    )+ };
}

shown! {
    Action "ACTION_", AuditMethod "AUDIT_METHOD_", Attestation "ATTESTATION_", Basis "BASIS_", CaseRole "CASE_ROLE_", CaseStatus "CASE_STATUS_",
    Category "CATEGORY_", Channel "CHANNEL_", CommentModeration "COMMENT_MODERATION_", Ledger "LEDGER_", ListKind "LIST_KIND_", LineType "LINE_TYPE_", NumberSort "NUMBER_SORT_", OwnerCalls "OWNER_CALLS_",
    RecordDifferenceKind "RECORD_DIFFERENCE_KIND_", ReportRole "REPORT_ROLE_", ReportState "REPORT_STATE_", RiskLevel "RISK_LEVEL_", Role "ROLE_", ShardComparisonState "SHARD_COMPARISON_STATE_", SimilarityKind "SIMILARITY_KIND_", Source "SOURCE_", StatusKind "STATUS_KIND_",
    SubmitOutcome "SUBMIT_OUTCOME_", Validity "VALIDITY_", Verstat "VERSTAT_",
}
named! { Action, AuditMethod, Attestation, CaseRole, CaseStatus, Category, Channel, CommentModeration, ListKind, NumberSort, OwnerCalls, ReportRole, Source, StatusKind, Verstat }

impl NamedValue for v1::Role {
    fn names() -> impl Iterator<Item = &'static str> {
        identity::Role::ALL.iter().map(|role| role.name())
    }

    fn from_name(name: &str) -> Option<Self> {
        let role = identity::Role::from_name(name)?;
        Self::try_from(i32::from(role.code())).ok()
    }
}

/// The name of a value in an answer: empty if the value is not set, `#` and the integer if this release does not know
/// the value.
pub(super) fn name_of<T: ShownValue>(value: i32) -> String {
    match T::try_from(value) {
        _ if value == 0 => String::new(),
        Ok(known) => known.name().to_owned(),
        Err(_) => format!("#{value}"),
    }
}

/// Parses a name in an argument, and lists all names in the help and for shell completion.
pub(super) fn parser<T: NamedValue>() -> NameParser<T> {
    NameParser(PhantomData)
}

/// See [`parser`].
#[derive(Clone)]
pub(super) struct NameParser<T>(PhantomData<T>);

impl<T: NamedValue> TypedValueParser for NameParser<T> {
    type Value = T;

    fn parse_ref(&self, command: &clap::Command, arg: Option<&clap::Arg>, value: &OsStr) -> Result<T, clap::Error> {
        let text = value.to_string_lossy();
        T::from_name(&text).ok_or_else(|| {
            let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
            if let Some(arg) = arg {
                error.insert(ContextKind::InvalidArg, ContextValue::String(arg.to_string()));
            }
            if let Some(nearest) = nearest(&text, T::names()) {
                error.insert(ContextKind::SuggestedValue, ContextValue::String(nearest.to_owned()));
            }
            error.insert(ContextKind::InvalidValue, ContextValue::String(text.into_owned()));
            let known = T::names().map(str::to_owned).collect();
            error.insert(ContextKind::ValidValue, ContextValue::Strings(known));
            error
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(T::names().map(PossibleValue::new)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_are_those_of_the_wire<T: NamedValue>() {
        for name in T::names() {
            assert_eq!(T::from_name(name).unwrap().name(), name);
        }
    }

    #[test]
    fn domain_and_wire_agree() {
        names_are_those_of_the_wire::<v1::Action>();
        names_are_those_of_the_wire::<v1::Attestation>();
        names_are_those_of_the_wire::<v1::AuditMethod>();
        names_are_those_of_the_wire::<v1::CaseRole>();
        names_are_those_of_the_wire::<v1::CaseStatus>();
        names_are_those_of_the_wire::<v1::Category>();
        names_are_those_of_the_wire::<v1::Channel>();
        names_are_those_of_the_wire::<v1::ListKind>();
        names_are_those_of_the_wire::<v1::NumberSort>();
        names_are_those_of_the_wire::<v1::OwnerCalls>();
        names_are_those_of_the_wire::<v1::ReportRole>();
        names_are_those_of_the_wire::<v1::Role>();
        names_are_those_of_the_wire::<v1::Source>();
        names_are_those_of_the_wire::<v1::StatusKind>();
        names_are_those_of_the_wire::<v1::Verstat>();
    }

    #[test]
    fn arguments_may_be_lower_case_with_hyphens() {
        assert_eq!(
            v1::Category::from_name("tech-support-scam"),
            Some(v1::Category::TechSupportScam)
        );
        assert_eq!(
            v1::CaseStatus::from_name("case-status-open"),
            Some(v1::CaseStatus::Open)
        );
        assert_eq!(v1::Category::from_name("tech"), None);
    }

    #[test]
    fn values_of_a_newer_server_are_shown_too() {
        assert_eq!(name_of::<v1::Action>(5), "BLOCK");
        assert_eq!(name_of::<v1::Action>(0), "");
        assert_eq!(name_of::<v1::Action>(99), "#99");
    }
}
