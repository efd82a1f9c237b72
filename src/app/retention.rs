//! Drops what is older than its retention: audit events, reports, comments. Removes erased bytes from the files of the
//! store.

mod due;
mod steady;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::due::DueShards;
use self::steady::ClockWatch;
use crate::clock::monotonic;
use crate::config::StoreSettings;
use crate::domain::retention::{Expired, KeptSince};
use crate::domain::time::Timestamp;
use crate::service::{ServiceError, Services};

/// The time between two runs. The first begins soon after the start.
const EVERY: Duration = Duration::from_secs(3_600);
/// The time from the start to the first run, and to the next try after a failure.
const FIRST: Duration = Duration::from_secs(60);

/// How long what is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ages {
    audit: Duration,
    reports: Option<Duration>,
    texts: Option<Duration>,
}

impl Ages {
    pub(super) fn of(settings: &StoreSettings) -> Self {
        Self {
            audit: settings.audit_retention,
            reports: settings.report_retention,
            texts: settings.text_retention,
        }
    }

    fn kept_since(&self, now: Timestamp) -> KeptSince {
        KeptSince {
            reports: self.reports.map(|age| oldest_kept(now, age)),
            texts: self.texts.map(|age| oldest_kept(now, age)),
        }
    }
}

/// Drops what is old without end. Every instance does it: what one has dropped, the others do not find.
pub(super) async fn run(services: Arc<Services>, ages: Ages) {
    let mut retention = Retention {
        ages,
        due: DueShards::default(),
        watch: ClockWatch::default(),
    };
    let mut pause = FIRST;
    loop {
        tokio::time::sleep(pause).await;
        pause = FIRST;
        if !services.freshness().is_ready() {
            continue;
        }
        match retention.run_once(&services, monotonic()).await {
            Ok(()) => pause = EVERY,
            Err(error) => tracing::warn!(%error, "not all old data could be dropped"),
        }
    }
}

/// The runs so far.
struct Retention {
    ages: Ages,
    due: DueShards,
    watch: ClockWatch,
}

/// The first error of a run. A run goes on after an error: one tenant or one shard must not keep the data of all.
#[derive(Default)]
struct FirstError(Option<ServiceError>);

impl FirstError {
    /// The value, or none if this is an error.
    fn note<T>(&mut self, result: Result<T, ServiceError>) -> Option<T> {
        result.map_err(|error| _ = self.0.get_or_insert(error)).ok()
    }
}

impl Retention {
    /// Drops what is old, and removes what was erased. Returns the first error, after everything else was done.
    async fn run_once(&mut self, services: &Services, at: Instant) -> Result<(), ServiceError> {
        let mut errors = FirstError::default();
        for tenant in services.of_all() {
            errors.note(tenant.audit.tell_joined().await);
        }
        let now = services.clock().now();
        let is_steady = self.watch.is_steady(at, now);
        if let Some(is_believed) = errors.note(services.believes_clock(now, is_steady).await) {
            services.metrics().retention_waits(!is_believed);
            if is_believed {
                self.drop_events(services, now, &mut errors).await;
                self.drop_reports(services, (at, now), &mut errors).await;
            } else {
                tracing::warn!(
                    %now,
                    "the clock is days ahead of the last run: no old data is dropped until it has been steady for a day"
                );
            }
        }
        if errors.note(services.purge().await) == Some(true) {
            tracing::info!("erased data were removed from the files of the store");
        }
        errors.0.map_or(Ok(()), Err)
    }

    /// Drops the audit events of all tenants that are too old.
    async fn drop_events(&self, services: &Services, now: Timestamp, errors: &mut FirstError) {
        for tenant in services.of_all() {
            let before = oldest_kept(now, self.ages.audit);
            let dropped = errors.note(tenant.audit.drop_older_than(before).await);
            if let Some(dropped) = dropped.filter(|dropped| *dropped > 0) {
                tracing::info!(dropped, "old audit events were dropped");
            }
        }
    }

    /// Drops the reports and comments of the shards that are due. If the store cannot be reached, the others stay due.
    async fn drop_reports(&mut self, services: &Services, (at, now): (Instant, Timestamp), errors: &mut FirstError) {
        let kept = self.ages.kept_since(now);
        let mut all = Expired::default();
        'shards: for shard in self.due.at(at) {
            for tenant in services.of_all() {
                let (expired, ended) = tenant.reports.expire(&[shard], &kept).await;
                all.reports = all.reports.saturating_add(expired.reports);
                all.texts = all.texts.saturating_add(expired.texts);
                let is_away = matches!(ended, Err(ServiceError::StoreUnavailable));
                errors.note(ended);
                if is_away {
                    break 'shards;
                }
            }
            self.due.looked(shard, at);
        }
        if all != Expired::default() {
            tracing::info!(
                reports = all.reports,
                comments = all.texts,
                "old reports and comments were dropped"
            );
        }
    }
}

/// The moment before which nothing is kept.
fn oldest_kept(now: Timestamp, retention: Duration) -> Timestamp {
    let millis = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.millis().saturating_sub(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_within_its_retention_is_kept() {
        let now = Timestamp::from_secs(100 * 86_400);
        let thirty_days = Duration::from_secs(30 * 86_400);
        assert_eq!(oldest_kept(now, thirty_days), Timestamp::from_secs(70 * 86_400));
        let ages = Ages {
            audit: thirty_days,
            reports: None,
            texts: Some(thirty_days),
        };
        let kept = ages.kept_since(now);
        assert_eq!(
            (kept.reports, kept.texts),
            (None, Some(Timestamp::from_secs(70 * 86_400)))
        );
    }
}
