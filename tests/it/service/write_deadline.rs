//! Mutations over a store that is slow or loses its answers: the answer comes in time, and a retry completes the
//! mutation.

use std::sync::Arc;
use std::time::Duration;

use crate::support::flaky::{Fault, Flaky};
use crate::support::instance::{Instance, evidence_version, mutation, noon, number, report};
use ringwarden::clock::Clock;
use ringwarden::domain::kinds::{CaseStatus, Category, Source};
use ringwarden::domain::state::Submitted;
use ringwarden::service::{NewCase, ServiceError};
use ringwarden::store::memory::MemoryStore;
use tokio::time::Instant;

const NUMBER: &str = "+13152328257";
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);

async fn instance() -> (Instance, Arc<Flaky>) {
    let memory = MemoryStore::new(evidence_version()).unwrap();
    let flaky = Arc::new(Flaky::new(Arc::new(memory)));
    let instance = Instance::over(Arc::clone(&flaky) as _, Clock::manual(noon())).await;
    (instance, flaky)
}

fn slow(millis: u64) -> Option<Fault> {
    Some(Fault::Slow(Duration::from_millis(millis)))
}

fn case() -> NewCase {
    NewCase {
        id: None,
        title: "A pop-up with a number".to_owned(),
        category: Category::TechSupportScam,
        brand: None,
        summary: String::new(),
        status: CaseStatus::Open,
        agency: String::new(),
        agency_reference: String::new(),
        source: Source::Analyst,
        last_evidence_at: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_report_whose_number_cannot_be_read_in_time_is_not_written() {
    let (one, flaky) = instance().await;
    flaky.always(slow(2_500));
    let began = Instant::now();
    let answer = one.services.reports.submit(report(NUMBER, "r1", noon())).await;
    assert!(matches!(answer, Err(ServiceError::StoreUnavailable)), "{answer:?}");
    assert_eq!(began.elapsed(), WRITE_TIMEOUT);
    flaky.always(None);
    let again = one.services.reports.submit(report(NUMBER, "r1", noon())).await.unwrap();
    assert_eq!(again.submitted, Submitted::Accepted);
}

#[tokio::test(start_paused = true)]
async fn a_report_that_is_not_acknowledged_in_time_is_of_unknown_outcome() {
    let (one, flaky) = instance().await;
    flaky.always(slow(1_500));
    let began = Instant::now();
    let answer = one.services.reports.submit(report(NUMBER, "r1", noon())).await;
    assert!(matches!(answer, Err(ServiceError::OutcomeUnknown)), "{answer:?}");
    assert_eq!(began.elapsed(), WRITE_TIMEOUT);
    flaky.always(None);
    one.services.reports.submit(report(NUMBER, "r1", noon())).await.unwrap();
    assert_eq!(one.count(NUMBER), 1);
}

/// Waiting for those before it counts too: none of many reports of one number takes longer than one.
#[tokio::test(start_paused = true)]
async fn reports_that_wait_for_each_other_are_answered_in_time() {
    let (one, flaky) = instance().await;
    flaky.always(slow(900));
    let began = Instant::now();
    let withdrawals = (0..5).map(|n| {
        let id = ringwarden::domain::ids::ReportId::parse(&format!("r{n}")).unwrap();
        let services = Arc::clone(&one.services);
        async move {
            services
                .reports
                .withdraw(
                    NUMBER,
                    None,
                    &id,
                    "",
                    &ringwarden::domain::audit::RequestedBy::default(),
                )
                .await
        }
    });
    let answers = futures_util::future::join_all(withdrawals).await;
    assert_eq!(began.elapsed(), WRITE_TIMEOUT);
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
}

#[tokio::test(start_paused = true)]
async fn a_large_batch_may_take_longer() {
    let (one, flaky) = instance().await;
    flaky.always(slow(2_500));
    let reports = (0..2_000).map(|n| Ok(report(&number(n).to_string(), "r1", noon())));
    let outcomes = one.services.reports.submit_all(reports.collect()).await;
    assert!(outcomes.iter().all(Result::is_ok));
    let began = Instant::now();
    flaky.always(slow(10_000));
    let reports = (0..2_000).map(|n| Ok(report(&number(n).to_string(), "r2", noon())));
    let outcomes = one.services.reports.submit_all(reports.collect()).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Err(ServiceError::StoreUnavailable)))
    );
    assert_eq!(began.elapsed(), 3 * WRITE_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn a_case_is_changed_in_time_or_not_at_all() {
    let (one, flaky) = instance().await;
    let began = Instant::now();
    flaky.always(slow(2_500));
    let unread = one.services.cases.create(&case(), &mutation("m1")).await;
    assert!(matches!(unread, Err(ServiceError::StoreUnavailable)), "{unread:?}");
    flaky.always(slow(450)); // the fifth call is the commit of the case
    let unknown = one.services.cases.create(&case(), &mutation("m1")).await;
    assert!(matches!(unknown, Err(ServiceError::OutcomeUnknown)), "{unknown:?}");
    assert_eq!(began.elapsed(), 2 * WRITE_TIMEOUT);
}

/// The follower has not run between the lost answer and the retry, as if the notification was lost too.
#[tokio::test]
async fn a_retry_updates_the_index() {
    let (one, flaky) = instance().await;
    flaky.once(Fault::Slow(Duration::ZERO));
    flaky.once(Fault::LostAnswer);
    let lost = one.services.reports.submit(report(NUMBER, "r1", noon())).await;
    assert!(matches!(lost, Err(ServiceError::OutcomeUnknown)), "{lost:?}");
    let again = one.services.reports.submit(report(NUMBER, "r1", noon())).await.unwrap();
    assert_eq!(again.submitted, Submitted::AlreadyKnown);
    assert_eq!(one.count(NUMBER), 1);

    flaky.once(Fault::Slow(Duration::ZERO));
    flaky.once(Fault::LostAnswer);
    let lost = one.services.cases.create(&case(), &mutation("m1")).await;
    assert!(matches!(lost, Err(ServiceError::OutcomeUnknown)), "{lost:?}");
    let again = one.services.cases.create(&case(), &mutation("m1")).await.unwrap();
    assert_eq!(*again.case.title, *case().title);
}

/// A store in the place of another has no record of a number. That does not mean that the number is unknown.
#[tokio::test]
async fn reports_are_not_listed_from_another_store() {
    let (one, flaky) = instance().await;
    one.services.reports.submit(report(NUMBER, "r1", noon())).await.unwrap();
    flaky.once(Fault::Slow(Duration::ZERO));
    flaky.once(Fault::Foreign);
    let page = ringwarden::service::PageRequest::default();
    let list = one.services.reports.list(NUMBER, None, false, &page).await;
    assert!(matches!(list, Err(ServiceError::StoreUnavailable)), "{list:?}");
    assert_eq!(
        one.services
            .reports
            .list(NUMBER, None, false, &page)
            .await
            .unwrap()
            .reports
            .len(),
        1
    );
}
