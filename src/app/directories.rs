//! Renews the lines by which analysts find numbers, a part at a time, so that no question has to wait for it.

use std::sync::Arc;

use crate::service::{PAUSE_BETWEEN_PARTS, Services};

/// Renews lines without end.
pub(super) async fn run(services: Arc<Services>) {
    loop {
        tokio::time::sleep(PAUSE_BETWEEN_PARTS).await;
        for tenant in services.of_all() {
            tenant.numbers.renew_next_part().await;
        }
    }
}
