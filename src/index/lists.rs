//! All lists, and the entries that apply to a caller.
//!
//! Lookups read a finished snapshot. A change builds the next snapshot separately, which takes milliseconds for a long
//! list, and then replaces the old one in one step. So no lookup waits for it, and no lookup sees a mix of two
//! versions.

mod owner_entry;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use parking_lot::{Mutex, RwLock};

use super::{Index, IndexedRecord, Show};
use crate::codec::StoredRecord as _;
use crate::domain::ids::ListId;
use crate::domain::kinds::{Action, ListKind};
use crate::domain::list::{Hit, List, ListEntry, ListHits, ListedCaller, Owner, OwnerHit, Pattern};
use crate::domain::model::ScoreModel;
use crate::domain::time::Timestamp;
use crate::shard::{Shard, Version};

/// Lists by id, each with its version.
type ById = BTreeMap<ListId, Versioned>;
/// A list with its version.
type Versioned = (Version, Arc<List>);

/// The lists of an index.
#[derive(Debug, Default)]
pub(super) struct ListTable {
    /// Whether any entry exists. Most installations have none; then lookups take no lock.
    has_entries: AtomicBool,
    /// Locked for the lookup of one number, and to replace the snapshot.
    now: RwLock<Arc<ListSnapshot>>,
    /// The lists that another tenant may see. Held while a change builds the next snapshot, so that no change is lost.
    shared: Mutex<BTreeSet<ListId>>,
}

/// All lists at one time. Several numbers can be looked up in one snapshot, so that the same lists apply to all of
/// them.
#[derive(Clone, Debug, Default)]
pub struct ListSnapshot {
    by_id: ById,
    do_not_originate: Arc<Compiled>,
    protected: Arc<Compiled>,
    unassigned: Arc<Compiled>,
    tenant_allow: Arc<Compiled>,
    tenant_block: Arc<Compiled>,
    tenant_prefix: Arc<Compiled>,
    known_owner: Arc<Compiled>,
    /// The lists that another tenant may see, each alone, since each has its own viewers.
    shared: BTreeMap<ListId, SharedList>,
}

/// A list that another tenant may see.
#[derive(Clone, Debug)]
struct SharedList {
    list: Arc<List>,
    compiled: Arc<Compiled>,
}

/// All lists of one kind, combined.
#[derive(Debug, Default)]
struct Compiled {
    numbers: DigitMap<Terms>,
    /// The prefixes by their digits.
    prefixes: DigitMap<Terms>,
    /// The lengths of the prefixes: bit n is set if there is a prefix of n digits.
    lengths: u32,
    /// Short codes and withheld numbers.
    words: HashMap<Pattern, Terms, foldhash::fast::RandomState>,
    /// The owners that its terms name, each once.
    owners: Owners,
    /// The number of entries in all lists of the kind. An entry in two lists counts twice.
    entries: usize,
}

type DigitMap<T> = HashMap<u64, T, foldhash::fast::RandomState>;

/// Owners, each once, with their places.
#[derive(Debug, Default)]
struct Owners {
    all: Vec<Arc<Owner>>,
    places: HashMap<Arc<Owner>, OwnerPlace, foldhash::fast::RandomState>,
}

/// The expiry time of an entry, its action, and the place of its owner.
#[derive(Clone, Copy, Debug)]
struct Terms {
    expires_at: Option<Timestamp>,
    action: Option<Action>,
    owner: Option<OwnerPlace>,
}

/// The position of an owner, from 1: four bytes, for which the other terms leave room.
type OwnerPlace = NonZeroU32;

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

    fn visit(index: &Index, shard: Shard, show: Show<'_>) -> ControlFlow<()> {
        let lists = index.lists.snapshot();
        let of_shard = lists.by_id.iter().filter(|(id, _)| Shard::of_list(id) == shard);
        for (id, (version, list)) in of_shard {
            show(&Self::id_bytes(id), *version, &list.encode())?;
        }
        ControlFlow::Continue(())
    }
}

