//! One request id does one thing, also if the process or the store fails in the middle, if repetitions come at the same
//! moment, and after a restart.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::codec::SideRecord as _;
use ringwarden::domain::ids::{CaseId, ImportId, RequestId};
use ringwarden::domain::kinds::{CaseRole, CaseStatus, Category, Source};
use ringwarden::domain::request_memory::{MemoryPart, RememberedRequest, RequestMemory};
use ringwarden::domain::requests::Fingerprint;
use ringwarden::domain::state::Withdrawal;
use ringwarden::domain::tenant::TenantId;
use ringwarden::domain::unknown_fields::UnknownFields;
use ringwarden::number::E164;
use ringwarden::service::{BulkWithdrawn, LinkInput, LinkOutcome, NewCase, ServiceError};
use ringwarden::store::embedded::EmbeddedStore;
use ringwarden::store::{Shard, SideKey, StoredKey};

use super::{NUMBER, memory};
use crate::support::commits::{get, put, side_commit};
use crate::support::flaky::{Fault, Flaky};
use crate::support::instance::{Instance, evidence_version, mutation, noon, report};

fn import() -> Withdrawal {
    Withdrawal::Import(ImportId::parse("monday").unwrap())
}

async fn withdraw(one: &Instance, request: &str) -> Result<BulkWithdrawn, ServiceError> {
    let request = RequestId::parse(request).unwrap();
    one.services
        .reports
        .withdraw_all(
            &import(),
            &request,
            "",
            &ringwarden::domain::audit::RequestedBy::default(),
        )
        .await
}

async fn file(one: &Instance, number: &str, id: &str) {
    let report = ringwarden::service::NewReport {
        import: Some(ImportId::parse("monday").unwrap()),
        ..report(number, id, noon())
    };
    one.services.reports.submit(report).await.unwrap();
}

/// A report of a regulator's feed that arrives now, but was received by the regulator long before.
async fn file_late(one: &Instance, number: &str) {
    let report = ringwarden::service::NewReport {
        import: Some(ImportId::parse("monday").unwrap()),
        source: Source::RegulatorFeed,
        reporter: None,
        received_at: Some(ringwarden::domain::time::Timestamp::from_secs(
            noon().millis() / 1_000 - 86_400,
        )),
        ..report(number, "late", noon())
    };
    one.services.reports.submit(report).await.unwrap();
}

/// Numbers of different shards, in the order of the shards.
fn numbers_of_shards(count: usize) -> Vec<String> {
    let mut numbers: Vec<E164> = (0..)
        .map(|n| E164::from_digits(13_152_320_000 + n * 10_000).unwrap())
        .take(count)
        .collect();
    numbers.sort_by_key(|number| Shard::of_number(*number).byte());
    numbers.dedup_by_key(|number| Shard::of_number(*number).byte());
    numbers.iter().map(E164::to_string).collect()
}

