//! All lists, and what they say of a number.
//!
//! Lookups read one finished snapshot. A change makes the next one beside it, which takes milliseconds for a long list,
//! and puts it in its place in one step: so nobody waits for it, and nobody sees half of two lists.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use parking_lot::{Mutex, RwLock};

use super::{Index, IndexedRecord};
use crate::domain::ids::ListId;
use crate::domain::kinds::{Action, ListKind};
use crate::domain::list::{Hit, List, ListEntry, ListHits};
use crate::domain::model::ScoreModel;
use crate::domain::time::Timestamp;
use crate::number::E164;
use crate::shard::{Shard, Version};

/// Lists by id, each with its version.
type ById = BTreeMap<ListId, Versioned>;
/// A list with its version.
type Versioned = (Version, Arc<List>);

/// The lists of an index.
#[derive(Debug, Default)]
pub(super) struct ListTable {
    /// Whether there is any entry: where there is none, as for most, lookups take no lock.
    has_entries: AtomicBool,
    /// Locked for as long as a lookup of one number takes, and to put another in its place.
    now: RwLock<Arc<Lists>>,
    /// Held by whoever makes the next snapshot, so that none is lost.
    turn: Mutex<()>,
}

/// All lists at one moment: what several numbers are looked up in, to be judged by the same lists.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    by_id: ById,
    do_not_originate: Arc<Compiled>,
    protected: Arc<Compiled>,
    unassigned: Arc<Compiled>,
    tenant_allow: Arc<Compiled>,
    tenant_block: Arc<Compiled>,
    tenant_prefix: Arc<Compiled>,
}

/// All lists of one kind, as one.
#[derive(Debug, Default)]
struct Compiled {
    numbers: FastMap<Terms>,
    /// By their digits.
    prefixes: FastMap<Terms>,
    /// The lengths that prefixes have: bit n for n digits.
    lengths: u32,
    /// Entries of the lists, those that several have counted as often.
    entries: usize,
}

type FastMap<T> = HashMap<u64, T, foldhash::fast::RandomState>;

/// Until when an entry holds, and what it asks for.
#[derive(Clone, Copy, Debug)]
struct Terms {
    expires_at: Option<Timestamp>,
    action: Option<Action>,
}

impl IndexedRecord for List {
    type Loaded = Vec<(Version, Self)>;

    fn load(loaded: &mut Self::Loaded, _: ListId, version: Version, record: Self, _: &ScoreModel) {
        loaded.push((version, record));
    }

    fn replace(index: &Index, shard: Shard, loaded: Self::Loaded) {
        index.lists.replace(shard, loaded);
    }

    fn apply(index: &Index, id: ListId, version: Version, record: Option<Self>) {
        index.lists.apply(&id, version, record);
    }
}

impl ListTable {
    /// What all lists say of a number at `now`.
    pub(super) fn listed(&self, number: E164, now: Timestamp) -> ListHits {
        if !self.has_entries.load(Ordering::Acquire) {
            return ListHits::default();
        }
        self.now.read().listed(number, now)
    }

    /// All lists as they are now.
    pub(super) fn snapshot(&self) -> Arc<Lists> {
        Arc::clone(&self.now.read())
    }

    /// Takes in a list, unless a later version is there. None means that it was deleted.
    pub(super) fn apply(&self, id: &ListId, version: Version, list: Option<List>) {
        let _turn = self.turn.lock();
        let before = self.snapshot();
        let known = before.by_id.get(id);
        if known.is_some_and(|(known, _)| *known >= version) {
            return;
        }
        let mut by_id = before.by_id.clone();
        match list {
            Some(list) => by_id.insert(id.clone(), (version, Arc::new(list))),
            None => by_id.remove(id),
        };
        self.put(&before, by_id);
    }

    /// Puts the lists of a shard in the place of those that were there.
    pub(super) fn replace(&self, shard: Shard, lists: Vec<(Version, List)>) {
        let _turn = self.turn.lock();
        let before = self.snapshot();
        if lists.is_empty() && !before.by_id.keys().any(|id| Shard::of_list(id) == shard) {
            return; // as in most shards
        }
        let mut by_id = before.by_id.clone();
        by_id.retain(|id, _| Shard::of_list(id) != shard);
        by_id.extend(
            lists
                .into_iter()
                .map(|(version, list)| (list.id.clone(), (version, Arc::new(list)))),
        );
        self.put(&before, by_id);
    }

    fn put(&self, before: &Lists, by_id: ById) {
        let next = Arc::new(before.next(by_id));
        let has_entries = ListKind::ALL.iter().any(|kind| next.entry_count(*kind) > 0);
        let old = std::mem::replace(&mut *self.now.write(), next);
        // After the snapshot: whoever sees the flag sees the entries.
        self.has_entries.store(has_entries, Ordering::Release);
        drop(old); // after the lock, which lookups wait for
    }
}

impl Lists {
    /// What the lists say of a number at `now`.
    #[must_use]
    pub fn listed(&self, number: E164, now: Timestamp) -> ListHits {
        ListHits {
            do_not_originate: self.do_not_originate.longest_hit(number, now),
            protected: self.protected.longest_hit(number, now),
            unassigned: self.unassigned.longest_hit(number, now),
            tenant_allow: self.tenant_allow.longest_hit(number, now),
            tenant_block: self.tenant_block.longest_hit(number, now),
            tenant_prefix: self.tenant_prefix.closest_rule(number, now),
        }
    }

