//! Lists: a list is replaced as a whole or not at all, the change is idempotent like any other, and every instance sees
//! it.

use std::sync::Arc;
use std::time::Duration;

use ringwarden::clock::Clock;
use ringwarden::domain::ids::{ListId, ListSource};
use ringwarden::domain::kinds::{Action, Basis, ListKind, RiskLevel, StatusKind};
use ringwarden::domain::list::{EntryOrigin, Hit, ListEntry, ListHits, ListedCaller, MAX_LISTS, Pattern};
use ringwarden::domain::time::{DAY_MS, Timestamp};
use ringwarden::service::{ListHead, LookupInput, PageRequest, Replaced, ServiceError, StatusInput};
use ringwarden::store::embedded::EmbeddedStore;

use super::{instance, memory};
use crate::support::backends::Place as _;
use crate::support::flaky::{Fault, Flaky};
use crate::support::instance::{Instance, evidence_version, mutation, noon, report};
use crate::support::redis_backend::Redis;

pub(crate) fn head(id: &str, kind: ListKind, request: &str) -> ListHead {
    ListHead {
        id: ListId::parse(id).unwrap(),
        kind,
        may_be_empty: false,
        mutation: mutation(request),
    }
}

fn dno(request: &str) -> ListHead {
    head("dno", ListKind::DoNotOriginate, request)
}

fn entry(pattern: &str) -> ListEntry {
    ListEntry {
        pattern: Pattern::parse(pattern).unwrap(),
        origin: Arc::new(EntryOrigin {
            source: ListSource::parse("registry").unwrap(),
            requester: None,
        }),
        entered_at: noon(),
        expires_at: None,
        action: None,
        owner: None,
    }
}

pub(crate) fn entries(patterns: &[&str]) -> Arc<[ListEntry]> {
    let mut entries: Vec<_> = patterns.iter().map(|pattern| entry(pattern)).collect();
    entries.sort_by_key(|entry| entry.pattern);
    entries.into()
}

/// Replaces a list of any kind; the rules for prefixes challenge.
pub(crate) async fn replace(
    one: &Instance,
    id: &str,
    kind: ListKind,
    patterns: &[&str],
) -> Result<Replaced, ServiceError> {
    let mut entries: Vec<_> = patterns.iter().map(|pattern| entry(pattern)).collect();
    entries.sort_by_key(|entry| entry.pattern);
    for entry in &mut entries {
        entry.action = (kind == ListKind::TenantPrefix).then_some(Action::Challenge);
    }
    let head = head(id, kind, &format!("{id} {} {}", patterns.len(), patterns[0]));
    one.services.lists.replace(&head, entries.into()).await
}

impl Instance {
    async fn replace(&self, head: &ListHead, patterns: &[&str]) -> Result<Replaced, ServiceError> {
        self.services.lists.replace(head, entries(patterns)).await
    }

    fn listed(&self, number: &str) -> ListHits {
        self.index
            .listed(ListedCaller::Number(number.parse().unwrap()), self.clock.now())
    }

    fn is_dno(&self, number: &str) -> bool {
        self.listed(number).do_not_originate.is_some()
    }
}

const ONE: &str = "+14155550101";
const TWO: &str = "+14155550102";

#[tokio::test]
async fn a_list_is_replaced_whole_and_seen_at_once() {
    let one = instance().await;
    assert_eq!(one.listed(ONE), ListHits::default());
    let first = one.replace(&dno("r1"), &[ONE, "+1212555*"]).await.unwrap();
    assert!(first.changed && first.list.version == 1 && first.list.entry_count == 2);
    assert_eq!((first.list.replaced_at, first.list.actor.as_str()), (noon(), "ana"));
    assert!(one.is_dno(ONE) && one.is_dno("+12125550199") && !one.is_dno(TWO));
    let second = one.replace(&dno("r2"), &[TWO]).await.unwrap();
    assert_eq!((second.changed, second.list.version), (true, 2));
    assert!(!one.is_dno(ONE) && !one.is_dno("+12125550199") && one.is_dno(TWO));
    assert_eq!(one.services.lists.all(), [second.list]);
}

