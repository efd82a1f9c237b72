//! The layers that both edges put around their service, independent of the protocol.
//!
//! From the outside to the inside: a panic becomes an error, the secret headers are hidden from logs, and the
//! [`RequestContext`] goes into the extensions of the request, with the party that sends it. Whether this party may call the
//! method is asked when the edge knows the method: in `grpc/gate.rs` and in `http/service.rs`.
//!
//! Limits and timeouts of bodies are not here, since they depend on the protocol: HTTP has one limit for each route and
//! must answer in JSON, gRPC has one for each message of a stream that may stay open all day.

mod heavy;
mod turns;

use std::any::Any;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};

use futures_util::{FutureExt as _, Stream, StreamExt as _};
use http::{HeaderMap, Request, Response, header};
use tower::{Layer, Service};
use tower_http::catch_panic::{CatchPanicLayer, ResponseForPanic};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;

use crate::api::{Api, ApiError, Authorization, CertificateHash, Permit, RequestContext, Shown};
use crate::clock::monotonic;
use crate::metrics::EdgeLabel;
use crate::net::{Arrived, ConnectionUsage, PeerAddress, PeerCertificate};

pub(crate) use heavy::{AnswerBody, HeavyLayer, Place};

/// The layers of an edge whose responses have the body `B`.
pub(crate) type EdgeLayers<B> = (
    CatchPanicLayer<PanicResponse<B>>,
    SetSensitiveRequestHeadersLayer,
    ContextLayer,
);

/// The layers of an edge over `api`. `panic_response` renders the error of a request whose handler panicked.
pub(crate) fn layers<B>(edge: EdgeLabel, api: Api, panic_response: fn(&ApiError) -> Response<B>) -> EdgeLayers<B> {
    let panic_response = PanicResponse {
        edge,
        render: panic_response,
    };
    (
        CatchPanicLayer::custom(panic_response),
        SetSensitiveRequestHeadersLayer::new([header::AUTHORIZATION]),
        ContextLayer { edge, api },
    )
}

/// Ends a stream of answers with an error if it panics.
pub(crate) fn catch_stream_panic<T, E: From<ApiError>>(
    edge: EdgeLabel,
    answers: impl Stream<Item = Result<T, E>>,
) -> impl Stream<Item = Result<T, E>> {
    AssertUnwindSafe(answers)
        .catch_unwind()
        .map(move |answer| answer.unwrap_or_else(|_panic| Err(panicked(edge).into())))
}

/// Runs a handler whose error must not be rendered as those of its edge are. A panic becomes its error.
pub(crate) async fn catch_panic<T, E: From<ApiError>>(
    edge: EdgeLabel,
    handler: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let result = AssertUnwindSafe(handler).catch_unwind().await;
    result.unwrap_or_else(|_panic| Err(panicked(edge).into()))
}

/// Logs a panic and makes its error. The hook of `telemetry` has logged the place of the panic; nothing logs its text,
/// which may hold personal data.
fn panicked(edge: EdgeLabel) -> ApiError {
    tracing::error!(?edge, "a handler panicked, the request failed");
    ApiError::internal()
}

/// Makes the response to a request whose handler panicked.
pub(crate) struct PanicResponse<B> {
    edge: EdgeLabel,
    render: fn(&ApiError) -> Response<B>,
}

impl<B> Clone for PanicResponse<B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for PanicResponse<B> {}

impl<B> fmt::Debug for PanicResponse<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PanicResponse")
            .field("edge", &self.edge)
            .finish_non_exhaustive()
    }
}

impl<B> ResponseForPanic for PanicResponse<B> {
    type ResponseBody = B;

    fn response_for_panic(&mut self, _panic: Box<dyn Any + Send + 'static>) -> Response<B> {
        (self.render)(&panicked(self.edge))
    }
}

/// Puts the [`RequestContext`] into the extensions of each request.
#[derive(Clone, Debug)]
pub(crate) struct ContextLayer {
    edge: EdgeLabel,
    api: Api,
}

