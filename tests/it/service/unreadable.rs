//! A record or a bucket that this release cannot read: it stops the changes that need it, and no others.

use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::service::{NewReport, ServiceError};
use ringwarden::store::Store;

use super::memory;
use crate::support::commits::{bucket, commit, get_number, number_key, put, write};
use crate::support::instance::{Instance, noon, number, report};

/// A value of a major version that no release has written.
const NEWER: &[u8] = &[250, 1, 2, 3];

/// Numbers 1 and 2, which share a shard, with so many reports each.
async fn two_numbers(reports_of_each: usize) -> (Arc<dyn Store>, Instance) {
    let store = memory();
    let one = Instance::over(Arc::clone(&store), Clock::manual(noon())).await;
    let reports = (0..reports_of_each).flat_map(|n| [new(1, &format!("old-{n}")), new(2, &format!("old-{n}"))]);
    for outcome in one.services.reports.submit_all(reports.collect()).await {
        outcome.unwrap();
    }
    (store, one)
}

fn new(n: u64, id: &str) -> Result<NewReport, ServiceError> {
    Ok(report(&number(n).to_string(), &format!("{n}-{id}"), noon()))
}

async fn assert_only_the_first_is_refused(one: &Instance, reports: Vec<Result<NewReport, ServiceError>>, of_each: u32) {
    let of_first = reports.len() / 2;
    let outcomes = one.services.reports.submit_all(reports).await;
    let (first, second) = outcomes.split_at(of_first);
    let is_refused = |outcome: &Result<_, ServiceError>| matches!(outcome, Err(ServiceError::Internal));
    assert!(first.iter().all(is_refused), "{first:?}");
    assert!(second.iter().all(Result::is_ok), "{second:?}");
    let (first, second) = (number(1).to_string(), number(2).to_string());
    let added = u32::try_from(of_first).unwrap();
    assert_eq!((one.count(&first), one.count(&second)), (of_each, of_each + added));
    let numbers = &one.services.numbers;
    let dossier = numbers.dossier(&first, None).await;
    assert!(matches!(dossier, Err(ServiceError::Internal)), "{dossier:?}");
    assert!(numbers.dossier(&second, None).await.is_ok());
}

#[tokio::test]
async fn an_unreadable_bucket_refuses_the_reports_of_its_number_only() {
    let (store, one) = two_numbers(1).await;
    let damaged = bucket(number(1), 0, Some(NEWER));
    put(&store, commit(vec![], vec![damaged])).await.unwrap();
    assert_only_the_first_is_refused(&one, vec![new(1, "new"), new(2, "new")], 1).await;
}

/// The second bucket is read only after the change has asked for it.
#[tokio::test]
async fn an_unreadable_second_bucket_refuses_the_reports_of_its_number_only() {
    let (store, one) = two_numbers(40).await;
    let damaged = bucket(number(1), 1, Some(NEWER));
    put(&store, commit(vec![], vec![damaged])).await.unwrap();
    // So many that some of them belong to the second bucket. All changes of a number are written together.
    let first = (0..16).map(|n| new(1, &format!("new-{n}")));
    let second = (0..16).map(|n| new(2, &format!("new-{n}")));
    assert_only_the_first_is_refused(&one, first.chain(second).collect(), 40).await;
}

#[tokio::test]
async fn an_unreadable_record_refuses_the_reports_of_its_number_only() {
    let (store, one) = two_numbers(1).await;
    let version = get_number(&store, number(1)).await.map(|stored| stored.version);
    let damaged = write(number_key(number(1)), version, Some(NEWER));
    put(&store, commit(vec![damaged], vec![])).await.unwrap();
    assert_only_the_first_is_refused(&one, vec![new(1, "new"), new(2, "new")], 1).await;
}
