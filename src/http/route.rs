//! What a route is, and which one a request takes.
//!
//! No router of a library is used: none of them reads a verb after a colon, and with all routes in one table there is
//! nothing left for it to do.

use std::borrow::Cow;

use http::Method;
use percent_encoding::percent_decode_str;

use super::call::{Answering, Pending};

/// A request over HTTP that stands for a method of the contract.
#[derive(Debug)]
pub struct Route {
    /// The method of HTTP.
    pub method: Method,
    /// The path. `{name}` stands for the text of a segment, up to the verb that may follow it after a colon.
    pub path: &'static str,
    /// The service of the contract, without its package.
    pub service: &'static str,
    /// The method of the contract.
    pub rpc: &'static str,
    /// The name of this route, unique in the table: that of the contract's method, unless another route has it.
    pub name: &'static str,
    /// The field of the request that the text in the path fills.
    pub path_field: Option<&'static str>,
    /// What may stand after the question mark.
    pub query: &'static [Parameter],
    /// What the body is.
    pub body: Body,
    /// How large the body may be.
    pub size: Size,
    /// A body that the server accepts.
    pub example: Option<&'static str>,
    /// What the answer is.
    pub answer: Answer,
    pub(super) run: fn(Pending) -> Answering,
}

/// A parameter after the question mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, spelt as the contract spells; it is read in lowerCamelCase too.
    pub name: &'static str,
    /// The field of the request that it fills.
    pub field: &'static str,
}

/// What the body of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    None,
    /// The request of the contract, less what stands in the path.
    Request,
    /// One field of it.
    Field(&'static str),
    /// What a client of gRPC sends as a stream: the items, each this message, in this field of an object.
    Items {
        /// The field.
        field: &'static str,
        /// The message.
        item: &'static str,
        /// The field and the message of what comes before the items.
        head: Option<(&'static str, &'static str)>,
    },
}

/// How large the body of a request may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As one message.
    One,
    /// As a batch of them.
    Batch,
}

/// What the body of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The answer of the contract, in JSON.
    Message,
    /// One line of plain text; errors have no text at all.
    Line,
}

/// What a route does with a request, and the field that the text in the path fills.
#[derive(Clone, Copy)]
pub(super) struct Handler {
    pub(super) path_field: Option<&'static str>,
    pub(super) run: fn(Pending) -> Answering,
}

/// Where a request goes.
#[derive(Debug)]
pub(super) enum Way<'a> {
    /// To this route, with the text in the path as it was sent.
    To(&'static Route, Option<&'a str>),
    /// The path has other methods only: these.
    OtherMethods(Vec<&'static Method>),
    /// There is no such path.
    Nowhere,
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
            answer: Answer::Message,
            run: handler.run,
        }
    }

    pub(super) const fn query(mut self, query: &'static [Parameter]) -> Self {
        self.query = query;
        self
    }

    /// Has one field of the request for its body.
    pub(super) const fn field(mut self, field: &'static str) -> Self {
        self.body = Body::Field(field);
        self
    }

    /// Has the items of a stream for its body.
    pub(super) const fn items(mut self, field: &'static str, item: &'static str) -> Self {
        let head = None;
        self.body = Body::Items { field, item, head };
        self
    }

    /// Has the items of a stream for its body, and what comes before them. What stands in the path is a field of that.
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

    /// Answers with a line of text, under a name of its own.
    pub(super) const fn line(mut self, name: &'static str) -> Self {
        self.answer = Answer::Line;
        self.name = name;
        self
    }

    /// The name in the path, such as `e164` of `/v1/numbers/{e164}:reset`.
    #[must_use]
    pub fn path_name(&self) -> Option<&'static str> {
        let (_, rest) = self.path.split_once('{')?;
        rest.split_once('}').map(|(name, _)| name)
    }

    /// Whether this is a path of the route, and the text in it if there is one.
    fn matches<'a>(&self, path: &'a str) -> Option<Option<&'a str>> {
        let Some((before, rest)) = self.path.split_once('{') else {
            return (self.path == path).then_some(None);
        };
        let (_, after) = rest.split_once('}')?;
        let text = path.strip_prefix(before)?.strip_suffix(after)?;
        let is_one_segment = !text.contains('/') && (!text.is_empty() || self.takes_no_text());
        is_one_segment.then_some(Some(text))
    }

    /// A switch that asks for the name of a caller without a number is to be told that there is none, and not that there
    /// is no such path.
    fn takes_no_text(&self) -> bool {
        self.answer == Answer::Line
    }

    fn has_verb(&self) -> bool {
        self.path.contains("}:")
    }
}

/// The route of a request. Where a path can be read with a verb it is not read without.
pub(super) fn find<'a>(routes: &'static [Route], method: &Method, path: &'a str) -> Way<'a> {
    // What HEAD asks for is the head of what GET is answered.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let mut there: Vec<(&'static Route, Option<&'a str>)> = Vec::new();
    for route in routes {
        let Some(text) = route.matches(path) else {
            continue;
        };
        if route.method == *method && (text.is_none() || route.has_verb()) {
            return Way::To(route, text);
        }
        there.push((route, text));
    }
    if there.iter().any(|(route, _)| route.has_verb()) {
        there.retain(|(route, _)| route.has_verb());
    }
    if let Some((route, text)) = there.iter().find(|(route, _)| route.method == *method) {
        return Way::To(route, *text);
    }
    if there.is_empty() {
        return Way::Nowhere;
    }
    Way::OtherMethods(there.iter().map(|(route, _)| &route.method).collect())
}

/// The text that stands in a path or a query, unless it is not UTF-8.
pub(super) fn decoded(text: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(text).decode_utf8().ok()
}
