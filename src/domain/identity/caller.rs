//! The party behind one request.

use std::fmt;
use std::sync::Arc;

use super::{KeyId, Principal, Role};
use crate::domain::tenant::TenantId;
use crate::domain::time::Timestamp;

/// The party behind one request.
#[derive(Clone, Debug, Default)]
pub enum Caller {
    /// Anybody, on a server without principals: it listens on this machine only, and everything is allowed.
    Open,
    /// Nobody: the request has no credential, or one that is not accepted.
    #[default]
    Nobody,
    /// Somebody whose token was not checked, since its network has sent too many that had to be.
    Unchecked,
    /// A principal.
    Known(Arc<Identified>),
}

/// A principal that has proved its identity.
#[derive(Debug)]
pub struct Identified {
    /// The principal.
    pub principal: Arc<Principal>,
    /// How it proved its identity.
    pub credential: Credential,
    /// When the credential ends; none if it has no end of its own.
    pub until: Option<Timestamp>,
}

impl Identified {
    /// Whether the credential has ended by itself.
    #[must_use]
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|end| now >= end)
    }
}

/// A credential, as the audit log names it. It holds no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// An API key.
    Key(KeyId),
    /// A client certificate: the first eight bytes of its SHA-256.
    Certificate([u8; 8]),
    /// A token of an OpenID provider.
    Token,
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "key:{id}"),
            Self::Certificate(hash) => write!(f, "certificate:{:016x}", u64::from_be_bytes(*hash)),
            Self::Token => f.write_str("token"),
        }
    }
}

impl Caller {
    /// The principal; none if there is none.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        match self {
            Self::Known(known) => Some(&known.principal),
            Self::Open | Self::Nobody | Self::Unchecked => None,
        }
    }

    /// How it proved its identity; none if it did not.
    #[must_use]
    pub fn credential(&self) -> Option<Credential> {
        match self {
            Self::Known(known) => Some(known.credential),
            Self::Open | Self::Nobody | Self::Unchecked => None,
        }
    }

    /// The tenant of the principal. Without principals there is one tenant.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.principal().map_or(TenantId::DEFAULT, |principal| principal.tenant)
    }

    /// Whether it may do what only this role may. Everybody may on a server without principals.
    #[must_use]
    pub fn may_act_as(&self, role: Role) -> bool {
        match self {
            Self::Open => true,
            Self::Nobody | Self::Unchecked => false,
            Self::Known(known) => known.principal.roles.has(role),
        }
    }
}
