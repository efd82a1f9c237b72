//! Notes of analysts: added once however often they are sent, bounded, listed newest first, and shown on all instances.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use ringwarden::clock::Clock;
use ringwarden::domain::case::Case;
use ringwarden::domain::ids::CaseId;
use ringwarden::domain::kinds::{CaseStatus, Category, Source};
use ringwarden::domain::note::{MAX_NOTES, Note, NoteSubject};
use ringwarden::service::{NewCase, NoteAdded, NoteSubjectInput, PageRequest, ServiceError};

use super::{NUMBER, instance, memory};
use crate::support::flaky::{Fault, Flaky};
use crate::support::instance::{Instance, mutation, noon, report};

fn on(number: &str) -> NoteSubjectInput {
    NoteSubjectInput::Number {
        text: number.to_owned(),
        default_region: "US".parse().ok(),
    }
}

async fn add(one: &Instance, subject: &NoteSubjectInput, text: &str, id: &str) -> Result<NoteAdded, ServiceError> {
    one.services.notes.add(subject, text, &mutation(id)).await
}

async fn all(one: &Instance, subject: &NoteSubjectInput) -> Vec<Arc<Note>> {
    let page = PageRequest {
        size: 1_000,
        token: String::new(),
    };
    one.services.notes.list(subject, &page, None).await.unwrap().notes
}

fn texts(notes: &[Arc<Note>]) -> Vec<&str> {
    notes.iter().map(|note| &*note.text).collect()
}

