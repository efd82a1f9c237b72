//! Routes, and the search for the route of a request.
//!
//! There is no router of a library, since none of them reads a verb after a colon.

use http::Method;

use super::parameters::Parameter;
use super::request::{Body, ResponseFuture, RoutedRequest};

/// A request over HTTP that calls a method of the contract.
#[derive(Debug)]
pub struct Route {
    /// The HTTP method.
    pub method: Method,
    /// The path. `{name}` is the text of a segment, up to the verb that may follow after a colon.
    pub path: &'static str,
    /// The service of the contract, without its package.
    pub service: &'static str,
    /// The method of the contract.
    pub rpc: &'static str,
    /// The name of the route, unique in the table: the name of the contract's method, unless another route has it.
    pub name: &'static str,
    /// The field of the request that the text in the path fills.
    pub path_field: Option<&'static str>,
    /// The parameters of the query.
    pub query: &'static [Parameter],
    /// The body of the request.
    pub body: Body,
    /// The size of the body.
    pub size: Size,
    /// An example of a body, which the server accepts.
    pub example: Option<&'static str>,
    /// The body of the response.
    pub answer: AnswerBody,
    pub(super) run: fn(RoutedRequest) -> ResponseFuture,
}

/// The size of the body of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// One message.
    One,
    /// A batch of messages.
    Batch,
}

/// The body of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerBody {
    /// The response of the contract in JSON.
    Message,
    /// One line of plain text. Errors have no text at all.
    Line,
    /// A line of JSON for each item of a stream, which is this message, and a last line: a response of the contract with the
    /// total alone.
    Lines(&'static str),
}

/// The handler of a route, and the field that the text in the path fills.
#[derive(Clone, Copy)]
pub(super) struct Handler {
    pub(super) path_field: Option<&'static str>,
    pub(super) run: fn(RoutedRequest) -> ResponseFuture,
}

/// The result of the search for a route.
#[derive(Debug)]
pub(super) enum RouteMatch<'a> {
    /// This route, and the text in the path as it was sent.
    Found(&'static Route, Option<&'a str>),
    /// The path exists, but only with these methods.
    OtherMethods(Vec<&'static Method>),
    /// The path does not exist.
    NoPath,
}

impl Route {
    pub(super) const fn new(
        method: Method,
        path: &'static str,
        (service, rpc): (&'static str, &'static str),
        body: Body,
        handler: Handler,
    ) -> Self {
        Self {
            method,
            path,
            service,
            rpc,
            name: rpc,
            path_field: handler.path_field,
            query: &[],
            body,
            size: Size::One,
            example: None,
            answer: AnswerBody::Message,
            run: handler.run,
        }
    }

    pub(super) const fn query(mut self, query: &'static [Parameter]) -> Self {
        self.query = query;
        self
    }

    /// The body is one field of the request.
    pub(super) const fn field(mut self, field: &'static str) -> Self {
        self.body = Body::Field(field);
        self
    }

    /// The body has the items of a stream.
    pub(super) const fn items(mut self, field: &'static str, item: &'static str) -> Self {
        let head = None;
        self.body = Body::Items { field, item, head };
        self
    }

    /// The body has the head and the items of a stream. The text in the path is a field of the head.
    pub(super) const fn headed_items(
        mut self,
        head: (&'static str, &'static str),
        (field, item): (&'static str, &'static str),
    ) -> Self {
        let head = Some(head);
        self.body = Body::Items { field, item, head };
        self
    }

    pub(super) const fn batch(mut self) -> Self {
        self.size = Size::Batch;
        self
    }

    pub(super) const fn example(mut self, example: &'static str) -> Self {
        self.example = Some(example);
        self
    }

    /// The response is a line of text, and the route has a name of its own.
    pub(super) const fn line(mut self, name: &'static str) -> Self {
        self.answer = AnswerBody::Line;
        self.name = name;
        self
    }

    /// The response has a line of JSON for each item of a stream.
    pub(super) const fn lines(mut self, item: &'static str) -> Self {
        self.answer = AnswerBody::Lines(item);
        self
    }

    /// The name in the path, such as `e164` of `/v1/numbers/{e164}:reset`.
    #[must_use]
    pub fn path_name(&self) -> Option<&'static str> {
        let (_, rest) = self.path.split_once('{')?;
        rest.split_once('}').map(|(name, _)| name)
    }

    /// Whether this is a path of the route, with the text in it if there is one.
    fn matches<'a>(&self, path: &'a str) -> Option<Option<&'a str>> {
        let Some((before, rest)) = self.path.split_once('{') else {
            return (self.path == path).then_some(None);
        };
        let (_, after) = rest.split_once('}')?;
        let text = path.strip_prefix(before)?.strip_suffix(after)?;
        let is_one_segment = !text.contains('/') && (!text.is_empty() || self.takes_no_text());
        is_one_segment.then_some(Some(text))
    }

    /// A switch that asks for the name of a caller without a number gets the error of an empty number, not that of a wrong
    /// path.
    fn takes_no_text(&self) -> bool {
        self.answer == AnswerBody::Line
    }

    fn has_verb(&self) -> bool {
        self.path.contains("}:")
    }
}

/// Finds the route of a request. A path that can be read with a verb is not read without it.
pub(super) fn find<'a>(routes: &'static [Route], method: &Method, path: &'a str) -> RouteMatch<'a> {
    // HEAD has the routes of GET.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let mut candidates: Vec<(&'static Route, Option<&'a str>)> = Vec::new();
    for route in routes {
        let Some(text) = route.matches(path) else {
            continue;
        };
        if route.method == *method && (text.is_none() || route.has_verb()) {
            return RouteMatch::Found(route, text);
        }
        candidates.push((route, text));
    }
    if candidates.iter().any(|(route, _)| route.has_verb()) {
        candidates.retain(|(route, _)| route.has_verb());
    }
    if let Some((route, text)) = candidates.iter().find(|(route, _)| route.method == *method) {
        return RouteMatch::Found(route, *text);
    }
    if candidates.is_empty() {
        return RouteMatch::NoPath;
    }
    RouteMatch::OtherMethods(candidates.iter().map(|(route, _)| &route.method).collect())
}
