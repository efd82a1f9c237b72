//! Tells the store which keys this instance has accepted.

use std::sync::Arc;
use std::time::Duration;

use crate::service::Services;

/// The time between two looks. A key in constant use is written once in ten minutes all the same.
const EVERY: Duration = Duration::from_secs(60);

/// Tells the store without end. Nobody waits for it, and a use that is not told does no harm.
pub(super) async fn run(services: Arc<Services>) {
    loop {
        tokio::time::sleep(EVERY).await;
        if let Err(error) = services.keep_key_uses().await {
            tracing::debug!(%error, "the last uses of keys could not be stored");
        }
    }
}
