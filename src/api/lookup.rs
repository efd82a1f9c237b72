//! Lookups: one, a batch, a stream. A lookup is answered from memory and never waits.

use std::num::NonZeroUsize;
use std::time::Instant;

use futures_util::stream::{self, Stream, StreamExt as _};

use super::convert::categories::categories;
use super::convert::check_batch;
use super::convert::decision::{decision, language};
use super::convert::lookup::{TimedQuestion, answer, logged, question};
use super::deadline::AnswerBy;
use super::rates::RequestClass;
use super::turns::{InTurns, Turns};
use super::{Api, ApiError, Code, RequestContext};
use crate::clock::monotonic;
use crate::domain::call::MAX_BATCH_LOOKUPS;
use crate::domain::identity::Role;
use crate::domain::kinds::{Basis, RiskLevel};
use crate::domain::tenant::TenantId;
use crate::metrics::{EdgeLabel, LookupOutcomeLabel, ScoreBand};
use crate::service::LookupOutcome;
use crate::wire::v1;

/// The most batches that are answered at the same time, on a machine of any size: the answers of one take some 2 MB until they
/// are encoded.
const MAX_BATCHES_AT_ONCE: usize = 16;

/// Batches that are answered at the same time: one for each processor. More would not be answered sooner. But each would take
/// turns with the others, so that hundreds of half-made answers would be in memory, and none of them encoded and counted.
pub(super) fn batches_at_once() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    processors.min(MAX_BATCHES_AT_ONCE)
}

/// What a lookup needs to know of its request.
#[derive(Clone, Copy)]
struct Asker {
    edge: EdgeLabel,
    tenant: TenantId,
    /// The tenant of the carrier that asks; none if another party does.
    network: Option<TenantId>,
}

impl Asker {
    fn of(context: &RequestContext) -> Self {
        Self {
            edge: context.edge,
            tenant: context.caller.tenant(),
            network: context
                .caller
                .may_act_as(Role::Carrier)
                .then(|| context.caller.tenant()),
        }
    }
}

impl Api {
    /// Answers one question.
    ///
    /// # Errors
    /// If the question is not valid, or the index is being loaded.
    pub fn lookup(&self, request: v1::LookupRequest, context: &RequestContext) -> Result<v1::LookupResponse, ApiError> {
        self.look_up(request, Asker::of(context), AnswerBy::of(context))
    }

    /// Answers a batch of questions, each with a result of its own, as soon as few enough batches are before it. Other requests
    /// have their turns meanwhile.
    ///
    /// # Errors
    /// If the batch is empty or too large, or the quota is used up.
    pub async fn batch_lookup(
        &self,
        request: v1::BatchLookupRequest,
        context: &RequestContext,
    ) -> Result<v1::BatchLookupResponse, ApiError> {
        use v1::batch_lookup_result::Result;
        check_batch("requests", request.requests.len(), MAX_BATCH_LOOKUPS)?;
        self.charge(context, RequestClass::Lookups, request.requests.len().saturating_sub(1))?;
        // Nobody closes it.
        let _being_answered = self.0.batches.acquire().await;
        let answer_by = AnswerBy::of(context);
        let mut results = Vec::with_capacity(request.requests.len());
        let mut turns = Turns::default();
        for (position, request) in request.requests.into_iter().enumerate() {
            let result = match self.look_up(request, Asker::of(context), answer_by.of_next_item()) {
                Ok(response) => Result::Response(response),
                Err(error) => Result::Error(error.in_field(&format!("requests[{position}]")).item(context.edge)),
            };
            results.push(v1::BatchLookupResult { result: Some(result) });
            turns.next().await;
        }
        Ok(v1::BatchLookupResponse { results })
    }

    /// Explains a decision of the past.
    ///
    /// # Errors
    /// If the id was not made with a key that this server has, or the language is too long.
    pub fn get_decision(
        &self,
        request: v1::GetDecisionRequest,
        context: &RequestContext,
    ) -> Result<v1::Decision, ApiError> {
        let language = language(&request.language)?;
        let id = request.decision_id;
        let looks_up = self.lookups().is_ok();
        let explained = self
            .decisions()?
            .explain((&id, context.caller.tenant()), language, looks_up)?;
        Ok(decision(explained, id, language))
    }

