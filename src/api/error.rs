//! The errors of the contract, and the one table that makes them from the errors of the service.
//!
//! A client gets the facts that it can act on: the field that is wrong, the record to read again, the time to wait. The
//! cause is in the log. Each edge renders an [`ApiError`] once, in its own format.

use std::borrow::Cow;
use std::time::Duration;

use super::field_names::{json_name, rename_fields};
use super::reason::ErrorReason;
use crate::domain::identity::{Role, Roles};
use crate::metrics::EdgeLabel;
use crate::service::{ServiceError, Violation};
use crate::wire::json::UNKNOWN_FIELD;
use crate::wire::v1;

/// How long a client should wait while the store is away or the index is being loaded.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The most wrong fields that an error names.
const MAX_VIOLATIONS: usize = 20;

/// The kind of an error, with the numbers of `google.rpc.Code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Code {
    /// The client cancelled the request.
    Cancelled = 1,
    /// The error has no known kind.
    Unknown = 2,
    /// The request is wrong, in any state of the server.
    InvalidArgument = 3,
    /// The time for the request is over.
    DeadlineExceeded = 4,
    /// The requested record does not exist.
    NotFound = 5,
    /// A thing with this id exists and is different.
    AlreadyExists = 6,
    /// The client may not do this.
    PermissionDenied = 7,
    /// A quota or a limit is used up.
    ResourceExhausted = 8,
    /// The state of the record does not allow the change.
    FailedPrecondition = 9,
    /// Another change came first: read the record again.
    Aborted = 10,
    /// The value is outside the valid range.
    OutOfRange = 11,
    /// The server does not have this method.
    Unimplemented = 12,
    /// The server has a fault.
    Internal = 13,
    /// The server cannot answer now: retry.
    Unavailable = 14,
    /// Data is lost.
    DataLoss = 15,
    /// The client did not say who it is.
    Unauthenticated = 16,
}

impl Code {
    /// The number of the code in `google.rpc.Code`.
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32
    }
}

/// Why a request failed, for every edge.
#[derive(Clone, Debug)]
pub struct ApiError {
    code: Code,
    /// Used if there are no violations.
    text: Cow<'static, str>,
    reason: Option<ErrorReason>,
    violations: Vec<Violation>,
    retry_after: Option<Duration>,
}

