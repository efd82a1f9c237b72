//! The open connections of one address of the server: how many there are, and which of them must end to make room.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

use super::limits::{ConnectionLimits, network_of};
use super::usage::{ConnectionUsage, IDLE_MIN};
use crate::metrics::DropLabel;

/// Pause between two looks for connections that must be dropped.
const DROP_CHECK: Duration = Duration::from_secs(1);
/// Pause between two looks at the connections.
pub(super) const RECHECK: Duration = Duration::from_millis(50);

/// The open connections of one address. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct OpenConnections(Arc<Registry>);

#[derive(Debug)]
struct Registry {
    /// One permit for each connection that may be open.
    permits: Arc<Semaphore>,
    /// By the numbers that they got when they were accepted.
    open: Mutex<HashMap<u64, Open>>,
    next: AtomicU64,
    /// Watches of the health of the server that are open on all connections.
    watches: Arc<AtomicUsize>,
    limits: ConnectionLimits,
}

/// An open connection, and the network of its client.
#[derive(Debug)]
struct Open {
    usage: ConnectionUsage,
    network: IpAddr,
}

/// The place of one open connection. Dropping it makes room for another one.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    usage: ConnectionUsage,
    connections: OpenConnections,
    _permit: OwnedSemaphorePermit,
}

impl OpenConnections {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        Self(Arc::new(Registry {
            permits: Arc::new(Semaphore::new(limits.max.min(Semaphore::MAX_PERMITS))),
            open: Mutex::new(HashMap::new()),
            next: AtomicU64::new(0),
            watches: Arc::default(),
            limits,
        }))
    }

    /// A place for a connection from this address. If all are taken, closes the connection that has been idle for the
    /// longest time. `None` if the address has as many connections as it may, and none of them is idle.
    pub(super) async fn place(&self, address: IpAddr) -> Option<Place> {
        let network = network_of(address);
        if !self.has_room_for(network) {
            self.0.limits.count(DropLabel::AddressLimit);
            return None;
        }
        loop {
            let wait = timeout(RECHECK, Arc::clone(&self.0.permits).acquire_owned());
            if let Ok(Ok(permit)) = wait.await {
                return Some(self.take(permit, network));
            }
            self.close_longest_idle();
        }
    }

    /// Whether a network may have a further connection. If it has as many as it may, its longest idle one makes room: it
    /// ends at once, so the new one need not wait. It ends also if a call begins on it meanwhile: if it stayed, a client
    /// could have any number of connections by calls that begin at the right moment.
    fn has_room_for(&self, network: IpAddr) -> bool {
        let most = self.0.limits.per_address;
        if most == 0 {
            return true;
        }
        let open = self.0.open.lock();
        let those = || {
            let of_network = open.values().filter(|open| open.network == network);
            of_network.map(|open| &open.usage).filter(|usage| !usage.is_dropped())
        };
        if those().count() < most {
            return true;
        }
        let idle = those().filter_map(|usage| Some((usage.closable_for()?, usage)));
        let Some((_, longest)) = idle.max_by_key(|(time, _)| *time) else {
            return false;
        };
        longest.drop_for(DropLabel::Evicted);
        true
    }

    fn take(&self, permit: OwnedSemaphorePermit, network: IpAddr) -> Place {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        let usage = ConnectionUsage::new(number, self.0.limits.clone(), Arc::clone(&self.0.watches));
        let open = Open {
            usage: usage.clone(),
            network,
        };
        self.0.open.lock().insert(number, open);
        self.0.limits.opened(1);
        Place {
            number,
            usage,
            connections: self.clone(),
            _permit: permit,
        }
    }

    /// Closes the longest idle connection, unless one is about to end.
    fn close_longest_idle(&self) {
        let open = self.0.open.lock();
        let ends = |usage: &ConnectionUsage| usage.is_closing() && usage.closable_for().is_some();
        if open.values().any(|open| open.usage.is_dropped() || ends(&open.usage)) {
            return; // its place is about to be free
        }
        let idle = open
            .values()
            .filter_map(|open| Some((open.usage.closable_for()?, open)));
        if let Some((_, open)) = idle.max_by_key(|(time, _)| *time) {
            self.0.limits.count(DropLabel::Evicted);
            open.usage.close();
        }
    }

    /// Drops connections whose clients take nothing of an answer that waits, and those that have been idle for too long.
    /// Never completes.
    pub(crate) async fn drop_idle_and_stalled(&self) -> std::convert::Infallible {
        loop {
            sleep(DROP_CHECK).await;
            for open in self.0.open.lock().values() {
                if open.usage.is_stalled() {
                    open.usage.drop_for(DropLabel::SlowReader);
                } else if open
                    .usage
                    .idle_for()
                    .is_some_and(|time| time >= self.0.limits.idle_timeout)
                {
                    open.usage.drop_for(DropLabel::Idle);
                }
            }
        }
    }

    /// Closes each connection soon after its last call has ended. Completes when no connection is open. Leaves the clients
    /// the time to close their connections themselves first, as the protocol tells them to.
    pub(crate) async fn close_when_idle(&self) {
        let begin = Instant::now() + IDLE_MIN;
        loop {
            {
                let open = self.0.open.lock();
                if open.is_empty() {
                    return;
                }
                if Instant::now() >= begin {
                    let idle = open.values().filter(|open| open.usage.closable_for().is_some());
                    idle.for_each(|open| open.usage.close());
                }
            }
            sleep(RECHECK).await;
        }
    }
}

impl Place {
    pub(super) fn usage(&self) -> &ConnectionUsage {
        &self.usage
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let ended = self.connections.0.open.lock().remove(&self.number);
        drop(ended);
        self.connections.0.limits.opened(-1);
    }
}
