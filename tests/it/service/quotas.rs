//! Quotas of a reporter and of a tenant, over several instances, and the cost of retries.

use std::sync::Arc;
use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::domain::identity::PrincipalId;
use ringwarden::domain::kinds::Source;
use ringwarden::domain::quota::Quotas;
use ringwarden::domain::state::Submitted;
use ringwarden::service::{NewReport, Quota, ReportOutcome, ServiceError};
use ringwarden::store::Store;

use super::{instance, memory};
use crate::support::backends::Place as _;
use crate::support::flaky::{Fault, Flaky};
use crate::support::instance::{Instance, evidence_version, noon, number, report, report_of};
use crate::support::redis_backend::Redis;

const HALF_A_DAY: Duration = Duration::from_secs(43_200);
const DAY: Duration = Duration::from_secs(86_400);

/// Report `n` of a reporter, on a number of its own.
async fn submit(one: &Instance, reporter: &str, n: u64) -> Result<ReportOutcome, ServiceError> {
    let report = report_of(reporter, &number(n).to_string(), &format!("r{n}"), noon());
    one.services.reports.submit(report).await
}

fn is_over(outcome: &Result<ReportOutcome, ServiceError>, whose: Quota) -> bool {
    matches!(outcome, Err(ServiceError::QuotaExceeded { quota, .. }) if *quota == whose)
}

fn is_accepted(outcome: &Result<ReportOutcome, ServiceError>) -> bool {
    matches!(outcome, Ok(outcome) if outcome.submitted == Submitted::Accepted)
}

fn is_known(outcome: &Result<ReportOutcome, ServiceError>) -> bool {
    matches!(outcome, Ok(outcome) if outcome.submitted == Submitted::AlreadyKnown)
}

#[tokio::test]
async fn one_reporter_has_twenty_reports_a_day() {
    let one = instance().await;
    let mut accepted = 0;
    for n in 0..200 {
        let outcome = submit(&one, "alice", n).await;
        accepted += usize::from(is_accepted(&outcome));
        assert!(
            is_accepted(&outcome) || is_over(&outcome, Quota::Reporter),
            "{outcome:?}"
        );
    }
    let rest = (200..1_000).map(|n| Ok(report_of("alice", &number(n).to_string(), &format!("r{n}"), noon())));
    for outcome in one.services.reports.submit_all(rest.collect()).await {
        let Err(ServiceError::QuotaExceeded { quota, retry_after }) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!((quota, retry_after), (Quota::Reporter, HALF_A_DAY));
    }
    assert_eq!(accepted, 20);
    assert_eq!(one.index.number_count(), 20, "what is refused leaves nothing");
    assert!(
        is_accepted(&submit(&one, "bob", 1_000).await),
        "others are not affected"
    );
    one.clock.advance(HALF_A_DAY);
    let reports = (0..50).map(|n| Ok(report_of("alice", &number(n).to_string(), &format!("s{n}"), noon())));
    let outcomes = one.services.reports.submit_all(reports.collect()).await;
    assert_eq!(outcomes.iter().filter(|outcome| is_accepted(outcome)).count(), 20);
}

