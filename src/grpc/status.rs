//! Errors as a gRPC status with the details of `google.rpc`.

use std::collections::HashMap;

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
}
