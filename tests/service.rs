//! What the service promises, over the store in memory: idempotence, reading one's own writes, two instances, cases.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test may fail loudly")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::domain::ids::{CaseId, ImportId, ReportId};
use ringwarden::domain::kinds::{
    Action, Basis, CaseRole, CaseStatus, Category, ReportRole, RiskLevel, Source, StatusKind,
};
use ringwarden::domain::state::{Submitted, Withdrawal};
use ringwarden::service::{
    CaseFilter, LinkInput, LookupInput, LookupRole, Mutation, NewCase, NumberFilter, PageRequest, ServiceError,
    StatusInput, TransitionInput,
};
use ringwarden::store::Store;
use ringwarden::store::memory::MemoryStore;
use support::flaky::{Fault, Flaky};
use support::instance::{Instance, evidence_version, mutation, noon, number, report};

const NUMBER: &str = "+13152328257";

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(evidence_version()).unwrap())
}

async fn instance() -> Instance {
    Instance::over(memory(), Clock::manual(noon())).await
}

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
async fn a_report_counts_once_and_shows_in_the_next_lookup() {
    let one = instance().await;
    assert_eq!(one.look_up(NUMBER).score.level, RiskLevel::Unknown);
    let first = one.service.submit(report(NUMBER, "r1", noon())).await.unwrap();
    assert_eq!(first.submitted, Submitted::Accepted);
    assert_eq!(one.count(NUMBER), 1);
    let again = one.service.submit(report("(315) 232-8257", "r1", noon())).await;
    assert!(
        matches!(again, Err(ServiceError::Invalid(_))),
        "a national number needs a region"
    );
    let again = one.service.submit(report(NUMBER, "r1", noon())).await.unwrap();
    assert_eq!(again.submitted, Submitted::AlreadyKnown);
    let mut other = report(NUMBER, "r1", noon());
    other.category = Category::Survey;
    let refused = one.service.submit(other).await;
    assert!(matches!(
        refused,
        Err(ServiceError::AlreadyExists { what: "report_id" })
    ));
    assert_eq!(one.count(NUMBER), 1);
}

#[tokio::test]
async fn many_reports_make_a_number_critical_and_time_makes_it_harmless() {
    let one = instance().await;
    for n in 0..30 {
        one.service
            .submit(report(NUMBER, &format!("r{n}"), noon()))
            .await
            .unwrap();
    }
    let hot = one.look_up(NUMBER);
    assert_eq!(hot.score.level, RiskLevel::Critical);
    assert_eq!(
        (hot.decision.action, hot.decision.basis),
        (Action::Block, Basis::Analytics)
    );
    assert!(
        hot.score
            .reasons
            .iter()
            .any(|reason| reason.code == "RECENT_REPORTS" && reason.points > 0.0)
    );
    one.clock.advance(Duration::from_secs(400 * 86_400));
    let cold = one.look_up(NUMBER);
    assert_eq!(cold.score.level, RiskLevel::Low);
    assert_eq!(cold.decision.action, Action::Allow);
    assert_eq!(cold.facts.report_count, 30);
}

#[tokio::test]
async fn a_batch_answers_each_item_and_loses_none() {
    let one = instance().await;
    let mut reports: Vec<Result<_, ServiceError>> = (0..500)
        .map(|n| Ok(report(&number(n % 7).to_string(), &format!("r{n}"), noon())))
        .collect();
    reports.push(Ok(report("not a number", "bad", noon())));
    reports.push(Err(ServiceError::field("reports[501].category", "is not known")));
    reports.push(Ok(report(&number(1).to_string(), "r1", noon())));
    let outcomes = one.service.submit_all(reports).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 501);
    assert!(matches!(outcomes[500], Err(ServiceError::Invalid(_))));
    assert_eq!(outcomes[502].as_ref().unwrap().submitted, Submitted::AlreadyKnown);
    let counted: u32 = (0..7).map(|n| one.count(&number(n).to_string())).sum();
    assert_eq!(counted, 500);
}

