//! Pages of the reports of a number, while other reports arrive and split its buckets: no report is missing, and none
//! comes twice.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::service::{NewReport, PageRequest, ServiceError};
use ringwarden::store::Store;
use tokio::task::JoinSet;

use super::{NUMBER, memory};
use crate::support::backends::{Embedded, Place};
use crate::support::instance::{Instance, evidence_version, noon, report};
use crate::support::overtaken::Overtaken;
use crate::support::redis_backend::Redis;

/// The reports of these places, each of a call one millisecond after the one before.
fn reports(from: usize, to: usize) -> Vec<Result<NewReport, ServiceError>> {
    let at = |place: usize| noon().plus(Duration::from_millis(place as u64));
    (from..to)
        .map(|place| Ok(report(NUMBER, &format!("r{place}"), at(place))))
        .collect()
}

async fn submit(instance: &Instance, from: usize, to: usize) {
    for outcome in instance.services.reports.submit_all(reports(from, to)).await {
        outcome.unwrap();
    }
}

/// The ids of all pages, in their order. `between` runs before each page but the first.
async fn walk(instance: &Instance, size: u32, mut between: impl AsyncFnMut()) -> Vec<String> {
    let (mut ids, mut page) = (
        Vec::new(),
        PageRequest {
            size,
            token: String::new(),
        },
    );
    loop {
        let list = instance
            .services
            .reports
            .list(NUMBER, None, false, &page)
            .await
            .unwrap();
        ids.extend(list.reports.iter().map(|report| report.row.id.as_str().to_owned()));
        if list.next_page_token.is_empty() {
            return ids;
        }
        page.token = list.next_page_token;
        between().await;
    }
}

/// Checks that these ids hold each of the first `known` reports once, and no report twice.
fn assert_whole(ids: &[String], known: usize) {
    let distinct: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(distinct.len(), ids.len(), "a report comes twice");
    let missing: Vec<usize> = (0..known)
        .filter(|place| !distinct.contains(format!("r{place}").as_str()))
        .collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
}

/// Each page follows on a split, of one bucket or of many.
#[tokio::test]
async fn pages_go_on_where_they_ended_after_any_split() {
    for step in [1, 32, 33, 500] {
        let one = Instance::over(memory(), Clock::manual(noon())).await;
        submit(&one, 0, 300).await;
        let mut next = 300;
        let ids = walk(&one, 7, async || {
            submit(&one, next, next + step).await;
            next += step;
        })
        .await;
        assert_whole(&ids, 300);
        // Later calls are on earlier pages, so each page is older than the one before.
        let wanted: Vec<String> = (0..300).rev().map(|place| format!("r{place}")).collect();
        assert_eq!(ids, wanted);
    }
}

/// Between the reads of the record and of the rows, more buckets are split off than are read in advance.
#[tokio::test]
async fn a_large_batch_in_the_middle_of_a_read_hides_nothing() {
    for (before, during) in [(0, 40), (1, 33), (96, 32), (96, 1_000), (1_000, 5_000)] {
        let store = memory();
        let overtaken = Arc::new(Overtaken::new(Arc::clone(&store)));
        let clock = Clock::manual(noon());
        let one = Instance::over(Arc::<Overtaken>::clone(&overtaken), clock.clone()).await;
        let other = Arc::new(Instance::over(store, clock).await);
        submit(&other, 0, before).await;
        let writer = Arc::clone(&other);
        let must_run = overtaken.after_next_read(async move {
            for from in (before..before + during).step_by(1_000) {
                submit(&writer, from, (from + 1_000).min(before + during)).await;
            }
        });
        let page = PageRequest {
            size: 1_000,
            token: String::new(),
        };
        let list = one.services.reports.list(NUMBER, None, false, &page).await.unwrap();
        drop(must_run);
        assert_eq!(
            list.reports.len(),
            (before + during).min(1_000),
            "{before} and {during}"
        );
        let ids = walk(&one, 1_000, async || {}).await;
        assert_whole(&ids, before + during);
    }
}

/// Readers and a writer at the same time, on this store.
async fn read_while_reports_arrive(writing: Arc<dyn Store>, reading: Arc<dyn Store>) {
    const ALL: usize = 1_200;
    let same = Arc::ptr_eq(&writing, &reading);
    let clock = Clock::manual(noon());
    let writer = Arc::new(Instance::over(writing, clock.clone()).await);
    let reader = if same {
        Arc::clone(&writer)
    } else {
        Arc::new(Instance::over(reading, clock).await)
    };
    submit(&writer, 0, 100).await;
    let acknowledged = Arc::new(AtomicUsize::new(100));
    let mut writes = JoinSet::new();
    let progress = Arc::clone(&acknowledged);
    writes.spawn(async move {
        for from in (100..ALL).step_by(20) {
            submit(&writer, from, from + 20).await;
            progress.store(from + 20, Ordering::Release);
        }
    });
    while acknowledged.load(Ordering::Acquire) < ALL {
        let known = acknowledged.load(Ordering::Acquire);
        let ids = walk(&reader, 400, async || {}).await;
        assert_whole(&ids, known);
        let dossier = reader.services.numbers.dossier(NUMBER, None).await.unwrap();
        assert!(dossier.categories.values().sum::<u32>() as usize >= known);
        if let Some(ended) = writes.try_join_next() {
            ended.unwrap();
        }
    }
    assert_whole(&walk(&reader, 400, async || {}).await, ALL);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_are_read_while_others_arrive() {
    let store = memory();
    read_while_reports_arrive(Arc::clone(&store), store).await;
    let place = Embedded::fresh().await;
    let store = place.open(evidence_version()).await;
    read_while_reports_arrive(Arc::clone(&store), store).await;
    let place = Redis::fresh().await;
    let (writing, reading) = (
        place.open(evidence_version()).await,
        place.open(evidence_version()).await,
    );
    read_while_reports_arrive(writing, reading).await;
}
