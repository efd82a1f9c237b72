//! A request in the shape that its route gives it, and how it becomes a message of the contract.

use std::pin::Pin;

use http::request::Parts;
use hyper::body::Incoming;

use super::error_response::ErrorResponse;
use super::json::JsonBody;
use super::parameters::{self, Parameter, decoded};
use super::response::HttpResponse;
use crate::api::{Api, ApiError, RequestContext};
use crate::clock::monotonic;
use crate::metrics::EdgeLabel;
use crate::net::{ConnectionUsage, HeldBytes};
use crate::wire::json::JsonMessage;

/// The body of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// No body.
    None,
    /// The request of the contract, without the field in the path.
    Request,
    /// One field of the request.
    Field(&'static str),
    /// An object with the items that a gRPC client sends as a stream.
    Items {
        /// The field with the items.
        field: &'static str,
        /// The message of an item.
        item: &'static str,
        /// The field and the message of the head, if the stream begins with one.
        head: Option<(&'static str, &'static str)>,
    },
}

/// A request with the shape that its route gives it.
#[derive(Debug)]
pub(super) struct RoutedRequest {
    pub(super) api: Api,
    /// The field of the message that the text in the path fills.
    pub(super) path_field: Option<&'static str>,
    /// The parameters of the query.
    pub(super) query: &'static [Parameter],
    /// The form of the body.
    pub(super) form: Body,
    pub(super) head: Parts,
    pub(super) body: Incoming,
    /// The text in the path, as it was sent.
    pub(super) path_text: Option<String>,
    /// The most bytes of the body.
    pub(super) max_bytes: usize,
}

/// The arguments of a handler.
#[derive(Debug)]
pub(super) struct Decoded<T> {
    pub(super) api: Api,
    pub(super) message: T,
    pub(super) context: RequestContext,
}

pub(super) type ResponseFuture = Pin<Box<dyn Future<Output = Result<HttpResponse, ErrorResponse>> + Send>>;

/// The field of a message that the text in the path fills, if there is one.
pub(super) type PathField<T> = fn(&mut T) -> Option<&mut String>;

impl RoutedRequest {
    /// Reads the body or the parameters as a `B`, which `message_of` turns into the message of a handler.
    pub(super) async fn decode<B: JsonMessage, T>(
        mut self,
        message_of: fn(B) -> T,
        path_field: PathField<T>,
    ) -> Result<Decoded<T>, ErrorResponse> {
        let api = self.api.clone();
        let context = self.head.extensions.remove::<RequestContext>();
        let mut context = context.unwrap_or_else(|| RequestContext::new(EdgeLabel::Http, monotonic()));
        let path_text = self.path_text.take();
        let field_name = self.path_field.unwrap_or_default();
        let mut message = message_of(self.read().await?);
        // The body may have taken a while.
        api.readmit(&mut context)?;
        if let (Some(field), Some(text)) = (path_field(&mut message), path_text) {
            if !field.is_empty() {
                let problem = "is set by the path, so it must not be in the body";
                return Err(ApiError::field(field_name, problem).into());
            }
            let text = decoded(&text).ok_or_else(|| ApiError::field(field_name, "is not UTF-8"))?;
            *field = text.into_owned();
        }
        Ok(Decoded { api, message, context })
    }

    async fn read<B: JsonMessage>(self) -> Result<B, ErrorResponse> {
        let query = self.head.uri.query().unwrap_or_default();
        let parameters = parameters::split(query, self.query)?;
        if self.form == Body::None {
            return Ok(parameters::read(&parameters)?);
        }
        let usage = self.head.extensions.get::<ConnectionUsage>();
        let _waiting = usage.map(ConnectionUsage::wait_for_body);
        let held = self.head.extensions.get::<HeldBytes>();
        let body = JsonBody::collect(&self.head.headers, self.body, (self.max_bytes, held)).await?;
        if let Some(held) = held {
            let (bytes, objects) = body.size();
            held.add_message(bytes, objects)
                .map_err(|_over| ApiError::overloaded())?;
        }
        Ok(body.read()?)
    }
}
