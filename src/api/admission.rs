//! The requests of a kind in progress: how many there are, and which connection, principal and tenant they come from. None
//! of them may have more than its part, so that one client does not keep out the others.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::RequestContext;
use crate::domain::identity::PrincipalId;
use crate::domain::tenant::TenantId;
use crate::metrics::EdgeLabel;

/// The part of the requests that one connection, or one principal, may have, as a divisor.
const PARTY_PART: usize = 4;
/// The part of a tenant that shares the server with others, as a divisor. The default tenant may be the only one, so it has
/// no such limit.
const TENANT_PART: usize = 2;

/// The origin of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Party {
    Connection(EdgeLabel, u64),
    Principal(PrincipalId),
    Tenant(TenantId),
}

impl Party {
    /// The parties of a request.
    fn all_of(context: &RequestContext) -> impl Iterator<Item = Self> {
        let connection = context.connection.map(|(edge, number)| Self::Connection(edge, number));
        let principal = context.caller.principal();
        let principal = principal.map(|principal| Self::Principal(principal.id.clone()));
        let tenant = Some(context.caller.tenant()).filter(|tenant| *tenant != TenantId::DEFAULT);
        [connection, principal, tenant.map(Self::Tenant)].into_iter().flatten()
    }
}

/// The requests in progress. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Admissions(Arc<InProgress>);

#[derive(Debug)]
struct InProgress {
    most: usize,
    /// One permit for each that may be in progress.
    permits: Arc<Semaphore>,
    of_parties: Mutex<HashMap<Party, usize>>,
}

/// A request that was admitted. It ends when this is dropped.
#[derive(Debug)]
pub struct Admitted {
    _permit: OwnedSemaphorePermit,
    _parties: OfParties,
}

/// The parties that a request is counted for, until this is dropped.
#[derive(Debug)]
struct OfParties {
    requests: Arc<InProgress>,
    parties: Vec<Party>,
}

impl Admissions {
    pub(super) fn new(most: usize) -> Self {
        let most = most.min(Semaphore::MAX_PERMITS);
        Self(Arc::new(InProgress {
            most,
            permits: Arc::new(Semaphore::new(most)),
            of_parties: Mutex::default(),
        }))
    }

    /// Admits a request, unless there are as many as there may be.
    pub(super) fn admit(&self, context: &RequestContext) -> Option<Admitted> {
        let permit = Arc::clone(&self.0.permits).try_acquire_owned().ok()?;
        let mut counted = OfParties {
            requests: Arc::clone(&self.0),
            parties: Vec::new(),
        };
        for party in Party::all_of(context) {
            if !self.0.count(&party) {
                return None;
            }
            counted.parties.push(party);
        }
        Some(Admitted {
            _permit: permit,
            _parties: counted,
        })
    }
}

impl InProgress {
    /// The most requests of a party.
    const fn most_of(&self, party: &Party) -> usize {
        self.most.div_ceil(match party {
            Party::Connection(..) | Party::Principal(_) => PARTY_PART,
            Party::Tenant(_) => TENANT_PART,
        })
    }

    /// Counts a request of a party, unless it has as many as it may.
    fn count(&self, party: &Party) -> bool {
        let mut of_parties = self.of_parties.lock();
        match of_parties.get_mut(party) {
            Some(count) if *count >= self.most_of(party) => false,
            Some(count) => {
                *count += 1;
                true
            }
            None => {
                of_parties.insert(party.clone(), 1);
                true
            }
        }
    }
}

impl Drop for OfParties {
    fn drop(&mut self) {
        let mut of_parties = self.requests.of_parties.lock();
        for party in &self.parties {
            match of_parties.get_mut(party) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(of_parties.remove(party)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::monotonic;
    use crate::domain::identity::{Caller, Credential, Grants, Identified, Principal, Roles};
    use crate::domain::requests::Requests;
    use crate::domain::time::Timestamp;
    use crate::domain::unknown_fields::UnknownFields;

    fn from(connection: Option<u64>) -> RequestContext {
        RequestContext {
            connection: connection.map(|number| (EdgeLabel::Grpc, number)),
            ..RequestContext::new(EdgeLabel::Grpc, monotonic())
        }
    }

    fn known(name: &str, tenant: &str) -> Caller {
        let principal = Principal {
            id: PrincipalId::parse(name).unwrap(),
            tenant: TenantId::parse(tenant).unwrap(),
            roles: Roles::ALL,
            grants: Grants::default(),
            disabled: false,
            created_at: Timestamp::default(),
            keys: Vec::new(),
            certificates: Vec::new(),
            subjects: Vec::new(),
            requests: Requests::default(),
            unknown_fields: UnknownFields::default(),
        };
        Caller::Known(Arc::new(Identified {
            principal: Arc::new(principal),
            credential: Credential::Token,
            until: None,
        }))
    }

    #[test]
    fn a_principal_has_a_quarter_and_a_named_tenant_half() {
        let requests = Admissions::new(8);
        let fill = |tenant: &str, names: &[&str]| -> Vec<_> {
            let contexts = names.iter().map(|name| RequestContext {
                caller: known(name, tenant),
                ..from(None)
            });
            let admitted = contexts.flat_map(|context| {
                let all: Vec<_> = std::iter::from_fn(|| requests.admit(&context)).collect();
                all
            });
            admitted.collect()
        };
        let of_named = fill("north", &["a", "b", "c"]);
        assert_eq!(of_named.len(), 4, "two of each principal, and half for all");
        assert_eq!(fill("default", &["d", "e", "f"]).len(), 4, "the rest");
        assert_eq!(fill("south", &["g"]).len(), 2);
    }

    #[test]
    fn a_connection_has_a_quarter() {
        let requests = Admissions::new(8);
        let fill = |connection| -> Vec<_> {
            let context = from(connection);
            std::iter::from_fn(|| requests.admit(&context)).collect()
        };
        let of_one = fill(Some(1));
        assert_eq!(of_one.len(), 2);
        let of_other = fill(Some(2));
        assert_eq!(of_other.len(), 2);
        assert_eq!(fill(None).len(), 4, "nothing is known of these");
        drop(of_one);
        assert_eq!(fill(Some(1)).len(), 2);
        drop(of_other);
        assert!(requests.0.of_parties.lock().is_empty());
        assert!(Admissions::new(1).admit(&from(Some(1))).is_some());
    }
}
