//! The metrics of the server, for `/metrics`.
//!
//! All names are in [`CATALOGUE`], all labels are in [`label`], and all ways to record are methods of [`Metrics`]. So a
//! name cannot be misspelt, and no metric can carry a phone number. There is no global recorder: each [`Metrics`] has its
//! own values, and tests do not see each other's counts.

mod catalogue;
mod edges;
mod family;
pub mod label;
mod process;
mod removal;
mod snapshot;
mod store;

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::{Counter, Gauge, Histogram};
use metrics_exporter_prometheus::PrometheusHandle;
use parking_lot::Mutex;

pub use self::catalogue::{CATALOGUE, Type};
pub use self::edges::{RoleLabel, ServiceLabel};
use self::family::{Counters, CountersBy2, Gauges, Registry};
pub use self::label::{
    CallOutcomeLabel, Compared, ConfigReloadLabel, DecisionLogLabel, DropLabel, EdgeLabel, LookupOutcomeLabel,
    MutationLabel, MutationOutcomeLabel, RefusalLabel, RefusedLabel, ReloadReason, ReportOutcomeLabel, ScoreBand,
    SkipReason, StoreErrorKind,
};
use self::removal::RemovalMetrics;
pub use self::removal::{ErasureLabel, ExpiredLabel};
use self::snapshot::SnapshotMetrics;
use crate::domain::kinds::{Action, Basis, ListKind};
use crate::domain::policy::Enforcement;

/// How often [`Metrics::upkeep`] must be called: until then, samples of histograms stay in memory, 16 bytes each.
pub const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Upper bounds of the buckets for lookups, in seconds: from a lookup in memory to one that waited for a processor.
const LOOKUP_BUCKETS: [f64; 13] = [
    10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3,
];
/// Upper bounds of the buckets for commits, in seconds: from a local Redis to one that is close to the time-out.
const COMMIT_BUCKETS: [f64; 12] = [
    250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 1.0, 2.5,
];
/// Upper bounds of the buckets for replication, in seconds: from a notification that arrived to a sweep that came late.
const REPLICATION_BUCKETS: [f64; 11] = [500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 100e-3, 250e-3, 1.0, 2.5, 5.0];