#[tokio::test]
async fn a_retry_is_never_refused_and_never_counts_twice() {
    let one = instance().await;
    for n in 0..20 {
        assert!(is_accepted(&submit(&one, "alice", n).await));
        assert!(is_known(&submit(&one, "alice", n).await), "report {n} counts twice");
    }
    assert!(is_over(&submit(&one, "alice", 20).await, Quota::Reporter));
    for n in 0..20 {
        assert!(is_known(&submit(&one, "alice", n).await));
    }
    // On another day they are found in the numbers' records, and take nothing of that day's quota.
    one.clock.advance(DAY);
    for n in 0..20 {
        assert!(is_known(&submit(&one, "alice", n).await));
    }
    for n in 20..40 {
        assert!(is_accepted(&submit(&one, "alice", n).await), "report {n}");
    }
    assert!(
        is_known(&submit(&one, "alice", 3).await),
        "also when the quota is used up"
    );
    assert!(is_over(&submit(&one, "alice", 40).await, Quota::Reporter));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_on_one_redis_share_a_reporters_quota() {
    let place = Redis::fresh().await;
    let clock = Clock::manual(noon());
    let first = Instance::over(place.open(evidence_version()).await, clock.clone()).await;
    let second = Instance::over(place.open(evidence_version()).await, clock).await;
    let mut accepted = 0;
    for n in (0..100).step_by(2) {
        let (a, b) = tokio::join!(submit(&first, "alice", n), submit(&second, "alice", n + 1));
        for outcome in [a, b] {
            accepted += usize::from(is_accepted(&outcome));
            assert!(
                is_accepted(&outcome) || is_over(&outcome, Quota::Reporter),
                "{outcome:?}"
            );
        }
    }
    assert_eq!(accepted, 20);
    let batch = || {
        let reports = (0..500).map(|n| {
            Ok(report_of(
                &format!("p{}", n % 10),
                &number(n).to_string(),
                &format!("b{n}"),
                noon(),
            ))
        });
        reports.collect::<Vec<_>>()
    };
    let (a, b) = tokio::join!(
        first.services.reports.submit_all(batch()),
        second.services.reports.submit_all(batch())
    );
    let came_in = a
        .iter()
        .zip(&b)
        .filter(|(a, b)| is_accepted(a) || is_accepted(b))
        .count();
    assert_eq!(came_in, 200, "ten reporters, twenty reports each");
    let twice = a
        .iter()
        .zip(&b)
        .filter(|(a, b)| is_accepted(a) && is_accepted(b))
        .count();
    assert_eq!(twice, 0);
}

#[tokio::test]
async fn a_crash_between_the_two_writes_costs_nothing() {
    let flaky = Arc::new(Flaky::new(memory()));
    let one = Instance::over(flaky.clone(), Clock::manual(noon())).await;
    assert!(is_accepted(&submit(&one, "alice", 0).await));
    // The tenant's lease is there. Reading and writing the reporter's state, and reading the number, succeed; writing
    // the number does not.
    for fault in [Fault::LostCall, Fault::LostAnswer] {
        for _ in 0..3 {
            flaky.once(Fault::Slow(Duration::ZERO));
        }
        flaky.once(fault);
        let n = u64::from(fault == Fault::LostAnswer) + 1;
        assert!(matches!(
            submit(&one, "alice", n).await,
            Err(ServiceError::OutcomeUnknown)
        ));
        let retried = submit(&one, "alice", n).await;
        assert_eq!(is_accepted(&retried), fault == Fault::LostCall, "{retried:?}");
        assert!(retried.is_ok());
    }
    for n in 3..20 {
        assert!(is_accepted(&submit(&one, "alice", n).await), "report {n}");
    }
    assert!(is_over(&submit(&one, "alice", 20).await, Quota::Reporter));
}

#[tokio::test]
async fn nothing_is_filed_if_the_side_record_cannot_be_written() {
    let flaky = Arc::new(Flaky::new(memory()));
    let one = Instance::over(flaky.clone(), Clock::manual(noon())).await;
    assert!(is_accepted(&submit(&one, "alice", 0).await));
    flaky.once(Fault::Slow(Duration::ZERO));
    flaky.once(Fault::LostAnswer);
    assert!(matches!(
        submit(&one, "alice", 1).await,
        Err(ServiceError::StoreUnavailable)
    ));
    assert_eq!(one.count(&number(1).to_string()), 0);
    assert!(is_accepted(&submit(&one, "alice", 1).await));
}

#[tokio::test]
async fn a_tenants_quota_is_shared_by_instances_and_spares_trusted_feeds() {
    let store: Arc<dyn Store> = memory();
    let clock = Clock::manual(noon());
    let quotas = Quotas {
        tenant_daily: Some(50),
        ..Quotas::DEFAULT
    };
    let first = Instance::with_quotas(Arc::clone(&store), clock.clone(), quotas).await;
    let second = Instance::with_quotas(store, clock.clone(), quotas).await;
    let carrier = |n: u64| {
        let mut report = report(&number(n).to_string(), &format!("r{n}"), noon());
        report.source = Source::Carrier;
        report
    };
    let mut accepted = 0;
    for n in 0..200 {
        let instance = if n % 2 == 0 { &first } else { &second };
        // A retry gives back what it takes.
        for retry in [false, true] {
            let outcome = instance.services.reports.submit(carrier(n)).await;
            if is_accepted(&outcome) {
                assert!(!retry);
                accepted += 1;
            } else {
                assert!(is_known(&outcome) || is_over(&outcome, Quota::Tenant), "{outcome:?}");
            }
        }
    }
    assert_eq!(accepted, 50, "all of it is used, and no more");
    assert!(is_over(&submit(&first, "alice", 900).await, Quota::Tenant));
    assert!(is_known(&second.services.reports.submit(carrier(0)).await));
    for source in [
        Source::RegulatorFeed,
        Source::Honeypot,
        Source::LawEnforcement,
        Source::Analyst,
    ] {
        let mut trusted = report(&number(901).to_string(), &format!("t{source}"), noon());
        trusted.source = source;
        assert!(is_accepted(&first.services.reports.submit(trusted).await), "{source}");
    }
    let mut named = report_of("alice", &number(902).to_string(), "named", noon());
    named.source = Source::Analyst;
    let outcome = first.services.reports.submit(named).await;
    assert!(
        is_over(&outcome, Quota::Tenant),
        "a feed that names its reporters is not exempt"
    );
    clock.advance(DAY);
    let reports = (0..300).map(|n| Ok(carrier(1_000 + n))).collect();
    let outcomes = first.services.reports.submit_all(reports).await;
    assert_eq!(outcomes.iter().filter(|outcome| is_accepted(outcome)).count(), 50);
}

/// The units that two instances have leased may be used beyond the part of a principal: here at most 10 at each of them.
#[tokio::test]
async fn no_principal_uses_up_the_day_of_the_others() {
    let store: Arc<dyn Store> = memory();
    let clock = Clock::manual(noon());
    let quotas = Quotas {
        tenant_daily: Some(100),
        principal_daily: Some(25),
        ..Quotas::DEFAULT
    };
    let first = Instance::with_quotas(Arc::clone(&store), clock.clone(), quotas).await;
    let second = Instance::with_quotas(Arc::clone(&store), clock.clone(), quotas).await;
    let carrier = |n: u64| {
        let mut report = report(&number(n).to_string(), &format!("r{n}"), noon());
        report.source = Source::Carrier;
        report
    };
    let [greedy, other, third] = ["greedy", "other", "third"].map(|name| PrincipalId::parse(name).unwrap());
    let submit = async |instance: &Instance, by: &PrincipalId, n: u64| {
        let outcomes = instance.services.reports.submit_all_of(Some(by), vec![Ok(carrier(n))]);
        outcomes.await.pop().unwrap()
    };
    let mut accepted = 0;
    for n in 0..200 {
        let instance = if n % 2 == 0 { &first } else { &second };
        let outcome = submit(instance, &greedy, n).await;
        accepted += u64::from(is_accepted(&outcome));
        assert!(
            is_accepted(&outcome) || is_over(&outcome, Quota::Principal),
            "{outcome:?}"
        );
    }
    assert!((25..45).contains(&accepted), "{accepted}");
    // What was stored is known, and a retry costs nothing.
    assert!(is_known(&submit(&first, &greedy, 0).await));
    let refused = submit(&first, &greedy, 0).await;
    assert!(is_known(&refused), "{refused:?}");
    // A batch is refused in part.
    let batch = (1_000..1_030).map(|n| Ok(carrier(n))).collect();
    let outcomes = first.services.reports.submit_all_of(Some(&other), batch).await;
    let stored = outcomes.iter().filter(|outcome| is_accepted(outcome)).count();
    let over = outcomes
        .iter()
        .filter(|outcome| is_over(outcome, Quota::Principal))
        .count();
    assert_eq!((stored, over), (25, 5));
    // A new instance learns the use of all principals when it leases.
    let fourth = Instance::with_quotas(store, clock.clone(), quotas).await;
    let refused = submit(&fourth, &other, 2_000).await;
    assert!(is_over(&refused, Quota::Principal), "{refused:?}");
    assert!(is_accepted(&submit(&fourth, &third, 2_001).await));
    clock.advance(DAY);
    assert!(is_accepted(&submit(&first, &greedy, 3_000).await));
}

/// A report of a reporter on number `n` that names these call-back numbers.
fn with_callbacks(reporter: &str, n: u64, callbacks: std::ops::Range<u64>) -> NewReport {
    NewReport {
        callbacks: callbacks.map(|n| number(n).to_string()).collect(),
        ..report_of(reporter, &number(n).to_string(), &format!("r{n}"), noon())
    }
}

/// Each number that a report adds evidence to costs one, and a report is filed as a whole or not at all.
#[tokio::test]
async fn call_back_numbers_cost_quota() {
    let one = instance().await;
    let submit_report = |report| one.services.reports.submit(report);
    assert!(is_accepted(&submit_report(with_callbacks("alice", 0, 100..110)).await));
    assert!(is_known(&submit_report(with_callbacks("alice", 0, 100..110)).await));
    assert!(is_accepted(&submit_report(with_callbacks("alice", 1, 110..114)).await));
    // 16 of 20 are used. A number named twice, or the reported number itself, is one number.
    let refused = submit_report(with_callbacks("alice", 2, 120..124)).await;
    assert!(is_over(&refused, Quota::Reporter), "{refused:?}");
    let counts = [2, 120, 123].map(|n| one.count(&number(n).to_string()));
    assert_eq!(counts, [0, 0, 0], "nothing of a refused report is filed");
    let mut twice = with_callbacks("alice", 3, 130..132);
    twice.callbacks.extend([number(130).to_string(), number(3).to_string()]);
    assert!(is_accepted(&submit_report(twice).await));
    assert!(is_accepted(&submit(&one, "alice", 4).await));
    assert!(is_over(&submit(&one, "alice", 5).await, Quota::Reporter));
    assert!(is_known(&submit_report(with_callbacks("alice", 1, 110..114)).await));
    // On another day the retries cost nothing.
    one.clock.advance(DAY);
    assert!(is_known(&submit_report(with_callbacks("alice", 0, 100..110)).await));
    for n in 20..40 {
        assert!(is_accepted(&submit(&one, "alice", n).await), "report {n}");
    }
    assert!(is_over(&submit(&one, "alice", 40).await, Quota::Reporter));
}

/// A report that is refused for its content, or does not count, adds nothing to its call-back numbers.
#[tokio::test]
async fn call_back_numbers_of_reports_that_do_not_count_cost_nothing() {
    let one = instance().await;
    let submit_report = |report| one.services.reports.submit(report);
    assert!(is_accepted(&submit(&one, "alice", 0).await));
    for _ in 0..3 {
        let other = submit_report(with_callbacks("alice", 0, 100..110)).await;
        assert!(matches!(other, Err(ServiceError::ReportMismatch { .. })), "{other:?}");
    }
    for n in 1..20 {
        assert!(is_accepted(&submit(&one, "alice", n).await), "report {n}");
    }
    assert!(is_over(&submit(&one, "alice", 20).await, Quota::Reporter));
}

#[tokio::test]
async fn call_back_numbers_cost_the_tenants_quota_and_trusted_feeds_nothing() {
    let quotas = Quotas {
        reporter_daily: None,
        tenant_daily: Some(10),
        ..Quotas::DEFAULT
    };
    let one = Instance::with_quotas(memory(), Clock::manual(noon()), quotas).await;
    let submit_report = |report| one.services.reports.submit(report);
    assert!(is_accepted(&submit_report(with_callbacks("alice", 0, 100..105)).await));
    // 4 of 10 are left. The first report does not fit, the second one does.
    let batch = vec![
        Ok(with_callbacks("bob", 1, 110..114)),
        Ok(with_callbacks("bob", 2, 120..122)),
    ];
    let outcomes = one.services.reports.submit_all(batch).await;
    assert!(
        is_over(&outcomes[0], Quota::Tenant) && is_accepted(&outcomes[1]),
        "{outcomes:?}"
    );
    assert!(is_known(&submit_report(with_callbacks("alice", 0, 100..105)).await));
    let trusted = NewReport {
        source: Source::Analyst,
        reporter: None,
        ..with_callbacks("nobody", 3, 130..140)
    };
    assert!(is_accepted(&submit_report(trusted).await));
    assert!(is_accepted(&submit(&one, "carol", 4).await));
    assert!(is_over(&submit(&one, "carol", 5).await, Quota::Tenant));
}

#[tokio::test]
async fn without_quotas_every_report_is_accepted() {
    let quotas = Quotas {
        reporter_daily: None,
        tenant_daily: None,
        ..Quotas::DEFAULT
    };
    let one = Instance::with_quotas(memory(), Clock::manual(noon()), quotas).await;
    for n in 0..60 {
        assert!(is_accepted(&submit(&one, "alice", n).await), "report {n}");
    }
}

#[tokio::test]
async fn reports_without_a_reporter_take_no_further_trip_to_the_store() {
    let flaky = Arc::new(Flaky::new(memory()));
    let one = Instance::over(flaky.clone(), Clock::manual(noon())).await;
    let carrier = |n: u64| {
        let mut report = report(&number(n).to_string(), &format!("r{n}"), noon());
        report.source = Source::Carrier;
        report
    };
    assert!(
        is_accepted(&one.services.reports.submit(carrier(0)).await),
        "fetches a lease"
    );
    // Two calls, the number's read and its commit, succeed; a third would fail.
    flaky.once(Fault::Slow(Duration::ZERO));
    flaky.once(Fault::Slow(Duration::ZERO));
    flaky.always(Some(Fault::Unavailable));
    assert!(is_accepted(&one.services.reports.submit(carrier(1)).await));
}
