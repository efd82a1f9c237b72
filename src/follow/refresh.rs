//! Refreshes the index before a read that must show every change acknowledged so far, by any instance. Analysts read
//! so: a case that one instance has just created is found on the next. Lookups never do, since they wait for no store.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use super::{Followed, Follower};
use crate::clock::monotonic;
use crate::store::StoreError;

/// The longest that a read waits for a refresh. After that it shows the index as it is.
const REFRESH_WITHIN: Duration = Duration::from_millis(500);

/// The least time from the beginning of a refresh to that of the next: a refresh asks a store for all log heads, and
/// reads in a loop must not keep it busy with that. A read waits so long at most for its turn.
const REFRESH_EVERY: Duration = Duration::from_millis(50);

/// The refreshes so far.
#[derive(Debug, Default)]
pub(super) struct Refreshes {
    /// When the last one began, whether it succeeded or not.
    began: Option<Instant>,
}

impl Follower {
    /// Reads the logs of all shards to the end that they have now. Does nothing if no other process writes to the store,
    /// or if the store cannot be followed; then, and if the store is too slow, the index stays as it is. Reads that wait
    /// at the same time share one refresh. A shard that must be loaded again is left to the next sweep. False if the index
    /// may lack changes that were acknowledged before.
    pub async fn refresh(&self) -> bool {
        if !self.store.is_shared() {
            return true;
        }
        if !self.freshness().store().can_be_followed() {
            return false;
        }
        let refreshed = timeout(REFRESH_WITHIN, self.refresh_since(monotonic())).await;
        let is_current = matches!(refreshed, Ok(Ok(true)));
        let problem = match refreshed {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_elapsed) => Some("the store took too long".to_owned()),
        };
        // The log says so once, when refreshes begin to fail.
        let failed_before = self.refresh_fails.swap(problem.is_some(), Ordering::Relaxed);
        match problem {
            Some(problem) if !failed_before => tracing::warn!(problem, "analysts read the index as it is"),
            None if failed_before => tracing::info!("analysts read the index up to date again"),
            Some(_) | None => {}
        }
        is_current
    }

    /// Catches up with all shards, unless another task has begun to do so since `asked` and has succeeded. Returns whether no
    /// shard is left out.
    async fn refresh_since(&self, asked: Instant) -> Result<bool, StoreError> {
        let mut refreshes = self.refreshing.lock().await;
        if self.is_followed_since(asked).await {
            return Ok(true);
        }
        if let Some(began) = refreshes.began {
            sleep(REFRESH_EVERY.saturating_sub(monotonic().duration_since(began))).await;
        }
        let mut followed = self.following.lock().await;
        let began = monotonic();
        refreshes.began = Some(began);
        let (befores, known) = self.befores();
        let changed = self.store.changed_heads(&known).await?;
        let Followed { lost, damaged } = self.follow_heads((befores, known), changed).await?;
        if let Some(damaged) = damaged {
            return Err(damaged);
        }
        // The reads that wait may only share a refresh that has left nothing out.
        *followed = lost.is_empty().then_some(began).or(*followed);
        Ok(lost.is_empty())
    }

    async fn is_followed_since(&self, asked: Instant) -> bool {
        self.following.lock().await.is_some_and(|began| began >= asked)
    }
}