#[tokio::test]
async fn what_is_withdrawn_stays_withdrawn() {
    let one = instance().await;
    one.service.submit(report(NUMBER, "r1", noon())).await.unwrap();
    let before = one.score(NUMBER);
    one.service.submit(report(NUMBER, "r2", noon())).await.unwrap();
    let id = ReportId::parse("r2").unwrap();
    assert!(one.service.withdraw(NUMBER, None, &id).await.unwrap().was_known);
    assert!((one.score(NUMBER) - before).abs() < 1e-9);
    let again = one.service.submit(report(NUMBER, "r2", noon())).await.unwrap();
    assert_eq!(again.submitted, Submitted::Withdrawn);
    // Withdrawn before it comes.
    let early = ReportId::parse("r3").unwrap();
    assert!(!one.service.withdraw(NUMBER, None, &early).await.unwrap().was_known);
    let late = one.service.submit(report(NUMBER, "r3", noon())).await.unwrap();
    assert_eq!(late.submitted, Submitted::Withdrawn);
    assert_eq!(one.count(NUMBER), 1);
}

#[tokio::test]
async fn a_whole_import_is_taken_back() {
    let one = instance().await;
    let import = ImportId::parse("import-1").unwrap();
    let mut reports = Vec::new();
    for n in 0..300 {
        let mut report = report(&number(n * 31 % 997).to_string(), &format!("r{n}"), noon());
        report.import = (n % 3 != 0).then(|| import.clone());
        reports.push(Ok(report));
    }
    one.service.submit_all(reports).await;
    let who = mutation("w1");
    let what = Withdrawal::Import(import);
    let taken = one.service.withdraw_all(&what, (&who.actor, "w1")).await.unwrap();
    assert_eq!(taken.reports, 200);
    let left: u32 = (0..300u64)
        .map(|n| number(n * 31 % 997))
        .map(|number| one.count(&number.to_string()))
        .sum();
    assert_eq!(left, 100);
    assert_eq!(
        one.service
            .withdraw_all(&what, (&who.actor, "w2"))
            .await
            .unwrap()
            .reports,
        0
    );
}

#[tokio::test]
async fn a_callback_number_is_reported_too() {
    let one = instance().await;
    let mut with_callback = report(NUMBER, "r1", noon());
    with_callback.callbacks = vec!["+18005550142".to_owned()];
    one.service.submit(with_callback).await.unwrap();
    let list = one
        .service
        .list_reports("+18005550142", None, false, &PageRequest::default())
        .await
        .unwrap();
    assert_eq!(list.reports.len(), 1);
    assert_eq!(list.reports[0].row.body.role, Some(ReportRole::ToldToCall));
    one.service
        .withdraw(NUMBER, None, &ReportId::parse("r1").unwrap())
        .await
        .unwrap();
    assert_eq!(one.count("+18005550142"), 0);
}

#[tokio::test]
async fn reporters_supersede_themselves_and_strangers_are_capped() {
    let one = instance().await;
    for n in 0..19 {
        let mut stranger = report(NUMBER, &format!("s{n}"), noon());
        stranger.source = Source::AppFeedback;
        stranger.reporter = Some(format!("reporter {n}"));
        one.service.submit(stranger).await.unwrap();
    }
    assert!(
        one.score(NUMBER) < 60.0,
        "19 strangers lift a number to {}",
        one.score(NUMBER)
    );
    let before = one.score(NUMBER);
    let mut again = report(NUMBER, "again", noon());
    again.source = Source::AppFeedback;
    again.reporter = Some("reporter 3".to_owned());
    one.service.submit(again).await.unwrap();
    assert!((one.score(NUMBER) - before).abs() < 1e-9);
    let list = one
        .service
        .list_reports(NUMBER, None, false, &PageRequest::default())
        .await
        .unwrap();
    assert_eq!(list.reports.iter().filter(|report| report.superseded).count(), 1);
}

#[tokio::test]
async fn reports_are_listed_in_pages_newest_first() {
    let one = instance().await;
    for n in 0..120u64 {
        let at = noon().plus(Duration::ZERO);
        one.clock.advance(Duration::from_secs(1));
        one.service
            .submit(report(NUMBER, &format!("r{n:03}"), at))
            .await
            .unwrap();
    }
    let mut page = PageRequest {
        size: 50,
        token: String::new(),
    };
    let mut seen = Vec::new();
    loop {
        let list = one.service.list_reports(NUMBER, None, false, &page).await.unwrap();
        seen.extend(list.reports.iter().map(|report| report.row.id.to_string()));
        if list.next_page_token.is_empty() {
            break;
        }
        page.token = list.next_page_token;
    }
    let wanted: Vec<String> = (0..120).rev().map(|n| format!("r{n:03}")).collect();
    assert_eq!(seen, wanted);
    page.token = format!("00{}", page.token);
    assert!(matches!(
        one.service.list_reports(NUMBER, None, false, &page).await,
        Err(ServiceError::Invalid(violations)) if violations[0].field == "page_token"
    ));
}