#[tokio::test]
async fn a_request_counts_once_and_its_id_stands_for_it() {
    let one = instance().await;
    let first = one.replace(&dno("r1"), &[ONE]).await.unwrap();
    assert_eq!(
        one.replace(&dno("r1"), &[ONE]).await.unwrap(),
        first,
        "the answer to a retry"
    );
    let other = one.replace(&dno("r1"), &[TWO]).await;
    assert!(matches!(
        other,
        Err(ServiceError::ContentMismatch { field: "request_id" })
    ));
    one.replace(&dno("r2"), &[TWO]).await.unwrap();
    // Late: it was done, and somebody has replaced the list since.
    let late = one.replace(&dno("r1"), &[ONE]).await.unwrap();
    assert!(late.list.version == 2 && one.is_dno(TWO) && !one.is_dno(ONE));
}

#[tokio::test]
async fn a_list_without_changes_is_not_written() {
    let one = instance().await;
    one.replace(&dno("r1"), &[ONE]).await.unwrap();
    let same = one.replace(&dno("r2"), &[ONE]).await.unwrap();
    assert_eq!((same.changed, same.list.version), (false, 1));
    let mut expires = entry(ONE);
    expires.expires_at = Some(noon());
    let other = one.services.lists.replace(&dno("r3"), [expires].into()).await.unwrap();
    assert_eq!((other.changed, other.list.version), (true, 2));
}

#[tokio::test]
async fn versions_kinds_and_emptiness_are_guarded() {
    let one = instance().await;
    let expecting = |request: &str, version| {
        let mut head = dno(request);
        head.mutation.expected_version = Some(version);
        head
    };
    let too_early = one.replace(&expecting("r0", 3), &[ONE]).await;
    assert!(matches!(
        too_early,
        Err(ServiceError::VersionMismatch { expected: 3, found: 0 })
    ));
    one.replace(&expecting("r1", 0), &[ONE]).await.unwrap();
    let stale = one.replace(&expecting("r2", 0), &[TWO]).await;
    assert!(matches!(
        stale,
        Err(ServiceError::VersionMismatch { expected: 0, found: 1 })
    ));
    let kind = one.replace(&head("dno", ListKind::Protected, "r3"), &[ONE]).await;
    assert!(matches!(kind, Err(ServiceError::Precondition(_))), "{kind:?}");
    let empty = one.replace(&dno("r4"), &[]).await;
    assert!(matches!(empty, Err(ServiceError::Invalid(_))), "{empty:?}");
    assert!(one.is_dno(ONE), "the old list is in force");
    let may_be_empty = ListHead {
        may_be_empty: true,
        ..expecting("r5", 1)
    };
    assert_eq!(one.replace(&may_be_empty, &[]).await.unwrap().list.entry_count, 0);
    assert_eq!(one.listed(ONE), ListHits::default());
}

#[tokio::test]
async fn the_number_of_lists_is_limited() {
    let one = instance().await;
    for n in 0..MAX_LISTS {
        one.replace(&head(&format!("l{n}"), ListKind::Unassigned, &format!("r{n}")), &[ONE])
            .await
            .unwrap();
    }
    let more = one.replace(&head("more", ListKind::Unassigned, "r"), &[ONE]).await;
    assert!(matches!(more, Err(ServiceError::Precondition(_))), "{more:?}");
    one.replace(&head("l7", ListKind::Unassigned, "again"), &[TWO])
        .await
        .unwrap();
    assert_eq!(one.services.lists.all().len(), MAX_LISTS);
}

