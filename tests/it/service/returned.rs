//! Reports that count again after their withdrawal, since they are sent with a higher revision.

use std::time::Duration;

use ringwarden::domain::ids::ReportId;
use ringwarden::domain::kinds::Category;
use ringwarden::domain::state::Submitted;
use ringwarden::service::{NewReport, ServiceError};

use super::{NUMBER, instance};
use crate::support::instance::{Instance, noon, number, report_of};

const CALLBACK: &str = "+13152328299";

fn revision(n: u32, category: Category) -> NewReport {
    NewReport {
        revision: n,
        category,
        callbacks: vec![CALLBACK.to_owned()],
        ..report_of("alice", NUMBER, "r1", noon())
    }
}

async fn submitted(one: &Instance, report: NewReport) -> Submitted {
    one.services.reports.submit(report).await.unwrap().submitted
}

async fn withdraw(one: &Instance) {
    let id = ReportId::parse("r1").unwrap();
    one.services
        .reports
        .withdraw(
            NUMBER,
            None,
            &id,
            "",
            &ringwarden::domain::audit::RequestedBy::default(),
        )
        .await
        .unwrap();
    assert_eq!((one.count(NUMBER), one.count(CALLBACK)), (0, 0));
}

/// The evidence is that of the new report alone, on the number and on those to call back.
#[tokio::test]
async fn a_higher_revision_of_a_withdrawn_report_counts() {
    let one = instance().await;
    submitted(&one, revision(0, Category::Survey)).await;
    withdraw(&one).await;
    for same in [revision(0, Category::Survey), revision(0, Category::Robocall)] {
        assert_eq!(submitted(&one, same).await, Submitted::Withdrawn);
    }
    assert_eq!(
        submitted(&one, revision(1, Category::Robocall)).await,
        Submitted::Accepted
    );
    assert_eq!((one.count(NUMBER), one.count(CALLBACK)), (1, 1));
    let fresh = instance().await;
    submitted(&fresh, revision(0, Category::Robocall)).await;
    assert_eq!(one.look_up(NUMBER).score.verdict, fresh.look_up(NUMBER).score.verdict);
    withdraw(&one).await;
    assert_eq!(
        submitted(&one, revision(1, Category::Robocall)).await,
        Submitted::Withdrawn
    );
    assert_eq!(
        submitted(&one, revision(0, Category::Robocall)).await,
        Submitted::Withdrawn
    );
}

/// It costs as much as a new report: a withdrawal of a flood does not let its sender send it again beyond the quota.
#[tokio::test]
async fn a_report_that_counts_again_costs_quota() {
    let one = instance().await;
    let single = |n| NewReport {
        callbacks: Vec::new(),
        ..revision(n, Category::Survey)
    };
    submitted(&one, single(0)).await;
    withdraw(&one).await;
    one.clock.advance(Duration::from_secs(86_400));
    for n in 0..20 {
        let report = report_of("alice", &number(n).to_string(), &format!("s{n}"), noon());
        assert_eq!(submitted(&one, report).await, Submitted::Accepted, "report {n}");
    }
    let over = one.services.reports.submit(single(1)).await;
    assert!(matches!(over, Err(ServiceError::QuotaExceeded { .. })), "{over:?}");
    assert_eq!(one.count(NUMBER), 0);
    one.clock.advance(Duration::from_secs(86_400));
    assert_eq!(submitted(&one, single(1)).await, Submitted::Accepted);
    assert_eq!(one.count(NUMBER), 1);
}
