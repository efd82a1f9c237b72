//! The versions of records, as they leave the server.
//!
//! The version of a record is its place in the change log of its shard, and the tenants of a server share the shards. So the
//! versions of a tenant's own records would tell it how much the others write. The organisation that operates the server
//! sees the places themselves. Every other tenant sees a keyed hash of record and place: it is the same for as long as the
//! record is, which is all that an expected version needs, and says nothing else.

use crate::domain::tenant::TenantId;
use crate::store::{RecordKey, Version};

/// The bits of a version that is shown: JSON readers that take numbers for floating point keep so many.
const SHOWN_BITS: u32 = 53;

/// How the versions of a tenant's records are shown.
#[derive(Clone)]
pub(super) struct ShownVersions {
    /// None shows them as they are.
    key: Option<[u8; 32]>,
}

impl ShownVersions {
    /// For a tenant, from the key of the store.
    pub(super) fn of_tenant(key: &[u8; 32], tenant: TenantId) -> Self {
        let is_named = tenant != TenantId::DEFAULT;
        Self {
            key: is_named.then(|| *blake3::keyed_hash(key, tenant.as_bytes()).as_bytes()),
        }
    }

    /// The version of this record as it is shown. 0 stays 0: there is no record.
    pub(super) fn of(&self, record: &RecordKey, version: Version) -> Version {
        let Some(key) = self.key.as_ref().filter(|_| version != 0) else {
            return version;
        };
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher
            .update(&version.to_le_bytes())
            .update(record.kind().name().as_bytes())
            .update(b"\n")
            .update(record.id());
        let mut bytes = [0; 8];
        hasher.finalize_xof().fill(&mut bytes);
        (u64::from_le_bytes(bytes) >> (u64::BITS - SHOWN_BITS)).max(1)
    }
}

impl std::fmt::Debug for ShownVersions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShownVersions")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::case::Case;
    use crate::domain::ids::CaseId;

    fn record(id: &str) -> RecordKey {
        RecordKey::of::<Case>(TenantId::DEFAULT, &CaseId::parse(id).unwrap())
    }

    fn of(tenant: &str) -> ShownVersions {
        ShownVersions::of_tenant(&[7; 32], TenantId::parse(tenant).unwrap())
    }

    #[test]
    fn the_operator_sees_the_places_themselves() {
        assert_eq!(of("default").of(&record("a"), 12), 12);
        assert_eq!(of("default").of(&record("a"), 0), 0);
    }

    #[test]
    fn a_named_tenant_sees_versions_that_tell_a_change_and_no_order() {
        let north = of("north");
        let shown: Vec<Version> = (1..=1_000).map(|version| north.of(&record("a"), version)).collect();
        assert_eq!(north.of(&record("a"), 1), shown[0]);
        assert_eq!(north.of(&record("a"), 0), 0);
        let mut sorted = shown.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), shown.len());
        assert!(shown.iter().all(|version| (1..1 << SHOWN_BITS).contains(version)));
        let rising = shown.windows(2).filter(|two| two[0] < two[1]).count();
        assert!((400..600).contains(&rising), "{rising}");
    }

    /// Else a tenant could write to one record to learn what the versions of another one stand for.
    #[test]
    fn the_same_place_is_another_version_of_another_record_and_tenant() {
        let version = of("north").of(&record("a"), 12);
        assert_ne!(version, of("north").of(&record("b"), 12));
        assert_ne!(version, of("south").of(&record("a"), 12));
    }
}