/// A list that the store could not hold is refused with what can be done about it.
#[tokio::test]
async fn a_list_of_too_many_texts_is_refused() {
    let one = instance().await;
    let entries = (0..40_000u64).map(|n| ListEntry {
        pattern: Pattern::prefix(n + 1).unwrap(),
        origin: Arc::new(EntryOrigin {
            source: ListSource::parse(&format!("source {n:057}")).unwrap(),
            requester: ringwarden::domain::ids::Requester::parse(&format!("requester {n:054}")).ok(),
        }),
        ..entry(ONE)
    });
    let refused = one.services.lists.replace(&dno("r1"), entries.collect()).await;
    assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{refused:?}");
    assert!(one.services.lists.all().is_empty());
}

#[tokio::test]
async fn entries_expire_when_they_say() {
    let clock = Clock::manual(noon());
    let one = Instance::over(memory(), clock.clone()).await;
    let end = Timestamp::from_millis(noon().millis() + DAY_MS);
    let rules = [
        ListEntry {
            action: Some(Action::Label),
            ..entry("+1415*")
        },
        ListEntry {
            action: Some(Action::Block),
            expires_at: Some(end),
            ..entry("+1415555*")
        },
    ];
    let head = head("rules", ListKind::TenantPrefix, "r1");
    one.services.lists.replace(&head, rules.into()).await.unwrap();
    let rule = || one.listed(ONE).tenant_prefix;
    assert_eq!(rule(), Some((Action::Block, Hit { expires_at: Some(end) })));
    clock.set(end);
    assert_eq!(rule(), Some((Action::Label, Hit { expires_at: None })));
}

