//! How calls ended, in one body: what a client of gRPC sends as a stream.

use futures_util::stream;
use serde::Deserialize;

use super::call::{Answering, Pending};
use super::json;
use crate::wire::v1;

/// The body.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Outcomes {
    outcomes: Vec<v1::CallOutcome>,
}

/// Counts the outcomes.
pub(super) fn count(pending: Pending) -> Answering {
    Box::pin(async move {
        let api = pending.api.clone();
        let request = pending.request(|body: Outcomes| body.outcomes, |_| None).await?;
        let outcomes = stream::iter(request.into_inner().into_iter().map(Ok));
        json::respond(&api.count_outcomes(outcomes).await?)
    })
}
