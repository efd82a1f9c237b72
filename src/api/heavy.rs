//! The heavy requests in progress: how many there are, and which connection and which principal they come from. None of them
//! may have more than a quarter, so that one client does not keep out the others.

use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::RequestContext;
use crate::domain::identity::PrincipalId;
use crate::metrics::EdgeLabel;

/// The part of the requests that one connection, or one principal, may have, as a divisor.
const PARTY_PART: usize = 4;

/// The origin of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Party {
    Connection(EdgeLabel, u64),
    Principal(PrincipalId),
}

/// The heavy requests in progress.
#[derive(Debug)]
pub(super) struct HeavyRequests {
    /// One permit for each that may be in progress.
    permits: Semaphore,
    /// The most of one connection, and of one principal.
    most_of_party: usize,
    of_parties: Mutex<HashMap<Party, usize>>,
}

/// A heavy request that was admitted. It ends when this is dropped.
#[derive(Debug)]
pub struct AdmittedHeavy<'a> {
    _permit: SemaphorePermit<'a>,
    _parties: OfParties<'a>,
}

/// The parties that a request is counted for, until this is dropped.
#[derive(Debug)]
struct OfParties<'a> {
    requests: &'a HeavyRequests,
    parties: Vec<Party>,
}

impl HeavyRequests {
    pub(super) fn new(most: usize) -> Self {
        Self {
            permits: Semaphore::new(most.min(Semaphore::MAX_PERMITS)),
            most_of_party: most.div_ceil(PARTY_PART),
            of_parties: Mutex::default(),
        }
    }

    /// Admits a request, unless there are as many as there may be.
    pub(super) fn admit(&self, context: &RequestContext) -> Option<AdmittedHeavy<'_>> {
        let permit = self.permits.try_acquire().ok()?;
        let connection = context.connection.map(|(edge, number)| Party::Connection(edge, number));
        let principal = context.caller.principal();
        let principal = principal.map(|principal| Party::Principal(principal.id.clone()));
        let mut counted = OfParties {
            requests: self,
            parties: Vec::new(),
        };
        for party in [connection, principal].into_iter().flatten() {
            if !self.count(&party) {
                return None;
            }
            counted.parties.push(party);
        }
        Some(AdmittedHeavy {
            _permit: permit,
            _parties: counted,
        })
    }

    /// Counts a request of a party, unless it has as many as it may.
    fn count(&self, party: &Party) -> bool {
        let mut of_parties = self.of_parties.lock();
        match of_parties.get_mut(party) {
            Some(count) if *count >= self.most_of_party => false,
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

impl Drop for OfParties<'_> {
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

    fn from(connection: Option<u64>) -> RequestContext {
        RequestContext {
            connection: connection.map(|number| (EdgeLabel::Grpc, number)),
            ..RequestContext::new(EdgeLabel::Grpc, monotonic())
        }
    }

    #[test]
    fn a_connection_has_a_quarter() {
        let requests = HeavyRequests::new(8);
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
        assert!(requests.of_parties.lock().is_empty());
        assert_eq!(HeavyRequests::new(1).most_of_party, 1);
    }
}
