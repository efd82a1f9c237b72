//! Retries of requests after the server was started again: the record knows the request by its frozen bytes, and the
//! answer is the same. The reason of a change stays in the change log.

use std::path::Path;
use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::codec;
use ringwarden::domain::ids::CaseId;
use ringwarden::domain::kinds::{CaseStatus, Category, Source, StatusKind};
use ringwarden::domain::state::NumberState;
use ringwarden::domain::tenant::TenantId;
use ringwarden::number::E164;
use ringwarden::service::{CaseChange, Expiry, NewCase, ServiceError, StatusInput};
use ringwarden::store::embedded::EmbeddedStore;
use ringwarden::store::{RecordKey, Store};

use super::{NUMBER, memory};
use crate::support::instance::{Instance, evidence_version, mutation, noon};

/// A server on the store of a directory.
async fn started(path: &Path) -> Instance {
    let store = EmbeddedStore::open(path, evidence_version()).await.unwrap();
    Instance::over(Arc::new(store), Clock::manual(noon())).await
}

fn new_case() -> NewCase {
    NewCase {
        id: None,
        title: "Pop-ups".to_owned(),
        category: Category::TechSupportScam,
        brand: None,
        summary: "What callers say.".to_owned(),
        status: CaseStatus::Open,
        agency: String::new(),
        agency_reference: String::new(),
        source: Source::Analyst,
        last_evidence_at: Some(noon()),
    }
}

/// Makes one request of each kind; gives the versions and the id that were answered.
async fn ask(one: &Instance, reason: &str) -> Result<(CaseId, [u64; 4]), ServiceError> {
    let cases = &one.services.cases;
    let created = cases.create(&new_case(), &mutation("create")).await?;
    let id = created.case.id.clone();
    let change = CaseChange {
        summary: Some(reason.to_owned()),
        brand: Some(None),
        ..CaseChange::default()
    };
    let updated = cases.update(&id, &change, &mutation("update")).await?;
    let input = StatusInput {
        kind: StatusKind::Blocked,
        reason: reason.to_owned(),
        expiry: Some(Expiry::At(noon().plus(std::time::Duration::from_secs(86_400)))),
    };
    let numbers = &one.services.numbers;
    let set = numbers.set_status(NUMBER, None, &input, &mutation("set")).await?;
    let cleared = numbers
        .clear_status("+13152320001", None, None, reason, &mutation("clear"))
        .await?;
    Ok((id, [created.version, updated.version, set.version, cleared.version]))
}

#[tokio::test]
async fn a_retry_after_a_restart_gets_the_same_answer() {
    let directory = tempfile::tempdir().unwrap();
    let first = started(directory.path()).await;
    let answered = ask(&first, "seen in a pop-up").await.unwrap();
    drop(first);
    let second = started(directory.path()).await;
    let (id, versions) = ask(&second, "seen in a pop-up").await.unwrap();
    assert_eq!(id, answered.0);
    // The retried creation is answered with the case as it is now: version and content of the same moment.
    assert_eq!(versions[1..], answered.1[1..]);
    assert_eq!(versions[0], answered.1[1]);
    let other = ask(&second, "another reason").await;
    assert!(matches!(other, Err(ServiceError::ContentMismatch { .. })), "{other:?}");
}

/// The reasons of the change log's entries of a number, oldest first, each with its actor and request.
async fn logged(store: &dyn Store, number: &str) -> Vec<[String; 3]> {
    let number: E164 = number.parse().unwrap();
    let shard = RecordKey::of::<NumberState>(TenantId::DEFAULT, &number).shard();
    let entries = store.entries(shard, 1, 100).await.unwrap();
    let headers = entries.iter().map(|raw| codec::entry::decode(raw).unwrap().header);
    headers
        .map(|header| {
            [
                header.actor.as_str().to_owned(),
                header.request.into(),
                header.reason.into(),
            ]
        })
        .collect()
}

#[tokio::test]
async fn the_change_log_keeps_the_reason_with_its_actor_and_request() {
    let store = memory();
    let one = Instance::over(Arc::clone(&store), Clock::manual(noon())).await;
    let numbers = &one.services.numbers;
    let reason = "the owner called us";
    numbers
        .clear_status(NUMBER, None, None, reason, &mutation("clear"))
        .await
        .unwrap();
    numbers
        .reset(NUMBER, None, None, "a new owner", &mutation("reset"))
        .await
        .unwrap();
    let report = crate::support::instance::report(NUMBER, "r1", noon());
    one.services.reports.submit(report).await.unwrap();
    let corrected = ringwarden::service::NewReport {
        revision: 3,
        ..crate::support::instance::report(NUMBER, "r1", noon())
    };
    one.services.reports.submit(corrected).await.unwrap();
    let id = ringwarden::domain::ids::ReportId::parse("r1").unwrap();
    one.services
        .reports
        .withdraw(
            NUMBER,
            None,
            &id,
            "a mistake",
            &ringwarden::domain::audit::RequestedBy::default(),
        )
        .await
        .unwrap();
    let entries = logged(&*store, NUMBER).await;
    let kept = entries
        .iter()
        .map(|[actor, request, reason]| (actor.as_str(), request.as_str(), reason.as_str()));
    assert_eq!(
        kept.collect::<Vec<_>>(),
        [
            ("ana", "clear", reason),
            ("ana", "reset", "a new owner"),
            ("reporters", "r1", ""),
            ("reporters", "r1", "revision 3"),
            ("reporters", "r1", "a mistake"),
        ]
    );
}
