//! Every metric there is, with its type and meaning: what `/metrics` says of them and what the README lists.

/// What kind of metric it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A count that only grows.
    Counter,
    /// A value that moves.
    Gauge,
    /// A distribution over fixed buckets.
    Histogram,
}

impl Type {
    /// The name Prometheus has for it.
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
        "Lookups by `edge` and `outcome`."
    LOOKUP_SECONDS Histogram "ringwarden_lookup_seconds"
        "Time to answer one lookup inside the server, from decoded request to answer, in seconds."
    ACTIONS Counter "ringwarden_actions_total"
        "Answers by the `action` they advise."
    ANSWERS Counter "ringwarden_answers_total"
        "Answers by the `basis` they rest on; FAIL_OPEN is one that was due before it was ready."
    CALL_OUTCOMES Counter "ringwarden_call_outcomes_total"
        "Submitted outcomes of calls by what became of them."
    TRAFFIC_CALLERS Gauge "ringwarden_traffic_callers"
        "Callers of the last hour or more whose rate is known to this instance."
    REPORTS Counter "ringwarden_reports_total"
        "Submitted reports by `outcome`."
    MUTATIONS Counter "ringwarden_mutations_total"
        "Other changes by `method` and `outcome`."
    COMMIT_SECONDS Histogram "ringwarden_store_commit_seconds"
        "Time until the store acknowledged a commit, in seconds."
    COMMIT_CONFLICTS Counter "ringwarden_store_commit_conflicts_total"
        "Commits of a shard that found a record changed by somebody else."
    COMMIT_RETRIES Counter "ringwarden_store_commit_retries_total"
        "Changes that were computed and committed again after a conflict."
    STORE_ERRORS Counter "ringwarden_store_errors_total"
        "Failures of the store by `kind`."
    STORE_UP Gauge "ringwarden_store_up"
        "1 if the store answered when last asked, else 0: lookups are answered all the same, changes are not."
    STORE_FOREIGN Gauge "ringwarden_store_foreign"
        "1 if the store is empty or another than the one that was opened, else 0: an alarm."
    ENTRIES_APPLIED Counter "ringwarden_follow_entries_applied_total"
        "Entries of the change log that were applied to the index."
    SHARDS_RELOADED Counter "ringwarden_follow_shards_reloaded_total"
        "Shards that were read anew since the change log did not fit, by `reason`."
    SWEEP_AGE Gauge "ringwarden_follow_sweep_age_seconds"
        "Time since the index was last known to hold all the store holds, in seconds; +Inf before the first time."
    REPLICATION_SECONDS Histogram "ringwarden_follow_replication_seconds"
        "Time from the acknowledgement of a change, by any instance, to its place in this index, in seconds."
    INDEX_NUMBERS Gauge "ringwarden_index_numbers"
        "Numbers in the index."
    INDEX_CASES Gauge "ringwarden_index_cases"
        "Cases in the index."
    LIST_ENTRIES Gauge "ringwarden_list_entries"
        "Entries of the lists of each `kind` in the index, those that have expired included."
    INDEX_READY Gauge "ringwarden_index_ready"
        "1 once the index has caught up with the store for the first time, else 0."
    BOOTSTRAP_SECONDS Gauge "ringwarden_index_bootstrap_seconds"
        "Time that the index took to be read from the store at start, in seconds; 0 until then."
    LOG_LINES_DROPPED Counter "ringwarden_log_lines_dropped_total"
        "Lines of the log that were dropped since nobody read them fast enough."
    BUILD_INFO Gauge "ringwarden_build_info"
        "Always 1; `version` names the release."
    RESIDENT_MEMORY Gauge "process_resident_memory_bytes"
        "Memory of this process that is in RAM, in bytes; NaN where the system does not say."
    OPEN_FDS Gauge "process_open_fds"
        "File descriptors that this process holds open; NaN where the system does not say."
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
