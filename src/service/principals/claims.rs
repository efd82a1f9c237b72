//! The claims of a change of principals, taken before the change is committed, so that two changes at the same moment do not
//! make two holders of a credential, or leave no administrator. They hold across instances: versions of the store decide.
//!
//! 1. A change reads the principal at version `v` and the claims on what it takes.
//! 2. A claim of another principal is asked about: its record, read from the store after the claim, says whether the
//!    change of that claim was made. While the record has the version of the claim, the change may still come, and the
//!    claim counts. Otherwise the record alone counts.
//! 3. The change writes its own claims, with `v`, if the claims are still those that it has read; else it reads again.
//! 4. It commits the principal, if the record still has version `v`; else it starts again.
//!
//! Of two changes that claim the same thing, one writes its claim first, and the other one reads it in step 2. Nothing is
//! locked, and nothing expires: the claim of a process that died counts until its principal is changed once more.

use super::Principals;
use crate::domain::identity::{Claim, Claimed, Claims, MAX_CLAIMS, Principal, PrincipalId};
use crate::domain::time::Timestamp;
use crate::service::ServiceError;
use crate::service::writer::{Done, WriteDeadline, overtaken, pause};
use crate::store::{SideKey, Version};

/// How often a change tries to claim what others claim at the same moment.
const ATTEMPTS: u32 = 8;
/// Administrators that are read from the store at a time.
const ADMINS_AT_ONCE: usize = 16;

/// A change of a principal that is about to be committed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planned<'a> {
    /// The principal as it is; none for a new one.
    pub(super) before: Option<&'a Principal>,
    /// The version of its record; 0 for a new one.
    pub(super) version: Version,
    /// The principal as it will be.
    pub(super) after: &'a Principal,
    /// The hash of the id of the request.
    pub(super) request: u128,
    /// When the change is made.
    pub(super) now: Timestamp,
}

/// The records of the principals that have claims, as the store has them.
type Records = Vec<(PrincipalId, Option<(Version, Principal)>)>;

impl Planned<'_> {
    /// What the change must claim: its new name, what it adds, and the keys that it forgets, whose ids must not be used again.
    fn claimed(&self) -> Vec<Claimed> {
        let mut claimed = Vec::new();
        if self.before.is_none() {
            claimed.push(Claimed::Name(self.after.id.clone()));
        }
        let keys = |principal: &Principal| principal.keys.iter().map(|key| key.id).collect::<Vec<_>>();
        let (old, new) = (self.before.map(keys).unwrap_or_default(), keys(self.after));
        let added = new.iter().filter(|key| !old.contains(key));
        let forgotten = old.iter().filter(|key| !new.contains(key));
        claimed.extend(added.chain(forgotten).copied().map(Claimed::Key));
        let certificates = self
            .before
            .map(|before| before.certificates.as_slice())
            .unwrap_or_default();
        let added = self
            .after
            .certificates
            .iter()
            .filter(|hash| !certificates.contains(hash));
        claimed.extend(added.copied().map(Claimed::Certificate));
        let subjects = self.before.map(|before| before.subjects.as_slice()).unwrap_or_default();
        let added = self.after.subjects.iter().filter(|subject| !subjects.contains(subject));
        claimed.extend(added.cloned().map(Claimed::Subject));
        claimed
    }

    fn claim(&self) -> Claim {
        Claim {
            principal: self.after.id.clone(),
            version: self.version,
            request: self.request,
        }
    }

    /// Whether the change may add what has these claims.
    fn may_take(&self, claimed: &Claimed, claims: &Claims, records: &Records) -> Result<(), ServiceError> {
        let taken = |field| Err(ServiceError::ContentMismatch { field });
        for claim in &claims.all {
            let is_own = claim.principal == self.after.id;
            match claimed {
                Claimed::Leaving => {}
                Claimed::Name(_) if is_own => {}
                Claimed::Name(_) => return taken("principal_id"),
                Claimed::Key(id) => {
                    let is_held = self.before.is_some_and(|before| before.key(*id).is_some());
                    let is_retried = claim.request == self.request || claim.version == self.version;
                    if !is_own || !(is_held || is_retried) {
                        return taken("key_id");
                    }
                }
                Claimed::Certificate(hash) if !is_own => {
                    if counts(claim, records, |holder| holder.certificates.contains(hash)) {
                        return taken("certificate_sha256");
                    }
                }
                Claimed::Subject(subject) if !is_own => {
                    if counts(claim, records, |holder| holder.subjects.contains(subject)) {
                        return taken("subjects");
                    }
                }
                Claimed::Certificate(_) | Claimed::Subject(_) => {}
            }
        }
        Ok(())
    }
}

