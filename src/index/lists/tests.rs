//! Lists are compared with a slow reference, and read while they are replaced.

use std::sync::atomic::AtomicBool;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::domain::actor::Actor;
use crate::domain::ids::{ListSource, OwnerName};
use crate::domain::kinds::OwnerCalls;
use crate::domain::list::{EntryOrigin, ShortCode};
use crate::domain::requests::Requests;
use crate::domain::unknown_fields::UnknownFields;
use crate::domain::visibility::{SharedThing, Sharing, Visibility};
use crate::number::E164;

const NOW: Timestamp = Timestamp::from_secs(1_000);

fn entry(pattern: &str, expires_at: Option<i64>, action: Option<Action>) -> ListEntry {
    ListEntry {
        pattern: Pattern::parse(pattern).unwrap(),
        origin: Arc::new(EntryOrigin {
            source: ListSource::parse("test").unwrap(),
            requester: None,
        }),
        entered_at: Timestamp::from_secs(0),
        expires_at: expires_at.map(Timestamp::from_secs),
        action,
        owner: None,
    }
}

fn owned(pattern: &str, expires_at: Option<i64>, organisation: &str, calls: OwnerCalls) -> ListEntry {
    let owner = Owner {
        organisation: OwnerName::parse(organisation).unwrap(),
        brand: None,
        calls,
    };
    ListEntry {
        owner: Some(Arc::new(owner)),
        ..entry(pattern, expires_at, None)
    }
}

fn list(id: &str, kind: ListKind, mut entries: Vec<ListEntry>) -> List {
    entries.sort_by_key(|entry| entry.pattern);
    List {
        id: ListId::parse(id).unwrap(),
        kind,
        entries: entries.into(),
        actor: Actor::parse("ana").unwrap(),
        replaced_at: Timestamp::from_secs(0),
        requests: Requests::default(),
        unknown_fields: UnknownFields::default(),
    }
}

fn table(lists: impl IntoIterator<Item = List>) -> ListTable {
    let table = ListTable::default();
    for list in lists {
        table.apply(&list.id.clone(), 1, Some(list));
    }
    table
}

fn number(text: &str) -> ListedCaller {
    ListedCaller::Number(text.parse().unwrap())
}

#[test]
fn the_most_specific_rule_of_a_prefix_that_holds_decides() {
    let rules = list(
        "rules",
        ListKind::TenantPrefix,
        vec![
            entry("+1*", None, Some(Action::Label)),
            entry("+1415*", None, Some(Action::Block)),
            entry("+1415555*", Some(1_000), Some(Action::Challenge)),
            entry("+14155550100*", Some(2_000), Some(Action::SendToVoicemail)),
            entry("+14155550100", None, Some(Action::Allow)),
        ],
    );
    let table = table([rules]);
    let rule = |text| {
        table
            .listed(number(text), NOW)
            .tenant_prefix
            .map(|(action, hit)| (action, hit.expires_at))
    };
    assert_eq!(rule("+14155550100"), Some((Action::Allow, None)));
    assert_eq!(
        rule("+141555501007"),
        Some((Action::SendToVoicemail, Some(Timestamp::from_secs(2_000))))
    );
    assert_eq!(
        rule("+14155550101"),
        Some((Action::Block, None)),
        "the longer one has expired"
    );
    assert_eq!(rule("+12125550100"), Some((Action::Label, None)));
    assert_eq!(rule("+4930123456"), None);
    assert_eq!(table.listed(number("+12125550100"), NOW).tenant_block, None);
}

#[test]
fn the_owner_is_that_of_the_most_specific_entry_that_holds() {
    let owners = vec![
        owned("+1800*", None, "Carrier", OwnerCalls::Yes),
        owned("+18005550*", Some(2_000), "Bank", OwnerCalls::Signed),
        owned("+18005550100", Some(1_500), "Bank", OwnerCalls::Never),
        owned("+18005550101", Some(1_000), "Shop", OwnerCalls::Never),
        owned("short:2001", None, "Bank", OwnerCalls::Yes),
    ];
    let table = table([list("owners", ListKind::KnownOwner, owners)]);
    let owner = |caller, now| {
        let owner = table.owner_of(caller, now);
        let hit = table.listed(caller, now).known_owner;
        assert_eq!(hit.map(|hit| hit.calls), owner.as_ref().map(|owner| owner.calls));
        owner.map(|owner| (owner.organisation.to_string(), hit.unwrap().expires_at))
    };
    let until = |secs| Some(Timestamp::from_secs(secs));
    let (one, two) = (number("+18005550100"), number("+18005550101"));
    assert_eq!(owner(one, NOW), Some(("Bank".to_owned(), until(1_500))));
    assert_eq!(table.listed(one, NOW).known_owner.unwrap().calls, OwnerCalls::Never);
    let later = Timestamp::from_secs(1_500);
    assert_eq!(owner(one, later), Some(("Bank".to_owned(), until(2_000))));
    assert_eq!(table.listed(one, later).known_owner.unwrap().calls, OwnerCalls::Signed);
    assert_eq!(
        owner(one, Timestamp::from_secs(2_000)),
        Some(("Carrier".to_owned(), None))
    );
    assert_eq!(
        owner(two, NOW),
        Some(("Bank".to_owned(), until(2_000))),
        "its own entry has expired"
    );
    assert_eq!(owner(number("+18885550100"), NOW), None);
    let short = ListedCaller::Short(ShortCode::parse("2001").unwrap(), None);
    assert_eq!(owner(short, NOW), Some(("Bank".to_owned(), None)));
    assert_eq!(owner(ListedCaller::Anonymous, NOW), None);
    let other = table.listed(one, NOW);
    assert_eq!(
        ListHits {
            known_owner: None,
            ..other
        },
        ListHits::default(),
        "no other kind"
    );
}

