//! What the tenant of an index shares with others.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use super::{Index, IndexedRecord, Show};
use crate::codec::StoredRecord as _;
use crate::domain::model::ScoreModel;
use crate::domain::tenant::TenantId;
use crate::domain::visibility::{SharedKey, SharedThing, Sharing, Visibility};
use crate::shard::{Shard, Version};

/// The records of sharing, by thing.
#[derive(Debug, Default)]
pub(super) struct SharingTable {
    by_key: HashMap<SharedKey, (Version, Sharing)>,
    /// Whether anything is shared with all tenants. Each lookup asks, so it is not searched for.
    with_all: bool,
    /// The tenants that something is shared with by name.
    with: BTreeSet<TenantId>,
}

impl SharingTable {
    /// Finds again with whom anything is shared.
    fn sum_up(&mut self) {
        self.with_all = false;
        self.with.clear();
        for (_, sharing) in self.by_key.values() {
            match &sharing.visibility {
                Visibility::Private => {}
                Visibility::Named(tenants) => self.with.extend(tenants),
                Visibility::All => self.with_all = true,
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
        table.by_key.retain(|key, _| Self::shard(key) != shard);
        let loaded = loaded
            .into_iter()
            .map(|(version, record)| (record.thing.key(), (version, record)));
        table.by_key.extend(loaded);
        table.sum_up();
        drop(table);
        index.share_lists();
    }

    fn apply(index: &Index, id: SharedKey, version: Version, record: Option<Self>) {
        let mut table = index.sharing.write();
        if table.by_key.get(&id).is_some_and(|(known, _)| *known >= version) {
            return;
        }
        match record {
            Some(record) => table.by_key.insert(id, (version, record)),
            None => table.by_key.remove(&id),
        };
        table.sum_up();
        drop(table);
        index.share_lists();
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
            let seen = table
                .by_key
                .values()
                .filter(|(_, sharing)| !sharing.visibility.is_private());
            let ids = seen.filter_map(|(_, sharing)| match &sharing.thing {
                SharedThing::List(id) => Some(id.clone()),
                SharedThing::Reports | SharedThing::Statuses | SharedThing::Case(_) | SharedThing::Note(_) => None,
            });
            ids.collect()
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
        table.with_all || table.with.contains(&viewer)
    }

    /// Who may see a thing, with the version of the record; none if it was never shared.
    #[must_use]
    pub fn sharing(&self, thing: &SharedThing) -> Option<(Version, Sharing)> {
        self.sharing.read().by_key.get(&thing.key()).cloned()
    }

    /// All records of sharing in the order of their keys: at most `limit` of those after `after`, or of all.
    #[must_use]
    pub fn all_sharing(&self, after: Option<SharedKey>, limit: usize) -> Vec<(Version, Sharing)> {
        let table = self.sharing.read();
        let rest = table
            .by_key
            .iter()
            .filter(|(key, _)| after.is_none_or(|after| **key > after));
        let mut found: Vec<_> = rest.map(|(_, record)| record.clone()).collect();
        drop(table);
        found.sort_unstable_by_key(|(_, sharing)| sharing.thing.key());
        found.truncate(limit);
        found
    }

    /// How many things have a record of sharing.
    #[must_use]
    pub fn sharing_count(&self) -> usize {
        self.sharing.read().by_key.len()
    }
}
