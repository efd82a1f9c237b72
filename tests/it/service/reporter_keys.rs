//! A new key of reporter hashes: reporters who are known stay known, with their quota, their trust and their evidence.

use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::codec;
use ringwarden::domain::audit::RequestedBy;
use ringwarden::domain::ids::{ReporterHash, ReporterKeyId, RequestId};
use ringwarden::domain::quota::Quotas;
use ringwarden::domain::state::{NumberState, Submitted, Withdrawal};
use ringwarden::domain::tenant::TenantId;
use ringwarden::number::E164;
use ringwarden::service::{PageRequest, Quota, ReporterKeyRing, ServiceError, ServiceSettings};
use ringwarden::store::{RecordKey, Store, StoredKey};

use super::{NUMBER, instance, memory};
use crate::support::instance::{Instance, noon, number, report_of};

fn ring(lines: &[&str]) -> Option<ReporterKeyRing> {
    let line = |line: &&str| match *line {
        "store" => "store\n".to_owned(),
        digits => digits.repeat(32) + "\n",
    };
    Some(ReporterKeyRing::parse(&lines.iter().map(line).collect::<String>()).unwrap())
}

async fn submit(one: &Instance, reporter: &str, number: &str, id: &str) -> Result<Submitted, ServiceError> {
    let outcome = one
        .services
        .reports
        .submit(report_of(reporter, number, id, noon()))
        .await;
    outcome.map(|outcome| outcome.submitted)
}

/// How many reports of a number count: of each reporter, one.
async fn counted(one: &Instance, number: &str) -> usize {
    let page = &PageRequest::default();
    let list = one.services.reports.list(number, None, false, page).await.unwrap();
    assert!(list.next_page_token.is_empty());
    list.reports.iter().filter(|report| !report.superseded).count()
}

/// The reporters in the reporter table of a number.
async fn in_table(store: &dyn Store) -> u32 {
    let number: E164 = NUMBER.parse().unwrap();
    let key = StoredKey::Record(RecordKey::of::<NumberState>(TenantId::DEFAULT, &number));
    let stored = store.read(&[key]).await.unwrap().pop().flatten().unwrap();
    let state = codec::number::decode(&stored.bytes).unwrap();
    state.reporter_table.unwrap().reporters
}

/// The hashes of the reporters of the reports of a number.
async fn reporters(one: &Instance, number: &str) -> Vec<ReporterHash> {
    let page = &PageRequest::default();
    let list = one.services.reports.list(number, None, true, page).await.unwrap();
    list.reports
        .iter()
        .filter_map(|report| report.row.body.reporter)
        .collect()
}

#[tokio::test]
async fn a_known_reporter_is_the_same_under_a_new_key() {
    let one = instance().await;
    let daily = u64::from(Quotas::DEFAULT.reporter_daily.unwrap());
    assert_eq!(submit(&one, "alice", NUMBER, "a-1").await.unwrap(), Submitted::Accepted);
    for n in 2..daily {
        submit(&one, "alice", &number(n).to_string(), &format!("a-{n}"))
            .await
            .unwrap();
    }
    one.services.replace_reporter_keys(ring(&["01"]));
    // The same report is known, and a further one on the same number replaces it.
    assert_eq!(
        submit(&one, "alice", NUMBER, "a-1").await.unwrap(),
        Submitted::AlreadyKnown
    );
    assert_eq!(submit(&one, "alice", NUMBER, "a-x").await.unwrap(), Submitted::Accepted);
    assert_eq!(counted(&one, NUMBER).await, 1, "alice counts once");
    let over = submit(&one, "alice", &number(99).to_string(), "a-99")
        .await
        .unwrap_err();
    assert!(
        matches!(
            over,
            ServiceError::QuotaExceeded {
                quota: Quota::Reporter,
                ..
            }
        ),
        "{over:?}"
    );

    // A new reporter has the new key, and keeps it when there is a newer one.
    assert_eq!(submit(&one, "bob", NUMBER, "b-1").await.unwrap(), Submitted::Accepted);
    one.services.replace_reporter_keys(ring(&["02", "01"]));
    assert_eq!(
        submit(&one, "bob", NUMBER, "b-1").await.unwrap(),
        Submitted::AlreadyKnown
    );
    assert_eq!(submit(&one, "bob", NUMBER, "b-2").await.unwrap(), Submitted::Accepted);
    assert_eq!(submit(&one, "carol", NUMBER, "c-1").await.unwrap(), Submitted::Accepted);
    assert_eq!(counted(&one, NUMBER).await, 3);
    let mut keys: Vec<ReporterKeyId> = reporters(&one, NUMBER).await.iter().map(|hash| hash.key()).collect();
    keys.sort_unstable();
    assert_eq!(
        keys.iter().filter(|key| **key == ReporterKeyId::OF_STORE).count(),
        2,
        "{keys:?}"
    );
    keys.dedup();
    assert_eq!(keys.len(), 3, "{keys:?}");
}

