//! Corrected reports: what they cost, what they do to claims, and what the change log says of them.

use std::sync::Arc;
use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::domain::kinds::Category;
use ringwarden::domain::state::Submitted;
use ringwarden::service::{NewReport, PageRequest, Quota, ServiceError};

use super::{NUMBER, instance, memory};
use crate::support::instance::{Instance, noon, number, report_of};

const DAY: Duration = Duration::from_secs(86_400);

fn revision(n: u32, category: Category) -> NewReport {
    NewReport {
        revision: n,
        category,
        ..report_of("alice", NUMBER, "r1", noon())
    }
}

async fn submitted(one: &Instance, report: NewReport) -> Submitted {
    one.services.reports.submit(report).await.unwrap().submitted
}

/// A correction takes nothing of a quota, today and on a later day.
#[tokio::test]
async fn a_correction_costs_no_quota() {
    let one = instance().await;
    assert_eq!(
        submitted(&one, revision(0, Category::Survey)).await,
        Submitted::Accepted
    );
    for n in 1..10 {
        assert_eq!(
            submitted(&one, revision(n, Category::Robocall)).await,
            Submitted::Revised
        );
    }
    one.clock.advance(DAY);
    for n in 10..20 {
        assert_eq!(submitted(&one, revision(n, Category::Survey)).await, Submitted::Revised);
    }
    for n in 0..20 {
        let report = report_of("alice", &number(n).to_string(), &format!("s{n}"), noon());
        assert_eq!(submitted(&one, report).await, Submitted::Accepted, "report {n}");
    }
    let over = report_of("alice", &number(20).to_string(), "s20", noon());
    let over = one.services.reports.submit(over).await;
    assert!(
        matches!(
            over,
            Err(ServiceError::QuotaExceeded {
                quota: Quota::Reporter,
                ..
            })
        ),
        "{over:?}"
    );
    // The quota is used up, and a correction still costs nothing.
    assert_eq!(
        submitted(&one, revision(20, Category::Robocall)).await,
        Submitted::Revised
    );
    assert_eq!(one.count(NUMBER), 1);
}

/// The evidence is that of the corrected report alone, on every instance.
#[tokio::test]
async fn the_evidence_follows_the_newest_revision() {
    let store = memory();
    let one = Instance::over(Arc::clone(&store), Clock::manual(noon())).await;
    let other = Instance::over(Arc::clone(&store), Clock::manual(noon())).await;
    submitted(&one, revision(0, Category::TechSupportScam)).await;
    let wanted = NewReport {
        not_spam: true,
        ..revision(1, Category::Unspecified)
    };
    assert_eq!(submitted(&one, wanted).await, Submitted::Revised);
    other.follower.sweep().await;
    for instance in [&one, &other] {
        assert_eq!(
            instance.count(NUMBER),
            0,
            "it no longer says that the call was unwanted"
        );
    }
    assert_eq!(
        submitted(&other, revision(2, Category::Survey)).await,
        Submitted::Revised
    );
    assert_eq!(
        submitted(&one, revision(1, Category::Robocall)).await,
        Submitted::Outdated
    );
    one.follower.sweep().await;
    let fresh = instance().await;
    submitted(&fresh, revision(0, Category::Survey)).await;
    assert_eq!(one.look_up(NUMBER).score.verdict, fresh.look_up(NUMBER).score.verdict);
}

/// A report that names no time is corrected without one, later: it stays at the time of its arrival.
#[tokio::test]
async fn a_correction_without_a_time_keeps_that_of_the_report() {
    let one = instance().await;
    let untimed = |n, category| NewReport {
        occurred_at: None,
        ..revision(n, category)
    };
    submitted(&one, untimed(0, Category::Survey)).await;
    one.clock.advance(DAY);
    assert_eq!(
        submitted(&one, untimed(1, Category::Robocall)).await,
        Submitted::Revised
    );
    assert_eq!(
        submitted(&one, untimed(1, Category::Robocall)).await,
        Submitted::AlreadyKnown
    );
    let all = PageRequest::default();
    let listed = one.services.reports.list(NUMBER, None, false, &all).await.unwrap();
    let row = &listed.reports[0].row;
    assert_eq!((row.body.occurred_at, row.body.category), (noon(), Category::Robocall));
}

/// Places of reports are kept also when there are many, and a split of buckets does not hide a row.
#[tokio::test]
async fn a_reporter_finds_a_report_among_many_rows() {
    let one = instance().await;
    submitted(&one, revision(0, Category::Survey)).await;
    let others = (0..400).map(|n| Ok(report_of(&format!("who-{n}"), NUMBER, &format!("o{n}"), noon())));
    one.services.reports.submit_all(others.collect()).await;
    let found = one
        .services
        .reports
        .of_reporter("alice", false, &PageRequest::default())
        .await
        .unwrap();
    let ids: Vec<&str> = found.reports.iter().map(|(_, report)| report.row.id.as_str()).collect();
    assert_eq!(ids, ["r1"]);
}
