//! Lookups: one, many, and as they come. No handler here awaits anything but the next question of a stream.

use futures_util::stream::{self, BoxStream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};

use super::convert::check_batch;
use super::convert::lookup::{Asked, MAX_BATCH_LOOKUPS, answer, decision, input};
use super::deadline::Patience;
use super::{Api, error, respond};
use crate::clock::monotonic;
use crate::domain::kinds::RiskLevel;
use crate::metrics::{Edge, LookupOutcome as Counted};
use crate::service::ServiceError;
use crate::wire::v1;
use crate::wire::v1::lookup_service_server::LookupService;

#[tonic::async_trait]
impl LookupService for Api {
    async fn lookup(&self, request: Request<v1::LookupRequest>) -> Result<Response<v1::LookupResponse>, Status> {
        let edge = edge_of(&request);
        let patience = Patience::of(&request);
        respond(self.look_up(request.into_inner(), edge, patience))
    }

    async fn batch_lookup(
        &self,
        request: Request<v1::BatchLookupRequest>,
    ) -> Result<Response<v1::BatchLookupResponse>, Status> {
        let (edge, patience) = (edge_of(&request), Patience::of(&request));
        let requests = request.into_inner().requests;
        let checked = check_batch("requests", requests.len(), MAX_BATCH_LOOKUPS);
        respond(checked.map(|()| v1::BatchLookupResponse {
            results: self.look_up_all(requests, edge, patience),
        }))
    }

    async fn get_decision(&self, request: Request<v1::GetDecisionRequest>) -> Result<Response<v1::Decision>, Status> {
        let id = request.into_inner().decision_id;
        let opened = self.service.decision(&id);
        respond(opened.map(|record| decision(record, id)))
    }

    type StreamLookupStream = BoxStream<'static, Result<v1::StreamLookupResponse, Status>>;

    /// Answers are made when the client takes them, one at a time, on the connection's own task: nothing is queued
    /// beyond the flow control of HTTP/2, and the order is that of the questions.
    async fn stream_lookup(
        &self,
        request: Request<Streaming<v1::LookupRequest>>,
    ) -> Result<Response<Self::StreamLookupStream>, Status> {
        let api = self.clone();
        let drained = self.draining.clone();
        let goodbye = async move { drained.is_cancelled().then(|| Err(error::draining())) };
        let answers = request
            .into_inner()
            .map(move |question| question.map(|question| api.look_up_in_stream(question)))
            .take_until(self.draining.clone().cancelled_owned())
            .chain(stream::once(goodbye).filter_map(std::future::ready));
        Ok(Response::new(answers.boxed()))
    }
}

impl Api {
    /// Answers one question, and counts it.
    fn look_up(
        &self,
        request: v1::LookupRequest,
        edge: Edge,
        patience: Patience,
    ) -> Result<v1::LookupResponse, ServiceError> {
        let began = monotonic();
        let metrics = self.service.metrics();
        let request_id = request.request_id.clone();
        let result = self.ready().and_then(|service| {
            let Asked { input, budget } = input(request)?;
            let deadline = patience.deadline(budget.unwrap_or(service.lookup_budget()));
            let outcome = service.look_up(&input, deadline)?;
            metrics.answer(outcome.decision.action, outcome.decision.basis);
            let counted = counted_as(outcome.score.verdict.level);
            let shown = (input.full, input.language);
            Ok((counted, answer(outcome, shown, service.model_version(), request_id)))
        });
        let (counted, result) = match result {
            Ok((counted, answer)) => (counted, Ok(answer)),
            Err(error @ ServiceError::Invalid(_)) => (Counted::Invalid, Err(error)),
            Err(error) => (Counted::Error, Err(error)),
        };
        metrics.lookup(edge, counted, began.elapsed());
        result
    }

    /// Each question of a batch has its own budget, from its turn on; the client's deadline is that of the batch.
    fn look_up_all(
        &self,
        requests: Vec<v1::LookupRequest>,
        edge: Edge,
        patience: Patience,
    ) -> Vec<v1::BatchLookupResult> {
        use v1::batch_lookup_result::Result;
        let results = requests.into_iter().enumerate().map(|(place, request)| {
            let result = match self.look_up(request, edge, patience.in_turn()) {
                Ok(response) => Result::Response(response),
                Err(fault) => Result::Error(error::item(&error::within(&format!("requests[{place}]"), fault))),
            };
            v1::BatchLookupResult { result: Some(result) }
        });
        results.collect()
    }

    fn look_up_in_stream(&self, request: v1::LookupRequest) -> v1::StreamLookupResponse {
        use v1::stream_lookup_response::Result;
        let request_id = request.request_id.clone();
        let result = match self.look_up(request, Edge::Grpc, Patience::in_stream()) {
            Ok(response) => Result::Response(response),
            Err(fault) => Result::Error(error::item(&fault)),
        };
        v1::StreamLookupResponse {
            request_id,
            result: Some(result),
        }
    }
}

/// Where a request came in. The JSON edge calls these handlers too, and says so.
fn edge_of<T>(request: &Request<T>) -> Edge {
    request.extensions().get().copied().unwrap_or(Edge::Grpc)
}

fn counted_as(level: RiskLevel) -> Counted {
    match level {
        RiskLevel::Unknown => Counted::Unknown,
        RiskLevel::NotScored => Counted::NotScored,
        RiskLevel::Trusted | RiskLevel::Low | RiskLevel::Medium | RiskLevel::High | RiskLevel::Critical => {
            Counted::Scored
        }
    }
}