impl ListTable {
    /// The list entries that apply to a caller at `now`.
    pub(super) fn listed(&self, caller: ListedCaller, now: Timestamp) -> ListHits {
        if !self.has_entries.load(Ordering::Acquire) {
            return ListHits::default();
        }
        self.now.read().listed(caller, now)
    }

    /// The owner of a caller at `now`.
    pub(super) fn owner_of(&self, caller: ListedCaller, now: Timestamp) -> Option<Arc<Owner>> {
        if !self.has_entries.load(Ordering::Acquire) {
            return None;
        }
        self.now.read().owner_of(caller, now)
    }

    /// A snapshot of all lists.
    pub(super) fn snapshot(&self) -> Arc<ListSnapshot> {
        Arc::clone(&self.now.read())
    }

    /// Stores a list, unless the index has a later version. `None` means that the list was deleted.
    pub(super) fn apply(&self, id: &ListId, version: Version, list: Option<List>) {
        let shared = self.shared.lock();
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
        self.put(&before, by_id, &shared);
    }

    /// Replaces all lists of a shard.
    pub(super) fn replace(&self, shard: Shard, lists: Vec<(Version, List)>) {
        let shared = self.shared.lock();
        let before = self.snapshot();
        if lists.is_empty() && !before.by_id.keys().any(|id| Shard::of_list(id) == shard) {
            return; // most shards have no lists
        }
        let mut by_id = before.by_id.clone();
        by_id.retain(|id, _| Shard::of_list(id) != shard);
        by_id.extend(
            lists
                .into_iter()
                .map(|(version, list)| (list.id.clone(), (version, Arc::new(list)))),
        );
        self.put(&before, by_id, &shared);
    }

    /// Finds again which lists another tenant may see. `ids` reads them under the lock, so that the last change wins.
    pub(super) fn share(&self, ids: impl FnOnce() -> BTreeSet<ListId>) {
        let mut shared = self.shared.lock();
        let ids = ids();
        if *shared == ids {
            return;
        }
        *shared = ids;
        let before = self.snapshot();
        self.put(&before, before.by_id.clone(), &shared);
    }

    fn put(&self, before: &ListSnapshot, by_id: ById, shared: &BTreeSet<ListId>) {
        let mut next = before.next(by_id);
        next.shared = shared.iter().filter_map(|id| next.shared_list(before, id)).collect();
        let next = Arc::new(next);
        let has_entries = ListKind::ALL.iter().any(|kind| next.entry_count(*kind) > 0);
        let old = std::mem::replace(&mut *self.now.write(), next);
        // Set after the snapshot, so that a lookup that sees the flag also sees the entries.
        self.has_entries.store(has_entries, Ordering::Release);
        drop(old); // after the lock is released, because lookups wait for it
    }
}

impl ListSnapshot {
    /// The list entries that apply to a caller at `now`.
    #[must_use]
    pub fn listed(&self, caller: ListedCaller, now: Timestamp) -> ListHits {
        ListHits {
            do_not_originate: self.do_not_originate.longest_hit(caller, now),
            protected: self.protected.longest_hit(caller, now),
            unassigned: self.unassigned.longest_hit(caller, now),
            tenant_allow: self.tenant_allow.longest_hit(caller, now),
            tenant_block: self.tenant_block.longest_hit(caller, now),
            tenant_prefix: self.tenant_prefix.closest_rule(caller, now),
            known_owner: self
                .known_owner
                .closest_owner(caller, now)
                .map(|(owner, hit)| OwnerHit {
                    calls: owner.calls,
                    expires_at: hit.expires_at,
                }),
            is_shared: false,
        }
    }