#[test]
fn an_owner_of_two_lists_is_kept_once() {
    let of = |id, pattern| {
        list(
            id,
            ListKind::KnownOwner,
            vec![owned(pattern, None, "Bank", OwnerCalls::Yes)],
        )
    };
    let table = table([of("a", "+18005550100"), of("b", "+18005550101")]);
    assert_eq!(table.snapshot().known_owner.owners.all.len(), 1);
    assert_eq!(table.snapshot().entry_count(ListKind::KnownOwner), 2);
    assert_eq!(size_of::<Terms>(), 24, "the owner makes the terms of no entry larger");
}

#[test]
fn lists_of_a_kind_are_merged_and_the_last_to_expire_counts() {
    let one = list(
        "one",
        ListKind::DoNotOriginate,
        vec![entry("+14155550100", Some(2_000), None)],
    );
    let two = list(
        "two",
        ListKind::DoNotOriginate,
        vec![
            entry("+1415555*", Some(3_000), None),
            entry("+14155550100", Some(1_500), None),
            entry("+14155550101", None, None),
        ],
    );
    let table = table([one, two]);
    let until = |text| {
        table
            .listed(number(text), NOW)
            .do_not_originate
            .map(|hit| hit.expires_at)
    };
    assert_eq!(until("+14155550100"), Some(Some(Timestamp::from_secs(3_000))));
    assert_eq!(until("+14155550101"), Some(None));
    assert_eq!(until("+14155560101"), None);
    assert_eq!(table.snapshot().entry_count(ListKind::DoNotOriginate), 4);
    let late = Timestamp::from_secs(3_000);
    assert_eq!(table.listed(number("+14155550100"), late), ListHits::default());
}

#[test]
fn versions_only_rise_and_a_deleted_list_is_not_found() {
    let of = |text: &str| list("a", ListKind::Protected, vec![entry(text, None, None)]);
    let table = ListTable::default();
    let id = ListId::parse("a").unwrap();
    let protected = |text| table.listed(number(text), NOW).protected.is_some();
    table.apply(&id, 3, Some(of("+14155550100")));
    table.apply(&id, 2, Some(of("+14155550101")));
    assert!(protected("+14155550100") && !protected("+14155550101"));
    assert_eq!(table.snapshot().list(&id).unwrap().0, 3);
    table.apply(&id, 4, None);
    assert!(!protected("+14155550100") && table.snapshot().all().is_empty());
}

#[test]
fn a_shard_is_replaced_and_no_other() {
    let of = |id: &str| list(id, ListKind::Unassigned, vec![entry("+14155550100", None, None)]);
    let table = table([of("a"), of("b")]);
    let shard = Shard::of_list(&of("a").id);
    assert_ne!(shard, Shard::of_list(&of("b").id));
    table.replace(shard, vec![]);
    let ids = |table: &ListTable| -> Vec<String> {
        table
            .snapshot()
            .all()
            .iter()
            .map(|(_, list)| list.id.to_string())
            .collect()
    };
    assert_eq!(ids(&table), ["b"]);
    table.replace(shard, vec![(1, of("a"))]);
    assert_eq!(ids(&table), ["a", "b"]);
    assert_eq!(table.snapshot().entry_count(ListKind::Unassigned), 2);
}

