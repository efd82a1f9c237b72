//! A number with many reporters: its evidence is that of a fold of all its rows, on every store, and a report reads a
//! bounded part of what is stored of it.

use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::codec;
use ringwarden::domain::evidence::{Evidence, FoldModel};
use ringwarden::domain::ids::{Area, ReportId};
use ringwarden::domain::model::ScoreModel;
use ringwarden::domain::report::ReportRow;
use ringwarden::domain::tenant::TenantId;
use ringwarden::domain::time::Timestamp;
use ringwarden::follow::Follower;
use ringwarden::index::Index;
use ringwarden::metrics::Metrics;
use ringwarden::number::E164;
use ringwarden::service::{Foundations, NewReport, ServiceSettings, Services};
use ringwarden::store::{BucketKey, Store, StoredKey};

use super::memory;
use crate::support::backends::{Embedded, Place};
use crate::support::evidence::assert_close;
use crate::support::flaky::Flaky;
use crate::support::instance::{Instance, evidence_version, noon, number, report_of};
use crate::support::redis_backend::Redis;

/// The report `n` about a number, by `reporter`.
fn said(about: E164, reporter: u64, n: u64) -> NewReport {
    let secs = i64::try_from(n * 37 % 500_000).unwrap();
    let at = Timestamp::from_secs(noon().millis() / 1_000 - 600_000 + secs);
    NewReport {
        area: Some(Area::parse(&(200 + reporter % 500).to_string()).unwrap()),
        ..report_of(
            &format!("reporter {reporter}"),
            &about.to_string(),
            &format!("r{n}"),
            at,
        )
    }
}

async fn submit_all(one: &Instance, reports: Vec<NewReport>) {
    for outcome in one
        .services
        .reports
        .submit_all(reports.into_iter().map(Ok).collect())
        .await
    {
        outcome.unwrap();
    }
}

async fn rows_of(store: &dyn Store, number: E164, buckets: u32) -> Vec<ReportRow> {
    let key = |bucket| BucketKey {
        tenant: TenantId::DEFAULT,
        number,
        bucket,
    };
    let keys: Vec<StoredKey> = (0..buckets).map(|bucket| StoredKey::Bucket(key(bucket))).collect();
    let stored = store.read(&keys).await.unwrap();
    let stored = stored.into_iter().flatten();
    stored
        .flat_map(|bucket| codec::rows::decode(&bucket.bytes).unwrap())
        .collect()
}

/// The evidence in the index is that of a fold of the stored rows.
async fn assert_folded(store: &dyn Store, index: &Index, number: E164, model: &FoldModel) {
    let (_, state) = index.record(number).unwrap();
    let rows = rows_of(store, number, state.buckets).await;
    assert_eq!(rows.len(), usize::try_from(state.rows).unwrap());
    assert_close(&state.evidence, &Evidence::of_rows(rows.iter(), model));
    assert!(state.reporter_table(model).is_some());
}

async fn history_of_a_number(store: Arc<dyn Store>) {
    let store = Arc::new(Flaky::new(store));
    let one = Instance::over(store.clone(), Clock::manual(noon())).await;
    let (about, model) = (number(7), FoldModel::DEFAULT);
    submit_all(&one, (0..600).map(|n| said(about, n, n)).collect()).await;
    assert_folded(store.as_ref(), &one.index, about, &model).await;
    // New and known reporters in one batch, some of them twice, with calls in any order.
    submit_all(&one, (600..900).map(|n| said(about, n * n % 1_200, n)).collect()).await;
    assert_folded(store.as_ref(), &one.index, about, &model).await;
    let mut most = 0;
    for n in 900..960 {
        let before = store.keys_read();
        let reporter = if n % 2 == 0 { n * 10 } else { n % 50 };
        one.services.reports.submit(said(about, reporter, n)).await.unwrap();
        most = most.max(store.keys_read() - before);
    }
    assert!(most <= 80, "a report reads {most} things");
    assert_folded(store.as_ref(), &one.index, about, &model).await;
    for n in [3, 650, 930, 931] {
        let id = ReportId::parse(&format!("r{n}")).unwrap();
        let taken = one
            .services
            .reports
            .withdraw(
                &about.to_string(),
                None,
                &id,
                "",
                &ringwarden::domain::audit::RequestedBy::default(),
            )
            .await;
        assert!(taken.unwrap().was_known);
        assert_folded(store.as_ref(), &one.index, about, &model).await;
    }
    one.services.reports.submit(said(about, 5, 1_000)).await.unwrap();
    assert_folded(store.as_ref(), &one.index, about, &model).await;
}

#[tokio::test]
async fn in_memory() {
    history_of_a_number(memory()).await;
}

#[tokio::test]
async fn in_the_embedded_store() {
    history_of_a_number(Embedded::fresh().await.open(evidence_version()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_redis() {
    let place = Redis::fresh().await;
    history_of_a_number(place.open(evidence_version()).await).await;
}

/// Two instances report the same number in turns; neither has the table of the other in memory.
#[tokio::test]
async fn two_instances_share_a_table() {
    let store = memory();
    let one = Instance::over(store.clone(), Clock::manual(noon())).await;
    let other = Instance::over(store.clone(), Clock::manual(noon())).await;
    let about = number(9);
    submit_all(&one, (0..400).map(|n| said(about, n, n)).collect()).await;
    for n in 400..440 {
        let writer = if n % 2 == 0 { &one } else { &other };
        writer
            .services
            .reports
            .submit(said(about, n * 7 % 500, n))
            .await
            .unwrap();
    }
    other.follower.sweep().await;
    assert_folded(store.as_ref(), &other.index, about, &FoldModel::DEFAULT).await;
}

/// A migration builds the tables of more numbers of one shard than one commit can hold.
#[tokio::test]
async fn a_migration_rebuilds_many_tables() {
    let store = memory();
    let one = Instance::over(store.clone(), Clock::manual(noon())).await;
    let numbers: Vec<E164> = (0..20).map(number).collect();
    let mut reports = Vec::new();
    for about in &numbers {
        reports.extend((0..260).map(|n| said(*about, n, n)));
    }
    let settings = ServiceSettings::default();
    submit_all(&one, reports).await;
    drop(one);

    let mut model = ScoreModel::default();
    model.fold.short_days = 4.0;
    let fold = model.fold;
    let index = Arc::new(Index::new(Arc::new(model)));
    let (clock, metrics) = (Clock::manual(noon()), Metrics::new());
    let follower = Follower::new(store.clone(), index.clone(), clock.clone(), metrics.clone());
    let foundations = Foundations {
        store: store.clone(),
        follower: Arc::new(follower),
        clock,
        metrics,
    };
    foundations.follower.bootstrap().await.unwrap();
    let services = Services::new(foundations, settings);
    assert_eq!(services.migrate().await.unwrap(), 20);
    for about in numbers {
        assert_folded(store.as_ref(), &index, about, &fold).await;
    }
}
