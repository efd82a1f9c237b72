//! What an erasure must not leave: in the records of reporters, at call-back numbers, after an interruption, in what tells of
//! it.

use std::sync::Arc;
use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::codec::rows;
use ringwarden::domain::audit::{AuditMethod, RequestedBy};
use ringwarden::domain::ids::ReportId;
use ringwarden::domain::kinds::{Category, StatusKind};
use ringwarden::domain::state::Submitted;
use ringwarden::service::{
    AuditFilter, EraseInput, NewReport, PageRequest, ServiceError, StatusInput, subject_of_number,
};
use ringwarden::store::{ScanTable, Shard, ShardCommit, Store};

use super::erasure::{COMMENT, OTHER, erase, erased_number, traces_in};
use super::{NUMBER, memory};
use crate::support::commits::{bucket, put, scan_all};
use crate::support::flaky::Flaky;
use crate::support::instance::{Instance, mutation, noon, report, report_of};

/// A value of a major version that no release has written.
const NEWER: &[u8] = &[250, 1, 2, 3];

async fn over(store: &Arc<dyn Store>) -> Instance {
    Instance::over(Arc::clone(store), Clock::manual(noon())).await
}

async fn submit(one: &Instance, report: NewReport) -> Submitted {
    one.services.reports.submit(report).await.unwrap().submitted
}

/// Replaces the first bucket of [`OTHER`].
async fn put_rows_of_other(store: &Arc<dyn Store>, bytes: &[u8]) {
    let other = OTHER.parse().unwrap();
    let commit = ShardCommit {
        buckets: vec![bucket(other, 0, Some(bytes))],
        ..ShardCommit::empty(Shard::of_number(other))
    };
    put(store, commit).await.unwrap();
}

/// A report with a comment that names a call-back number.
fn calling_back(number: &str, id: &str, callback: &str) -> NewReport {
    NewReport {
        comment: Some(COMMENT.to_owned()),
        callbacks: vec![callback.to_owned()],
        ..report(number, id, noon())
    }
}