/// Creates a case; gives its id.
async fn case(one: &Instance, id: &str) -> CaseId {
    let new = NewCase {
        id: CaseId::parse(id).ok(),
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
    let created = one.services.cases.create(&new, &mutation(id)).await.unwrap();
    created.case.id.clone()
}

#[tokio::test]
async fn a_retry_gives_the_same_note_and_another_text_is_refused() {
    let one = instance().await;
    let first = add(&one, &on(NUMBER), "asked the carrier", "n1").await.unwrap();
    one.clock.advance(Duration::from_secs(60));
    let again = add(&one, &on("(315) 232-8257"), "asked the carrier", "n1")
        .await
        .unwrap();
    assert!(first.created && !again.created);
    assert_eq!(first.note, again.note, "with the time and author of the first try");
    assert_eq!((first.note.created_at, first.note.author.as_str()), (noon(), "ana"));
    let other = add(&one, &on(NUMBER), "asked the owner", "n1").await;
    assert!(
        matches!(other, Err(ServiceError::ContentMismatch { field: "request_id" })),
        "{other:?}"
    );
    assert_eq!(texts(&all(&one, &on(NUMBER)).await), ["asked the carrier"]);
    // Other records remember sixteen requests; a note remembers its own for ever.
    for n in 0..20 {
        add(&one, &on(NUMBER), "more", &format!("more-{n}")).await.unwrap();
    }
    let late = add(&one, &on(NUMBER), "asked the carrier", "n1").await.unwrap();
    assert!(!late.created);
}

#[tokio::test]
async fn a_lost_answer_leaves_one_note() {
    let flaky = Arc::new(Flaky::new(memory()));
    let one = Instance::over(flaky.clone(), Clock::manual(noon())).await;
    // The memory of requests is read, read again and written, and the note is read; then the answer of its commit is lost.
    for _ in 0..4 {
        flaky.once(Fault::Slow(Duration::ZERO));
    }
    flaky.once(Fault::LostAnswer);
    let lost = add(&one, &on(NUMBER), "seen", "n1").await;
    assert!(matches!(lost, Err(ServiceError::OutcomeUnknown)), "{lost:?}");
    let retried = add(&one, &on(NUMBER), "seen", "n1").await.unwrap();
    assert!(!retried.created);
    assert_eq!(texts(&all(&one, &on(NUMBER)).await), ["seen"]);
}

#[tokio::test]
async fn notes_are_listed_newest_first_in_pages() {
    let one = instance().await;
    for n in 0..7 {
        // Two notes in each millisecond.
        let text = format!("note {n}");
        add(&one, &on(NUMBER), &text, &format!("n{n}")).await.unwrap();
        one.clock.advance(Duration::from_millis(n % 2));
    }
    let whole = all(&one, &on(NUMBER)).await;
    assert!(whole.is_sorted_by(|one, next| (one.created_at, one.id) > (next.created_at, next.id)));
    assert_eq!(&*whole[0].text, "note 6");
    let mut page = PageRequest {
        size: 3,
        token: String::new(),
    };
    let mut sizes = Vec::new();
    let mut listed = Vec::new();
    loop {
        let part = one.services.notes.list(&on(NUMBER), &page, None).await.unwrap();
        sizes.push(part.notes.len());
        listed.extend(part.notes);
        page.token = part.next_page_token;
        if page.token.is_empty() {
            break;
        }
        let foreign = one.services.notes.list(&on("+13152328258"), &page, None).await;
        assert!(
            matches!(foreign, Err(ServiceError::Invalid(_))),
            "a token of another list"
        );
    }
    assert_eq!(sizes, [3, 3, 1]);
    assert_eq!(listed, whole);
}

#[tokio::test]
async fn a_number_and_a_case_hold_a_limited_count_of_notes() {
    let one = instance().await;
    let on_case = NoteSubjectInput::Case(case(&one, "popups").await);
    for (subject, kind) in [(on(NUMBER), "number"), (on_case, "case")] {
        for n in 0..MAX_NOTES {
            add(&one, &subject, "seen", &format!("{kind}-{n}")).await.unwrap();
        }
        let beyond = add(&one, &subject, "seen", "beyond").await;
        let Err(ServiceError::Precondition(sentence)) = beyond else {
            panic!("{beyond:?}");
        };
        let expected = format!("the {kind} has 1000 notes already, which is the limit");
        assert_eq!(sentence, expected);
        let retried = add(&one, &subject, "seen", &format!("{kind}-0")).await.unwrap();
        assert!(!retried.created, "a retry adds none");
        assert_eq!(all(&one, &subject).await.len(), MAX_NOTES);
    }
}

#[tokio::test]
async fn notes_that_are_added_at_the_same_time_are_counted() {
    let flaky = Arc::new(Flaky::new(memory()));
    let one = Instance::over(flaky.clone(), Clock::manual(noon())).await;
    for n in 0..MAX_NOTES - 10 {
        add(&one, &on(NUMBER), "seen", &format!("n{n}")).await.unwrap();
    }
    // Each of the twenty lets the others run while the store reads and commits.
    for _ in 0..40 {
        flaky.once(Fault::Slow(Duration::from_millis(1)));
    }
    let subject = on(NUMBER);
    let ids: Vec<String> = (0..20).map(|n| format!("last-{n}")).collect();
    let added = join_all(ids.iter().map(|id| add(&one, &subject, "seen", id))).await;
    assert_eq!(added.iter().filter(|outcome| outcome.is_ok()).count(), 10);
    assert_eq!(all(&one, &subject).await.len(), MAX_NOTES);
}

#[tokio::test]
async fn a_page_of_long_notes_has_fewer_of_them() {
    let one = instance().await;
    // 8,000 bytes each: 131 of them are below 1 MiB.
    let text = "\u{1F4DE}".repeat(2_000);
    for n in 0..140 {
        add(&one, &on(NUMBER), &text, &format!("n{n}")).await.unwrap();
    }
    let mut page = PageRequest {
        size: 1_000,
        token: String::new(),
    };
    let first = one.services.notes.list(&on(NUMBER), &page, None).await.unwrap();
    page.token = first.next_page_token;
    let second = one.services.notes.list(&on(NUMBER), &page, None).await.unwrap();
    assert_eq!((first.notes.len(), second.notes.len()), (131, 9));
    assert_eq!(second.next_page_token, "");
}

#[tokio::test]
async fn only_a_possible_number_and_a_case_that_exists_get_notes() {
    let one = instance().await;
    for text in ["911", "garbage", "anonymous", "+1999999999999999"] {
        let refused = add(&one, &on(text), "seen", "n1").await;
        assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{text}: {refused:?}");
    }
    let nowhere = NoteSubjectInput::Case(CaseId::parse("nowhere").unwrap());
    let refused = add(&one, &nowhere, "seen", "n1").await;
    assert!(matches!(refused, Err(ServiceError::NotFound { resource: "case" })));
    let refused = one.services.notes.list(&nowhere, &PageRequest::default(), None).await;
    assert!(matches!(refused, Err(ServiceError::NotFound { resource: "case" })));
    assert_eq!(one.index.number_count(), 0);
}

#[tokio::test]
async fn a_merged_case_leads_to_its_successor() {
    let one = instance().await;
    let (merged, successor) = (case(&one, "merged").await, case(&one, "successor").await);
    let details = one.services.cases.get(&merged).await.unwrap();
    let record = Case {
        status: CaseStatus::Merged,
        merged_into: Some(successor.clone()),
        ..(*details.case).clone()
    };
    one.index.apply(merged.clone(), details.version + 1, Some(record));
    let on_merged = NoteSubjectInput::Case(merged);
    let added = add(&one, &on_merged, "seen", "n1").await.unwrap();
    assert_eq!(added.note.subject, NoteSubject::Case(successor.clone()));
    assert_eq!(
        all(&one, &on_merged).await,
        all(&one, &NoteSubjectInput::Case(successor.clone())).await
    );
    assert_eq!(one.services.notes.latest_of_case(&successor), [added.note]);
}

#[tokio::test]
async fn dossier_and_case_show_the_newest_notes_and_the_score_stays() {
    let one = instance().await;
    one.services.reports.submit(report(NUMBER, "r1", noon())).await.unwrap();
    let before = one.services.numbers.dossier(NUMBER, None).await.unwrap();
    let id = case(&one, "popups").await;
    let on_case = NoteSubjectInput::Case(id.clone());
    for n in 0..25 {
        let text = format!("note {n}");
        add(&one, &on(NUMBER), &text, &format!("n{n}")).await.unwrap();
        add(&one, &on_case, &text, &format!("case-{n}")).await.unwrap();
        one.clock.advance(Duration::from_secs(1));
    }
    let dossier = one.services.numbers.dossier(NUMBER, None).await.unwrap();
    let [value, before_value] = [&dossier, &before].map(|dossier| dossier.score.verdict.value.unwrap());
    // Half a minute later, it is a little lower.
    assert!((value - before_value).abs() < 0.01, "{value} {before_value}");
    let of_case = one.services.notes.latest_of_case(&id);
    for shown in [&dossier.notes, &of_case] {
        assert_eq!(
            (shown.len(), &*shown[0].text, &*shown[19].text),
            (20, "note 24", "note 5")
        );
    }
    assert_eq!(dossier.version, before.version, "notes change no number");
    let other = one.services.numbers.dossier("+13152328258", None).await.unwrap();
    assert!(other.notes.is_empty());
}

#[tokio::test]
async fn all_instances_show_the_notes_and_one_that_starts_later_too() {
    let store = memory();
    let clock = Clock::manual(noon());
    let (one, two) = (
        Instance::over(Arc::clone(&store), clock.clone()).await,
        Instance::over(Arc::clone(&store), clock.clone()).await,
    );
    let on_case = NoteSubjectInput::Case(case(&one, "popups").await);
    two.follower.sweep().await;
    add(&one, &on(NUMBER), "from one", "n1").await.unwrap();
    add(&one, &on_case, "from one", "on-case").await.unwrap();
    clock.advance(Duration::from_secs(1));
    add(&two, &on(NUMBER), "from two", "n2").await.unwrap();
    for instance in [&one, &two] {
        instance.follower.sweep().await;
    }
    let later = Instance::over(store, clock).await;
    for instance in [&one, &two, &later] {
        assert_eq!(texts(&all(instance, &on(NUMBER)).await), ["from two", "from one"]);
        assert_eq!(texts(&all(instance, &on_case).await), ["from one"]);
    }
    let retried = add(&later, &on(NUMBER), "from one", "n1").await.unwrap();
    assert!(!retried.created);
}

#[tokio::test]
async fn a_note_of_the_longest_text_is_kept_as_it_is_written() {
    let one = instance().await;
    let text = "\u{1F4DE}\tZeile\n".repeat(250);
    let added = add(&one, &on(NUMBER), &text, "n1").await.unwrap();
    assert_eq!(*added.note.text, *text);
    let shown = format!("{:?} {:?} {:?}", added, on(NUMBER), all(&one, &on(NUMBER)).await);
    assert!(!shown.contains("Zeile") && !shown.contains("8257"), "{shown}");
}
