//! Lists: arbitrary ones, and a fixed one whose bytes are frozen.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::{actor, newer, requests, time};
use crate::domain::actor::Actor;
use crate::domain::brand::Brand;
use crate::domain::ids::{ListId, ListSource, OwnerName, Requester};
use crate::domain::kinds::{Action, ListKind, OwnerCalls};
use crate::domain::list::{EntryOrigin, List, ListEntry, Owner, Pattern};
use crate::domain::requests::Requests;
use crate::domain::time::{DAY_MS, Timestamp};
use crate::domain::unknown_fields::UnknownFields;

/// A list with every field set, and every way in which an entry differs from the one before.
pub(in super::super) fn full_list() -> List {
    let origin = |source: &str, requester: &str| {
        Arc::new(EntryOrigin {
            source: ListSource::parse(source).unwrap(),
            requester: Requester::parse(requester).ok(),
        })
    };
    let (registry, carrier) = (origin("registry 1", "a bank, by ticket 7"), origin("carrier", ""));
    let entry = |pattern: &str, origin: &Arc<EntryOrigin>, day: i64, expires_ms: Option<i64>, action| ListEntry {
        pattern: Pattern::parse(pattern).unwrap(),
        origin: Arc::clone(origin),
        entered_at: Timestamp::from_millis(day * DAY_MS),
        expires_at: expires_ms.map(Timestamp::from_millis),
        action,
        owner: None,
    };
    let expires = Some(1_900_000_000_123);
    let entries = [
        entry("+1415555*", &registry, 20_000, None, Some(Action::Label)),
        entry("+14155550100*", &carrier, 20_000, expires, Some(Action::Label)),
        entry("+14155550100", &registry, 20_001, expires, Some(Action::Block)),
        entry("+14155550101", &registry, 20_001, None, None),
    ];
    List {
        id: ListId::parse("tenant_prefixes-1").unwrap(),
        kind: ListKind::TenantPrefix,
        entries: entries.into(),
        actor: Actor::parse("ana").unwrap(),
        replaced_at: Timestamp::from_millis(1_700_000_000_123),
        requests: Requests::from_pairs([(7, 9)].into_iter()),
        unknown_fields: UnknownFields::new(&[0xee]),
    }
}

/// The list with entries for callers without a number.
pub(in super::super) fn list_with_words() -> List {
    let list = full_list();
    let origin = |place: usize| Arc::clone(&list.entries[place].origin);
    let entry = |pattern: &str, place, action| ListEntry {
        pattern: Pattern::parse(pattern).unwrap(),
        origin: origin(place),
        entered_at: Timestamp::from_millis(20_002 * DAY_MS),
        expires_at: (place == 1).then(|| Timestamp::from_millis(1_900_000_000_123)),
        action,
        owner: None,
    };
    let words = [
        entry("short:08", 0, Some(Action::Allow)),
        entry("short:US:2001", 1, Some(Action::Label)),
        entry("anonymous", 0, Some(Action::Block)),
    ];
    let entries = list.entries.iter().cloned().chain(words).collect();
    List { entries, ..list }
}

/// A list of known owners, for every value of `calls`, with and without a brand, and for a short code.
pub(in super::super) fn list_of_owners() -> List {
    let owner = |organisation: &str, brand: Option<&str>, calls| {
        Arc::new(Owner {
            organisation: OwnerName::parse(organisation).unwrap(),
            brand: brand.map(|brand| Brand::kept(brand).unwrap()),
            calls,
        })
    };
    let bank = owner("First Bank", None, OwnerCalls::Yes);
    let owners = [
        Arc::clone(&bank),
        owner("First Bank", Some("First Card"), OwnerCalls::Signed),
        bank,
        owner("Care \u{e9}", None, OwnerCalls::Never),
    ];
    let list = list_with_words();
    let patterns = ["+1415555*", "+14155550100", "+14155550101", "short:2001"];
    let entries = patterns.into_iter().zip(owners).map(|(pattern, owner)| ListEntry {
        pattern: Pattern::parse(pattern).unwrap(),
        action: None,
        owner: Some(owner),
        ..list.entries[0].clone()
    });
    List {
        kind: ListKind::KnownOwner,
        entries: entries.collect(),
        ..list
    }
}

fn owner() -> impl Strategy<Value = Arc<Owner>> {
    let text = "[a-z0-9]{1,3}";
    (text, of(text), select(OwnerCalls::ALL)).prop_map(|(organisation, brand, calls)| {
        Arc::new(Owner {
            organisation: OwnerName::parse(&organisation).unwrap(),
            brand: brand.map(|brand| Brand::kept(&brand).unwrap()),
            calls,
        })
    })
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let number = 12_000_000_000u64..12_000_000_100;
    let prefix = prop_oneof![number.clone(), 1u64..50];
    prop_oneof![
        number.prop_filter_map("no number", |digits| Pattern::from_key(digits, true)),
        prefix.prop_filter_map("no prefix", Pattern::prefix),
        select(&["anonymous", "short:08", "short:2001", "short:US:2001"][..])
            .prop_map(|text| Pattern::parse(text).unwrap()),
    ]
}

fn origin() -> impl Strategy<Value = Arc<EntryOrigin>> {
    let text = "[a-z0-9]{1,3}";
    (text, of(text)).prop_map(|(source, requester)| {
        Arc::new(EntryOrigin {
            source: ListSource::parse(&source).unwrap(),
            requester: requester.map(|requester| Requester::parse(&requester).unwrap()),
        })
    })
}

fn without_owners(entries: &[ListEntry]) -> Arc<[ListEntry]> {
    let entries = entries.iter().cloned();
    entries.map(|entry| ListEntry { owner: None, ..entry }).collect()
}

pub(in super::super) fn list() -> impl Strategy<Value = List> {
    let fields = (
        pattern(),
        origin(),
        time(),
        of(time()),
        of(select(Action::ALL)),
        owner(),
    );
    let entries = vec(fields, 0..12).prop_map(|entries| {
        let entries = entries
            .into_iter()
            .map(|(pattern, origin, entered_at, expires_at, action, owner)| {
                let entry = ListEntry {
                    pattern,
                    origin,
                    entered_at,
                    expires_at,
                    action,
                    owner: Some(owner),
                };
                (pattern, entry)
            });
        let sorted: BTreeMap<Pattern, ListEntry> = entries.collect();
        sorted.into_values().collect::<Arc<[ListEntry]>>()
    });
    let head = ("[a-zA-Z0-9_-]{1,64}", select(ListKind::ALL), actor(), time());
    (head, entries, requests(), newer()).prop_map(|((id, kind, actor, replaced_at), entries, requests, newer)| List {
        id: ListId::parse(&id).unwrap(),
        kind,
        entries: if kind == ListKind::KnownOwner {
            entries
        } else {
            without_owners(&entries)
        },
        actor,
        replaced_at,
        requests,
        unknown_fields: newer,
    })
}
