//! The list entry of a kind that names a caller, for answers that show its origin.

use std::sync::Arc;

use super::ListSnapshot;
use crate::domain::ids::ListId;
use crate::domain::kinds::ListKind;
use crate::domain::list::{List, ListEntry, ListedCaller, Pattern};
use crate::domain::time::Timestamp;

impl ListSnapshot {
    /// The entry of a list of this kind that names a caller at `now`, with its list: that of the caller itself, or else of
    /// the longest prefix. Of several with the same pattern, the one that expires last; if several do, the first by list
    /// id. It searches the lists, so it takes longer than [`ListSnapshot::listed`].
    #[must_use]
    pub fn entry_of(&self, kind: ListKind, caller: ListedCaller, now: Timestamp) -> Option<(Arc<List>, ListEntry)> {
        entry_in(self.by_id.values().map(|(_, list)| list), kind, caller, now)
    }

    /// As [`ListSnapshot::entry_of`], in the lists that another tenant may see and that `sees` allows.
    #[must_use]
    pub fn shared_entry_of(
        &self,
        kind: ListKind,
        caller: ListedCaller,
        now: Timestamp,
        sees: impl Fn(&ListId) -> bool,
    ) -> Option<(Arc<List>, ListEntry)> {
        let seen = self.shared.iter().filter(|(id, _)| sees(id));
        entry_in(seen.map(|(_, shared)| &shared.list), kind, caller, now)
    }
}

fn entry_in<'a>(
    lists: impl Iterator<Item = &'a Arc<List>>,
    kind: ListKind,
    caller: ListedCaller,
    now: Timestamp,
) -> Option<(Arc<List>, ListEntry)> {
    let lists: Vec<&Arc<List>> = lists.filter(|list| list.kind == kind).collect();
    patterns(caller).find_map(|pattern| {
        let held = lists.iter().filter_map(|list| Some((*list, entry(list, pattern)?)));
        let held = held.filter(|(_, entry)| entry.expires_at.is_none_or(|end| now < end));
        held.reduce(|known, other| if ends_before(known.1, other.1) { other } else { known })
            .map(|(list, entry)| (Arc::clone(list), entry.clone()))
    })
}

/// The patterns that name a caller, the closest first.
fn patterns(caller: ListedCaller) -> impl Iterator<Item = Pattern> {
    let exact = match caller {
        ListedCaller::Number(number) => Some(Pattern::number(number)),
        ListedCaller::Leading(_) | ListedCaller::Short(..) | ListedCaller::Anonymous => None,
    };
    let (digits, len) = caller.digits();
    let prefixes = (0..len).filter_map(move |cut| Pattern::prefix(digits / 10_u64.pow(cut)));
    exact
        .into_iter()
        .chain(caller.words().into_iter().flatten())
        .chain(prefixes)
}

fn entry(list: &List, pattern: Pattern) -> Option<&ListEntry> {
    let place = list
        .entries
        .binary_search_by_key(&pattern, |entry| entry.pattern)
        .ok()?;
    list.entries.get(place)
}

fn ends_before(one: &ListEntry, other: &ListEntry) -> bool {
    match (one.expires_at, other.expires_at) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(one), Some(other)) => one < other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::domain::actor::Actor;
    use crate::domain::ids::{ListId, ListSource, OwnerName};
    use crate::domain::kinds::OwnerCalls;
    use crate::domain::list::{EntryOrigin, Owner};
    use crate::domain::requests::Requests;
    use crate::domain::unknown_fields::UnknownFields;
    use crate::index::lists::ListTable;

    const PATTERNS: [&str; 5] = ["+18005550199", "+18005550199*", "+1800555*", "+1*", "+18005550198"];

    fn list(id: &str, named: &[(&str, Option<i64>, u8)]) -> List {
        let entries = named.iter().map(|(pattern, expires_at, owner)| ListEntry {
            pattern: Pattern::parse(pattern).unwrap(),
            origin: Arc::new(EntryOrigin {
                source: ListSource::parse(id).unwrap(),
                requester: None,
            }),
            entered_at: Timestamp::from_secs(0),
            expires_at: expires_at.map(Timestamp::from_secs),
            action: None,
            owner: Some(Arc::new(Owner {
                organisation: OwnerName::parse(&format!("{id} {owner}")).unwrap(),
                brand: None,
                calls: OwnerCalls::Yes,
            })),
        });
        let mut entries: Vec<_> = entries.collect();
        entries.sort_by_key(|entry| entry.pattern);
        entries.dedup_by_key(|entry| entry.pattern);
        List {
            id: ListId::parse(id).unwrap(),
            kind: ListKind::KnownOwner,
            entries: entries.into(),
            actor: Actor::parse("ana").unwrap(),
            replaced_at: Timestamp::from_secs(0),
            requests: Requests::default(),
            unknown_fields: UnknownFields::default(),
        }
    }

    fn named() -> impl Strategy<Value = Vec<(&'static str, Option<i64>, u8)>> {
        let one = (select(PATTERNS.to_vec()), prop::option::of(0..4i64), 0..3u8);
        prop::collection::vec(one, 0..6)
    }

    proptest! {
        /// The slow search finds the entry that lookups decide by.
        #[test]
        fn the_entry_is_that_of_the_owner_and_its_end(one in named(), other in named(), now in 0..4i64) {
            let table = ListTable::default();
            for list in [list("a", &one), list("b", &other)] {
                table.apply(&list.id.clone(), 1, Some(list));
            }
            let now = Timestamp::from_secs(now);
            for number in ["+18005550199", "+18005550198", "+18005551234", "+14155550123", "+4930901820"] {
                let caller = ListedCaller::Number(number.parse().unwrap());
                let entry = table.snapshot().entry_of(ListKind::KnownOwner, caller, now).map(|(_, entry)| entry);
                let hit = table.listed(caller, now).known_owner;
                prop_assert_eq!(entry.as_ref().and_then(|entry| entry.owner.clone()), table.owner_of(caller, now));
                prop_assert_eq!(entry.map(|entry| entry.expires_at), hit.map(|hit| hit.expires_at));
            }
        }
    }
}
