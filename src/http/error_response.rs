//! Errors as `google.rpc.Status` in JSON, with the HTTP status that belongs to each code.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::openapi;
use super::response::{HttpResponse, JSON, response};
use super::stranger::Stranger;
use crate::api::{ApiError, Code, REASON_DOMAIN};

/// What a request without an accepted credential may send instead: a key or a token (RFC 9110, section 11.6.1; RFC 6750,
/// section 3). It does not say what was wrong with the one that was sent.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"ringwarden\"");

/// The methods that an error repeats.
const KNOWN_METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::PATCH,
    Method::OPTIONS,
];

/// An error, ready to be sent.
#[derive(Debug)]
pub(super) struct ErrorResponse {
    status: StatusCode,
    body: String,
    retry_after: Option<Duration>,
    /// A header that belongs to the error: what the server accepts in place of what was sent (methods, content types, content
    /// codings, credentials), or that the connection ends.
    header: Option<(HeaderName, HeaderValue)>,
}

impl ErrorResponse {
    pub(super) fn no_such_path() -> Self {
        let text = format!("there is no such path: {} describes all paths", openapi::PATH);
        ApiError::new(Code::NotFound, text).into()
    }

    /// The error for a path that exists, but not for the `used` method.
    pub(super) fn no_such_method(used: &Method, methods: &[&Method]) -> Self {
        let mut allow: Vec<_> = methods.iter().map(|method| method.as_str()).collect();
        if methods.contains(&&Method::GET) {
            allow.push(Method::HEAD.as_str());
        }
        // A client may send any token as its method.
        let used = if KNOWN_METHODS.contains(used) {
            used.as_str()
        } else {
            "that method"
        };
        let text = format!("this path has the method {}, not {used}", allow.join(" or "));
        let allow = HeaderValue::try_from(allow.join(",")).ok();
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            header: allow.map(|allow| (header::ALLOW, allow)),
            ..ApiError::new(Code::Unimplemented, text).into()
        }
    }

    /// The error for a request without the one `Host` that says where it goes (RFC 9112 section 3.2).
    pub(super) fn wrong_host() -> Self {
        let text = "the request must have one Host header, with a host and maybe a port";
        ApiError::new(Code::InvalidArgument, text).into()
    }

    /// The error for a request that a page of another site may have made a browser send.
    pub(super) fn refused(stranger: Stranger) -> Self {
        let text = match stranger {
            Stranger::UnknownHost => {
                "this server is not known under the Host of the request: --http-hosts adds names to those of loopback"
            }
            Stranger::OtherSite => "a web page of another site sent this request, and such pages have no access",
        };
        ApiError::new(Code::PermissionDenied, text).into()
    }

    pub(super) fn wrong_content_type() -> Self {
        let text = "the body must be application/json, and the content type must say so";
        Self {
            header: Some((header::ACCEPT, JSON)),
            ..Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::InvalidArgument, text)
        }
    }

    pub(super) fn two_content_types() -> Self {
        let text = "the request has two different content types";
        ApiError::new(Code::InvalidArgument, text).into()
    }

    /// The error for a body that is compressed in another way than with gzip (RFC 9110 section 15.5.16).
    pub(super) fn wrong_coding() -> Self {
        let text = "the body must be compressed with gzip, once, or not at all";
        Self {
            header: Some((header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"))),
            ..Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::InvalidArgument, text)
        }
    }

    /// The error for a body that is transferred in another way than in chunks or with its length. The connection ends, since
    /// nobody knows where the body does.
    pub(super) fn wrong_transfer() -> Self {
        let text = "the only transfer coding of this server is chunked, once";
        Self {
            header: Some((header::CONNECTION, HeaderValue::from_static("close"))),
            ..Self::new(StatusCode::NOT_IMPLEMENTED, Code::InvalidArgument, text)
        }
    }

    pub(super) fn broken_gzip() -> Self {
        ApiError::field("body", "is not whole gzip, as its content encoding says").into()
    }

    pub(super) fn too_many_members(most: usize) -> Self {
        let problem = format!("has more than {most} members of gzip");
        ApiError::field("body", problem).into()
    }

    pub(super) fn too_large() -> Self {
        let text = "the body is larger than this server accepts";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, Code::InvalidArgument, text)
    }

    pub(super) fn too_slow() -> Self {
        let text = "the body did not arrive in time";
        Self::new(StatusCode::REQUEST_TIMEOUT, Code::DeadlineExceeded, text)
    }

    pub(super) fn broken_body() -> Self {
        let text = "the body could not be read to its end";
        Self::new(StatusCode::BAD_REQUEST, Code::InvalidArgument, text)
    }

    /// An error of the protocol, with an HTTP status of its own.
    fn new(status: StatusCode, code: Code, text: &'static str) -> Self {
        Self {
            status,
            ..ApiError::new(code, text).into()
        }
    }

    /// The response.
    pub(super) fn into_response(self) -> HttpResponse {
        let mut response = response(self.status, JSON, self.body);
        if let Some(delay) = self.retry_after {
            // The header has whole seconds, and 0 would mean "at once".
            let seconds = HeaderValue::from(delay.as_secs().max(1));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<ApiError> for ErrorResponse {
    fn from(error: ApiError) -> Self {
        Self::from(&error)
    }
}

impl From<&ApiError> for ErrorResponse {
    fn from(error: &ApiError) -> Self {
        let error = &error.named_in_json();
        let mut body = json!({ "code": error.code().number(), "message": error.message() });
        let details = details(error);
        if !details.is_empty()
            && let Some(body) = body.as_object_mut()
        {
            body.insert("details".to_owned(), details.into());
        }
        Self {
            status: http_status(error.code()),
            body: body.to_string(),
            retry_after: error.retry_after(),
            header: (error.code() == Code::Unauthenticated).then_some((header::WWW_AUTHENTICATE, CHALLENGE)),
        }
    }
}

/// `ErrorInfo` for the reason, `BadRequest` for the fields, `RetryInfo` for the delay.
fn details(error: &ApiError) -> Vec<Value> {
    let mut details = Vec::new();
    if let Some(reason) = error.reason() {
        let metadata = reason.json_detail().into_iter();
        let metadata: serde_json::Map<_, _> = metadata.map(|(key, value)| (key.to_owned(), value.into())).collect();
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason.name(),
            "domain": REASON_DOMAIN,
            "metadata": metadata,
        }));
    }
    if !error.violations().is_empty() {
        let violations = error.violations().iter();
        let violations: Vec<_> = violations
            .map(|violation| json!({ "field": violation.field, "description": violation.problem }))
            .collect();
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": violations,
        }));
    }
    if let Some(delay) = error.retry_after() {
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": pbjson_types::Duration::from(delay),
        }));
    }
    details
}

