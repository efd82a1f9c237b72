//! Audit events: written with each change, listed by filters and pages, kept while other writers conflict.

use std::sync::Arc;

use ringwarden::clock::{Clock, monotonic};
use ringwarden::domain::audit::{AuditMethod, AuditSubject, RequestedBy};
use ringwarden::domain::ids::{CaseId, ImportId};
use ringwarden::domain::kinds::StatusKind;
use ringwarden::service::{AuditFilter, AuditPage, Expiry, PageRequest, StatusInput, named_imports, subject_of_number};
use ringwarden::store::Store;

use crate::support::flaky::{Fault, Flaky};
use crate::support::instance::{Instance, mutation, noon, report};

fn blocked(reason: &str) -> StatusInput {
    StatusInput {
        kind: StatusKind::Blocked,
        reason: reason.to_owned(),
        expiry: None::<Expiry>,
    }
}

fn about(number: &str) -> AuditFilter {
    AuditFilter {
        subject: Some(subject_of_number(number, None).unwrap()),
        ..AuditFilter::default()
    }
}

async fn list(instance: &Instance, filter: &AuditFilter) -> AuditPage {
    let page = PageRequest::default();
    instance.services.audit.list(filter, &page).await.unwrap()
}

#[tokio::test]
async fn a_change_tells_who_what_before_and_after() {
    let instance = super::instance().await;
    let number = "+14155550199";
    let numbers = &instance.services.numbers;
    for (request, reason) in [("r1", "spam"), ("r2", "worse"), ("r2", "worse")] {
        let input = blocked(reason);
        numbers
            .set_status(number, None, &input, &mutation(request))
            .await
            .unwrap();
    }
    let listed = list(&instance, &about(number)).await;
    assert_eq!(listed.events.len(), 2, "a repeated request is no event");
    let newest = &listed.events[0].event;
    assert_eq!(newest.method, AuditMethod::SetNumberStatus);
    assert_eq!((&*newest.request, &*newest.reason), ("r2", "worse"));
    assert_eq!(newest.actor, mutation("r2").actor);
    assert_eq!(newest.changes.len(), 1);
    let change = &newest.changes[0];
    assert_eq!((&*change.old, &*change.new), ("set: spam", "set: worse"));
    let other = list(&instance, &about("+14155550198")).await;
    assert!(other.events.is_empty());
}

#[tokio::test]
async fn pages_and_filters_find_the_same_events() {
    let instance = super::instance().await;
    let numbers = &instance.services.numbers;
    for n in 0..30 {
        let (number, request) = (format!("+1415555{n:04}"), format!("r{n}"));
        numbers
            .set_status(&number, None, &blocked("x"), &mutation(&request))
            .await
            .unwrap();
    }
    let mut page = PageRequest {
        size: 7,
        token: String::new(),
    };
    let mut found = Vec::new();
    loop {
        let part = instance
            .services
            .audit
            .list(&AuditFilter::default(), &page)
            .await
            .unwrap();
        assert!(part.events.len() <= 7);
        found.extend(part.events.into_iter().map(|listed| listed.id));
        page.token = part.next_page_token;
        if page.token.is_empty() {
            break;
        }
    }
    assert_eq!(found.len(), 30);
    assert!(found.is_sorted_by(|one, next| one > next), "newest first, none twice");
    let of_request = AuditFilter {
        request: "r7".to_owned(),
        ..AuditFilter::default()
    };
    assert_eq!(list(&instance, &of_request).await.events.len(), 1);
    for none in [
        AuditFilter {
            actor: "nobody".to_owned(),
            ..AuditFilter::default()
        },
        AuditFilter {
            method: Some(AuditMethod::ResetNumber),
            ..AuditFilter::default()
        },
        AuditFilter {
            subject: Some(AuditSubject::Case(CaseId::parse("c-1").unwrap())),
            ..AuditFilter::default()
        },
    ] {
        assert!(list(&instance, &none).await.events.is_empty());
    }
    let token = PageRequest {
        size: 7,
        token: instance
            .services
            .audit
            .list(
                &AuditFilter::default(),
                &PageRequest {
                    size: 7,
                    token: String::new(),
                },
            )
            .await
            .unwrap()
            .next_page_token,
    };
    let with_filter = instance.services.audit.list(&of_request, &token).await;
    assert!(with_filter.is_err(), "a token of another list");
}

#[tokio::test]
async fn old_events_are_dropped_and_reads_are_recorded() {
    let instance = super::instance().await;
    let audit = &instance.services.audit;
    let by = RequestedBy::default();
    let subject = subject_of_number("+14155550199", None).unwrap();
    audit.record_read(&by, AuditMethod::GetNumber, Some(subject)).await;
    audit
        .record(&by, AuditMethod::ExportReports, None, vec![])
        .await
        .unwrap();
    assert_eq!(list(&instance, &AuditFilter::default()).await.events.len(), 2);
    let now = instance.services.clock().now();
    assert_eq!(audit.drop_older_than(now).await.unwrap(), 0);
    let later = now.plus(std::time::Duration::from_secs(1));
    assert_eq!(audit.drop_older_than(later).await.unwrap(), 2);
    assert!(list(&instance, &AuditFilter::default()).await.events.is_empty());
}

/// A read is answered while the store takes no writes: the event is lost, and a metric counts it. An import is refused then.
#[tokio::test]
async fn a_read_that_cannot_be_recorded_is_counted() {
    let flaky = Arc::new(Flaky::new(super::memory()));
    let store: Arc<dyn Store> = Arc::clone(&flaky) as Arc<dyn Store>;
    let instance = Instance::over(store, Clock::manual(noon())).await;
    let audit = &instance.services.audit;
    let by = RequestedBy::default();
    let subject = subject_of_number("+14155550199", None).unwrap();
    flaky.always(Some(Fault::Unavailable));
    audit
        .record_read(&by, AuditMethod::GetNumber, Some(subject.clone()))
        .await;
    let report = ringwarden::service::NewReport {
        import: Some(ImportId::parse("i-1").unwrap()),
        ..report("+14155550199", "r1", noon())
    };
    let named = || named_imports(&[Ok(report.clone())], |_| true).unwrap();
    let refused = audit.record_imports(&by, AuditMethod::SubmitReport, named()).await;
    assert!(refused.is_err());
    flaky.always(None);
    let metrics = instance.services.metrics().render(monotonic());
    assert!(metrics.contains("ringwarden_audit_events_lost_total 1"), "{metrics}");
    audit.record_read(&by, AuditMethod::GetNumber, Some(subject)).await;
    // What was refused is not taken for told.
    audit
        .record_imports(&by, AuditMethod::SubmitReport, named())
        .await
        .unwrap();
    let listed = list(&instance, &AuditFilter::default()).await;
    let methods: Vec<_> = listed.events.iter().map(|listed| listed.event.method).collect();
    assert_eq!(methods, [AuditMethod::SubmitReport, AuditMethod::GetNumber]);
}
