//! The HTTP edge as a `tower` service.

use std::convert::Infallible;
use std::task::{Context, Poll};

use futures_util::future::{self, Either, FutureExt as _, Map, Ready};
use http::{Method, Request};
use hyper::body::Incoming;
use tower::Service;

use super::error_response::ErrorResponse;
use super::request::{ResponseFuture, RoutedRequest};
use super::response::HttpResponse;
use super::route::{RouteMatch, Size, find};
use super::stranger::{Hosts, stranger};
use super::{HttpLimits, Pages, ROUTES, cid, host, openapi, probes, welcome};
use crate::api::{Api, RequestContext};
use crate::clock::monotonic;
use crate::domain::identity::Caller;
use crate::metrics::EdgeLabel;

/// Answers requests. Clones share everything.
#[derive(Clone, Debug)]
pub(super) struct HttpService {
    api: Api,
    limits: HttpLimits,
    hosts: Hosts,
    pages: Pages,
}

type Answer = Result<HttpResponse, Infallible>;
/// Renders an error. An error is a response too, so the service itself never fails.
type Render = fn(Result<HttpResponse, ErrorResponse>) -> Answer;

impl HttpService {
    pub(super) fn new(api: Api, limits: HttpLimits, hosts: Hosts, pages: Pages) -> Self {
        Self {
            api,
            limits,
            hosts,
            pages,
        }
    }

    /// Whether this address serves the path.
    fn has(&self, path: &str) -> bool {
        match self.pages {
            Pages::All => true,
            Pages::WithoutMetrics => path != probes::METRICS,
            Pages::Admin => probes::PATHS.contains(&path),
        }
    }

    /// The future of a handler, or the immediate response of a page or an error.
    fn route(&self, request: Request<Incoming>) -> Either<ResponseFuture, Result<HttpResponse, ErrorResponse>> {
        if !self.has(request.uri().path()) {
            return Either::Right(Err(ErrorResponse::no_such_path()));
        }
        let (route, path_text) = match find(ROUTES, request.method(), request.uri().path()) {
            RouteMatch::Found(route, text) => (route, text.map(str::to_owned)),
            RouteMatch::OtherMethods(methods) => {
                return Either::Right(Err(ErrorResponse::no_such_method(request.method(), &methods)));
            }
            RouteMatch::NoPath => return Either::Right(self.page(&request)),
        };
        if let Err(error) = self.api.authorize(&context(&request), route.service, route.rpc) {
            return Either::Right(Err(error.into()));
        }
        let max_bytes = match route.size {
            Size::One => self.limits.body_bytes,
            Size::Batch => self.limits.batch_body_bytes,
        };
        let (head, body) = request.into_parts();
        Either::Left((route.run)(RoutedRequest {
            api: self.api.clone(),
            path_field: route.path_field,
            query: route.query,
            form: route.body,
            head,
            body,
            path_text,
            max_bytes,
        }))
    }

    /// A path that is not a method of the contract.
    fn page(&self, request: &Request<Incoming>) -> Result<HttpResponse, ErrorResponse> {
        let method = request.method();
        let page: fn(&Api) -> Result<HttpResponse, ErrorResponse> = match request.uri().path() {
            "/" => |_| Ok(welcome::page()),
            probes::HEALTH => |_| Ok(probes::alive()),
            probes::READY => probes::ready,
            probes::METRICS => {
                // A listener of their own is reached by those who look after the server only.
                if self.pages != Pages::Admin {
                    self.api.authorize_metrics(&context(request))?;
                }
                |api| Ok(probes::metrics(api))
            }
            openapi::PATH => |_| Ok(openapi::page()),
            _ => return Err(ErrorResponse::no_such_path()),
        };
        if [Method::GET, Method::HEAD].contains(method) {
            page(&self.api)
        } else {
            Err(ErrorResponse::no_such_method(method, &[&Method::GET]))
        }
    }
}

/// The context that the layer around the service has put there. Without it, the caller is nobody.
fn context(request: &Request<Incoming>) -> RequestContext {
    let context = request.extensions().get::<RequestContext>().cloned();
    context.unwrap_or_else(|| RequestContext {
        caller: Caller::Nobody,
        ..RequestContext::new(EdgeLabel::Http, monotonic())
    })
}

impl Service<Request<Incoming>> for HttpService {
    type Response = HttpResponse;
    type Error = Infallible;
    type Future = Either<Map<ResponseFuture, Render>, Ready<Answer>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let render: Render = if request.uri().path().starts_with(cid::PATH) {
            |result| Ok(result.unwrap_or_else(cid::silent))
        } else {
            |result| Ok(result.unwrap_or_else(ErrorResponse::into_response))
        };
        if !host::is_valid(&request) {
            return Either::Right(future::ready(render(Err(ErrorResponse::wrong_host()))));
        }
        // A probe of Kubernetes and a scrape name the address of a machine, which nobody can list before. Probes and metrics hold
        // nothing of a person.
        let hosts = if probes::PATHS.contains(&request.uri().path()) {
            &Hosts::Any
        } else {
            &self.hosts
        };
        if let Some(stranger) = stranger(&request, hosts) {
            return Either::Right(future::ready(render(Err(ErrorResponse::refused(stranger)))));
        }
        match self.route(request) {
            Either::Left(handler) => Either::Left(handler.map(render)),
            Either::Right(result) => Either::Right(future::ready(render(result))),
        }
    }
}