/// The HTTP status of a code, as in `google/rpc/code.proto`.
fn http_status(code: Code) -> StatusCode {
    match code {
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        // 499 "client closed request" has no constant.
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Code::Internal | Code::Unknown | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_http_status() {
        for (code, status) in [
            (Code::Cancelled, 499),
            (Code::Unknown, 500),
            (Code::InvalidArgument, 400),
            (Code::DeadlineExceeded, 504),
            (Code::NotFound, 404),
            (Code::AlreadyExists, 409),
            (Code::PermissionDenied, 403),
            (Code::ResourceExhausted, 429),
            (Code::FailedPrecondition, 400),
            (Code::Aborted, 409),
            (Code::OutOfRange, 400),
            (Code::Unimplemented, 501),
            (Code::Internal, 500),
            (Code::Unavailable, 503),
            (Code::DataLoss, 500),
            (Code::Unauthenticated, 401),
        ] {
            let response = ErrorResponse::from(ApiError::new(code, "no")).into_response();
            assert_eq!(response.status().as_u16(), status, "{code:?}");
            assert_eq!(response.headers().get(header::RETRY_AFTER), None, "{code:?}");
            let challenge = response.headers().get(header::WWW_AUTHENTICATE);
            assert_eq!(challenge.is_some(), status == 401, "{code:?}");
        }
    }

    #[test]
    fn every_part_of_an_error_is_in_the_body() {
        let error = ErrorResponse::from(ApiError::field("a.b", "is wrong"));
        let body: Value = serde_json::from_str(&error.body).unwrap();
        let violation = json!({ "field": "a.b", "description": "is wrong" });
        assert_eq!(body["message"], "a.b: is wrong");
        assert_eq!(body["details"][0]["fieldViolations"], json!([violation]));

        let error = ErrorResponse::from(ApiError::draining());
        let body: Value = serde_json::from_str(&error.body).unwrap();
        assert_eq!(body["details"][0]["reason"], "DRAINING");
        assert_eq!(body["details"][1]["retryDelay"], "0s");
        let response = error.into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    }
}
