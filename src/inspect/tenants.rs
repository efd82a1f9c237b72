//! Finds the tenants of a store.

use std::collections::BTreeSet;

use super::sums::Scan;
use crate::codec;
use crate::domain::tenant::TenantId;
use crate::store::{RecordKind, ScanTable, Shard, Store, StoreError};

/// The tenants that have data in a store: the default one, and those of all principals. A principal that cannot be read is
/// passed over: the inspection of its shard names it.
///
/// # Errors
/// If the store does not answer.
pub async fn find_tenants(store: &dyn Store) -> Result<Vec<TenantId>, StoreError> {
    let mut tenants = BTreeSet::from([TenantId::DEFAULT]);
    for shard in Shard::all() {
        let table = ScanTable::Records(RecordKind::Principal);
        let mut scan = Scan::of(store, (shard, TenantId::DEFAULT), table);
        loop {
            match scan.next().await {
                Ok(Some(items)) => {
                    let found = items
                        .iter()
                        .filter_map(|(_, stored)| codec::principal::decode(&stored.bytes).ok());
                    tenants.extend(found.map(|principal| principal.tenant));
                }
                Ok(None) | Err(StoreError::Unreadable { .. }) => break,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(tenants.into_iter().collect())
}
