//! What an erasure must not forget: a report that was withdrawn, and a reset.

use std::sync::Arc;
use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::domain::audit::RequestedBy;
use ringwarden::domain::ids::ReportId;
use ringwarden::domain::retention::KeptSince;
use ringwarden::domain::state::Submitted;
use ringwarden::domain::time::Timestamp;
use ringwarden::service::NewReport;
use ringwarden::store::{RecordKind, ScanTable, Shard, Store};

use super::erasure::{OTHER, erase, erased_number, traces_in};
use super::{NUMBER, memory};
use crate::support::commits::scan_all;
use crate::support::instance::{Instance, mutation, noon, report, report_of};

const DAY: Duration = Duration::from_secs(86_400);

async fn over(store: &Arc<dyn Store>, clock: &Clock) -> Instance {
    Instance::over(Arc::clone(store), clock.clone()).await
}

async fn submit(one: &Instance, report: NewReport) -> Submitted {
    one.services.reports.submit(report).await.unwrap().submitted
}

async fn withdraw(one: &Instance, number: &str, id: &str) {
    let id = ReportId::parse(id).unwrap();
    let by = RequestedBy::default();
    let reports = &one.services.reports;
    reports.withdraw(number, None, &id, "", &by).await.unwrap();
}

fn before_the_reset(id: &str) -> NewReport {
    report(NUMBER, id, noon())
}

fn after_the_reset(id: &str) -> NewReport {
    report(NUMBER, id, noon().plus(DAY))
}

/// A number that was reset, with a withdrawn report, one that was withdrawn before it arrived, and one that counts; erased.
async fn erased(store: &Arc<dyn Store>, clock: &Clock) -> Instance {
    let one = over(store, clock).await;
    submit(&one, before_the_reset("r0")).await;
    clock.advance(DAY);
    let request = mutation("reset");
    let reset = one.services.numbers.reset(NUMBER, None, None, "a new owner", &request);
    reset.await.unwrap();
    submit(&one, report_of("alice", NUMBER, "r1", noon().plus(DAY))).await;
    submit(&one, after_the_reset("r2")).await;
    withdraw(&one, NUMBER, "r1").await;
    withdraw(&one, NUMBER, "r9").await;
    erase(&one, "erase", false).await.unwrap();
    one
}

#[tokio::test]
async fn what_was_withdrawn_or_reset_before_an_erasure_does_not_count_after_it() {
    let (store, clock) = (memory(), Clock::manual(noon()));
    let one = erased(&store, &clock).await;
    assert_eq!(traces_in(&store).await, Vec::<String>::new());
    // Another instance, and one that starts later, know it too.
    let two = over(&store, &clock).await;
    for instance in [&one, &two] {
        instance.follower.sweep().await;
        for id in ["r1", "r9"] {
            assert_eq!(
                submit(instance, after_the_reset(id)).await,
                Submitted::Withdrawn,
                "{id}"
            );
        }
        assert_eq!(submit(instance, before_the_reset("r0")).await, Submitted::BeforeReset);
        assert!(
            instance.index.record(erased_number()).is_none(),
            "nothing is stored of it"
        );
    }
    // Other reports count, and then the withdrawn ones still do not.
    assert_eq!(submit(&one, after_the_reset("r2")).await, Submitted::Accepted);
    assert_eq!(submit(&one, after_the_reset("r3")).await, Submitted::Accepted);
    assert_eq!(submit(&one, after_the_reset("r1")).await, Submitted::Withdrawn);
    assert_eq!(one.count(NUMBER), 2);
    // A correction brings a withdrawn report back, as before the erasure.
    let corrected = NewReport {
        revision: 1,
        ..after_the_reset("r1")
    };
    assert_eq!(submit(&one, corrected).await, Submitted::Accepted);
    assert_eq!(one.count(NUMBER), 3);
    // The same id on another number is another report.
    assert_eq!(submit(&one, report(OTHER, "r1", noon())).await, Submitted::Accepted);
}

#[tokio::test]
async fn a_second_erasure_keeps_what_the_first_one_kept() {
    let (store, clock) = (memory(), Clock::manual(noon()));
    let one = erased(&store, &clock).await;
    submit(&one, after_the_reset("r4")).await;
    withdraw(&one, NUMBER, "r4").await;
    erase(&one, "again", false).await.unwrap();
    for id in ["r1", "r4", "r9"] {
        assert_eq!(submit(&one, after_the_reset(id)).await, Submitted::Withdrawn, "{id}");
    }
    assert_eq!(submit(&one, before_the_reset("r0")).await, Submitted::BeforeReset);
    assert_eq!(traces_in(&store).await, Vec::<String>::new());
}

async fn remembered(store: &Arc<dyn Store>) -> usize {
    let mut found = 0;
    for shard in Shard::all() {
        let table = ScanTable::Records(RecordKind::ErasedNumber);
        found += scan_all(store, shard, table, 100).await.len();
    }
    found
}

#[tokio::test]
async fn it_is_forgotten_when_the_reports_would_be_and_only_what_is_needed_is_kept() {
    let (store, clock) = (memory(), Clock::manual(noon()));
    let one = over(&store, &clock).await;
    submit(&one, before_the_reset("r0")).await;
    erase(&one, "first", false).await.unwrap();
    assert_eq!(remembered(&store).await, 0, "nothing was withdrawn");
    let one = erased(&store, &clock).await;
    assert_eq!(remembered(&store).await, 1);
    let shards: Vec<Shard> = Shard::all().collect();
    let expire = async |since: Timestamp| {
        let kept = KeptSince {
            reports: Some(since),
            texts: None,
        };
        let (_, ended) = one.services.reports.expire(&shards, &kept).await;
        ended.unwrap();
    };
    expire(noon()).await;
    assert_eq!(submit(&one, after_the_reset("r1")).await, Submitted::Withdrawn);
    expire(noon().plus(DAY * 2)).await;
    assert_eq!(remembered(&store).await, 0);
    assert_eq!(submit(&one, after_the_reset("r1")).await, Submitted::Accepted);
}
