//! All principals, by id and by each of their credentials.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Index, IndexedRecord, Show};
use crate::codec::StoredRecord as _;
use crate::domain::identity::{CertificateHash, KeyId, Principal, PrincipalId, Subject};
use crate::domain::model::ScoreModel;
use crate::domain::tenant::TenantId;
use crate::shard::{Shard, Version};

/// The principals of an index. They have one lock: requests read it for a moment, and changes are rare.
#[derive(Debug, Default)]
pub(super) struct PrincipalTable {
    by_id: BTreeMap<PrincipalId, (Version, Arc<Principal>)>,
    by_key: Held<KeyId>,
    by_certificate: Held<CertificateHash>,
    by_subject: Held<Subject>,
}

/// The holders of each credential of a kind. There is one, unless a store of an earlier release has two.
type Held<C> = HashMap<C, Vec<Arc<Principal>>>;

/// The principal that holds a credential.
#[derive(Clone, Debug)]
pub enum Holder {
    /// There is none.
    None,
    /// This one.
    One(Arc<Principal>),
    /// There are several, so nobody can say who sent the credential.
    Several,
}

impl Holder {
    fn of<C: Eq + Hash>(held: &Held<C>, credential: &C) -> Self {
        match held.get(credential).map(Vec::as_slice) {
            None | Some([]) => Self::None,
            Some([holder]) => Self::One(Arc::clone(holder)),
            Some(_) => Self::Several,
        }
    }

    /// Whether another principal than this one holds the credential.
    #[must_use]
    pub fn is_other_than(&self, id: &PrincipalId) -> bool {
        match self {
            Self::None => false,
            Self::One(holder) => holder.id != *id,
            Self::Several => true,
        }
    }
}

impl IndexedRecord for Principal {
    type Loaded = Vec<(Version, Self)>;

    fn load(loaded: &mut Self::Loaded, _: PrincipalId, version: Version, record: Self, _: &ScoreModel) {
        loaded.push((version, record));
    }

    fn replace(index: &Index, shard: Shard, loaded: Self::Loaded) {
        index.change_principals(|table| table.replace(shard, loaded));
    }

