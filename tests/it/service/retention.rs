//! Reports and comments that are too old are dropped, in every store and on every instance, and nothing else is.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ringwarden::clock::Clock;
use ringwarden::domain::kinds::StatusKind;
use ringwarden::domain::retention::{Expired, KeptSince};
use ringwarden::domain::state::NumberState;
use ringwarden::domain::tenant::TenantId;
use ringwarden::domain::time::Timestamp;
use ringwarden::number::E164;
use ringwarden::service::{NewReport, ServiceError, StatusInput};
use ringwarden::store::{BucketKey, BucketWrite, RecordKey, Shard, ShardCommit, Store, StoredKey};

use super::{InMemory, NUMBER, memory};
use crate::support::backends::{Embedded, Place};
use crate::support::instance::{Instance, evidence_version, mutation, noon, report_of};
use crate::support::redis_backend::Redis;

const DAY: Duration = Duration::from_secs(86_400);
/// A number with old reports and a status.
const BLOCKED: &str = "+14155550142";

async fn submit(one: &Instance, number: &str, id: &str) {
    let said = NewReport {
        comment: Some(format!("comment {id}")),
        ..report_of(&format!("reporter {id}"), number, id, one.clock.now())
    };
    one.services.reports.submit(said).await.unwrap();
}

async fn comments(one: &Instance, number: &str) -> Vec<(String, bool)> {
    let dossier = one.services.numbers.dossier(number, None).await.unwrap();
    let mut found: Vec<_> = dossier
        .latest
        .iter()
        .map(|stored| (stored.row.id.as_str().to_owned(), stored.row.body.comment.is_some()))
        .collect();
    found.sort();
    found
}

async fn expire(one: &Instance, reports: Option<Timestamp>, texts: Option<Timestamp>) -> Expired {
    let shards: Vec<Shard> = Shard::all().collect();
    let kept = KeptSince { reports, texts };
    let (expired, ended) = one.services.reports.expire(&shards, &kept).await;
    ended.unwrap();
    expired
}

