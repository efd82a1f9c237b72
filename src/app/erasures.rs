//! Completes the erasures of numbers that were interrupted, by this server or another one.

use std::sync::Arc;
use std::time::Duration;

use crate::service::Services;

/// The time between two looks at the erasures in progress, which cost one read of the store.
const EVERY: Duration = Duration::from_secs(60);

/// Completes interrupted erasures without end.
pub(super) async fn run(services: Arc<Services>) {
    loop {
        tokio::time::sleep(EVERY).await;
        if !services.freshness().is_ready() {
            continue;
        }
        for tenant in services.of_all() {
            match tenant.numbers.complete_erasures().await {
                Ok(0) => {}
                Ok(completed) => tracing::info!(completed, "interrupted erasures were completed"),
                Err(error) => tracing::warn!(%error, "an interrupted erasure could not be completed"),
            }
        }
    }
}