    /// The categories that a report can name, with texts for people.
    ///
    /// # Errors
    /// If the language is too long.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "every method of the contract takes its message"
    )]
    pub fn list_categories(
        &self,
        request: v1::ListCategoriesRequest,
        _context: &RequestContext,
    ) -> Result<v1::ListCategoriesResponse, ApiError> {
        Ok(categories(language(&request.language)?))
    }

    /// Answers questions in the order in which they come, until there are no more, the credential of the client ends, or the
    /// server shuts down. An answer is made when the client takes it, so nothing is queued.
    pub fn stream_lookup<S, E>(
        &self,
        requests: S,
        context: &RequestContext,
    ) -> impl Stream<Item = Result<v1::StreamLookupResponse, E>> + Send + use<S, E>
    where
        S: Stream<Item = Result<v1::LookupRequest, E>> + Send + Unpin,
        E: From<ApiError> + Send,
    {
        let api = self.clone();
        let mut context = context.clone();
        let draining = self.0.draining.clone();
        let end = async move { draining.is_cancelled().then(|| Err(ApiError::draining().into())) };
        let answers = requests.map(move |request| {
            let request = request?;
            api.readmit(&mut context)?;
            Ok(api.look_up_in_stream(request, &context))
        });
        InTurns::new(answers)
            .take_until(self.0.draining.clone().cancelled_owned())
            .chain(stream::once(end).filter_map(std::future::ready))
    }

    fn look_up_in_stream(&self, request: v1::LookupRequest, context: &RequestContext) -> v1::StreamLookupResponse {
        use v1::stream_lookup_response::Result;
        let request_id = request.request_id.clone();
        let answer = self
            .charge(context, RequestClass::Lookups, 1)
            .and_then(|()| self.look_up(request, Asker::of(context), AnswerBy::in_stream()));
        let result = match answer {
            Ok(response) => Result::Response(response),
            Err(error) => Result::Error(error.item(context.edge)),
        };
        v1::StreamLookupResponse {
            request_id,
            result: Some(result),
        }
    }

    /// Answers one question and counts it.
    fn look_up(
        &self,
        request: v1::LookupRequest,
        asker: Asker,
        answer_by: AnswerBy,
    ) -> Result<v1::LookupResponse, ApiError> {
        let began = monotonic();
        let result = self.answer(request, asker, (answer_by, began));
        let counted = match &result {
            Ok((counted, _)) => *counted,
            Err(error) if error.code() == Code::InvalidArgument => LookupOutcomeLabel::Invalid,
            Err(_) => LookupOutcomeLabel::Error,
        };
        self.metrics().lookup(asker.edge, counted, began.elapsed());
        result.map(|(_, response)| response)
    }

    fn answer(
        &self,
        request: v1::LookupRequest,
        asker: Asker,
        (answer_by, began): (AnswerBy, Instant),
    ) -> Result<(LookupOutcomeLabel, v1::LookupResponse), ApiError> {
        let lookups = self.lookups()?;
        let request_id = request.request_id.clone();
        let TimedQuestion { mut input, budget } = question(request, asker.tenant)?;
        input.network = asker.network;
        let deadline = answer_by.instant(budget.unwrap_or(lookups.budget()));
        let outcome = lookups.look_up(&input, deadline)?;
        self.count(&outcome);
        if let Some(log) = &self.0.decision_log {
            log.record(&logged(
                &outcome,
                &input,
                lookups.model_version(),
                self.clock().now(),
                began.elapsed(),
            ));
        }
        let counted = counted_as(outcome.score.verdict.level);
        let response = answer(outcome, &input, lookups.model_version(), request_id);
        Ok((counted, response))
    }

    /// Counts an answer by what is carried out, by what the policy decided, and by its score.
    fn count(&self, outcome: &LookupOutcome) {
        let metrics = self.metrics();
        let (action, basis) = (outcome.decision.action, outcome.decision.basis);
        let would = outcome.would.as_ref().map(|would| (would.action, would.basis));
        let (decided, decided_by) = would.unwrap_or((action, basis));
        metrics.answer(action, basis);
        metrics.decided(decided, decided_by);
        metrics.lookup_score(band_of(outcome));
    }
}

/// The band of the score of an answer.
fn band_of(outcome: &LookupOutcome) -> ScoreBand {
    if outcome.decision.basis == Basis::FailOpen {
        return ScoreBand::Unknown;
    }
    ScoreBand::of(outcome.score.verdict.value)
}

fn counted_as(level: RiskLevel) -> LookupOutcomeLabel {
    match level {
        RiskLevel::Unknown => LookupOutcomeLabel::Unknown,
        RiskLevel::NotScored => LookupOutcomeLabel::NotScored,
        RiskLevel::Trusted | RiskLevel::Low | RiskLevel::Medium | RiskLevel::High | RiskLevel::Critical => {
            LookupOutcomeLabel::Scored
        }
    }
}
