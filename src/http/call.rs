//! A request on its way: its parameters and its body are read, a method of the contract is called, its answer written.

use std::future::Future;
use std::pin::Pin;

use http::request::Parts;
use hyper::body::Incoming;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tonic::{Request, Response, Status};

use super::failure::Failure;
use super::json::{self, JsonBody};
use super::parameters;
use super::respond::Reply;
use super::route::{Body, Route, decoded};
use crate::grpc::{Api, Arrived};
use crate::metrics::Edge;
use crate::service::ServiceError;

/// A request, and the route it takes.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) api: Api,
    pub(super) route: &'static Route,
    pub(super) head: Parts,
    pub(super) body: Incoming,
    /// The text in the path, as it was sent.
    pub(super) path_text: Option<String>,
    /// Bytes that the body may have.
    pub(super) max_bytes: usize,
    /// When its head was there.
    pub(super) arrived: Arrived,
}

pub(super) type Answering = Pin<Box<dyn Future<Output = Result<Reply, Failure>> + Send>>;

/// A method of the contract.
pub(super) type Method<T, R> =
    for<'a> fn(&'a Api, Request<T>) -> Pin<Box<dyn Future<Output = Result<Response<R>, Status>> + Send + 'a>>;

/// The field of a request that the text in the path fills, if there is one.
pub(super) type Slot<T> = fn(&mut T) -> Option<&mut String>;

/// Calls a method. `request_of` makes its request of what the body or the parameters hold.
pub(super) fn unary<B, T, R>(pending: Pending, method: Method<T, R>, request_of: fn(B) -> T, slot: Slot<T>) -> Answering
where
    B: DeserializeOwned + Send + 'static,
    T: Send + 'static,
    R: Serialize + Send + 'static,
{
    Box::pin(async move {
        let api = pending.api.clone();
        let request = pending.request(request_of, slot).await?;
        json::respond(method(&api, request).await?.get_ref())
    })
}

impl Pending {
    /// The request for a method of the contract.
    pub(super) async fn request<B: DeserializeOwned, T>(
        mut self,
        request_of: fn(B) -> T,
        slot: Slot<T>,
    ) -> Result<Request<T>, Failure> {
        let path_text = self.path_text.take();
        let arrived = self.arrived;
        let path_field = self.route.path_field.unwrap_or_default();
        let mut message = request_of(self.read().await?);
        if let (Some(slot), Some(text)) = (slot(&mut message), path_text) {
            if !slot.is_empty() {
                let problem = "stands in the path, so it may not stand in the body";
                return Err(ServiceError::field(path_field, problem).into());
            }
            let text = decoded(&text).ok_or_else(|| ServiceError::field(path_field, "is not UTF-8"))?;
            *slot = text.into_owned();
        }
        let mut request = Request::new(message);
        request.extensions_mut().insert(Edge::Http);
        request.extensions_mut().insert(arrived);
        Ok(request)
    }

    async fn read<B: DeserializeOwned>(self) -> Result<B, Failure> {
        let query = self.head.uri.query().unwrap_or_default();
        let parameters = parameters::split(query, self.route.query)?;
        let prefix = match self.route.body {
            Body::None => return Ok(parameters::read(&parameters)?),
            Body::Request | Body::Items { .. } => String::new(),
            Body::Field(name) => format!("{name}."),
        };
        let body = JsonBody::collect(&self.head.headers, self.body, self.max_bytes).await?;
        Ok(body.read(&prefix)?)
    }
}
