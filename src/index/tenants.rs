//! The indexes of all tenants. Each tenant has one of its own, so that nothing of one tenant is found by another unless it
//! is asked for there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use super::view::AcceptedIndex;
use super::{Index, View};
use crate::domain::model::ScoreModel;
use crate::domain::tenant::{MAX_TENANTS, TenantId};

/// The indexes of all tenants.
#[derive(Debug)]
pub struct Indexes {
    /// That of [`TenantId::DEFAULT`]. It also holds the principals of all tenants.
    default: Arc<Index>,
    /// Those of the other tenants.
    others: RwLock<BTreeMap<TenantId, Arc<Index>>>,
    /// Whether there are others. Most servers have one tenant; then a lookup takes no lock here.
    has_others: AtomicBool,
    /// The index of a tenant beyond the limit. It stays empty.
    none: Arc<Index>,
}

impl Indexes {
    /// The indexes of a server that has one tenant until others are found in its store.
    #[must_use]
    pub fn new(default: Arc<Index>) -> Self {
        let none = Arc::new(Index::new(Arc::clone(default.model())));
        Self {
            default,
            others: RwLock::default(),
            has_others: AtomicBool::new(false),
            none,
        }
    }

    /// The index of the default tenant.
    #[must_use]
    pub const fn of_default(&self) -> &Arc<Index> {
        &self.default
    }

    /// The model of all indexes.
    #[must_use]
    pub fn model(&self) -> &Arc<ScoreModel> {
        self.default.model()
    }

    /// Whether the default tenant is the only one.
    #[must_use]
    pub fn has_one_tenant(&self) -> bool {
        !self.has_others.load(Ordering::Acquire)
    }

    /// The index of a tenant, if it has one.
    #[must_use]
    pub fn get(&self, tenant: TenantId) -> Option<Arc<Index>> {
        if tenant == TenantId::DEFAULT {
            return Some(Arc::clone(&self.default));
        }
        self.others.read().get(&tenant).cloned()
    }

    /// The index of a tenant, which is made if there is none. None if there are as many tenants as a server has.
    #[must_use]
    pub fn get_or_make(&self, tenant: TenantId) -> Option<Arc<Index>> {
        if let Some(index) = self.get(tenant) {
            return Some(index);
        }
        let mut others = self.others.write();
        if !others.contains_key(&tenant) && others.len() + 1 >= MAX_TENANTS {
            return None;
        }
        let index = others
            .entry(tenant)
            .or_insert_with(|| Arc::new(Index::new(Arc::clone(self.default.model()))));
        let index = Arc::clone(index);
        self.has_others.store(true, Ordering::Release);
        Some(index)
    }

    /// All tenants with their indexes, the default tenant first.
    #[must_use]
    pub fn all(&self) -> Vec<(TenantId, Arc<Index>)> {
        let default = (TenantId::DEFAULT, Arc::clone(&self.default));
        let others = self.others.read();
        let others = others.iter().map(|(tenant, index)| (*tenant, Arc::clone(index)));
        std::iter::once(default).chain(others).collect()
    }

    /// What counts for a tenant: its own, and what others share with it now and it accepts.
    #[must_use]
    pub fn view(&self, viewer: TenantId) -> View {
        if self.has_one_tenant() && viewer == TenantId::DEFAULT {
            return View::new(viewer, Arc::clone(&self.default), Vec::new());
        }
        let own = self.get(viewer).unwrap_or_else(|| Arc::clone(&self.none));
        let accepted = own.accepted();
        let others = accepted.iter().filter(|(tenant, _)| **tenant != viewer);
        let others = others.filter_map(|(tenant, kinds)| {
            let index = self.get(*tenant)?;
            index.shares_anything(viewer).then_some(AcceptedIndex {
                tenant: *tenant,
                index,
                kinds: *kinds,
            })
        });
        let others = others.collect();
        View::new(viewer, own, others)
    }
}