impl<S> Layer<S> for ContextLayer {
    type Service = WithContext<S>;

    fn layer(&self, inner: S) -> WithContext<S> {
        WithContext {
            edge: self.edge,
            api: self.api.clone(),
            inner,
        }
    }
}

/// A service whose requests have a [`RequestContext`].
#[derive(Clone, Debug)]
pub(crate) struct WithContext<S> {
    edge: EdgeLabel,
    api: Api,
    inner: S,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for WithContext<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let usage = request.extensions().get::<ConnectionUsage>();
        let arrived = request.extensions().get::<Arrived>().map(|arrived| arrived.0);
        let arrived = arrived.or_else(|| usage.and_then(ConnectionUsage::last_arrival));
        let connection = usage.map(ConnectionUsage::connection);
        let certificate = request.extensions().get::<PeerCertificate>();
        let address = request.extensions().get::<PeerAddress>();
        let client = address.map(|address| address.0);
        let generation = self.api.generation();
        let (caller, refused) = self.api.caller(&Shown {
            authorization: authorization(request.headers()),
            certificate: certificate.map(|certificate| CertificateHash(certificate.sha256)),
            client,
        });
        let context = RequestContext {
            caller,
            refused,
            client,
            permit: Permit {
                generation,
                ..Permit::default()
            },
            connection,
            ..RequestContext::new(self.edge, arrived.unwrap_or_else(monotonic))
        };
        request.extensions_mut().insert(context);
        self.inner.call(request)
    }
}

/// The credential in the header `authorization`: the scheme `Bearer` (RFC 6750, section 2.1), in any case, and a text. Two
/// headers are refused, since nobody can say which one counts.
fn authorization(headers: &HeaderMap) -> Authorization<'_> {
    const SCHEME: &str = "bearer ";
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Authorization::None;
    };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let parts = text.and_then(|text| text.split_at_checked(SCHEME.len()));
    match parts {
        Some((scheme, text)) if scheme.eq_ignore_ascii_case(SCHEME) && !text.is_empty() => Authorization::Bearer(text),
        _ => Authorization::Malformed,
    }
}

#[cfg(test)]
mod tests {

    use futures_util::stream;
    use http::HeaderValue;

    use super::*;
    use crate::api::Code;

    #[test]
    fn a_credential_is_one_bearer_header() {
        let shown = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
            }
            match authorization(&headers) {
                Authorization::None => "none".to_owned(),
                Authorization::Malformed => "malformed".to_owned(),
                Authorization::Bearer(text) => text.to_owned(),
            }
        };
        assert_eq!(shown(&[]), "none");
        assert_eq!(shown(&["Bearer abc"]), "abc");
        assert_eq!(shown(&["bearer  abc"]), " abc");
        for wrong in [
            &["Bearer "][..],
            &["Basic abc"],
            &["Bearer"],
            &[""],
            &["Bearer a", "Bearer a"],
        ] {
            assert_eq!(shown(wrong), "malformed", "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn a_panic_of_a_handler_becomes_its_error() {
        let handler = |fails: bool| async move {
            assert!(!fails, "on purpose");
            Ok::<_, ApiError>(7)
        };
        let code = async |fails| {
            catch_panic(EdgeLabel::Http, handler(fails))
                .await
                .map_err(|error| error.code())
        };
        assert_eq!(code(false).await, Ok(7));
        assert_eq!(code(true).await, Err(Code::Internal));
    }

    #[tokio::test]
    async fn a_panic_ends_a_stream_with_an_error() {
        let answers = stream::iter(0..4).map(|n| {
            assert!(n != 2, "on purpose");
            Ok::<_, ApiError>(n)
        });
        let answers: Vec<_> = catch_stream_panic(EdgeLabel::Grpc, answers).collect().await;
        let codes: Vec<_> = answers
            .into_iter()
            .map(|answer| answer.map_err(|error| error.code()))
            .collect();
        assert_eq!(codes, [Ok(0), Ok(1), Err(Code::Internal)]);
    }
}
