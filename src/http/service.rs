//! The HTTP edge as a `tower` service.

use std::convert::Infallible;
use std::task::{Context, Poll};

use futures_util::future::{self, Either, FutureExt as _, Map, Ready};
use http::{HeaderMap, Method, Request, header};
use hyper::body::{Body as _, Incoming};
use tower::Service;

use super::error_response::ErrorResponse;
use super::request::{ResponseFuture, RoutedRequest};
use super::response::HttpResponse;
use super::route::{Route, RouteMatch, Size, find};
use super::stranger::{Hosts, stranger};
use super::{HttpLimits, Pages, ROUTES, cid, host, openapi, probes, welcome};
use crate::api::{Api, ApiError, RequestContext, changes};
use crate::clock::monotonic;
use crate::edge::Place;
use crate::metrics::EdgeLabel;
use crate::net::{ConnectionUsage, HeldBytes, Share};

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
    ///
    /// A method of the contract holds memory from here on, and a page does not: probes are answered when all of it is held.
    fn route(&self, mut request: Request<Incoming>) -> Either<ResponseFuture, Result<HttpResponse, ErrorResponse>> {
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
        let mut context = context(&request);
        if let Err(error) = self.api.authorize(&mut context, route.service, route.rpc) {
            return Either::Right(Err(error.into()));
        }
        request.extensions_mut().insert(context);
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
    fn page(&self, request: &Request<Incoming>) -> Result<HttpResponse, ErrorResponse> {
        let method = request.method();
        let page: fn(&Api) -> Result<HttpResponse, ErrorResponse> = match request.uri().path() {
            "/" if self.has(probes::METRICS) => |_| Ok(welcome::page(&probes::PATHS)),
            "/" => |_| Ok(welcome::page(&[probes::HEALTH, probes::READY])),
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
    context.unwrap_or_else(|| RequestContext::new(EdgeLabel::Http, monotonic()))
}

/// The service whose methods are answered on the runtime of lookups, and the one of them that is a batch.
const LOOKUPS: &str = "LookupService";
const BATCH: &str = "BatchLookup";

/// Where a request is answered: single lookups, probes, and errors on the runtime of lookups. The text of the metrics and the
/// description of the contract take longer to make.
pub(super) fn place_of(method: &Method, path: &str) -> Place {
    match find(ROUTES, method, path) {
        RouteMatch::Found(route, _) if route.service != LOOKUPS => Place::Heavy,
        RouteMatch::Found(route, _) if route.rpc == BATCH => Place::Batches,
        RouteMatch::NoPath if [probes::METRICS, openapi::PATH].contains(&path) => Place::Heavy,
        RouteMatch::Found(..) | RouteMatch::OtherMethods(_) | RouteMatch::NoPath => Place::Here,
    }
}

/// An answer, whose memory is counted in place of that of the request until it is sent. It is refused if the server has no room
/// for it, unless the request has changed something.
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

/// Whether the body is transferred in a way that this server knows (RFC 9112, section 6.1). The HTTP library takes every list
/// of codings that ends with `chunked` for chunks alone; a proxy in front of the server may read another body from it.
fn is_known_transfer(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (values.next(), values.next()) {
        (None, _) => true,
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

fn share_of(route: &Route) -> Share {
    match (route.service, route.rpc) {
        (LOOKUPS, rpc) if rpc != BATCH => Share::Lookup,
        (_, rpc) if changes(rpc) => Share::Change,
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
        if !is_known_transfer(request.headers()) {
            return Either::Right(future::ready(render(Err(ErrorResponse::wrong_transfer()))));
        }
        if !host::is_valid(&request) {
            return Either::Right(future::ready(render(Err(ErrorResponse::wrong_host()))));
        }
        // A probe of Kubernetes and a scrape name the address of a machine, which nobody can list before. Probes and metrics
        // hold nothing of a person.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_is_answered_in_its_place() {
        for (method, path, place) in [
            (Method::POST, "/v1/lookup", Place::Here),
            (Method::POST, "/v1/lookup:batch", Place::Batches),
            (Method::GET, "/v1/lookup:batch", Place::Here),
            (Method::GET, "/v1/cid/+14155550199", Place::Here),
            (Method::POST, "/v1/cid/+14155550199", Place::Here),
            (Method::GET, "/v1/decisions/d", Place::Here),
            (Method::GET, "/v1/categories", Place::Here),
            (Method::GET, probes::HEALTH, Place::Here),
            (Method::GET, probes::READY, Place::Here),
            (Method::GET, "/v1/nothing", Place::Here),
            (Method::PUT, "/v1/lookup", Place::Here),
            (Method::POST, "/v1/reports", Place::Heavy),
            (Method::GET, "/v1/numbers", Place::Heavy),
            (Method::GET, "/v1/reports:export", Place::Heavy),
            (Method::POST, "/v1/callOutcomes", Place::Heavy),
            (Method::GET, probes::METRICS, Place::Heavy),
        ] {
            assert_eq!(place_of(&method, path), place, "{method} {path}");
        }
    }
}
