//! Call outcomes in one body. A gRPC client sends them as a stream.

use futures_util::stream;
use serde::Deserialize;

use super::json;
use super::request::{Decoded, ResponseFuture, RoutedRequest};
use crate::api::ApiError;
use crate::wire::v1;

/// The body.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CallOutcomes {
    outcomes: Vec<v1::CallOutcome>,
}

/// Counts the outcomes.
pub(super) fn submit(request: RoutedRequest) -> ResponseFuture {
    Box::pin(async move {
        let decoded = request.decode(|body: CallOutcomes| body.outcomes, |_| None).await?;
        let Decoded { api, message, context } = decoded;
        let outcomes = stream::iter(message.into_iter().map(Ok::<_, ApiError>));
        json::respond(&api.submit_call_outcomes(outcomes, &context).await?)
    })
}