#[tokio::test]
async fn reports_of_a_reporter_are_found_and_withdrawn_after_a_rotation() {
    let one = instance().await;
    submit(&one, "alice", NUMBER, "a-1").await.unwrap();
    submit(&one, "bob", NUMBER, "b-1").await.unwrap();
    one.services.replace_reporter_keys(ring(&["01"]));
    submit(&one, "alice", &number(7).to_string(), "a-2").await.unwrap();
    submit(&one, "carol", NUMBER, "c-1").await.unwrap();
    let list = one
        .services
        .reports
        .of_reporter("alice", false, &PageRequest::default())
        .await;
    assert_eq!(list.unwrap().reports.len(), 2);
    for (name, reports) in [("alice", 2), ("carol", 1), ("nobody", 0)] {
        let all = Withdrawal::Reporter(one.services.reports.reporter_hash(name).await.unwrap());
        let request = RequestId::parse(&format!("w-{name}")).unwrap();
        let taken = one
            .services
            .reports
            .withdraw_all(&all, &request, "", &RequestedBy::default())
            .await;
        assert_eq!(taken.unwrap().reports, reports, "{name}");
    }
    assert_eq!(one.count(NUMBER), 1, "that of bob is left");
}

/// A new key is first made known to all instances, and then used.
#[tokio::test]
async fn instances_agree_while_a_new_key_is_introduced() {
    let store = memory();
    let of = async |lines: &[&str]| {
        let settings = ServiceSettings {
            reporter_keys: ring(lines),
            ..ServiceSettings::default()
        };
        let one = Instance::unloaded_by(Arc::clone(&store), Clock::manual(noon()), settings);
        one.follower.bootstrap().await.unwrap();
        one
    };
    let (early, late) = (of(&["01", "store"]).await, of(&["store", "01"]).await);
    for (nth, name) in ["alice", "bob"].into_iter().enumerate() {
        let (first, second) = if nth == 0 { (&early, &late) } else { (&late, &early) };
        submit(first, name, NUMBER, &format!("{name}-1")).await.unwrap();
        submit(second, name, NUMBER, &format!("{name}-2")).await.unwrap();
        assert_eq!(
            first.services.reports.reporter_hash(name).await.unwrap(),
            second.services.reports.reporter_hash(name).await.unwrap()
        );
        assert_eq!(counted(second, NUMBER).await, nth + 1);
    }
}

/// A number with a reporter table: its parts hold copies of rows, with the keys of their reporters.
#[tokio::test]
async fn a_number_with_many_reporters_counts_each_once() {
    let store = memory();
    let one = Instance::over(Arc::clone(&store), Clock::manual(noon())).await;
    let batch = |names: std::ops::Range<u32>, round: &str| {
        let report = |n: u32| {
            Ok(report_of(
                &format!("reporter-{n}"),
                NUMBER,
                &format!("{round}-{n}"),
                noon(),
            ))
        };
        names.map(report).collect::<Vec<_>>()
    };
    for outcome in one.services.reports.submit_all(batch(0..300, "first")).await {
        outcome.unwrap();
    }
    one.services.replace_reporter_keys(ring(&["01"]));
    for outcome in one.services.reports.submit_all(batch(200..400, "second")).await {
        outcome.unwrap();
    }
    assert_eq!(in_table(store.as_ref()).await, 400);
    one.services.replace_reporter_keys(ring(&["02", "01"]));
    for outcome in one.services.reports.submit_all(batch(0..400, "third")).await {
        outcome.unwrap();
    }
    assert_eq!(in_table(store.as_ref()).await, 400);
    // Without the key, its reporters are strangers.
    one.services.replace_reporter_keys(None);
    submit(&one, "reporter-399", NUMBER, "fourth").await.unwrap();
    assert_eq!(in_table(store.as_ref()).await, 401);
}
