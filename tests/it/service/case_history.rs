//! The history of a case: each step is stored once, and every instance shows all of them in their order.

use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::codec::StoredRecord as _;
use ringwarden::domain::actor::Actor;
use ringwarden::domain::case::{Case, CaseEvent, MAX_AGENCY_CHARS, MAX_TEXT_CHARS};
use ringwarden::domain::case_history::{CaseHistory, MAX_HISTORY};
use ringwarden::domain::ids::CaseId;
use ringwarden::domain::kinds::{CaseStatus, Category, Source};
use ringwarden::domain::time::Timestamp;
use ringwarden::service::{AuditFilter, CaseDetails, NewCase, PageRequest, ServiceError, TransitionInput};
use ringwarden::store::{RecordKind, ScanTable, Shard, Store, StoredKey};

use super::memory;
use crate::support::commits::{case_key, commit, get, log, put, scan_all, write};
use crate::support::flaky::{Fault, Flaky};
use crate::support::instance::{Instance, mutation, noon};

/// A character of four bytes, which texts may have too.
const LONG: &str = "\u{1F4DE}";

fn id() -> CaseId {
    CaseId::parse("long").unwrap()
}

async fn instance(store: &Arc<dyn Store>) -> Instance {
    Instance::over(Arc::clone(store), Clock::manual(noon())).await
}

/// Creates a case with the longest summary.
async fn create(instance: &Instance) {
    let new = NewCase {
        id: Some(id()),
        title: "A long case".to_owned(),
        category: Category::TechSupportScam,
        brand: None,
        summary: LONG.repeat(MAX_TEXT_CHARS),
        status: CaseStatus::Open,
        agency: String::new(),
        agency_reference: String::new(),
        source: Source::Analyst,
        last_evidence_at: None,
    };
    instance.services.cases.create(&new, &mutation("create")).await.unwrap();
}

/// Takes step `number` of a case that is closed and reopened all the time.
async fn step(instance: &Instance, number: usize, note: &str) -> Result<CaseDetails, ServiceError> {
    step_with(instance, number, note, "").await
}

/// The same, with an agency.
async fn step_with(instance: &Instance, number: usize, note: &str, agency: &str) -> Result<CaseDetails, ServiceError> {
    let to = if number.is_multiple_of(2) {
        CaseStatus::UnderInvestigation
    } else {
        CaseStatus::ClosedUnsubstantiated
    };
    let input = TransitionInput {
        to,
        note: note.to_owned(),
        agency: agency.to_owned(),
    };
    let request = mutation(&format!("step {number}"));
    instance.services.cases.transition(&id(), &input, &request).await
}

/// The case as an instance shows it: its status, and the notes of its history.
fn shown(instance: &Instance) -> (CaseStatus, Vec<String>) {
    let (_, case) = instance.index.case(&id()).unwrap();
    (case.status, notes(&case))
}

fn notes(case: &Case) -> Vec<String> {
    case.history.iter().map(|event| event.note.to_string()).collect()
}

/// The longest texts, and more steps than are kept: a step costs itself, not a copy of all steps before it. One record of
/// all of them would be larger than a record may be.
#[tokio::test]
async fn a_step_costs_itself_and_not_the_steps_before_it() {
    const STEPS: usize = 300;
    let flaky = Arc::new(Flaky::new(memory()));
    let store: Arc<dyn Store> = flaky.clone();
    let (one, two) = (instance(&store).await, instance(&store).await);
    create(&one).await;
    let (note, agency) = (LONG.repeat(MAX_TEXT_CHARS), LONG.repeat(MAX_AGENCY_CHARS));
    let (began, read_before) = (flaky.bytes_committed(), flaky.keys_read());
    let mut dearest = 0;
    for number in 0..STEPS {
        let before = flaky.bytes_committed();
        step_with(&one, number, &note, &agency).await.unwrap();
        dearest = dearest.max(flaky.bytes_committed() - before);
        if number % 50 == 0 {
            two.follower.sweep().await;
        }
    }
    // The step, its reason in the log, the case with its summary, and what every change costs.
    let most = 4 * note.len();
    assert!(dearest <= most, "a step took {dearest} bytes, more than {most}");
    let all = flaky.bytes_committed() - began;
    assert!(all <= STEPS * most, "{STEPS} steps took {all} bytes");
    let read = (flaky.keys_read() - read_before) / STEPS;
    assert!(read <= 8, "{read} keys were read for a step");
    let shard = Shard::of_case(&id());
    let logged: usize = log(&store, shard, 1).await.iter().map(|entry| entry.bytes.len()).sum();
    assert!(
        logged <= STEPS * (note.len() + 1_000) + most,
        "{logged} bytes in the log"
    );
    let kept = scan_all(&store, shard, ScanTable::Records(RecordKind::CaseStep), 100).await;
    assert_eq!(kept.len(), MAX_HISTORY);
    // Every instance shows the same, also one that loads the store.
    two.follower.sweep().await;
    let three = instance(&store).await;
    let (version, case) = one.index.case(&id()).unwrap();
    assert_eq!(case.history.len(), MAX_HISTORY);
    assert_eq!(case.history.iter().next().unwrap().from, None, "the creation is kept");
    for other in [&two, &three] {
        let (other_version, same) = other.index.case(&id()).unwrap();
        assert_eq!((other_version, &same.history), (version, &case.history));
    }
    let page = PageRequest::default();
    let events = one.services.audit.list(&AuditFilter::default(), &page).await.unwrap();
    assert_eq!(
        (events.events.len(), &*events.events[0].event.request),
        (50, "step 299")
    );
}

