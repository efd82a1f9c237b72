//! The erasure of a number: nothing that is stored names it any more, in any store, on any instance, and in no file.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use ringwarden::clock::Clock;
use ringwarden::codec::entry::{decode, is_blank};
use ringwarden::domain::audit::{AuditMethod, AuditSubject, RequestedBy};
use ringwarden::domain::ids::{CaseId, ReportId};
use ringwarden::domain::kinds::{CaseRole, CaseStatus, Category, ListKind, Source, StatusKind};
use ringwarden::domain::tenant::TenantId;
use ringwarden::number::E164;
use ringwarden::service::{
    AuditFilter, EraseInput, Erased, LinkInput, NewCase, NewReport, NoteSubjectInput, NumberFilter, PageRequest,
    ServiceError, StatusInput, subject_of_number,
};
use ringwarden::store::embedded::EmbeddedStore;
use ringwarden::store::event::MAX_EVENTS_AT_ONCE;
use ringwarden::store::{EventId, EventSpan, RecordKind, ScanTable, Shard, SideKind, Store};

use super::lists::{entries, head};
use super::{InMemory, NUMBER, memory};
use crate::support::backends::{Embedded, Place};
use crate::support::instance::{Instance, evidence_version, mutation, noon, report, report_of};
use crate::support::redis_backend::Redis;

/// A number whose reports name [`NUMBER`] as their call-back number.
pub(super) const OTHER: &str = "+14155550142";
pub(super) const COMMENT: &str = "they said my computer was infected";
const NOTE: &str = "the owner of the number called us";

pub(super) fn erased_number() -> E164 {
    NUMBER.parse().unwrap()
}

/// Every form in which the number, or what was said of it, may be stored.
fn traces() -> Vec<Vec<u8>> {
    let digits = erased_number().digits();
    let mut varint = Vec::new();
    let mut left = digits;
    while left >= 0x80 {
        varint.push(u8::try_from(left & 0x7f).unwrap() | 0x80);
        left >>= 7;
    }
    varint.push(u8::try_from(left).unwrap());
    vec![
        digits.to_be_bytes().to_vec(),
        digits.to_le_bytes().to_vec(),
        varint,
        digits.to_string().into_bytes(),
        COMMENT.as_bytes().to_vec(),
        NOTE.as_bytes().to_vec(),
    ]
}

fn holds_a_trace(bytes: &[u8]) -> bool {
    traces()
        .iter()
        .any(|trace| bytes.windows(trace.len()).any(|window| window == trace.as_slice()))
}

/// Where the store still names the number, lists aside.
pub(super) async fn traces_in(store: &Arc<dyn Store>) -> Vec<String> {
    let mut found = Vec::new();
    let tenant = TenantId::DEFAULT;
    for shard in Shard::all() {
        for entry in store.entries(shard, 1, 2_000).await.unwrap() {
            let of_list = decode(&entry).is_ok_and(|entry| entry.header.kind == RecordKind::List);
            if !of_list && holds_a_trace(&entry.bytes) {
                found.push(format!("the change log of shard {shard}, entry {}", entry.seq));
            }
        }
        let sides = SideKind::ALL.iter().map(|kind| ScanTable::Sides(*kind));
        let tables = ScanTable::all().chain(sides);
        for table in tables.filter(|table| *table != ScanTable::Records(RecordKind::List)) {
            for (id, stored) in store.scan(shard, tenant, table, None, 10_000).await.unwrap().items {
                if holds_a_trace(&id) || holds_a_trace(&stored.bytes) {
                    found.push(format!("{table:?} of shard {shard}"));
                }
            }
        }
        let span = EventSpan {
            tenant,
            from: EventId::FIRST,
            before: EventId::LAST,
        };
        for event in store
            .events(&[shard], span, MAX_EVENTS_AT_ONCE)
            .await
            .unwrap()
            .remove(0)
        {
            if holds_a_trace(&event.bytes) {
                found.push(format!("an event of shard {shard}"));
            }
        }
    }
    found
}

async fn case(one: &Instance) -> CaseId {
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
    one.services.cases.create(&new, &mutation("case")).await.unwrap();
    id
}

