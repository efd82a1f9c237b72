//! The list entry that names the owner of a caller, for answers that show its origin.

use super::ListSnapshot;
use crate::domain::kinds::ListKind;
use crate::domain::list::{List, ListEntry, ListedCaller, Pattern};
use crate::domain::time::Timestamp;

impl ListSnapshot {
    /// The entry that names the owner of a caller at `now`: that of the caller itself, or else of the longest prefix. Of
    /// several with the same pattern, the one that expires last; if none does earlier, the first by list id. It searches
    /// the lists, so it takes longer than [`ListSnapshot::owner_of`].
    #[must_use]
    pub fn owner_entry(&self, caller: ListedCaller, now: Timestamp) -> Option<ListEntry> {
        let lists = self.by_id.values().map(|(_, list)| &**list);
        let lists: Vec<&List> = lists.filter(|list| list.kind == ListKind::KnownOwner).collect();
        patterns(caller).find_map(|pattern| {
            let held = lists.iter().filter_map(|list| entry(list, pattern));
            let held = held.filter(|entry| entry.expires_at.is_none_or(|end| now < end));
            held.reduce(|known, other| if ends_before(known, other) { other } else { known })
                .cloned()
        })
    }
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