/// An instance takes a step though it has not followed the steps of another: its answer and its index have all of them.
#[tokio::test]
async fn steps_of_other_instances_are_in_the_answer() {
    let store = memory();
    let (one, two) = (instance(&store).await, instance(&store).await);
    create(&one).await;
    two.follower.sweep().await;
    for number in 0..3 {
        step(&one, number, &format!("of one, {number}")).await.unwrap();
    }
    let answered = step(&two, 3, "of two").await.unwrap();
    let expected = ["", "of one, 0", "of one, 1", "of one, 2", "of two"].map(str::to_owned);
    assert_eq!(notes(&answered.case), expected);
    assert_eq!(shown(&two), (CaseStatus::ClosedUnsubstantiated, expected.to_vec()));
    one.follower.sweep().await;
    assert_eq!(shown(&one), shown(&two));
    two.follower.sweep().await;
    assert_eq!(shown(&one), shown(&two));
}

/// The step and the status are one commit: both are there, or neither.
#[tokio::test]
async fn a_step_whose_outcome_is_unknown_is_there_once_or_not_at_all() {
    for (fault, is_there) in [(Fault::LostAnswer, true), (Fault::LostCall, false)] {
        let flaky = Arc::new(Flaky::new(memory()));
        let store: Arc<dyn Store> = flaky.clone();
        let one = instance(&store).await;
        create(&one).await;
        // The memory of the request is read; the request is noted, which reads and writes; and the case is read.
        for _ in 0..4 {
            flaky.once(Fault::Slow(std::time::Duration::ZERO));
        }
        flaky.once(fault);
        let lost = step(&one, 0, "why").await;
        assert!(matches!(lost, Err(ServiceError::OutcomeUnknown)), "{lost:?}");
        let two = instance(&store).await;
        let (status, after) = (CaseStatus::UnderInvestigation, vec![String::new(), "why".to_owned()]);
        let expected = if is_there {
            (status, after.clone())
        } else {
            (CaseStatus::Open, vec![String::new()])
        };
        assert_eq!(shown(&two), expected, "{fault:?}");
        let repeated = step(&one, 0, "why").await.unwrap();
        assert_eq!((repeated.case.status, notes(&repeated.case)), (status, after.clone()));
        assert_eq!(shown(&one), (status, after));
    }
}

/// A record of an older release holds its steps. It is shown as before, and the next change stores them apart.
#[tokio::test]
async fn the_history_of_an_older_release_moves_out_of_the_record() {
    let store = memory();
    put_older_case(&store).await;
    let (one, two) = (instance(&store).await, instance(&store).await);
    let before = shown(&one);
    let expected: Vec<String> = (0..MAX_HISTORY).map(|number| format!("note {number}")).collect();
    assert_eq!(before, (CaseStatus::ClosedUnsubstantiated, expected.clone()));
    let answered = step(&one, 0, "new").await.unwrap();
    let [first, _, rest @ ..] = &expected[..] else {
        panic!("a history")
    };
    let moved = [std::slice::from_ref(first), rest, &["new".to_owned()]].concat();
    assert_eq!(notes(&answered.case), moved);
    let record = get(&store, StoredKey::Record(case_key(&id()))).await.unwrap();
    assert!(record.bytes.len() < 200, "{} bytes", record.bytes.len());
    two.follower.sweep().await;
    let three = instance(&store).await;
    for instance in [&one, &two, &three] {
        assert_eq!(shown(instance), (CaseStatus::UnderInvestigation, moved.clone()));
    }
    step(&two, 1, "newer").await.unwrap();
    assert_eq!(shown(&two).1.len(), MAX_HISTORY);
}

/// Puts a case with the longest history that an older release kept into the store, as that release wrote it.
async fn put_older_case(store: &Arc<dyn Store>) {
    let scratch = memory();
    let maker = instance(&scratch).await;
    create(&maker).await;
    let history: CaseHistory = (0..MAX_HISTORY)
        .map(|number| CaseEvent {
            at: Timestamp::from_secs(1_600_000_000),
            actor: Actor::parse("ana").unwrap(),
            from: None,
            to: CaseStatus::ClosedUnsubstantiated,
            note: format!("note {number}").into(),
            agency: "".into(),
        })
        .collect();
    let older = Case {
        summary: "".into(),
        status: CaseStatus::ClosedUnsubstantiated,
        history,
        ..Case::clone(&maker.index.case(&id()).unwrap().1)
    };
    let record = write(case_key(&id()), None, Some(&older.encode()));
    put(store, commit(vec![record], vec![])).await.unwrap();
}
