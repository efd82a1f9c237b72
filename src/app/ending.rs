//! The orderly end of a server.

use crate::config::ShutdownSettings;
use crate::tasks::Tasks;

/// Lets the server end: after the time of grace, it waits for requests in progress. Returns whether all of them ended in time.
pub(super) async fn end(tasks: &Tasks, shutdown: ShutdownSettings) -> bool {
    if !shutdown.grace.is_zero() {
        let grace_ms = shutdown.grace.as_millis();
        tracing::info!(grace_ms, "the server is not ready any more, and still answers");
        // It ends early if a task of the server fails.
        tokio::time::timeout(shutdown.grace, tasks.shutdown_requested())
            .await
            .ok();
    }
    tracing::info!("draining");
    tasks.drain(shutdown.drain_deadline).await
}