    fn apply(index: &Index, id: PrincipalId, version: Version, record: Option<Self>) {
        index.change_principals(|table| table.apply(&id, version, record));
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

    /// The principal that has this key, also if the key has ended.
    #[must_use]
    pub fn principal_of_key(&self, id: KeyId) -> Holder {
        Holder::of(&self.principals.read().by_key, &id)
    }

    /// All principals that have this key.
    #[must_use]
    pub fn principals_of_key(&self, id: KeyId) -> Vec<Arc<Principal>> {
        self.principals.read().by_key.get(&id).cloned().unwrap_or_default()
    }

    /// The principal that has this client certificate.
    #[must_use]
    pub fn principal_of_certificate(&self, hash: &CertificateHash) -> Holder {
        Holder::of(&self.principals.read().by_certificate, hash)
    }

    /// The principal that has this subject of an OpenID provider.
    #[must_use]
    pub fn principal_of_subject(&self, subject: &Subject) -> Holder {
        Holder::of(&self.principals.read().by_subject, subject)
    }

    /// How often the principals have changed, from 1. If it is the same before and after, they are the same too.
    #[must_use]
    pub fn principals_generation(&self) -> u64 {
        self.principals_generation.load(Ordering::Acquire)
    }

    fn change_principals(&self, change: impl FnOnce(&mut PrincipalTable)) {
        let mut table = self.principals.write();
        change(&mut table);
        self.principals_generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Principals in the order of their ids, and how many there are: at most `limit` of those after `after`, or of all. Only
    /// those of `tenant`, if it is given.
    #[must_use]
    pub fn principals(
        &self,
        tenant: Option<TenantId>,
        after: Option<&PrincipalId>,
        limit: usize,
    ) -> (Vec<(Version, Arc<Principal>)>, usize) {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let table = self.principals.read();
        let is_shown = |principal: &Principal| tenant.is_none_or(|tenant| principal.tenant == tenant);
        let rest = table.by_id.range::<PrincipalId, _>((start, Bound::Unbounded));
        let shown = rest.filter(|(_, (_, principal))| is_shown(principal));
        let shown = shown.take(limit).map(|(_, versioned)| versioned.clone()).collect();
        let total = match tenant {
            None => table.by_id.len(),
            Some(_) => table
                .by_id
                .values()
                .filter(|(_, principal)| is_shown(principal))
                .count(),
        };
        (shown, total)
    }

    /// How many principals there are.
    #[must_use]
    pub fn principal_count(&self) -> usize {
        self.principals.read().by_id.len()
    }

    /// The number of principals of a tenant.
    #[must_use]
    pub fn principals_of_tenant(&self, tenant: TenantId) -> usize {
        let table = self.principals.read();
        table
            .by_id
            .values()
            .filter(|(_, principal)| principal.tenant == tenant)
            .count()
    }

    /// The tenants of the principals.
    #[must_use]
    pub fn tenants_of_principals(&self) -> BTreeSet<TenantId> {
        let table = self.principals.read();
        table.by_id.values().map(|(_, principal)| principal.tenant).collect()
    }

    /// Whether a principal has this name, written in other letters of ASCII.
    #[must_use]
    pub fn has_name_like(&self, id: &PrincipalId) -> bool {
        let table = self.principals.read();
        let mut names = table.by_id.keys().filter(|name| *name != id);
        names.any(|name| name.as_str().eq_ignore_ascii_case(id.as_str()))
    }

    /// The principals for which this holds.
    #[must_use]
    pub fn principals_that(&self, holds: impl Fn(&Principal) -> bool) -> Vec<PrincipalId> {
        let table = self.principals.read();
        let found = table.by_id.values().filter(|(_, principal)| holds(principal));
        found.map(|(_, principal)| principal.id.clone()).collect()
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
            hold(&mut self.by_key, key.id, &principal);
        }
        for hash in &principal.certificates {
            hold(&mut self.by_certificate, *hash, &principal);
        }
        for subject in &principal.subjects {
            hold(&mut self.by_subject, subject.clone(), &principal);
        }
        self.by_id.insert(principal.id.clone(), (version, principal));
    }

    fn remove(&mut self, id: &PrincipalId) {
        let Some((_, principal)) = self.by_id.remove(id) else {
            return;
        };
        for key in &principal.keys {
            release(&mut self.by_key, &key.id, id);
        }
        for hash in &principal.certificates {
            release(&mut self.by_certificate, hash, id);
        }
        for subject in &principal.subjects {
            release(&mut self.by_subject, subject, id);
        }
    }
}

fn hold<C: Eq + Hash>(held: &mut Held<C>, credential: C, holder: &Arc<Principal>) {
    let holders = held.entry(credential).or_default();
    if holders.iter().all(|known| known.id != holder.id) {
        holders.push(Arc::clone(holder));
    }
}

fn release<C: Eq + Hash>(held: &mut Held<C>, credential: &C, id: &PrincipalId) {
    if let Some(holders) = held.get_mut(credential) {
        holders.retain(|holder| holder.id != *id);
        if holders.is_empty() {
            held.remove(credential);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::{Grants, PrincipalKey, Role, Roles, SecretHash};
    use crate::domain::requests::Requests;
    use crate::domain::time::Timestamp;
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
        match index.principal_of_key(KeyId::from_raw(key)) {
            Holder::None => None,
            Holder::One(holder) => Some(holder.id.as_str().to_owned()),
            Holder::Several => Some("several".to_owned()),
        }
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
        let of_certificate = |byte| index.principal_of_certificate(&CertificateHash([byte; 32]));
        assert!(matches!(of_certificate(3), Holder::One(_)) && matches!(of_certificate(1), Holder::None));
        let (listed, total) = index.principals(None, Some(&ana.id), 10);
        assert_eq!((listed.len(), total), (1, 2));
        let other = TenantId::parse("other").unwrap();
        assert_eq!(index.principals(Some(other), None, 10).1, 0);
        let before = index.principals_generation();
        index.apply::<Principal>(ben.id.clone(), 2, None);
        assert_ne!(index.principals_generation(), before);
        assert_eq!(of_key(&index, 2), None);
    }

    #[test]
    fn a_credential_of_two_is_of_nobody_until_one_of_them_loses_it() {
        let index = Index::new(Arc::new(ScoreModel::default()));
        let (ana, ben) = (principal("ana", 1), principal("ben", 1));
        index.apply(ana.id.clone(), 1, Some(ana.clone()));
        index.apply(ben.id.clone(), 1, Some(ben));
        assert_eq!(of_key(&index, 1).as_deref(), Some("several"));
        assert_eq!(index.principals_of_key(KeyId::from_raw(1)).len(), 2);
        index.apply(ana.id.clone(), 2, Some(ana.clone()));
        assert_eq!(of_key(&index, 1).as_deref(), Some("several"));
        index.apply(ana.id.clone(), 3, Some(principal("ana", 3)));
        assert_eq!(of_key(&index, 1).as_deref(), Some("ben"));
        assert!(index.has_name_like(&PrincipalId::parse("ANA").unwrap()) && !index.has_name_like(&ana.id));
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
