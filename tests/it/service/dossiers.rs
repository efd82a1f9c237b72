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

#[tokio::test]
async fn score_and_counts_are_not_older_than_the_version_shown() {
    let store = memory();
    let clock = Clock::manual(noon());
    let (one, two) = (
        Instance::over(Arc::clone(&store), clock.clone()).await,
        Instance::over(store, clock).await,
    );
    submit(&one, reports(0, 1)).await;
    two.follower.sweep().await;
    let wanted = NewReport {
        not_spam: true,
        ..report(NUMBER, "wanted", noon())
    };
    submit(&one, vec![Ok(wanted)]).await;
    submit(&one, reports(1, 3)).await;
    let dossier_of = async |instance: &Instance| {
        let dossier = instance.services.numbers.dossier(NUMBER, None).await.unwrap();
        let counts = (dossier.facts.report_count, dossier.not_spam_count);
        (dossier.version, counts, dossier.score.verdict.value)
    };
    let of_writer = dossier_of(&one).await;
    assert_eq!(of_writer.1, (3, 1));
    assert_eq!(
        dossier_of(&two).await,
        of_writer,
        "the second instance has not swept since"
    );
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