/// Two versions without a common entry. A reader must see all of one version. A number that both versions contain, in
/// different entries, must never be missing.
#[test]
fn a_reader_never_sees_half_of_two_lists() {
    let version = |base: u64, both: &str| {
        let mut entries: Vec<ListEntry> = (0..2_000)
            .map(|n| entry(&format!("+{}", base + n), None, None))
            .collect();
        entries.push(entry(both, None, None));
        list("dno", ListKind::DoNotOriginate, entries)
    };
    let a = version(14_155_550_000, "+1303555*");
    let b = version(12_125_550_000, "+13035550100");
    let table = ListTable::default();
    table.apply(&a.id, 1, Some(a.clone()));
    let stop = AtomicBool::new(false);
    let listed = |lists: &ListSnapshot, text| lists.listed(number(text), NOW).do_not_originate.is_some();
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = [0u32; 2];
                    while !stop.load(Ordering::Relaxed) {
                        let lists = table.snapshot();
                        let of_a = [listed(&lists, "+14155550000"), listed(&lists, "+14155551999")];
                        let of_b = [listed(&lists, "+12125550000"), listed(&lists, "+12125551999")];
                        assert!(
                            of_a[0] == of_a[1] && of_b[0] == of_b[1] && of_a[0] != of_b[0],
                            "{of_a:?} {of_b:?}"
                        );
                        seen[usize::from(of_b[0])] += 1;
                        assert!(table.listed(number("+13035550100"), NOW).do_not_originate.is_some());
                    }
                    seen
                })
            })
            .collect();
        for round in 0..200u64 {
            let next = if round % 2 == 0 { b.clone() } else { a.clone() };
            table.apply(&a.id, round + 2, Some(next));
        }
        stop.store(true, Ordering::Relaxed);
        for reader in readers {
            let seen = reader.join().unwrap();
            assert!(seen[0] > 0 && seen[1] > 0, "a reader saw one version only: {seen:?}");
        }
    });
}

fn pattern() -> impl Strategy<Value = Pattern> {
    prop_oneof![
        (14_155_550_100u64..14_155_550_110).prop_filter_map("no number", |digits| Pattern::from_key(digits, true)),
        (0u32..8, 14_155_550_100u64..14_155_550_110)
            .prop_filter_map("no prefix", |(cut, digits)| Pattern::prefix(digits / 10u64.pow(cut))),
    ]
}

fn lists() -> impl Strategy<Value = Vec<List>> {
    let entry = (pattern(), of(0i64..4), select(Action::ALL));
    let one = (vec(entry, 0..8), select(ListKind::ALL));
    vec(one, 0..5).prop_map(|lists| {
        let lists = lists.into_iter().enumerate().map(|(place, (entries, kind))| {
            let mut by_pattern: BTreeMap<Pattern, ListEntry> = BTreeMap::new();
            for (pattern, expires, action) in entries {
                let entry = ListEntry {
                    pattern,
                    ..entry_of(expires, kind, action)
                };
                by_pattern.insert(pattern, entry);
            }
            list(&format!("l{place}"), kind, by_pattern.into_values().collect())
        });
        lists.collect()
    })
}

/// An entry of a random list; the action stands for the owner, too.
fn entry_of(expires: Option<i64>, kind: ListKind, action: Action) -> ListEntry {
    if kind == ListKind::KnownOwner {
        return owned("+1*", expires, action.name(), OwnerCalls::Yes);
    }
    entry("+1*", expires, (kind == ListKind::TenantPrefix).then_some(action))
}

/// All entries of a kind that apply to the number, the most specific first, by text.
fn holding(lists: &[List], kind: ListKind, number: E164, now: Timestamp) -> Vec<ListEntry> {
    let text = number.to_string();
    let mut found: Vec<ListEntry> = lists
        .iter()
        .filter(|list| list.kind == kind)
        .flat_map(|list| list.entries.iter().cloned())
        .filter(|entry| entry.expires_at.is_none_or(|expires_at| now < expires_at))
        .filter(|entry| match entry.pattern.to_string().strip_suffix('*') {
            Some(prefix) => text.starts_with(prefix),
            None => entry.pattern.to_string() == text,
        })
        .collect();
    let never = |entry: &ListEntry| entry.expires_at.map_or(i64::MAX, Timestamp::millis);
    found.sort_by_key(|entry| {
        let pattern = entry.pattern.digits().unwrap();
        (
            !pattern.key().1,
            u32::MAX - pattern.digit_count(),
            i64::MAX - never(entry),
        )
    });
    found
}