#[tokio::test]
async fn reporters_of_reports_that_a_reset_dropped_forget_the_number() {
    let store = memory();
    let one = over(&store).await;
    for (reporter, id) in [("alice", "r1"), ("bob", "r2")] {
        submit(&one, report_of(reporter, NUMBER, id, noon())).await;
    }
    one.clock.advance(Duration::from_secs(60));
    let numbers = &one.services.numbers;
    numbers
        .reset(NUMBER, None, None, "a new owner", &mutation("reset"))
        .await
        .unwrap();
    assert_eq!(erase(&one, "erase", false).await.unwrap().counts.reports, 0);
    assert_eq!(traces_in(&store).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_reporter_of_a_refused_report_forgets_the_number() {
    let store = memory();
    let one = over(&store).await;
    submit(&one, report_of("al", NUMBER, "v-2", noon())).await;
    let other = NewReport {
        category: Category::Robocall,
        ..report_of("bo", NUMBER, "v-2", noon())
    };
    let refused = one.services.reports.submit(other).await;
    assert!(
        matches!(refused, Err(ServiceError::ReportMismatch { .. })),
        "{refused:?}"
    );
    erase(&one, "erase", false).await.unwrap();
    assert_eq!(traces_in(&store).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_erasure_goes_on_when_its_client_leaves() {
    let store = memory();
    let one = over(&store).await;
    submit(&one, report_of("al", NUMBER, "r1", noon())).await;
    {
        let mut erasing = std::pin::pin!(erase(&one, "erase", false));
        assert!(futures_util::poll!(erasing.as_mut()).is_pending());
    }
    let erased = async {
        while !traces_in(&store).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), erased).await.unwrap();
    assert_eq!(erase(&one, "erase", false).await.unwrap().counts.reports, 1);
}

/// An instance with a report, whose erasure has failed when the record was gone.
async fn interrupted() -> (Arc<dyn Store>, Arc<Flaky>, Instance) {
    let store = memory();
    let flaky = Arc::new(Flaky::new(Arc::clone(&store)));
    let one = Instance::over(Arc::clone(&flaky) as Arc<dyn Store>, Clock::manual(noon())).await;
    submit(&one, report_of("al", NUMBER, "r1", noon())).await;
    submit(&one, calling_back(OTHER, "r2", NUMBER)).await;
    flaky.fail_scans(true);
    let failed = erase(&one, "erase", false).await;
    assert!(matches!(failed, Err(ServiceError::OutcomeUnknown)), "{failed:?}");
    flaky.fail_scans(false);
    assert!(one.index.record(erased_number()).is_none());
    assert!(!traces_in(&store).await.is_empty());
    (store, flaky, one)
}

#[tokio::test]
async fn a_repetition_completes_an_erasure_and_tells_its_figures() {
    let (store, _, one) = interrupted().await;
    let counts = erase(&one, "erase", false).await.unwrap().counts;
    assert_eq!((counts.reports, counts.comments, counts.mentions), (2, 1, 1));
    assert_eq!(one.services.numbers.complete_erasures().await.unwrap(), 0);
    assert_eq!(other_traces(&store).await, 0);
}

#[tokio::test]
async fn another_server_completes_an_erasure() {
    let (store, _, one) = interrupted().await;
    drop(one);
    let clock = Clock::manual(noon());
    let two = Instance::over(Arc::clone(&store), clock.clone()).await;
    let complete = async || two.services.numbers.complete_erasures().await.unwrap();
    assert_eq!(complete().await, 0, "it may still go on");
    clock.advance(Duration::from_secs(3_600));
    assert_eq!(complete().await, 1);
    assert_eq!(complete().await, 0);
    assert_eq!(other_traces(&store).await, 0);
    let counts = erase(&two, "erase", false).await.unwrap().counts;
    assert_eq!((counts.reports, counts.comments, counts.mentions), (2, 1, 1));
}

/// The traces of the number apart from the comment, which is one of [`OTHER`].
async fn other_traces(store: &Arc<dyn Store>) -> usize {
    let shard = Shard::of_number(OTHER.parse().unwrap());
    let found = traces_in(store).await;
    let of_comment = format!("{:?} of shard {shard}", ScanTable::Rows);
    found.iter().filter(|trace| **trace != of_comment).count()
}

#[tokio::test]
async fn the_comment_of_an_erased_report_goes_from_its_call_back_number() {
    let store = memory();
    let one = over(&store).await;
    submit(&one, calling_back(NUMBER, "q1", OTHER)).await;
    erase(&one, "erase", false).await.unwrap();
    assert_eq!(traces_in(&store).await, Vec::<String>::new());
    assert_eq!(one.count(OTHER), 1, "its evidence stays");
}

#[tokio::test]
async fn a_retry_of_a_report_on_another_number_brings_no_erased_number_back() {
    let store = memory();
    let one = over(&store).await;
    let said = || NewReport {
        comment: None,
        ..calling_back(OTHER, "q2", NUMBER)
    };
    assert_eq!(submit(&one, said()).await, Submitted::Accepted);
    assert_eq!(submit(&one, said()).await, Submitted::AlreadyKnown);
    assert_eq!(one.count(NUMBER), 1);
    erase(&one, "erase", false).await.unwrap();
    assert_eq!(submit(&one, said()).await, Submitted::AlreadyKnown);
    assert!(one.index.record(erased_number()).is_none());
    assert_eq!(traces_in(&store).await, Vec::<String>::new());
}

#[tokio::test]
async fn reports_of_another_number_that_cannot_be_read_stop_no_erasure() {
    let store = memory();
    let one = over(&store).await;
    submit(&one, report(OTHER, "r1", noon())).await;
    submit(&one, report_of("al", NUMBER, "r2", noon())).await;
    put_rows_of_other(&store, NEWER).await;
    assert_eq!(erase(&one, "erase", false).await.unwrap().counts.reports, 1);
    assert_eq!(traces_in(&store).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_protected_number_is_erased_with_an_override_only_and_the_event_tells_it() {
    let store = memory();
    let one = over(&store).await;
    let status = StatusInput {
        kind: StatusKind::Protected,
        reason: "a hospital".to_owned(),
        expiry: None,
    };
    let numbers = &one.services.numbers;
    numbers
        .set_status(NUMBER, None, &status, &mutation("set"))
        .await
        .unwrap();
    let refused = erase(&one, "erase", false).await;
    assert!(
        matches!(&refused, Err(ServiceError::Precondition(text)) if text.contains("PROTECTED")),
        "{refused:?}"
    );
    erase(&one, "erase", true).await.unwrap();
    let (filter, page) = (AuditFilter::default(), PageRequest::default());
    let events = one.services.audit.list(&filter, &page).await.unwrap().events;
    let erasure = events
        .iter()
        .find(|listed| listed.event.method == AuditMethod::EraseNumber);
    let changes = &erasure.unwrap().event.changes;
    let kind = changes.iter().find(|change| &*change.field == "status");
    assert_eq!(&*kind.unwrap().old, "PROTECTED");
}

/// Neither the id of the request, nor the reason, nor a look at what is left.
#[tokio::test]
async fn nothing_that_tells_of_an_erasure_keeps_the_number() {
    let store = memory();
    let one = over(&store).await;
    submit(&one, report(NUMBER, "r1", noon())).await;
    let input = EraseInput {
        reason: "asked by the owner of 315_232_8257, 3152328257".to_owned(),
        override_open_case: false,
    };
    let numbers = &one.services.numbers;
    let request = mutation("erase-13152328257");
    numbers.erase(NUMBER, None, &input, &request).await.unwrap();
    let read = Some(subject_of_number(NUMBER, None).unwrap());
    let by = RequestedBy::default();
    one.services.audit.record_read(&by, AuditMethod::GetNumber, read).await;
    assert_eq!(traces_in(&store).await, Vec::<String>::new());
    let about = AuditFilter {
        subject: Some(subject_of_number(NUMBER, None).unwrap()),
        ..AuditFilter::default()
    };
    let listed = one.services.audit.list(&about, &PageRequest::default()).await.unwrap();
    assert!(
        listed
            .events
            .iter()
            .all(|listed| !listed.event.request.contains("8257"))
    );
    assert_eq!(listed.events.len(), 2);
}

/// The hash of a content is no hash that anybody can make, and one that an earlier release stored is recognised.
#[tokio::test]
async fn the_contents_of_reports_are_hashed_under_a_key() {
    let store = memory();
    let one = over(&store).await;
    submit(&one, calling_back(OTHER, "q1", NUMBER)).await;
    let shard = Shard::of_number(OTHER.parse().unwrap());
    let stored = scan_all(&store, shard, ScanTable::Rows, 10).await;
    let all = stored.iter().map(|(_, stored)| rows::decode(&stored.bytes).unwrap());
    let id = ReportId::parse("q1").unwrap();
    let mut row = all.flatten().find(|row| row.id == id).unwrap();
    assert_ne!(row.content, row.body.content_hash());
    row.content = row.body.content_hash();
    put_rows_of_other(&store, &rows::encode(&[row])).await;
    assert_eq!(
        submit(&one, calling_back(OTHER, "q1", NUMBER)).await,
        Submitted::AlreadyKnown
    );
    let other = NewReport {
        category: Category::Robocall,
        ..calling_back(OTHER, "q1", NUMBER)
    };
    assert!(one.services.reports.submit(other).await.is_err());
}

/// The id of the row at a call-back number is made of the number of its report. After the erasure it is no hash that anybody
/// can make, and the report is recognised all the same.
#[tokio::test]
async fn no_id_of_a_row_at_a_call_back_number_tells_the_erased_number() {
    let store = memory();
    let one = over(&store).await;
    submit(&one, calling_back(NUMBER, "q1", OTHER)).await;
    let shard = Shard::of_number(OTHER.parse().unwrap());
    let of_other = async || {
        let stored = scan_all(&store, shard, ScanTable::Rows, 10).await;
        let mut all = stored
            .iter()
            .flat_map(|(_, stored)| rows::decode(&stored.bytes).unwrap());
        all.find(|row| row.id.is_of_callback()).unwrap()
    };
    let id = ReportId::parse("q1").unwrap();
    let made = id.of_callback(NUMBER.trim_start_matches('+'), None);
    assert_eq!(of_other().await.id, made);
    erase(&one, "erase", false).await.unwrap();
    let renamed = of_other().await.id;
    assert_ne!(renamed, made);

    let again = submit(&one, calling_back(NUMBER, "q1", OTHER)).await;
    assert_eq!((again, one.count(OTHER)), (Submitted::Accepted, 1));
    let by = RequestedBy::default();
    one.services.reports.withdraw(NUMBER, None, &id, "", &by).await.unwrap();
    assert_eq!((one.count(OTHER), of_other().await.id), (0, renamed));
}
