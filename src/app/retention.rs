//! Drops what is older than its retention: audit events.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::service::Services;

/// The time between two runs. The first begins soon after the start.
const EVERY: Duration = Duration::from_secs(3_600);
/// The time from the start to the first run, and to the next try after a failure.
const FIRST: Duration = Duration::from_secs(60);

/// Drops old audit events without end. Every instance does it: what one has dropped, the others do not find.
pub(super) async fn run(services: Arc<Services>, audit_retention: Duration) {
    let mut pause = FIRST;
    loop {
        tokio::time::sleep(pause).await;
        pause = FIRST;
        if !services.freshness().is_ready() {
            continue;
        }
        let before = oldest_kept(services.clock().now(), audit_retention);
        match services.audit.drop_older_than(before).await {
            Ok(0) => pause = EVERY,
            Ok(dropped) => {
                tracing::info!(dropped, "old audit events were dropped");
                pause = EVERY;
            }
            Err(error) => tracing::warn!(%error, "old audit events could not be dropped"),
        }
    }
}

/// The moment before which nothing is kept.
fn oldest_kept(now: Timestamp, retention: Duration) -> Timestamp {
    let millis = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.millis().saturating_sub(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_the_retention_are_kept() {
        let now = Timestamp::from_secs(100 * 86_400);
        let thirty_days = Duration::from_secs(30 * 86_400);
        assert_eq!(oldest_kept(now, thirty_days), Timestamp::from_secs(70 * 86_400));
    }
}
