//! Reports: counted once, withdrawn, superseded, listed.

use std::time::Duration;

use ringwarden::domain::ids::{ImportId, ReportId};
use ringwarden::domain::kinds::{Action, Basis, Category, ReportRole, RiskLevel, Source};
use ringwarden::domain::state::{Submitted, Withdrawal};
use ringwarden::service::{PageRequest, ServiceError};

use super::{NUMBER, instance};
use crate::support::instance::{days_before_noon, mutation, noon, number, report};

#[tokio::test]
async fn a_report_counts_once_and_shows_in_the_next_lookup() {
    let one = instance().await;
    assert_eq!(one.look_up(NUMBER).score.verdict.level, RiskLevel::Unknown);
    let first = one.services.reports.submit(report(NUMBER, "r1", noon())).await.unwrap();
    assert_eq!(first.submitted, Submitted::Accepted);
    assert_eq!(one.count(NUMBER), 1);
    let again = one
        .services
        .reports
        .submit(report("(315) 232-8257", "r1", noon()))
        .await;
    assert!(
        matches!(again, Err(ServiceError::Invalid(_))),
        "a national number needs a region"
    );
    let again = one.services.reports.submit(report(NUMBER, "r1", noon())).await.unwrap();
    assert_eq!(again.submitted, Submitted::AlreadyKnown);
    let mut other = report(NUMBER, "r1", noon());
    other.category = Category::Survey;
    let refused = one.services.reports.submit(other).await;
    assert!(matches!(refused, Err(ServiceError::ReportMismatch { .. })));
    assert_eq!(one.count(NUMBER), 1);
}

#[tokio::test]
async fn many_reports_make_a_number_critical_and_time_makes_it_harmless() {
    let one = instance().await;
    for n in 0..30 {
        one.services
            .reports
            .submit(report(NUMBER, &format!("r{n}"), days_before_noon(n % 2)))
            .await
            .unwrap();
    }
    let hot = one.look_up(NUMBER);
    assert_eq!(hot.score.verdict.level, RiskLevel::Critical);
    assert_eq!(
        (hot.decision.action, hot.decision.basis),
        (Action::Block, Basis::Analytics)
    );
    assert!(
        hot.score
            .reasons
            .iter()
            .any(|reason| reason.code.name() == "RECENT_REPORTS" && reason.points > 0.0)
    );
    one.clock.advance(Duration::from_secs(400 * 86_400));
    let cold = one.look_up(NUMBER);
    assert_eq!(cold.score.verdict.level, RiskLevel::Low);
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
    let outcomes = one.services.reports.submit_all(reports).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 501);
    assert!(matches!(outcomes[500], Err(ServiceError::Invalid(_))));
    assert_eq!(outcomes[502].as_ref().unwrap().submitted, Submitted::AlreadyKnown);
    let counted: u32 = (0..7).map(|n| one.count(&number(n).to_string())).sum();
    assert_eq!(counted, 500);
}

#[tokio::test]
async fn a_withdrawn_report_stays_withdrawn() {
    let one = instance().await;
    one.services.reports.submit(report(NUMBER, "r1", noon())).await.unwrap();
    let before = one.score(NUMBER);
    one.services.reports.submit(report(NUMBER, "r2", noon())).await.unwrap();
    let id = ReportId::parse("r2").unwrap();
    assert!(
        one.services
            .reports
            .withdraw(
                NUMBER,
                None,
                &id,
                "",
                &ringwarden::domain::audit::RequestedBy::default()
            )
            .await
            .unwrap()
            .was_known
    );
    assert!((one.score(NUMBER) - before).abs() < 1e-9);
    let again = one.services.reports.submit(report(NUMBER, "r2", noon())).await.unwrap();
    assert_eq!(again.submitted, Submitted::Withdrawn);
    // Withdrawn before it comes.
    let early = ReportId::parse("r3").unwrap();
    assert!(
        !one.services
            .reports
            .withdraw(
                NUMBER,
                None,
                &early,
                "",
                &ringwarden::domain::audit::RequestedBy::default()
            )
            .await
            .unwrap()
            .was_known
    );
    let late = one.services.reports.submit(report(NUMBER, "r3", noon())).await.unwrap();
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
    one.services.reports.submit_all(reports).await;
    let what = Withdrawal::Import(import);
    let taken = one
        .services
        .reports
        .withdraw_all(
            &what,
            &mutation("w1").request,
            "",
            &ringwarden::domain::audit::RequestedBy::default(),
        )
        .await
        .unwrap();
    assert_eq!(taken.reports, 200);
    let left: u32 = (0..300u64)
        .map(|n| number(n * 31 % 997))
        .map(|number| one.count(&number.to_string()))
        .sum();
    assert_eq!(left, 100);
    assert_eq!(
        one.services
            .reports
            .withdraw_all(
                &what,
                &mutation("w2").request,
                "",
                &ringwarden::domain::audit::RequestedBy::default()
            )
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
    one.services.reports.submit(with_callback).await.unwrap();
    let list = one
        .services
        .reports
        .list("+18005550142", None, false, &PageRequest::default())
        .await
        .unwrap();
    assert_eq!(list.reports.len(), 1);
    assert_eq!(list.reports[0].row.body.role, Some(ReportRole::ToldToCall));
    one.services
        .reports
        .withdraw(
            NUMBER,
            None,
            &ReportId::parse("r1").unwrap(),
            "",
            &ringwarden::domain::audit::RequestedBy::default(),
        )
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
        one.services.reports.submit(stranger).await.unwrap();
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
    one.services.reports.submit(again).await.unwrap();
    assert!((one.score(NUMBER) - before).abs() < 1e-9);
    let list = one
        .services
        .reports
        .list(NUMBER, None, false, &PageRequest::default())
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
        one.services
            .reports
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
        let list = one.services.reports.list(NUMBER, None, false, &page).await.unwrap();
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
        one.services.reports.list(NUMBER, None, false, &page).await,
        Err(ServiceError::Invalid(violations)) if violations[0].field == "page_token"
    ));
}

#[tokio::test]
async fn a_number_reported_by_everybody_at_once_is_filed_in_one_batch_after_another() {
    let one = instance().await;
    for batch in 0..4 {
        let reports = (0..1_500)
            .map(|n| Ok(report(NUMBER, &format!("r{batch}-{n}"), noon())))
            .collect();
        let outcomes = one.services.reports.submit_all(reports).await;
        assert!(
            outcomes.iter().all(Result::is_ok),
            "{:?}",
            outcomes.iter().find(|outcome| outcome.is_err())
        );
    }
    assert_eq!(one.count(NUMBER), 6_000);
    let page = PageRequest {
        size: 1_000,
        token: String::new(),
    };
    let list = one.services.reports.list(NUMBER, None, false, &page).await.unwrap();
    assert_eq!(list.reports.len(), 1_000);
}
