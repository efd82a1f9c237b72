//! When keys were last used, at all instances. Each instance notes in memory which keys it has accepted, and writes that once
//! in ten minutes for a key in use, apart from all requests. A use that is lost with its instance does no harm.

use std::collections::{BTreeMap, BTreeSet};

use super::{Identities, Principals, VersionedPrincipal};
use crate::domain::identity::{KeyId, KeyUses, UsePart, UseSlot};
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::service::ServiceError;
use crate::service::writer::Done;
use crate::store::SideKey;

/// When keys were last used.
#[derive(Debug, Default)]
pub struct LastUses(BTreeMap<KeyId, Timestamp>);

impl LastUses {
    /// When a key was last used; none if no use is known.
    #[must_use]
    pub fn of(&self, key: KeyId) -> Option<Timestamp> {
        self.0.get(&key).copied()
    }
}

impl Principals {
    /// Writes which keys this instance has accepted since the last time; returns how many.
    ///
    /// # Errors
    /// If the store cannot be written. The uses are written the next time.
    pub async fn keep_uses(&self, identities: &Identities) -> Result<usize, ServiceError> {
        let mut parts: BTreeMap<UsePart, Vec<(KeyId, UseSlot)>> = BTreeMap::new();
        for (key, slot) in identities.unkept_uses() {
            parts.entry(UsePart::of(key)).or_default().push((key, slot));
        }
        if parts.is_empty() {
            return Ok(0);
        }
        let (parts, uses): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let keys: Vec<SideKey> = parts.iter().map(side_key).collect();
        let note = |place: usize, known: &mut KeyUses| {
            let mut write = false;
            for (key, slot) in uses.get(place).into_iter().flatten() {
                write |= known.note(*key, *slot);
            }
            Done { answer: (), write }
        };
        let deadline = self.writer.deadline(keys.len());
        let outcomes = self.writer.change_side_records(&keys, deadline, note).await;
        let mut kept = 0;
        for (uses, outcome) in uses.iter().zip(&outcomes) {
            if outcome.is_ok() {
                identities.uses_are_kept(uses);
                kept += uses.len();
            }
        }
        outcomes.into_iter().collect::<Result<Vec<()>, _>>()?;
        Ok(kept)
    }

    /// When the keys of these principals were last used at any instance. If the store does not answer: at this one.
    pub async fn last_uses(&self, identities: &Identities, principals: &[VersionedPrincipal]) -> LastUses {
        let keys = || {
            principals
                .iter()
                .flat_map(|found| &found.principal.keys)
                .map(|key| key.id)
        };
        let parts: BTreeSet<UsePart> = keys().map(UsePart::of).collect();
        let wanted: Vec<SideKey> = parts.iter().map(side_key).collect();
        let stored = self
            .writer
            .read_side_records::<KeyUses>(&wanted, self.writer.deadline(1))
            .await;
        let stored: BTreeMap<UsePart, KeyUses> = parts.into_iter().zip(stored.unwrap_or_default()).collect();
        let last = |key: KeyId| {
            let everywhere = stored.get(&UsePart::of(key)).and_then(|uses| uses.last(key));
            everywhere.map(UseSlot::start).max(identities.last_used(key))
        };
        LastUses(keys().filter_map(|key| Some((key, last(key)?))).collect())
    }
}

/// The principals of all tenants are those of the default tenant, and so are the uses of their keys.
fn side_key(part: &UsePart) -> SideKey {
    SideKey::of::<KeyUses>(TenantId::DEFAULT, part)
}
