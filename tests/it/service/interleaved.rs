//! Two writers of one record, the second between the commit of the first and its answer. A client that is handed the
//! content of version N with the version N+1 would overwrite the second change unseen: `expected_version` would pass.

use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::domain::ids::CaseId;
use ringwarden::domain::kinds::{CaseRole, CaseStatus, Category, ListKind, Source, StatusKind};
use ringwarden::service::{
    CaseChange, LinkInput, ListHead, Mutation, NewCase, NoteSubjectInput, NumberChanged, ServiceError, StatusInput,
};

use super::lists::entries;
use super::{NUMBER, memory};
use crate::support::instance::{Instance, mutation, noon};
use crate::support::overtaken::{MustRun, Overtaken};

/// The instance under test, whose commits can be overtaken, and another instance on the same store.
async fn two_writers() -> (Arc<Instance>, Arc<Overtaken>, Arc<Instance>) {
    let store = memory();
    let overtaken = Arc::new(Overtaken::new(Arc::clone(&store)));
    let clock = Clock::manual(noon());
    let one = Instance::over(Arc::<Overtaken>::clone(&overtaken), clock.clone()).await;
    let other = Instance::over(store, clock).await;
    (Arc::new(one), overtaken, Arc::new(other))
}

fn status(kind: StatusKind) -> StatusInput {
    StatusInput {
        kind,
        reason: "seen".to_owned(),
        expiry: None,
    }
}

fn expecting(request: &str, version: u64) -> Mutation {
    Mutation {
        expected_version: Some(version),
        ..mutation(request)
    }
}

fn new_case(id: &CaseId) -> NewCase {
    NewCase {
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
    }
}

async fn set(instance: &Instance, kind: StatusKind, mutation: &Mutation) -> Result<NumberChanged<u32>, ServiceError> {
    let numbers = &instance.services.numbers;
    numbers.set_status(NUMBER, None, &status(kind), mutation).await
}

/// The index of the first instance learns of the second write before the first write is answered.
fn overtake(one: &Arc<Instance>, overtaken: &Overtaken, write: impl Future<Output = ()> + Send + 'static) -> MustRun {
    let one = Arc::clone(one);
    overtaken.after_next_commit(async move {
        write.await;
        one.follower.sweep().await;
    })
}

#[tokio::test]
async fn a_status_is_answered_with_the_version_that_holds_it() {
    let (one, overtaken, other) = two_writers().await;
    let second = Arc::clone(&other);
    let _must_run = overtake(&one, &overtaken, async move {
        second.follower.sweep().await;
        let changed = set(&second, StatusKind::UnderDispute, &mutation("second"))
            .await
            .unwrap();
        assert_eq!(changed.version, 2);
    });
    let first = set(&one, StatusKind::Blocked, &mutation("first")).await.unwrap();
    let kinds: Vec<_> = first.statuses.all().map(|entry| entry.kind).collect();
    assert_eq!((first.version, kinds.as_slice()), (1, &[StatusKind::Blocked][..]));
    // The client has not seen the second change, so its next change is refused.
    let again = set(&one, StatusKind::Protected, &expecting("third", first.version)).await;
    assert!(
        matches!(again, Err(ServiceError::VersionMismatch { expected: 1, found: 2 })),
        "{again:?}"
    );
}

#[tokio::test]
async fn a_case_is_answered_with_the_version_that_holds_it() {
    let (one, overtaken, other) = two_writers().await;
    let id = CaseId::parse("popups").unwrap();
    let new = new_case(&id);
    let created = one.services.cases.create(&new, &mutation("create")).await.unwrap();
    let title = |title: &str| CaseChange {
        title: Some(title.to_owned()),
        ..CaseChange::default()
    };
    let (second, second_id) = (Arc::clone(&other), id.clone());
    let _must_run = overtake(&one, &overtaken, async move {
        second.follower.sweep().await;
        let change = title("Second");
        let by = mutation("second");
        second.services.cases.update(&second_id, &change, &by).await.unwrap();
    });
    let mutation_of_first = expecting("first", created.version);
    let first = one
        .services
        .cases
        .update(&id, &title("First"), &mutation_of_first)
        .await
        .unwrap();
    assert_eq!((&*first.case.title, first.version), ("First", created.version + 1));
    let third = one
        .services
        .cases
        .update(&id, &title("Third"), &expecting("third", first.version))
        .await;
    assert!(matches!(third, Err(ServiceError::VersionMismatch { .. })), "{third:?}");
}

#[tokio::test]
async fn a_list_is_answered_with_the_version_that_holds_it() {
    let (one, overtaken, other) = two_writers().await;
    let head = |request: &str| ListHead {
        id: ringwarden::domain::ids::ListId::parse("dno").unwrap(),
        kind: ListKind::DoNotOriginate,
        may_be_empty: false,
        mutation: mutation(request),
    };
    let second = Arc::clone(&other);
    let seconds = entries(&["+14155550100", "+14155550101"]);
    let _must_run = overtake(&one, &overtaken, async move {
        second.follower.sweep().await;
        second.services.lists.replace(&head("second"), seconds).await.unwrap();
    });
    let first = one
        .services
        .lists
        .replace(&head("first"), entries(&["+14155550199"]))
        .await
        .unwrap();
    assert_eq!((first.list.entry_count, first.list.version), (1, 1));
    let (version, list) = one.index.list(&head("first").id).unwrap();
    assert_eq!((version, list.entries.len()), (2, 2));
}

#[tokio::test]
async fn a_link_is_answered_with_the_version_that_holds_it() {
    let (one, overtaken, other) = two_writers().await;
    let id = CaseId::parse("popups").unwrap();
    let new = new_case(&id);
    one.services.cases.create(&new, &mutation("create")).await.unwrap();
    let link = LinkInput {
        number: NUMBER.to_owned(),
        default_region: None,
        role: CaseRole::Callback,
        confidence: 0.9,
        source: Source::Analyst,
        from: None,
        to: None,
        expected_version: None,
    };
    let second = Arc::clone(&other);
    let _must_run = overtake(&one, &overtaken, async move {
        second.follower.sweep().await;
        set(&second, StatusKind::Blocked, &mutation("second")).await.unwrap();
    });
    let linked = one
        .services
        .cases
        .link_numbers(&id, &[Ok(link)], &mutation("first"))
        .await
        .unwrap();
    assert_eq!(linked[0].as_ref().unwrap().version, 1);
    let (version, record) = one.index.record(NUMBER.parse().unwrap()).unwrap();
    assert_eq!((version, record.links.len(), record.statuses.is_empty()), (2, 1, false));
}

#[tokio::test]
async fn two_writers_of_one_note_leave_one() {
    for (text, same) in [("seen", true), ("other", false)] {
        let (one, overtaken, other) = two_writers().await;
        let subject = NoteSubjectInput::Number {
            text: NUMBER.to_owned(),
            default_region: None,
        };
        let (second, second_subject) = (Arc::clone(&other), subject.clone());
        let _must_run = overtaken.after_next_read(async move {
            let notes = &second.services.notes;
            assert!(
                notes
                    .add(&second_subject, "seen", &mutation("n1"))
                    .await
                    .unwrap()
                    .created
            );
        });
        let first = one.services.notes.add(&subject, text, &mutation("n1")).await;
        match first {
            Ok(added) => assert!(same && !added.created),
            Err(error) => assert!(!same && matches!(error, ServiceError::ContentMismatch { field: "request_id" })),
        }
    }
}
