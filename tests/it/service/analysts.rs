//! Changes by analysts: statuses, resets, cases, lists; and callers without a number.

use std::time::Duration;

use ringwarden::domain::ids::CaseId;
use ringwarden::domain::kinds::{Action, Basis, CaseRole, CaseStatus, Category, RiskLevel, Source, StatusKind};
use ringwarden::domain::state::Submitted;
use ringwarden::service::{
    CaseFilter, Expiry, LinkInput, LookupInput, LookupRole, Mutation, NewCase, NumberFilter, PageRequest, ServiceError,
    StatusInput, TransitionInput,
};

use super::{NUMBER, instance};
use crate::support::instance::{mutation, noon, number, report};

fn new_case(title: &str, status: CaseStatus) -> NewCase {
    NewCase {
        id: None,
        title: title.to_owned(),
        category: Category::TechSupportScam,
        brand: None,
        summary: String::new(),
        status,
        agency: "Federal Trade Commission".to_owned(),
        agency_reference: String::new(),
        source: Source::RegulatorFeed,
        last_evidence_at: None,
    }
}

fn link(number: &str, role: CaseRole, confidence: f64) -> Result<LinkInput, ServiceError> {
    Ok(LinkInput {
        number: number.to_owned(),
        default_region: None,
        role,
        confidence,
        source: Source::RegulatorFeed,
        from: None,
        to: None,
        expected_version: None,
    })
}

#[tokio::test]
async fn statuses_rule_and_retries_change_nothing() {
    let one = instance().await;
    one.services.reports.submit(report(NUMBER, "r1", noon())).await.unwrap();
    let block = StatusInput {
        kind: StatusKind::Blocked,
        reason: "test".to_owned(),
        expiry: None,
    };
    let changed = one
        .services
        .numbers
        .set_status(NUMBER, None, &block, &mutation("m1"))
        .await
        .unwrap();
    let again = one
        .services
        .numbers
        .set_status(NUMBER, None, &block, &mutation("m1"))
        .await
        .unwrap();
    let version = changed.version;
    assert_eq!(version, again.version);
    assert!(one.score(NUMBER) >= 95.0);
    assert_eq!(one.look_up(NUMBER).decision.basis, Basis::Analyst);

    let stale = Mutation {
        expected_version: Some(version - 1),
        ..mutation("m2")
    };
    let refused = one.services.numbers.clear_status(NUMBER, None, None, "", &stale).await;
    assert!(matches!(refused, Err(ServiceError::VersionMismatch { found, .. }) if found == version));
    let other = StatusInput {
        kind: StatusKind::Protected,
        ..block
    };
    let refused = one
        .services
        .numbers
        .set_status(NUMBER, None, &other, &mutation("m1"))
        .await;
    assert!(matches!(
        refused,
        Err(ServiceError::ContentMismatch { field: "request_id" })
    ));

    one.services
        .numbers
        .clear_status(NUMBER, None, None, "", &mutation("m3"))
        .await
        .unwrap();
    let end = noon().plus(Duration::from_secs(30));
    let allow = StatusInput {
        kind: StatusKind::Allowed,
        reason: "owner".to_owned(),
        expiry: Some(Expiry::At(end)),
    };
    one.services
        .numbers
        .set_status(NUMBER, None, &allow, &mutation("m4"))
        .await
        .unwrap();
    let allowed = one.look_up(NUMBER);
    assert_eq!(allowed.score.verdict.level, RiskLevel::Trusted);
    assert!(
        allowed.decision.ttl <= Duration::from_secs(30),
        "an answer outlives its status"
    );
    one.clock.advance(Duration::from_secs(31));
    assert_ne!(one.look_up(NUMBER).score.verdict.level, RiskLevel::Trusted);
}

#[tokio::test]
async fn a_reassigned_number_starts_anew() {
    let one = instance().await;
    one.services
        .reports
        .submit(report(NUMBER, "old", noon()))
        .await
        .unwrap();
    one.clock.advance(Duration::from_secs(10));
    let moved = StatusInput {
        kind: StatusKind::Reassigned,
        reason: "new owner".to_owned(),
        expiry: None,
    };
    one.services
        .numbers
        .set_status(NUMBER, None, &moved, &mutation("m1"))
        .await
        .unwrap();
    assert_eq!(one.count(NUMBER), 0);
    let old = one
        .services
        .reports
        .submit(report(NUMBER, "old", noon()))
        .await
        .unwrap();
    assert_eq!(old.submitted, Submitted::BeforeReset);
    let new = one
        .services
        .reports
        .submit(report(NUMBER, "new", one.clock.now()))
        .await
        .unwrap();
    assert_eq!(new.submitted, Submitted::Accepted);
}

