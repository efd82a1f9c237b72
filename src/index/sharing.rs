//! What the tenant of an index shares with others.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::{Bound, ControlFlow};

use super::{Index, IndexedRecord, Show};
use crate::codec::StoredRecord as _;
use crate::domain::ids::ListId;
use crate::domain::model::ScoreModel;
use crate::domain::tenant::TenantId;
use crate::domain::visibility::{SharedKey, SharedThing, Sharing, Visibility};
use crate::shard::{Shard, Version};

/// The records of sharing, by thing. A change costs the same however much is shared: lookups wait for it.
#[derive(Debug, Default)]
pub(super) struct SharingTable {
    by_key: BTreeMap<SharedKey, (Version, Sharing)>,
    /// How many things are shared with all tenants. Each lookup asks, so they are not searched for.
    with_all: usize,
    /// How many things are shared with each tenant by name.
    with: BTreeMap<TenantId, usize>,
    /// Who may see each list.
    lists: BTreeMap<ListId, Visibility>,
}

impl SharingTable {
    /// Whether another tenant may see a list.
    pub(super) fn shares_list(&self, id: &ListId, viewer: TenantId) -> bool {
        self.lists.get(id).is_some_and(|visibility| visibility.allows(viewer))
    }

    fn insert(&mut self, version: Version, record: Sharing) {
        let key = record.thing.key();
        self.remove(&key);
        match &record.visibility {
            Visibility::Private => {}
            Visibility::Named(tenants) => {
                for tenant in tenants {
                    *self.with.entry(*tenant).or_default() += 1;
                }
            }
            Visibility::All => self.with_all += 1,
        }
        if let SharedThing::List(id) = &record.thing {
            self.lists.insert(id.clone(), record.visibility.clone());
        }
        self.by_key.insert(key, (version, record));
    }

    fn remove(&mut self, key: &SharedKey) {
        let Some((_, record)) = self.by_key.remove(key) else {
            return;
        };
        match &record.visibility {
            Visibility::Private => {}
            Visibility::Named(tenants) => tenants.iter().for_each(|tenant| self.remove_one(*tenant)),
            Visibility::All => self.with_all = self.with_all.saturating_sub(1),
        }
        if let SharedThing::List(id) = &record.thing {
            self.lists.remove(id);
        }
    }

    fn remove_one(&mut self, tenant: TenantId) {
        if let Entry::Occupied(mut count) = self.with.entry(tenant) {
            *count.get_mut() = count.get().saturating_sub(1);
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

impl IndexedRecord for Sharing {
    type Loaded = Vec<(Version, Self)>;

    fn load(loaded: &mut Self::Loaded, _: SharedKey, version: Version, record: Self, _: &ScoreModel) {
        loaded.push((version, record));
    }

    fn replace(index: &Index, shard: Shard, loaded: Self::Loaded) {
        let mut table = index.sharing.write();
        let of_shard = table.by_key.keys().filter(|key| Self::shard(key) == shard);
        for key in of_shard.copied().collect::<Vec<_>>() {
            table.remove(&key);
        }
        for (version, record) in loaded {
            table.insert(version, record);
        }
        drop(table);
        index.share_lists();
    }

    fn apply(index: &Index, id: SharedKey, version: Version, record: Option<Self>) {
        let mut table = index.sharing.write();
        if table.by_key.get(&id).is_some_and(|(known, _)| *known >= version) {
            return;
        }
        match record {
            Some(record) => table.insert(version, record),
            None => table.remove(&id),
        }
        drop(table);
        if id.is_of_list() {
            index.share_lists();
        }
    }

    fn visit(index: &Index, shard: Shard, show: Show<'_>) -> ControlFlow<()> {
        let records: Vec<_> = {
            let table = index.sharing.read();
            let all = table
                .by_key
                .values()
                .filter(|(_, record)| Self::shard(&record.thing.key()) == shard);
            all.cloned().collect()
        };
        for (version, record) in records {
            show(&Self::id_bytes(&record.thing.key()), version, &record.encode())?;
        }
        ControlFlow::Continue(())
    }
}

impl Index {
    /// Tells the lists which of them another tenant may see.
    fn share_lists(&self) {
        self.lists.share(|| {
            let table = self.sharing.read();
            let seen = table.lists.iter().filter(|(_, visibility)| !visibility.is_private());
            seen.map(|(id, _)| id.clone()).collect()
        });
    }

    /// Whether the tenant of this index lets another tenant see this.
    #[must_use]
    pub fn shares(&self, thing: &SharedThing, viewer: TenantId) -> bool {
        let table = self.sharing.read();
        let record = table.by_key.get(&thing.key());
        record.is_some_and(|(_, sharing)| sharing.visibility.allows(viewer))
    }

    /// Whether the tenant of this index lets another tenant see anything.
    #[must_use]
    pub fn shares_anything(&self, viewer: TenantId) -> bool {
        let table = self.sharing.read();
        table.with_all > 0 || table.with.contains_key(&viewer)
    }

    /// Who may see a thing, with the version of the record; none if it was never shared.
    #[must_use]
    pub fn sharing(&self, thing: &SharedThing) -> Option<(Version, Sharing)> {
        self.sharing.read().by_key.get(&thing.key()).cloned()
    }

    /// All records of sharing in the order of their keys: at most `limit` of those after `after`, or of all. With a viewer,
    /// only of what this tenant may see.
    #[must_use]
    pub fn all_sharing(
        &self,
        viewer: Option<TenantId>,
        after: Option<SharedKey>,
        limit: usize,
    ) -> Vec<(Version, Sharing)> {
        let table = self.sharing.read();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rest = table.by_key.range((start, Bound::Unbounded)).map(|(_, record)| record);
        let seen = rest.filter(|(_, sharing)| viewer.is_none_or(|viewer| sharing.visibility.allows(viewer)));
        seen.take(limit).cloned().collect()
    }

    /// How many things have a record of sharing.
    #[must_use]
    pub fn sharing_count(&self) -> usize {
        self.sharing.read().by_key.len()
    }
}
