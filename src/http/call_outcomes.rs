//! Call outcomes in one body. A gRPC client sends them as a stream.

use futures_util::stream;
use serde::de::MapAccess;

use super::items::{Parts, ReadParts};
use super::json;
use super::request::{Decoded, ResponseFuture, RoutedRequest};
use crate::api::ApiError;
use crate::wire::json::{JsonMessage, JsonValue, keep};
use crate::wire::v1;

/// The body.
#[derive(Debug, Default)]
struct CallOutcomes {
    outcomes: Parts<v1::CallOutcome>,
}

impl JsonMessage for CallOutcomes {
    const FIELDS: &'static [&'static str] = &["outcomes"];
    const ONEOFS: &'static [u64] = &[];

    fn position(name: &str) -> Option<usize> {
        (name == "outcomes").then_some(0)
    }

    fn read<'de, A: MapAccess<'de>>(&mut self, _: usize, value: JsonValue<'_, A>) -> Result<bool, A::Error> {
        Ok(keep(value.read(ReadParts::new())?, &mut self.outcomes))
    }
}

/// Counts the outcomes.
pub(super) fn submit(request: RoutedRequest) -> ResponseFuture {
    Box::pin(async move {
        let decoded = request.decode(|body: CallOutcomes| body.outcomes, |_| None).await?;
        let Decoded { api, message, context } = decoded;
        let outcomes = stream::iter(message.into_parts().flatten().map(Ok::<_, ApiError>));
        json::respond(&api.submit_call_outcomes(outcomes, &context).await?)
    })
}