proptest! {
    #[test]
    fn agrees_with_a_search_of_all_entries(lists in lists(), digits in 14_155_550_098u64..14_155_550_112, now in 0i64..4) {
        let table = table(lists.clone());
        let number = E164::from_digits(digits).unwrap();
        let now = Timestamp::from_secs(now);
        let hits = table.listed(ListedCaller::Number(number), now);
        let plain = [
            (ListKind::DoNotOriginate, hits.do_not_originate),
            (ListKind::Protected, hits.protected),
            (ListKind::Unassigned, hits.unassigned),
            (ListKind::TenantAllow, hits.tenant_allow),
            (ListKind::TenantBlock, hits.tenant_block),
        ];
        for (kind, hit) in plain {
            let held = holding(&lists, kind, number, now);
            let until = held.iter().map(|entry| entry.expires_at.map_or(i64::MAX, Timestamp::millis)).max();
            prop_assert_eq!(hit.map(|hit| hit.expires_at.map_or(i64::MAX, Timestamp::millis)), until, "{}", kind);
        }
        let rule = holding(&lists, ListKind::TenantPrefix, number, now).into_iter().next();
        let wanted = rule.map(|entry| (entry.action.unwrap(), entry.expires_at));
        prop_assert_eq!(hits.tenant_prefix.map(|(action, hit)| (action, hit.expires_at)), wanted);
        let owned = holding(&lists, ListKind::KnownOwner, number, now).into_iter().next();
        prop_assert_eq!(hits.known_owner.map(|hit| hit.expires_at), owned.as_ref().map(|entry| entry.expires_at));
        let owner = table.owner_of(ListedCaller::Number(number), now);
        prop_assert_eq!(owner, owned.and_then(|entry| entry.owner));
    }
}

#[test]
fn callers_without_a_number_are_found_by_their_words() {
    let listed = |id, kind, patterns: &[&str]| {
        let action = (kind == ListKind::TenantPrefix).then_some(Action::Challenge);
        list(
            id,
            kind,
            patterns.iter().map(|pattern| entry(pattern, None, action)).collect(),
        )
    };
    let table = table([
        listed("p", ListKind::Protected, &["short:112", "+1617555*", "+999*"]),
        listed("b", ListKind::TenantBlock, &["anonymous", "short:US:2001"]),
        listed("r", ListKind::TenantPrefix, &["anonymous", "+1*"]),
    ]);
    let hits = |caller| table.listed(caller, NOW);
    let short = |code: &str, region: Option<&str>| {
        let region = region.map(|region| region.parse().unwrap());
        hits(ListedCaller::Short(ShortCode::parse(code).unwrap(), region))
    };
    let withheld = hits(ListedCaller::Anonymous);
    assert!(withheld.tenant_block.is_some() && withheld.protected.is_none());
    assert_eq!(
        withheld.tenant_prefix.map(|(action, _)| action),
        Some(Action::Challenge)
    );
    assert!(short("2001", Some("US")).tenant_block.is_some());
    assert!(short("2001", Some("DE")).tenant_block.is_none());
    assert!(short("2001", None).tenant_block.is_none(), "of no known region");
    assert!(short("112", Some("DE")).protected.is_some() && short("112", None).protected.is_some());
    assert!(
        short("112", None).tenant_prefix.is_none(),
        "no prefix of numbers holds a short code"
    );
    assert!(hits(ListedCaller::Leading(16_175_550_123_456)).protected.is_some());
    assert!(hits(ListedCaller::Leading(99_912_345_678_901)).protected.is_some());
    assert!(
        hits(ListedCaller::Leading(161_755)).protected.is_none(),
        "shorter than the prefix"
    );
    assert!(hits(number("+1617555012")).protected.is_some());
}

/// Each change of sharing comes in a thread of its own.
#[test]
fn lists_that_are_shared_at_once_are_all_in_effect() {
    let index = Index::new(Arc::default());
    let ids: BTreeSet<ListId> = (0..4).map(|n| ListId::parse(&format!("l{n}")).unwrap()).collect();
    for id in &ids {
        index.apply(
            id.clone(),
            1,
            Some(list(id.as_str(), ListKind::DoNotOriginate, Vec::new())),
        );
    }
    for round in 1..=300 {
        let is_shared = round % 2 == 1;
        let together = std::sync::Barrier::new(ids.len());
        std::thread::scope(|scope| {
            for id in &ids {
                let sharing = Sharing {
                    thing: SharedThing::List(id.clone()),
                    visibility: if is_shared {
                        Visibility::All
                    } else {
                        Visibility::Private
                    },
                    changed_at: NOW,
                    requests: Requests::default(),
                    unknown_fields: UnknownFields::default(),
                };
                let (index, together) = (&index, &together);
                scope.spawn(move || {
                    together.wait();
                    index.apply(sharing.thing.key(), round, Some(sharing));
                });
            }
        });
        let shared: BTreeSet<ListId> = index.lists().shared.keys().cloned().collect();
        assert_eq!(
            shared,
            if is_shared { ids.clone() } else { BTreeSet::new() },
            "round {round}"
        );
    }
}
