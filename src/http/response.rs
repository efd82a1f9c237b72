//! Responses as bytes with a head.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

/// A response, whole in memory.
pub(super) type FullResponse = Response<Full<Bytes>>;

/// The content type of every JSON body.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The content type of plain text.
pub(super) const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// A response with a body of this content type.
pub(super) fn response(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> FullResponse {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}