impl ApiError {
    /// An error with a code and a text.
    #[must_use]
    pub fn new(code: Code, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            text: text.into(),
            reason: None,
            violations: Vec::new(),
            retry_after: None,
        }
    }

    /// An error about fields of the request; at least one. It names the first `MAX_VIOLATIONS` of them.
    #[must_use]
    pub fn invalid(mut violations: Vec<Violation>) -> Self {
        violations.truncate(MAX_VIOLATIONS);
        Self {
            violations,
            ..Self::new(Code::InvalidArgument, "the request is not valid")
        }
    }

    /// An error about one field of the request.
    #[must_use]
    pub fn field(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::invalid(vec![Violation::new(field, problem)])
    }

    /// A fault of the server. The log has its cause.
    #[must_use]
    pub fn internal() -> Self {
        ServiceError::Internal.into()
    }

    /// The error of a read. A store that fails a read has certainly changed nothing, and there is nothing to send again with
    /// the same id.
    pub(super) fn of_a_read(error: ServiceError) -> Self {
        if matches!(error, ServiceError::StoreUnavailable | ServiceError::OutcomeUnknown) {
            return Self {
                text: "the store cannot be reached, so nothing could be read: retry later".into(),
                ..ServiceError::StoreUnavailable.into()
            };
        }
        error.into()
    }

    /// The end of a stream on a server that shuts down.
    #[must_use]
    pub fn draining() -> Self {
        let text = "the server is shutting down: send the unanswered messages to another server";
        Self {
            reason: Some(ErrorReason::Draining),
            retry_after: Some(Duration::ZERO),
            ..Self::new(Code::Unavailable, text)
        }
    }

    /// The error for a request without a credential that is accepted. It does not say why: a client that guesses learns
    /// nothing.
    #[must_use]
    pub fn unauthenticated() -> Self {
        let text = "a valid credential is required: an API key or a token in the header `authorization: Bearer ...`, or a client certificate";
        Self {
            reason: Some(ErrorReason::Unauthenticated),
            ..Self::new(Code::Unauthenticated, text)
        }
    }

    /// The error for a method that none of the caller's roles may call.
    #[must_use]
    pub fn role_required(roles: Roles) -> Self {
        let names: Vec<&str> = roles.iter().map(Role::name).collect();
        let text = if names.is_empty() {
            "no role may call this method".to_owned()
        } else {
            format!(
                "none of the roles of this principal may call this method: {} may",
                names.join(", ")
            )
        };
        Self {
            reason: Some(ErrorReason::RoleRequired { roles }),
            ..Self::new(Code::PermissionDenied, text)
        }
    }

    /// The error for the metrics, which only the tenant that operates the server may read.
    #[must_use]
    pub fn of_the_operator() -> Self {
        let text = "the metrics count what all tenants do: only the tenant `default`, which operates the server, may read them here";
        Self::new(Code::PermissionDenied, text)
    }

    /// The error of a request about the records of all tenants, from a caller of a named tenant.
    pub(super) fn of_all_tenants() -> Self {
        let text = "the shards hold the records of all tenants: only the tenant `default`, which operates the server, may compare them";
        Self::new(Code::PermissionDenied, text)
    }

    /// The error of a request beyond a quota of requests. The text names the quota and its limit.
    pub(super) fn over_quota(quota: &'static str, text: String, retry_after: Duration) -> Self {
        Self {
            reason: Some(ErrorReason::QuotaExceeded { quota }),
            retry_after: Some(retry_after),
            ..Self::new(Code::ResourceExhausted, text)
        }
    }

    /// The error of a request for which the server has no memory left now.
    #[must_use]
    pub fn overloaded() -> Self {
        let text =
            "requests and answers hold as much memory as the server gives them: read the answers, and retry later";
        Self {
            retry_after: Some(RETRY_AFTER),
            ..Self::new(Code::ResourceExhausted, text)
        }
    }

    /// The error of a call that is not taken up, since those before it have waited for too long.
    #[must_use]
    pub fn too_many_calls() -> Self {
        let text = "the server gets more calls than it can answer: retry later";
        Self {
            retry_after: Some(RETRY_AFTER),
            ..Self::new(Code::ResourceExhausted, text)
        }
    }

    /// The error of a request whose client has stopped to wait for the answer.
    #[must_use]
    pub fn too_late() -> Self {
        let text = "the time for the request was over before its turn came: the server has too many requests";
        Self::new(Code::DeadlineExceeded, text)
    }

    /// The error of a request that does not arrive.
    #[must_use]
    pub fn unfinished() -> Self {
        Self::new(Code::DeadlineExceeded, "the request did not arrive in time")
    }

    /// The kind of the error.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The error in one line: `field: problem` for each violation, joined by `; `, or else a sentence.
    #[must_use]
    pub fn message(&self) -> Cow<'_, str> {
        if self.violations.is_empty() {
            return Cow::Borrowed(&self.text);
        }
        let violations = self.violations.iter();
        let texts: Vec<_> = violations
            .map(|violation| format!("{}: {}", violation.field, violation.problem))
            .collect();
        Cow::Owned(texts.join("; "))
    }

    /// The stable name of the error for programs, where the code alone does not say enough.
    #[must_use]
    pub const fn reason(&self) -> Option<ErrorReason> {
        self.reason
    }

    /// The fields of the request that are wrong.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How long the client should wait before it retries.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The same error with field names from the top of the request: `number` becomes `reports[3].number`.
    pub(super) fn in_field(mut self, path: &str) -> Self {
        for violation in &mut self.violations {
            violation.field = format!("{path}.{}", violation.field);
        }
        self
    }

    /// The same error with the names that fields have in JSON: `report.occurred_at` becomes `report.occurredAt`, also where
    /// a text names a field in backticks.
    #[must_use]
    pub fn named_in_json(&self) -> Self {
        let mut named = self.clone();
        named.text = rename_fields(&self.text, json_name).into();
        for violation in &mut named.violations {
            violation.field = match violation.field.rsplit_once('.') {
                // The name of an unknown field is shown as the client wrote it.
                Some((message, name)) if violation.problem == UNKNOWN_FIELD => format!("{}.{name}", json_name(message)),
                None if violation.problem == UNKNOWN_FIELD => continue,
                _ => json_name(&violation.field),
            };
            violation.problem = rename_fields(&violation.problem, json_name);
        }
        named
    }

    /// The error of one item of a batch, as this edge names fields.
    pub(super) fn item(&self, edge: EdgeLabel) -> v1::ItemError {
        let named = match edge {
            EdgeLabel::Grpc => self.clone(),
            EdgeLabel::Http => self.named_in_json(),
        };
        let field = named.violations.first().map(|first| first.field.clone());
        v1::ItemError {
            code: self.code.number(),
            field: field.unwrap_or_default(),
            message: named.message().into_owned(),
            retry_after: self.retry_after.map(Into::into),
        }
    }
}

