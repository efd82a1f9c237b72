//! The outcomes of calls, from a stream that a switch keeps open or from the items of one request.

use futures_util::{Stream, StreamExt as _};

use super::convert::call_outcome as convert;
use super::rates::RequestClass;
use super::{Api, ApiError, RequestContext};
use crate::domain::tenant::TenantId;
use crate::metrics::CallOutcomeLabel;
use crate::service::Lookups;
use crate::wire::v1;

/// The most errors in one answer.
const MAX_ERRORS: usize = 20;

impl Api {
    /// Counts call outcomes until there are no more, or until the server shuts down.
    ///
    /// # Errors
    /// If the index is being loaded, the stream fails, the credential of the client ends, or the server shuts down.
    pub async fn submit_call_outcomes<E: From<ApiError>>(
        &self,
        outcomes: impl Stream<Item = Result<v1::CallOutcome, E>>,
        context: &RequestContext,
    ) -> Result<v1::SubmitCallOutcomesResponse, E> {
        let lookups = self.lookups()?;
        let mut context = context.clone();
        let mut response = v1::SubmitCallOutcomesResponse::default();
        let outcomes = outcomes
            .take_until(self.0.draining.clone().cancelled_owned())
            .enumerate();
        tokio::pin!(outcomes);
        while let Some((position, outcome)) = outcomes.next().await {
            let outcome = outcome?;
            self.readmit(&mut context)?;
            let paid = self.charge(&context, RequestClass::Lookups, 1);
            let counted = match paid.and_then(|()| count(lookups, context.caller.tenant(), outcome)) {
                Ok(counted) => counted,
                Err(error) => {
                    if response.errors.len() < MAX_ERRORS {
                        let error = error.in_field(&format!("outcomes[{position}]"));
                        response.errors.push(error.item(context.edge));
                    }
                    CallOutcomeLabel::Rejected
                }
            };
            let total = match counted {
                CallOutcomeLabel::Counted => &mut response.counted,
                CallOutcomeLabel::LeftOut => &mut response.left_out,
                CallOutcomeLabel::Rejected => &mut response.rejected,
            };
            *total = total.saturating_add(1);
            self.metrics().call_outcomes(counted, 1);
            tokio::task::consume_budget().await; // other requests must have their turn
        }
        if self.0.draining.is_cancelled() {
            // A second submission does not count an outcome twice.
            return Err(ApiError::draining().into());
        }
        Ok(response)
    }
}

fn count(lookups: &Lookups, tenant: TenantId, outcome: v1::CallOutcome) -> Result<CallOutcomeLabel, ApiError> {
    let outcome = convert::outcome(outcome)?;
    Ok(if lookups.call_outcome(tenant, &outcome)? {
        CallOutcomeLabel::Counted
    } else {
        CallOutcomeLabel::LeftOut
    })
}