/// Stores of everything something about the number.
async fn fill(one: &Instance) {
    let reports = &one.services.reports;
    for reporter in 0..40 {
        let said = NewReport {
            comment: Some(COMMENT.to_owned()),
            ..report_of(&format!("reporter {reporter}"), NUMBER, &format!("r{reporter}"), noon())
        };
        reports.submit(said).await.unwrap();
    }
    let naming = NewReport {
        callbacks: vec![NUMBER.to_owned()],
        ..report(OTHER, "of-other", noon())
    };
    reports.submit(naming).await.unwrap();
    let withdrawn = ReportId::parse("r7").unwrap();
    let by = RequestedBy::default();
    reports
        .withdraw(NUMBER, None, &withdrawn, "r7 of 13152328257 was wrong", &by)
        .await
        .unwrap();
    let status = StatusInput {
        kind: StatusKind::Blocked,
        reason: format!("{NUMBER} is a fraud"),
        expiry: None,
    };
    one.services
        .numbers
        .set_status(NUMBER, None, &status, &mutation("set-13152328257"))
        .await
        .unwrap();
    let link = LinkInput {
        number: NUMBER.to_owned(),
        default_region: None,
        role: CaseRole::CallerId,
        confidence: 0.9,
        source: Source::Analyst,
        from: None,
        to: None,
        expected_version: None,
    };
    let id = case(one).await;
    let linked = one
        .services
        .cases
        .link_numbers(&id, &[Ok(link)], &mutation("link"))
        .await;
    assert!(linked.unwrap()[0].is_ok());
    let subject = NoteSubjectInput::Number {
        text: NUMBER.to_owned(),
        default_region: None,
    };
    one.services.notes.add(&subject, NOTE, &mutation("note")).await.unwrap();
    let read = Some(subject_of_number(NUMBER, None).unwrap());
    one.services.audit.record_read(&by, AuditMethod::GetNumber, read).await;
}

pub(super) async fn erase(one: &Instance, request: &str, override_open_case: bool) -> Result<Erased, ServiceError> {
    let input = EraseInput {
        reason: format!("the owner of {NUMBER} asked"),
        override_open_case,
    };
    one.services
        .numbers
        .erase(NUMBER, None, &input, &mutation(request))
        .await
}

async fn check_erasure(place: &dyn Place) {
    let store = place.open(evidence_version()).await;
    let clock = Clock::manual(noon());
    let one = Instance::over(Arc::clone(&store), clock.clone()).await;
    let two = match place.join().await {
        Some(joined) => Some(Instance::over(joined, clock).await),
        None => None,
    };
    fill(&one).await;
    let list = head("dno", ListKind::DoNotOriginate, "replace");
    one.services.lists.replace(&list, entries(&[NUMBER])).await.unwrap();
    let before: BTreeSet<String> = traces_in(&store).await.into_iter().collect();
    assert!(before.len() > 5, "{before:?}");

    let foreseen = one
        .services
        .numbers
        .try_erase(NUMBER, None, &mutation("dry"))
        .await
        .unwrap();
    assert_eq!(foreseen.open_cases.len(), 1);
    let refused = erase(&one, "erase", false).await;
    assert!(
        matches!(&refused, Err(ServiceError::Precondition(text)) if text.contains("popups") && !text.contains("8257")),
        "{refused:?}"
    );
    let erased = erase(&one, "erase", true).await.unwrap();
    assert_eq!(erased.counts, foreseen.counts);
    let counts = erased.counts;
    assert_eq!(
        (counts.reports, counts.comments),
        (41, 39),
        "with that of the call-back number"
    );
    assert_eq!(
        (counts.notes, counts.statuses, counts.links, counts.mentions),
        (1, 1, 1, 1)
    );
    assert_eq!(erased.lists.len(), 1);
    assert_eq!(
        erase(&one, "erase", true).await.unwrap(),
        erased,
        "a repetition tells the same"
    );
    assert_eq!(traces_in(&store).await, Vec::<String>::new());

    for instance in [Some(&one), two.as_ref()].into_iter().flatten() {
        instance.follower.sweep().await;
        assert!(instance.index.record(erased_number()).is_none());
        assert_eq!(instance.count(NUMBER), 0);
        assert_eq!(instance.index.note_count(), 0);
        let (_, case) = instance.index.case(&CaseId::parse("popups").unwrap()).unwrap();
        let last = case.history.last().unwrap();
        assert_eq!(case.history.len(), 2);
        assert!(
            last.note.contains("CALLER_ID") && last.to == CaseStatus::Open,
            "{last:?}"
        );
        assert!(instance.index.members(&case.id).is_empty());
    }
    let (filter, page) = (NumberFilter::default(), PageRequest::default());
    let listed = one.services.numbers.list(&filter, &page).await.unwrap();
    assert!(listed.numbers.iter().all(|row| row.number != erased_number()));
    check_events(&one).await;
    // What comes later is stored as for any number, and can be erased again.
    let later = one.services.reports.submit(report(NUMBER, "later", noon())).await;
    later.unwrap();
    assert_eq!(one.count(NUMBER), 1);
    assert_eq!(erase(&one, "erase-2", false).await.unwrap().counts.reports, 1);
    assert_eq!(traces_in(&store).await, Vec::<String>::new());
}

