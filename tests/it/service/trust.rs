//! The weight of a reporter's reports, by the ground truth of the numbers it reported earlier.

use std::time::Duration;

use ringwarden::domain::ids::{CaseId, ReportId};
use ringwarden::domain::kinds::{CaseRole, CaseStatus, Category, Source, StatusKind};
use ringwarden::domain::state::Withdrawal;
use ringwarden::service::{
    Expiry, LinkInput, NewCase, NewReport, PageRequest, ServiceError, StatusInput, TransitionInput,
};

use super::instance;
use crate::support::instance::{Instance, mutation, noon, number, report, report_of};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

fn text(n: u64) -> String {
    number(n).to_string()
}

async fn claim(one: &Instance, reporter: &str, n: u64) {
    let report = report_of(reporter, &text(n), &format!("{reporter}-{n}"), noon());
    one.services.reports.submit(report).await.unwrap();
}

async fn says(one: &Instance, n: u64, kind: StatusKind) {
    let status = StatusInput {
        kind,
        reason: "looked into".to_owned(),
        expiry: Some(Expiry::At(one.clock.now().plus(30 * DAY))),
    };
    let request = format!("{kind}-{n}-{}", one.clock.now());
    one.services
        .numbers
        .set_status(&text(n), None, &status, &mutation(&request))
        .await
        .unwrap();
}

/// The weight of the reporter's next report: `5,000 + n` is an unknown number.
async fn weight(one: &Instance, reporter: &str, n: u64) -> f64 {
    let number = text(5_000 + n);
    let id = format!("{reporter}-w{n}");
    let report = report_of(reporter, &number, &id, one.clock.now());
    weight_of(one, report).await
}

async fn weight_of(one: &Instance, report: NewReport) -> f64 {
    let (number, id) = (report.number.clone(), report.report_id.clone().unwrap());
    one.services.reports.submit(report).await.unwrap();
    let page = PageRequest::default();
    let list = one.services.reports.list(&number, None, false, &page).await.unwrap();
    let row = list.reports.iter().find(|report| report.row.id == id).unwrap();
    f64::from(row.row.weight)
}

fn near(weight: f64, wanted: f64) -> bool {
    (weight - wanted).abs() < 1e-6
}

#[tokio::test]
async fn trust_changes_from_the_next_day_on() {
    let one = instance().await;
    for n in 0..10 {
        claim(&one, "right", n).await;
        claim(&one, "wrong", 100 + n).await;
    }
    one.clock.advance(HOUR);
    for n in 0..10 {
        says(&one, n, StatusKind::Blocked).await;
        says(&one, 100 + n, StatusKind::Allowed).await;
    }
    one.clock.advance(HOUR);
    let same_day = [weight(&one, "right", 0).await, weight(&one, "wrong", 1).await];
    assert!(same_day.iter().all(|weight| near(*weight, 0.2)), "{same_day:?}");
    one.clock.advance(DAY);
    let (right, wrong) = (weight(&one, "right", 2).await, weight(&one, "wrong", 3).await);
    assert!(near(right, 11.0 / 15.0) && near(wrong, 1.0 / 15.0), "{right} {wrong}");
    assert!(near(weight(&one, "stranger", 4).await, 0.2));
    // In blocks of their own, so that no neighbour counts.
    for (reporter, number) in [("right", "+14155550123"), ("stranger", "+12125550123")] {
        let report = report_of(reporter, number, "far", one.clock.now());
        one.services.reports.submit(report).await.unwrap();
    }
    let (proven, stranger) = (one.score("+14155550123"), one.score("+12125550123"));
    assert!(proven > stranger + 5.0, "{proven} {stranger}");
    // Frozen: an accepted report keeps its weight.
    for n in 0..10 {
        one.services
            .numbers
            .clear_status(&text(n), None, None, "mistaken", &mutation(&format!("clear-{n}")))
            .await
            .unwrap();
    }
    let retried = report_of("right", &text(5_002), "right-w2", one.clock.now());
    assert!(near(weight_of(&one, retried).await, 11.0 / 15.0));
    // If a status is cleared, its effect on trust ends at once.
    assert!(near(weight(&one, "right", 5).await, 0.2));
}

#[tokio::test]
async fn repeating_known_ground_truth_earns_no_trust() {
    let one = instance().await;
    for n in 0..5 {
        says(&one, n, StatusKind::Blocked).await;
    }
    one.clock.advance(HOUR);
    for n in 0..5 {
        claim(&one, "parrot", n).await;
    }
    one.clock.advance(DAY);
    assert!(near(weight(&one, "parrot", 0).await, 0.2));
}

