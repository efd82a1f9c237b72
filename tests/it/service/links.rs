//! Links of numbers with cases, where the index is older than the store.

use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::domain::ids::CaseId;
use ringwarden::domain::kinds::{CaseStatus, Category, Source, StatusKind};
use ringwarden::service::{NewCase, StatusInput, UnlinkInput};

use super::{NUMBER, memory};
use crate::support::instance::{Instance, mutation, noon};

#[tokio::test]
async fn unlinking_a_number_without_the_link_leaves_its_record_as_it_is() {
    let store = memory();
    let clock = Clock::manual(noon());
    let (one, two) = (
        Instance::over(Arc::clone(&store), clock.clone()).await,
        Instance::over(store, clock).await,
    );
    let id = CaseId::parse("popups").unwrap();
    let new = NewCase {
        id: Some(id.clone()),
        title: "Pop-ups".to_owned(),
        category: Category::TechSupportScam,
        brand: None,
        summary: String::new(),
        status: CaseStatus::Open,
        agency: String::new(),
        agency_reference: String::new(),
        source: Source::Analyst,
        last_evidence_at: None,
    };
    one.services.cases.create(&new, &mutation("create")).await.unwrap();
    two.follower.sweep().await;
    let status = StatusInput {
        kind: StatusKind::Blocked,
        reason: "seen".to_owned(),
        expiry: None,
    };
    let numbers = &one.services.numbers;
    let set = numbers
        .set_status(NUMBER, None, &status, &mutation("set"))
        .await
        .unwrap();

    // The index of the second instance gets the record from this request.
    let input = UnlinkInput {
        number: NUMBER.to_owned(),
        default_region: None,
        role: None,
        expected_version: None,
    };
    let cases = &two.services.cases;
    let unlinked = cases
        .unlink_numbers(&id, &[Ok(input)], "mistake", &mutation("unlink"))
        .await
        .unwrap();
    let outcome = *unlinked[0].as_ref().unwrap();
    assert_eq!((outcome.changed, outcome.version), (false, set.version));
    let number = NUMBER.parse().unwrap();
    let stored = one.index.record(number).unwrap();
    assert_eq!(two.index.record(number).unwrap(), stored);
}