/// Whether the change of a claim may still be made.
fn is_pending(claim: &Claim, records: &Records) -> bool {
    let record = records.iter().find(|(id, _)| *id == claim.principal);
    let version = record
        .and_then(|(_, found)| found.as_ref())
        .map_or(0, |(version, _)| *version);
    claim.version == version
}

/// Whether a claim counts: its change may still be made, or was made and still holds.
fn counts(claim: &Claim, records: &Records, holds: impl Fn(&Principal) -> bool) -> bool {
    let record = records.iter().find(|(id, _)| *id == claim.principal);
    let found = record.and_then(|(_, found)| found.as_ref());
    is_pending(claim, records) || found.is_some_and(|(_, principal)| holds(principal))
}

impl Principals {
    /// Claims what a change needs.
    ///
    /// # Errors
    /// If another principal has it, no administrator would be left, or the store cannot be read or written.
    pub(super) async fn claim(&self, planned: Planned<'_>, deadline: WriteDeadline) -> Result<(), ServiceError> {
        let mut claimed = planned.claimed();
        let worked = planned
            .before
            .is_some_and(|before| self.works_as_admin(before, planned.now));
        let leaves = worked && !self.works_as_admin(planned.after, planned.now);
        if leaves {
            claimed.push(Claimed::Leaving);
        }
        if claimed.is_empty() {
            return Ok(());
        }
        let tenant = self.writer.tenant();
        let keys: Vec<_> = claimed
            .iter()
            .map(|claimed| SideKey::of::<Claims>(tenant, claimed))
            .collect();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(pause(attempt)).await;
            }
            let found: Vec<Claims> = self.writer.read_side_records(&keys, deadline).await?;
            let records = self.records_of(&found, deadline).await?;
            let mut wanted = Vec::with_capacity(found.len());
            for (claimed, claims) in claimed.iter().zip(&found) {
                planned.may_take(claimed, claims, &records)?;
                wanted.push(match claimed {
                    Claimed::Leaving => self.leaving(planned, claims, &records, deadline).await?,
                    Claimed::Name(_) | Claimed::Key(_) | Claimed::Certificate(_) | Claimed::Subject(_) => Claims {
                        all: vec![planned.claim()],
                        unknown_fields: claims.unknown_fields.clone(),
                    },
                });
            }
            let written = self
                .writer
                .change_side_records(&keys, deadline, |place, claims: &mut Claims| {
                    let (Some(read), Some(wanted)) = (found.get(place), wanted.get(place)) else {
                        return Done::unchanged(false);
                    };
                    if *claims == *wanted {
                        return Done::unchanged(true);
                    }
                    if *claims != *read {
                        return Done::unchanged(false);
                    }
                    claims.clone_from(wanted);
                    Done::written(true)
                });
            let written: Result<Vec<bool>, ServiceError> = written.await.into_iter().collect();
            if written?.into_iter().all(|is_claimed| is_claimed) {
                return Ok(());
            }
        }
        Err(overtaken())
    }

    /// The claims of those who will not be administrators, with that of this change: if another administrator stays.
    async fn leaving(
        &self,
        planned: Planned<'_>,
        claims: &Claims,
        records: &Records,
        deadline: WriteDeadline,
    ) -> Result<Claims, ServiceError> {
        let is_other = |claim: &&Claim| claim.principal != planned.after.id;
        let pending = claims
            .all
            .iter()
            .filter(is_other)
            .filter(|claim| is_pending(claim, records));
        let mut all: Vec<Claim> = pending.cloned().collect();
        let mut others = self
            .writer
            .index()
            .principals_that(|principal| self.works_as_admin(principal, planned.now));
        others.retain(|id| *id != planned.after.id && all.iter().all(|claim| claim.principal != *id));
        // The index may be behind the store.
        let mut stays = false;
        for some in others.chunks(ADMINS_AT_ONCE) {
            let read = self.writer.read_records::<Principal>(some, deadline).await?;
            let mut read = read.into_iter().flatten();
            stays = read.any(|(_, principal)| self.works_as_admin(&principal, planned.now));
            if stays {
                break;
            }
        }
        if !stays || all.len() >= MAX_CLAIMS {
            return Err(ServiceError::Precondition(
                "no administrator with a valid credential would be left: make another one first".to_owned(),
            ));
        }
        all.push(planned.claim());
        Ok(Claims {
            all,
            unknown_fields: claims.unknown_fields.clone(),
        })
    }

    async fn records_of(&self, claims: &[Claims], deadline: WriteDeadline) -> Result<Records, ServiceError> {
        let mut ids: Vec<_> = claims
            .iter()
            .flat_map(|claims| &claims.all)
            .map(|claim| claim.principal.clone())
            .collect();
        ids.sort();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let read = self.writer.read_records::<Principal>(&ids, deadline).await?;
        Ok(ids.into_iter().zip(read).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::{CertificateHash, Grants, KeyId, PrincipalKey, Role, Roles, SecretHash};
    use crate::domain::requests::Requests;
    use crate::domain::tenant::TenantId;
    use crate::domain::unknown_fields::UnknownFields;

    fn principal(id: &str, keys: &[u64]) -> Principal {
        let key = |id: &u64| PrincipalKey {
            id: KeyId::from_raw(*id),
            hash: SecretHash::from_bytes([0; 32]),
            created_at: Timestamp::from_secs(0),
            not_before: None,
            expires_at: None,
            revoked_at: None,
        };
        Principal {
            id: PrincipalId::parse(id).unwrap(),
            tenant: TenantId::DEFAULT,
            roles: Roles::of(&[Role::Admin]),
            grants: Grants::default(),
            disabled: false,
            created_at: Timestamp::from_secs(0),
            keys: keys.iter().map(key).collect(),
            certificates: Vec::new(),
            subjects: Vec::new(),
            requests: Requests::default(),
            unknown_fields: UnknownFields::default(),
        }
    }

    fn planned<'a>(before: Option<&'a Principal>, version: Version, after: &'a Principal) -> Planned<'a> {
        Planned {
            before,
            version,
            after,
            request: 9,
            now: Timestamp::from_secs(1),
        }
    }

    fn claims(principal: &str, version: u64, request: u128) -> Claims {
        let principal = PrincipalId::parse(principal).unwrap();
        Claims {
            all: vec![Claim {
                principal,
                version,
                request,
            }],
            unknown_fields: UnknownFields::default(),
        }
    }

    #[test]
    fn a_change_claims_what_it_adds_and_the_keys_that_it_forgets() {
        let (before, mut after) = (principal("ana", &[1, 2]), principal("ana", &[2, 3]));
        after.certificates.push(CertificateHash([7; 32]));
        let key = |id| Claimed::Key(KeyId::from_raw(id));
        let expected = [key(3), key(1), Claimed::Certificate(CertificateHash([7; 32]))];
        assert_eq!(planned(Some(&before), 4, &after).claimed(), expected);
        let new = planned(None, 0, &before).claimed();
        assert_eq!(new, [Claimed::Name(before.id.clone()), key(1), key(2)]);
        assert!(planned(Some(&before), 4, &before).claimed().is_empty());
    }

    #[test]
    fn a_key_is_claimed_for_ever_and_a_repeated_request_may_go_on() {
        let (before, after) = (principal("ana", &[]), principal("ana", &[1]));
        let key = Claimed::Key(KeyId::from_raw(1));
        let may = |version, claims: &Claims| {
            planned(Some(&before), version, &after)
                .may_take(&key, claims, &Vec::new())
                .is_ok()
        };
        assert!(may(4, &Claims::default()));
        assert!(may(4, &claims("ana", 3, 9)), "the same request");
        assert!(may(4, &claims("ana", 4, 8)), "an attempt that was not committed");
        assert!(!may(4, &claims("ana", 3, 8)), "it was added before, and dropped");
        assert!(!may(4, &claims("ben", 3, 9)));
    }

    #[test]
    fn a_certificate_is_free_again_when_its_holder_has_lost_it() {
        let hash = CertificateHash([7; 32]);
        let (mut holder, mut after) = (principal("ben", &[]), principal("ana", &[]));
        after.certificates.push(hash);
        let before = principal("ana", &[]);
        let may = |holder: &Principal, at: Version| {
            let records = vec![(holder.id.clone(), Some((at, holder.clone())))];
            let change = planned(Some(&before), 4, &after);
            change
                .may_take(&Claimed::Certificate(hash), &claims("ben", 2, 5), &records)
                .is_ok()
        };
        assert!(!may(&holder, 2), "its change may still come");
        assert!(may(&holder, 3));
        holder.certificates.push(hash);
        assert!(!may(&holder, 3));
    }
}
