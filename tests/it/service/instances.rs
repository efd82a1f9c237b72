//! Several instances on one store, and a store that fails.

use std::sync::Arc;
use std::time::Duration;

use ringwarden::clock::{Clock, monotonic};
use ringwarden::domain::state::Submitted;
use ringwarden::index::StoreState;
use ringwarden::service::ServiceError;

use super::{NUMBER, memory};
use crate::support::flaky::{Fault, Flaky};
use crate::support::instance::{Instance, noon, number, report};

#[tokio::test]
async fn two_instances_on_one_store_see_each_others_writes() {
    let store = memory();
    let clock = Clock::manual(noon());
    let (one, two) = (
        Instance::over(Arc::clone(&store), clock.clone()).await,
        Instance::over(store, clock).await,
    );
    for n in 0..40 {
        let writer = if n % 2 == 0 { &one } else { &two };
        writer
            .services
            .reports
            .submit(report(NUMBER, &format!("r{n}"), noon()))
            .await
            .unwrap();
    }
    one.follower.sweep().await;
    two.follower.sweep().await;
    assert_eq!((one.count(NUMBER), two.count(NUMBER)), (40, 40));
    assert!((one.score(NUMBER) - two.score(NUMBER)).abs() < 1e-9);
    let fresh = Instance::over(Arc::new(Flaky::new(memory())), Clock::manual(noon())).await;
    assert_eq!(fresh.count(NUMBER), 0);
}

#[tokio::test]
async fn a_follower_left_far_behind_reloads_and_is_right() {
    let store = memory();
    let clock = Clock::manual(noon());
    let (one, two) = (
        Instance::over(Arc::clone(&store), clock.clone()).await,
        Instance::over(store, clock).await,
    );
    for batch in 0..30 {
        let reports = (0..100)
            .map(|n| Ok(report(&number(n).to_string(), &format!("r{batch}-{n}"), noon())))
            .collect();
        one.services.reports.submit_all(reports).await;
    }
    two.follower.sweep().await;
    assert_eq!(two.count(&number(5).to_string()), 30);
    assert_eq!(two.index.number_count(), one.index.number_count());
}

#[tokio::test]
async fn an_unknown_outcome_is_said_and_a_retry_settles_it() {
    let flaky = Arc::new(Flaky::new(memory()));
    let one = Instance::over(flaky.clone(), Clock::manual(noon())).await;
    // The read is answered; the commit happens and its answer is lost.
    flaky.once(Fault::Slow(Duration::ZERO));
    flaky.once(Fault::LostAnswer);
    let lost = one.services.reports.submit(report(NUMBER, "r1", noon())).await;
    assert!(matches!(lost, Err(ServiceError::OutcomeUnknown)));
    let retried = one.services.reports.submit(report(NUMBER, "r1", noon())).await.unwrap();
    assert_eq!(retried.submitted, Submitted::AlreadyKnown);
    one.follower.sweep().await;
    assert_eq!(one.count(NUMBER), 1);
}

/// What a sweep asks is smaller than a commit: just below the limit of its memory, a store takes the one and not the other.
#[tokio::test]
async fn a_refused_commit_takes_the_store_down_for_writes_and_a_sweep_does_not_forget_it() {
    let flaky = Arc::new(Flaky::new(memory()));
    let one = Instance::over(flaky.clone(), Clock::manual(noon())).await;
    one.services.reports.submit(report(NUMBER, "r1", noon())).await.unwrap();
    // The reads are answered, and a commit is refused.
    flaky.once(Fault::Slow(Duration::ZERO));
    flaky.once(Fault::Full);
    let refused = one.services.reports.submit(report(NUMBER, "r2", noon())).await;
    assert!(matches!(refused, Err(ServiceError::StoreUnavailable)), "{refused:?}");
    for _ in 0..2 {
        let freshness = one.follower.freshness();
        assert_eq!(freshness.store(), StoreState::ReadOnly);
        assert!(!freshness.is_stale(), "nobody can write");
        let text = one.services.metrics().render(monotonic());
        assert!(text.contains("\nringwarden_store_up 0\n"));
        let asked = flaky.keys_read();
        let refused = one.services.reports.submit(report(NUMBER, "r2", noon())).await;
        assert!(matches!(refused, Err(ServiceError::StoreUnavailable)), "{refused:?}");
        assert_eq!(flaky.keys_read(), asked, "it is refused at once");
        one.follower.sweep().await;
    }
}

#[tokio::test]
async fn an_outage_stops_writes_and_nothing_else() {
    let flaky = Arc::new(Flaky::new(memory()));
    let one = Instance::over(flaky.clone(), Clock::manual(noon())).await;
    one.services.reports.submit(report(NUMBER, "r1", noon())).await.unwrap();
    for (fault, wanted) in [(Fault::Unavailable, "Down"), (Fault::Foreign, "Foreign")] {
        flaky.always(Some(fault));
        one.follower.sweep().await;
        assert_eq!(format!("{:?}", one.follower.freshness().store()), wanted);
        assert!(matches!(
            one.services.reports.submit(report(NUMBER, "r2", noon())).await,
            Err(ServiceError::StoreUnavailable)
        ));
        assert_eq!(one.count(NUMBER), 1, "lookups are answered from memory");
        flaky.always(None);
        one.follower.sweep().await;
    }
    one.services.reports.submit(report(NUMBER, "r2", noon())).await.unwrap();
    assert_eq!(one.count(NUMBER), 2);
}
