//! Responses: whole in memory, or made piece by piece.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::{BoxStream, StreamExt as _};
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{Either, Full};
use hyper::body::{Body, Frame};
use thiserror::Error;

/// A response.
pub(super) type HttpResponse = Response<Payload>;

/// The body of a response: all of its bytes, or its pieces, each made when the client takes it.
pub(super) type Payload = Either<Full<Bytes>, Pieces>;

/// A body that is made piece by piece.
pub(super) struct Pieces(BoxStream<'static, Result<Bytes, CutOff>>);

/// The body ends before its end, and the connection with it, so that no client takes it for complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the response was cut off")]
pub(super) struct CutOff;

/// The content type of every JSON body.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The content type of lines of JSON.
pub(super) const JSON_LINES: HeaderValue = HeaderValue::from_static("application/jsonl");
/// The content type of plain text.
pub(super) const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// A response with a body of this content type.
pub(super) fn response(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> HttpResponse {
    with_body(status, content_type, Either::Left(Full::new(body.into())))
}

/// A response whose body is made piece by piece.
pub(super) fn in_pieces(
    content_type: HeaderValue,
    pieces: impl Stream<Item = Result<Bytes, CutOff>> + Send + 'static,
) -> HttpResponse {
    with_body(StatusCode::OK, content_type, Either::Right(Pieces(pieces.boxed())))
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        let piece = self.get_mut().0.as_mut().poll_next(context);
        piece.map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

fn with_body(status: StatusCode, content_type: HeaderValue, body: Payload) -> HttpResponse {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}