    /// The owner of a caller at `now`, by the entry that [`ListHits::known_owner`] is of.
    #[must_use]
    pub fn owner_of(&self, caller: ListedCaller, now: Timestamp) -> Option<Arc<Owner>> {
        let (owner, _) = self.known_owner.closest_owner(caller, now)?;
        Some(Arc::clone(owner))
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

    /// The number of entries in all lists of a kind, including expired ones.
    #[must_use]
    pub fn entry_count(&self, kind: ListKind) -> usize {
        self.of_kind(kind).entries
    }

    /// A snapshot with these lists. Kinds with unchanged lists are not compiled again.
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
            known_owner: compiled(ListKind::KnownOwner),
            by_id,
            shared: BTreeMap::new(),
        }
    }

    /// A list that another tenant may see, if it exists and its kind says something of the number itself: the tenant's
    /// own wishes hold for its own calls only.
    fn shared_list(&self, before: &Self, id: &ListId) -> Option<(ListId, SharedList)> {
        let (_, list) = self.by_id.get(id)?;
        if matches!(
            list.kind,
            ListKind::TenantAllow | ListKind::TenantBlock | ListKind::TenantPrefix
        ) {
            return None;
        }
        let known = before.shared.get(id).filter(|known| Arc::ptr_eq(&known.list, list));
        let compiled = known.map_or_else(
            || Arc::new(Compiled::of(std::iter::once(&**list))),
            |known| Arc::clone(&known.compiled),
        );
        let list = Arc::clone(list);
        Some((id.clone(), SharedList { list, compiled }))
    }

    /// The entries of the lists that `sees` allows that apply to a caller at `now`.
    pub(super) fn shared_hits(&self, caller: ListedCaller, now: Timestamp, sees: impl Fn(&ListId) -> bool) -> ListHits {
        let mut hits = ListHits::default();
        for (_, shared) in self.shared.iter().filter(|(id, _)| sees(id)) {
            hits.add_shared(shared.hits(caller, now));
        }
        hits
    }

    /// The owner of a caller by the lists that `sees` allows.
    pub(super) fn shared_owner(
        &self,
        caller: ListedCaller,
        now: Timestamp,
        sees: impl Fn(&ListId) -> bool,
    ) -> Option<Arc<Owner>> {
        let seen = self.shared.iter().filter(|(id, _)| sees(id));
        seen.filter_map(|(_, shared)| shared.compiled.closest_owner(caller, now))
            .map(|(owner, _)| Arc::clone(owner))
            .next()
    }

    fn of_kind(&self, kind: ListKind) -> &Arc<Compiled> {
        match kind {
            ListKind::DoNotOriginate => &self.do_not_originate,
            ListKind::Protected => &self.protected,
            ListKind::Unassigned => &self.unassigned,
            ListKind::TenantAllow => &self.tenant_allow,
            ListKind::TenantBlock => &self.tenant_block,
            ListKind::TenantPrefix => &self.tenant_prefix,
            ListKind::KnownOwner => &self.known_owner,
        }
    }
}

impl SharedList {
    /// The entries that apply to a caller at `now`.
    fn hits(&self, caller: ListedCaller, now: Timestamp) -> ListHits {
        let mut hits = ListHits::default();
        let hit = self.compiled.longest_hit(caller, now);
        match self.list.kind {
            ListKind::DoNotOriginate => hits.do_not_originate = hit,
            ListKind::Protected => hits.protected = hit,
            ListKind::Unassigned => hits.unassigned = hit,
            ListKind::KnownOwner => {
                let closest = self.compiled.closest_owner(caller, now);
                hits.known_owner = closest.map(|(owner, hit)| OwnerHit {
                    calls: owner.calls,
                    expires_at: hit.expires_at,
                });
            }
            ListKind::TenantAllow | ListKind::TenantBlock | ListKind::TenantPrefix => {}
        }
        hits
    }
}