#[tokio::test]
async fn a_report_that_is_refused_claims_nothing() {
    let one = instance().await;
    claim(&one, "alice", 0).await;
    let mut opposite = report_of("alice", &text(0), "alice-0", noon());
    opposite.not_spam = true;
    let refused = one.services.reports.submit(opposite).await;
    assert!(matches!(
        refused,
        Err(ServiceError::ReportMismatch {
            made_id: None,
            stored: 0,
            sent: 0
        })
    ));
    for n in 1..40 {
        let report = report_of("alice", &text(n), &format!("alice-{n}"), noon());
        one.services.reports.submit(report).await.ok();
    }
    one.clock.advance(HOUR);
    for n in 0..40 {
        says(&one, n, StatusKind::Blocked).await;
    }
    one.clock.advance(DAY);
    let weight = weight(&one, "alice", 0).await;
    assert!(near(weight, 21.0 / 25.0), "twenty were accepted: {weight}");
}

#[tokio::test]
async fn not_spam_claims_are_judged_in_reverse() {
    let one = instance().await;
    for (n, not_spam) in [(0, true), (1, true), (2, false)] {
        let mut report = report_of("alice", &text(n), &format!("r{n}"), noon());
        report.not_spam = not_spam;
        one.services.reports.submit(report).await.unwrap();
    }
    one.clock.advance(HOUR);
    says(&one, 0, StatusKind::Allowed).await;
    says(&one, 1, StatusKind::Blocked).await;
    says(&one, 2, StatusKind::SpoofedVictim).await;
    one.clock.advance(DAY);
    let weight = weight(&one, "alice", 0).await;
    assert!(near(weight, 2.0 / 7.0), "{weight}");
}

#[tokio::test]
async fn a_confirmed_case_is_ground_truth_until_it_is_unsubstantiated() {
    let one = instance().await;
    claim(&one, "alice", 0).await;
    one.clock.advance(HOUR);
    let case = NewCase {
        id: Some(CaseId::parse("c-1").unwrap()),
        title: "Apple".to_owned(),
        category: Category::TechSupportScam,
        brand: None,
        summary: String::new(),
        status: CaseStatus::Corroborated,
        agency: String::new(),
        agency_reference: String::new(),
        source: Source::RegulatorFeed,
        last_evidence_at: None,
    };
    let id = one
        .services
        .cases
        .create(&case, &mutation("c1"))
        .await
        .unwrap()
        .case
        .id
        .clone();
    let link = LinkInput {
        number: text(0),
        default_region: None,
        role: CaseRole::CallerId,
        confidence: 0.9,
        source: Source::Analyst,
        from: None,
        to: None,
        expected_version: None,
    };
    one.services
        .cases
        .link_numbers(&id, &[Ok(link)], &mutation("l1"))
        .await
        .unwrap();
    one.clock.advance(DAY);
    let confirmed = weight(&one, "alice", 0).await;
    assert!(near(confirmed, 2.0 / 6.0), "{confirmed}");
    let closed = TransitionInput {
        to: CaseStatus::ClosedUnsubstantiated,
        note: "no".to_owned(),
        agency: String::new(),
    };
    one.services
        .cases
        .transition(&id, &closed, &mutation("t1"))
        .await
        .unwrap();
    assert!(near(weight(&one, "alice", 1).await, 0.2));
}

#[tokio::test]
async fn withdrawn_reports_no_longer_change_trust() {
    let one = instance().await;
    for n in 0..3 {
        claim(&one, "alice", n).await;
        claim(&one, "bob", n).await;
    }
    one.services
        .reports
        .submit(report_of("alice", &text(1), "again", noon()))
        .await
        .unwrap();
    one.clock.advance(HOUR);
    for n in 0..3 {
        says(&one, n, StatusKind::Allowed).await;
    }
    one.clock.advance(DAY);
    for id in ["alice-0", "alice-1"] {
        let (id, n) = (ReportId::parse(id).unwrap(), id.as_bytes()[6] - b'0');
        one.services
            .reports
            .withdraw(
                &text(u64::from(n)),
                None,
                &id,
                "",
                &ringwarden::domain::audit::RequestedBy::default(),
            )
            .await
            .unwrap();
    }
    // Of number 1 another report stands, so it is judged: one of three is not.
    let weight_left = weight(&one, "alice", 0).await;
    assert!(near(weight_left, 1.0 / 7.0), "{weight_left}");
    let all = Withdrawal::Reporter(one.services.reports.reporter_hash("bob").await.unwrap());
    let taken = one
        .services
        .reports
        .withdraw_all(
            &all,
            &mutation("w1").request,
            "",
            &ringwarden::domain::audit::RequestedBy::default(),
        )
        .await
        .unwrap();
    assert_eq!((taken.numbers, taken.reports), (3, 3));
    assert!(near(weight(&one, "bob", 1).await, 0.2));
    // A report that is sent again after its withdrawal does not count, and does not change trust.
    claim(&one, "bob", 2).await;
    one.clock.advance(DAY);
    assert!(near(weight(&one, "bob", 2).await, 0.2));
}

#[tokio::test]
async fn trusted_feeds_weigh_one_and_a_named_reporter_weighs_for_themselves() {
    let one = instance().await;
    assert!(near(weight_of(&one, report(&text(0), "feed", noon())).await, 1.0));
    let mut named = report(&text(1), "named", noon());
    named.reporter = Some("carol".to_owned());
    assert!(near(weight_of(&one, named).await, 0.2));
}