    /// A list with its version.
    #[must_use]
    pub fn list(&self, id: &ListId) -> Option<(Version, Arc<List>)> {
        self.by_id.get(id).cloned()
    }

    /// All lists in the order of their ids, with their versions.
    #[must_use]
    pub fn all(&self) -> Vec<(Version, Arc<List>)> {
        self.by_id.values().cloned().collect()
    }

    /// How many entries the lists of a kind have together, those that have expired included.
    #[must_use]
    pub fn entry_count(&self, kind: ListKind) -> usize {
        self.of_kind(kind).entries
    }

    /// The same with these lists: kinds whose lists are as they were are not compiled again.
    fn next(&self, by_id: ById) -> Self {
        let compiled = |kind| {
            let of_kind = |lists: &ById| -> Vec<Versioned> {
                lists.values().filter(|(_, list)| list.kind == kind).cloned().collect()
            };
            let (before, now) = (of_kind(&self.by_id), of_kind(&by_id));
            let is_same = |((_, one), (_, other)): (&Versioned, &Versioned)| Arc::ptr_eq(one, other);
            if before.len() == now.len() && before.iter().zip(&now).all(is_same) {
                return Arc::clone(self.of_kind(kind));
            }
            Arc::new(Compiled::of(now.iter().map(|(_, list)| &**list)))
        };
        Self {
            do_not_originate: compiled(ListKind::DoNotOriginate),
            protected: compiled(ListKind::Protected),
            unassigned: compiled(ListKind::Unassigned),
            tenant_allow: compiled(ListKind::TenantAllow),
            tenant_block: compiled(ListKind::TenantBlock),
            tenant_prefix: compiled(ListKind::TenantPrefix),
            by_id,
        }
    }

    fn of_kind(&self, kind: ListKind) -> &Arc<Compiled> {
        match kind {
            ListKind::DoNotOriginate => &self.do_not_originate,
            ListKind::Protected => &self.protected,
            ListKind::Unassigned => &self.unassigned,
            ListKind::TenantAllow => &self.tenant_allow,
            ListKind::TenantBlock => &self.tenant_block,
            ListKind::TenantPrefix => &self.tenant_prefix,
        }
    }
}

impl Compiled {
    fn of<'a>(lists: impl Iterator<Item = &'a List> + Clone) -> Self {
        let entries = lists.clone().map(|list| list.entries.len()).sum();
        let numbers = lists.clone().flat_map(|list| list.entries.iter());
        let numbers = numbers.filter(|entry| entry.pattern.key().1).count();
        let mut compiled = Self {
            numbers: FastMap::with_capacity_and_hasher(numbers, foldhash::fast::RandomState::default()),
            entries,
            ..Self::default()
        };
        for entry in lists.flat_map(|list| list.entries.iter()) {
            compiled.add(entry);
        }
        compiled
    }

    /// Of two entries of one pattern the one that holds longer counts; of equal ones the first.
    fn add(&mut self, entry: &ListEntry) {
        let (digits, exact) = entry.pattern.key();
        let map = if exact { &mut self.numbers } else { &mut self.prefixes };
        if !exact {
            self.lengths |= 1 << entry.pattern.digit_count();
        }
        let terms = Terms {
            expires_at: entry.expires_at,
            action: entry.action,
        };
        match map.entry(digits) {
            Entry::Occupied(mut known) if known.get().ends_before(terms) => *known.get_mut() = terms,
            Entry::Occupied(_) => {}
            Entry::Vacant(place) => {
                place.insert(terms);
            }
        }
    }

    /// Of all entries that hold for the number, the one that holds longest.
    fn longest_hit(&self, number: E164, now: Timestamp) -> Option<Hit> {
        let mut longest: Option<Terms> = None;
        for terms in self.found(number, now) {
            if longest.is_none_or(|longest| longest.ends_before(terms)) {
                longest = Some(terms);
            }
        }
        longest.map(Terms::hit)
    }

    /// Of all entries that hold for the number, the most specific one, with its action.
    fn closest_rule(&self, number: E164, now: Timestamp) -> Option<(Action, Hit)> {
        let mut found = self.found(number, now);
        found.find_map(|terms| Some((terms.action?, terms.hit())))
    }

    /// All entries that hold for the number at `now`: the number itself, then prefixes, the longest first.
    fn found(&self, number: E164, now: Timestamp) -> impl Iterator<Item = Terms> {
        let exact = self.numbers.get(&number.digits()).copied();
        let len = number.len();
        let mut lengths = self.lengths & ((2 << len) - 1);
        let prefixes = std::iter::from_fn(move || {
            let longest = lengths.checked_ilog2()?;
            lengths &= !(1 << longest);
            Some(number.without_last(len - longest))
        });
        let prefixes = prefixes.filter_map(|digits| self.prefixes.get(&digits).copied());
        exact
            .into_iter()
            .chain(prefixes)
            .filter(move |terms| terms.hold_at(now))
    }
}

impl Terms {
    fn hold_at(self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }

    fn ends_before(self, other: Self) -> bool {
        match (self.expires_at, other.expires_at) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(own), Some(other)) => own < other,
        }
    }

    fn hit(self) -> Hit {
        Hit {
            expires_at: self.expires_at,
        }
    }
}

#[cfg(test)]
mod tests;
