//! The reasons of errors: stable names for programs, the `reason` of `google.rpc.ErrorInfo`.

use super::field_names::json_name;
use crate::domain::case::steps_from;
use crate::domain::identity::{Role, Roles};
use crate::domain::kinds::CaseStatus;

/// The domain of the reasons in `google.rpc.ErrorInfo`.
pub const REASON_DOMAIN: &str = "ringwarden.v1";

/// Why a request failed, where the code alone does not say enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorReason {
    /// The requested record does not exist.
    NotFound {
        /// The kind of thing, such as `case`.
        resource: &'static str,
    },
    /// The id was used before with different content.
    ContentMismatch {
        /// The field with the id, such as `request_id`.
        field: &'static str,
    },
    /// The record is at another version than the client expected.
    VersionMismatch {
        /// The version of the record now.
        version: u64,
    },
    /// The status of the case does not allow the step.
    TransitionNotAllowed {
        /// The status of the case.
        from: CaseStatus,
    },
    /// A quota of reports or of requests is used up.
    QuotaExceeded {
        /// The name of the quota.
        quota: &'static str,
    },
    /// The store cannot be written now, and nothing was written.
    StoreUnavailable,
    /// The store did not answer: the change may have been applied.
    OutcomeUnknown,
    /// The index is being loaded from the store.
    IndexLoading,
    /// The stored evidence has another evidence version, so this instance must not write.
    EvidenceVersionMismatch,
    /// The server is shutting down.
    Draining,
    /// The request has no credential that is accepted.
    Unauthenticated,
    /// None of the caller's roles may call the method.
    RoleRequired {
        /// The roles that may.
        roles: Roles,
    },
    /// The principal may not claim this in its reports, or, as an administrator, not grant it.
    NotGranted {
        /// The field with the claim.
        field: &'static str,
    },
}

impl ErrorReason {
    /// The names of all reasons.
    pub const NAMES: [&str; 13] = [
        "NOT_FOUND",
        "CONTENT_MISMATCH",
        "VERSION_MISMATCH",
        "TRANSITION_NOT_ALLOWED",
        "QUOTA_EXCEEDED",
        "STORE_UNAVAILABLE",
        "OUTCOME_UNKNOWN",
        "INDEX_LOADING",
        "EVIDENCE_VERSION_MISMATCH",
        "DRAINING",
        "UNAUTHENTICATED",
        "ROLE_REQUIRED",
        "NOT_GRANTED",
    ];

    /// The name, in upper case with underscores. It never changes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotFound { .. } => "NOT_FOUND",
            Self::ContentMismatch { .. } => "CONTENT_MISMATCH",
            Self::VersionMismatch { .. } => "VERSION_MISMATCH",
            Self::TransitionNotAllowed { .. } => "TRANSITION_NOT_ALLOWED",
            Self::QuotaExceeded { .. } => "QUOTA_EXCEEDED",
            Self::StoreUnavailable => "STORE_UNAVAILABLE",
            Self::OutcomeUnknown => "OUTCOME_UNKNOWN",
            Self::IndexLoading => "INDEX_LOADING",
            Self::EvidenceVersionMismatch => "EVIDENCE_VERSION_MISMATCH",
            Self::Draining => "DRAINING",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::RoleRequired { .. } => "ROLE_REQUIRED",
            Self::NotGranted { .. } => "NOT_GRANTED",
        }
    }

    /// The same detail with the name that a field has in JSON.
    #[must_use]
    pub fn json_detail(self) -> Option<(&'static str, String)> {
        match self {
            Self::ContentMismatch { field } | Self::NotGranted { field } => Some(("field", json_name(field))),
            Self::NotFound { .. }
            | Self::Unauthenticated
            | Self::RoleRequired { .. }
            | Self::VersionMismatch { .. }
            | Self::TransitionNotAllowed { .. }
            | Self::QuotaExceeded { .. }
            | Self::StoreUnavailable
            | Self::OutcomeUnknown
            | Self::IndexLoading
            | Self::EvidenceVersionMismatch
            | Self::Draining => self.detail(),
        }
    }

    /// The detail of the reason for programs: a key and a value.
    #[must_use]
    pub fn detail(self) -> Option<(&'static str, String)> {
        match self {
            Self::NotFound { resource } => Some(("resource", resource.to_owned())),
            Self::ContentMismatch { field } | Self::NotGranted { field } => Some(("field", field.to_owned())),
            Self::RoleRequired { roles } => {
                let names: Vec<&str> = roles.iter().map(Role::name).collect();
                Some(("roles", names.join(",")))
            }
            Self::VersionMismatch { version } => Some(("version", version.to_string())),
            Self::TransitionNotAllowed { from } => {
                let allowed: Vec<&str> = steps_from(from).map(CaseStatus::name).collect();
                Some(("allowed", allowed.join(",")))
            }
            Self::QuotaExceeded { quota } => Some(("quota", quota.to_owned())),
            Self::StoreUnavailable
            | Self::OutcomeUnknown
            | Self::IndexLoading
            | Self::EvidenceVersionMismatch
            | Self::Draining
            | Self::Unauthenticated => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_names_are_listed() {
        let all = [
            ErrorReason::NotFound { resource: "case" },
            ErrorReason::ContentMismatch { field: "request_id" },
            ErrorReason::VersionMismatch { version: 1 },
            ErrorReason::TransitionNotAllowed { from: CaseStatus::Open },
            ErrorReason::QuotaExceeded { quota: "tenant" },
            ErrorReason::StoreUnavailable,
            ErrorReason::OutcomeUnknown,
            ErrorReason::IndexLoading,
            ErrorReason::EvidenceVersionMismatch,
            ErrorReason::Draining,
            ErrorReason::Unauthenticated,
            ErrorReason::RoleRequired { roles: Roles::ALL },
            ErrorReason::NotGranted { field: "feed" },
        ];
        assert_eq!(all.map(ErrorReason::name), ErrorReason::NAMES);
    }
}
