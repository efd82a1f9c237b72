//! Turns: a long batch or stream of lookups gives way to other requests from time to time.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;

/// Lookups after which other requests have their turn: one takes about 20 µs, and up to 60 µs with all of its details.
pub(super) const LOOKUPS_OF_TURN: usize = 16;

/// Lets other requests have their turn after each [`LOOKUPS_OF_TURN`] items.
#[derive(Debug, Default)]
pub(super) struct Turns(usize);

impl Turns {
    /// Counts an item; waits for the next turn if this one is over.
    pub(super) async fn next(&mut self) {
        self.0 += 1;
        if self.0.is_multiple_of(LOOKUPS_OF_TURN) {
            tokio::task::yield_now().await;
        }
    }
}

/// A stream that pauses after as many items in a row as a turn has.
#[derive(Debug)]
pub(super) struct InTurns<S> {
    items: S,
    /// Items since the last pause.
    in_a_row: usize,
}

impl<S> InTurns<S> {
    pub(super) fn new(items: S) -> Self {
        Self { items, in_a_row: 0 }
    }
}

impl<S: Stream + Unpin> Stream for InTurns<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if self.in_a_row >= LOOKUPS_OF_TURN {
            self.in_a_row = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = Pin::new(&mut self.items).poll_next(cx);
        self.in_a_row = if polled.is_ready() { self.in_a_row + 1 } else { 0 };
        polled
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, poll, stream};

    use super::*;

    #[tokio::test]
    async fn a_stream_pauses_after_each_turn() {
        let mut items = InTurns::new(stream::iter(0..LOOKUPS_OF_TURN * 2 + 1));
        let mut pauses = 0;
        let mut seen = Vec::new();
        loop {
            match poll!(items.next()) {
                Poll::Ready(Some(item)) => seen.push(item),
                Poll::Ready(None) => break,
                Poll::Pending => pauses += 1,
            }
        }
        assert_eq!(seen, (0..LOOKUPS_OF_TURN * 2 + 1).collect::<Vec<_>>());
        assert_eq!(pauses, 2);
    }
}
