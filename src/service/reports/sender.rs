//! The party that sends reports or takes them back.

use std::collections::BTreeMap;

use super::Reports;
use crate::domain::audit::RequestedBy;
use crate::domain::identity::PrincipalId;
use crate::domain::ids::SenderHash;
use crate::domain::report::Party;

/// The party that sends reports or takes them back.
#[derive(Clone, Debug)]
pub struct Sender {
    /// Its name in audit events, and its way.
    pub by: RequestedBy,
    /// Its principal; none on a server without principals.
    pub principal: Option<PrincipalId>,
    /// Whether it decides on reports of others.
    pub decides: bool,
}

/// Anybody, on a server without principals.
impl Default for Sender {
    fn default() -> Self {
        Self::open(RequestedBy::default())
    }
}

impl Sender {
    /// Anybody, on a server without principals.
    #[must_use]
    pub const fn open(by: RequestedBy) -> Self {
        Self {
            by,
            principal: None,
            decides: true,
        }
    }
}

impl Reports {
    /// The keyed hash that stands for a principal in the rows of its reports.
    #[must_use]
    pub fn sender_hash(&self, principal: &PrincipalId) -> SenderHash {
        SenderHash::keyed(&self.sender_key, self.writer.tenant().as_str(), principal.as_str())
    }

    /// These principals by the hashes in the rows of their reports.
    pub fn senders(&self, principals: impl IntoIterator<Item = PrincipalId>) -> BTreeMap<SenderHash, PrincipalId> {
        let hashed = principals.into_iter().map(|id| (self.sender_hash(&id), id));
        hashed.collect()
    }

    /// A sender, as rows know it.
    pub(super) fn party(&self, sender: &Sender) -> Party {
        Party {
            sender: sender.principal.as_ref().map(|id| self.sender_hash(id)),
            decides: sender.decides,
        }
    }
}