/// The metrics of one server. Clones share the same values.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    exporter: PrometheusHandle,
    lookups: CountersBy2<EdgeLabel, LookupOutcomeLabel>,
    lookup_seconds: Histogram,
    actions: Counters<Action>,
    answers: Counters<Basis>,
    would_actions: CountersBy2<Action, Basis>,
    longest_poll: Gauge,
    most_computed: Gauge,
    enforcement: Gauges<Enforcement>,
    lookup_scores: Counters<ScoreBand>,
    outcomes: Counters<CallOutcomeLabel>,
    traffic_callers: Gauge,
    emergency_evictions: Counter,
    reports: Counters<ReportOutcomeLabel>,
    report_scores: Counters<ScoreBand>,
    audit_events: Counter,
    audit_events_lost: Counter,
    removals: RemovalMetrics,
    mutations: CountersBy2<MutationLabel, MutationOutcomeLabel>,
    not_admitted: edges::NotAdmitted,
    commit_seconds: Histogram,
    commit_conflicts: Counter,
    commit_retries: Counter,
    store_errors: Counters<StoreErrorKind>,
    store: store::StoreMetrics,
    entries_applied: Counter,
    entries_skipped: Counters<SkipReason>,
    shards_reloaded: Counters<ReloadReason>,
    sweep_age: Gauge,
    /// Start of the last sweep that found the index up to date, written once a second; [`Metrics::render`] reads it.
    last_sweep: Mutex<Option<Instant>>,
    replication_seconds: Histogram,
    index_numbers: Gauge,
    index_cases: Gauge,
    index_notes: Gauge,
    list_entries: Gauges<ListKind>,
    index_ready: Gauge,
    bootstrap_seconds: Gauge,
    snapshots: SnapshotMetrics,
    log_lines_dropped: Counter,
    decision_log_lines: Counters<DecisionLogLabel>,
    config_reloads: Counters<ConfigReloadLabel>,
    tls_reloads: Counters<ConfigReloadLabel>,
    tls_not_after: Gauge,
    token_keys_read: Counters<ConfigReloadLabel>,
    token_keys: Gauge,
    connections: Gauges<EdgeLabel>,
    connections_dropped: CountersBy2<EdgeLabel, DropLabel>,
    requests_refused: CountersBy2<EdgeLabel, RefusalLabel>,
    request_memory: Gauge,
    request_memory_limit: Gauge,
    resident_memory: Gauge,
    open_fds: Gauge,
    max_fds: Gauge,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// All metrics, with the value zero.
    #[must_use]
    pub fn new() -> Self {
        let registry = Registry::new(&[
            (catalogue::LOOKUP_SECONDS, &LOOKUP_BUCKETS),
            (catalogue::COMMIT_SECONDS, &COMMIT_BUCKETS),
            (catalogue::REPLICATION_SECONDS, &REPLICATION_BUCKETS),
        ]);
        registry
            .labelled_gauge(catalogue::BUILD_INFO, "version", env!("CARGO_PKG_VERSION"))
            .set(1.0);
        Self(Arc::new(Inner {
            lookups: registry.counters_by_2(catalogue::LOOKUPS),
            lookup_seconds: registry.histogram(catalogue::LOOKUP_SECONDS),
            actions: registry.counters(catalogue::ACTIONS),
            answers: registry.counters(catalogue::ANSWERS),
            would_actions: registry.counters_by_2(catalogue::WOULD_ACTIONS),
            longest_poll: registry.gauge(catalogue::LONGEST_POLL),
            most_computed: registry.gauge(catalogue::MOST_COMPUTED),
            enforcement: registry.gauges(catalogue::ENFORCEMENT),
            lookup_scores: registry.counters(catalogue::LOOKUP_SCORES),
            outcomes: registry.counters(catalogue::CALL_OUTCOMES),
            traffic_callers: registry.gauge(catalogue::TRAFFIC_CALLERS),
            emergency_evictions: registry.counter(catalogue::EMERGENCY_EVICTIONS),
            reports: registry.counters(catalogue::REPORTS),
            report_scores: registry.counters(catalogue::REPORT_SCORES),
            audit_events: registry.counter(catalogue::AUDIT_EVENTS),
            audit_events_lost: registry.counter(catalogue::AUDIT_EVENTS_LOST),
            removals: RemovalMetrics::new(&registry),
            mutations: registry.counters_by_2(catalogue::MUTATIONS),
            not_admitted: edges::NotAdmitted::new(&registry),
            commit_seconds: registry.histogram(catalogue::COMMIT_SECONDS),
            commit_conflicts: registry.counter(catalogue::COMMIT_CONFLICTS),
            commit_retries: registry.counter(catalogue::COMMIT_RETRIES),
            store_errors: registry.counters(catalogue::STORE_ERRORS),
            store: store::StoreMetrics::new(&registry),
            entries_applied: registry.counter(catalogue::ENTRIES_APPLIED),
            entries_skipped: registry.counters(catalogue::ENTRIES_SKIPPED),
            shards_reloaded: registry.counters(catalogue::SHARDS_RELOADED),
            sweep_age: registry.gauge(catalogue::SWEEP_AGE),
            last_sweep: Mutex::new(None),
            replication_seconds: registry.histogram(catalogue::REPLICATION_SECONDS),
            index_numbers: registry.gauge(catalogue::INDEX_NUMBERS),
            index_cases: registry.gauge(catalogue::INDEX_CASES),
            index_notes: registry.gauge(catalogue::INDEX_NOTES),
            list_entries: registry.gauges(catalogue::LIST_ENTRIES),
            index_ready: registry.gauge(catalogue::INDEX_READY),
            bootstrap_seconds: registry.gauge(catalogue::BOOTSTRAP_SECONDS),
            snapshots: SnapshotMetrics::new(&registry),
            log_lines_dropped: registry.counter(catalogue::LOG_LINES_DROPPED),
            decision_log_lines: registry.counters(catalogue::DECISION_LOG_LINES),
            config_reloads: registry.counters(catalogue::CONFIG_RELOADS),
            tls_reloads: registry.counters(catalogue::TLS_RELOADS),
            tls_not_after: registry.gauge(catalogue::TLS_NOT_AFTER),
            token_keys_read: registry.counters(catalogue::TOKEN_KEYS_READ),
            token_keys: registry.gauge(catalogue::TOKEN_KEYS),
            connections: registry.gauges(catalogue::CONNECTIONS),
            connections_dropped: registry.counters_by_2(catalogue::CONNECTIONS_DROPPED),
            requests_refused: registry.counters_by_2(catalogue::REQUESTS_REFUSED),
            request_memory: registry.gauge(catalogue::REQUEST_MEMORY),
            request_memory_limit: registry.gauge(catalogue::REQUEST_MEMORY_LIMIT),
            resident_memory: registry.gauge(catalogue::RESIDENT_MEMORY),
            open_fds: registry.gauge(catalogue::OPEN_FDS),
            max_fds: registry.gauge(catalogue::MAX_FDS),
            exporter: registry.into_exporter(),
        }))
    }

    /// Counts one lookup that was answered or refused, and records how long it took.
    pub fn lookup(&self, edge: EdgeLabel, outcome: LookupOutcomeLabel, took: Duration) {
        self.0.lookups.increment(edge, outcome);
        self.0.lookup_seconds.record(took);
    }

    /// Counts an answer by its action and basis.
    pub fn answer(&self, action: Action, basis: Basis) {
        self.0.actions.increment(action, 1);
        self.0.answers.increment(basis, 1);
    }

    /// Counts an answer by the action and basis that the policy decided, also if they are not carried out.
    pub fn decided(&self, action: Action, basis: Basis) {
        self.0.would_actions.increment(action, basis);
    }

    /// Sets what is carried out of decisions.
    pub fn enforcement(&self, enforcement: Enforcement) {
        for mode in Enforcement::ALL {
            self.0.enforcement.set(*mode, flag(*mode == enforcement));
        }
    }

    /// Counts an answer by the band of its score.
    pub fn lookup_score(&self, band: ScoreBand) {
        self.0.lookup_scores.increment(band, 1);
    }

    /// Counts submitted outcomes of calls.
    pub fn call_outcomes(&self, outcome: CallOutcomeLabel, count: u64) {
        self.0.outcomes.increment(outcome, count);
    }

    /// Sets the longest times for which a worker of lookups did one thing, and computed, without a pause.
    pub fn longest_poll(&self, took: Duration, computed: Duration) {
        self.0.longest_poll.set(took.as_secs_f64());
        self.0.most_computed.set(computed.as_secs_f64());
    }

    /// Sets the number of callers whose call rate is kept in memory.
    pub fn traffic_callers(&self, callers: usize) {
        self.0.traffic_callers.set(count(callers));
    }

    /// Sets the count of callers of emergency services that were forgotten early.
    pub fn emergency_evictions(&self, evictions: u64) {
        self.0.emergency_evictions.absolute(evictions);
    }

    /// Counts submitted reports by outcome.
    pub fn reports(&self, outcome: ReportOutcomeLabel, count: u64) {
        self.0.reports.increment(outcome, count);
    }

    /// Counts an accepted complaint by the band of the score that its number had before.
    pub fn report_score(&self, band: ScoreBand) {
        self.0.report_scores.increment(band, 1);
    }

    /// Counts a mutation other than a report.
    pub fn mutation(&self, method: MutationLabel, outcome: MutationOutcomeLabel) {
        self.0.mutations.increment(method, outcome);
    }

    /// Counts audit events that were stored.
    pub fn audit_events(&self, events: usize) {
        self.0.audit_events.increment(events as u64);
    }

    /// Counts a read whose audit event could not be stored.
    pub fn audit_event_lost(&self) {
        self.0.audit_events_lost.increment(1);
    }

    /// Records how long the store took to acknowledge a commit.
    pub fn store_commit(&self, took: Duration) {
        self.0.commit_seconds.record(took);
    }

    /// Counts a commit that failed because another writer had changed a record.
    pub fn commit_conflict(&self) {
        self.0.commit_conflicts.increment(1);
    }

    /// Counts a change that is computed and committed again after a conflict.
    pub fn commit_retry(&self) {
        self.0.commit_retries.increment(1);
    }

    /// Counts an error of the store.
    pub fn store_error(&self, kind: StoreErrorKind) {
        self.0.store_errors.increment(kind, 1);
    }

    /// Counts entries of the change log that were applied to the index.
    pub fn entries_applied(&self, count: u64) {
        self.0.entries_applied.increment(count);
    }

    /// Counts an entry or a record that was left out of the index.
    pub fn entry_skipped(&self, reason: SkipReason) {
        self.0.entries_skipped.increment(reason, 1);
    }

    /// Counts a shard that was reloaded from the store.
    pub fn shard_reloaded(&self, reason: ReloadReason) {
        self.0.shards_reloaded.increment(reason, 1);
    }

    /// Records a sweep that found the index up to date with the state of the store at `began`.
    pub fn swept(&self, began: Instant) {
        *self.0.last_sweep.lock() = Some(began);
    }

    /// Records the time between the acknowledgement of a change and its arrival in this index.
    pub fn replicated(&self, after: Duration) {
        self.0.replication_seconds.record(after);
    }

    /// Sets the size of the index.
    pub fn index_size(&self, numbers: usize, cases: usize, notes: usize) {
        self.0.index_numbers.set(count(numbers));
        self.0.index_cases.set(count(cases));
        self.0.index_notes.set(count(notes));
    }

    /// Sets the number of entries that the lists of a kind have in the index.
    pub fn list_entries(&self, kind: ListKind, entries: usize) {
        self.0.list_entries.set(kind, count(entries));
    }

    /// Sets whether the index has caught up with the store.
    pub fn index_ready(&self, ready: bool) {
        self.0.index_ready.set(flag(ready));
    }

    /// Records how long it took to load the index at start.
    pub fn bootstrapped(&self, took: Duration) {
        self.0.bootstrap_seconds.set(took.as_secs_f64());
    }

    /// Counts a log line that was dropped.
    pub fn log_line_dropped(&self) {
        self.0.log_lines_dropped.increment(1);
    }

    /// Counts lines of the decision log.
    pub fn decision_log_lines(&self, outcome: DecisionLogLabel, count: u64) {
        self.0.decision_log_lines.increment(outcome, count);
    }

    /// Counts a reload of the configuration.
    pub fn config_reload(&self, outcome: ConfigReloadLabel) {
        self.0.config_reloads.increment(outcome, 1);
    }

    /// Moves the samples of histograms into their buckets, to free the memory of the samples. Call it every
    /// [`UPKEEP_INTERVAL`].
    pub fn upkeep(&self) {
        self.0.exporter.run_upkeep();
    }

    /// Renders all metrics in the text format of Prometheus, as of `now`.
    #[must_use]
    pub fn render(&self, now: Instant) -> String {
        let inner = &self.0;
        let last_sweep = *inner.last_sweep.lock();
        let sweep_age = last_sweep.map_or(f64::INFINITY, |began| {
            now.saturating_duration_since(began).as_secs_f64()
        });
        inner.sweep_age.set(sweep_age);
        inner.snapshots.measure(now);
        inner
            .resident_memory
            .set(process::resident_memory_bytes().unwrap_or(f64::NAN));
        inner.open_fds.set(process::open_fds().unwrap_or(f64::NAN));
        inner.max_fds.set(process::max_fds().unwrap_or(f64::NAN));
        inner.exporter.render()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn flag(value: bool) -> f64 {
    if value { 1.0 } else { 0.0 }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 2^53, and a gauge has only this type"
)]
fn count(value: usize) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::clock::monotonic;

    fn render(metrics: &Metrics) -> String {
        metrics.render(monotonic())
    }

    fn has(text: &str, line: &str) -> bool {
        text.lines().any(|candidate| candidate == line)
    }

    #[test]
    fn recorded_values_are_rendered() {
        let metrics = Metrics::new();
        metrics.lookup(
            EdgeLabel::Http,
            LookupOutcomeLabel::NotScored,
            Duration::from_micros(20),
        );
        metrics.answer(Action::WarnBeforeDial, Basis::Analytics);
        metrics.decided(Action::Block, Basis::Dno);
        metrics.lookup_score(ScoreBand::of(Some(63.2)));
        metrics.reports(ReportOutcomeLabel::AlreadyKnown, 7);
        metrics.report_score(ScoreBand::of(None));
        metrics.mutation(MutationLabel::LinkNumbers, MutationOutcomeLabel::Conflict);
        metrics.store_error(StoreErrorKind::Foreign);
        metrics.store_up(true);
        metrics.shard_reloaded(ReloadReason::Trimmed);
        metrics.index_size(53_741, 12, 7);
        metrics.list_entries(ListKind::TenantAllow, 17);
        metrics.bootstrapped(Duration::from_millis(1_250));
        let text = render(&metrics);
        for line in [
            "ringwarden_lookups_total{edge=\"http\",outcome=\"not_scored\"} 1",
            "ringwarden_lookups_total{edge=\"grpc\",outcome=\"not_scored\"} 0",
            "ringwarden_lookup_seconds_bucket{le=\"0.00001\"} 0",
            "ringwarden_lookup_seconds_bucket{le=\"0.000025\"} 1",
            "ringwarden_lookup_seconds_count 1",
            "ringwarden_actions_total{action=\"WARN_BEFORE_DIAL\"} 1",
            "ringwarden_answers_total{basis=\"ANALYTICS\"} 1",
            "ringwarden_would_actions_total{action=\"BLOCK\",basis=\"DNO\"} 1",
            "ringwarden_lookup_scores_total{band=\"60-70\"} 1",
            "ringwarden_lookup_scores_total{band=\"90-100\"} 0",
            "ringwarden_reports_total{outcome=\"already_known\"} 7",
            "ringwarden_report_scores_total{band=\"none\"} 1",
            "ringwarden_mutations_total{method=\"LinkNumbers\",outcome=\"conflict\"} 1",
            "ringwarden_store_errors_total{kind=\"foreign\"} 1",
            "ringwarden_store_up 1",
            "ringwarden_store_foreign 0",
            "ringwarden_follow_shards_reloaded_total{reason=\"trimmed\"} 1",
            "ringwarden_index_numbers 53741",
            "ringwarden_index_cases 12",
            "ringwarden_index_notes 7",
            "ringwarden_list_entries{kind=\"tenant_allow\"} 17",
            "ringwarden_list_entries{kind=\"do_not_originate\"} 0",
            "ringwarden_index_bootstrap_seconds 1.25",
            concat!("ringwarden_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        ] {
            assert!(has(&text, line), "no line {line}\n{text}");
        }
    }

    #[test]
    fn sweep_age_is_measured_when_rendering() {
        let metrics = Metrics::new();
        assert!(has(&render(&metrics), "ringwarden_follow_sweep_age_seconds inf"));
        let began = monotonic();
        metrics.swept(began);
        let text = metrics.render(began + Duration::from_millis(2_500));
        assert!(has(&text, "ringwarden_follow_sweep_age_seconds 2.5"), "{text}");
    }

    #[test]
    fn every_metric_of_the_catalogue_is_there_from_the_start_and_no_other() {
        let metrics = Metrics::new();
        // A histogram appears with its first sample.
        metrics.lookup(EdgeLabel::Grpc, LookupOutcomeLabel::Scored, Duration::ZERO);
        metrics.store_commit(Duration::ZERO);
        metrics.replicated(Duration::ZERO);
        let text = render(&metrics);
        let rendered: BTreeSet<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        let expected: Vec<_> = CATALOGUE
            .iter()
            .map(|(name, kind, _)| format!("{name} {}", kind.name()))
            .collect();
        assert_eq!(rendered, expected.iter().map(String::as_str).collect());
        for (name, _, help) in CATALOGUE {
            assert!(has(&text, &format!("# HELP {name} {help}")), "{name}\n{text}");
        }
    }

    #[test]
    fn servers_do_not_share_counts() {
        let (one, other) = (Metrics::new(), Metrics::new());
        one.commit_retry();
        assert!(has(&render(&one), "ringwarden_store_commit_retries_total 1"));
        assert!(has(&render(&other), "ringwarden_store_commit_retries_total 0"));
    }
}