async fn check_retention(place: &dyn Place) {
    let store: Arc<dyn Store> = place.open(evidence_version()).await;
    let clock = Clock::manual(noon());
    let one = Instance::over(Arc::clone(&store), clock.clone()).await;
    let two = match place.join().await {
        Some(joined) => Some(Instance::over(joined, clock.clone()).await),
        None => None,
    };
    submit(&one, NUMBER, "old").await;
    submit(&one, BLOCKED, "old").await;
    let status = StatusInput {
        kind: StatusKind::Blocked,
        reason: "seen".to_owned(),
        expiry: None,
    };
    one.services
        .numbers
        .set_status(BLOCKED, None, &status, &mutation("set"))
        .await
        .unwrap();
    clock.set(noon().plus(DAY * 400));
    submit(&one, NUMBER, "new").await;
    let since = noon().plus(DAY * 300);

    assert_eq!(expire(&one, None, None).await, Expired::default());
    assert_eq!(expire(&one, Some(noon()), Some(noon())).await, Expired::default());
    let texts = expire(&one, None, Some(since)).await;
    assert_eq!(texts, Expired { reports: 0, texts: 2 });
    let of_number = [("new".to_owned(), true), ("old".to_owned(), false)];
    assert_eq!(comments(&one, NUMBER).await, of_number);
    assert_eq!(one.count(NUMBER), 2, "the reports stay");

    let reports = expire(&one, Some(since), Some(since)).await;
    assert_eq!(reports, Expired { reports: 2, texts: 0 });
    assert_eq!(expire(&one, Some(since), Some(since)).await, Expired::default(), "once");
    for instance in [Some(&one), two.as_ref()].into_iter().flatten() {
        instance.follower.sweep().await;
        assert_eq!(instance.count(NUMBER), 1);
        assert_eq!(instance.count(BLOCKED), 0);
        let (_, record) = instance.index.record(BLOCKED.parse().unwrap()).unwrap();
        assert_eq!((record.rows, record.statuses.all().count()), (0, 1), "the status stays");
    }
    // With its last report, a number of which nothing else is stored goes too.
    let later = noon().plus(DAY * 900);
    assert_eq!(expire(&one, Some(later), None).await.reports, 1);
    for instance in [Some(&one), two.as_ref()].into_iter().flatten() {
        instance.follower.sweep().await;
        assert!(instance.index.record(NUMBER.parse().unwrap()).is_none());
        assert!(instance.index.record(BLOCKED.parse().unwrap()).is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_reports_are_dropped_from_memory() {
    check_retention(&InMemory(memory())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_reports_are_dropped_from_the_embedded_store() {
    check_retention(&Embedded::fresh().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_reports_are_dropped_from_redis() {
    check_retention(&Redis::fresh().await).await;
}

/// Bytes of rows as a newer release writes them.
const NEWER: &[u8] = &[9, 0, 0];

#[tokio::test]
async fn reports_that_cannot_be_read_keep_no_others() {
    let store = memory();
    let clock = Clock::manual(noon());
    let one = Instance::over(Arc::clone(&store), clock.clone()).await;
    submit(&one, BLOCKED, "old").await;
    for n in 0..40 {
        submit(&one, NUMBER, &format!("r{n}")).await; // more than one bucket
    }
    let damaged: E164 = NUMBER.parse().unwrap();
    let key = RecordKey::of::<NumberState>(TenantId::DEFAULT, &damaged);
    let bucket = BucketKey {
        tenant: TenantId::DEFAULT,
        number: damaged,
        bucket: 0,
    };
    let read = store.read(&[StoredKey::Bucket(bucket)]).await.unwrap();
    let bytes = |bytes: &[u8]| Some(Bytes::copy_from_slice(bytes));
    let put = |bytes: Option<Bytes>| ShardCommit {
        buckets: vec![BucketWrite { key: bucket, bytes }],
        ..ShardCommit::empty(key.shard())
    };
    let whole = read[0].as_ref().unwrap().bytes.clone();
    store.commit(vec![put(bytes(NEWER))]).await.remove(0).unwrap();
    clock.set(noon().plus(DAY * 400));
    let shards: Vec<Shard> = Shard::all().collect();
    let kept = KeptSince {
        reports: Some(noon().plus(DAY)),
        texts: None,
    };
    let reports = &one.services.reports;
    let (expired, ended) = reports.expire(&shards, &kept).await;
    assert!(matches!(ended, Err(ServiceError::Internal)), "{ended:?}");
    assert_eq!((expired.reports, one.count(BLOCKED), one.count(NUMBER)), (1, 0, 40));
    store.commit(vec![put(Some(whole))]).await.remove(0).unwrap();
    let (expired, ended) = reports.expire(&shards, &kept).await;
    ended.unwrap();
    assert_eq!((expired.reports, one.count(NUMBER)), (40, 0));
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_is_not_believed_by_any_instance() {
    let store = memory();
    let one = Instance::over(Arc::clone(&store), Clock::manual(noon())).await;
    let two = Instance::over(Arc::clone(&store), Clock::manual(noon())).await;
    submit(&one, NUMBER, "r1").await;
    let believes = async |instance: &Instance, days: u32, is_steady| {
        let shown = noon().plus(DAY * days);
        instance.services.believes_clock(shown, is_steady).await.unwrap()
    };
    // At the first run, the newest change tells the time.
    assert!(!believes(&one, 1_500, false).await);
    assert!(believes(&one, 1, false).await);
    assert!(!believes(&two, 4, false).await);
    assert!(believes(&two, 3, false).await);
    assert!(believes(&one, 0, false).await, "one that is behind");
    assert!(!believes(&one, 6, false).await);
    assert!(believes(&one, 6, true).await, "steady for a day");
    assert!(believes(&two, 8, false).await);
}
