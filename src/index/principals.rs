//! All principals, by id and by each of their credentials.

use std::collections::{BTreeMap, HashMap};
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use super::{Index, IndexedRecord, Show};
use crate::codec::StoredRecord as _;
use crate::domain::identity::{CertificateHash, KeyId, Principal, PrincipalId, Subject};
use crate::domain::model::ScoreModel;
use crate::domain::time::Timestamp;
use crate::shard::{Shard, Version};

/// The principals of an index. They have one lock: requests read it for a moment, and changes are rare.
#[derive(Debug, Default)]
pub(super) struct PrincipalTable {
    by_id: BTreeMap<PrincipalId, (Version, Arc<Principal>)>,
    by_key: HashMap<KeyId, Arc<Principal>>,
    by_certificate: HashMap<CertificateHash, Arc<Principal>>,
    by_subject: HashMap<Subject, Arc<Principal>>,
}

impl IndexedRecord for Principal {
    type Loaded = Vec<(Version, Self)>;

    fn load(loaded: &mut Self::Loaded, _: PrincipalId, version: Version, record: Self, _: &ScoreModel) {
        loaded.push((version, record));
    }

    fn replace(index: &Index, shard: Shard, loaded: Self::Loaded) {
        index.principals.write().replace(shard, loaded);
    }

    fn apply(index: &Index, id: PrincipalId, version: Version, record: Option<Self>) {
        index.principals.write().apply(&id, version, record);
    }

    fn visit(index: &Index, shard: Shard, show: Show<'_>) -> ControlFlow<()> {
        let principals: Vec<_> = {
            let table = index.principals.read();
            let all = table.by_id.iter().filter(|(id, _)| Shard::of_principal(id) == shard);
            all.map(|(_, versioned)| versioned.clone()).collect()
        };
        for (version, principal) in principals {
            show(&Self::id_bytes(&principal.id), version, &principal.encode())?;
        }
        ControlFlow::Continue(())
    }
}

impl Index {
    /// The principal with this id, and the version of its record.
    #[must_use]
    pub fn principal(&self, id: &PrincipalId) -> Option<(Version, Arc<Principal>)> {
        self.principals.read().by_id.get(id).cloned()
    }

    /// The principal that has this key, in whatever state the key is.
    #[must_use]
    pub fn principal_of_key(&self, id: KeyId) -> Option<Arc<Principal>> {
        self.principals.read().by_key.get(&id).cloned()
    }

    /// The principal that has this client certificate.
    #[must_use]
    pub fn principal_of_certificate(&self, hash: &CertificateHash) -> Option<Arc<Principal>> {
        self.principals.read().by_certificate.get(hash).cloned()
    }

    /// The principal that has this subject of an OpenID provider.
    #[must_use]
    pub fn principal_of_subject(&self, subject: &Subject) -> Option<Arc<Principal>> {
        self.principals.read().by_subject.get(subject).cloned()
    }

    /// Principals in the order of their ids: at most `limit` of those after `after`, or of all.
    #[must_use]
    pub fn principals(&self, after: Option<&PrincipalId>, limit: usize) -> Vec<(Version, Arc<Principal>)> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let table = self.principals.read();
        let rest = table.by_id.range::<PrincipalId, _>((start, Bound::Unbounded));
        rest.take(limit).map(|(_, versioned)| versioned.clone()).collect()
    }

    /// How many principals there are.
    #[must_use]
    pub fn principal_count(&self) -> usize {
        self.principals.read().by_id.len()
    }

    /// Whether another principal than this one can do everything that an administrator can.
    #[must_use]
    pub fn has_other_admin(&self, than: &PrincipalId, now: Timestamp) -> bool {
        let table = self.principals.read();
        let mut others = table.by_id.values().filter(|(_, principal)| principal.id != *than);
        others.any(|(_, principal)| principal.is_working_admin(now))
    }
}

impl PrincipalTable {
    fn replace(&mut self, shard: Shard, loaded: Vec<(Version, Principal)>) {
        let ids = self.by_id.keys().filter(|id| Shard::of_principal(id) == shard);
        for id in ids.cloned().collect::<Vec<_>>() {
            self.remove(&id);
        }
        for (version, principal) in loaded {
            self.insert(version, principal);
        }
    }

    fn apply(&mut self, id: &PrincipalId, version: Version, record: Option<Principal>) {
        if self.by_id.get(id).is_some_and(|(known, _)| *known >= version) {
            return;
        }
        self.remove(id);
        if let Some(principal) = record {
            self.insert(version, principal);
        }
    }

