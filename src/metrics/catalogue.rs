//! The list of all metrics, each with its type and meaning. `/metrics` and the table in the documentation are made from
//! this list.

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A count that only increases.
    Counter,
    /// A value that can increase and decrease.
    Gauge,
    /// A distribution over fixed buckets.
    Histogram,
}

impl Type {
    /// The name of the type in Prometheus.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

macro_rules! catalogue {
    ($( $constant:ident $type:ident $name:literal $help:literal )+) => {
        $( pub(super) const $constant: &str = $name; )+

        /// Name, type and meaning of every metric.
        pub const CATALOGUE: &[(&str, Type, &str)] = &[ $( ($name, Type::$type, $help) ),+ ];
    };
}

catalogue! {
    LOOKUPS Counter "ringwarden_lookups_total"
        "Lookups, by `edge` and `outcome`."
    LOOKUP_SECONDS Histogram "ringwarden_lookup_seconds"
        "Time from the decoded request of a lookup to its answer, without the network, in seconds."
    LONGEST_POLL Gauge "ringwarden_lookup_longest_poll_seconds"
        "Longest time since the last scrape for which a worker of lookups did one thing without a pause, in seconds. A call that came meanwhile may have waited so long for this worker."
    MOST_COMPUTED Gauge "ringwarden_lookup_longest_computing_seconds"
        "Longest time since the last scrape for which a worker of lookups computed without a pause, at most, in seconds: the longest poll without the time for which the system let others run."
    ACTIONS Counter "ringwarden_actions_total"
        "Answers to lookups, by the `action` that they advise."
    ANSWERS Counter "ringwarden_answers_total"
        "Answers to lookups, by the `basis` of the action. FAIL_OPEN: the answer was not ready within the time budget. SHADOW: `--enforce` weakened the action."
    WOULD_ACTIONS Counter "ringwarden_would_actions_total"
        "Answers to lookups, by the `action` that the server decided and the `basis` of it, whether or not `--enforce` lets it be carried out. `ringwarden_actions_total` counts what is carried out."
    ENFORCEMENT Gauge "ringwarden_enforcement"
        "1 for the `mode` of `--enforce` that is in force, else 0."
    LOOKUP_SCORES Counter "ringwarden_lookup_scores_total"
        "Answers to lookups, by the `band` of the score. none: without a score. unknown: the answer was not ready within the time budget."
    CALL_OUTCOMES Counter "ringwarden_call_outcomes_total"
        "Submitted outcomes of calls, by `outcome` of the submission."
    TRAFFIC_CALLERS Gauge "ringwarden_traffic_callers"
        "Callers whose call rate this instance keeps in memory."
    EMERGENCY_EVICTIONS Counter "ringwarden_emergency_evictions_total"
        "Callers of emergency services that were forgotten before `--emergency-callback` was over, because there were more calls than `--emergency-calls-per-second`. A call back to them may be hindered. Set an alert on any."
    REPORTS Counter "ringwarden_reports_total"
        "Submitted reports, by `outcome`. not_granted: the principal may not report as this source or feed, or into an import."
    REPORT_SCORES Counter "ringwarden_report_scores_total"
        "Accepted complaints about calls of the last three days, by the `band` of the score that the number had before the day's first such complaint on this instance. none: without a score. unknown: not remembered."
    MUTATIONS Counter "ringwarden_mutations_total"
        "Changes other than reports, by `method` and `outcome`."
    AUDIT_EVENTS Counter "ringwarden_audit_events_total"
        "Audit events that were stored."
    AUDIT_EVENTS_LOST Counter "ringwarden_audit_events_lost_total"
        "Reads of personal text that were answered although their audit event could not be stored. Set an alert on any."
    AUDIT_EVENTS_DROPPED Counter "ringwarden_audit_events_dropped_total"
        "Audit events that were dropped because they were older than `--audit-retention`."
    ERASURES Counter "ringwarden_erasures_total"
        "Erasures of a number, by `outcome`. overridden: it was linked to an open case, and was erased all the same. refused: it was linked to an open case, so it was not erased. A repeated request is not counted again."
    EXPIRED Counter "ringwarden_expired_total"
        "Data that were dropped because they were older than `--report-retention` or `--text-retention`, by `kind`: reports, or comments of reports that stay."
    REFUSED_CREDENTIALS Counter "ringwarden_refused_credentials_total"
        "Requests that were refused since their credential was not accepted, by `reason`. Probes, health checks and pages that need no credential are not counted. missing: they had none. ambiguous: two principals have it, revoke it. not_checked: the network has sent too many tokens. certificate_...: TLS refused a client certificate, and the connection ended without a request. certificate_foreign: no authority of `--tls-client-ca` has signed it. certificate_form: it has not version 3, is that of an authority, or is for other purposes. certificate_key: the client does not have its key."
    ROLES_MISSING Counter "ringwarden_role_missing_total"
        "Requests that none of the caller's roles allows, by the `role` of the caller and the `service` of the contract."
    COMMIT_SECONDS Histogram "ringwarden_store_commit_seconds"
        "Time until the store acknowledges a commit, in seconds."
    COMMIT_CONFLICTS Counter "ringwarden_store_commit_conflicts_total"
        "Commits that failed because another writer had changed a record."
    COMMIT_RETRIES Counter "ringwarden_store_commit_retries_total"
        "Changes that were computed again and committed again after a conflict."
    STORE_ERRORS Counter "ringwarden_store_errors_total"
        "Errors of the store, by `kind`."
    STORE_UP Gauge "ringwarden_store_up"
        "1 if the store answered the last sweep and takes changes, else 0. While it is 0, the server answers lookups but refuses changes."
    STORE_FOREIGN Gauge "ringwarden_store_foreign"
        "1 if the store is no longer the one that the server opened, has been emptied, or has another format, else 0. Set an alert on 1."
    COMMITS_LOST Counter "ringwarden_store_lost_commits_total"
        "Changes that the store had acknowledged to this instance and has lost, as far as the change log and the records show it. Set an alert on any increase."
    NUMBERS_GONE Counter "ringwarden_index_numbers_gone_total"
        "Numbers that were in the index and no longer in the store when their shards were loaded again. Many at once mean that the store has shrunk."
    INDEX_COMPARISONS Counter "ringwarden_index_comparisons_total"
        "Comparisons of a shard of the index with the store in the background, by `result`. There are 256 shards."
    INDEX_DIFFERENCES Counter "ringwarden_index_differences_total"
        "Records of the index that differed from those of the store when a shard was compared with it in the background; changes on their way are no difference. Such a shard is loaded again. Set an alert on any increase: it is a fault of the program or of the store, or somebody has written to the store by hand."
    RETENTION_WAITS Gauge "ringwarden_retention_waits"
        "1 if no old data is dropped, because the clock of this machine is more than two days ahead of the last run, else 0. It ends once the clock has been steady for a day."
    ENTRIES_APPLIED Counter "ringwarden_follow_entries_applied_total"
        "Entries of the change log that were applied to the index."
    ENTRIES_SKIPPED Counter "ringwarden_follow_entries_skipped_total"
        "Entries of the change log, and records of reloaded shards, that this release left out of the index, by `reason`. It grows if a newer release writes to the same store, or if the store holds other tenants."
    SHARDS_RELOADED Counter "ringwarden_follow_shards_reloaded_total"
        "Shards that were reloaded from the store because the change log did not continue where the index stood, by `reason`."
    SWEEP_AGE Gauge "ringwarden_follow_sweep_age_seconds"
        "Time since the last sweep that found the index up to date with the store, in seconds; +Inf before the first one."
    REPLICATION_SECONDS Histogram "ringwarden_follow_replication_seconds"
        "Time from the acknowledgement of a change, made by any instance, until it is in this index, in seconds."
    INDEX_NUMBERS Gauge "ringwarden_index_numbers"
        "Numbers in the index."
    INDEX_CASES Gauge "ringwarden_index_cases"
        "Cases in the index."
    INDEX_NOTES Gauge "ringwarden_index_notes"
        "Notes in the index."
    LIST_ENTRIES Gauge "ringwarden_list_entries"
        "Entries in the lists of each `kind` in the index, including expired entries."
    INDEX_READY Gauge "ringwarden_index_ready"
        "1 after the index has been loaded, from the store or from a snapshot, else 0."
    BOOTSTRAP_SECONDS Gauge "ringwarden_index_bootstrap_seconds"
        "Time to load the index at start, from the store or from a snapshot, in seconds; 0 until the index is loaded."
    SNAPSHOT_AGE Gauge "ringwarden_snapshot_age_seconds"
        "Age of the data in the last snapshot of the index that this process wrote, in seconds; +Inf before the first one."
    SNAPSHOT_INTERVAL Gauge "ringwarden_snapshot_interval_seconds"
        "`--snapshot-interval`, the time from one snapshot to the next, in seconds; 0 without `--snapshot`."
    SNAPSHOT_BYTES Gauge "ringwarden_snapshot_bytes"
        "Size of the last snapshot that this process wrote, in bytes."
    SNAPSHOT_LAST_SUCCESS Gauge "ringwarden_snapshot_last_success_timestamp_seconds"
        "Time of the last snapshot that this process wrote, in seconds since the Unix epoch; 0 before the first one."
    SNAPSHOT_FAILURES Counter "ringwarden_snapshot_failures_total"
        "Snapshots that could not be written. The snapshot before stays."
    LOG_LINES_DROPPED Counter "ringwarden_log_lines_dropped_total"
        "Log lines that were dropped because standard error was not read fast enough or could not be written."
    DECISION_LOG_LINES Counter "ringwarden_decision_log_lines_total"
        "Lines of the decision log, by `outcome`. dropped: the queue was full, because the disk or the reader is too slow. failed: the file could not be written, for example because the disk is full."
    CONFIG_RELOADS Counter "ringwarden_config_reloads_total"
        "Reloads of the configuration at SIGHUP, by `outcome`. refused: the new one has a fault, and the old one stays in force."
    TLS_RELOADS Counter "ringwarden_tls_reloads_total"
        "Times that the files of TLS were read again because they had changed, or at SIGHUP, by `outcome`. refused: they have a fault, and the old certificate stays."
    TLS_NOT_AFTER Gauge "ringwarden_tls_not_after_seconds"
        "End of the validity of the certificate that the server serves, in seconds since 1970; 0 without TLS. Set an alert some days before."
    TOKEN_KEYS_READ Counter "ringwarden_token_keys_read_total"
        "Times that the key set of the OpenID provider was read, by `outcome`. refused: it could not be read or used, and the old one stays."
    TOKEN_KEYS Gauge "ringwarden_token_keys"
        "Keys of the OpenID provider whose tokens are accepted; 0 without a provider."
    CONNECTIONS Gauge "ringwarden_connections"
        "Open connections, by `edge`."
    CONNECTIONS_DROPPED Counter "ringwarden_connections_dropped_total"
        "Connections that the server dropped or refused, by `edge` and `reason`. evicted: it was idle, and all places were taken. idle: no request for `--idle-timeout`. slow_reader: the client took nothing of an answer for 30 s. rapid_resets: calls were opened and reset at once. address_limit: `--max-connections-per-address`."
    REQUESTS_REFUSED Counter "ringwarden_requests_refused_total"
        "Requests that were refused before they were handled, by `edge` and `reason`. memory: requests and answers hold as much as `--request-memory` allows. connection_memory: those of one connection hold a quarter of it. health_checks: the connection has 16 single health checks or 4 watches in progress, or the server has two watches for each place of `--max-connections`. unfinished: the request did not arrive in time. late: a lookup over gRPC waited for its turn for longer than its client waits for the answer; or the client had reset a call before it was read. overload: a call over gRPC was not taken up, since the server was late. quota_lookups, quota_reports, quota_other: its principal has used up this quota. quota_unauthenticated: it had no accepted credential, and its network has sent too many of these."
    REQUEST_MEMORY Gauge "ringwarden_request_memory_bytes"
        "Memory that requests and answers in flight hold, as the server estimates it, in bytes."
    REQUEST_MEMORY_LIMIT Gauge "ringwarden_request_memory_limit_bytes"
        "`--request-memory`, in bytes."
    BUILD_INFO Gauge "ringwarden_build_info"
        "Always 1; the label `version` holds the release."
    RESIDENT_MEMORY Gauge "process_resident_memory_bytes"
        "Resident memory of this process, in bytes; NaN if the system does not report it."
    OPEN_FDS Gauge "process_open_fds"
        "Open file descriptors of this process; NaN if the system does not report them."
    MAX_FDS Gauge "process_max_fds"
        "File descriptors that this process may open; NaN if the system does not report it."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for (name, kind, help) in CATALOGUE {
            assert!(
                name.starts_with("ringwarden_") || name.starts_with("process_"),
                "{name}"
            );
            assert_eq!(name.ends_with("_total"), *kind == Type::Counter, "{name}");
            assert_eq!(
                help.contains("in seconds"),
                name.ends_with("_seconds"),
                "{name}: {help}"
            );
            assert!(help.ends_with('.'), "{name}: {help}");
        }
    }

    #[test]
    fn names_are_distinct() {
        let names: std::collections::HashSet<_> = CATALOGUE.iter().map(|(name, ..)| name).collect();
        assert_eq!(names.len(), CATALOGUE.len());
    }
}
