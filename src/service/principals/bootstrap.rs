//! The first administrator of a store.

use super::{NewKey, NewPrincipal, Principals};
use crate::domain::actor::Actor;
use crate::domain::audit::Via;
use crate::domain::identity::{ApiKey, Grants, KeyState, Principal, PrincipalId, Role, Roles};
use crate::domain::ids::RequestId;
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;
use crate::index::Holder;
use crate::service::ServiceError;
use crate::service::writer::Mutation;

/// The id of the first administrator.
const FIRST_ADMIN: &str = "admin";

/// The outcome of making the first administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bootstrapped {
    /// The store had no principal, and has the administrator `admin` with this key now.
    Created,
    /// The store has an administrator with this key already.
    Known,
    /// The store knows the id of the key, but the key does not make its holder an administrator, for this reason.
    Unusable(&'static str),
    /// The store has principals, and none of them has this key: nothing was changed.
    OtherPrincipals,
}

impl Principals {
    /// Makes the administrator `admin` with this key, if the store has no principal.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn bootstrap(&self, key: &ApiKey) -> Result<Bootstrapped, ServiceError> {
        self.writer.refresh().await;
        let index = self.writer.index();
        match index.principal_of_key(key.id()) {
            Holder::None => {}
            Holder::Several => return Ok(Bootstrapped::Unusable("several principals have it: revoke it")),
            Holder::One(holder) => {
                let problem = problem(&holder, key, self.writer.now());
                return Ok(problem.map_or(Bootstrapped::Known, Bootstrapped::Unusable));
            }
        }
        if index.principal_count() > 0 {
            return Ok(Bootstrapped::OtherPrincipals);
        }
        let internal = |_| ServiceError::Internal;
        let new = NewPrincipal {
            id: PrincipalId::parse(FIRST_ADMIN).map_err(internal)?,
            tenant: TenantId::DEFAULT,
            roles: Roles::of(&[Role::Admin]),
            grants: Grants::default(),
            certificates: Vec::new(),
            subjects: Vec::new(),
            key: Some(NewKey {
                id: key.id(),
                hash: key.secret_hash(),
                not_before: None,
                expires_at: None,
            }),
        };
        let mutation = Mutation {
            request: RequestId::parse(&format!("bootstrap-{}", key.id())).map_err(internal)?,
            actor: Actor::bootstrap(),
            via: Via::default(),
            expected_version: None,
        };
        match self.create(&new, &mutation).await {
            Ok(_) => Ok(Bootstrapped::Created),
            // Another instance was faster.
            Err(ServiceError::ContentMismatch { .. }) => Ok(Bootstrapped::OtherPrincipals),
            Err(error) => Err(error),
        }
    }
}

/// Why a key does not make its holder an administrator; none if it does.
fn problem(holder: &Principal, key: &ApiKey, now: Timestamp) -> Option<&'static str> {
    let stored = holder.key(key.id())?;
    if !key.secret_hash().matches(&stored.hash) {
        return Some("the store has another secret for it");
    }
    match stored.state(now) {
        KeyState::Revoked => Some("it was revoked"),
        KeyState::Expired => Some("it has expired"),
        KeyState::NotYet => Some("it is not valid yet"),
        KeyState::Valid if holder.disabled => Some("its principal is locked out"),
        KeyState::Valid if !holder.roles.has(Role::Admin) => Some("its principal has not the role ADMIN"),
        KeyState::Valid => None,
    }
}
