//! Turns an error status of the server into text for people: the sentence, the fields at fault, and what to do.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::text::clean;

/// The message and code of an error status, as a sentence without a full stop.
pub(super) fn sentence(status: &Status) -> String {
    let code = code_name(status.code());
    match clean(status.message()) {
        message if message.is_empty() => format!("the server answered {code}"),
        message => format!("{message} ({code})"),
    }
}

/// The name of a gRPC status code, such as `NOT_FOUND`.
pub(super) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// The delay before a retry that the server asks for (google.rpc.RetryInfo).
pub(super) fn asked_delay(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

/// The fields at fault, each with a description (google.rpc.BadRequest).
pub(super) fn fields(status: &Status) -> Vec<(String, String)> {
    status
        .get_details_bad_request()
        .into_iter()
        .flat_map(|bad| bad.field_violations)
        .map(|violation| (violation.field, violation.description))
        .collect()
}

/// What the user can do about an error, as a clause without a full stop; `None` if there is no advice.
pub(super) fn advice(status: &Status) -> Option<String> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "there is no advice for the other codes")]
    let step = match status.code() {
        Code::NotFound => "check the id, or find it with the `list` command",
        Code::AlreadyExists => "choose another id, or leave the id out to get a new one",
        Code::Aborted => {
            "another user has changed the record: read it again, then repeat the command with the new version"
        }
        Code::FailedPrecondition => "check the current state with the `show` command",
        Code::ResourceExhausted => match asked_delay(status) {
            Some(delay) => return Some(format!("try again in {} s", delay.as_secs().max(1))),
            None => "try again later",
        },
        Code::Unavailable => "try again in a moment",
        Code::Unimplemented => "the server does not know this command; it may be older than this client",
        Code::Internal | Code::Unknown => "see the log of the server for the cause",
        _ => return None,
    };
    Some(step.to_owned())
}
