//! Refreshes the index before a read that must show every change acknowledged so far, by any instance. Analysts read
//! so: a case that one instance has just created is found on the next. Lookups never do, since they wait for no store.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::Follower;
use crate::clock::monotonic;
use crate::store::StoreError;

/// The longest that a read waits for a refresh. After that it shows the index as it is.
const REFRESH_WITHIN: Duration = Duration::from_millis(500);

impl Follower {
    /// Catches up with everything that the store has now. Does nothing if no other process writes to the store, or if the
    /// store cannot be followed; then, and if the store is too slow, the index stays as it is. Reads that wait at the
    /// same time share one refresh.
    pub async fn refresh(&self) {
        if !self.store.is_shared() || !self.freshness().store().can_be_followed() {
            return;
        }
        match timeout(REFRESH_WITHIN, self.refresh_since(monotonic())).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "an analyst's read shows the index as it is"),
            Err(_elapsed) => tracing::warn!("an analyst's read shows the index as it is: the store took too long"),
        }
    }

    /// Catches up with all shards, unless another task has begun to do so since `asked` and has succeeded.
    async fn refresh_since(&self, asked: Instant) -> Result<(), StoreError> {
        let mut followed = self.following.lock().await;
        if followed.is_some_and(|began| began >= asked) {
            return Ok(());
        }
        let began = monotonic();
        self.follow_heads().await?;
        *followed = Some(began);
        Ok(())
    }
}