#[tokio::test]
async fn statuses_rule_and_retries_change_nothing() {
    let one = instance().await;
    one.service.submit(report(NUMBER, "r1", noon())).await.unwrap();
    let block = StatusInput {
        kind: StatusKind::Blocked,
        reason: "test".to_owned(),
        expires_at: None,
    };
    let (_, _, version) = one
        .service
        .set_status(NUMBER, None, &block, &mutation("m1"))
        .await
        .unwrap();
    let (_, _, again) = one
        .service
        .set_status(NUMBER, None, &block, &mutation("m1"))
        .await
        .unwrap();
    assert_eq!(version, again);
    assert!(one.score(NUMBER) >= 95.0);
    assert_eq!(one.look_up(NUMBER).decision.basis, Basis::Analyst);

    let stale = Mutation {
        expected_version: Some(version - 1),
        ..mutation("m2")
    };
    let refused = one.service.clear_status(NUMBER, None, None, "", &stale).await;
    assert!(matches!(refused, Err(ServiceError::Stale { found, .. }) if found == version));
    let other = StatusInput {
        kind: StatusKind::Protected,
        ..block
    };
    let refused = one.service.set_status(NUMBER, None, &other, &mutation("m1")).await;
    assert!(matches!(
        refused,
        Err(ServiceError::AlreadyExists { what: "request_id" })
    ));

    one.service
        .clear_status(NUMBER, None, None, "", &mutation("m3"))
        .await
        .unwrap();
    let end = noon().plus(Duration::from_secs(30));
    let allow = StatusInput {
        kind: StatusKind::Allowed,
        reason: "owner".to_owned(),
        expires_at: Some(end),
    };
    one.service
        .set_status(NUMBER, None, &allow, &mutation("m4"))
        .await
        .unwrap();
    let allowed = one.look_up(NUMBER);
    assert_eq!(allowed.score.level, RiskLevel::Trusted);
    assert!(
        allowed.decision.ttl <= Duration::from_secs(30),
        "an answer outlives its status"
    );
    one.clock.advance(Duration::from_secs(31));
    assert_ne!(one.look_up(NUMBER).score.level, RiskLevel::Trusted);
}

#[tokio::test]
async fn a_reassigned_number_starts_anew() {
    let one = instance().await;
    one.service.submit(report(NUMBER, "old", noon())).await.unwrap();
    one.clock.advance(Duration::from_secs(10));
    let moved = StatusInput {
        kind: StatusKind::Reassigned,
        reason: "new owner".to_owned(),
        expires_at: None,
    };
    one.service
        .set_status(NUMBER, None, &moved, &mutation("m1"))
        .await
        .unwrap();
    assert_eq!(one.count(NUMBER), 0);
    let old = one.service.submit(report(NUMBER, "old", noon())).await.unwrap();
    assert_eq!(old.submitted, Submitted::BeforeReset);
    let new = one
        .service
        .submit(report(NUMBER, "new", one.clock.now()))
        .await
        .unwrap();
    assert_eq!(new.submitted, Submitted::Accepted);
}

#[tokio::test]
async fn a_corroborated_case_floors_its_numbers_and_warns_before_dialling() {
    let one = instance().await;
    let case = one
        .service
        .create_case(&new_case("Apple", CaseStatus::Open), &mutation("c1"))
        .await
        .unwrap();
    let again = one
        .service
        .create_case(&new_case("Apple", CaseStatus::Open), &mutation("c1"))
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
    let linked = one.service.link_numbers(&id, &links, &mutation("l1")).await.unwrap();
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
        one.service
            .transition_case(&id, &step, &mutation(&format!("t{n}")))
            .await
            .unwrap();
    }
    let labelled = one.look_up(NUMBER);
    assert!(labelled.score.value.unwrap() >= 60.0);
    assert_eq!(labelled.cases[0].1.title.as_ref(), "Apple");
    let input = LookupInput {
        number: NUMBER.to_owned(),
        role: LookupRole::AboutToDial,
        ..LookupInput::default()
    };
    assert_eq!(
        one.service.look_up(&input).unwrap().decision.action,
        Action::WarnBeforeDial
    );
    let illegal = TransitionInput {
        to: CaseStatus::Prosecution,
        note: String::new(),
        agency: String::new(),
    };
    let refused = one.service.transition_case(&id, &illegal, &mutation("t9")).await;
    assert!(matches!(refused, Err(ServiceError::Precondition(_))));
    let closed = TransitionInput {
        to: CaseStatus::ClosedUnsubstantiated,
        note: "no".to_owned(),
        agency: String::new(),
    };
    one.service
        .transition_case(&id, &closed, &mutation("t10"))
        .await
        .unwrap();
    assert!(one.score(NUMBER) < 60.0);
    assert_eq!(
        one.service.case_members(&id, &PageRequest::default()).unwrap().0.len(),
        1
    );
    let missing = CaseId::parse("nowhere").unwrap();
    assert!(matches!(
        one.service.case_details(&missing),
        Err(ServiceError::NotFound { what: "case" })
    ));
}

