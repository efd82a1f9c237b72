//! The HTTP edge as a `tower` service.

use std::convert::Infallible;
use std::task::{Context, Poll};

use futures_util::future::{self, Either, FutureExt as _, Map, Ready};
use http::{Method, Request};
use hyper::body::{Body as _, Incoming};
use tower::Service;

use super::error_response::ErrorResponse;
use super::request::{ResponseFuture, RoutedRequest};
use super::response::HttpResponse;
use super::route::{Route, RouteMatch, Size, find};
use super::stranger::{Hosts, stranger};
use super::{HttpLimits, ROUTES, cid, host, openapi, probes, welcome};
use crate::api::{Api, ApiError};
use crate::net::{ConnectionUsage, HeldBytes, Share};

/// Answers requests. Clones share everything.
#[derive(Clone, Debug)]
pub(super) struct HttpService {
    api: Api,
    limits: HttpLimits,
    hosts: Hosts,
}

type Answer = Result<HttpResponse, Infallible>;
/// Renders an error. An error is a response too, so the service itself never fails.
type Render = fn(Result<HttpResponse, ErrorResponse>) -> Answer;

impl HttpService {
    pub(super) fn new(api: Api, limits: HttpLimits, hosts: Hosts) -> Self {
        Self { api, limits, hosts }
    }

    /// The future of a handler, or the immediate response of a page or an error.
    ///
    /// A method of the contract holds memory from here on, and a page does not: probes are answered when all of it is held.
    fn route(&self, mut request: Request<Incoming>) -> Either<ResponseFuture, Result<HttpResponse, ErrorResponse>> {
        let (route, path_text) = match find(ROUTES, request.method(), request.uri().path()) {
            RouteMatch::Found(route, text) => (route, text.map(str::to_owned)),
            RouteMatch::OtherMethods(methods) => {
                return Either::Right(Err(ErrorResponse::no_such_method(request.method(), &methods)));
            }
            RouteMatch::NoPath => return Either::Right(self.page(request.method(), request.uri().path())),
        };
        let max_bytes = match route.size {
            Size::One => self.limits.body_bytes,
            Size::Batch => self.limits.batch_body_bytes,
        };
        let usage = request.extensions().get::<ConnectionUsage>();
        let held = usage.map(|usage| usage.hold(share_of(route), head_bytes(&request)));
        let held = match held.transpose() {
            Ok(held) => held,
            Err(_over) => return Either::Right(Err(ApiError::overloaded().into())),
        };
        if let Some(held) = &held {
            request.extensions_mut().insert(held.clone());
        }
        let (head, body) = request.into_parts();
        let answer = (route.run)(RoutedRequest {
            api: self.api.clone(),
            path_field: route.path_field,
            query: route.query,
            form: route.body,
            head,
            body,
            path_text,
            max_bytes,
        });
        match held {
            Some(held) => Either::Left(Box::pin(answer.map(|answer| counted(answer?, held)))),
            None => Either::Left(answer),
        }
    }

    /// A path that is not a method of the contract.
    fn page(&self, method: &Method, path: &str) -> Result<HttpResponse, ErrorResponse> {
        let page: fn(&Api) -> Result<HttpResponse, ErrorResponse> = match path {
            "/" => |_| Ok(welcome::page()),
            probes::HEALTH => |_| Ok(probes::alive()),
            probes::READY => probes::ready,
            probes::METRICS => |api| Ok(probes::metrics(api)),
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

/// An answer, whose memory is counted in place of that of the request until it is sent.
fn counted(mut answer: HttpResponse, held: HeldBytes) -> Result<HttpResponse, ErrorResponse> {
    if let Some(bytes) = answer.body().size_hint().exact()
        && !held.is_lookup()
    {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        held.answer(bytes).map_err(|_over| ApiError::overloaded())?;
    }
    answer.extensions_mut().insert(held);
    Ok(answer)
}

fn share_of(route: &Route) -> Share {
    match (route.service, route.rpc) {
        ("LookupService", rpc) if rpc != "BatchLookup" => Share::Lookup,
        _ => Share::Other,
    }
}

/// The bytes of the target and of the headers of a request.
fn head_bytes<B>(request: &Request<B>) -> usize {
    let headers = request.headers().iter();
    let headers: usize = headers.map(|(name, value)| name.as_str().len() + value.len()).sum();
    headers + request.uri().path().len() + request.uri().query().map_or(0, str::len)
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
