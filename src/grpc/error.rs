//! The one table that turns errors of the service into statuses, and into the errors of single items of a batch.
//!
//! A client learns what it can act on: which field is wrong, what to read again, when to come back. Causes are in the
//! log, where they arose.

use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::service::{ServiceError, Violation};
use crate::wire::v1;

/// The domain of the reasons in `google.rpc.ErrorInfo`.
const REASON_DOMAIN: &str = "ringwarden.v1";
/// When to come back while the store is away or the index is being loaded.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The status that says what a client can do about an error.
pub(crate) fn status(error: &ServiceError) -> Status {
    let mut details = ErrorDetails::new();
    if let Some((reason, metadata)) = reason(error) {
        details.set_error_info(reason, REASON_DOMAIN, metadata);
    }
    if let ServiceError::Invalid(violations) = error {
        for violation in violations {
            details.add_bad_request_violation(&violation.field, &violation.problem);
        }
    }
    if let Some(delay) = retry_after(error) {
        details.set_retry_info(Some(delay));
    }
    Status::with_error_details(code(error), message(error), details)
}

/// Ends a stream of a server that is about to end.
pub(super) fn draining() -> Status {
    let mut details = ErrorDetails::with_error_info("DRAINING", REASON_DOMAIN, HashMap::new());
    details.set_retry_info(Some(Duration::ZERO));
    let text = "the server is ending: send what was not answered to another";
    Status::with_error_details(Code::Unavailable, text, details)
}

/// What was wrong with one item of a batch.
pub(super) fn item(error: &ServiceError) -> v1::ItemError {
    let violations: &[Violation] = if let ServiceError::Invalid(violations) = error {
        violations
    } else {
        &[]
    };
    let field = violations.first().map(|first| first.field.clone());
    v1::ItemError {
        code: code(error).into(),
        field: field.unwrap_or_default(),
        message: message(error),
        retry_after: retry_after(error).map(Into::into),
    }
}

/// The same error, its fields named from the top of the request: `number` becomes `reports[3].number`.
pub(super) fn within(path: &str, error: ServiceError) -> ServiceError {
    let ServiceError::Invalid(violations) = error else {
        return error;
    };
    let renamed = violations.into_iter().map(|violation| Violation {
        field: format!("{path}.{}", violation.field),
        ..violation
    });
    ServiceError::Invalid(renamed.collect())
}

fn code(error: &ServiceError) -> Code {
    match error {
        ServiceError::Invalid(_) => Code::InvalidArgument,
        ServiceError::NotFound { .. } => Code::NotFound,
        ServiceError::AlreadyExists { .. } => Code::AlreadyExists,
        ServiceError::Stale { .. } => Code::Aborted,
        ServiceError::Precondition(_) => Code::FailedPrecondition,
        ServiceError::Exhausted { .. } | ServiceError::OverQuota { .. } => Code::ResourceExhausted,
        ServiceError::Unavailable | ServiceError::OutcomeUnknown | ServiceError::Loading | ServiceError::OtherFold => {
            Code::Unavailable
        }
        ServiceError::Internal => Code::Internal,
    }
}

fn message(error: &ServiceError) -> String {
    let ServiceError::Invalid(violations) = error else {
        return error.to_string();
    };
    let texts: Vec<_> = violations
        .iter()
        .map(|violation| format!("{} {}", violation.field, violation.problem))
        .collect();
    texts.join("; ")
}

/// A stable name for programs where the code alone does not say what happened, and what goes with it.
fn reason(error: &ServiceError) -> Option<(&'static str, HashMap<String, String>)> {
    let with = |key: &str, value: String| HashMap::from([(key.to_owned(), value)]);
    match error {
        ServiceError::NotFound { what } => Some(("NO_SUCH_THING", with("what", (*what).to_owned()))),
        ServiceError::AlreadyExists { what } => Some(("OTHER_CONTENT", with("field", (*what).to_owned()))),
        ServiceError::Stale { found, .. } => Some(("STALE_VERSION", with("version", found.to_string()))),
        ServiceError::OverQuota { quota, .. } => Some(("QUOTA_USED_UP", with("quota", quota.name().to_owned()))),
        ServiceError::Unavailable => Some(("STORE_UNAVAILABLE", HashMap::new())),
        ServiceError::OutcomeUnknown => Some(("OUTCOME_UNKNOWN", HashMap::new())),
        ServiceError::Loading => Some(("LOADING", HashMap::new())),
        ServiceError::OtherFold => Some(("OTHER_EVIDENCE_VERSION", HashMap::new())),
        ServiceError::Invalid(_)
        | ServiceError::Precondition(_)
        | ServiceError::Exhausted { .. }
        | ServiceError::Internal => None,
    }
}

fn retry_after(error: &ServiceError) -> Option<Duration> {
    match error {
        ServiceError::Exhausted { retry_after } | ServiceError::OverQuota { retry_after, .. } => Some(*retry_after),
        ServiceError::Unavailable | ServiceError::OutcomeUnknown | ServiceError::Loading => Some(RETRY_AFTER),
        ServiceError::Invalid(_)
        | ServiceError::NotFound { .. }
        | ServiceError::AlreadyExists { .. }
        | ServiceError::Stale { .. }
        | ServiceError::Precondition(_)
        | ServiceError::OtherFold
        | ServiceError::Internal => None,
    }
}
