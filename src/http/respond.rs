//! Answers, as bytes with a head.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

/// An answer, whole in memory.
pub(super) type Reply = Response<Full<Bytes>>;

/// The type of every body in JSON.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The type of plain text.
pub(super) const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// An answer of one type.
pub(super) fn reply(status: StatusCode, kind: HeaderValue, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, kind);
    reply
}
