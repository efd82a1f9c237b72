//! The layers of the edges, over handlers as the server has them. They are tested here, since only this module may put both
//! together.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use tower::{Layer as _, Service as _, service_fn};

use super::warm_up::rehearsal;
use crate::api::{Api, ApiError, RequestContext};
use crate::clock::Clock;
use crate::edge::layers;
use crate::metrics::EdgeLabel;

async fn api() -> Api {
    rehearsal(Clock::system()).await.unwrap()
}

fn render(error: &ApiError) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(error.message().into_owned()));
    *response.status_mut() = StatusCode::IM_A_TEAPOT;
    response
}

#[tokio::test]
async fn a_request_has_its_context_and_its_secrets_are_hidden() {
    let mut service = layers(EdgeLabel::Http, api().await, render).layer(service_fn(async |request: Request<()>| {
        let context = request.extensions().get::<RequestContext>().unwrap();
        assert_eq!((context.edge, context.client_timeout), (EdgeLabel::Http, None));
        assert!(request.headers()[header::AUTHORIZATION].is_sensitive());
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    }));
    let mut request = Request::new(());
    let secret = HeaderValue::from_static("Bearer secret");
    request.headers_mut().insert(header::AUTHORIZATION, secret);
    let response = service.call(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_panic_becomes_the_response_of_the_edge() {
    let mut service = layers(EdgeLabel::Grpc, api().await, render).layer(service_fn(async |request: Request<bool>| {
        assert!(!request.body(), "on purpose");
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    }));
    let response = service.call(Request::new(true)).await.unwrap();
    assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
    let response = service.call(Request::new(false)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}
