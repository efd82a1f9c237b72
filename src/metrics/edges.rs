//! What the edges count of connections, TLS, credentials, and the memory of requests.

use std::time::Duration;

use super::family::{Counters, CountersBy2, Registry};
use super::label::{Label, label};
use super::{ConfigReloadLabel, DropLabel, EdgeLabel, Metrics, RefusalLabel, RefusedLabel, catalogue, count};

label! {
    /// The role of a principal. One with several roles is counted by the first.
    RoleLabel "role" {
        /// `CARRIER`.
        Carrier "carrier",
        /// `APP`.
        App "app",
        /// `REPORTER`.
        Reporter "reporter",
        /// `ANALYST`.
        Analyst "analyst",
        /// `ADMIN`.
        Admin "admin",
    }
}

label! {
    /// A service of the contract.
    ServiceLabel "service" {
        /// `LookupService`.
        Lookups "lookup",
        /// `ReportService`.
        Reports "report",
        /// `NumberService`.
        Numbers "number",
        /// `CaseService`.
        Cases "case",
        /// `ListService`.
        Lists "list",
        /// `NoteService`.
        Notes "note",
        /// `PrincipalService`.
        Principals "principal",
        /// What is not part of the contract, such as the metrics.
        Other "other",
    }
}

/// What is counted of requests whose caller is not let through.
pub(super) struct NotAdmitted {
    credentials: Counters<RefusedLabel>,
    roles: CountersBy2<RoleLabel, ServiceLabel>,
}

impl NotAdmitted {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            credentials: registry.counters(catalogue::REFUSED_CREDENTIALS),
            roles: registry.counters_by_2(catalogue::ROLES_MISSING),
        }
    }
}

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
        self.0.not_admitted.credentials.increment(reason, 1);
    }

    /// Counts a request to a service that none of the caller's roles allows.
    pub fn role_missing(&self, role: RoleLabel, service: ServiceLabel) {
        self.0.not_admitted.roles.increment(role, service);
    }
}
