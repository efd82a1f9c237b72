//! What the edges count of connections, TLS, credentials, and the memory of requests.

use std::time::Duration;

use super::{ConfigReloadLabel, DropLabel, EdgeLabel, Metrics, RefusalLabel, RefusedLabel, count};

impl Metrics {
    /// Counts an attempt to serve what the files of TLS hold now.
    pub fn tls_reload(&self, outcome: ConfigReloadLabel) {
        self.0.tls_reloads.increment(outcome, 1);
    }

    /// Sets the end of the validity of the served certificate, in seconds since 1970.
    pub fn tls_not_after(&self, seconds: u64) {
        self.0.tls_not_after.set(Duration::from_secs(seconds).as_secs_f64());
    }

    /// Counts a reading of the key set of the OpenID provider.
    pub fn token_keys_read(&self, outcome: ConfigReloadLabel) {
        self.0.token_keys_read.increment(outcome, 1);
    }

    /// Sets the number of keys whose tokens are accepted.
    pub fn token_keys(&self, keys: usize) {
        self.0.token_keys.set(count(keys));
    }

    /// Counts connections that were opened, or with `-1` one that ended.
    pub fn connections(&self, edge: EdgeLabel, more: i8) {
        self.0.connections.add(edge, more.into());
    }

    /// Counts a connection that was dropped or refused.
    pub fn connection_dropped(&self, edge: EdgeLabel, reason: DropLabel) {
        self.0.connections_dropped.increment(edge, reason);
    }

    /// Counts a request that was refused before it was handled.
    pub fn request_refused(&self, edge: EdgeLabel, reason: RefusalLabel) {
        self.0.requests_refused.increment(edge, reason);
    }

    /// Sets what requests and answers in flight hold, and what they may hold, in bytes.
    pub fn request_memory(&self, held: usize, most: usize) {
        self.0.request_memory.set(count(held));
        self.0.request_memory_limit.set(count(most));
    }

    /// Counts a request whose credential was not accepted.
    pub fn refused_credential(&self, reason: RefusedLabel) {
        self.0.refused_credentials.increment(reason, 1);
    }
}