/// Who has the number finds who did what; the events do not tell the number.
async fn check_events(one: &Instance) {
    let about = AuditFilter {
        subject: Some(subject_of_number(NUMBER, None).unwrap()),
        ..AuditFilter::default()
    };
    let page = PageRequest::default();
    let listed = one.services.audit.list(&about, &page).await.unwrap().events;
    let methods: Vec<AuditMethod> = listed.iter().map(|listed| listed.event.method).collect();
    for method in [
        AuditMethod::EraseNumber,
        AuditMethod::GetNumber,
        AuditMethod::AddNote,
        AuditMethod::LinkNumbers,
        AuditMethod::SetNumberStatus,
        AuditMethod::WithdrawReport,
    ] {
        assert!(methods.contains(&method), "{method}: {methods:?}");
    }
    let erasure = listed
        .iter()
        .find(|listed| listed.event.method == AuditMethod::EraseNumber);
    let erasure = &erasure.unwrap().event;
    assert!(matches!(erasure.subject, Some(AuditSubject::Erased(_))));
    assert_eq!(&*erasure.reason, "the owner of (the number) asked");
    let overridden = erasure
        .changes
        .iter()
        .find(|change| &*change.field == "open case overridden");
    assert_eq!(&*overridden.unwrap().new, "popups");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_in_memory() {
    check_erasure(&InMemory(memory())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_in_the_embedded_store() {
    check_erasure(&Embedded::fresh().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_in_redis() {
    check_erasure(&Redis::fresh().await).await;
}

#[tokio::test]
async fn a_number_without_anything_is_erased_too() {
    let store = memory();
    let one = Instance::over(Arc::clone(&store), Clock::manual(noon())).await;
    let erased = erase(&one, "erase", false).await.unwrap();
    assert_eq!(erased.counts, Default::default());
    assert_eq!(erase(&one, "erase", false).await.unwrap(), erased);
    check_only_event(&one).await;
}

async fn check_only_event(one: &Instance) {
    let all = one
        .services
        .audit
        .list(&AuditFilter::default(), &PageRequest::default())
        .await
        .unwrap();
    assert_eq!(all.events.len(), 1);
    assert_eq!(all.events[0].event.method, AuditMethod::EraseNumber);
}

/// The files in a directory that hold a trace.
fn files_with_traces(directory: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_with_traces(&path, found);
        } else if holds_a_trace(&std::fs::read(&path).unwrap()) {
            found.push(path.display().to_string());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_purge_no_file_of_the_embedded_store_has_a_trace() {
    let directory = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(directory.path(), evidence_version()).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let one = Instance::over(Arc::clone(&store), Clock::manual(noon())).await;
    assert!(!store.purge().await.unwrap(), "nothing was erased yet");
    fill(&one).await;
    erase(&one, "erase", true).await.unwrap();
    let mut before = Vec::new();
    files_with_traces(directory.path(), &mut before);
    assert!(!before.is_empty(), "the journal still has it");
    assert!(store.purge().await.unwrap());
    let mut after = Vec::new();
    files_with_traces(directory.path(), &mut after);
    assert_eq!(after, Vec::<String>::new());
    assert!(!store.purge().await.unwrap(), "once");
    // The store goes on, and opens again.
    one.services
        .reports
        .submit(report(OTHER, "later", noon()))
        .await
        .unwrap();
    drop((one, store));
    let store = EmbeddedStore::open(directory.path(), evidence_version()).await.unwrap();
    let again = Instance::over(Arc::new(store), Clock::manual(noon())).await;
    assert_eq!(again.count(OTHER), 2);
}

/// Other instances load a shard again if entries that they have not read are erased.
#[tokio::test]
async fn a_log_that_does_not_name_the_number_stays_as_it_is() {
    let store = memory();
    let one = Instance::over(Arc::clone(&store), Clock::manual(noon())).await;
    let neighbour = "+13152328299";
    let shard = Shard::of_number(erased_number());
    assert_eq!(shard, Shard::of_number(neighbour.parse().unwrap()));
    let submit = |number, id| one.services.reports.submit(report(number, id, noon()));
    submit(neighbour, "n1").await.unwrap();
    let before = store.entries(shard, 1, 10).await.unwrap();
    erase(&one, "nothing", false).await.unwrap();
    assert_eq!(store.entries(shard, 1, 10).await.unwrap(), before);

    submit(NUMBER, "r1").await.unwrap();
    erase(&one, "one", false).await.unwrap();
    submit(neighbour, "n2").await.unwrap();
    let after = store.entries(shard, 1, 10).await.unwrap();
    assert!(is_blank(&after[0].bytes));
    assert_eq!(after.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 4]);
    erase(&one, "again", false).await.unwrap();
    assert_eq!(store.entries(shard, 1, 10).await.unwrap(), after);
}