#[tokio::test]
async fn pages_lead_through_a_list() {
    let one = instance().await;
    one.replace(&dno("r1"), &["+1415*", ONE, TWO, "+14155550102*", "+4930123456"])
        .await
        .unwrap();
    let id = ListId::parse("dno").unwrap();
    let (mut shown, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = one
            .services
            .lists
            .page(&id, &PageRequest { size: 2, token })
            .await
            .unwrap();
        shown.extend(page.entries.iter().map(|entry| entry.pattern.to_string()));
        pages += 1;
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(pages, 3);
    assert_eq!(
        shown,
        ["+1415*", "+4930123456", ONE, "+14155550102*", TWO],
        "in the order of integers"
    );
    let none = ListId::parse("none").unwrap();
    let missing = one.services.lists.page(&none, &PageRequest::default()).await;
    assert!(matches!(missing, Err(ServiceError::NotFound { resource: "list" })));
}

#[tokio::test]
async fn a_retry_recovers_from_a_lost_answer() {
    let flaky = Arc::new(Flaky::new(memory()));
    let one = Instance::over(flaky.clone(), Clock::manual(noon())).await;
    flaky.once(Fault::Slow(std::time::Duration::ZERO));
    flaky.once(Fault::LostAnswer);
    let lost = one.replace(&dno("r1"), &[ONE]).await;
    assert!(matches!(lost, Err(ServiceError::OutcomeUnknown)), "{lost:?}");
    assert!(one.replace(&dno("r1"), &[ONE]).await.unwrap().changed);
    assert!(one.is_dno(ONE));
}

#[tokio::test]
async fn lists_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let open = || async { EmbeddedStore::open(directory.path(), evidence_version()).await.unwrap() };
    let one = Instance::over(Arc::new(open().await), Clock::manual(noon())).await;
    one.replace(&dno("r1"), &[ONE]).await.unwrap();
    let many: Vec<String> = (0..5_000).map(|n| format!("+1212555{n:04}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    one.replace(&head("free", ListKind::Unassigned, "free"), &many)
        .await
        .unwrap();
    let before = one.services.lists.all();
    drop(one);
    let again = Instance::over(Arc::new(open().await), Clock::manual(noon())).await;
    assert_eq!(again.services.lists.all(), before);
    assert!(again.is_dno(ONE) && again.listed("+12125554999").unassigned.is_some());
    assert!(!again.replace(&dno("r2"), &[ONE]).await.unwrap().changed);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_instance_sees_a_list_over_redis() {
    let place = Redis::fresh().await;
    let (one, other) = (
        Instance::over(place.open(evidence_version()).await, Clock::manual(noon())).await,
        Instance::over(place.open(evidence_version()).await, Clock::manual(noon())).await,
    );
    one.replace(&dno("r1"), &[ONE]).await.unwrap();
    other.follower.sweep().await;
    assert!(other.is_dno(ONE));
    other.replace(&dno("r2"), &[TWO]).await.unwrap();
    one.follower.sweep().await;
    assert!(one.is_dno(TWO) && !one.is_dno(ONE));
    let fresh = Instance::over(place.open(evidence_version()).await, Clock::manual(noon())).await;
    assert_eq!(fresh.services.lists.all(), one.services.lists.all());
    let figures = one.services.metrics().render(ringwarden::clock::monotonic());
    assert!(figures.contains("ringwarden_list_entries{kind=\"do_not_originate\"} 1\n"));
    assert!(figures.contains("ringwarden_list_entries{kind=\"tenant_prefix\"} 0\n"));
}

/// List entries decide over calls in the order of the rules, until they expire.
#[tokio::test]
async fn lists_decide_over_calls_in_their_order() {
    let one = instance().await;
    let decided = |number: &str| {
        let found = one.look_up(number);
        (
            found.decision.action,
            found.decision.basis,
            found.score.reasons[0].code.name(),
        )
    };
    let lists = [
        ("idle", ListKind::Unassigned),
        ("own-prefixes", ListKind::TenantPrefix),
        ("own-block", ListKind::TenantBlock),
        ("own-allow", ListKind::TenantAllow),
        ("dno", ListKind::DoNotOriginate),
        ("safety", ListKind::Protected),
    ];
    let expected = [
        (Action::Block, Basis::InvalidNumber, "UNASSIGNED_NUMBER"),
        (Action::SendToVoicemail, Basis::TenantPolicy, "TENANT_RULE"),
        (Action::Block, Basis::TenantPolicy, "TENANT_RULE"),
        (Action::Allow, Basis::TenantPolicy, "TENANT_RULE"),
        (Action::Block, Basis::Dno, "DO_NOT_ORIGINATE"),
        (Action::Allow, Basis::Protected, "PROTECTED_NUMBER"),
    ];
    for n in 0..3 {
        one.services
            .reports
            .submit(report(ONE, &format!("r{n}"), noon()))
            .await
            .unwrap();
    }
    assert_eq!(one.look_up(ONE).decision.basis, Basis::Analytics);
    // Each list is stronger than those before it.
    for ((id, kind), expected) in lists.into_iter().zip(expected) {
        let mut listed = entry("+1415555*");
        listed.action = (kind == ListKind::TenantPrefix).then_some(Action::SendToVoicemail);
        listed.expires_at = (kind == ListKind::Protected).then(|| noon().plus(Duration::from_secs(40)));
        let head = head(id, kind, id);
        one.services.lists.replace(&head, [listed].into()).await.unwrap();
        assert_eq!(decided(ONE), expected, "{id}");
    }
    let found = one.look_up(ONE);
    assert_eq!(
        (found.score.verdict.level, found.score.verdict.value),
        (RiskLevel::NotScored, None)
    );
    assert_eq!(
        found.decision.ttl,
        Duration::from_secs(40),
        "an answer outlives the entry"
    );
    // A call to public safety is put through.
    let called = LookupInput {
        number: "+12125550101".to_owned(),
        called_number: TWO.to_owned(),
        full: true,
        ..LookupInput::default()
    };
    assert_eq!(one.ask(&called).decision.basis, Basis::Protected);
    one.clock.advance(Duration::from_secs(41));
    assert_eq!(decided(ONE), expected[4], "an entry outlives its time");
    assert_eq!(one.ask(&called).decision.basis, Basis::NoEvidence);
    // An analyst may know better than a list.
    let safe = StatusInput {
        kind: StatusKind::Protected,
        reason: "call centre of the fire brigade".to_owned(),
        expiry: None,
    };
    one.services
        .numbers
        .set_status(ONE, None, &safe, &mutation("m1"))
        .await
        .unwrap();
    assert_eq!(one.look_up(ONE).decision.basis, Basis::Protected);
}
