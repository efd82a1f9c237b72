//! The health checks of a connection. They need no credential and no part of the budget of memory, so that an orchestrator
//! gets an answer also when the server is busy, if it has no other call on this connection. In return, there are few of them at
//! a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::usage::ConnectionUsage;
use crate::metrics::RefusalLabel;

/// Watches that a connection may have open. A client needs one for each service that it uses.
const WATCHES_OF_CONNECTION: usize = 4;
/// Single checks of a connection at a time.
const CHECKS_OF_CONNECTION: usize = 16;
/// Watches on all connections, as a multiple of the connections that may be open.
const WATCHES_FOR_EACH_PLACE: usize = 2;

/// A kind of health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HealthKind {
    /// One answer.
    Check,
    /// An answer for each change, for as long as the client likes.
    Watch,
}

/// The health checks of a connection that are in progress.
#[derive(Debug)]
pub(super) struct HealthCalls {
    checks: AtomicUsize,
    watches: AtomicUsize,
    all_watches: Arc<AtomicUsize>,
    most_watches: usize,
}

/// The place of a health check, until this is dropped.
#[derive(Debug)]
pub(crate) struct HealthPlace {
    usage: ConnectionUsage,
    kind: HealthKind,
}

/// Counts one more unless there are as many as there may be.
fn add(count: &AtomicUsize, most: usize) -> bool {
    let one_more = |count: usize| Some(count + 1).filter(|count| *count <= most);
    count
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
        .is_ok()
}

impl HealthCalls {
    /// None on a new connection; `all_watches` counts those of all connections, at most `places`.
    pub(super) fn new(all_watches: Arc<AtomicUsize>, places: usize) -> Self {
        Self {
            checks: AtomicUsize::new(0),
            watches: AtomicUsize::new(0),
            all_watches,
            most_watches: places.saturating_mul(WATCHES_FOR_EACH_PLACE),
        }
    }

    fn begin(&self, kind: HealthKind) -> bool {
        match kind {
            HealthKind::Check => add(&self.checks, CHECKS_OF_CONNECTION),
            HealthKind::Watch => {
                if !add(&self.watches, WATCHES_OF_CONNECTION) {
                    return false;
                }
                let has_room = add(&self.all_watches, self.most_watches);
                if !has_room {
                    self.watches.fetch_sub(1, Ordering::Relaxed);
                }
                has_room
            }
        }
    }

    fn end(&self, kind: HealthKind) {
        match kind {
            HealthKind::Check => {
                self.checks.fetch_sub(1, Ordering::Relaxed);
            }
            HealthKind::Watch => {
                self.watches.fetch_sub(1, Ordering::Relaxed);
                self.all_watches.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
}

impl ConnectionUsage {
    /// A place for a health check; `None` if the connection, or the server, has as many as it may. That is counted.
    pub(crate) fn begin_health(&self, kind: HealthKind) -> Option<HealthPlace> {
        if !self.health().begin(kind) {
            self.refused(RefusalLabel::HealthChecks);
            return None;
        }
        let usage = self.clone();
        Some(HealthPlace { usage, kind })
    }
}

impl Drop for HealthPlace {
    fn drop(&mut self) {
        self.usage.health().end(self.kind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::ConnectionLimits;

    fn connection(all: &Arc<AtomicUsize>, places: usize) -> ConnectionUsage {
        ConnectionUsage::new(0, ConnectionLimits::of(places), Arc::clone(all))
    }

    fn fill(usage: &ConnectionUsage, kind: HealthKind) -> Vec<HealthPlace> {
        std::iter::from_fn(|| usage.begin_health(kind)).collect()
    }

    #[test]
    fn a_connection_and_the_server_have_few_health_checks() {
        let all = Arc::default();
        let [one, two, three] = [(); 3].map(|()| connection(&all, 3));
        let checks = fill(&one, HealthKind::Check);
        assert_eq!(checks.len(), CHECKS_OF_CONNECTION);
        let watches = [&one, &two, &three].map(|usage| fill(usage, HealthKind::Watch));
        // Six for three places.
        assert_eq!(watches.each_ref().map(Vec::len), [WATCHES_OF_CONNECTION, 2, 0]);
        drop(watches);
        assert_eq!(fill(&three, HealthKind::Watch).len(), WATCHES_OF_CONNECTION);
        drop(checks);
        assert_eq!(fill(&one, HealthKind::Check).len(), CHECKS_OF_CONNECTION);
    }
}
