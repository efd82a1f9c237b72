//! Errors as a gRPC status with the details of `google.rpc`.

use std::collections::HashMap;

use http::{HeaderMap, HeaderValue, Response};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::api::{ApiError, REASON_DOMAIN};

impl From<ApiError> for Status {
    fn from(error: ApiError) -> Self {
        status(&error)
    }
}

/// The status of an error: `ErrorInfo` for its reason, `BadRequest` for its fields, `RetryInfo` for its delay.
pub(super) fn status(error: &ApiError) -> Status {
    let mut details = ErrorDetails::new();
    if let Some(reason) = error.reason() {
        let metadata: HashMap<_, _> = reason
            .detail()
            .map(|(key, value)| (key.to_owned(), value))
            .into_iter()
            .collect();
        details.set_error_info(reason.name(), REASON_DOMAIN, metadata);
    }
    for violation in error.violations() {
        details.add_bad_request_violation(&violation.field, &violation.problem);
    }
    if let Some(delay) = error.retry_after() {
        details.set_retry_info(Some(delay));
    }
    let code = Code::from_i32(error.code().number());
    Status::with_error_details(code, error.message().into_owned(), details)
}

/// The start of tonic's text for a message that is not compressed as its header says.
const BROKEN_COMPRESSION: &str = "Error decompressing";

/// The code that clients expect, for a status that tonic made before a handler was called: `RESOURCE_EXHAUSTED` for a
/// message that is too large, `INVALID_ARGUMENT` for one that cannot be decompressed. No handler uses `OUT_OF_RANGE`.
fn expected_code(code: Code, text: &str) -> Code {
    if code == Code::OutOfRange {
        Code::ResourceExhausted
    } else if code == Code::Internal && text.starts_with(BROKEN_COMPRESSION) {
        Code::InvalidArgument
    } else {
        code
    }
}

/// The status of a message of a stream that could not be read, with the code that clients expect.
pub(super) fn stream_status(status: Status) -> Status {
    let code = expected_code(status.code(), status.message());
    if code == status.code() {
        return status;
    }
    Status::new(code, status.message())
}

/// A response whose status, if it is in its head, has the code that clients expect.
pub(super) fn with_expected_code<B>(mut response: Response<B>) -> Response<B> {
    let headers = response.headers_mut();
    if let Some(code) = headers.get(Status::GRPC_STATUS) {
        let code = Code::from_bytes(code.as_bytes());
        let expected = expected_code(code, &message_of(headers));
        if expected != code {
            headers.insert(Status::GRPC_STATUS, HeaderValue::from(i32::from(expected)));
        }
    }
    response
}

/// The text of a status in a head. Only its beginning matters, and of this only spaces are escaped.
fn message_of(headers: &HeaderMap) -> String {
    let text = headers.get(Status::GRPC_MESSAGE).and_then(|value| value.to_str().ok());
    text.unwrap_or_default().replace("%20", " ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_part_of_an_error_is_in_the_status() {
        let found = status(&ApiError::field("a.b", "is wrong"));
        assert_eq!(
            (found.code(), found.message()),
            (Code::InvalidArgument, "a.b: is wrong")
        );
        let details = found.get_error_details();
        let violations = &details.bad_request().unwrap().field_violations;
        assert_eq!(violations[0].field, "a.b");

        let found = status(&ApiError::draining());
        assert_eq!(found.code(), Code::Unavailable);
        let details = found.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(
            (info.reason.as_str(), info.domain.as_str()),
            ("DRAINING", REASON_DOMAIN)
        );
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(Duration::ZERO));
    }

    #[test]
    fn mistakes_in_messages_have_the_codes_that_clients_expect() {
        for (made, text, expected) in [
            (
                Code::OutOfRange,
                "Error, decoded message length too large",
                Code::ResourceExhausted,
            ),
            (
                Code::Internal,
                "Error decompressing: invalid gzip header",
                Code::InvalidArgument,
            ),
            (Code::Internal, "the server has a fault", Code::Internal),
            (Code::ResourceExhausted, "a quota is used up", Code::ResourceExhausted),
            (
                Code::InvalidArgument,
                "number: must not be empty",
                Code::InvalidArgument,
            ),
        ] {
            let status = Status::new(made, text);
            assert_eq!(stream_status(status.clone()).code(), expected, "{text}");
            let response = with_expected_code(status.into_http::<()>());
            let code = response.headers().get(Status::GRPC_STATUS).unwrap();
            assert_eq!(Code::from_bytes(code.as_bytes()), expected, "{text}");
        }
        assert!(with_expected_code(Response::new(())).headers().is_empty());
    }
}