/// The table: each error of the service has one code, and maybe a reason and a delay.
impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        let text = error.to_string();
        let (code, reason, retry_after) = match error {
            ServiceError::Invalid(violations) => return Self::invalid(violations),
            ServiceError::NotFound { resource } => (Code::NotFound, Some(ErrorReason::NotFound { resource }), None),
            ServiceError::ContentMismatch { field } => {
                let reason = ErrorReason::ContentMismatch { field };
                (Code::AlreadyExists, Some(reason), None)
            }
            ServiceError::ReportMismatch { .. } => {
                let reason = ErrorReason::ContentMismatch { field: "report_id" };
                (Code::AlreadyExists, Some(reason), None)
            }
            ServiceError::VersionMismatch { found, .. } => {
                let reason = ErrorReason::VersionMismatch { version: found };
                (Code::Aborted, Some(reason), None)
            }
            ServiceError::Precondition(_) => (Code::FailedPrecondition, None, None),
            ServiceError::TransitionNotAllowed { from, .. } => {
                let reason = ErrorReason::TransitionNotAllowed { from };
                (Code::FailedPrecondition, Some(reason), None)
            }
            ServiceError::NotGranted { field } | ServiceError::MayNotGrant { field } => {
                (Code::PermissionDenied, Some(ErrorReason::NotGranted { field }), None)
            }
            ServiceError::Exhausted { retry_after } => (Code::ResourceExhausted, None, Some(retry_after)),
            ServiceError::QuotaExceeded { quota, retry_after } => {
                let reason = ErrorReason::QuotaExceeded { quota: quota.name() };
                (Code::ResourceExhausted, Some(reason), Some(retry_after))
            }
            ServiceError::StoreUnavailable => (
                Code::Unavailable,
                Some(ErrorReason::StoreUnavailable),
                Some(RETRY_AFTER),
            ),
            ServiceError::OutcomeUnknown => (Code::Unavailable, Some(ErrorReason::OutcomeUnknown), Some(RETRY_AFTER)),
            ServiceError::IndexLoading => (Code::Unavailable, Some(ErrorReason::IndexLoading), Some(RETRY_AFTER)),
            ServiceError::EvidenceVersionMismatch => {
                (Code::Unavailable, Some(ErrorReason::EvidenceVersionMismatch), None)
            }
            ServiceError::Internal => (Code::Internal, None, None),
        };
        Self {
            code,
            text: text.into(),
            reason,
            violations: Vec::new(),
            retry_after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kinds::CaseStatus;
    use crate::service::Quota;

    #[test]
    fn every_service_error_has_a_code_a_reason_and_a_delay() {
        let second = Some(RETRY_AFTER);
        let long = Duration::from_secs(43_200);
        let quota = ServiceError::QuotaExceeded {
            quota: Quota::Tenant,
            retry_after: long,
        };
        for (error, code, reason, retry_after) in [
            (ServiceError::field("a.b", "is wrong"), 3, None, None),
            (ServiceError::NotFound { resource: "case" }, 5, Some("NOT_FOUND"), None),
            (
                ServiceError::ContentMismatch { field: "case_id" },
                6,
                Some("CONTENT_MISMATCH"),
                None,
            ),
            (
                ServiceError::VersionMismatch { expected: 1, found: 2 },
                10,
                Some("VERSION_MISMATCH"),
                None,
            ),
            (ServiceError::Precondition("no".to_owned()), 9, None, None),
            (
                ServiceError::TransitionNotAllowed {
                    from: CaseStatus::Open,
                    to: CaseStatus::Referred,
                },
                9,
                Some("TRANSITION_NOT_ALLOWED"),
                None,
            ),
            (ServiceError::NotGranted { field: "feed" }, 7, Some("NOT_GRANTED"), None),
            (
                ServiceError::MayNotGrant { field: "feeds" },
                7,
                Some("NOT_GRANTED"),
                None,
            ),
            (ServiceError::Exhausted { retry_after: long }, 8, None, Some(long)),
            (quota, 8, Some("QUOTA_EXCEEDED"), Some(long)),
            (ServiceError::StoreUnavailable, 14, Some("STORE_UNAVAILABLE"), second),
            (ServiceError::OutcomeUnknown, 14, Some("OUTCOME_UNKNOWN"), second),
            (ServiceError::IndexLoading, 14, Some("INDEX_LOADING"), second),
            (
                ServiceError::EvidenceVersionMismatch,
                14,
                Some("EVIDENCE_VERSION_MISMATCH"),
                None,
            ),
            (ServiceError::Internal, 13, None, None),
        ] {
            let error = ApiError::from(error);
            let found = (error.code().number(), error.reason().map(ErrorReason::name));
            assert_eq!(found, (code, reason), "{error:?}");
            assert_eq!(error.retry_after(), retry_after, "{error:?}");
            assert!(!error.message().is_empty(), "{error:?}");
        }
    }

    /// Every error of the service, with a field of more than one word where it names a field.
    #[test]
    fn no_error_names_a_field_in_json_as_the_contract_does() {
        let field = "request_id";
        let errors = [
            ServiceError::field("report.callback_numbers[0]", "is not `default_region`"),
            ServiceError::NotFound { resource: "case" },
            ServiceError::ContentMismatch { field },
            ServiceError::VersionMismatch { expected: 1, found: 2 },
            ServiceError::Precondition("set `expires_at` first".to_owned()),
            ServiceError::TransitionNotAllowed {
                from: CaseStatus::Open,
                to: CaseStatus::Referred,
            },
            ServiceError::NotGranted { field: "import_id" },
            ServiceError::MayNotGrant { field: "sources" },
            ServiceError::Exhausted {
                retry_after: RETRY_AFTER,
            },
            ServiceError::QuotaExceeded {
                quota: Quota::Reporter,
                retry_after: RETRY_AFTER,
            },
            ServiceError::StoreUnavailable,
            ServiceError::OutcomeUnknown,
            ServiceError::IndexLoading,
            ServiceError::EvidenceVersionMismatch,
            ServiceError::Internal,
        ];
        for error in errors {
            let named = ApiError::from(error).named_in_json();
            let detail = named.reason().and_then(ErrorReason::json_detail);
            let detail = detail.map(|(_, value)| value);
            for text in [named.message().into_owned(), detail.unwrap_or_default()] {
                let mut parts = text.split('_').rev().skip(1);
                assert!(
                    !parts.any(|part| part.ends_with(|c: char| c.is_ascii_lowercase())),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn the_message_names_each_field_and_its_problem() {
        let violations = vec![
            Violation::new("number", "the text is not a telephone number"),
            Violation::new("view", "must be set"),
        ];
        let error = ApiError::invalid(violations);
        assert_eq!(
            error.message(),
            "number: the text is not a telephone number; view: must be set"
        );
        let item = error.in_field("reports[3]").item(EdgeLabel::Grpc);
        assert_eq!((item.code, item.field.as_str()), (3, "reports[3].number"));
        assert!(item.message.starts_with("reports[3].number: the text"), "{item:?}");
    }
}
