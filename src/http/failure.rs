//! Errors as `google.rpc.Status` in JSON, with the HTTP status that belongs to each code.

use std::time::Duration;

use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::respond::{JSON, Reply, reply};
use crate::grpc::error;
use crate::service::ServiceError;

/// An answer that is an error.
#[derive(Debug)]
pub(super) struct Failure {
    http: StatusCode,
    code: Code,
    message: String,
    details: Vec<Value>,
    retry_after: Option<Duration>,
    /// The methods that there are, where the one asked for is not.
    allow: Option<String>,
}

impl Failure {
    pub(super) fn no_such_path() -> Self {
        Self::bare(StatusCode::NOT_FOUND, Code::NotFound, "there is no such path")
    }

    /// What is not there, where these methods are.
    pub(super) fn no_such_method(methods: &[&Method]) -> Self {
        let mut allow: Vec<_> = methods.iter().map(|method| method.as_str()).collect();
        if methods.contains(&&Method::GET) {
            allow.push(Method::HEAD.as_str());
        }
        let text = "this path does not have this method";
        Self {
            allow: Some(allow.join(",")),
            ..Self::bare(StatusCode::METHOD_NOT_ALLOWED, Code::Unimplemented, text)
        }
    }

    pub(super) fn wrong_content_type() -> Self {
        let text = "the body must be application/json, and the content type must say so";
        Self::bare(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::InvalidArgument, text)
    }

    pub(super) fn too_large() -> Self {
        let text = "the body is larger than this server takes";
        Self::bare(StatusCode::PAYLOAD_TOO_LARGE, Code::InvalidArgument, text)
    }

    pub(super) fn too_slow() -> Self {
        let text = "the body did not come in time";
        Self::bare(StatusCode::REQUEST_TIMEOUT, Code::DeadlineExceeded, text)
    }

    pub(super) fn broken_body() -> Self {
        let text = "the body could not be read to its end";
        Self::bare(StatusCode::BAD_REQUEST, Code::InvalidArgument, text)
    }

    fn bare(http: StatusCode, code: Code, message: &str) -> Self {
        Self {
            http,
            code,
            message: message.to_owned(),
            details: Vec::new(),
            retry_after: None,
            allow: None,
        }
    }

    /// The answer that says so.
    pub(super) fn into_reply(self) -> Reply {
        let mut body = json!({ "code": i32::from(self.code), "message": self.message });
        if !self.details.is_empty()
            && let Some(body) = body.as_object_mut()
        {
            body.insert("details".to_owned(), self.details.into());
        }
        let mut reply = reply(self.http, JSON, body.to_string());
        if let Some(delay) = self.retry_after {
            // The header counts in whole seconds, and nought would mean at once.
            let seconds = HeaderValue::from(delay.as_secs().max(1));
            reply.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        if let Some(allow) = self.allow.and_then(|allow| HeaderValue::try_from(allow).ok()) {
            reply.headers_mut().insert(header::ALLOW, allow);
        }
        reply
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        error::status(&error).into()
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let mut shown = Vec::new();
        if let Some(info) = details.error_info() {
            shown.push(json!({
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": info.reason,
                "domain": info.domain,
                "metadata": info.metadata,
            }));
        }
        if let Some(bad) = details.bad_request() {
            let violations = bad.field_violations.iter();
            let violations: Vec<_> = violations
                .map(|violation| json!({ "field": violation.field, "description": violation.description }))
                .collect();
            shown.push(json!({
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": violations,
            }));
        }
        let retry_after = details.retry_info().and_then(|info| info.retry_delay);
        if let Some(delay) = retry_after {
            shown.push(json!({
                "@type": "type.googleapis.com/google.rpc.RetryInfo",
                "retryDelay": pbjson_types::Duration::from(delay),
            }));
        }
        Self {
            http: http_status(status.code()),
            code: status.code(),
            message: status.message().to_owned(),
            details: shown,
            retry_after,
            allow: None,
        }
    }
}

/// The HTTP status of a code, as `google/rpc/code.proto` maps them.
fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        // 499, "client closed request", has no name of its own.
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Code::Internal | Code::Unknown | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Quota;

    #[test]
    fn every_error_of_the_service_has_its_status_and_tells_when_to_come_back() {
        let exhausted = ServiceError::Exhausted {
            retry_after: Duration::from_millis(2_500),
        };
        let over_quota = ServiceError::OverQuota {
            quota: Quota::Tenant,
            retry_after: Duration::from_secs(43_200),
        };
        for (error, http, retry_after) in [
            (ServiceError::field("a.b", "is wrong"), 400, None),
            (ServiceError::NotFound { what: "case" }, 404, None),
            (ServiceError::AlreadyExists { what: "case_id" }, 409, None),
            (ServiceError::Stale { expected: 1, found: 2 }, 409, None),
            (ServiceError::Precondition("no".to_owned()), 400, None),
            (exhausted, 429, Some("2")),
            (over_quota, 429, Some("43200")),
            (ServiceError::Unavailable, 503, Some("1")),
            (ServiceError::OutcomeUnknown, 503, Some("1")),
            (ServiceError::Loading, 503, Some("1")),
            (ServiceError::Internal, 500, None),
        ] {
            let text = error.to_string();
            let response = Failure::from(error).into_reply();
            assert_eq!(response.status().as_u16(), http, "{text}");
            let header = response.headers().get(header::RETRY_AFTER);
            assert_eq!(header.map(|value| value.to_str().unwrap()), retry_after, "{text}");
        }
    }
}