fn new_case(id: Option<&str>, title: &str) -> NewCase {
    NewCase {
        id: id.map(|id| CaseId::parse(id).unwrap()),
        title: title.to_owned(),
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

fn link(number: &str, expected_version: Option<u64>) -> Result<LinkInput, ServiceError> {
    Ok(LinkInput {
        number: number.to_owned(),
        default_region: None,
        role: CaseRole::Callback,
        confidence: 0.9,
        source: Source::Analyst,
        from: None,
        to: None,
        expected_version,
    })
}

fn is_mismatch<T: std::fmt::Debug>(answer: &Result<T, ServiceError>) -> bool {
    matches!(answer, Err(ServiceError::ContentMismatch { field: "request_id" }))
}

/// A withdrawal whose store is gone after so many calls, and its repetition when reports have come since. Returns the
/// answer of the repetition, and which numbers of the import still have a report: the first, the last.
async fn interrupted_after(calls: u32, numbers: &[String]) -> (BulkWithdrawn, [u32; 2]) {
    let flaky = Arc::new(Flaky::new(memory()));
    let clock = Clock::manual(noon());
    let one = Instance::over(flaky.clone(), clock.clone()).await;
    let [first, .., last] = numbers else {
        panic!("{numbers:?}")
    };
    for number in numbers {
        file(&one, number, "r1").await;
    }
    for _ in 0..calls {
        flaky.once(Fault::Slow(Duration::ZERO));
    }
    flaky.always(Some(Fault::Unavailable));
    let interrupted = withdraw(&one, "w1").await;
    assert!(interrupted.is_err(), "{interrupted:?}");
    flaky.always(None);
    one.follower.sweep().await;
    assert_eq!(one.count(last), 1);
    clock.advance(Duration::from_millis(1));
    file(&one, first, "since").await;
    file_late(&one, last).await;
    let done = withdraw(&one, "w1").await.unwrap();
    let left = [one.count(first), one.count(last)];
    file(&one, last, "after").await;
    assert_eq!(withdraw(&one, "w1").await.unwrap(), done);
    assert_eq!(one.count(last), left[1] + 1);
    assert_eq!(
        withdraw(&one, "w2").await.unwrap().reports,
        1 + left[0] + left[1],
        "another request takes them"
    );
    (done, left)
}

/// Two instances carry out one withdrawal. Reports that are sent after the answer of the fast one stay, although the slow
/// one is still at work.
#[tokio::test]
async fn a_repetition_that_still_runs_takes_no_report_that_came_after_the_answer() {
    let store = memory();
    let slow = Arc::new(Flaky::new(Arc::clone(&store)));
    let fast = Instance::over(store, Clock::system()).await;
    let late = Instance::over(slow.clone(), Clock::system()).await;
    let numbers = numbers_of_shards(40);
    for number in &numbers {
        file(&fast, number, "before").await;
    }
    slow.always(Some(Fault::Slow(Duration::from_millis(5))));
    let running = Cell::new(true);
    let slow_withdrawal = async {
        withdraw(&late, "w1").await.unwrap();
        running.set(false);
    };
    let reports = async {
        withdraw(&fast, "w1").await.unwrap();
        let mut sent = Vec::new();
        for number in numbers.iter().rev() {
            file(&fast, number, "after").await;
            if running.get() {
                sent.push(number);
            }
        }
        sent
    };
    let ((), sent) = tokio::join!(slow_withdrawal, reports);
    assert!(!sent.is_empty(), "the slow withdrawal ended first");
    for number in sent {
        assert_eq!(fast.count(number), 1);
    }
}

/// If the store fails after the first number is done and that is noted, the repetition goes on with the next one. What
/// came since stays, on the numbers that are done and on the others. The calls before that are counted roughly: one of the
/// tries meets the moment.
#[tokio::test]
async fn an_interrupted_withdrawal_goes_on_where_it_stopped() {
    let numbers = numbers_of_shards(4);
    let first: E164 = numbers[0].parse().unwrap();
    let scans = u32::from(Shard::of_number(first).byte()) + 1;
    let all = u32::try_from(numbers.len()).unwrap();
    let mut went_on = 0;
    for other_calls in 3..=11 {
        let (done, left) = interrupted_after(scans + other_calls, &numbers).await;
        assert_eq!(left, [1, 1], "reports that came since stay");
        // If the first number was withdrawn and that could not be noted, it is not counted.
        assert!([all, all - 1].contains(&done.reports), "{done:?}");
        went_on += u32::from((done.numbers, done.reports) == (all, all));
    }
    assert!(went_on > 0);
}

#[tokio::test]
async fn repetitions_at_the_same_moment_do_one_thing() {
    let store = memory();
    let clock = Clock::manual(noon());
    let mut instances = Vec::new();
    for _ in 0..2 {
        instances.push(Instance::over(Arc::clone(&store), clock.clone()).await);
    }
    for n in 0..30 {
        file(&instances[0], NUMBER, &format!("r{n}")).await;
    }
    clock.advance(Duration::from_secs(1));
    let both = || instances.iter().cycle().take(8);
    let (reset, create) = (mutation("m1"), mutation("c1"));
    let resets = both().map(|one| one.services.numbers.reset(NUMBER, None, None, "", &reset));
    let dropped: Vec<_> = futures_util::future::join_all(resets).await;
    let dropped: Vec<u32> = dropped
        .into_iter()
        .map(|done| done.unwrap().answer.unwrap_or(0))
        .collect();
    assert!(dropped.contains(&30), "{dropped:?}");
    let again = instances[1].services.numbers.reset(NUMBER, None, None, "", &reset);
    assert_eq!(again.await.unwrap().answer, Some(30));
    // Of two contents under one id, one is done.
    let titles = ["One", "Other"].map(|title| new_case(None, title));
    let both = instances.iter().zip(&titles);
    let created = both.map(|(one, new)| one.services.cases.create(new, &create));
    let created = futures_util::future::join_all(created).await;
    assert_eq!(created.iter().filter(|answer| answer.is_ok()).count(), 1, "{created:?}");
    assert_eq!(created.iter().filter(|answer| is_mismatch(answer)).count(), 1);
}

/// The record is written; the note that the request is done is not.
#[tokio::test]
async fn a_request_whose_end_is_lost_is_not_done_twice() {
    let flaky = Arc::new(Flaky::new(memory()));
    let one = Instance::over(flaky.clone(), Clock::manual(noon())).await;
    for fault in [Fault::Unavailable, Fault::LostCall, Fault::LostAnswer] {
        let id = format!("{fault:?}");
        let new = new_case(Some(&id), "Pop-ups");
        // Two reads and a write of the memory, a read and a write of the case, a read of the memory.
        for _ in 0..6 {
            flaky.once(Fault::Slow(Duration::ZERO));
        }
        flaky.once(fault);
        let lost = one.services.cases.create(&new, &mutation(&id)).await;
        assert!(matches!(lost, Err(ServiceError::OutcomeUnknown)), "{lost:?}");
        let other = one
            .services
            .cases
            .create(&new_case(None, "Other"), &mutation(&id))
            .await;
        assert!(is_mismatch(&other), "{other:?}");
        let again = one.services.cases.create(&new, &mutation(&id)).await.unwrap();
        assert_eq!((again.version > 0, again.case.history.len()), (true, 1));
    }
}

/// A repetition does the links that failed, and answers for the others as before.
#[tokio::test]
async fn a_batch_is_completed_by_its_repetition() {
    let one = Instance::over(memory(), Clock::manual(noon())).await;
    let case = one
        .services
        .cases
        .create(&new_case(Some("a"), "A"), &mutation("c"))
        .await;
    let id = case.unwrap().case.id.clone();
    let links = [link(NUMBER, None), link("+14155550101", Some(1)), link("123", None)];
    let linked = async || {
        let done = one.services.cases.link_numbers(&id, &links, &mutation("l1")).await;
        let done: Vec<Result<LinkOutcome, ServiceError>> = done.unwrap();
        done.into_iter()
            .map(|done| done.ok().map(|done| done.changed))
            .collect::<Vec<_>>()
    };
    assert_eq!(linked().await, [Some(true), None, None]);
    file(&one, "+14155550101", "r1").await;
    // Many later changes of the first number, which its record remembers instead.
    for n in 0..20 {
        let unlink = ringwarden::service::UnlinkInput {
            number: NUMBER.to_owned(),
            default_region: None,
            role: None,
            expected_version: None,
        };
        let (unlink, by) = ([Ok(unlink)], mutation(&format!("u{n}")));
        one.services.cases.unlink_numbers(&id, &unlink, "", &by).await.unwrap();
        let (again, by) = ([link(NUMBER, None)], mutation(&format!("a{n}")));
        one.services.cases.link_numbers(&id, &again, &by).await.unwrap();
    }
    let before = one.index.record(NUMBER.parse().unwrap()).unwrap().0;
    assert_eq!(linked().await, [Some(true), Some(true), None]);
    assert_eq!(one.index.record(NUMBER.parse().unwrap()).unwrap().0, before);
    let fewer = one.services.cases.link_numbers(&id, &links[..1], &mutation("l1")).await;
    assert!(is_mismatch(&fewer), "{fewer:?}");
}

/// A server on the store of a directory.
async fn started(path: &Path) -> Instance {
    let store = EmbeddedStore::open(path, evidence_version()).await.unwrap();
    Instance::over(Arc::new(store), Clock::manual(noon())).await
}

#[tokio::test]
async fn requests_are_remembered_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let one = started(directory.path()).await;
    file(&one, NUMBER, "r1").await;
    let done = withdraw(&one, "w1").await.unwrap();
    let created = one
        .services
        .cases
        .create(&new_case(Some("a"), "A"), &mutation("c1"))
        .await
        .unwrap();
    drop(one);
    let one = started(directory.path()).await;
    file(&one, NUMBER, "r2").await;
    assert_eq!(withdraw(&one, "w1").await.unwrap(), done);
    assert_eq!(one.count(NUMBER), 1);
    let again = one
        .services
        .cases
        .create(&new_case(Some("a"), "A"), &mutation("c1"))
        .await
        .unwrap();
    assert_eq!((again.version, &again.case), (created.version, &created.case));
    for taken in ["w1", "c1"] {
        let other = one
            .services
            .cases
            .create(&new_case(Some("b"), "B"), &mutation(taken))
            .await;
        assert!(is_mismatch(&other), "{other:?}");
    }
}

/// Earlier releases kept the hash of an id without a key, so in another part of the memory.
#[tokio::test]
async fn a_request_that_an_earlier_release_noted_is_recognised() {
    let store = memory();
    let one = Instance::over(Arc::clone(&store), Clock::manual(noon())).await;
    file(&one, NUMBER, "r1").await;
    let first = withdraw(&one, "w1").await.unwrap();

    let id = RequestId::parse("w1").unwrap();
    let key = store.meta().derived_key("ringwarden 2026 contents of requests");
    let request = Fingerprint::new(&key, &id, b"");
    let earlier = request.of_earlier_release().unwrap();
    let [now, then] = [request, earlier].map(|request| {
        let part = MemoryPart::of(request);
        SideKey::of::<RequestMemory>(TenantId::DEFAULT, &part)
    });
    let stored = get(&store, StoredKey::Side(now.clone())).await.unwrap();
    let noted = RequestMemory::decode(&stored.bytes).unwrap();
    let noted = noted.all().next().unwrap().clone();
    let (_, content) = noted.request.pair();
    let noted = RememberedRequest {
        request: Fingerprint::from_pair((earlier.id_hash(), content)),
        ..noted
    };
    let noted = RequestMemory::of(vec![noted], UnknownFields::default()).encode();
    put(&store, side_commit(&then, None, &noted)).await.unwrap();
    let nothing = RequestMemory::default().encode();
    put(&store, side_commit(&now, Some(stored.version), &nothing))
        .await
        .unwrap();

    file(&one, NUMBER, "r2").await;
    assert_eq!(withdraw(&one, "w1").await.unwrap(), first);
    assert_eq!(one.count(NUMBER), 1, "the report that came later stays");
    let other = Withdrawal::Import(ImportId::parse("tuesday").unwrap());
    let by = ringwarden::domain::audit::RequestedBy::default();
    let refused = one.services.reports.withdraw_all(&other, &id, "", &by).await;
    assert!(is_mismatch(&refused), "{refused:?}");
}
