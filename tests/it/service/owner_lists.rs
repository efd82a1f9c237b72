//! Lists of known owners in the service: owners are part of the content of a request, survive a restart, and end with
//! their entries.

use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::domain::ids::OwnerName;
use ringwarden::domain::kinds::{ListKind, OwnerCalls};
use ringwarden::domain::list::{ListEntry, ListedCaller, Owner, OwnerHit};
use ringwarden::domain::time::{DAY_MS, Timestamp};
use ringwarden::service::{Replaced, ServiceError};
use ringwarden::store::embedded::EmbeddedStore;

use super::lists::{entries, head};
use super::{instance, memory};
use crate::support::instance::{Instance, evidence_version, noon};

const ONE: &str = "+14155550101";

/// An entry for one pattern.
fn owned(pattern: &str, organisation: &str, calls: OwnerCalls) -> ListEntry {
    let owner = Owner {
        organisation: OwnerName::parse(organisation).unwrap(),
        brand: None,
        calls,
    };
    ListEntry {
        owner: Some(Arc::new(owner)),
        ..entries(&[pattern])[0].clone()
    }
}

async fn replace(one: &Instance, request: &str, entries: &[ListEntry]) -> Result<Replaced, ServiceError> {
    let head = head("owners", ListKind::KnownOwner, request);
    one.services.lists.replace(&head, entries.into()).await
}

fn found(one: &Instance) -> Option<(String, OwnerHit)> {
    let (caller, now) = (ListedCaller::Number(ONE.parse().unwrap()), one.clock.now());
    let owner = one.index.owner_of(caller, now)?;
    Some((
        owner.organisation.to_string(),
        one.index.listed(caller, now).known_owner?,
    ))
}

#[tokio::test]
async fn owners_are_part_of_the_content_of_a_request() {
    let one = instance().await;
    let bank = [owned(ONE, "First Bank", OwnerCalls::Yes)];
    let first = replace(&one, "r1", &bank).await.unwrap();
    assert_eq!(replace(&one, "r1", &bank).await.unwrap(), first, "a retry");
    assert!(!replace(&one, "r2", &bank).await.unwrap().changed);
    for other in [
        owned(ONE, "Other Bank", OwnerCalls::Yes),
        owned(ONE, "First Bank", OwnerCalls::Signed),
    ] {
        let refused = replace(&one, "r1", std::slice::from_ref(&other)).await;
        assert!(matches!(
            refused,
            Err(ServiceError::ContentMismatch { field: "request_id" })
        ));
        let organisation = other.owner.as_ref().unwrap().organisation.clone();
        assert!(replace(&one, organisation.as_str(), &[other]).await.unwrap().changed);
    }
    assert_eq!(found(&one).unwrap().1.calls, OwnerCalls::Signed);
}

#[tokio::test]
async fn an_owner_ends_with_its_entry() {
    let clock = Clock::manual(noon());
    let one = Instance::over(memory(), clock.clone()).await;
    let end = Timestamp::from_millis(noon().millis() + DAY_MS);
    let number = ListEntry {
        expires_at: Some(end),
        ..owned(ONE, "First Bank", OwnerCalls::Never)
    };
    let list = [owned("+1415555*", "First Carrier", OwnerCalls::Yes), number];
    replace(&one, "r1", &list).await.unwrap();
    let hit = |calls, expires_at| OwnerHit { calls, expires_at };
    assert_eq!(
        found(&one),
        Some(("First Bank".to_owned(), hit(OwnerCalls::Never, Some(end))))
    );
    clock.set(end);
    assert_eq!(
        found(&one),
        Some(("First Carrier".to_owned(), hit(OwnerCalls::Yes, None)))
    );
}

#[tokio::test]
async fn owners_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let open = || async { EmbeddedStore::open(directory.path(), evidence_version()).await.unwrap() };
    let one = Instance::over(Arc::new(open().await), Clock::manual(noon())).await;
    let bank = [owned(ONE, "First Bank", OwnerCalls::Signed)];
    replace(&one, "r1", &bank).await.unwrap();
    let before = found(&one);
    assert!(before.is_some());
    drop(one);
    let again = Instance::over(Arc::new(open().await), Clock::manual(noon())).await;
    assert_eq!(found(&again), before);
    assert!(!replace(&again, "r2", &bank).await.unwrap().changed);
}