#[tokio::test]
async fn a_corroborated_case_floors_its_numbers_and_warns_before_dialling() {
    let one = instance().await;
    let case = one
        .services
        .cases
        .create(&new_case("Apple", CaseStatus::Open), &mutation("c1"))
        .await
        .unwrap();
    let again = one
        .services
        .cases
        .create(&new_case("Apple", CaseStatus::Open), &mutation("c1"))
        .await
        .unwrap();
    assert_eq!(
        (case.case.id.clone(), case.version),
        (again.case.id.clone(), again.version)
    );
    let id = case.case.id.clone();
    let links = [
        link(NUMBER, CaseRole::CallerId, 0.9),
        link("911", CaseRole::CallerId, 0.9),
    ];
    let linked = one
        .services
        .cases
        .link_numbers(&id, &links, &mutation("l1"))
        .await
        .unwrap();
    assert!(linked[0].as_ref().unwrap().changed && linked[1].is_err());
    assert!(one.score(NUMBER) < 60.0, "an open case raises nothing");
    for (n, to) in [CaseStatus::UnderInvestigation, CaseStatus::Corroborated]
        .into_iter()
        .enumerate()
    {
        let step = TransitionInput {
            to,
            note: String::new(),
            agency: String::new(),
        };
        one.services
            .cases
            .transition(&id, &step, &mutation(&format!("t{n}")))
            .await
            .unwrap();
    }
    let labelled = one.look_up(NUMBER);
    assert!(labelled.score.verdict.value.unwrap() >= 60.0);
    assert_eq!(labelled.cases[0].1.title.as_ref(), "Apple");
    let input = LookupInput {
        number: NUMBER.to_owned(),
        role: LookupRole::AboutToDial,
        ..LookupInput::default()
    };
    assert_eq!(one.ask(&input).decision.action, Action::WarnBeforeDial);
    let closed = TransitionInput {
        to: CaseStatus::ClosedUnsubstantiated,
        note: "no".to_owned(),
        agency: String::new(),
    };
    one.services
        .cases
        .transition(&id, &closed, &mutation("t10"))
        .await
        .unwrap();
    assert!(one.score(NUMBER) < 60.0);
    assert_eq!(
        one.services
            .cases
            .members(&id, &PageRequest::default())
            .await
            .unwrap()
            .0
            .len(),
        1
    );
    let missing = CaseId::parse("nowhere").unwrap();
    assert!(matches!(
        one.services.cases.get(&missing).await,
        Err(ServiceError::NotFound { resource: "case" })
    ));
}

#[tokio::test]
async fn lists_are_complete_in_pages() {
    let one = instance().await;
    let reports = (0..230)
        .map(|n| Ok(report(&number(n * 41).to_string(), &format!("r{n}"), noon())))
        .collect();
    one.services.reports.submit_all(reports).await;
    for n in 0..70 {
        let case = new_case(&format!("case {n:02}"), CaseStatus::Open);
        one.services
            .cases
            .create(&case, &mutation(&format!("c{n}")))
            .await
            .unwrap();
    }
    let mut page = PageRequest {
        size: 100,
        token: String::new(),
    };
    let mut numbers = Vec::new();
    loop {
        let filter = NumberFilter {
            prefix: "1315232".to_owned(),
            ..NumberFilter::default()
        };
        let list = one.services.numbers.list(&filter, &page).await.unwrap();
        numbers.extend(list.numbers.iter().map(|row| row.number));
        page.token = list.next_page_token;
        if page.token.is_empty() {
            break;
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 230);
    let filter = CaseFilter {
        query: "CASE 0".to_owned(),
        ..CaseFilter::default()
    };
    let first = one
        .services
        .cases
        .list(
            &filter,
            &PageRequest {
                size: 6,
                token: String::new(),
            },
        )
        .await
        .unwrap();
    let second = one
        .services
        .cases
        .list(
            &filter,
            &PageRequest {
                size: 6,
                token: first.next_page_token,
            },
        )
        .await
        .unwrap();
    assert_eq!(
        (first.cases.len(), second.cases.len(), second.next_page_token.as_str()),
        (6, 4, "")
    );
}

#[tokio::test]
async fn dirty_impossible_short_and_anonymous_callers_have_defined_answers() {
    let one = instance().await;
    one.services.reports.submit(report(NUMBER, "r1", noon())).await.unwrap();
    let dirty = one.look_up("\"Support\" <sip:+13152328257@carrier.example;user=phone>;party=calling");
    assert_eq!(dirty.facts.report_count, 1);
    let impossible = one.look_up("+999999999999");
    assert_eq!(
        (impossible.decision.action, impossible.decision.basis),
        (Action::Block, Basis::InvalidNumber)
    );
    assert!(impossible.identity.e164.is_none());
    let emergency = one.look_up("112");
    assert_eq!(
        (emergency.decision.action, emergency.decision.basis),
        (Action::Allow, Basis::NoEvidence),
        "nobody calls from 112"
    );
    let anonymous = one.look_up("sip:anonymous@anonymous.invalid");
    assert_eq!(
        (anonymous.score.verdict.level, anonymous.decision.action),
        (RiskLevel::NotScored, Action::Allow)
    );
    let input = LookupInput {
        number: "hello".to_owned(),
        ..LookupInput::default()
    };
    assert!(matches!(one.try_ask(&input), Err(ServiceError::Invalid(_))));
}

#[tokio::test]
async fn a_step_that_the_life_of_a_case_does_not_allow_is_refused() {
    let one = instance().await;
    let case = one
        .services
        .cases
        .create(&new_case("Apple", CaseStatus::Open), &mutation("c1"))
        .await
        .unwrap();
    let id = case.case.id.clone();
    let illegal = TransitionInput {
        to: CaseStatus::Prosecution,
        note: String::new(),
        agency: String::new(),
    };
    let refused = one.services.cases.transition(&id, &illegal, &mutation("t9")).await;
    assert!(matches!(refused, Err(ServiceError::TransitionNotAllowed { .. })));
}