impl Compiled {
    fn of<'a>(lists: impl Iterator<Item = &'a List> + Clone) -> Self {
        let entries = lists.clone().map(|list| list.entries.len()).sum();
        let numbers = lists.clone().flat_map(|list| list.entries.iter());
        let numbers = numbers
            .filter(|entry| entry.pattern.digits().is_some_and(|digits| digits.key().1))
            .count();
        let mut compiled = Self {
            numbers: DigitMap::with_capacity_and_hasher(numbers, foldhash::fast::RandomState::default()),
            entries,
            ..Self::default()
        };
        for entry in lists.flat_map(|list| list.entries.iter()) {
            compiled.add(entry);
        }
        compiled
    }

    /// Adds an entry. Of two entries with the same pattern, the one that expires later counts; if both expire at the
    /// same time, the first.
    fn add(&mut self, entry: &ListEntry) {
        let terms = Terms {
            expires_at: entry.expires_at,
            action: entry.action,
            owner: entry.owner.as_ref().and_then(|owner| self.owners.place(owner)),
        };
        let Some(pattern) = entry.pattern.digits() else {
            return terms.put(self.words.entry(entry.pattern));
        };
        match pattern.key() {
            (digits, true) => terms.put(self.numbers.entry(digits)),
            (digits, false) => {
                self.lengths |= 1 << pattern.digit_count();
                terms.put(self.prefixes.entry(digits));
            }
        }
    }

    /// The entry with the latest expiry time among those that apply to the caller.
    fn longest_hit(&self, caller: ListedCaller, now: Timestamp) -> Option<Hit> {
        let mut longest: Option<Terms> = None;
        for terms in self.found(caller, now) {
            if longest.is_none_or(|longest| longest.ends_before(terms)) {
                longest = Some(terms);
            }
        }
        longest.map(Terms::hit)
    }

    /// The most specific entry with an action among those that apply to the caller, with its action.
    fn closest_rule(&self, caller: ListedCaller, now: Timestamp) -> Option<(Action, Hit)> {
        let mut found = self.found(caller, now);
        found.find_map(|terms| Some((terms.action?, terms.hit())))
    }

    /// The owner in the most specific entry that applies to the caller.
    fn closest_owner(&self, caller: ListedCaller, now: Timestamp) -> Option<(&Arc<Owner>, Hit)> {
        let mut found = self.found(caller, now);
        found.find_map(|terms| Some((self.owners.at(terms.owner?)?, terms.hit())))
    }

    /// The entries that apply to the caller at `now`: first the caller itself, then prefixes from long to short.
    fn found(&self, caller: ListedCaller, now: Timestamp) -> impl Iterator<Item = Terms> {
        let exact = match caller {
            ListedCaller::Number(number) => self.numbers.get(&number.digits()).copied(),
            ListedCaller::Leading(_) | ListedCaller::Short(..) | ListedCaller::Anonymous => None,
        };
        let words = caller.words().into_iter().flatten();
        let words = words.filter_map(|word| self.words.get(&word).copied());
        let (digits, len) = caller.digits();
        let mut lengths = self.lengths & ((2 << len) - 1);
        let prefixes = std::iter::from_fn(move || {
            let longest = lengths.checked_ilog2()?;
            lengths &= !(1 << longest);
            Some(digits / 10_u64.pow(len - longest))
        });
        let prefixes = prefixes.filter_map(|digits| self.prefixes.get(&digits).copied());
        exact
            .into_iter()
            .chain(words)
            .chain(prefixes)
            .filter(move |terms| terms.hold_at(now))
    }
}

impl Owners {
    /// The place of an owner, which is added if it is new.
    fn place(&mut self, owner: &Arc<Owner>) -> Option<OwnerPlace> {
        if let Some(place) = self.places.get(owner) {
            return Some(*place);
        }
        let place = OwnerPlace::new(u32::try_from(self.all.len() + 1).ok()?)?;
        self.all.push(Arc::clone(owner));
        self.places.insert(Arc::clone(owner), place);
        Some(place)
    }

    fn at(&self, place: OwnerPlace) -> Option<&Arc<Owner>> {
        self.all.get(usize::try_from(place.get()).ok()? - 1)
    }
}

impl Terms {
    /// Enters them, unless the entry has terms that expire later or at the same time.
    fn put<K: Hash>(self, place: Entry<'_, K, Self, foldhash::fast::RandomState>) {
        match place {
            Entry::Occupied(mut known) if known.get().ends_before(self) => *known.get_mut() = self,
            Entry::Occupied(_) => {}
            Entry::Vacant(place) => {
                place.insert(self);
            }
        }
    }

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