#[tokio::test]
async fn lists_are_complete_in_pages() {
    let one = instance().await;
    let reports = (0..230)
        .map(|n| Ok(report(&number(n * 41).to_string(), &format!("r{n}"), noon())))
        .collect();
    one.service.submit_all(reports).await;
    for n in 0..70 {
        let case = new_case(&format!("case {n:02}"), CaseStatus::Open);
        one.service
            .create_case(&case, &mutation(&format!("c{n}")))
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
        let list = one.service.list_numbers(&filter, &page).unwrap();
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
        .service
        .list_cases(
            &filter,
            &PageRequest {
                size: 6,
                token: String::new(),
            },
        )
        .unwrap();
    let second = one
        .service
        .list_cases(
            &filter,
            &PageRequest {
                size: 6,
                token: first.next_page_token,
            },
        )
        .unwrap();
    assert_eq!(
        (first.cases.len(), second.cases.len(), second.next_page_token.as_str()),
        (6, 4, "")
    );
}

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
            .service
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
        one.service.submit_all(reports).await;
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
    let lost = one.service.submit(report(NUMBER, "r1", noon())).await;
    assert!(matches!(lost, Err(ServiceError::OutcomeUnknown)));
    let retried = one.service.submit(report(NUMBER, "r1", noon())).await.unwrap();
    assert_eq!(retried.submitted, Submitted::AlreadyKnown);
    one.follower.sweep().await;
    assert_eq!(one.count(NUMBER), 1);
}

#[tokio::test]
async fn an_outage_stops_writes_and_nothing_else() {
    let flaky = Arc::new(Flaky::new(memory()));
    let one = Instance::over(flaky.clone(), Clock::manual(noon())).await;
    one.service.submit(report(NUMBER, "r1", noon())).await.unwrap();
    for (fault, wanted) in [(Fault::Unavailable, "Down"), (Fault::Foreign, "Foreign")] {
        flaky.always(Some(fault));
        one.follower.sweep().await;
        assert_eq!(format!("{:?}", one.follower.freshness().store()), wanted);
        assert!(matches!(
            one.service.submit(report(NUMBER, "r2", noon())).await,
            Err(ServiceError::Unavailable)
        ));
        assert_eq!(one.count(NUMBER), 1, "lookups are answered from memory");
        flaky.always(None);
        one.follower.sweep().await;
    }
    one.service.submit(report(NUMBER, "r2", noon())).await.unwrap();
    assert_eq!(one.count(NUMBER), 2);
}

#[tokio::test]
async fn dirty_impossible_short_and_anonymous_callers_have_defined_answers() {
    let one = instance().await;
    one.service.submit(report(NUMBER, "r1", noon())).await.unwrap();
    let dirty = one.look_up("\"Support\" <sip:+13152328257@carrier.example;user=phone>;party=calling");
    assert_eq!(dirty.facts.report_count, 1);
    let impossible = one.look_up("+1999999999999999");
    assert_eq!(
        (impossible.decision.action, impossible.decision.basis),
        (Action::Block, Basis::InvalidNumber)
    );
    assert!(impossible.identity.e164.is_none());
    let emergency = one.look_up("112");
    assert_eq!(
        (emergency.decision.action, emergency.decision.basis),
        (Action::Allow, Basis::Protected)
    );
    let anonymous = one.look_up("sip:anonymous@anonymous.invalid");
    assert_eq!(
        (anonymous.score.level, anonymous.decision.action),
        (RiskLevel::NotScored, Action::Allow)
    );
    let input = LookupInput {
        number: "hello".to_owned(),
        ..LookupInput::default()
    };
    assert!(matches!(one.service.look_up(&input), Err(ServiceError::Invalid(_))));
}
