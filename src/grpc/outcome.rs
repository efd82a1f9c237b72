//! How calls ended, as they end: a stream that a switch keeps open, or the items of one request.

use futures_util::{Stream, StreamExt as _};
use tonic::Status;

use super::convert::outcome as convert;
use super::{Api, error};
use crate::metrics::CallOutcome as Counted;
use crate::wire::v1;

/// The most faults that are shown.
const MAX_ERRORS: usize = 20;

impl Api {
    /// Counts outcomes until there are no more, or the server is asked to end.
    ///
    /// # Errors
    /// If the index is still being loaded, or the stream fails.
    pub(crate) async fn count_outcomes(
        &self,
        outcomes: impl Stream<Item = Result<v1::CallOutcome, Status>>,
    ) -> Result<v1::SubmitCallOutcomesResponse, Status> {
        let service = self.ready().map_err(|error| error::status(&error))?;
        let mut answer = v1::SubmitCallOutcomesResponse::default();
        let outcomes = outcomes.take_until(self.draining.clone().cancelled_owned()).enumerate();
        tokio::pin!(outcomes);
        while let Some((place, outcome)) = outcomes.next().await {
            let counted = convert::outcome(outcome?).and_then(|outcome| service.call_outcome(&outcome));
            let became = match counted {
                Ok(true) => Counted::Counted,
                Ok(false) => Counted::LeftOut,
                Err(fault) => {
                    if answer.errors.len() < MAX_ERRORS {
                        let fault = error::within(&format!("outcomes[{place}]"), fault);
                        answer.errors.push(error::item(&fault));
                    }
                    Counted::Rejected
                }
            };
            let count = match became {
                Counted::Counted => &mut answer.counted,
                Counted::LeftOut => &mut answer.left_out,
                Counted::Rejected => &mut answer.rejected,
            };
            *count = count.saturating_add(1);
            service.metrics().call_outcomes(became, 1);
            tokio::task::consume_budget().await; // others have questions
        }
        if self.draining.is_cancelled() {
            return Err(error::draining()); // what was counted is not counted again soon
        }
        Ok(answer)
    }
}
