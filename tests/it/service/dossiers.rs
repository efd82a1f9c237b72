//! Dossiers beside other writers: all parts of a dossier are of one version of the number, or of a later one.

use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::domain::kinds::Category;
use ringwarden::service::{NewReport, PageRequest, ServiceError};

use super::{NUMBER, memory};
use crate::support::instance::{Instance, noon, report};
use crate::support::overtaken::Overtaken;

fn reports(from: usize, to: usize) -> Vec<Result<NewReport, ServiceError>> {
    (from..to)
        .map(|n| Ok(report(NUMBER, &format!("r{n}"), noon())))
        .collect()
}

async fn submit(instance: &Instance, reports: Vec<Result<NewReport, ServiceError>>) {
    for outcome in instance.services.reports.submit_all(reports).await {
        outcome.unwrap();
    }
}

/// The first instance has read the record and the first bucket when the second bucket is split.
#[tokio::test]
async fn no_row_is_missing_if_a_bucket_is_split_meanwhile() {
    let store = memory();
    let overtaken = Arc::new(Overtaken::new(Arc::clone(&store)));
    let clock = Clock::manual(noon());
    let one = Instance::over(Arc::<Overtaken>::clone(&overtaken), clock.clone()).await;
    let other = Arc::new(Instance::over(store, clock).await);
    // Three buckets. The next report splits the second of them into the second and the fourth.
    submit(&other, reports(0, 96)).await;
    let submit_after_next_read = |from: usize, to: usize| {
        let other = Arc::clone(&other);
        overtaken.after_next_read(async move { submit(&other, reports(from, to)).await })
    };

    let must_run = submit_after_next_read(96, 128);
    let dossier = one.services.numbers.dossier(NUMBER, None).await.unwrap();
    drop(must_run);
    assert_eq!(dossier.categories.get(&Category::TechSupportScam), Some(&128));

    // The fifth bucket is split off the first, which is read with the record; then again the second is split.
    submit(&other, reports(128, 160)).await;
    let _must_run = submit_after_next_read(160, 192);
    let page = PageRequest {
        size: 1_000,
        ..PageRequest::default()
    };
    let list = one.services.reports.list(NUMBER, None, true, &page).await.unwrap();
    assert_eq!(list.reports.len(), 192);
}
