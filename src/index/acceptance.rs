//! What the tenant of an index accepts from others.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Index, IndexedRecord, Show};
use crate::codec::StoredRecord as _;
use crate::domain::acceptance::{Acceptance, Accepted};
use crate::domain::model::ScoreModel;
use crate::domain::tenant::TenantId;
use crate::shard::{Shard, Version};

/// The records of acceptance, by the other tenant.
#[derive(Debug, Default)]
pub(super) struct AcceptanceTable {
    by_tenant: BTreeMap<TenantId, (Version, Acceptance)>,
    /// What is accepted. Each lookup takes it, so it is made once for each change.
    accepted: Arc<Accepted>,
}

impl AcceptanceTable {
    fn sum_up(&mut self) {
        let records = self.by_tenant.values().map(|(_, record)| record);
        let some = records.filter(|record| !record.kinds.is_empty());
        self.accepted = Arc::new(some.map(|record| (record.from, record.kinds)).collect());
    }
}

impl IndexedRecord for Acceptance {
    type Loaded = Vec<(Version, Self)>;

    fn load(loaded: &mut Self::Loaded, _: TenantId, version: Version, record: Self, _: &ScoreModel) {
        loaded.push((version, record));
    }

    fn replace(index: &Index, shard: Shard, loaded: Self::Loaded) {
        let mut table = index.acceptance.write();
        table.by_tenant.retain(|from, _| Self::shard(from) != shard);
        let loaded = loaded
            .into_iter()
            .map(|(version, record)| (record.from, (version, record)));
        table.by_tenant.extend(loaded);
        table.sum_up();
    }

    fn apply(index: &Index, id: TenantId, version: Version, record: Option<Self>) {
        let mut table = index.acceptance.write();
        if table.by_tenant.get(&id).is_some_and(|(known, _)| *known >= version) {
            return;
        }
        match record {
            Some(record) => table.by_tenant.insert(id, (version, record)),
            None => table.by_tenant.remove(&id),
        };
        table.sum_up();
    }

    fn visit(index: &Index, shard: Shard, show: Show<'_>) -> ControlFlow<()> {
        let records: Vec<_> = {
            let table = index.acceptance.read();
            let of_shard = table.by_tenant.iter().filter(|(from, _)| Self::shard(from) == shard);
            of_shard.map(|(_, record)| record.clone()).collect()
        };
        for (version, record) in records {
            show(&Self::id_bytes(&record.from), version, &record.encode())?;
        }
        ControlFlow::Continue(())
    }
}

impl Index {
    /// What the tenant of this index accepts from others.
    #[must_use]
    pub fn accepted(&self) -> Arc<Accepted> {
        Arc::clone(&self.acceptance.read().accepted)
    }

    /// The record of what it accepts from one tenant, with its version; none if it never accepted anything.
    #[must_use]
    pub fn acceptance(&self, from: TenantId) -> Option<(Version, Acceptance)> {
        self.acceptance.read().by_tenant.get(&from).cloned()
    }

    /// How many tenants have a record of acceptance.
    #[must_use]
    pub fn acceptance_count(&self) -> usize {
        self.acceptance.read().by_tenant.len()
    }
}