    fn insert(&mut self, version: Version, principal: Principal) {
        let principal = Arc::new(principal);
        for key in &principal.keys {
            self.by_key.insert(key.id, Arc::clone(&principal));
        }
        for hash in &principal.certificates {
            self.by_certificate.insert(*hash, Arc::clone(&principal));
        }
        for subject in &principal.subjects {
            self.by_subject.insert(subject.clone(), Arc::clone(&principal));
        }
        self.by_id.insert(principal.id.clone(), (version, principal));
    }

    /// Removes a principal, and its credentials unless another principal has taken them.
    fn remove(&mut self, id: &PrincipalId) {
        if self.by_id.remove(id).is_some() {
            self.by_key.retain(|_, principal| principal.id != *id);
            self.by_certificate.retain(|_, principal| principal.id != *id);
            self.by_subject.retain(|_, principal| principal.id != *id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::{Grants, PrincipalKey, Role, Roles, SecretHash};
    use crate::domain::requests::Requests;
    use crate::domain::tenant::TenantId;
    use crate::domain::unknown_fields::UnknownFields;

    fn principal(id: &str, key: u64) -> Principal {
        Principal {
            id: PrincipalId::parse(id).unwrap(),
            tenant: TenantId::DEFAULT,
            roles: Roles::of(&[Role::Admin]),
            grants: Grants::default(),
            disabled: false,
            created_at: Timestamp::from_secs(0),
            keys: vec![PrincipalKey {
                id: KeyId::from_raw(key),
                hash: SecretHash::from_bytes([0; 32]),
                created_at: Timestamp::from_secs(0),
                not_before: None,
                expires_at: None,
                revoked_at: None,
            }],
            certificates: vec![CertificateHash([u8::try_from(key).unwrap(); 32])],
            subjects: Vec::new(),
            requests: Requests::default(),
            unknown_fields: UnknownFields::default(),
        }
    }

    fn of_key(index: &Index, key: u64) -> Option<String> {
        let found = index.principal_of_key(KeyId::from_raw(key))?;
        Some(found.id.as_str().to_owned())
    }

    #[test]
    fn a_principal_is_found_by_its_present_credentials() {
        let index = Index::new(Arc::new(ScoreModel::default()));
        let (ana, ben) = (principal("ana", 1), principal("ben", 2));
        index.apply(ana.id.clone(), 1, Some(ana.clone()));
        index.apply(ben.id.clone(), 1, Some(ben.clone()));
        assert_eq!(
            (of_key(&index, 1).as_deref(), of_key(&index, 2).as_deref()),
            (Some("ana"), Some("ben"))
        );
        index.apply(ana.id.clone(), 3, Some(principal("ana", 3)));
        index.apply(ana.id.clone(), 2, Some(ana.clone())); // older
        assert_eq!((of_key(&index, 1), of_key(&index, 3).as_deref()), (None, Some("ana")));
        assert!(index.principal_of_certificate(&CertificateHash([3; 32])).is_some());
        assert!(index.principal_of_certificate(&CertificateHash([1; 32])).is_none());
        let listed = index.principals(Some(&ana.id), 10);
        assert_eq!((listed.len(), index.principal_count()), (1, 2));
        assert!(index.has_other_admin(&ana.id, Timestamp::from_secs(1)));
        index.apply::<Principal>(ben.id.clone(), 2, None);
        assert!(!index.has_other_admin(&ana.id, Timestamp::from_secs(1)));
        assert_eq!(of_key(&index, 2), None);
    }

    #[test]
    fn a_reload_replaces_the_principals_of_its_shard_only() {
        let index = Index::new(Arc::new(ScoreModel::default()));
        let ana = principal("ana", 1);
        let shard = Shard::of_principal(&ana.id);
        index.apply(ana.id.clone(), 1, Some(ana.clone()));
        Principal::replace(&index, Shard::new(shard.byte().wrapping_add(1)), Vec::new());
        assert!(of_key(&index, 1).is_some());
        Principal::replace(&index, shard, vec![(5, principal("ana", 4))]);
        assert_eq!((of_key(&index, 1), of_key(&index, 4).as_deref()), (None, Some("ana")));
        Principal::replace(&index, shard, Vec::new());
        assert_eq!(index.principal_count(), 0);
    }
}
