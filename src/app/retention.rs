//! Drops what is older than its retention: audit events, reports, comments. Removes erased bytes from the files of the
//! store.

use std::sync::Arc;
use std::time::Duration;

use crate::config::StoreSettings;
use crate::domain::retention::KeptSince;
use crate::domain::time::Timestamp;
use crate::service::{ServiceError, Services};
use crate::store::Shard;

/// The time between two runs. The first begins soon after the start.
const EVERY: Duration = Duration::from_secs(3_600);
/// The time from the start to the first run, and to the next try after a failure.
const FIRST: Duration = Duration::from_secs(60);
/// Each run looks at the reports of some shards: to read all of them each hour would cost too much. So many runs look at
/// all.
const RUNS_FOR_ALL: u64 = 24;

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
    let mut pause = FIRST;
    loop {
        tokio::time::sleep(pause).await;
        pause = FIRST;
        if !services.freshness().is_ready() {
            continue;
        }
        match run_once(&services, &ages).await {
            Ok(()) => pause = EVERY,
            Err(error) => tracing::warn!(%error, "old data could not be dropped"),
        }
    }
}

async fn run_once(services: &Services, ages: &Ages) -> Result<(), ServiceError> {
    let now = services.clock().now();
    for tenant in services.of_all() {
        tenant.audit.tell_joined().await?;
        let dropped = tenant.audit.drop_older_than(oldest_kept(now, ages.audit)).await?;
        if dropped > 0 {
            tracing::info!(dropped, "old audit events were dropped");
        }
        let expired = tenant.reports.expire(&shards_of(now), &ages.kept_since(now)).await?;
        if expired.reports > 0 || expired.texts > 0 {
            tracing::info!(
                reports = expired.reports,
                comments = expired.texts,
                "old reports and comments were dropped"
            );
        }
    }
    if services.purge().await? {
        tracing::info!("erased data were removed from the files of the store");
    }
    Ok(())
}

/// The shards whose reports are looked at in the hour of this moment.
fn shards_of(now: Timestamp) -> Vec<Shard> {
    let hour = u64::try_from(now.millis()).unwrap_or(0) / 3_600_000;
    let turn = hour % RUNS_FOR_ALL;
    let is_due = |shard: &Shard| u64::from(shard.byte()) % RUNS_FOR_ALL == turn;
    Shard::all().filter(is_due).collect()
}

/// The moment before which nothing is kept.
fn oldest_kept(now: Timestamp, retention: Duration) -> Timestamp {
    let millis = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.millis().saturating_sub(millis))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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

    #[test]
    fn a_day_of_runs_looks_at_every_shard_once() {
        let begin = Timestamp::from_secs(1_000 * 86_400 + 17);
        let runs = (0..24).flat_map(|hour| shards_of(begin.plus(Duration::from_secs(hour * 3_600))));
        let shards: Vec<Shard> = runs.collect();
        assert_eq!(shards.len(), Shard::all().count());
        assert_eq!(shards.into_iter().collect::<BTreeSet<_>>().len(), Shard::all().count());
    }
}
