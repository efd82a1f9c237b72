//! The deadline of an answer: the budget of the question or of the server, and well before the client stops waiting.

use std::time::{Duration, Instant};

use super::RequestContext;
use crate::clock::monotonic;

/// From when the budget of a lookup counts, and when its client stops waiting.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnswerBy {
    budget_from: Instant,
    /// Four fifths of the client's timeout: the rest is for the way back.
    client_limit: Option<Instant>,
}

impl AnswerBy {
    /// For a request with one question.
    pub(super) fn of(context: &RequestContext) -> Self {
        let share = |timeout: Duration| timeout.saturating_mul(4) / 5;
        Self {
            budget_from: context.arrived,
            client_limit: context
                .client_timeout
                .and_then(|timeout| context.arrived.checked_add(share(timeout))),
        }
    }

    /// For the next question of a batch: each question has its own budget, the client's limit is that of the batch.
    pub(super) fn of_next_item(self) -> Self {
        Self {
            budget_from: monotonic(),
            ..self
        }
    }

    /// For a question of a stream. The client's timeout is that of the whole stream, which may stay open all day, so it
    /// does not count.
    pub(super) fn in_stream() -> Self {
        Self {
            budget_from: monotonic(),
            client_limit: None,
        }
    }

    /// The deadline of a question with this budget.
    pub(super) fn instant(self, budget: Duration) -> Instant {
        let own = self.budget_from + budget;
        self.client_limit.map_or(own, |limit| own.min(limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::EdgeLabel;

    #[test]
    fn the_shorter_of_budget_and_client_timeout_counts_from_the_arrival() {
        let budget = Duration::from_millis(50);
        let hours = |hours: u64| Duration::from_secs(hours * 3_600);
        for (client_timeout, left_ms) in [
            (None, 50),
            (Some(hours(1)), 50),
            (Some(hours(99_999_999)), 50),
            (Some(Duration::MAX), 50),
            (Some(Duration::from_millis(10)), 8),
            (Some(Duration::ZERO), 0),
        ] {
            let context = RequestContext {
                client_timeout,
                ..RequestContext::new(EdgeLabel::Grpc, monotonic())
            };
            let left = AnswerBy::of(&context).instant(budget) - context.arrived;
            assert_eq!(left, Duration::from_millis(left_ms), "{client_timeout:?}");
        }
    }

    #[test]
    fn a_stream_has_no_client_limit_and_a_batch_keeps_it() {
        let past = monotonic();
        let context = RequestContext {
            client_timeout: Some(Duration::ZERO),
            ..RequestContext::new(EdgeLabel::Grpc, past)
        };
        let budget = Duration::from_secs(1);
        assert_eq!(AnswerBy::of(&context).of_next_item().instant(budget), past);
        assert!(AnswerBy::in_stream().instant(budget) >= past + budget);
    }
}
