//! The state of the server, for probes and health checks.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Api;
use crate::domain::time::Timestamp;
use crate::index::StoreState;

/// Whether the server should get lookups, and how fresh its index is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Whether the index has been loaded and the server stays. Once true, it stays true until the shutdown.
    pub ready: bool,
    /// Whether the server will shut down. It still answers.
    pub leaving: bool,
    /// The result of the last sweep: `up`, `down`, `foreign`, `replica` or `read_only`.
    pub store: &'static str,
    /// Whether the last complete sweep is too long ago.
    pub stale: bool,
    /// The index has every change up to this time; none before it is loaded.
    pub data_as_of: Option<Timestamp>,
    /// How long ago that was; none before the index is loaded.
    pub age: Option<Duration>,
    /// Whether the index is as a snapshot gave it at the start, because the store could not be followed yet.
    pub from_snapshot: bool,
}

impl Api {
    /// The state of the server now.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let freshness = self.freshness();
        let loaded = freshness.is_ready();
        let leaving = self.0.leaving.load(Ordering::Acquire);
        let store = match freshness.store() {
            StoreState::Up => "up",
            StoreState::Down => "down",
            StoreState::Foreign => "foreign",
            StoreState::Replica => "replica",
            StoreState::ReadOnly => "read_only",
        };
        Readiness {
            ready: loaded && !leaving,
            leaving,
            store,
            stale: freshness.is_stale(),
            data_as_of: loaded.then(|| freshness.data_as_of()),
            age: loaded.then(|| freshness.data_as_of().until(freshness.now())),
            from_snapshot: freshness.is_from_snapshot(),
        }
    }
}
